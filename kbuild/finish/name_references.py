"""Names follow what they mention: references to resources that were renamed, moved or hashed are rewritten.

Every referrer is walked once along a tree of all its paths; candidates are looked up by their previous names.
Source: kustomize v5.8.1 `nameReferenceTransformer`, `filters/nameref`. Decision: docs/adr/0007-name-reference-index.md.
"""

from __future__ import annotations

from kbuild.documents.generic import check_duplicates
from kbuild.documents.resolve import typed, untagged_new, untagged_set
from kbuild.fields.spec import are_usual
from kbuild.fields.walk import visit
from kbuild.model.errors import AmbiguousTargetError, CrashError, FieldError, KbuildError, OutputError
from kbuild.model.resource import INTERNAL, mark
from kbuild.model.resources import check_histories
from kbuild.model.scalars import BOOL, FLOAT, INT, NULL, TIMESTAMP, OddKey, is_null, known_text, tag_of, text_of

_REFERRERS = f"{INTERNAL}refBy"
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from kbuild.fields.configuration import NameBackReference
    from kbuild.fields.spec import FieldSpec
    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json

    Use = tuple[NameBackReference, FieldSpec]
    Branch = tuple[dict[str, Any], list[Use]]
    # what a field is used for, its holder and key, and how many segments lead to each list on the way to it
    Mention = tuple[list[Use], dict[Any, Any], str, tuple[int, ...]]


class _Broken(Exception):  # noqa: N818
    """A scalar stands where a path goes on, there is no tree or a path is empty: the exact walk must find out what comes first."""


def fix(resources: Resources, back_references: Sequence[NameBackReference], context: Context) -> None:
    """Rewrite all references. Mutates: the bodies. Raises: FieldError, AmbiguousTargetError, CrashError."""
    check_histories(resources)
    index, origins = by_previous_name(resources), Origins(resources)
    plans: dict[tuple[str, str, str], tuple[Branch | None, list[Use]]] = {}
    for resource in resources.items:
        group, version, kind = resource.id[:3]
        key = (group, version, resource.history[0][2] if resource.history else kind)
        plan = plans.get(key)
        if plan is None:
            plan = plans[key] = plan_of(back_references, *key)
        if plan[1]:
            if (not group and version != resource.body.get("apiVersion")) or kind != resource.body.get("kind"):
                check_nulls(resource)
            Referrer(resource, index, origins, context).rewrite(*plan)


def check_nulls(resource: Resource) -> None:
    """Raise FieldError for what the reference reads in two ways: a null, or an apiVersion that begins with a slash."""
    api_version, kind = resource.id.api_version, resource.id.kind
    for word, field, known in (("APIVersion", "apiVersion", api_version), ("Kind", "kind", kind)):
        shown = known_text(resource.body.get(field))
        if shown != known:
            reason = f"node-referrerOriginal '{word}' mismatch '{shown}' != '{known}'"
            raise FieldError(reason).at_place(resource.position)


def by_previous_name(resources: Resources) -> dict[str, list[Resource]]:
    """The resources by every name they had before, in order."""
    index: dict[str, list[Resource]] = {}
    for resource in resources.items:
        for name in {entry[0]: None for entry in resource.history}:
            index.setdefault(name, []).append(resource)
    return index


class Origins:
    """Where the resources that somebody could mention were at first; found out on demand."""

    __slots__ = ("_by_effective", "_by_written", "_of_all", "_resources")

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        # Namespace of now, by effect and as written ("" for what is cluster-scoped) -> those of first.
        self._by_effective: dict[str, set[str]] | None = None
        self._by_written: dict[str, set[str]] = {}
        self._of_all: set[str] = set()

    def know(self, namespace: str, referrer: Referrer) -> bool:
        """Whether any resource that a referrer could mention, whatever its name, was in a namespace at first."""
        if self._by_effective is None:
            self._by_effective = self._found()
        now = referrer.current
        if now.cluster_scoped:
            return namespace in self._of_all
        return (
            namespace in self._by_effective.get("", ())
            or namespace in self._by_effective.get(now.effective_namespace, ())
            or any(namespace in self._by_written.get(name, ()) for name in referrer.binding_namespaces)
        )

    def _found(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for resource in self._resources.items:
            first, now = resource.original_id, resource.id
            if first.cluster_scoped:
                continue
            namespace = first.effective_namespace
            self._of_all.add(namespace)
            found.setdefault("" if now.cluster_scoped else now.effective_namespace, set()).add(namespace)
            self._by_written.setdefault(now.namespace, set()).add(namespace)
        return found


def plan_of(
    back_references: Sequence[NameBackReference], group: str, version: str, kind: str
) -> tuple[Branch | None, list[Use]]:
    """The fields of a kind that mention names: as the reference's list, and as a tree by path where they are apart.

    There is no tree either where a path is unusual.
    """
    tree: Branch = ({}, [])
    uses = [
        (reference, spec)
        for reference in back_references
        for spec in reference.referrers
        if spec.selects(group, version, kind)
    ]
    if not are_usual([spec for _, spec in uses]):
        return None, uses
    for use in uses:
        branch = tree
        for name, _ in use[1].segments:
            branch = branch[0].setdefault(name, ({}, []))
        branch[1].append(use)
    return tree, uses


_GO_TYPES = {NULL: "nil", INT: "int", FLOAT: "float64", BOOL: "bool", TIMESTAMP: "time.Time"}
# The reference prints the node with its address here.
_NESTED_LIST = "&yaml.RNode{fieldPath:[]string(nil), value:(*yaml.Node)(0x0), ShouldKeep:false, Match:[]string(nil)} is expected to be either a string or a map of string"


class Referrer:
    """One resource whose fields may mention others."""

    __slots__ = ("binding_namespaces", "context", "current", "index", "origins", "resource", "use")

    def __init__(
        self, resource: Resource, index: dict[str, list[Resource]], origins: Origins, context: Context
    ) -> None:
        self.resource, self.index, self.origins, self.context = resource, index, origins, context
        self.current = resource.id
        self.binding_namespaces = binding_namespaces(resource)
        self.use: Use | None = None

    def rewrite(self, tree: Branch | None, uses: list[Use]) -> None:
        """Rewrite all its references. Mutates: the body. Raises: FieldError, AmbiguousTargetError."""
        mentions: list[Mention] = []
        try:
            if tree is None or tree[1]:
                raise _Broken
            find_mentions(self.resource.body, tree, (), mentions)
        except _Broken:
            for use in uses:
                self.use = use
                try:
                    visit(self.resource, use[1], self.set)
                except KbuildError as error:
                    raise self.framed(error) from None
            return
        failures: list[tuple[int, KbuildError]] = []
        for found, holder, name, lists in mentions:
            value = holder[name]
            if type(value) is str and value not in self.index:
                continue
            for use in found:
                self.use = use
                try:
                    self.set(holder, name)
                except KbuildError as error:
                    for depth in reversed(lists):
                        error.within(f"visit traversal on path: [{use[1].rest(depth)}]")
                    error.within(f"considering field '{use[1].path}' of object {self.current}")
                    failures.append((uses.index(use), self.framed(error)))
        if failures:
            # The reference goes field by field.
            raise min(failures, key=lambda failure: failure[0])[1] from None

    def framed(self, error: KbuildError) -> KbuildError:
        """The error, saying which field of which resource it is about."""
        assert self.use is not None
        place = self.resource.position
        path = self.use[1].path
        return error.within(f"updating name reference in '{path}' field of '{self.current}'").at_place(place)

    def set(self, holder: Any, key: Any) -> None:
        """Rewrite what a field says: a name, a list of names, or a map with a name. Mutates: the body."""
        value = holder[key]
        kind = type(value)
        if kind is dict:
            self.set_map(value)
        elif kind is list:
            for at, item in enumerate(value):
                if type(item) is dict:
                    self.set_map(item)
                elif type(item) is list:
                    raise FieldError(_NESTED_LIST)
                elif not is_null(item):
                    self.set_scalar(value, at)
        elif not is_null(value):
            self.set_scalar(holder, key)

    def set_scalar(self, holder: Any, key: Any) -> None:
        """A name on its own. Mutates: the body. Raises: AmbiguousTargetError."""
        old = text_of(holder[key])
        found = self.referral(self.candidates(old), lambda resource: (resource.id.name,))
        if found is None:
            return
        found.referrers.append(self.resource.id)
        mark(found, _REFERRERS)
        if found.id.name != old:
            holder[key] = untagged_set(holder[key], found.id.name)

    def set_map(self, value: dict[Any, Any]) -> None:
        """A name with an optional namespace beside it. Mutates: the body. Raises: FieldError, AmbiguousTargetError."""
        if "name" not in value:
            raise FieldError("path config error; no 'name' field in node")
        old = text_of(value["name"])
        candidates = self.candidates(old)
        if "namespace" in value:
            namespace = text_of(value["namespace"])
            candidates = in_namespace(candidates, namespace, at_first=self.origins.know(namespace, self))
        found = self.referral(candidates, lambda resource: (resource.id.name, resource.id.namespace))
        if found is None:
            return
        found.referrers.append(self.resource.id)
        mark(found, _REFERRERS)
        if found.id.name == old and not found.id.namespace:
            return
        value["name"] = untagged_set(value["name"], found.id.name)
        if found.id.namespace:
            value["namespace"] = (
                untagged_set(value["namespace"], found.id.namespace)
                if "namespace" in value
                else untagged_new(found.id.namespace)
            )

    def candidates(self, name: str) -> list[Resource]:
        """The resources that had a name before and that this one could mention at all."""
        found = self.index.get(name, ())
        if not found or self.current.cluster_scoped:
            return list(found)
        namespace = self.current.effective_namespace
        return [
            other
            for other in found
            if other.id.cluster_scoped
            or other.id.effective_namespace == namespace
            or other.id.namespace in self.binding_namespaces
        ]

    def referral(self, candidates: list[Resource], identity: Callable[[Resource], tuple[str, ...]]) -> Resource | None:
        """The one resource that is meant, None when there is none. Raises: AmbiguousTargetError."""
        if not candidates:
            return None
        assert self.use is not None
        reference, spec = self.use
        self.context.counters.matches += len(candidates)
        wanted = (reference.group, reference.version, reference.kind)
        found = [other for other in candidates if had_kind(other, *wanted)]
        if found and spec.path.endswith("roleRef/name"):
            role = role_kind(self.resource)
            if role is not None:
                found = [other for other in found if had_kind(other, role[0], "", role[1])]
        found = [other for other in found if self.sees(other)]
        if len(found) == 1:
            return found[0]
        found = [other for other in found if same_affixes(other, self.resource, allow_empty=True)]
        if len(found) > 1:
            found = [other for other in found if same_affixes(other, self.resource, allow_empty=False)]
        if len(found) <= 1:
            return found[0] if found else None
        if len({identity(other) for other in found}) == 1:
            return found[0]
        raise ambiguous(self.resource, found)

    def sees(self, other: Resource) -> bool:
        """Whether namespaces let this resource mean the other."""
        if self.current.cluster_scoped or other.id.cluster_scoped or other.id.kind == "ServiceAccount":
            return True
        return other.id.effective_namespace == self.current.effective_namespace


def find_mentions(value: Json, branch: Branch, lists: tuple[int, ...], found: list[Mention], depth: int = 0) -> None:
    """Collect the fields below a value along a tree, in its order.

    Mutates: `found`. Raises: _Broken, where a scalar stands in the middle of a path.
    """
    if type(value) is list:
        for item in value:
            find_mentions(item, branch, (*lists, depth), found, depth)
    elif type(value) is dict:
        for name, inner in branch[0].items():
            item = value.get(name)
            if item is None:
                continue
            if inner[0]:
                find_mentions(item, inner, lists, found, depth + 1)
            else:
                found.append((inner[1], value, name, lists))
    elif not is_null(value):
        raise _Broken


def in_namespace(candidates: list[Resource], namespace: str, *, at_first: bool) -> list[Resource]:
    """The candidates that were in a namespace at first, or that are in it now.

    The reference asks for the latter only where nothing at all that the referrer could mention was there at first.
    """
    ids = [(other, other.original_id if at_first else other.id) for other in candidates]
    return [other for other, found in ids if not found.cluster_scoped and found.effective_namespace == namespace]


def had_kind(resource: Resource, group: str, version: str, kind: str) -> bool:
    """Whether an earlier id of the resource is of this kind; empty parts match all."""
    now = resource.id
    if (group and group != now.group) or (version and version != now.version):
        return False
    return not kind or any(entry[2] == kind for entry in resource.history)


def role_kind(resource: Resource) -> tuple[str, str] | None:
    """(group, kind) that a binding's roleRef names, None when it is incomplete; a null counts by its text."""
    role = resource.body.get("roleRef")
    if type(role) is not dict or "apiGroup" not in role or "kind" not in role:
        return None
    return text_of(role["apiGroup"]), text_of(role["kind"])


def same_affixes(left: Resource, right: Resource, *, allow_empty: bool) -> bool:
    """Whether one's prefixes end as the other's do, and the suffixes too."""
    pairs = ((left.prefixes, right.prefixes), (left.suffixes, right.suffixes))
    return all((allow_empty and (not a or not b)) or same_ending(a, b) for a, b in pairs)


def same_ending(left: list[str], right: list[str]) -> bool:
    """Whether the shorter list is a tail of the longer one; an empty one only of an empty one."""
    shortest, longest = sorted((left, right), key=len)
    return longest[-len(shortest) :] == shortest if shortest else not longest


def binding_namespaces(resource: Resource) -> frozenset[str]:
    """The namespaces of the service accounts that a RoleBinding names. Raises: FieldError, for one that is no text."""
    subjects, found = resource.body.get("subjects"), set[str]()
    if resource.id.kind != "RoleBinding" or type(subjects) is not list:
        return frozenset()
    try:
        check_duplicates(subjects)
    except OutputError:
        return frozenset()  # what cannot be decoded counts as nothing
    for subject in subjects:
        if go_type(subject) != "map[string]interface {}":
            raise wrong_type(subject, "map[string]interface {}")
        if "namespace" not in subject:
            continue
        if go_type(kind := subject.get("kind", "")) != "string":
            raise wrong_type(kind, "string")
        if text_of(kind) == "ServiceAccount":
            if go_type(subject["namespace"]) != "string":
                raise FieldError(f'Invalid Input: namespace is blank for resource "{resource.id}"\n')
            found.add(text_of(subject["namespace"]))
    return frozenset(found)


def go_type(value: Json) -> str:
    """The type that the reference has a value as."""
    if type(value) is dict:
        return f"map[{'interface {}' if any(type(key) is OddKey for key in value) else 'string'}]interface {{}}"
    return "[]interface {}" if type(value) is list else _GO_TYPES.get(tag_of(typed(value)), "string")


def wrong_type(value: Json, wanted: str) -> CrashError:
    """What the reference crashes with where it takes a value for one of another type."""
    return CrashError(f"interface conversion: interface {{}} is {go_type(value)}, not {wanted}")


def ambiguous(referrer: Resource, found: list[Resource]) -> AmbiguousTargetError:
    """The error for several resources that a name may mean."""
    from kbuild.documents.annotations import annotated
    from kbuild.documents.writer import write

    ids = ", ".join(str(other.id) for other in found)
    text = f"\n**** Too many possible referral targets to referrer:\n{write([annotated(referrer)])}\n"
    for at, other in enumerate(found):
        text += f"--- possible referral {at}:\n{write([annotated(other)])}\n"
    return AmbiguousTargetError(f"found multiple possible referrals: {ids}\n{text}")
