"""Field specs: which field of which kinds a step visits.

Source: kustomize v5.8.1 `types.FieldSpec`, kyaml v0.21.1 `utils.PathSplitter`, `resid.Gvk`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

ORDER_FIRST = (
    "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy",
    "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service",
    "LimitRange", "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet",
    "CronJob", "PodDisruptionBudget",
)  # fmt: skip
ORDER_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_MOST_DIGITS = 19
_ANNOTATIONS = "metadata/annotations"
# Identifiers that are no texts.
_WORDS = frozenset(("true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL"))
_IDENTITY = ("apiVersion", "kind", "metadata", "metadata/name", "metadata/namespace")


class FieldSpec:
    """A path and the kinds it belongs to; empty group, version and kind match everything.

    Shape: `segments` are (name, whether the segment ended in `[]`). `is_usual` says that every name is that of a field, `is_annotations` that this means the annotations as a whole, where
    the reference keeps some of its own.
    """

    __slots__ = ("create", "group", "is_annotations", "is_usual", "kind", "path", "segments", "version")

    def __init__(self, group: str, version: str, kind: str, path: str, create: bool) -> None:
        self.group, self.version, self.kind = group, version, kind
        self.path, self.create = path, create
        self.segments = tuple((part.removesuffix("[]"), part.endswith("[]")) for part in split_path(path))
        self.is_annotations = path.replace("[]", "").removeprefix("/") == _ANNOTATIONS
        self.is_usual = not any(is_unusual(name) for name, _ in self.segments)

    def selects(self, group: str, version: str, kind: str) -> bool:
        """Whether a kind is one of those that this spec belongs to."""
        return (
            (not self.kind or self.kind == kind)
            and (not self.group or self.group == group)
            and (not self.version or self.version == version)
        )

    def rest(self, at: int) -> str:
        """The segments from an index on, as the reference lists them."""
        return " ".join(name + "[]" * is_list for name, is_list in self.segments[at:])

    def gvk_key(self) -> tuple[int, str]:
        """What specs are sorted by."""
        return gvk_sort_key(self.group, self.version, self.kind)

    def __repr__(self) -> str:
        return f"FieldSpec({self.group!r}, {self.version!r}, {self.kind!r}, {self.path!r}, {self.create!r})"


def may_rename(specs: Iterable[FieldSpec]) -> bool:
    """Whether a field of some specs is one that says which resource this is."""
    return any(spec.path.replace("[]", "") in _IDENTITY for spec in specs)


def has_annotations(specs: Iterable[FieldSpec]) -> bool:
    """Whether some spec means the annotations as a whole."""
    return any(spec.is_annotations for spec in specs)


def gvk_sort_key(group: str, version: str, kind: str) -> tuple[int, str]:
    """The legacy order of kinds: an index, then the text with `~G ~V ~K` for empty parts."""
    index = 0
    if kind in ORDER_FIRST:
        index = ORDER_FIRST.index(kind) - len(ORDER_FIRST)
    elif kind in ORDER_LAST:
        index = 1 + ORDER_LAST.index(kind)
    return index, f"{group or '~G'}_{version or '~V'}_{kind or '~K'}"


def split_path(path: str, delimiter: str = "/") -> list[str]:
    """The parts of a path; a backslash before the delimiter keeps it in the part."""
    parts = path.split(delimiter)
    if "\\" not in path:
        return parts[1:] if len(parts) > 1 and not parts[0] else parts
    if len(parts) > 1 and not parts[0]:
        parts = parts[1:]
    result = [parts[0]]
    for part in parts[1:]:
        if result[-1].endswith("\\"):
            result[-1] = result[-1][:-1] + delimiter + part
        else:
            result.append(part)
    return result


def is_list_index(part: str) -> bool:
    """Whether a part is `[key=value]`."""
    return part.startswith("[") and part.endswith("]")


def as_number(part: str) -> int | None:
    """The number of 64 bits that a part is, None for another text."""
    digits = part[1:] if part[:1] in ("-", "+") else part
    if not digits.isascii() or not digits.isdigit() or len(digits.lstrip("0")) > _MOST_DIGITS:
        return None
    number = int(part)
    return number if -(2**63) <= number < 2**63 else None


def is_index(part: str) -> bool:
    """Whether the reference takes a part for the index of an element, or for all of them."""
    return part in ("-", "*") or is_list_index(part) or as_number(part) is not None


def is_unusual(name: str) -> bool:
    """Whether the reference takes a part of a path for something else than the name of a field that is a text."""
    if name.isidentifier() and name not in _WORDS:
        return False
    from kbuild.documents.resolve import key

    return name.strip() != name or not name or is_index(name) or type(key(name)) is not str


def field_specs(value: Any) -> tuple[FieldSpec, ...]:
    """Field specs from a configuration's list of maps (or the specs themselves, unchanged)."""
    if not value:
        return ()
    if type(value[0]) is FieldSpec:
        return tuple(value)
    return tuple(spec_from(entry) for entry in value)


def spec_from(entry: dict[str, Any]) -> FieldSpec:
    """One field spec from a configuration's map; names are matched without regard to case."""
    found = {key.lower(): item for key, item in entry.items() if item is not None} if type(entry) is dict else {}
    texts = [str(found.get(name, "")) for name in ("group", "version", "kind", "path")]
    return FieldSpec(texts[0], texts[1], texts[2], texts[3], bool(found.get("create", False)))


def matching(specs: Sequence[FieldSpec], group: str, version: str, kind: str) -> list[FieldSpec]:
    """The specs of a kind, in order."""
    return [spec for spec in specs if spec.selects(group, version, kind)]


def are_apart(specs: Iterable[FieldSpec]) -> bool:
    """Whether no path leads into what another one names: then writing one field never changes what another path finds."""
    paths = {tuple([name for name, _ in spec.segments]) for spec in specs}
    return not any(path[:end] in paths for path in paths for end in range(1, len(path)))


def are_usual(specs: Sequence[FieldSpec]) -> bool:
    """Whether all paths are apart and lead along plain names to less than all annotations.

    An unusual part mostly is an error, and one in `[]` changes nulls.
    """
    return are_apart(specs) and not any(
        spec.is_annotations or not spec.is_usual or any(is_list for _, is_list in spec.segments) for spec in specs
    )


class ByKind:
    """Specs looked up by kind: the answer for each kind is found once."""

    __slots__ = ("_found", "specs")

    def __init__(self, specs: Iterable[FieldSpec]) -> None:
        self.specs = tuple(specs)
        self._found: dict[tuple[str, str, str], list[FieldSpec]] = {}

    def of(self, group: str, version: str, kind: str) -> list[FieldSpec]:
        """The specs of a kind, in order."""
        key = (group, version, kind)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = matching(self.specs, group, version, kind)
        return found
