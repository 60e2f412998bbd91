"""JSON patch (RFC 6902) with the lenience and the sentences of the reference's library.

Source: gopkg.in/evanphx/json-patch.v4 v4.13.0.
"""

from __future__ import annotations

from kbuild.model.errors import PatchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.scalars import Json

MISSING = "missing value"
_NO_INDEX = "invalid index referenced"


class _Nothing:
    """No value at all."""

    __slots__ = ()


NOTHING = _Nothing()


def parse(text: str) -> list[dict[str, Any]]:
    """The operations of a patch given as JSON or YAML.

    Raises: PatchError, YamlError; the first for what is no list of operations.
    """
    if text.startswith("["):
        from kbuild.documents.config import read_json

        try:
            value = read_json(text)
        except ValueError as error:
            raise PatchError(json_reason(error, text)) from None
    else:
        from kbuild.documents.config import read_config

        value = read_config(text)
    if value is None:
        return []
    if type(value) is not list:
        from kbuild.documents.gojson import json_kind

        raise PatchError(f"json: cannot unmarshal {json_kind(value)} into Go value of type jsonpatch.Patch")
    for item in value:
        if item is not None and type(item) is not dict:
            from kbuild.documents.gojson import json_kind

            raise PatchError(f"json: cannot unmarshal {json_kind(item)} into Go value of type jsonpatch.Operation")
    return [item or {} for item in value]


def json_reason(error: ValueError, text: str) -> str:
    """Why a text is no JSON, as Go says it."""
    at = getattr(error, "pos", 0)
    if at >= len(text.rstrip()):
        return "unexpected end of JSON input"
    shown = text[at]
    return f"invalid character '{shown}' looking for beginning of value"


def apply(document: Json, operations: list[dict[str, Any]]) -> Json:
    """The document with all operations applied, in order. Mutates: `document`. Raises: PatchError."""
    for operation in operations:
        document = _Step(document, operation).run()
    return document


class _Step:
    """One operation on one document."""

    __slots__ = ("document", "operation")

    def __init__(self, document: Json, operation: dict[str, Any]) -> None:
        self.document, self.operation = document, operation

    def run(self) -> Json:
        """Apply the operation; returns the document. Raises: PatchError."""
        kind = self.operation.get("op")
        kind = kind if isinstance(kind, str) else "unknown"
        step = {
            "add": self.add, "remove": self.remove, "replace": self.replace, "move": self.move, "copy": self.copy,
            "test": self.test,
        }.get(kind)  # fmt: skip
        if step is None:
            raise PatchError(f"Unexpected kind: {kind}")
        return step()

    def path(self, kind: str, name: str = "path") -> str:
        """A pointer of the operation. Raises: PatchError, when it is missing."""
        value = self.operation.get(name)
        if not isinstance(value, str):
            word = "path" if name == "path" else "from"
            raise PatchError(f"{kind} operation failed to decode {word}: {MISSING}")
        return value

    def value(self) -> Json:
        """A copy of the operation's value; nothing counts as null."""
        return copy(self.operation.get("value"))

    def add(self) -> Json:
        """Add or insert. Raises: PatchError."""
        path = self.path("add")
        if path == "":
            return self.value()
        holder, key = find(self.document, path)
        if holder is NOTHING:
            raise PatchError(f'add operation does not apply: doc is missing path: "{path}": {MISSING}')
        try:
            insert(holder, key, self.value())
        except PatchError as error:
            raise error.within(f"error in add for path: '{path}'") from None
        return self.document

    def remove(self) -> Json:
        """Remove. Raises: PatchError."""
        path = self.path("remove")
        holder, key = find(self.document, path)
        if holder is NOTHING:
            raise PatchError(f'remove operation does not apply: doc is missing path: "{path}": {MISSING}')
        try:
            delete(holder, key)
        except PatchError as error:
            raise error.within(f"error in remove for path: '{path}'") from None
        return self.document

    def replace(self) -> Json:
        """Replace; a missing key of a map is added. Raises: PatchError."""
        path = self.path("replace")
        if path == "":
            return self.value()
        holder, key = find(self.document, path)
        if holder is NOTHING:
            raise PatchError(f"replace operation does not apply: doc is missing path: {path}: {MISSING}")
        if get(holder, key) is NOTHING and type(holder) is list:
            raise PatchError(f"replace operation does not apply: doc is missing key: {path}: {MISSING}")
        try:
            put(holder, key, self.value())
        except PatchError as error:
            raise error.within(f"error in replace for path: '{path}'") from None
        return self.document

    def move(self) -> Json:
        """Move. Raises: PatchError."""
        source = self.path("move", "from")
        holder, key = find(self.document, source)
        if holder is NOTHING:
            raise PatchError(f"move operation does not apply: doc is missing from path: {source}: {MISSING}")
        value = get(holder, key)
        try:
            delete(holder, key)
        except PatchError as error:
            raise error.within(f"error in move for path: '{key}'") from None
        path = self.path("move")
        holder, key = find(self.document, path)
        if holder is NOTHING:
            raise PatchError(f"move operation does not apply: doc is missing destination path: {path}: {MISSING}")
        try:
            insert(holder, key, None if value is NOTHING else value)
        except PatchError as error:
            raise error.within(f"error in move for path: '{path}'") from None
        return self.document

    def copy(self) -> Json:
        """Copy; a missing key of a map is copied as null. Raises: PatchError."""
        source = self.path("copy", "from")
        holder, key = find(self.document, source)
        if holder is NOTHING:
            raise PatchError(f"copy operation does not apply: doc is missing from path: {source}: {MISSING}")
        value = get(holder, key)
        if value is NOTHING and type(holder) is list:
            raise PatchError(f"error in copy for from: '{key}': Unable to access invalid index: {key}: {_NO_INDEX}")
        path = self.path("copy")
        holder, key = find(self.document, path)
        if holder is NOTHING:
            raise PatchError(f"copy operation does not apply: doc is missing destination path: {path}: {MISSING}")
        try:
            insert(holder, key, None if value is NOTHING else copy(value))
        except PatchError as error:
            raise error.within(f"error while adding value during copy: '{path}'") from None
        return self.document

    def test(self) -> Json:
        """Compare. Raises: PatchError, when the values differ."""
        path = self.path("test")
        wanted = self.operation.get("value")
        if path == "":
            found: Json = self.document
        else:
            holder, key = find(self.document, path)
            if holder is NOTHING:
                raise PatchError(f"test operation does not apply: is missing path: {path}: {MISSING}")
            found = get(holder, key)
            if found is NOTHING:
                if type(holder) is list:
                    raise PatchError(f"error in test for path: '{path}': {_NO_INDEX}")
                found = None
        if not equal(found, wanted):
            raise PatchError(f"testing value {path} failed: test failed")
        return self.document


def copy(value: Json) -> Json:
    """A deep copy of a JSON value."""
    if type(value) is dict:
        return {key: copy(item) for key, item in value.items()}
    if type(value) is list:
        return [copy(item) for item in value]
    return value


def equal(left: Json, right: Json) -> bool:
    """Whether two JSON values are the same; true is not 1."""
    if type(left) is dict and type(right) is dict:
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if type(left) is list and type(right) is list:
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    if type(left) is bool or type(right) is bool:
        return left is right
    return bool(left == right)


def find(document: Json, path: str) -> tuple[Any, str]:
    """The map or list that holds a path's last part, and that part; (NOTHING, part) when there is none."""
    parts = path.split("/")
    if len(parts) < 2:
        return NOTHING, ""
    holder = document
    for part in parts[1:-1]:
        holder = get(holder, decode(part))
        if type(holder) is not dict and type(holder) is not list:
            return NOTHING, decode(parts[-1])
    if type(holder) is not dict and type(holder) is not list:
        return NOTHING, decode(parts[-1])
    return holder, decode(parts[-1])


def decode(part: str) -> str:
    """A pointer's part without its escapes."""
    return part.replace("~1", "/").replace("~0", "~")


def get(holder: Any, key: str) -> Json:
    """The value of a key or index, NOTHING when it is not there."""
    if type(holder) is dict:
        return holder.get(key, NOTHING)
    index = as_index(key)
    if index is None:
        return NOTHING
    if index < 0:
        index += len(holder)
    return holder[index] if 0 <= index < len(holder) else NOTHING


def as_index(key: str) -> int | None:
    """The number that a list's key is, None for another text."""
    digits = key[1:] if key[:1] in ("-", "+") else key
    return int(key) if digits.isascii() and digits.isdigit() else None


def _index(key: str) -> int:
    index = as_index(key)
    if index is None:
        raise PatchError(f'strconv.Atoi: parsing "{key}": invalid syntax')
    return index


def put(holder: Any, key: str, value: Json) -> None:
    """Set a key or an existing index. Mutates: `holder`. Raises: PatchError."""
    if type(holder) is dict:
        holder[key] = value
        return
    index = _index(key)
    if index < 0:
        if index < -len(holder):
            raise PatchError(f"Unable to access invalid index: {index}: {_NO_INDEX}")
        index += len(holder)
    holder[index] = value


def insert(holder: Any, key: str, value: Json) -> None:
    """Set a key, or insert at an index (`-` appends). Mutates: `holder`. Raises: PatchError."""
    if type(holder) is dict:
        holder[key] = value
        return
    if key == "-":
        holder.append(value)
        return
    try:
        index = _index(key)
    except PatchError as error:
        raise error.within(f"value was not a proper array index: '{key}'") from None
    size = len(holder) + 1
    if index >= size or index < -size:
        raise PatchError(f"Unable to access invalid index: {index}: {_NO_INDEX}")
    holder.insert(index + size if index < 0 else index, value)


def delete(holder: Any, key: str) -> None:
    """Remove a key or index. Mutates: `holder`. Raises: PatchError."""
    if type(holder) is dict:
        if key not in holder:
            raise PatchError(f"Unable to remove nonexistent key: {key}: {MISSING}")
        del holder[key]
        return
    index = _index(key)
    if index >= len(holder) or index < -len(holder):
        raise PatchError(f"Unable to access invalid index: {index}: {_NO_INDEX}")
    del holder[index]
