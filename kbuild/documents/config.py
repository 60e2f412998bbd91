"""Kustomization files and other configuration texts as plain JSON-like values, typed as YAML 1.1.

Source: sigs.k8s.io/yaml v1.5.0 `YAMLToJSON` over go.yaml.in/yaml v2.4.2.
"""

from __future__ import annotations

from kbuild.documents import yaml11
from kbuild.documents.lines import Declined
from kbuild.documents.reader import Memo, Typing, build, check_characters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.model.scalars import Json

    MakeObject = Callable[[list[tuple[str, Any]]], Any]

# Longer integers are floats, most of them infinite; the interpreter refuses to read more than 4,300 digits.
_MAX_DIGITS = 300


def read_config(data: str | bytes, memo: Memo | None = None) -> Json:
    """The first document as plain values: 1.1 booleans, keys as texts, the last of duplicate keys, dates as written.

    Raises: YamlError, in the words of the reference's older parser.
    """
    text = text_of_config(data) if isinstance(data, bytes) else data
    if type(text) is not str:
        from kbuild.documents import compose

        return compose.compose_config(text)
    memo = Memo() if memo is None else memo
    if memo.config is None:
        memo.config = config_typing()
    try:
        lines = text.replace("\r\n", "\n")
        first = first_document(lines)
        if len(first) < len(lines):
            # The parser looks at what is behind the first document, too.
            check_characters(lines)
        return build(first, memo.config)
    except Declined:
        from kbuild.documents import compose

        return compose.compose_config(text)


def text_of_config(data: bytes) -> str:
    """The text of a configuration in UTF-8, or in UTF-16 with its mark. Raises: YamlError, for what is neither."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        from kbuild.documents.compose import undecodable
        from kbuild.documents.encodings import wide_text

        text = wide_text(data)
        if text is None:
            raise undecodable(data, is_config=True) from None
        return text


def lenient_text(data: bytes) -> str:
    """The text of octets in which what cannot be read is replaced; that of UTF-16 keeps its mark, as UTF-8 does."""
    if data[:1] < b"\xfe":
        return data.decode("utf-8", "replace")
    from kbuild.documents.encodings import readable

    return readable(data)


def patch_text(data: bytes) -> str:
    """The text of a JSON patch: in JSON octets that cannot be read are replaced, in YAML they stay, and are refused."""
    if data[:1] == b"[" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return lenient_text(data)
    return data.decode("utf-8", "surrogateescape")


def config_typing() -> Typing:
    """The typing of configuration files."""
    typing = Typing()
    typing.plain = config_plain
    typing.quoted = typing.single = typing.folded = str
    typing.key = config_key
    typing.null = typing.flow_null = None
    typing.last_wins = True
    return typing


def config_plain(text: str) -> Json:
    """The value of a plain scalar. Raises: Declined, for infinity and NaN, which no configuration may hold."""
    value = yaml11.resolve(text)
    if type(value) is float and value - value != 0:
        raise Declined
    return value


def config_key(text: str) -> str:
    """A plain key as text: booleans become `true` and `false`. Raises: Declined, for a null, a float or what is beyond int64."""
    value = yaml11.resolve(text)
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int and value < 2**63:
        return str(value)
    raise Declined


def first_document(text: str) -> str:
    """The text up to a second document marker."""
    if "\n---" not in text and "\n..." not in text:
        return text
    lines = text.split("\n")
    seen = False
    for at, line in enumerate(lines):
        if line.startswith(("---", "...")) and line[3:4] in ("", " ", "\t", "\r"):
            if seen:
                return "\n".join(lines[:at]) + "\n"
            if line.rstrip() != "---":
                raise Declined
            lines[at] = ""
            seen = True
        elif line.strip() and line.lstrip()[0] != "#":
            seen = True
    return "\n".join(lines)


class _Decoder:
    """What the interpreter's JSON scanner wants to know: no hooks, no NaN and Infinity."""

    __slots__ = ("object_pairs_hook", "parse_float")
    strict = True
    object_hook = None
    parse_int = int

    def __init__(self, parse_float: Callable[[str], object], make_object: MakeObject | None = None) -> None:
        self.parse_float, self.object_pairs_hook = parse_float, make_object

    def parse_constant(self, name: str) -> object:
        """Refuse a number that JSON does not have. Raises: ValueError."""
        raise ValueError(name)


def read_unique_json(text: str) -> Json:
    """JSON in which no object has a name twice. Raises: ValueError, RecursionError."""
    return read_json(text, make_object=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("duplicate name")
    return found


def read_json(
    data: str | bytes, *, parse_float: Callable[[str], object] = float, make_object: MakeObject | None = None
) -> Json:
    """Strict JSON; `make_object` makes an object of its names and values. Raises: ValueError, RecursionError."""
    decoder = _Decoder(parse_float, make_object)
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    try:
        # The scanner inside `json` alone: the module around it loads `re`, 5 ms for a patch of three lines.
        from _json import make_scanner

        bare = text.strip(" \t\r\n")
        value, end = make_scanner(decoder)(bare, 0)  # type: ignore[arg-type]
        if end == len(bare):
            return value
    except (ImportError, StopIteration, SystemError, ValueError):
        pass  # the module itself finds the words
    import json

    def parse_int(digits: str) -> object:
        return int(digits) if len(digits) <= _MAX_DIGITS else parse_float(digits)

    return json.loads(
        text,
        parse_float=parse_float,
        parse_int=parse_int,
        parse_constant=decoder.parse_constant,
        object_pairs_hook=make_object,
    )
