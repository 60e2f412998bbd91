"""Documents to desired objects: identity, namespace, payload, wishes. Everything wrong is found, and told at once.

Pure: what kinds the server serves comes in as a value. Nothing here knows what is live.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from applier import keys
from applier.inventory.configmaps import is_bookkeeping
from applier.inventory.names import mark_of
from applier.inventory.ownership import wants_to_stay
from applier.model import kinds
from applier.model.desired import Desired, Document
from applier.model.errors import InputError, Problem
from applier.model.ids import GroupKind, ObjectId, join_api_version, split_api_version
from applier.model.inventory import InventoryRef
from applier.model.plan import Warn
from applier.model.policy import Policy
from applier.model.snapshot import Discovery, KindFact
from applier.model.values import at, mapping, text
from applier.normalize import payload, wishes
from applier.normalize.documents import expanded

_LONGEST_NAMESPACE = 63


class Normalized(NamedTuple):
    """The desired objects in input order, and what a person should know about them."""

    desired: tuple[Desired, ...]
    warnings: tuple[Warn, ...]


def normalize(documents: Iterable[Document], discovery: Discovery, policy: Policy, ref: InventoryRef) -> Normalized:
    """Read documents as desired objects.

    Raises: InputError, with a problem for each thing that is wrong.
    """
    found = list(expanded(documents))
    work = _Normalizer(discovery, policy, ref, _scopes_of_definitions(found))
    desired = [one for document in found if (one := work.read(document)) is not None]
    _check_duplicates(desired, work.problems)
    if work.problems:
        count = len(work.problems)
        raise InputError(f"the objects cannot be applied: {count} problem{'s' if count > 1 else ''}", work.problems)
    return Normalized(tuple(desired), tuple(work.warnings))


def _scopes_of_definitions(documents: list[Document]) -> dict[GroupKind, bool]:
    """Kind -> whether it is namespaced, for every CRD among the documents."""
    found = {}
    for body, _ in documents:
        if not isinstance(body, Mapping) or body.get("kind") != "CustomResourceDefinition":
            continue
        spec = mapping(body.get("spec"))
        kind = GroupKind(text(spec.get("group")), text(at(spec, "names", "kind")))
        found[kind] = spec.get("scope") != "Cluster"
    return found


def _check_duplicates(desired: list[Desired], problems: list[Problem]) -> None:
    """Say which objects are there twice; versions do not tell them apart. Mutates: `problems`."""
    first: dict[ObjectId, Desired] = {}
    for one in desired:
        other = first.setdefault(one.id, one)
        if other is not one:
            where = f", first at {other.position}" if other.position else ""
            problems.append(Problem(f"is there more than once{where}", object_id=one.id, position=one.position))


class _Reading(NamedTuple):
    """One document while it is read."""

    body: Mapping[str, Any]
    position: str
    kind: GroupKind
    version: str
    id: ObjectId


class _Normalizer:
    """Reads one document after the other, collecting problems and warnings."""

    def __init__(
        self, discovery: Discovery, policy: Policy, ref: InventoryRef, definitions: Mapping[GroupKind, bool]
    ) -> None:
        self.discovery, self.policy, self.ref, self.definitions = discovery, policy, ref, definitions
        self.mark = policy.mark or mark_of(ref)
        self.problems: list[Problem] = []
        self.warnings: list[Warn] = []

    def read(self, document: Document) -> Desired | None:
        """The desired object of a document; None where something is wrong, or where it is a hook to be left out."""
        before = len(self.problems)
        reading = self._identify(document)
        if reading is None:
            return None
        annotations = mapping(at(reading.body, "metadata", "annotations"))
        if annotations and self._is_hook(reading, annotations):
            return None
        if is_bookkeeping(reading.id, self.ref):
            self._problem(f"is the inventory {self.ref} itself", reading.position, reading.id)
            return None
        body, notes = payload.clean(reading.body, reading.kind)
        self._tell(reading, notes)
        self._jail(reading)
        self._mark(reading, body)
        desired = self._desired(reading, body, annotations)
        return desired if len(self.problems) == before else None

    def _problem(self, reason: str, position: str, object_id: ObjectId | None = None) -> None:
        self.problems.append(Problem(reason, object_id=object_id, position=position))

    def _identify(self, document: Document) -> _Reading | None:
        body, position = document
        if not isinstance(body, Mapping):
            self._problem("is no object: a map with apiVersion, kind and metadata is needed", position)
            return None
        group, version = split_api_version(text(body.get("apiVersion")))
        kind, metadata = text(body.get("kind")), mapping(body.get("metadata"))
        name, namespace = metadata.get("name"), metadata.get("namespace")
        shown = ObjectId(group, kind, str(namespace or ""), str(name or metadata.get("generateName") or ""))
        reason = _identity_problem(body, version, metadata)
        if reason:
            self._problem(reason, position, shown if shown.name and shown.kind else None)
            return None
        key = GroupKind(group, kind)
        return _Reading(
            body, position, key, version, ObjectId(group, kind, self._namespace(key, namespace or ""), str(name))
        )

    def _namespace(self, kind: GroupKind, written: str) -> str:
        """The namespace that the object goes to; of an unknown kind it is the written one."""
        fact = self.discovery.find(kind)
        namespaced = fact.namespaced if isinstance(fact, KindFact) else self.definitions.get(kind)
        if namespaced is None:
            return written
        return (written or self.policy.namespace or "default") if namespaced else ""

    def _is_hook(self, reading: _Reading, annotations: Mapping[str, Any]) -> bool:
        key = wishes.hook(annotations)
        if not key:
            return False
        if self.policy.ignore_hooks:
            self.warnings.append(Warn("hook-left-out", f"{key} is set: the object is left out", reading.id))
        else:
            self._problem(
                f"is a hook ({key}); hooks are not run: --ignore-hooks leaves it out", reading.position, reading.id
            )
        return True

    def _tell(self, reading: _Reading, notes: payload.Notes) -> None:
        for path in notes.nulls:
            self.warnings.append(Warn("null-dropped", f"{path} is null and is left out", reading.id))
        for name in notes.owners:
            self.warnings.append(
                Warn("owner-dropped", f"owner reference to {name} has no uid and is left out", reading.id)
            )
        for path in notes.null_items:
            self._problem(f"{path} is null; a list cannot hold null", reading.position, reading.id)
        for path in notes.bad_base64:
            self._problem(f"{path} is not base64", reading.position, reading.id)

    def _jail(self, reading: _Reading) -> None:
        allowed = self.policy.only_namespaces
        if not allowed:
            return
        own = reading.id.name if reading.kind == kinds.NAMESPACE else reading.id.namespace
        if not reading.id.namespace and reading.kind != kinds.NAMESPACE:
            self._problem("is cluster-scoped, which --only-namespace forbids", reading.position, reading.id)
        elif own not in allowed:
            self._problem(f"is not in {' or '.join(allowed)} (--only-namespace)", reading.position, reading.id)

    def _mark(self, reading: _Reading, body: dict[str, Any]) -> None:
        """Write identity and ownership into the payload. Mutates: `body`."""
        metadata = body["metadata"]
        if reading.id.namespace:
            metadata["namespace"] = reading.id.namespace
        else:
            metadata.pop("namespace", None)
        for key in ("labels", "annotations"):
            if key in metadata and not isinstance(metadata[key], dict):
                self._problem(f"metadata.{key} is no map", reading.position, reading.id)
                return
        other = self.mark.differs(mapping(metadata.get("labels"))) if self.mark.is_strict else ""
        if other:
            self._problem(f"carries the label {other} of another inventory", reading.position, reading.id)
        elif self.policy.labels:
            for key, marks in (("labels", self.mark.labels), ("annotations", self.mark.annotations)):
                if marks:
                    metadata[key] = {**(metadata.get(key) or {}), **marks}

    def _desired(self, reading: _Reading, body: dict[str, Any], annotations: Mapping[str, Any]) -> Desired:
        body["apiVersion"] = join_api_version(reading.kind.group, reading.version)
        if not annotations:
            return Desired(id=reading.id, version=reading.version, body=body, position=reading.position)
        depends_on, wrong = wishes.dependencies(annotations)
        for reason in wrong:
            self._problem(reason, reading.position, reading.id)
        for key in wishes.not_honoured(annotations):
            self.warnings.append(Warn("not-honoured", f"annotation {key} has no effect on the order", reading.id))
        return Desired(
            id=reading.id,
            version=reading.version,
            body=body,
            position=reading.position,
            depends_on=tuple(depends_on),
            mode=wishes.write_mode(annotations),
            keep=wants_to_stay(annotations),
            recreate=wishes.may_recreate(annotations),
            timeout_s=self._timeout(reading, annotations),
            wait_for=text(annotations.get(keys.WAIT_FOR)),
        )

    def _timeout(self, reading: _Reading, annotations: Mapping[str, Any]) -> float | None:
        value = annotations.get(keys.TIMEOUT)
        if value is None:
            return None
        try:
            return wishes.seconds(str(value))
        except ValueError as error:
            self._problem(f"annotation {keys.TIMEOUT}: {error}", reading.position, reading.id)
            return None


def _identity_problem(body: Mapping[str, Any], version: str, metadata: Mapping[str, Any]) -> str:
    """What is wrong with apiVersion, kind, name or namespace; empty where nothing is."""
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if not version or not text(body.get("kind")):
        return "has no kind" if version else "has no apiVersion"
    if metadata.get("generateName") and not name:
        return "has generateName; an object that is applied again needs a fixed name"
    if not isinstance(name, str) or not name:
        return "has a name that is no text" if name else f"{body.get('kind')} has no metadata.name"
    if "/" in name or "%" in name or name in (".", ".."):
        return "has a name that cannot be part of a request path"
    if namespace is not None and namespace != "" and not (isinstance(namespace, str) and _is_namespace(namespace)):
        return f"has the illegal namespace {namespace!r}"
    return ""


def _is_namespace(text: str) -> bool:
    """Whether a text is a DNS label."""
    letters = text.replace("-", "")
    is_made_of = text.isascii() and letters.isalnum() and letters == letters.lower()
    return is_made_of and len(text) <= _LONGEST_NAMESPACE and text[0] != "-" and text[-1] != "-"
