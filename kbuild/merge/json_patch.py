"""JSON patches (RFC 6902) on resources, with the habits of the library that the reference uses.

A resource that such a patch selects goes through JSON and back, whatever the patch does: every number becomes a 64-bit
float, every string is quoted or not as its text demands.
Source: gopkg.in/evanphx/json-patch.v4 v4.13.0; kyaml v0.21.1 `RNode.MarshalJSON`, `UnmarshalJSON`.
"""

from __future__ import annotations

from kbuild.documents.resolve import block, plain, v3_needs_quotes, v3_quoted
from kbuild.merge.spelled import Text, may_be_spelled, with_texts
from kbuild.model.errors import OutputError, PatchError
from kbuild.model.quote import go_quote
from kbuild.model.scalars import Scalar, copy_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.model.scalars import Body, Json

    Operation = dict[str, Json]

_INVALID = "invalid index referenced"
_MISSING = "missing value"
_ABSENT = object()
# Copying a list into itself again and again doubles it each time.
_MAX_COPIED = 100_000
_EXPONENT_FROM = 10**6  # Go prints floats from here on with an exponent.


class Number(float):
    """A float of a patch in JSON text. `text` is as written: a test compares texts."""

    def __init__(self, text: str) -> None:
        self.text = text


def parse(text: str, memo: Any = None) -> list[Operation] | None:
    """The operations of a patch: JSON where the text starts with `[`, else YAML. None for `null` (no patch at all).

    Raises: YamlError, PatchError, with the decoder's sentence.
    """
    return decode(read_json(text) if text.startswith("[") else read_yaml(text, memo))


def read_yaml(text: str, memo: Any = None) -> Json:
    """The value of a patch in YAML. Raises: YamlError."""
    from kbuild.documents.config import read_config

    return read_config(text, memo)


def read_json(text: str) -> Json:
    """Strict JSON; floats keep their text, and strings of tests. Raises: PatchError, in Go's words."""
    from kbuild.documents import config

    try:
        return with_texts(text, Number) if may_be_spelled(text) else config.read_json(text, parse_float=Number)
    except (ValueError, RecursionError) as error:
        from kbuild.documents.json_errors import go_reason

        raise PatchError(go_reason(text) or str(error)) from None


def decode(value: Json) -> list[Operation] | None:
    """A value as operations. Raises: PatchError, for what is no list of maps."""
    if value is None:
        return None
    if type(value) is not list:
        raise PatchError(f"json: cannot unmarshal {json_type(value)} into Go value of type jsonpatch.Patch")
    for item in value:
        if type(item) is not dict and item is not None:
            raise PatchError(f"json: cannot unmarshal {json_type(item)} into Go value of type jsonpatch.Operation")
    return [item or {} for item in value]


def json_type(value: Json) -> str:
    """How Go's JSON decoder names a value's type."""
    kind = type(value)
    if kind is dict:
        return "object"
    if kind is list:
        return "array"
    return "string" if isinstance(value, str) else "bool" if kind is bool else "number"


class Strings(dict[str, object]):
    """The scalars that texts are rebuilt into, made on demand. `has_tab` says that a block with a tab in front is among them."""

    __slots__ = ("has_tab",)

    def __init__(self) -> None:
        self.has_tab = False

    def __missing__(self, text: str) -> Json:
        found = text if not v3_needs_quotes(text) else block(text) if "\n" in text else v3_quoted(text)
        self.has_tab = self.has_tab or type(found) is Scalar
        self[text] = found
        return found


def apply(body: Body, operations: list[Operation], known: Strings) -> Body:
    """The body after the operations, rebuilt from JSON values; `known` are the strings rebuilt so far, for the next time.

    Mutates: `known`. Raises: PatchError, OutputError.
    """
    from kbuild.documents.generic import to_generic

    document: Json = to_generic(body)
    for operation in operations:
        document = _step(document, operation)
    if type(document) is not dict:
        raise PatchError("json: cannot unmarshal array into Go value of type map[string]interface {}")
    return rebuilt(document, known)  # type: ignore[no-any-return]


def check_tabs(body: Body, shown: Callable[[], Body]) -> None:
    """Raise OutputError for a block that starts with a tab, on its line in the body that `shown` gives, with sorted keys."""
    from kbuild.documents.generic import has_tab_block, tab_error
    from kbuild.documents.key_order import in_order

    if has_tab_block(body):
        error = tab_error(in_order(shown()))
        error.doubled = None
        raise error


def rebuilt(value: Json, known: Strings) -> Json:
    """A body from JSON values, all numbers as floats. Mutates: `known`. Raises: OutputError, for a number beyond 64 bits."""
    kind = type(value)
    if kind is str:
        return known[value]
    if kind is dict:
        return {key: known[item] if type(item) is str else rebuilt(item, known) for key, item in value.items()}
    if kind is list:
        return [rebuilt(item, known) for item in value]
    if kind is bool or value is None:
        return value
    if kind is int and -_EXPONENT_FROM < value < _EXPONENT_FROM:
        return value
    number = float(str(value))  # Python refuses to make a float of the longest integers themselves
    if number - number != 0:
        # Neither YAML nor a resource may hold such a number, so that it is one of JSON.
        text = value.text if kind is Number else str(value)
        raise OutputError(f"json: cannot unmarshal number {text} into Go value of type float64")
    from kbuild.documents.gojson import v3_float

    return plain(v3_float(number))


def _step(document: Json, operation: Operation) -> Json:
    """The document after one operation; changed in place but for a replacement of the whole. Raises: PatchError."""
    name = operation.get("op")
    if not isinstance(name, str):
        name = "unknown"
    step = _STEPS.get(name)
    if step is None:
        raise PatchError(f"Unexpected kind: {name}")
    return step(document, operation)


def _add(document: Json, operation: Operation) -> Json:
    path = _pointer(operation, "path", "add operation failed to decode path", is_terse=True)
    holder, key = _find(document, path)
    if holder is None:
        raise PatchError(f'add operation does not apply: doc is missing path: "{path}": {_MISSING}')
    _insert(holder, key, copy_body(operation.get("value")), f"error in add for path: '{path}'")
    return document


def _remove(document: Json, operation: Operation) -> Json:
    path = _pointer(operation, "path", "remove operation failed to decode path", is_terse=True)
    holder, key = _find(document, path)
    if holder is None:
        raise PatchError(f'remove operation does not apply: doc is missing path: "{path}": {_MISSING}')
    _delete(holder, key, f"error in remove for path: '{path}'")
    return document


def _replace(document: Json, operation: Operation) -> Json:
    path = _pointer(operation, "path", "replace operation failed to decode path")
    value = operation.get("value")
    if path == "":
        if type(value) is not dict and type(value) is not list:
            raise PatchError("replace operation value must be object or array: %!w(<nil>)")
        return copy_body(value)
    holder, key = _find(document, path)
    if holder is None:
        raise PatchError(f"replace operation does not apply: doc is missing path: {path}: {_MISSING}")
    if type(holder) is list:
        at, error = _position(key, len(holder))
        if error:
            raise PatchError(f"replace operation does not apply: doc is missing key: {path}: {_MISSING}")
        holder[at] = copy_body(value)
    else:
        holder[key] = copy_body(value)
    return document


def _move(document: Json, operation: Operation) -> Json:
    source = _pointer(operation, "from", "move operation failed to decode from")
    holder, key = _find(document, source)
    if holder is None:
        raise PatchError(f"move operation does not apply: doc is missing from path: {source}: {_MISSING}")
    frame = f"error in move for path: '{key}'"
    value = _get(holder, key, frame)
    _delete(holder, key, frame)
    path = _pointer(operation, "path", "move operation failed to decode path")
    holder, key = _find(document, path)
    if holder is None:
        raise PatchError(f"move operation does not apply: doc is missing destination path: {path}: {_MISSING}")
    _insert(holder, key, value, f"error in move for path: '{path}'")
    return document


def _copy(document: Json, operation: Operation) -> Json:
    source = _pointer(operation, "from", "copy operation failed to decode from")
    holder, key = _find(document, source)
    if holder is None:
        raise PatchError(f"copy operation does not apply: doc is missing from path: {source}: {_MISSING}")
    value = _get(holder, key, f"error in copy for from: '{source}'")
    path = _pointer(operation, "path", "copy operation failed to decode path", is_terse=True)
    holder, key = _find(document, path)
    if holder is None:
        raise PatchError(f"copy operation does not apply: doc is missing destination path: {path}: {_MISSING}")
    if count_values(value, _MAX_COPIED) > _MAX_COPIED:
        raise PatchError(f"copy operation does not apply: {source} holds more than {_MAX_COPIED} values")
    _insert(holder, key, copy_body(value), "error while adding value during copy")
    return document


def _test(document: Json, operation: Operation) -> Json:
    path = _pointer(operation, "path", "test operation failed to decode path")
    value = operation.get("value")
    if path == "":
        found = document
    else:
        holder, key = _find(document, path)
        if holder is None:
            raise PatchError(f"test operation does not apply: is missing path: {path}: {_MISSING}")
        found = _get(holder, key, f"error in test for path: '{path}'")
    if found is None and value is None:
        return document
    if found is None or value is None or not _equal(found, value):
        raise PatchError(f"testing value {path} failed: test failed")
    return document


_STEPS = {"add": _add, "remove": _remove, "replace": _replace, "move": _move, "copy": _copy, "test": _test}


def _pointer(operation: Operation, name: str, frame: str, *, is_terse: bool = False) -> str:
    """A text member of an operation. Raises: PatchError; `is_terse` hides the inner reason."""
    value = operation.get(name)
    if isinstance(value, str):
        return value
    if is_terse:
        reason = _MISSING
    elif value is None:
        reason = (
            f"operation missing path field: {_MISSING}"
            if name == "path"
            else f"operation, missing from field: {_MISSING}"
        )
    else:
        reason = f"json: cannot unmarshal {json_type(value)} into Go value of type string"
    raise PatchError(f"{frame}: {reason}")


def _find(document: Json, path: str) -> tuple[Json, str]:
    """The map or list that holds a path's last step, and that step; (None, "") where something is missing on the way."""
    parts = path.split("/")
    if len(parts) < 2:
        return None, ""
    holder = document
    for part in parts[1:-1]:
        step = _unescaped(part)
        if type(holder) is list:
            at, error = _position(step, len(holder))
            holder = None if error else holder[at]
        else:
            holder = holder.get(step)
        if type(holder) is not dict and type(holder) is not list:
            return None, ""
    return holder, _unescaped(parts[-1])


def _unescaped(part: str) -> str:
    if "~" not in part:
        return part
    return "/".join([piece.replace("~0", "~") for piece in part.split("~1")])


def _get(holder: Json, key: str, frame: str) -> Json:
    """The value at a step, None for a missing field. Raises: PatchError, for a bad index."""
    if type(holder) is dict:
        return holder.get(key)
    at, error = _position(key, len(holder))
    if error:
        raise PatchError(f"{frame}: {error}")
    return holder[at]


def _insert(holder: Json, key: str, value: Json, frame: str) -> None:
    if type(holder) is dict:
        holder[key] = value
    elif key == "-":
        holder.append(value)
    else:
        number, error = _integer(key)
        if error:
            raise PatchError(f"{frame}: value was not a proper array index: '{key}': {error}")
        size = len(holder) + 1
        if number >= size or number < -size:
            raise PatchError(f"{frame}: Unable to access invalid index: {number}: {_INVALID}")
        holder.insert(number if number >= 0 else number + size, value)


def _delete(holder: Json, key: str, frame: str) -> None:
    if type(holder) is dict:
        if holder.pop(key, _ABSENT) is _ABSENT:
            raise PatchError(f"{frame}: Unable to remove nonexistent key: {key}: {_MISSING}")
        return
    at, error = _position(key, len(holder))
    if error:
        raise PatchError(f"{frame}: {error}")
    del holder[at]


def _position(key: str, size: int) -> tuple[int, str]:
    """(index, "") of a list step, a negative one counts from the end; else (0, reason)."""
    number, error = _integer(key)
    if not error and not -size <= number < size:
        error = f"Unable to access invalid index: {number}: {_INVALID}"
    return number, error


def _integer(text: str) -> tuple[int, str]:
    """(number, "") of a decimal text as Go reads it, else (0, reason)."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits or not digits.isascii() or not digits.isdigit():
        return 0, f"strconv.Atoi: parsing {go_quote(text)}: invalid syntax"
    number = int(text) if len(digits) < 30 else 2**64
    if not -(2**63) <= number < 2**63:
        return 0, f"strconv.Atoi: parsing {go_quote(text)}: value out of range"
    return number, ""


def _equal(found: Json, value: Json) -> bool:
    """Whether two JSON values are equal for a test: scalars by their JSON texts."""
    kind = type(found)
    if kind is dict and type(value) is dict:
        return len(found) == len(value) and all(
            key in value and _equal(item, value[key]) for key, item in found.items()
        )
    if kind is list and type(value) is list:
        return len(found) == len(value) and all(map(_equal, found, value))
    if type(value) is Text and isinstance(found, str):
        from kbuild.documents.gojson import dumps

        return dumps(found) == value.raw
    if isinstance(found, str) or isinstance(value, str):
        return isinstance(found, str) and isinstance(value, str) and found == value
    if kind in (dict, list, bool) or type(value) in (dict, list, bool) or found is None or value is None:
        return found is value
    return _number_text(found) == _number_text(value)


def _number_text(value: float) -> str:
    if type(value) is Number:
        return value.text
    if type(value) is int:
        return str(value)
    from kbuild.documents.gojson import json_float

    return json_float(value)


def count_values(value: Json, limit: int) -> int:
    """How many values there are in a value, itself included; counting ends soon above a limit."""
    kind = type(value)
    count = 1
    if kind is dict or kind is list:
        for item in value.values() if kind is dict else value:
            count += count_values(item, limit - count)
            if count > limit:
                break
    return count
