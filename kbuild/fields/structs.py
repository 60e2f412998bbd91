"""Plain values to the structs of the reference: which fields there are, of which types, and what a wrong one is called.

Kustomization files are decoded strictly. Configurations of plugins, and files that hold one struct, are decoded by a
library that ignores unknown fields and turns numbers and booleans into texts where a field wants one; it looks for that
only in fields that the struct itself has, not in those that it embeds.
Source: Go `encoding/json`; sigs.k8s.io/yaml v1.5.0 `Unmarshal`, `convertToJSONableObject`.
"""

from __future__ import annotations

from kbuild.documents.gojson import dumps, json_kind, shortest_g
from kbuild.fields.kustomization_fields import GO_TYPES, STRING_TYPES, STRUCTS
from kbuild.model.errors import ConfigurationError, YamlError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.fields.kustomization_fields import Table, Type
    from kbuild.model.scalars import Json

    Fields = dict[str, Any]
    Path = tuple[str | int, ...]


# Structs that lists hold by pointer.
POINTER_LISTS = ("TargetSelector", "Selector")


# From here on a 32-bit float is infinite.
_MAX_SINGLE = 2.0**128 - 2.0**103


class FieldMismatch(Exception):  # noqa: N818
    """A field that the decoder refuses: the sentence, and where in the value it is."""

    def __init__(self, reason: str, path: Path, hint: str = "") -> None:
        super().__init__(reason)
        self.reason, self.path, self.hint = reason, path, hint


def decode_struct(value: Json, struct: str) -> Fields:
    """A map decoded strictly: the first problem in the order of sorted keys is reported. Raises: FieldMismatch."""
    return _Decoder(struct, STRUCTS, {}, strict=True).struct(value, struct, (), "", coerces=False)


def decode_loosely(value: Json, struct: str) -> Fields:
    """A map of a configuration: unknown fields are left out. Raises: ConfigurationError, in the library's words."""
    from kbuild.fields.plugin_fields import GO_NAMES, PLUGINS

    decoder = _Decoder(struct, {**STRUCTS, **PLUGINS}, GO_NAMES, strict=False)
    try:
        return decoder.struct(value, struct, (), "", coerces=True)
    except FieldMismatch as found:
        raise ConfigurationError(f"error unmarshaling JSON: while decoding JSON: {found.reason}") from None


def decode_with(structs: dict[str, Table], names: dict[str, str], value: Json, struct: str) -> Fields:
    """A map decoded into one of other structs than those of kustomizations and plugins. Raises: FieldMismatch."""
    return _Decoder(struct, structs, names, strict=False).struct(value, struct, (), "", coerces=True)


def read_typed(content: bytes, memo: Any, kind: Type) -> Json:
    """A configuration's values, for a type: infinity and NaN become texts where the library makes texts of numbers.

    Raises: YamlError, for such a number elsewhere as well.
    """
    from kbuild.documents.config import read_config, text_of_config

    try:
        return read_config(content, memo)
    except YamlError as error:
        if not error.reason.startswith("json: unsupported value"):
            raise
    from kbuild.documents.compose import compose_config
    from kbuild.fields.plugin_fields import PLUGINS

    values = compose_config(text_of_config(content), is_finite=False)
    return finite(values, kind, {**STRUCTS, **PLUGINS})


def finite(value: Json, kind: Type, structs: dict[str, Table]) -> Json:
    """A value of a type without infinity and NaN; `""` is a type in which nothing becomes a text. Raises: YamlError."""
    if type(value) is float and value - value != 0:
        if kind == "string" or kind in STRING_TYPES:
            return coerced(value)
        from kbuild.documents.config_values import infinite

        raise infinite(value)
    if type(value) is list:
        inner = kind[0] if type(kind) is tuple else ""
        return [finite(item, inner, structs) for item in value]
    if type(value) is dict:
        table = structs.get(kind, {}) if isinstance(kind, str) and kind else {}
        found = {}
        for key in sorted(value):
            field, embedded = table.get(key if key in table else folded_name(key, table), ("", ""))
            below: Type = "string" if kind == "map" else "" if embedded else field
            found[key] = finite(value[key], below, structs)
        return found
    return value


class _Decoder:
    """Decodes one value into the struct `root` of some structs; `names` are what Go calls those outside its package `types`."""

    __slots__ = ("names", "root", "strict", "structs")

    def __init__(self, root: str, structs: dict[str, Table], names: dict[str, str], *, strict: bool) -> None:
        self.root, self.structs, self.names, self.strict = root, structs, names, strict

    def struct(self, value: Json, struct: str, path: Path, holder: str, *, coerces: bool) -> Fields:
        """A map decoded as a struct; `holder` is the struct that has the field. Raises: FieldMismatch."""
        if type(value) is not dict:
            raise FieldMismatch(self.mismatch(value, path, holder, go_type_of(struct, self.names)), path)
        table = self.structs[struct]
        result: Fields = {}
        for key in sorted(value) if len(value) > 1 else value:
            entry = table.get(key)
            name = key
            if entry is None:
                name = folded_name(key, table)
                if not name:
                    if not self.strict:
                        continue
                    reason = f"json: unknown field {go_quote(key)}"
                    raise FieldMismatch(reason, (*path, key), suggestion(key, table, struct))
                entry = table[name]
            item = value[key]
            if item is None:
                if not is_scalar(entry[0]):
                    result.pop(name, None)
                continue
            decoded = self.value(item, entry[0], (*path, key), struct, coerces=coerces and not entry[1])
            if type(decoded) is dict and name in result:
                # The field is there in two spellings: Go decodes the second into the first.
                decoded = {**result[name], **decoded}
            result[name] = decoded
        return result

    def value(self, value: Json, kind: Type, path: Path, struct: str, *, coerces: bool) -> Json:
        """A value decoded as a type of the table. Raises: FieldMismatch."""
        if kind == "string" or kind in STRING_TYPES:
            if type(value) is str:
                return value
            if coerces and isinstance(value, (int, float)):
                return coerced(value)
        elif type(kind) is tuple:
            if type(value) is list:
                inner = kind[0]
                if inner == "string" and all(type(item) is str for item in value):
                    return value
                return [self._item(item, inner, (*path, at), struct, coerces=coerces) for at, item in enumerate(value)]
        elif kind in self.structs:
            assert isinstance(kind, str)
            return self.struct(value, kind, path, struct, coerces=coerces)
        elif kind == "map":
            if type(value) is dict:
                return {
                    key: self._item(value[key], "string", (*path, key), struct, coerces=coerces)
                    for key in sorted(value)
                }
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
        raise FieldMismatch(self.mismatch(value, path, struct, go_type_of(kind, self.names)), path, hint)

    def _item(self, item: Json, kind: Type, path: Path, struct: str, *, coerces: bool) -> Json:
        if item is None:
            return "" if is_scalar(kind) else None if kind in POINTER_LISTS else {}
        return self.value(item, kind, path, struct, coerces=coerces)

    def mismatch(self, value: Json, path: Path, struct: str, go_type: str) -> str:
        """Go's sentence for a JSON value that does not fit its field."""
        kind = json_kind(value)
        if kind == "number" and go_type in ("int", "int64") and type(value) is not bool:
            kind = f"number {dumps(value)}"
        if not any(isinstance(part, str) for part in path):
            return f"json: cannot unmarshal {kind} into Go value of type {go_type}"
        where = go_path(path, struct, self.root, self.structs)
        return f"json: cannot unmarshal {kind} into Go struct field {where} of type {go_type}"


def coerced(value: float) -> str:
    """A number or boolean where the struct wants a text."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is not float:
        return str(value)
    if not abs(value) < _MAX_SINGLE:
        return "+Inf" if value > 0 else "-Inf" if value < 0 else "NaN"
    return shortest_g(as_single(value))


def as_single(value: float) -> float:
    """The float with the fewest digits that a 32-bit float cannot tell from this one: the reference's texts have no more."""
    from struct import pack, unpack

    packed = pack("f", value)
    single = unpack("f", packed)[0]
    return next(
        (found for digits in range(1, 10) if pack("f", found := float(f"{single:.{digits}g}")) == packed), single
    )


def folded_name(key: str, table: Table) -> str:
    """The field that Go's case-insensitive matching finds, or nothing."""
    lowered = key.lower().replace("\u017f", "s").replace("\u212a", "k")
    return next((name for name in table if name.lower() == lowered), "")


def is_scalar(kind: Type) -> bool:
    """Whether null leaves a field of this type as it was."""
    return kind in ("string", "bool", "int", "int64") or kind in STRING_TYPES


def go_type_of(kind: Type, names: dict[str, str]) -> str:
    """A type of the table as Go names it."""
    if type(kind) is tuple:
        return ("[]*" if kind[0] in POINTER_LISTS else "[]") + go_type_of(kind[0], names)
    assert isinstance(kind, str)
    return (
        names.get(kind)
        or GO_TYPES.get(kind)
        or STRING_TYPES.get(kind)
        or ("map[string]interface {}" if kind == "values" else f"types.{kind}")
    )


def go_path(path: Path, struct: str, root: str, structs: dict[str, Table]) -> str:
    """The struct and the dotted path as Go names a field: embedded structs are part of the path."""
    parts: list[str] = []
    current = root
    for part in path:
        if isinstance(part, int):
            continue
        table = structs.get(current)
        if table is None:
            continue
        name = part if part in table else folded_name(part, table)
        kind, embedding = table.get(name, ("", ""))
        if embedding:
            parts.append(embedding)
        parts.append(name or part)
        current = kind[0] if type(kind) is tuple else str(kind)
    return f"{struct}.{'.'.join(parts)}"


def suggestion(key: str, table: Table, struct: str) -> str:
    """A hint for an unknown field: the nearest name, if there is one."""
    from difflib import get_close_matches

    near = get_close_matches(key, table, 1, 0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    holders = [name for name, fields in STRUCTS.items() if key in fields and name != struct]
    return f'"{key}" is a field of {holders[0]}, not of {struct}' if holders else ""
