"""Bodies to generic values, as the reference's own conversions see them, with their errors.

Three conversions, each ending in plain JSON-like values: `to_generic` (decode, then JSON: exact integers), `to_json_values`
(also through a JSON decoder: 64-bit floats, as a JSON patch sees them), `to_printed_values` (the whole way to the output).
Source: kyaml v0.21.1 `RNode.Map`, `RNode.MarshalJSON`; go.yaml.in/yaml v3.0.3 decode, v2.4.2 decode; Go encoding/json.
"""

from __future__ import annotations

from kbuild.documents.json_text import after_json, without_stray_octets
from kbuild.documents.resolve import FLOW_EMPTY, plain, value_of
from kbuild.model.errors import OutputError
from kbuild.model.scalars import (
    BINARY,
    BOOL,
    FLOAT,
    INT,
    MERGE,
    NULL,
    STR,
    TIMESTAMP,
    UNTAGGED,
    OddKey,
    Quoted,
    Scalar,
    is_tagged,
    key_text,
    tag_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.scalars import Body, Json

_RESOLVABLE = frozenset((INT, FLOAT, BOOL, NULL, TIMESTAMP))
_ODD_MAP = "json: unsupported type: map[interface {}]interface {}"
_BAD_ZONE = (
    "json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: timezone hour outside of range [0,23]"
)
_MAX_EXACT = 10**6


class UnusualError(ValueError):
    """A body is more than plain values and ASCII texts."""


class _TabError(ValueError):
    """A block starts with a tab."""


class AnyMap:
    """A decoded map below the top with a key that is no string: it has no JSON form, only its Go syntax is ever shown.

    `is_text` is true where such a key is nothing at all, which becomes an empty text on the way to JSON.
    """

    __slots__ = ("entries", "is_text")

    def __init__(self, entries: list[tuple[Json, Json]], *, is_text: bool) -> None:
        self.entries, self.is_text = entries, is_text


def scalar_value(value: Json) -> Json:
    """The generic value of any scalar; a date is its RFC 3339 text. Raises: OutputError, when its text does not fit its tag."""
    kind = type(value)
    if kind is not Scalar:
        return str(value) if kind is Quoted else value
    if value is FLOW_EMPTY:
        return ""
    text, tag = value.text, value.tag
    if tag == UNTAGGED:
        return scalar_value(plain(text))
    if tag == BINARY:
        return _binary(text)
    if tag not in _RESOLVABLE:
        return text
    found = plain(text)
    found_tag = tag_of(found)
    if found_tag == TIMESTAMP != tag or text == "<<":
        found_tag = STR
    if found_tag == tag:
        return value_of(text, tag)
    if tag == FLOAT and found_tag == INT:
        number = value_of(text, INT)
        if number < 2**63:
            return float(number)
    raise OutputError(f"yaml: cannot decode {found_tag} `{text}` as a {tag}")


def _binary(text: str) -> str:
    from binascii import Error, a2b_base64

    try:
        data = a2b_base64(text.replace("\n", "").replace("\r", ""), strict_mode=True)
    except (Error, ValueError):
        raise OutputError("yaml: !!binary value contains invalid base64 data") from None
    return data.decode("utf-8", "surrogateescape")


def printed_scalar(value: Scalar) -> Json:
    """The value of an unusual scalar as it is printed. Raises: ValueError, when that fails or takes more than this."""
    if value.tag == STR:
        raise ValueError(value)
    if value.tag == UNTAGGED:
        found = plain(value.text)
        return printed_scalar(found) if type(found) is Scalar else found
    try:
        found = scalar_value(value)
    except OutputError:
        raise ValueError(value) from None
    if type(found) is str:
        if value.tag == TIMESTAMP and is_bad_zone(found):
            raise ValueError(value)
        return without_stray_octets(found)
    if type(found) is float and found - found != 0:
        raise ValueError(value)
    return found


def is_bad_zone(text: str) -> bool:
    """Whether an RFC 3339 text has an offset of a day or more, which has no JSON form."""
    return text[-6] in "+-" and text[-5:-3] >= "24"


def decode(value: Json, *, is_top: bool = True) -> Json:
    """The values that the reference decodes, maps with odd keys below the top as `AnyMap`.

    Dates, blocks that start with a tab, nulls without text in flow maps, and what a merge put into quotes are `Scalar`: what
    becomes of them differs.

    A map with a duplicate key is left out; see `check_duplicates`. Raises: OutputError.
    """
    kind = type(value)
    if kind is dict:
        if any(type(key) is OddKey for key in value):
            return _decode_odd(value, is_top=is_top)
        return {key: decode(item, is_top=False) for key, item in value.items()}
    if kind is list:
        return [decode(item, is_top=False) for item in value]
    if kind is Scalar:
        if value.tag == UNTAGGED:
            return decode(plain(value.text))
        found = scalar_value(value)
        return value if value.tag in (TIMESTAMP, STR) or value is FLOW_EMPTY else found
    if kind is Quoted:
        return Scalar(str(value), value.tag, True) if hasattr(value, "tag") else str(value)
    return value


def _decode_odd(value: Body, *, is_top: bool) -> Json:
    """A map with keys that are no ordinary strings."""
    if has_duplicate_key(value):
        return None
    if any(type(key) is OddKey and key.tag == MERGE for key in value):
        return decode(merged(value), is_top=is_top)
    if is_top:
        if any(type(key) is OddKey and key.value is not None for key in value):
            raise equal_keys(value)
        return {_top_key(key): decode(item, is_top=False) for key, item in value.items() if not is_void(key)}
    entries = [(_odd_key(key), decode(item, is_top=False)) for key, item in value.items()]
    if all(type(key) is str for key, _ in entries) and all(type(key) is str or key.tag == STR for key in value):
        return dict(entries)
    return AnyMap(entries, is_text=all(type(key) is str or key.tag == STR or is_nothing(key) for key in value))


def merged(value: Body) -> Body:
    """A map with what its merge key names; its own entries win, then earlier maps. Raises: OutputError.

    A merge key comes here when the reference's expansion copied it from a map that was itself written with one.
    """
    result = {key: item for key, item in value.items() if type(key) is str or key.tag != MERGE}
    texts = {key_text(key) for key in result}
    for key, item in value.items():
        if key not in result:
            for source in item if type(item) is list else [item]:
                if type(source) is not dict:
                    raise OutputError("yaml: map merge requires map or sequence of maps as the value")
                added = {key: item for key, item in merged(source).items() if key_text(key) not in texts}
                result.update(added)
                texts.update(map(key_text, added))
    return result


def _top_key(key: str | OddKey) -> str:
    if type(key) is OddKey:
        found = scalar_value(Scalar(key.text, key.tag))
        return found if key.tag == BINARY else key.text
    return str(key)


def _odd_key(key: str | OddKey) -> Json:
    """A key's value, where the decoder does not ask for texts."""
    if type(key) is not OddKey:
        return str(key)
    if key.value is not None:
        from kbuild.documents.gojson import go_syntax

        raise OutputError(f"yaml: invalid map key: {go_syntax(marshalled(decode(key.value[0], is_top=False)))}")
    scalar = Scalar(key.text, key.tag)
    found = scalar_value(scalar)
    return scalar if key.tag == TIMESTAMP else found


def is_nothing(key: OddKey) -> bool:
    """Whether a key is a null of which nothing is written."""
    return key.tag == NULL and not key.text and not key.quoted


def is_void(key: str | OddKey) -> bool:
    """Whether a key is a null of which something is written: at the top, the decoder skips such an entry."""
    return type(key) is OddKey and key.tag == NULL and not is_nothing(key)


def has_duplicate_key(value: Body) -> bool:
    """Whether a map has a key twice."""
    return any(type(key) is OddKey and key.duplicate for key in value)


def check_duplicates(body: Json) -> None:
    """Raise OutputError naming every duplicate key with its lines in the re-encoded text."""
    if _has_duplicates(body):
        raise equal_keys(body)


def equal_keys(body: Json) -> OutputError:
    """The error for equal keys, and for maps and lists that are keys at the top."""
    from kbuild.documents.v3text import duplicate_lines, duplicates_text

    error = OutputError(f"yaml: unmarshal errors:\n{duplicates_text(duplicate_lines(body))}")
    error.doubled = body
    return error


def _has_duplicates(value: Json) -> bool:
    if type(value) is dict:
        return has_duplicate_key(value) or any(_has_duplicates(item) for item in value.values())
    return type(value) is list and any(_has_duplicates(item) for item in value)


def marshalled(value: Json) -> Json:
    """Decoded values as JSON carries them, keys sorted. Raises: OutputError, for what has no JSON form."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else without_stray_octets(value)
    if kind is dict:
        return {key if key.isascii() else without_stray_octets(key): marshalled(value[key]) for key in sorted(value)}
    if kind is list:
        return [marshalled(item) for item in value]
    if kind is AnyMap:
        if not value.is_text:
            raise OutputError(_ODD_MAP)
        return {"" if key is None else key: marshalled(item) for key, item in value.entries}
    if kind is Scalar:
        if value.tag == STR:
            if value.text[0] == "\t":
                raise _TabError
            from kbuild.documents.v3text import refolded

            return refolded(value.text)
        if value.quoted and not is_tagged(value):
            return value.text
        text = scalar_value(value)
        if value is FLOW_EMPTY:
            return text
        if is_bad_zone(text):
            raise OutputError(_BAD_ZONE)
        return text
    if kind is float and value - value != 0:
        from kbuild.documents.gojson import go_value

        raise OutputError(f"json: unsupported value: {go_value(value)}")
    return value


def to_generic(body: Json) -> Json:
    """The body as plain values: exact integers, dates as RFC 3339 texts, keys as texts, sorted.

    Raises: OutputError, with the reference's reason for a duplicate key, an odd key, a failed conversion or infinity.
    """
    try:
        return ordinary(body)
    except (UnusualError, TypeError):  # keys that are no texts cannot be sorted
        return _to_generic_exactly(body)


def ordinary(value: Json) -> Json:
    """What `_to_generic_exactly` gives for a body of nothing but plain values and ASCII texts, in one pass.

    Raises: UnusualError or TypeError, for any other body.
    """
    kind = type(value)
    if kind is str or kind is Quoted:
        if value.isascii():
            return value if kind is str else str(value)
    elif kind is dict:
        found = {}
        for key in sorted(value):
            if type(key) is not str or not key.isascii():
                raise UnusualError
            item = value[key]
            found[key] = item if type(item) is str and item.isascii() else ordinary(item)
        return found
    elif kind is list:
        return [ordinary(item) for item in value]
    elif kind is int or kind is bool or value is None:
        return value
    raise UnusualError


def _to_generic_exactly(body: Json) -> Json:
    """The body by the reference's own steps: decoded, checked, written as JSON. Raises: OutputError."""
    values = decode(body)
    check_duplicates(body)
    try:
        return marshalled(values)
    except _TabError:
        raise tab_error(body) from None


def tab_error(body: Json) -> OutputError:
    """The error for a body with a block that starts with a tab, which the reference writes but cannot read."""
    from kbuild.documents.v3text import tab_line

    error = OutputError(f"yaml: line {tab_line(body)}: found a tab character where an indentation space is expected")
    error.doubled = body
    return error


def has_tab_block(value: Json) -> bool:
    """Whether a body holds a block that starts with a tab, which the reference cannot read again."""
    kind = type(value)
    if kind is dict or kind is list:
        return any(map(has_tab_block, value.values() if kind is dict else value))
    return kind is Scalar and value.tag == STR


def to_json_values(body: Json) -> Json:
    """The body as a JSON patch sees it: a number is an int below a million, else a float. Raises: OutputError."""
    return _floats(to_generic(body))


def to_yaml_values(body: Json) -> Json:
    """The body as a YAML parser would type the JSON text of it: exact integers, also for floats without a fraction. Raises: OutputError."""
    return _printed_numbers(after_json(to_generic(body)))


def _floats(value: Json) -> Json:
    kind = type(value)
    if kind is dict:
        return {key: _floats(item) for key, item in value.items()}
    if kind is list:
        return [_floats(item) for item in value]
    if kind is int:
        return value if -_MAX_EXACT < value < _MAX_EXACT else float(value)
    if kind is float and -_MAX_EXACT < value < _MAX_EXACT and value == int(value):
        return int(value)
    return value


def to_printed_values(body: Body) -> dict[str, Any]:
    """The body as it is finally printed: annotations rewritten, every scalar converted.

    Raises: OutputError, in the reference's words (Go value, then the reason).
    """
    from kbuild.documents.annotations import final_body

    body = final_body(body)
    shown: Json = None
    try:
        values = decode(body)
        check_duplicates(body)
        shown = values
        return after_json(marshalled(values))  # type: ignore[no-any-return]
    except (OutputError, _TabError) as problem:
        error = problem if isinstance(problem, OutputError) else tab_error(body)
        from kbuild.documents.gojson import go_syntax

        prefix = "map[string]interface {}(nil)" if shown is None else go_syntax(shown)
        raise error.within(prefix) from None


def to_output_values(body: Body) -> dict[str, Any]:
    """The body as a YAML parser would type the printed text: a fresh copy. Raises: OutputError."""
    return _printed_numbers(to_printed_values(body))  # type: ignore[no-any-return]


def _printed_numbers(value: Json) -> Json:
    kind = type(value)
    if kind is dict:
        return {key: _printed_numbers(item) for key, item in value.items()}
    if kind is list:
        return [_printed_numbers(item) for item in value]
    if kind is float:
        from kbuild.documents.gojson import printed_float

        shown = printed_float(value)
        return value if "." in shown or "e" in shown else int(shown)
    return value
