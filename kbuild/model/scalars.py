"""What a body is made of: dict, list and scalars that remember just enough of their source.

A body is `dict` (keys: `str`, rarely `OddKey`), `list` and scalars. The final layout never depends on the
source's style, but three facts of a scalar do survive: its resolved type, whether it was quoted, and its source
text. A plain Python value stands for the common case, in which all three follow from the value:

    str             plain scalar that is a string (its text may look like a number after a tagged write)
    Quoted (a str)  string that was quoted, or a literal or folded block
    int             plain scalar whose text is `str(value)`
    float           plain scalar whose text is `repr(value)` and resolves to that float
    True, False     plain `true`, `false`
    None            plain `null`
    Scalar          everything else: `~`, empty, `0777`, `True`, `1e3`, dates, explicit tags, failed conversions

Decision record: docs/adr/0001-scalars-keep-type-text-and-quoting.md.
Source: kyaml v0.21.1 `yaml.Node` (Value, Tag, Style), as far as `kustomize build` lets it show.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Json: TypeAlias = Any
    Body: TypeAlias = dict[Any, Any]

STR, INT, FLOAT, BOOL, NULL = "!!str", "!!int", "!!float", "!!bool", "!!null"
TIMESTAMP, BINARY, MERGE = "!!timestamp", "!!binary", "!!merge"
# What a step wrote without a tag: its text alone says what it is, and no step takes a null of that kind for one.
UNTAGGED = ""


class Quoted(str):
    """A string whose source scalar was single-quoted, double-quoted or a block scalar. Equal to the same `str`.

    `is_folded` is set, to true, where that was a folded block, and nowhere else: another text in its place is folded, too.
    `is_single` is set in the same way for single quotes, which nothing but an error's text shows, `is_tagged` where the source
    wrote the tag: what is merged into its place keeps its own. `tag` is set where a merge put something of another tag into
    quotes, which make it a string until another text comes into its place.
    """

    __slots__ = ("is_folded", "is_single", "is_tagged", "tag")
    is_folded: bool
    is_single: bool
    is_tagged: bool
    tag: str


class Scalar:
    """A scalar that no plain Python value stands for: source text, short tag (`!!int` …, or UNTAGGED) and the quoted bit.

    Compared and hashed by identity's content: text, tag and quoting. `is_tagged` is set as that of `Quoted`.
    """

    __slots__ = ("is_tagged", "quoted", "tag", "text")
    is_tagged: bool

    def __init__(self, text: str, tag: str, quoted: bool = False) -> None:
        self.text, self.tag, self.quoted = text, tag, quoted

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is Scalar and self.text == other.text and self.tag == other.tag and self.quoted == other.quoted
        )

    def __hash__(self) -> int:
        return hash((self.text, self.tag, self.quoted))

    def __repr__(self) -> str:
        return f"Scalar({self.text!r}, {self.tag!r}{', quoted=True' if self.quoted else ''})"


class OddKey:
    """A mapping key that is not an ordinary string: a number, a null, a second use of the same text.

    Hashed by identity, so that no look-up by text ever finds it and a duplicate key keeps both entries in source
    order (look-ups see the first one, as in the reference). Printing such a body fails or converts, as the reference does.
    `duplicate` is true where the same text stood before in the same map; `value` is a map or list as key, and its line;
    `quoted` is true for an empty text in quotes that a tag makes a null. `shift` is how many lines further down than in a text
    without comments and flow collections a duplicate and the first use of its text stand in the reference's text, and `lines`
    the 1-based ones on which both stand in the source. `untagged` says that a step wrote it, without a tag.
    """

    __slots__ = ("duplicate", "lines", "quoted", "shift", "tag", "text", "untagged", "value")

    def __init__(self, text: str, tag: str, duplicate: bool = False, value: tuple[Json, int] | None = None) -> None:
        self.text, self.tag, self.duplicate, self.value = text, tag, duplicate, value
        self.quoted, self.shift, self.lines, self.untagged = False, (0, 0), (0, 0), False

    def __repr__(self) -> str:
        return f"OddKey({self.text!r}, {self.tag!r}{', duplicate=True' if self.duplicate else ''})"


def text_of(value: Json) -> str:
    """The source text of a scalar; `""` for a map or list (the reference's node value)."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is Quoted:
        return str(value)
    if kind is Scalar:
        return value.text  # type: ignore[no-any-return]
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if kind is int:
        return str(value)
    if kind is float:
        return repr(value)
    return ""


def known_text(value: Json) -> str:
    """The text of a scalar that says something; `""` for a null, too."""
    return value if type(value) is str else "" if is_null(value) else text_of(value)


_TAGS = {str: STR, Quoted: STR, int: INT, float: FLOAT, bool: BOOL, type(None): NULL, dict: "!!map", list: "!!seq"}


def tag_of(value: Json) -> str:
    """The short tag of a value: `!!str`, `!!int`, …, `!!map`, `!!seq`; UNTAGGED for what was written without one."""
    tag = _TAGS.get(type(value))
    return value.tag if tag is None else tag


def kept_tag(value: Json) -> str:
    """The short tag that a scalar keeps under another text."""
    return value.tag if hasattr(value, "tag") else tag_of(value)


def is_quoted(value: Json) -> bool:
    """Whether the scalar was quoted or a block scalar in its source."""
    kind = type(value)
    return kind is Quoted or (kind is Scalar and value.quoted)


def single(text: str) -> Quoted:
    """A string in single quotes."""
    found = Quoted(text)
    found.is_single = True
    return found


def requoted(old: Json, text: str) -> Quoted:
    """A string in the quotes of the scalar that it replaces."""
    found = single(text) if is_single(old) else Quoted(text)
    if is_tagged(old):
        found.is_tagged = True
    return found


def with_tag(text: str, tag: str) -> Json:
    """A scalar in quotes behind a tag."""
    found = Quoted(text) if tag == STR else Scalar(text, tag, True)
    found.is_tagged = True
    return found


def is_tagged(value: Json) -> bool:
    """Whether a quoted scalar has its tag written before it."""
    return hasattr(value, "is_tagged")


def is_single(value: Json) -> bool:
    """Whether a scalar stood in single quotes."""
    return type(value) is Quoted and hasattr(value, "is_single")


def is_null(value: Json) -> bool:
    """Whether a value is null in any spelling (`null`, `~`, empty …)."""
    return value is None or (type(value) is Scalar and value.tag == NULL)


def key_text(key: str | OddKey) -> str:
    """The text of a mapping key."""
    return key.text if type(key) is OddKey else key  # type: ignore[return-value]


def copy_body(value: Json) -> Json:
    """A deep copy of maps and lists; scalars are immutable and shared.

    `OddKey` objects are shared too: nothing writes to them.
    """
    kind = type(value)
    if kind is dict:
        return {
            key: (item if type(item) is not dict and type(item) is not list else copy_body(item))
            for key, item in value.items()
        }
    if kind is list:
        return [item if type(item) is not dict and type(item) is not list else copy_body(item) for item in value]
    return value
