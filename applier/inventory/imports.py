"""Other tools' inventories as entries of ours: Flux, kpt, kubectl's ApplySets, kapp and Helm.

Pure: the bodies come in. An import is refused where the other tool would go on, or would delete what it lets go.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import kbuild
from applier import keys
from applier.failures import ApplierError, ErrorClass, error
from applier.model.ids import Body, GroupKind, ObjectId, id_of, parse_id, split_api_version
from applier.model.inventory import Entry
from applier.model.snapshot import Discovery, KindFact
from applier.model.values import annotations_of, at, labels_of, mapping, mappings, text, uid_of

_RELEASE_LIMIT = 64_000_000  # bytes of a decompressed Helm release


class Search(NamedTuple):
    """Where members of an inventory that does not list them are found: by label, in these kinds."""

    label: str
    value: str
    kinds: tuple[GroupKind, ...]

    @property
    def selector(self) -> str:
        """The label selector."""
        return f"{self.label}={self.value}"


def from_flux(kustomization: Body) -> dict[ObjectId, Entry]:
    """What a Flux Kustomization holds.

    Raises: ApplierError, where it is not suspended, or where deleting it would delete its objects.
    """
    metadata = mapping(kustomization.get("metadata"))
    namespace, name = text(metadata.get("namespace")), text(metadata.get("name"))
    if at(kustomization, "spec", "suspend") is not True:
        raise error(
            ErrorClass.CONFIRMATION,
            f"the Flux Kustomization {namespace}/{name} is not suspended; two appliers would fight",
            f"flux suspend kustomization {name} -n {namespace}",
        )
    if at(kustomization, "spec", "prune") is not False and at(kustomization, "spec", "deletionPolicy") != "Orphan":
        raise error(
            ErrorClass.CONFIRMATION,
            f"deleting the Flux Kustomization {namespace}/{name} would delete its objects",
            "set spec.prune: false, or spec.deletionPolicy: Orphan",
        )
    items = mappings(at(kustomization, "status", "inventory", "entries"))
    return _by_text((text(item.get("id")), text(item.get("v"))) for item in items)


def from_kpt(config_map: Body) -> dict[ObjectId, Entry]:
    """What an inventory of kpt or cli-utils holds: its ids are keys. Raises: ApplierError, for another ConfigMap."""
    if keys.KPT_INVENTORY_ID not in labels_of(config_map):
        raise _foreign(config_map, f"it has no label {keys.KPT_INVENTORY_ID}")
    return _by_text((str(key), "") for key in mapping(config_map.get("data")))


def _by_text(found: Iterable[tuple[str, str]]) -> dict[ObjectId, Entry]:
    entries = {}
    for name, version in found:
        try:
            object_id = parse_id(name)
        except ValueError as problem:
            raise error(ErrorClass.INVENTORY, f"the inventory cannot be read: {problem}") from None
        entries[object_id] = Entry(object_id, version)
    return entries


def of_applyset(parent: Body) -> Search:
    """Where the members of an ApplySet are. Raises: ApplierError, where the parent is none, or not kubectl's."""
    tooling = text(annotations_of(parent).get(keys.APPLYSET_TOOLING))
    value = text(labels_of(parent).get(keys.APPLYSET_ID))
    if not value or not tooling.startswith("kubectl/"):
        raise _foreign(
            parent, f"its tooling is {tooling!r}" if tooling else f"it has no annotation {keys.APPLYSET_TOOLING}"
        )
    found = []
    for name in text(annotations_of(parent).get(keys.APPLYSET_KINDS)).split(","):
        kind, _, group = name.strip().partition(".")
        if kind:
            found.append(GroupKind(group, kind))
    return Search(keys.PART_OF, value, tuple(found))


def of_kapp(config_map: Body) -> Search:
    """Where the members of a kapp app are. Raises: ApplierError, where the ConfigMap is none of kapp's."""
    try:
        spec = mapping(json.loads(text(mapping(config_map.get("data")).get("spec"))))
    except ValueError:
        raise _foreign(config_map, "it has no readable spec") from None
    label, value = text(spec.get("labelKey")), text(spec.get("labelValue"))
    if not label or not value:
        raise _foreign(config_map, "its spec names no label")
    found = (GroupKind(text(one.get("Group")), text(one.get("Kind"))) for one in mappings(spec.get("usedGKs")))
    return Search(label, value, tuple(sorted(found)))


def from_members(bodies: Iterable[Body], search: Search) -> dict[ObjectId, Entry]:
    """The members among listed objects. A server may ignore the selector, so each label is looked at."""
    entries = {}
    for body in bodies:
        if labels_of(body).get(search.label) == search.value:
            object_id = id_of(body)
            version = split_api_version(text(body.get("apiVersion")))[1]
            entries[object_id] = Entry(object_id, version, uid_of(body))
    return entries


def newest_release(secrets: Iterable[Body]) -> Body:
    """The newest revision of a Helm release among its Secrets, or ConfigMaps. Raises: ApplierError, where there is none."""
    found = [one for one in secrets if labels_of(one).get("owner") == "helm"]
    if not found:
        raise error(ErrorClass.NOT_FOUND, "there is no such Helm release")
    return max(found, key=lambda one: _revision(labels_of(one).get("version")))


def _revision(value: Any) -> int:
    return int(value) if isinstance(value, str) and value.isdigit() else 0


def from_helm(release: Body, discovery: Discovery) -> dict[ObjectId, Entry]:
    """What a Helm release holds: the objects of its manifest, hooks left out.

    Raises: ApplierError, while an operation on the release is pending, and for one that cannot be read.
    """
    document = _release_document(release)
    namespace = text(document.get("namespace"))
    status = text(at(document, "info", "status"))
    name = f"{namespace}/{text(document.get('name'))}"
    if status.startswith("pending-"):
        raise error(
            ErrorClass.CONFIRMATION,
            f"the Helm release {name} is {status}: an operation is going on",
            "finish it, or roll it back",
        )
    entries = {}
    for body in kbuild.read_documents(text(document.get("manifest"))):
        if not isinstance(body, dict):
            continue
        object_id = id_of(body)
        fact = discovery.find(object_id.group_kind)
        if isinstance(fact, KindFact):
            object_id = object_id._replace(namespace=(object_id.namespace or namespace) if fact.namespaced else "")
        entries[object_id] = Entry(object_id, split_api_version(text(body.get("apiVersion")))[1])
    return entries


def _release_document(release: Body) -> Mapping[str, Any]:
    """A release is JSON, compressed, in base64; a Secret encodes that once more."""
    value = text(mapping(release.get("data")).get("release"))
    try:
        packed = base64.b64decode(value, validate=True)
        if release.get("kind") == "Secret":
            packed = base64.b64decode(packed, validate=True)
        plain = zlib.decompressobj(wbits=31).decompress(packed, _RELEASE_LIMIT) if packed[:2] == b"\x1f\x8b" else packed
        return mapping(json.loads(plain))
    except (binascii.Error, ValueError, zlib.error, gzip.BadGzipFile):
        raise _foreign(release, "it holds no readable Helm release") from None


def _foreign(body: Body, why: str) -> ApplierError:
    return error(ErrorClass.INVENTORY, f"{id_of(body)} is no inventory that can be imported: {why}")
