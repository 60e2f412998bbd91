"""Who owns a live object, whether it may be taken, and what happens to an object that left the set.

Membership is the inventory's; labels are a hint, and the uid decides between an object and its namesake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from applier import keys
from applier.failures import ErrorClass
from applier.model.ids import Body
from applier.model.inventory import KEEP, Entry
from applier.model.live import Absent, Live, Unknown
from applier.model.mark import Mark
from applier.model.plan import Action
from applier.model.policy import Adopt
from applier.model.values import annotations_of, labels_of, mapping, mappings, text, uid_of

Relation: TypeAlias = Literal["ours", "none", "foreign"]


class Owner(NamedTuple):
    """Who owns an object. `tool` and `name` are for a person, and empty unless it is foreign."""

    relation: Relation
    tool: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.tool} {self.name}".strip() or self.relation


OURS, NOBODY = Owner("ours"), Owner("none")


def owner_of(body: Body, mark: Mark, recorded_uid: str = "") -> Owner:
    """The owner of a live object.

    Our label or the recorded uid make it ours; but the label of another inventory outweighs the uid: the object was
    handed over.
    """
    found, notes = labels_of(body), annotations_of(body)
    if mark.is_on(found):
        return OURS
    label = found.get(keys.PART_OF)
    if label:
        return Owner("foreign", "inventory", text(notes.get(keys.OWNER)) or str(label))
    if recorded_uid and uid_of(body) == recorded_uid and not mark.differs(found):
        return OURS
    for foreign in _MARKS:
        name = foreign(found, notes)
        if name is not None:
            return Owner("foreign", *name)
    for reference in mappings(mapping(body.get("metadata")).get("ownerReferences")):
        if reference.get("controller"):
            return Owner("foreign", text(reference.get("kind")), text(reference.get("name")))
    return NOBODY


_Marks: TypeAlias = Mapping[str, Any]


def _kpt(_labels: _Marks, notes: _Marks) -> tuple[str, str] | None:
    name = notes.get(keys.OWNING_INVENTORY)
    return ("kpt inventory", str(name)) if name else None


def _flux(found: _Marks, _notes: _Marks) -> tuple[str, str] | None:
    name = found.get(keys.FLUX_NAME)
    return ("Flux Kustomization", f"{found.get(keys.FLUX_NAMESPACE, '')}/{name}") if name else None


def _flux_helm(found: _Marks, _notes: _Marks) -> tuple[str, str] | None:
    name = found.get(keys.FLUX_HELM_NAME)
    return ("Flux HelmRelease", f"{found.get(keys.FLUX_HELM_NAMESPACE, '')}/{name}") if name else None


def _helm(_labels: _Marks, notes: _Marks) -> tuple[str, str] | None:
    name = notes.get(keys.HELM_RELEASE)
    return ("Helm release", f"{notes.get(keys.HELM_NAMESPACE, '')}/{name}") if name else None


def _argo(_labels: _Marks, notes: _Marks) -> tuple[str, str] | None:
    tracking = notes.get(keys.ARGO_TRACKING)
    return ("Argo CD application", str(tracking).partition(":")[0]) if tracking else None


def _kapp(found: _Marks, _notes: _Marks) -> tuple[str, str] | None:
    name = found.get(keys.KAPP_APP)
    return ("kapp app", str(name)) if name else None


_MARKS: tuple[Callable[[_Marks, _Marks], tuple[str, str] | None], ...] = (_kpt, _flux, _flux_helm, _helm, _argo, _kapp)


class Adoption(NamedTuple):
    """Whether a live object may be written. `error` is set where it may not."""

    adopts: bool = False
    warning: str = ""
    error: ErrorClass | None = None
    message: str = ""


def adoption(owner: Owner, adopt: Adopt) -> Adoption:
    """What `--adopt` says about an object of that owner."""
    if owner.relation == "ours":
        return Adoption()
    if owner.relation == "none":
        if adopt == "never":
            return Adoption(
                error=ErrorClass.UNOWNED, message="exists and belongs to nobody; --adopt=unowned takes it over"
            )
        return Adoption(adopts=True)
    if adopt == "all":
        return Adoption(adopts=True, warning=f"taken over from {owner}")
    return Adoption(error=ErrorClass.OWNED, message=f"is owned by {owner}; --adopt=all takes it over")


class Removal(NamedTuple):
    """What happens to an id that is stored but not desired. `warning` is empty where nothing is odd."""

    action: Action
    reason: str
    warning: str = ""


def removal(entry: Entry, live: Live, mark: Mark) -> Removal:
    """Decide about one stored object that is not desired any more."""
    if isinstance(live, Absent):
        return Removal(Action.DROP, "gone")
    if isinstance(live, Unknown):
        return Removal(Action.RETAIN, "unknown", f"what is live is not known: {live.why}")
    owner = owner_of(live.body, mark, entry.uid)
    if owner.relation == "foreign":
        return Removal(Action.DROP, "handed-over", f"handed over, not deleted: it belongs to {owner} now")
    if owner.relation == "none":
        if entry.uid:
            return Removal(Action.DROP, "recreated-by-other", "not deleted: it was created again by somebody else")
        return Removal(
            Action.RETAIN, "unproved", "not deleted: nothing proves that it is ours (no label, no recorded uid)"
        )
    if KEEP in entry.flags or wants_to_stay(annotations_of(live.body)):
        return Removal(Action.KEEP, "keep-annotation")
    return Removal(Action.PRUNE, "not-desired")


def wants_to_stay(annotations: Mapping[str, Any]) -> bool:
    """Whether the object shall stay when it leaves the set, in the words of six tools."""
    if not annotations:
        return False
    options = annotations.get(keys.ARGO_SYNC)
    return (
        annotations.get(keys.PRUNE) == "disabled"
        or annotations.get(keys.FLUX_PRUNE) == "disabled"
        or annotations.get(keys.LIFECYCLE_DELETION) == "detach"
        or annotations.get(keys.KPT_ON_REMOVE) == "keep"
        or annotations.get(keys.HELM_POLICY) == "keep"
        or (isinstance(options, str) and "Prune=false" in (part.strip() for part in options.split(",")))
    )


def release_patch(body: Body, mark: Mark) -> tuple[dict[str, Any], ...]:
    """The JSON Patch that takes our marks off a kept object; empty where it carries none."""
    operations: list[dict[str, Any]] = []
    if mark.is_on(labels_of(body)):
        operations += [{"op": "remove", "path": f"/metadata/labels/{_escaped(key)}"} for key in mark.labels]
    carried = annotations_of(body)
    names = [key for key in mark.annotations if key in carried]
    operations += [{"op": "remove", "path": f"/metadata/annotations/{_escaped(key)}"} for key in names]
    if operations:
        operations.insert(0, {"op": "test", "path": "/metadata/uid", "value": uid_of(body)})
    return tuple(operations)


def _escaped(key: str) -> str:
    """A map key as one step of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")
