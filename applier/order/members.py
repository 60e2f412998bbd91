"""The objects of one direction, indexed for the rules: by id, by the kind they define, by the labels of their pods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from applier.model import kinds
from applier.model.desired import Dependency
from applier.model.ids import Body, GroupKind, ObjectId, split_api_version
from applier.model.plan import EdgeType
from applier.model.values import at, labels_of, mapping, mappings, sequence, text


class Member(NamedTuple):
    """One object of the set: desired, or (when deleting) live."""

    id: ObjectId
    body: Body
    depends_on: tuple[Dependency, ...] = ()


Found: TypeAlias = Iterator[tuple[ObjectId, EdgeType, str]]
_Pairs: TypeAlias = dict[tuple[str, str, str], list[ObjectId]]
# Namespaces in which guards and workloads are so many that an edge for each pair would be a burden keep to the phases.
MAX_GUARD_EDGES = 10_000
_GUARDS = frozenset([("", "ResourceQuota"), ("", "LimitRange"), ("networking.k8s.io", "NetworkPolicy")])


class Members:
    """The set, with the indexes that make every rule a look-up.

    Shape: `definitions` maps a kind to the CRD that brings it. `guards` are quotas, limits and network policies by
    namespace. Services are found by one pair of their selector, workloads and cluster roles by each of their labels.
    """

    def __init__(self, members: Iterable[Member]) -> None:
        self.bodies: dict[ObjectId, Body] = {}
        self.definitions: dict[GroupKind, ObjectId] = {}
        self.guards: dict[str, list[ObjectId]] = {}
        self._services: _Pairs = {}
        self._workloads: _Pairs = {}
        self._cluster_roles: _Pairs = {}
        workloads: dict[str, int] = {}
        for object_id, body, _ in members:
            self.bodies[object_id] = body
            kind = object_id.group_kind
            if kind in kinds.POD_TEMPLATES:
                workloads[object_id.namespace] = workloads.get(object_id.namespace, 0) + 1
                _index(self._workloads, object_id.namespace, pod_labels(kind, body), object_id)
            elif kind == kinds.SERVICE:
                selector = mapping(at(body, "spec", "selector"))
                if selector:
                    _index(self._services, object_id.namespace, dict([min(selector.items(), key=str)]), object_id)
            elif kind == kinds.DEFINITION:
                defined = GroupKind(text(at(body, "spec", "group")), text(at(body, "spec", "names", "kind")))
                self.definitions[defined] = object_id
            elif kind == kinds.CLUSTER_ROLE:
                _index(self._cluster_roles, "", labels_of(body), object_id)
            elif object_id[:2] in _GUARDS:
                self.guards.setdefault(object_id.namespace, []).append(object_id)
        for namespace, count in workloads.items():
            if count * len(self.guards.get(namespace, ())) > MAX_GUARD_EDGES:
                del self.guards[namespace]

    def __contains__(self, object_id: ObjectId) -> bool:
        return object_id in self.bodies

    def services_of(self, namespace: str, found: Mapping[str, Any]) -> list[ObjectId]:
        """The services whose selector matches labels of a pod."""
        result = []
        for key, value in found.items():
            for service in self._services.get((namespace, str(key), str(value)), ()):
                selector = mapping(at(self.bodies[service], "spec", "selector"))
                if all(found.get(name) == wanted for name, wanted in selector.items()):
                    result.append(service)
        return result

    def workloads_of(self, namespace: str, selector: Mapping[str, Any]) -> list[ObjectId]:
        """The pod-bearing objects whose pods have these labels."""
        if not selector:
            return []
        key, value = min(selector.items(), key=str)
        candidates = self._workloads.get((namespace, str(key), str(value)), ())
        return [one for one in candidates if _has(pod_labels(one.group_kind, self.bodies[one]), selector)]

    def workloads_behind(self, service: ObjectId) -> list[ObjectId]:
        """The pod-bearing objects that a service of the set selects."""
        body = self.bodies.get(service)
        return self.workloads_of(service.namespace, mapping(at(body, "spec", "selector"))) if body is not None else []

    def cluster_roles_of(self, selector: Mapping[str, Any]) -> list[ObjectId]:
        """The cluster roles that the matchLabels of an aggregation rule select."""
        wanted = mapping(selector.get("matchLabels"))
        if not wanted:
            return []
        key, value = min(wanted.items(), key=str)
        candidates = self._cluster_roles.get(("", str(key), str(value)), ())
        return [one for one in candidates if _has(labels_of(self.bodies[one]), wanted)]


def _index(pairs: _Pairs, namespace: str, found: Mapping[str, Any], object_id: ObjectId) -> None:
    for key, value in found.items():
        pairs.setdefault((namespace, str(key), str(value)), []).append(object_id)


def _has(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(found.get(key) == value for key, value in wanted.items())


def pod_template(kind: GroupKind, body: Body) -> Body:
    """The pod template of a pod-bearing object, a Pod itself included; empty where there is none."""
    path = kinds.POD_TEMPLATES.get(kind)
    return mapping(at(body, *path)) if path is not None else {}


def pod_labels(kind: GroupKind, body: Body) -> Mapping[str, Any]:
    """The labels that the pods of an object get."""
    return labels_of(pod_template(kind, body))


def pod_references(spec: Mapping[str, Any], namespace: str) -> Found:
    """What a pod needs to be there: `(id, how strongly, why)`. Optional sources are only preferred."""
    account = text(spec.get("serviceAccountName")) or text(spec.get("serviceAccount"))
    if account:
        yield ObjectId("", "ServiceAccount", namespace, account), EdgeType.APPLIED, "serviceAccount"
    for secret in mappings(spec.get("imagePullSecrets")):
        yield ObjectId("", "Secret", namespace, text(secret.get("name"))), EdgeType.APPLIED, "imagePullSecret"
    if name := text(spec.get("priorityClassName")):
        yield ObjectId("scheduling.k8s.io", "PriorityClass", "", name), EdgeType.APPLIED, "priorityClass"
    if name := text(spec.get("runtimeClassName")):
        yield ObjectId("node.k8s.io", "RuntimeClass", "", name), EdgeType.APPLIED, "runtimeClass"
    for volume in mappings(spec.get("volumes")):
        yield from _volume_references(volume, namespace)
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for container in mappings(spec.get(part)):
            yield from _container_references(container, namespace)


def _volume_references(volume: Mapping[str, Any], namespace: str) -> Found:
    for source in (volume, *mappings(mapping(volume.get("projected")).get("sources"))):
        if config := mapping(source.get("configMap")):
            yield ObjectId("", "ConfigMap", namespace, text(config.get("name"))), _strength(config), "volume"
        if secret := mapping(source.get("secret")):
            name = text(secret.get("secretName")) or text(secret.get("name"))
            yield ObjectId("", "Secret", namespace, name), _strength(secret), "volume"
    if claim := mapping(volume.get("persistentVolumeClaim")):
        target = ObjectId("", "PersistentVolumeClaim", namespace, text(claim.get("claimName")))
        yield target, EdgeType.APPLIED, "volume"
    for driver in volume.values():  # the secrets of storage drivers
        name = at(driver, "secretRef", "name") or at(driver, "nodePublishSecretRef", "name")
        if isinstance(name, str):
            yield ObjectId("", "Secret", namespace, name), EdgeType.SOFT, "volume"


def _container_references(container: Mapping[str, Any], namespace: str) -> Found:
    for source in sequence(container.get("envFrom")):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if reference := mapping(mapping(source).get(key)):
                yield ObjectId("", kind, namespace, text(reference.get("name"))), _strength(reference), "envFrom"
    for variable in sequence(container.get("env")):
        value_from = mapping(mapping(variable).get("valueFrom"))
        for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if reference := mapping(value_from.get(key)):
                yield ObjectId("", kind, namespace, text(reference.get("name"))), _strength(reference), "env"


def _strength(reference: Mapping[str, Any]) -> EdgeType:
    return EdgeType.SOFT if reference.get("optional") is True else EdgeType.APPLIED


def typed_id(reference: Mapping[str, Any], namespace: str, default: tuple[str, str] = ("", "")) -> ObjectId:
    """The id that an apiVersion, kind and name mean; `default` are group and kind where they are left out."""
    kind, api_version = text(reference.get("kind")), text(reference.get("apiVersion"))
    group = split_api_version(api_version)[0] if api_version else default[0]
    return ObjectId(group, kind or default[1], namespace, text(reference.get("name")))
