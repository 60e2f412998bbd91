"""What the reference's decoder refuses in an OpenAPI document, in its words: the first thing wrong in the order of the text.

The decoder says either `cannot` or `unable to`, at random; here it is always `cannot`.
Source: kube-openapi `validation/spec` and its copy of Go's second JSON package.
"""

from __future__ import annotations

from kbuild.documents.json_tokens import JsonError, Tokens, kind_name, unquoted
from kbuild.model.errors import ConfigurationError
from kbuild.model.quote import go_quote
from kbuild.model.urls import escape_problem, url_problem
from kbuild.schema.swagger_types import GROUPS, MAPS, METHODS, PLAIN, REFERENCES, fields_of, is_extension, is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KINDS = {
    "n": "null", "t": "boolean", "f": "boolean", '"': "string", "0": "number", "{": "object", "}": "object",
    "[": "array", "]": "array",
}  # fmt: skip
_SCALARS = {"string": '"', "bool": "tf", "float64": "0", "int64": "0"}


def check_text(text: str, go_type: str) -> None:
    """Raise ConfigurationError for a JSON text that is no value of a type."""
    decoder = _Decoder(Tokens(text))
    try:
        decoder.value(go_type)
        decoder.tokens.end()
    except JsonError as error:
        raise ConfigurationError(str(error)) from None


class _Decoder:
    """Reads values of types from tokens. All methods raise JsonError."""

    __slots__ = ("_fields", "tokens")

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._fields: dict[str, dict[str, str]] = {}

    def value(self, go_type: str) -> None:
        """A value of a type."""
        if go_type.startswith("*"):
            if self.tokens.peek() == "n":
                self.tokens.token()
                return
            go_type = go_type[1:]
        if go_type in METHODS:
            self.by_method(go_type)
        elif go_type == "any":
            self.anything()
        elif go_type in _SCALARS:
            self.scalar(go_type)
        elif go_type.startswith("[]"):
            self.list(go_type)
        elif go_type in PLAIN:
            self.struct(go_type, go_type)
        else:
            self.map(go_type)

    def by_method(self, go_type: str) -> None:
        """A value of a type that reads itself; an error in it gets the type in front."""
        depth, length = self.tokens.place()
        try:
            if go_type in GROUPS:
                self.group(go_type)
            elif go_type in _EITHER:
                self.either(_EITHER[go_type])
            else:
                _OWN[go_type](self)
            if self.tokens.place() != (depth, length + 1):
                raise JsonError("must read exactly one JSON value")
        except JsonError as error:
            raise JsonError(f"json: cannot unmarshal Go value of type {go_type}: {error}") from None

    def group(self, go_type: str) -> None:
        """A struct with all its groups of fields; further fields are extensions."""
        references = self.struct(go_type, f"struct {{ {'; '.join(f'spec.{name}' for name in GROUPS[go_type])} }}")
        for name in ("$ref", "$schema"):
            is_read = go_type in REFERENCES if name == "$ref" else go_type == "spec.Schema"
            if name in references and is_read:
                check_url(references[name])

    def struct(self, go_type: str, shown: str) -> dict[str, str]:
        """An object with the fields of a type; returns the texts among its further fields."""
        kind, _ = self.tokens.token()
        found: dict[str, str] = {}
        if kind == "n":
            return found
        if kind != "{":
            raise _mismatch(kind, shown)
        fields = self._fields.get(go_type)
        if fields is None:
            fields = self._fields[go_type] = fields_of(go_type)
        while self.tokens.peek() != "}":
            name_kind, raw = self.tokens.value()
            name = unquoted(raw) if name_kind == '"' else raw
            if name in fields:
                self.value(fields[name])
            elif go_type in PLAIN:
                self.tokens.skip()
            elif self.tokens.peek() == '"':
                found[name] = unquoted(self.tokens.value()[1])
            else:
                self.anything()
        self.tokens.token()
        return found

    def map(self, go_type: str) -> None:
        """A map of texts to values of a type."""
        kind, _ = self.tokens.token()
        if kind == "n":
            return
        if kind != "{":
            raise _mismatch(kind, go_type)
        inner = MAPS.get(go_type, go_type).removeprefix("map[string]")
        while self.tokens.peek() != "}":
            self.scalar("string")
            self.value("any" if inner == "interface {}" else inner)
        self.tokens.token()

    def list(self, go_type: str) -> None:
        """A list of values of a type."""
        kind, _ = self.tokens.token()
        if kind == "n":
            return
        if kind != "[":
            raise _mismatch(kind, go_type)
        inner = go_type[2:]
        while self.tokens.peek() != "]":
            self.value("any" if inner == "interface {}" else inner)
        self.tokens.token()

    def anything(self) -> None:
        """A value of any type."""
        kind = self.tokens.peek()
        if kind not in ("{", "["):
            self.tokens.value()
            return
        self.tokens.token()
        end = "}" if kind == "{" else "]"
        while self.tokens.peek() != end:
            if kind == "{":
                self.tokens.token()
            self.anything()
        self.tokens.token()

    def scalar(self, go_type: str) -> None:
        """A text, boolean or number."""
        kind, raw = self.tokens.token() if go_type == "bool" else self.tokens.value()
        if kind == "n":
            return
        if kind not in _SCALARS[go_type]:
            raise _mismatch(kind, go_type)
        if go_type == "int64":
            digits = raw.removeprefix("-")
            if not digits.isdigit():
                raise JsonError(
                    f"{_mismatch(kind, go_type)}: cannot parse {go_quote(raw)} as signed integer: invalid syntax"
                )
            if len(digits) > 19 or not -(2**63) <= int(raw) < 2**63:
                raise JsonError(
                    f"{_mismatch(kind, go_type)}: cannot parse {go_quote(raw)} as signed integer: value out of range"
                )

    def schema_or_bool(self) -> None:
        """A schema or a boolean."""
        kind = self.tokens.peek()
        if kind not in ("{", "t", "f"):
            raise JsonError(f"expected object or bool, not '{kind_name(kind)}'")
        self.value("spec.Schema" if kind == "{" else "bool")

    def either(self, list_type: str) -> None:
        """A schema or a list; anything else is passed over."""
        kind = self.tokens.peek()
        if kind in ("{", "["):
            self.value("spec.Schema" if kind == "{" else list_type)
        else:
            self.tokens.value()

    def text_or_list(self) -> None:
        """A text or a list of texts."""
        kind = self.tokens.peek()
        if kind == "n":
            self.tokens.token()
        elif kind in ("[", '"'):
            self.value("[]string" if kind == "[" else "string")
        else:
            raise JsonError(f"expected string or array, not '{kind_name(kind)}'")


def _paths(decoder: _Decoder) -> None:
    """Paths with what can be done at each."""
    for name in _names(decoder):
        if name.startswith("/"):
            decoder.value("spec.PathItem")
        else:
            decoder.tokens.value()


def _responses(decoder: _Decoder) -> None:
    """Responses by status; the value of another name is taken for a name itself."""
    for name in _names(decoder):
        if name == "default" or is_number(name):
            decoder.value("spec.Response")


def _names(decoder: _Decoder) -> Iterator[str]:
    """The names of an object, each to be followed by reading its value; extensions are read here."""
    if not _opened(decoder.tokens):
        return
    while True:
        kind, raw = decoder.tokens.token()
        if kind == "}":
            return
        name = unquoted(raw) if kind == '"' else raw
        if is_extension(name):
            decoder.value("any")
        else:
            yield name


def _opened(tokens: Tokens) -> bool:
    """The beginning of an object; False for null."""
    kind, _ = tokens.token()
    if kind not in ("n", "{"):
        raise JsonError(f"unknown JSON kind: {kind_name(kind)}")
    return kind == "{"


_EITHER = {"spec.SchemaOrStringArray": "[]string", "spec.SchemaOrArray": "[]spec.Schema"}
_OWN: dict[str, Callable[[_Decoder], None]] = {
    "spec.SchemaOrBool": _Decoder.schema_or_bool,
    "spec.StringOrArray": _Decoder.text_or_list,
    "spec.Paths": _paths,
    "spec.Responses": _responses,
}


def _mismatch(kind: str, go_type: str) -> JsonError:
    return JsonError(f"json: cannot unmarshal JSON {_KINDS[kind]} into Go value of type {go_type}")


def check_url(text: str) -> None:
    """Raise JsonError for a reference that is no URL."""
    front, _, fragment = text.partition("#")
    reason = url_problem(front)
    if reason:
        raise JsonError(f"parse {go_quote(front)}: {reason}")
    reason = escape_problem(fragment)
    if reason:
        raise JsonError(f"parse {go_quote(text)}: {reason}")
