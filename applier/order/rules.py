"""The inferred edges: what an object of each kind refers to, read from its body.

Every rule yields `(id, how strongly, why)` whether or not the target is in the set; only edges inside the set are kept.
Objects that a webhook of the same set matches get no edge to it: that would close a cycle, and webhooks come last anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from applier.model import kinds
from applier.model.ids import GroupKind, ObjectId
from applier.model.plan import EdgeType
from applier.model.values import annotations_of, at, mapping, mappings, text
from applier.order.members import Found, Member, Members, pod_references, pod_template, typed_id

H, A, S = EdgeType.HEALTHY, EdgeType.APPLIED, EdgeType.SOFT
RBAC = "rbac.authorization.k8s.io"
GATEWAY = "gateway.networking.k8s.io"
INJECT_CA = "cert-manager.io/inject-ca-from"


def references(member: Member, members: Members) -> Found:
    """Everything that one object refers to."""
    object_id, body, _ = member
    if object_id.namespace:
        yield ObjectId("", "Namespace", "", object_id.namespace), A, "namespace"
    definition = members.definitions.get(object_id.group_kind)
    if definition is not None:
        yield definition, H, "crd"
        yield from _conversion(definition, members)
    for owner in mappings(mapping(body.get("metadata")).get("ownerReferences")):
        yield typed_id(owner, object_id.namespace), A, "owner"
        yield typed_id(owner, ""), A, "owner"
    if object_id.group_kind in kinds.POD_TEMPLATES:
        yield from _workload(member, members)
    rule = _RULES.get(object_id.group_kind)
    if rule is not None:
        yield from rule(member, members)
    elif object_id.group == GATEWAY and object_id.kind.endswith("Route"):
        yield from _route(member, members)


def _workload(member: Member, members: Members) -> Found:
    object_id, body, _ = member
    template = pod_template(object_id.group_kind, body)
    yield from pod_references(mapping(template.get("spec")), object_id.namespace)
    for service in members.services_of(object_id.namespace, mapping(at(template, "metadata", "labels"))):
        yield service, S, "service"
    for guard in members.guards.get(object_id.namespace, ()):
        yield guard, S, "guard"
    if object_id.kind == "StatefulSet":
        if name := text(at(body, "spec", "serviceName")):
            yield ObjectId("", "Service", object_id.namespace, name), A, "serviceName"
        for claim in mappings(at(body, "spec", "volumeClaimTemplates")):
            yield from _storage_class(claim)


def _storage_class(body: Mapping[str, Any]) -> Found:
    if name := text(at(body, "spec", "storageClassName")):
        yield ObjectId("storage.k8s.io", "StorageClass", "", name), A, "storageClass"


def _claim(member: Member, _members: Members) -> Found:
    yield from _storage_class(member.body)
    if name := text(at(member.body, "spec", "volumeName")):
        yield ObjectId("", "PersistentVolume", "", name), A, "volumeName"


def _volume(member: Member, _members: Members) -> Found:
    yield from _storage_class(member.body)


def _binding(member: Member, _members: Members) -> Found:
    object_id, body, _ = member
    role = mapping(body.get("roleRef"))
    space = object_id.namespace if role.get("kind") == "Role" else ""
    yield ObjectId(RBAC, text(role.get("kind")), space, text(role.get("name"))), A, "roleRef"
    for subject in mappings(body.get("subjects")):
        if subject.get("kind") == "ServiceAccount":
            namespace = text(subject.get("namespace")) or object_id.namespace
            yield ObjectId("", "ServiceAccount", namespace, text(subject.get("name"))), S, "subject"


def _cluster_role(member: Member, members: Members) -> Found:
    for selector in mappings(at(member.body, "aggregationRule", "clusterRoleSelectors")):
        for role in members.cluster_roles_of(selector):
            yield role, S, "aggregation"


def _account(member: Member, _members: Members) -> Found:
    for part in ("secrets", "imagePullSecrets"):
        for secret in mappings(member.body.get(part)):
            yield ObjectId("", "Secret", member.id.namespace, text(secret.get("name"))), S, part


def _backing(service: ObjectId, members: Members) -> Found:
    """A service that the API server itself will call: it and the pods behind it."""
    yield service, A, "service"
    for workload in members.workloads_behind(service):
        yield workload, H, "behind the service"


def _service_of(reference: Mapping[str, Any]) -> ObjectId:
    return ObjectId("", "Service", text(reference.get("namespace")), text(reference.get("name")))


def _injected(body: Mapping[str, Any]) -> Found:
    namespace, slash, name = text(annotations_of(body).get(INJECT_CA)).partition("/")
    if slash:
        yield ObjectId("cert-manager.io", "Certificate", namespace, name), H, "inject-ca-from"


def _webhooks(member: Member, members: Members) -> Found:
    yield from _injected(member.body)
    for hook in mappings(member.body.get("webhooks")):
        if service := mapping(at(hook, "clientConfig", "service")):
            yield from _backing(_service_of(service), members)


def _api_service(member: Member, members: Members) -> Found:
    yield from _injected(member.body)
    if service := mapping(at(member.body, "spec", "service")):
        yield from _backing(_service_of(service), members)


def _conversion(definition: ObjectId, members: Members) -> Found:
    """Custom resources need the webhook that converts them. The definition itself does not: it would wait for its user."""
    service = mapping(at(members.bodies[definition], "spec", "conversion", "webhook", "clientConfig", "service"))
    if service:
        target = _service_of(service)
        yield target, H, "conversion webhook"
        for workload in members.workloads_behind(target):
            yield workload, H, "conversion webhook"


def _autoscaler(member: Member, _members: Members) -> Found:
    for key in ("scaleTargetRef", "targetRef"):
        if reference := mapping(at(member.body, "spec", key)):
            yield typed_id(reference, member.id.namespace, ("apps", "Deployment")), S, key


def _disruption_budget(member: Member, members: Members) -> Found:
    selector = mapping(at(member.body, "spec", "selector", "matchLabels"))
    for workload in members.workloads_of(member.id.namespace, selector):
        yield workload, S, "selector"


def _ingress(member: Member, _members: Members) -> Found:
    namespace, spec = member.id.namespace, mapping(member.body.get("spec"))
    if name := text(spec.get("ingressClassName")):
        yield ObjectId("networking.k8s.io", "IngressClass", "", name), S, "ingressClass"
    for tls in mappings(spec.get("tls")):
        yield ObjectId("", "Secret", namespace, text(tls.get("secretName"))), S, "tls"
    backends = [spec.get("defaultBackend")]
    for rule in mappings(spec.get("rules")):
        backends += [path.get("backend") for path in mappings(at(rule, "http", "paths"))]
    for backend in backends:
        if name := text(at(backend, "service", "name")):
            yield ObjectId("", "Service", namespace, name), S, "backend"


def _gateway(member: Member, _members: Members) -> Found:
    if name := text(at(member.body, "spec", "gatewayClassName")):
        yield ObjectId(GATEWAY, "GatewayClass", "", name), S, "gatewayClass"
    for listener in mappings(at(member.body, "spec", "listeners")):
        for reference in mappings(at(listener, "tls", "certificateRefs")):
            namespace = text(reference.get("namespace")) or member.id.namespace
            yield ObjectId("", "Secret", namespace, text(reference.get("name"))), S, "tls"


def _route(member: Member, _members: Members) -> Found:
    spec = mapping(member.body.get("spec"))
    for parent in mappings(spec.get("parentRefs")):
        namespace = text(parent.get("namespace")) or member.id.namespace
        yield (
            ObjectId(GATEWAY, text(parent.get("kind")) or "Gateway", namespace, text(parent.get("name"))),
            S,
            "parentRef",
        )
    for rule in mappings(spec.get("rules")):
        for backend in mappings(rule.get("backendRefs")):
            namespace = text(backend.get("namespace")) or member.id.namespace
            yield (
                ObjectId("", text(backend.get("kind")) or "Service", namespace, text(backend.get("name"))),
                S,
                "backend",
            )


_RULES: dict[GroupKind, Callable[[Member, Members], Found]] = {
    kinds.CLAIM: _claim,
    kinds.VOLUME: _volume,
    kinds.ROLE_BINDING: _binding,
    kinds.CLUSTER_ROLE_BINDING: _binding,
    kinds.CLUSTER_ROLE: _cluster_role,
    kinds.SERVICE_ACCOUNT: _account,
    kinds.MUTATING_WEBHOOK: _webhooks,
    kinds.VALIDATING_WEBHOOK: _webhooks,
    kinds.API_SERVICE: _api_service,
    GroupKind("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    GroupKind("autoscaling.k8s.io", "VerticalPodAutoscaler"): _autoscaler,
    GroupKind("keda.sh", "ScaledObject"): _autoscaler,
    GroupKind("policy", "PodDisruptionBudget"): _disruption_budget,
    GroupKind("networking.k8s.io", "Ingress"): _ingress,
    GroupKind(GATEWAY, "Gateway"): _gateway,
}
