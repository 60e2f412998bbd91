"""Text of a kustomization file to its fields: strict, with old spellings turned into the new ones.

Source: kustomize v5.8.1 `Kustomization.Unmarshal`, `CheckDeprecatedFields`, `FixKustomization`, `CheckEmpty`,
`EnforceFields`; Go `encoding/json`.
"""

from __future__ import annotations

from kbuild.documents.gojson import json_kind
from kbuild.load.kustomization_fields import GO_TYPES, STRING_TYPES, STRUCTS
from kbuild.model.errors import KustomizationError, YamlError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.load.kustomization_fields import Type
    from kbuild.model.scalars import Json

    Fields = dict[str, Any]
    Path = tuple[str | int, ...]

_FIX = "Run 'kustomize edit fix' to update your Kustomization automatically."
DEPRECATED = (
    ("bases", "resources", ""),
    ("commonLabels", "labels", ""),
    ("imageTags", "images", ""),
    ("patchesJson6902", "patches", ""),
    ("patchesStrategicMerge", "patches", ""),
    ("vars", "replacements", "[EXPERIMENTAL] "),
)
KUSTOMIZATION, COMPONENT = "Kustomization", "Component"
VERSIONS = {
    KUSTOMIZATION: "kustomize.config.k8s.io/v1beta1",
    COMPONENT: "kustomize.config.k8s.io/v1alpha1",
}


class FieldMismatch(Exception):  # noqa: N818
    """A field that the strict decoder refuses: the sentence, and where in the file it is."""

    def __init__(self, reason: str, path: Path, hint: str = "") -> None:
        super().__init__(reason)
        self.reason, self.path, self.hint = reason, path, hint


def decode(text: str | bytes, memo: Any = None) -> tuple[Fields, tuple[str, ...]]:
    """The fields that are set, under their canonical names, and the deprecation warnings.

    Raises: KustomizationError or YamlError, with `invalid Kustomization: ` in front.
    """
    from kbuild.documents.config import read_config

    try:
        value = read_config(text, memo)
    except YamlError as error:
        raise error.within("invalid Kustomization") from None
    try:
        fields = decode_struct(value, "Kustomization", ()) if value is not None else {}
    except FieldMismatch as found:
        raise _located(found, text).within("invalid Kustomization") from None
    warnings = tuple(
        f"# Warning: '{old}' is deprecated. Please use '{new}' instead. {mark}{_FIX}"
        for old, new, mark in DEPRECATED
        if fields.get(old) is not None
    )
    return fields, warnings


def _located(found: FieldMismatch, text: str | bytes) -> KustomizationError:
    from kbuild.documents.positions import locate

    line, column = locate(text if isinstance(text, str) else text.decode("utf-8", "replace"), found.path)
    error = KustomizationError(found.reason)
    error.position = type(error.position)("", line, column)
    return error.advise(found.hint)


def decode_struct(value: Json, struct: str, path: Path, holder: str = "") -> Fields:
    """A map decoded as a Go struct: the first problem in the order of sorted keys is reported.

    `holder` is the struct that has the field. Raises: FieldMismatch.
    """
    if type(value) is not dict:
        raise FieldMismatch(mismatch(value, path, holder, f"types.{struct}"), path)
    table = STRUCTS[struct]
    result: Fields = {}
    for key in sorted(value) if len(value) > 1 else value:
        entry = table.get(key)
        name = key
        if entry is None:
            name = folded_name(key, table)
            if not name:
                raise FieldMismatch(
                    f"json: unknown field {go_quote(key)}", (*path, key), suggestion(key, table, struct)
                )
            entry = table[name]
        item = value[key]
        if item is None:
            if not is_scalar(entry[0]):
                result.pop(name, None)
            continue
        decoded = decode_value(item, entry[0], (*path, key), struct)
        if type(decoded) is dict and name in result:
            # The field is there in two spellings: Go decodes the second into the first.
            decoded = {**result[name], **decoded}
        result[name] = decoded
    return result


def folded_name(key: str, table: dict[str, tuple[Type, str]]) -> str:
    """The field that Go's case-insensitive matching finds, or nothing."""
    lowered = key.lower().replace("\u017f", "s").replace("\u212a", "k")
    return next((name for name in table if name.lower() == lowered), "")


def is_scalar(kind: Type) -> bool:
    """Whether null leaves a field of this type as it was."""
    return kind in ("string", "bool", "int", "int64") or kind in STRING_TYPES


def decode_value(value: Json, kind: Type, path: Path, struct: str) -> Json:
    """A value decoded as a type of the table. Raises: FieldMismatch."""
    if kind == "string" or kind in STRING_TYPES:
        if type(value) is str:
            return value
    elif type(kind) is tuple:
        if type(value) is list:
            inner = kind[0]
            if inner == "string" and all(type(item) is str for item in value):
                return value
            return [_decode_item(item, inner, (*path, at), struct) for at, item in enumerate(value)]
    elif kind in STRUCTS:
        return decode_struct(value, kind, path, struct)
    elif kind == "map":
        if type(value) is dict:
            return {key: _decode_item(value[key], "string", (*path, key), struct) for key in sorted(value)}
    elif kind == "bool":
        if type(value) is bool:
            return value
    elif kind in ("int", "int64"):
        number = int(value) if type(value) is float and value.is_integer() and abs(value) < 1e21 else value
        if type(number) is int and -(2**63) <= number < 2**63:
            return number
    elif type(value) is dict or kind == "any":
        return value
    wants_text = kind == "string" and type(value) in (int, float, bool)
    hint = "quotes around the value make it a text" if wants_text else ""
    raise FieldMismatch(mismatch(value, path, struct, go_type_of(kind)), path, hint)


def _decode_item(item: Json, kind: Type, path: Path, struct: str) -> Json:
    if item is None:
        return "" if is_scalar(kind) else {}
    return decode_value(item, kind, path, struct)


def go_type_of(kind: Type) -> str:
    """A type of the table as Go names it."""
    if type(kind) is tuple:
        return "[]" + go_type_of(kind[0])
    assert isinstance(kind, str)
    return (
        GO_TYPES.get(kind)
        or STRING_TYPES.get(kind)
        or ("map[string]interface {}" if kind == "values" else f"types.{kind}")
    )


def mismatch(value: Json, path: Path, struct: str, go_type: str) -> str:
    """Go's sentence for a JSON value that does not fit its field."""
    kind = json_kind(value)
    if kind == "number" and go_type in ("int", "int64") and type(value) is not bool:
        from kbuild.documents.gojson import dumps

        kind = f"number {dumps(value)}"
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return f"json: cannot unmarshal {kind} into Go value of type {go_type}"
    return f"json: cannot unmarshal {kind} into Go struct field {go_path(path, struct)} of type {go_type}"


def go_path(path: Path, struct: str) -> str:
    """The struct and the dotted path as Go names a field: embedded structs are part of the path."""
    parts: list[str] = []
    current = "Kustomization"
    for part in path:
        if isinstance(part, int):
            continue
        table = STRUCTS.get(current)
        if table is None:
            continue
        name = part if part in table else folded_name(part, table)
        kind, embedding = table.get(name, ("", ""))
        if embedding:
            parts.append(embedding)
        parts.append(name or part)
        current = kind[0] if type(kind) is tuple else str(kind)
    return f"{struct}.{'.'.join(parts)}"


def suggestion(key: str, table: dict[str, tuple[Type, str]], struct: str) -> str:
    """A hint for an unknown field: the nearest name, if there is one."""
    from difflib import get_close_matches

    near = get_close_matches(key, table, 1, 0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    holders = [name for name, fields in STRUCTS.items() if key in fields and name != struct]
    return f'"{key}" is a field of {holders[0]}, not of {struct}' if holders else ""


def fix(fields: Fields) -> None:
    """Defaults and old spellings: `bases`, `imageTags`, `env`, `helmChartInflationGenerator`. Mutates: `fields`."""
    fields["kind"] = fields.get("kind") or KUSTOMIZATION
    fields["apiVersion"] = (
        fields.get("apiVersion") or VERSIONS[COMPONENT if fields["kind"] == COMPONENT else KUSTOMIZATION]
    )
    for old, new in (("bases", "resources"), ("imageTags", "images")):
        if old in fields:
            added = fields.pop(old)
            if added or new in fields:
                fields[new] = [*fields.get(new, ()), *added]
    for name in ("configMapGenerator", "secretGenerator"):
        for entry in fields.get(name, ()):
            if entry.get("env"):
                entry["envs"] = [*entry.get("envs", ()), entry["env"]]
            entry.pop("env", None)
    if "helmChartInflationGenerator" in fields:
        _fix_helm(fields, fields.pop("helmChartInflationGenerator"))


_HELM_NAMES = {
    "chartName": "name", "chartVersion": "version", "chartRepoUrl": "repo", "values": "valuesFile",
    "valuesLocal": "valuesInline", "valuesMerge": "valuesMerge", "releaseName": "releaseName",
}  # fmt: skip


def _fix_helm(fields: Fields, old: list[Fields]) -> None:
    if not old:
        return
    charts = [{_HELM_NAMES[name]: value for name, value in entry.items() if name in _HELM_NAMES} for entry in old]
    fields["helmCharts"] = [*fields.get("helmCharts", ()), *charts]
    if "helmGlobals" not in fields:
        found = {}
        for entry in old:
            for name, target in (("helmHome", "configHome"), ("chartHome", "chartHome")):
                if entry.get(name):
                    found[target] = entry[name]
        if found:
            fields["helmGlobals"] = found


# A scalar or pointer field that is set to its zero value counts as empty, a list or map does not.
_SCALARS = ("namePrefix", "nameSuffix", "namespace")


def is_empty(fields: Fields) -> bool:
    """Whether nothing but kind and apiVersion is set."""
    return not any(
        name not in ("kind", "apiVersion") and not (name in _SCALARS and not value) for name, value in fields.items()
    )


def check(fields: Fields, root: str) -> None:
    """Raise KustomizationError for an empty kustomization, or one of a wrong kind or version."""
    if is_empty(fields):
        raise KustomizationError("kustomization.yaml is empty")
    kind, version = fields["kind"], fields["apiVersion"]
    errors = []
    if kind not in VERSIONS:
        errors.append("kind should be Kustomization or Component")
    required = VERSIONS[COMPONENT if kind == COMPONENT else KUSTOMIZATION]
    if version != required:
        errors.append(f"apiVersion for {kind} should be {required}")
    if errors:
        error = KustomizationError(f"Failed to read kustomization file under {root}:\n" + "\n".join(errors))
        raise error.below("apiVersion" if kind in VERSIONS else "kind")
