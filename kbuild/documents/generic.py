"""Bodies to generic values, as the reference's own conversions see them, with their errors.

Source: kyaml v0.21.1 `RNode.Map`, `RNode.MarshalJSON`; go.yaml.in/yaml v3.0.3 decode.
"""

from __future__ import annotations

from kbuild.documents.resolve import value_of
from kbuild.model.errors import OutputError
from kbuild.model.scalars import BINARY, BOOL, FLOAT, INT, NULL, STR, OddKey, Quoted, Scalar, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.scalars import Body, Json


def scalar_value(value: Json) -> Json:
    """The generic value of any scalar. Raises: OutputError, when its text does not fit its tag."""
    if type(value) is not Scalar:
        return str(value) if type(value) is Quoted else value
    if value.tag == BINARY:
        return _binary(value.text)
    try:
        return value_of(value.text, value.tag)
    except ValueError:
        raise _cannot_decode(value) from None


def _cannot_decode(value: Scalar) -> OutputError:
    """The decoder's complaint about a text under a tag that it does not fit."""
    from kbuild.documents.resolve import plain
    from kbuild.model.scalars import tag_of

    found = STR if value.quoted else tag_of(plain(value.text))
    return OutputError(f"yaml: cannot decode {found} `{value.text}` as a {value.tag}")


def _binary(text: str) -> str:
    from binascii import Error, a2b_base64

    try:
        data = a2b_base64("".join(text.split()), strict_mode=True)
    except Error:
        raise OutputError("yaml: !!binary value contains invalid base64 data") from None
    return data.decode("utf-8", "replace")


def to_generic(body: Json) -> Json:
    """The body as plain values: exact integers, dates as RFC 3339 texts, keys as texts.

    Raises: OutputError, with the reference's reason for a duplicate key, an odd key or a failed conversion.
    """
    check_duplicates(body)
    return _convert(body, is_top=True)


def _convert(value: Json, *, is_top: bool = False) -> Json:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None or kind is float:
        return value
    if kind is dict:
        result = {}
        for key, item in value.items():
            if type(key) is OddKey:
                if not is_top:
                    raise _OddMap
                result[key.text if key.tag != NULL else key.text] = _convert(item)
            else:
                result[key] = _convert(item)
        return result
    if kind is list:
        return [_convert(item) for item in value]
    return scalar_value(value)


class _OddMapError(OutputError):
    """A map below the top with a key that is no string."""


_OddMap = _OddMapError("json: unsupported type: map[interface {}]interface {}")


def check_duplicates(body: Json) -> None:
    """Raise OutputError naming every duplicate key with its lines in the re-encoded text."""
    if has_duplicates(body):
        from kbuild.documents.v3text import duplicate_lines

        found = "\n".join(
            f'  line {line}: mapping key {key} already defined at line {first}' for key, line, first in duplicate_lines(body)
        )
        raise OutputError(f"yaml: unmarshal errors:\n{found}")


def has_duplicates(value: Json) -> bool:
    """Whether a map at any depth has a key twice (or a null key, which the reference reports alike)."""
    if type(value) is dict:
        return any(
            (type(key) is OddKey and key.duplicate) or has_duplicates(item) for key, item in value.items()
        )
    if type(value) is list:
        return any(has_duplicates(item) for item in value)
    return False


def to_json_values(body: Body) -> dict[str, Any]:
    """The body as a JSON patch sees it: all numbers went through a 64-bit float. Raises: OutputError."""
    try:
        generic = to_generic(body)
    except OutputError as error:
        raise _as_json_error(error, body) from None
    return _floats(generic)  # type: ignore[no-any-return]


def _floats(value: Json) -> Json:
    kind = type(value)
    if kind is dict:
        return {key: _floats(item) for key, item in value.items()}
    if kind is list:
        return [_floats(item) for item in value]
    if kind is int and not -(2**53) <= value <= 2**53:
        return float(value)
    if kind is float:
        if value - value != 0:
            raise OutputError(f"json: unsupported value: {'NaN' if value != value else '+Inf' if value > 0 else '-Inf'}")
        return int(value) if value == int(value) and abs(value) < 2**53 else value
    return value


def _as_json_error(error: OutputError, body: Body) -> OutputError:
    """The error with the Go value in front that the reference's JSON encoder prints."""
    if error.reason.startswith("json: "):
        from kbuild.documents.gojson import go_syntax

        return OutputError(f"{go_syntax(_lenient(body))}: {error.reason}")
    return OutputError(f"map[string]interface {{}}(nil): {error.reason}")


def _lenient(value: Json) -> Json:
    """Plain values for an error message, whatever the keys are."""
    if type(value) is dict:
        return {key.text if type(key) is OddKey else key: _lenient(item) for key, item in value.items()}
    if type(value) is list:
        return [_lenient(item) for item in value]
    return scalar_value(value)


def to_printed_values(body: Body) -> dict[str, Any]:
    """The body as it is finally printed: annotations rewritten, every scalar converted.

    Raises: OutputError, in the reference's words (Go value, then the reason).
    """
    from kbuild.documents.annotations import final_annotations

    meta = body.get("metadata")
    if type(meta) is dict:
        rest = {key: value for key, value in meta.items() if key != "annotations"}
        final = final_annotations(meta["annotations"]) if "annotations" in meta else None
        if final:
            rest["annotations"] = final
        body = {**body, "metadata": rest}
    elif not meta or type(meta) is Scalar:
        body = {**body, "metadata": {}}
    try:
        generic = to_generic(body)
        return _after_json(generic)  # type: ignore[no-any-return]
    except OutputError as error:
        raise _as_json_error(error, body) from None


def _after_json(value: Json) -> Json:
    """What is left after the text went through JSON and was read again as YAML. Raises: OutputError."""
    kind = type(value)
    if kind is dict:
        return {_text_after_json(key): _after_json(item) for key, item in value.items()}
    if kind is list:
        return [_after_json(item) for item in value]
    if kind is int:
        return value if -(2**63) <= value < 2**64 else float(value)
    if kind is float and value - value != 0:
        raise OutputError(f"json: unsupported value: {'NaN' if value != value else '+Inf' if value > 0 else '-Inf'}")
    if isinstance(value, str):
        return _text_after_json(value)
    return value


def _text_after_json(text: str) -> str:
    if text.isascii() and "\x7f" not in text:
        return str(text)
    out = "".join(["\ufffd" if 0xD800 <= ord(char) < 0xE000 else char for char in text])
    for char in out:
        code = ord(char)
        if 0x7F <= code < 0xA0 and code != 0x85 or code in (0xFFFE, 0xFFFF):
            raise OutputError("yaml: control characters are not allowed")
    return _fold_next_lines(out) if "\x85" in out else out


def _fold_next_lines(text: str) -> str:
    """Raw U+0085 inside a JSON string is a line break to the YAML reader, and folded."""
    pieces = text.split("\x85")
    out = pieces[0]
    breaks = 0
    for piece in pieces[1:]:
        breaks += 1
        stripped = piece.lstrip(" ")
        if not stripped and piece is not pieces[-1]:
            continue
        out = out.rstrip(" ") + (" " if breaks == 1 else "\n" * (breaks - 1)) + stripped
        breaks = 0
    return out


def to_output_values(body: Body) -> dict[str, Any]:
    """The body as a YAML parser would type the printed text: a fresh copy. Raises: OutputError."""
    return _printed_numbers(to_printed_values(body))  # type: ignore[no-any-return]


def _printed_numbers(value: Json) -> Json:
    kind = type(value)
    if kind is dict:
        return {key: _printed_numbers(item) for key, item in value.items()}
    if kind is list:
        return [_printed_numbers(item) for item in value]
    if kind is float and value == int(value) and abs(value) < 2**64:
        return int(value)
    return value


__all__ = ["BOOL", "FLOAT", "INT", "scalar_value", "text_of", "to_generic", "to_json_values", "to_output_values"]
