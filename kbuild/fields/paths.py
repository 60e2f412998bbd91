"""Field paths of replacements and vars: `spec.containers.[name=app].env.0.value`.

A place is (holder, key): the map or list that holds a field, and its key or index there.
Source: kyaml v0.21.1 `PathGetter`, `PathMatcher`, `utils.SmarterPathSplitter`.
"""

from __future__ import annotations

from kbuild.documents import resolve
from kbuild.documents.resolve import ABSENT, untagged
from kbuild.fields.spec import as_number, is_index, is_list_index, split_path
from kbuild.fields.walk import CREATED, wrong_kind
from kbuild.model.errors import CrashError, FieldError
from kbuild.model.scalars import OddKey, Quoted, is_null, is_single, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.model.scalars import Json

    Place = tuple[Any, Any]

MISSING = object()
SCALAR, MAP, LIST = "scalar", "map", "list"


def smart_split(path: str) -> list[str]:
    r"""The parts of a dotted path; `\.` keeps a dot, brackets keep theirs and vanish where they hold no `=`."""
    result: list[str] = []
    pending: list[str] = []
    for part in split_path(path, "."):
        if pending:
            pending.append(part)
        elif part.startswith("[") and not part.endswith("]"):
            pending = [part]
            continue
        else:
            result.append(part)
            continue
        if part.endswith("]"):
            result.append(_bracketed(pending))
            pending = []
    if pending:
        result.append(_bracketed(pending))
    return result


def _bracketed(parts: list[str]) -> str:
    joined = ".".join(parts)
    return joined if "=" in joined else joined.strip("[]")


def split_index(part: str) -> tuple[str, str]:
    """(key, value) of `[key=value]`; the key is empty for plain values. Raises: FieldError."""
    key, equals, value = part.removesuffix("]").removeprefix("[").partition("=")
    if not equals:
        raise FieldError("list path element must contain fieldName=fieldValue for element to match")
    return key, value


def lookup(body: Json, parts: list[str]) -> Json:
    """The value at a path, MISSING when it is not there. Raises: FieldError, for values of wrong shapes."""
    place = find_place(body, parts)
    if place is None:
        return MISSING
    return place[0][place[1]]


def find_place(body: Json, parts: list[str]) -> Place | None:
    """Where the value at a path is, None when it is not there. Raises: FieldError."""
    holder: Any = {"": body}
    key: Any = ""
    for part in (part.strip() for part in parts):
        if not part:
            continue
        value = holder[key]
        if is_null(value):
            return None
        found = step(value, part)
        if found is MISSING:
            return None
        holder, key = value, found
    return holder, key


def find_or_make(body: Json, parts: list[str]) -> Place | None:
    """Where the scalar at a path is; what is missing on the way is made, the scalar itself as ABSENT.

    None where the way leads into a null or to an element that is not there.
    Mutates: the body. Raises: FieldError, for values of wrong shapes; CrashError, for the last element of an empty list.
    """
    holder: Any = {"": body}
    key: Any = ""
    names = [part for part in map(str.strip, parts) if part]
    for at, part in enumerate(names):
        value = holder[key]
        if is_null(value):
            if part == "-":
                raise CrashError("runtime error: index out of range [-1]")
            return None
        found = step(value, part)
        if found is MISSING:
            if part == "-":
                raise CrashError("runtime error: index out of range [-1]")
            if not is_index(part):
                found = key_in(value, part)
                if found not in value:
                    value[found] = _made(names[at + 1] if at + 1 < len(names) else None)
            elif is_list_index(part):
                name, text = split_index(part)
                found = len(value)
                value.append({name: untagged(text)} if name else untagged(text))
            else:
                return None
        holder, key = value, found
    return holder, key


def key_in(value: dict[Any, Any], name: str) -> Any:
    """The key of a field in a map, or the one that it gets: a name that reads as no text is no text as a key either.

    Raises: FieldError, for a name that means something else in a path.
    """
    found = step(value, name)
    return resolve.key(name) if found is MISSING else found


def _made(following: str | None) -> Any:
    """What is made for a field: a list before an index, nothing yet as the last one, else a map."""
    if following is None:
        return ABSENT
    number = as_number(following)
    return [] if is_list_index(following) or (number is not None and number >= 0) else {}


def step(value: Json, part: str) -> Any:
    """The key or index that a part means in a value, MISSING for none. Raises: FieldError."""
    number = as_number(part)
    if number is not None or part == "-":
        if number is not None and number < 0:
            raise FieldError(f"array index {number} cannot be negative")
        if type(value) is not list:
            raise wrong_kind("SequenceNode", value)
        index = len(value) - 1 if number is None else number
        return index if 0 <= index < len(value) else MISSING
    if part == "*":
        raise FieldError("wildcard is not supported in PathGetter")
    if is_list_index(part):
        return _element(value, *split_index(part))
    if type(value) is not dict:
        raise wrong_kind("MappingNode", value)
    return own_key(value, part)


def own_key(value: dict[Any, Any], name: str) -> Any:
    """The key of a map that has the text of a name, whether it is a text or reads as none; MISSING for none."""
    if name in value:
        return name
    return next((key for key in value if type(key) is OddKey and key.text == name), MISSING)


def _element(value: Json, key: str, text: str) -> Any:
    if type(value) is not list:
        raise wrong_kind("SequenceNode", value)
    for at, item in enumerate(value):
        if not key:
            if text_of(item) == text:
                return at
        elif type(item) is dict and key in item and text_of(item[key]) == text:
            return at
    return MISSING


def match(body: Json, parts: list[str], create: str = "") -> list[Place]:
    """All places that a target path means; with `create` (the kind to make) missing parts are made.

    Mutates: the body, when creating. Raises: FieldError.
    """
    return Matcher(create).match({"": body}, "", parts)


class Matcher:
    """One path being matched. `create` is the kind of the last field to make, `""` for none."""

    __slots__ = ("create",)

    def __init__(self, create: str) -> None:
        self.create = create

    def match(self, holder: Any, key: Any, parts: list[str]) -> list[Place]:
        """The places below one. Mutates: when creating. Raises: FieldError."""
        if not parts:
            return [(holder, key)]
        part, value = parts[0], holder[key]
        number = as_number(part)
        if number is not None and number >= 0:
            return self.index(value, number, parts)
        if is_list_index(part):
            return self.elements(value, parts)
        if part == "*":
            return [place for at in range(len(_list(value))) for place in self.match(value, at, parts[1:])]
        return self.field(holder, key, parts)

    def field(self, holder: Any, key: Any, parts: list[str]) -> list[Place]:
        """A named field. Raises: FieldError."""
        value, part, rest = holder[key], parts[0], parts[1:]
        if not part:
            # An empty part, as in `spec.`, is the value itself, if that is an empty scalar.
            if type(value) is dict or type(value) is list:
                raise wrong_kind("ScalarNode", value)
            return [] if is_null(value) or text_of(value) else self.match(holder, key, rest)
        if is_null(value):
            if not self.create:
                return []
            raise wrong_kind("MappingNode", value)
        if type(value) is not dict:
            raise wrong_kind("MappingNode", value)
        found = own_key(value, part)
        if found is MISSING:
            if not self.create:
                return []
            found = resolve.key(part)
            value[found] = self.made(rest)
        inner = value[found]
        if rest and type(inner) is not dict and type(inner) is not list and inner is not CREATED:
            return self.inside_text(inner, rest)
        return self.match(value, found, rest)

    def inside_text(self, value: Json, rest: list[str]) -> list[Place]:
        """Places inside a structured text; they belong to a copy that is thrown away. Raises: FieldError."""
        from kbuild.fields.structured import holds_nothing, parse

        text = text_of(value)
        if holds_nothing(text):
            # The reference has a node of no kind here.
            is_element = is_list_index(rest[0])
            if is_element:
                split_index(rest[0])
            is_list = rest[0] == "*" or is_element or as_number(rest[0]) is not None
            expected = "SequenceNode" if is_list else "MappingNode" if rest[0] else "ScalarNode"
            raise FieldError(f"wrong node kind: expected {expected} but got : node contents:\nnull\n")
        inner = parse(text)
        if is_null(inner) and self.create and rest[0] != "*":
            for part in filter(is_list_index, rest):
                split_index(part)
            return [({"": CREATED}, "")]
        try:
            return self.match({"": inner}, "", rest)
        except FieldError as error:
            if error.shown is not None:
                from kbuild.documents.as_written import as_written

                # What is shown stands in the text, and not in the file.
                error.reason, error.shown = as_written(error.reason, error.shown, [text]), None
            raise

    def made(self, rest: list[str]) -> Any:
        """A new value of the kind that the following part needs."""
        following = rest[0] if rest else ""
        number = as_number(following)
        if is_list_index(following) or (number is not None and number >= 0):
            return []
        if following:
            return {}
        return {SCALAR: CREATED, MAP: {}, LIST: []}[self.create]

    def index(self, value: Json, number: int, parts: list[str]) -> list[Place]:
        """An element by its position. Raises: FieldError."""
        items = _list(value)
        if number == len(items) and self.create:
            items.append(self.made(parts[1:]))
        if number >= len(items):
            raise FieldError(f"index {number} specified but only {len(items)} elements found")
        return self.match(items, number, parts[1:])

    def elements(self, value: Json, parts: list[str]) -> list[Place]:
        """The elements whose field (or which themselves) match an expression. Raises: FieldError."""
        key, pattern = split_index(parts[0])
        items = _list(value)
        matches = expression(pattern)
        found: list[Place] = []
        for at, item in enumerate(items):
            if not key:
                if fits(item, matches):
                    found.append((items, at))
            elif type(item) is dict and key in item and fits(item[key], matches):
                found += self.match(items, at, parts[1:])
        if found or not self.create:
            return found
        from kbuild.documents.resolve import untagged

        items.append({key: untagged(pattern)} if key else untagged(pattern))
        return self.elements(value, parts) if matches(pattern) else []


def _list(value: Json) -> list[Any]:
    if is_null(value):
        return []
    if type(value) is not list:
        raise wrong_kind("SequenceNode", value)
    return value


def fits(value: Json, matches: Callable[[str], Any]) -> bool:
    """Whether a value's YAML text, quotes included, matches an expression."""
    if type(value) is Quoted and "\n" not in value:
        from kbuild.documents.scalar_style import DOUBLE, SINGLE, has_special, one_line

        stays_single = is_single(value) and not has_special(value)
        return bool(matches(one_line(value, SINGLE if stays_single else DOUBLE)))
    return bool(matches(shown(value)))


def shown(value: Json) -> str:
    """A value as the reference compares it: its YAML text."""
    is_text = isinstance(value, str)
    if is_text and "\n" not in value:
        return str(value)
    if is_text or type(value) is dict or type(value) is list:
        from kbuild.documents.v3text import dumps

        return dumps(value).strip()
    return text_of(value)


def expression(pattern: str) -> Any:
    """A test whether an expression is found anywhere in a text. Raises: ConfigurationError."""
    if not any(char in pattern for char in "\\.+*?()[]{}^$|"):
        return lambda text: pattern in text
    from kbuild.fields.regexp import require

    return require(pattern).search


__all__ = ["LIST", "MAP", "MISSING", "SCALAR", "find_place", "lookup", "match", "smart_split"]
