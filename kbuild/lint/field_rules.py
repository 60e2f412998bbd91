"""What a kustomization file says by itself: unknown and ill-typed fields, old and odd spellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbuild.documents.config import read_config
from kbuild.documents.positions import locate
from kbuild.fields.kustomization_fields import STRUCTS
from kbuild.lint.descriptions import DEPRECATED
from kbuild.lint.findings import Finding
from kbuild.lint.json_schema import kustomization_schema
from kbuild.load.kustomization_file import COMPONENT, KUSTOMIZATION, folded_name, suggestion
from kbuild.model.errors import YamlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kbuild.fields.kustomization_fields import Type

Path = tuple[str | int, ...]


class FieldRules:
    """The rules over the text of one kustomization file after the other; the validators are made once."""

    def __init__(self) -> None:
        self._validators: dict[str, Any] = {}

    def check(self, file: str, text: str) -> list[Finding]:
        """The findings in one file; none where it is no YAML (that the build reports)."""
        try:
            value = read_config(text)
        except YamlError:
            return []
        if type(value) is not dict:
            return []
        found = [*self._invalid(value), *spelled(value), *deprecated(value)]
        return [Finding(file, *locate(text, path), rule, message, hint) for rule, path, message, hint in found]

    def _invalid(self, value: dict[str, Any]) -> Iterator[tuple[str, Path, str, str]]:
        kind = COMPONENT if value.get("kind") == COMPONENT else KUSTOMIZATION
        validator = self._validators.get(kind)
        if validator is None:
            from jsonschema import Draft202012Validator

            validator = self._validators[kind] = Draft202012Validator(kustomization_schema(kind))
        for error in validator.iter_errors(folded(value, "Kustomization")):
            yield from described(error)


def folded(value: Any, kind: Type) -> Any:
    """A value with all fields in the spelling of their struct, as the reader takes them in any case."""
    if isinstance(kind, tuple):
        return [folded(item, kind[0]) for item in value] if isinstance(value, list) else value
    table = STRUCTS.get(kind)
    if table is None or not isinstance(value, dict):
        return value
    result = {}
    for key, item in value.items():
        name = key if key in table else folded_name(key, table)
        result[name or key] = folded(item, table[name][0]) if name else item
    return result


def described(error: Any) -> Iterator[tuple[str, Path, str, str]]:
    """A violation of the schema in words, with the field that it is about."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        struct = struct_at(path)
        table = STRUCTS[struct] if struct else {}
        for key in sorted(set(error.instance) - set(table)):
            yield "invalid-field", (*path, key), f'unknown field "{key}"', suggestion(key, table, struct)
        return
    wanted = expected(error)
    yield "invalid-field", path, f"{dotted(path)} {wanted}", ""


def expected(error: Any) -> str:
    """What the schema asks of a field."""
    value = error.validator_value
    if error.validator == "type":
        names = [name for name in ([value] if isinstance(value, str) else value) if name != "null"]
        return f"must be of type {' or '.join(names)}"
    if error.validator == "enum":
        return f"must be {' or '.join(repr(word) for word in value if word)}"
    if error.validator == "const":
        return f"must be {value!r}"
    if error.validator == "anyOf":
        return "must be of type string"
    return str(error.message)


def struct_at(path: Iterable[str | int]) -> str:
    """The struct that a path from the top leads to, `""` for none."""
    current: Type = "Kustomization"
    for part in path:
        if isinstance(part, int):
            current = current[0] if isinstance(current, tuple) else current
            continue
        table = STRUCTS.get(current) if isinstance(current, str) else None
        if table is None or part not in table:
            return ""
        current = table[part][0]
    return current if isinstance(current, str) and current in STRUCTS else ""


def dotted(path: Iterable[str | int]) -> str:
    """A path for people: `images[0].newTag`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the kustomization"


def walk(value: Any, kind: Type, path: Path) -> Iterator[tuple[str, str, Path]]:
    """(struct, key as written, path) of every field that is set."""
    if isinstance(kind, tuple):
        for at, item in enumerate(value if isinstance(value, list) else ()):
            yield from walk(item, kind[0], (*path, at))
        return
    table = STRUCTS.get(kind)
    if table is None or not isinstance(value, dict):
        return
    for key, item in value.items():
        name = key if key in table else folded_name(key, table)
        if name and item is not None:
            yield kind, key, (*path, key)
            yield from walk(item, table[name][0], (*path, key))


def spelled(value: dict[str, Any]) -> Iterator[tuple[str, Path, str, str]]:
    """Fields in other case than their name."""
    for struct, key, path in walk(value, "Kustomization", ()):
        if key not in STRUCTS[struct]:
            name = folded_name(key, STRUCTS[struct])
            yield "field-spelling", path, f'"{key}" is read as "{name}"', f'write "{name}"'


def deprecated(value: dict[str, Any]) -> Iterator[tuple[str, Path, str, str]]:
    """Old spellings, each with the new one."""
    for struct, key, path in walk(value, "Kustomization", ()):
        name = key if key in STRUCTS[struct] else folded_name(key, STRUCTS[struct])
        newer = DEPRECATED.get(f"{struct}.{name}")
        if newer:
            yield "deprecated-field", path, f'"{name}" is deprecated', f"use {newer}"
