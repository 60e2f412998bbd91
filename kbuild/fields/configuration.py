"""Transformer configuration: the default field specs and what `configurations` and `crds` add to them.

Source: kustomize v5.8.1 `builtinconfig.TransformerConfig`, `NameBackReferences`.
"""

from __future__ import annotations

from kbuild.fields.go_sort import go_sorted
from kbuild.fields.spec import FieldSpec, gvk_sort_key
from kbuild.fields.structs import coerced
from kbuild.model.errors import ConfigurationError, KbuildError
from kbuild.model.ids import gvk_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

# attribute -> (key in a configuration file, word in the conflict's text), in the reference's order of merging
PARTS = (
    ("name_prefix", "namePrefix", "NamePrefix"),
    ("name_suffix", "nameSuffix", "NameSuffix"),
    ("namespace", "namespace", "NameSpace"),
    ("common_annotations", "commonAnnotations", "CommonAnnotations"),
    ("common_labels", "commonLabels", "CommonLabels"),
    ("labels", "labels", "Labels"),
    ("template_labels", "templateLabels", "TemplateLabels"),
    ("volume_claim_labels", "volumeClaimTemplateLabels", "VolumeClaimTemplateLabels"),
    ("var_reference", "varReference", "VarReference"),
    ("name_reference", "nameReference", "NameReference"),
    ("images", "images", "Images"),
    ("replicas", "replicas", "Replicas"),
)
# The attributes in the order of the reference's struct.
GO_ORDER = (
    "name_prefix", "name_suffix", "namespace", "common_labels", "labels", "template_labels", "volume_claim_labels",
    "common_annotations", "name_reference", "var_reference", "images", "replicas",
)  # fmt: skip
# Parts that only later versions of the reference have, and parts whose defaults are others there (ADR 0017).
LATER = ("volume_claim_labels",)
_CHANGED = ("template_labels", "images")


class NameBackReference:
    """A kind whose name others mention, and the fields in which they do."""

    __slots__ = ("group", "kind", "referrers", "version")

    def __init__(self, group: str, version: str, kind: str, referrers: tuple[FieldSpec, ...]) -> None:
        self.group, self.version, self.kind, self.referrers = group, version, kind, referrers


class TransformerConfig:
    """Field specs by step, as immutable tuples; the defaults are made when first asked for.

    Shape: `name_reference` holds NameBackReference, every other part FieldSpec.
    """

    __slots__ = ("_parts", "is_default", "is_latest")

    def __init__(self, parts: dict[str, tuple[Any, ...]], *, is_default: bool = False, is_latest: bool = False) -> None:
        self._parts, self.is_default, self.is_latest = parts, is_default, is_latest

    @classmethod
    def default(cls, *, is_latest: bool = False) -> Self:
        """The built-in configuration, of the version that is matched or of later ones."""
        return cls({}, is_default=True, is_latest=is_latest)

    def part(self, name: str) -> tuple[Any, ...]:
        """The specs of one step by attribute name."""
        found = self._parts.get(name)
        if found is None:
            found = self._parts[name] = default_part(name, is_latest=self.is_latest) if self.is_default else ()
        return found

    def __getattr__(self, name: str) -> tuple[Any, ...]:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.part(name)

    def go_text(self, *, is_latest: bool = False) -> str:
        """All specs as Go prints the struct: `&{[Kind.version.group:create:path ...] ...}`."""
        names = [name for name in GO_ORDER if is_latest or name not in LATER]
        parts = [" ".join(map(go_spec, self.part(name))) for name in names]
        return "&{" + " ".join(f"[{part}]" for part in parts) + "}"

    @classmethod
    def from_fields(cls, values: Any, *, is_latest: bool = False) -> Self:
        """One `configurations` file. Raises: ConfigurationError, for unknown or ill-typed fields."""
        parts = decode(values, is_latest=is_latest)
        return cls({name: tuple(go_sorted(found, _sort_key)) for name, found in parts.items()})

    def merged(self, other: TransformerConfig) -> TransformerConfig:
        """Both together; a spec that this one covers is not added.

        Raises: ConfigurationError, where two specs differ only in `create`.
        """
        if other is self or (self.is_default and other.is_default):
            return self
        parts: dict[str, tuple[Any, ...]] = {}
        for name, _, word in PARTS:
            mine, added = self.part(name), other.part(name)
            try:
                merge = merge_references if name == "name_reference" else merge_specs
                found = merge(mine, added)
            except KbuildError as error:
                raise error.within(f"failed to merge {word} fieldSpec") from None
            parts[name] = tuple(go_sorted(found, _sort_key))
        return TransformerConfig(parts)


def go_spec(item: Any) -> str:
    """A spec, or a kind with the specs that refer to it, as Go prints it."""
    kind = gvk_text(item.group, item.version, item.kind)
    if type(item) is FieldSpec:
        return f"{kind}:{'true' if item.create else 'false'}:{item.path}"
    lines = "\n".join(map(go_spec, item.referrers))
    return f"{kind}:  (\n{lines}\n)"


def _sort_key(item: Any) -> tuple[int, str]:
    return gvk_sort_key(item.group, item.version, item.kind)


def default_part(name: str, *, is_latest: bool) -> tuple[Any, ...]:
    """The built-in specs of one step."""
    if name == "name_reference":
        from kbuild.schema.reference_specs import NAME_REFERENCE

        return tuple(
            NameBackReference(group, version, kind, tuple(FieldSpec(*spec) for spec in specs))
            for group, version, kind, specs in NAME_REFERENCE
        )
    if name == "var_reference":
        from kbuild.schema.reference_specs import VAR_REFERENCE

        return tuple(FieldSpec(*spec) for spec in VAR_REFERENCE)
    if name == "labels" or (name in LATER and not is_latest):
        return ()
    from kbuild.schema import field_specs

    table = f"later_{name}" if is_latest and name in (*LATER, *_CHANGED) else name
    return tuple(FieldSpec(*spec) for spec in getattr(field_specs, table.upper()))


def merge_specs(mine: Sequence[FieldSpec], added: Sequence[FieldSpec]) -> list[FieldSpec]:
    """The specs of both. Raises: ConfigurationError, for a conflict."""
    result = list(mine)
    paths: dict[str, list[FieldSpec]] = {}
    for spec in result:
        paths.setdefault(spec.path, []).append(spec)
    for spec in added:
        same = paths.setdefault(spec.path, [])
        # An existing spec counts as the same when the new one's kind selects it.
        found = next((old for old in same if spec.selects(old.group, old.version, old.kind)), None)
        if found is None:
            same.append(spec)
            result.append(spec)
        elif found.create != spec.create:
            raise ConfigurationError("conflicting fieldspecs")
    return result


def merge_references(mine: Sequence[NameBackReference], added: Sequence[NameBackReference]) -> list[NameBackReference]:
    """The references of both, joined by target kind. Raises: ConfigurationError, for a conflict."""
    result = list(mine)
    for other in added:
        key = (other.group, other.version, other.kind)
        found = False
        for at, old in enumerate(result):
            if (old.group, old.version, old.kind) == key:
                result[at] = NameBackReference(*key, tuple(merge_specs(old.referrers, other.referrers)))
                found = True
        if not found:
            result.append(other)
    return result


# Switch of a `labels` entry -> (its part of the configuration, its word in the conflict's text).
_SWITCHES = {
    "includeTemplates": ("template_labels", "template"),
    "includeVolumeClaimTemplates": ("volume_claim_labels", "volumeClaimTemplate"),
}


def label_field_specs(entry: dict[str, Any], config: TransformerConfig) -> tuple[FieldSpec, ...]:
    """The specs of one `labels` entry: its own fields, the configured ones, then selectors, templates or just metadata.

    Raises: ConfigurationError, for a conflict.
    """
    from kbuild.fields.spec import field_specs

    specs: Sequence[FieldSpec] = field_specs(entry.get("fields"))
    try:
        specs = merge_specs(specs, config.part("labels"))
        if entry.get("includeSelectors"):
            return tuple(merge_specs(specs, config.part("common_labels")))
        for switch, (part, word) in _SWITCHES.items():
            try:
                specs = merge_specs(specs, config.part(part) if entry.get(switch) else ())
            except KbuildError as error:
                error.reason = f"failed to merge {word} fieldSpec: {error.reason}"
                raise _Template(error) from None
        return tuple(merge_specs(specs, [FieldSpec("", "", "", "metadata/labels", True)]))
    except _Template as found:
        raise found.error from None
    except KbuildError as error:
        raise error.within("failed to merge labels") from None


class _Template(Exception):  # noqa: N818
    """A conflict of template specs, whose text has a frame of its own."""

    def __init__(self, error: KbuildError) -> None:
        super().__init__(error)
        self.error = error


_SPEC_FIELDS = {"group": str, "version": str, "kind": str, "path": str, "create": bool}
_REFERENCE_FIELDS = {"group": str, "version": str, "kind": str, "fieldSpecs": list}


def decode(values: Any, *, is_latest: bool = False) -> dict[str, tuple[Any, ...]]:
    """The parts of a configuration file. Raises: ConfigurationError, in the words of the JSON decoder."""
    keys = {key.lower(): (name, key) for name, key, _ in PARTS if is_latest or name not in LATER}
    if type(values) is not dict:
        raise _mismatch(values, "value of type builtinconfig.TransformerConfig")
    parts: dict[str, tuple[Any, ...]] = {}
    for key in sorted(values):
        if key.lower() not in keys:
            raise _unknown(key)
        name, canonical = keys[key.lower()]
        entries = values[key]
        if entries is None:
            continue
        where = f"struct field TransformerConfig.{canonical} of type "
        if type(entries) is not list:
            go_type = "builtinconfig.nbrSlice" if name == "name_reference" else "types.FsSlice"
            raise _mismatch(entries, where + go_type)
        make = _reference if name == "name_reference" else _spec
        parts[name] = tuple(make(entry, canonical) for entry in entries)
    return parts


def _spec(entry: Any, where: str, holder: str = "TransformerConfig") -> FieldSpec:
    found = _fields(entry, _SPEC_FIELDS, where, "FieldSpec", f"{holder}.{where} of type types.FieldSpec")
    texts = [found.get(name, "") for name in ("group", "version", "kind", "path")]
    return FieldSpec(texts[0], texts[1], texts[2], texts[3], found.get("create", False))


def _reference(entry: Any, where: str) -> NameBackReference:
    named = f"TransformerConfig.{where} of type builtinconfig.NameBackReferences"
    found = _fields(entry, _REFERENCE_FIELDS, where, "NameBackReferences", named)
    kind = [found.get(name, "") for name in ("group", "version", "kind")]
    return NameBackReference(kind[0], kind[1], kind[2], found.get("fieldSpecs", ()))


def _fields(entry: Any, types: dict[str, Any], where: str, struct: str, named: str) -> dict[str, Any]:
    if entry is None:
        return {}
    if type(entry) is not dict:
        raise _mismatch(entry, f"struct field {named}")
    names = {name.lower(): name for name in types}
    result = {}
    for key in sorted(entry):
        name = names.get(key.lower())
        if name is None:
            raise _unknown(key)
        value = entry[key]
        if value is None:
            continue
        if name == "path" and isinstance(value, (int, float)):
            # A field of the struct itself: the library turns numbers and booleans into texts.
            value = coerced(value)
        if type(value) is not types[name]:
            expected = {str: "string", bool: "bool", list: "types.FsSlice"}[types[name]]
            embedded = "Gvk." if name in ("group", "version", "kind") else ""
            raise _mismatch(value, f"struct field {struct}.{where}.{embedded}{name} of type {expected}")
        if name == "fieldSpecs":
            value = tuple(_spec(item, f"{where}.{name}", struct) for item in value)
        result[name] = value
    return result


def _unknown(key: str) -> ConfigurationError:
    from kbuild.model.quote import go_quote

    return ConfigurationError(f"error unmarshaling JSON: while decoding JSON: json: unknown field {go_quote(key)}")


def _mismatch(value: Any, where: str) -> ConfigurationError:
    kind = "bool" if type(value) is bool else "number" if isinstance(value, (int, float)) else "string"
    kind = {dict: "object", list: "array", type(None): "null"}.get(type(value), kind)
    return ConfigurationError(
        f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go {where}"
    )
