"""What the reference's decoder refuses in a file of `crds`, in its words: the first thing wrong in the order of the text.

Source: kustomize v5.8.1 `accumulator.OpenAPIDefinition`; Go `encoding/json`.
"""

from __future__ import annotations

from json import JSONDecoder

from kbuild.model.errors import ConfigurationError
from kbuild.schema.swagger import check_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = {"{": "object", "[": "array", '"': "string", "t": "bool", "f": "bool"}


def check_definitions(text: str) -> None:
    """Raise ConfigurationError for a JSON text that is no map of definitions.

    A schema reads itself, and what is wrong in it ends the reading; everything else that is wrong is told at the end.
    """
    problems: list[str] = []
    for _, definition in members(text, "value of type accumulator.nameToApiMap", problems):
        for name, value in members(definition, "value of type accumulator.OpenAPIDefinition", problems):
            if name.lower() == "schema":
                check_text(value, "spec.Schema")
            elif name.lower() == "dependencies":
                check_texts(value, "struct field OpenAPIDefinition.Dependencies of type", problems)
    if problems:
        raise ConfigurationError(problems[0])


def members(text: str, wanted: str, problems: list[str]) -> Iterator[tuple[str, str]]:
    """The names of an object with the texts of their values; none of anything else. Mutates: `problems`."""
    text = text.strip()
    if not text.startswith("{"):
        check_null(text, wanted, problems)
        return
    decode = JSONDecoder().raw_decode
    at = _behind_blanks(text, 1)
    while text[at] != "}":
        name, at = decode(text, at)
        start = _behind_blanks(text, _behind_blanks(text, at) + 1)
        _, at = decode(text, start)
        yield name, text[start:at]
        at = _behind_blanks(text, at)
        if text[at] == ",":
            at = _behind_blanks(text, at + 1)


def _behind_blanks(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def check_texts(text: str, place: str, problems: list[str]) -> None:
    """Note what is no list of texts. Mutates: `problems`."""
    if not text.startswith("["):
        check_null(text, f"{place} []string", problems)
        return
    for item in JSONDecoder().decode(text):
        if item is not None and type(item) is not str:
            kind = {dict: "object", list: "array", bool: "bool"}.get(type(item), "number")
            problems.append(f"json: cannot unmarshal {kind} into Go {place} string")


def check_null(text: str, wanted: str, problems: list[str]) -> None:
    """Note a text that is no null. Mutates: `problems`."""
    if text != "null":
        problems.append(f"json: cannot unmarshal {_KINDS.get(text[0], 'number')} into Go {wanted}")
