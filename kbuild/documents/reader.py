"""Text to bodies: the kustomize way of splitting, and a line-based reader for the block YAML that manifests are made of.

Every line is classified once per render (`Memo`); a builder then follows the indentation. Whatever is unusual (anchors,
tags, directives, flow over several lines, anything that smells of an error) declines, and the whole chunk goes to the
full parser: the fast path never guesses. Decision: docs/adr/0002-line-based-reader.md.
Source: kyaml v0.21.1 `ByteReader`; go.yaml.in/yaml v3.0.3 scanner and parser.
"""

from __future__ import annotations

from kbuild.documents import resolve
from kbuild.documents.lines import (
    BLANK,
    BLOCK,
    DASH,
    DASH_BLOCK,
    DASH_EMPTY,
    DASH_FLOW,
    DASH_SCALAR,
    END,
    KEY,
    KEY_FLOW,
    KEY_SCALAR,
    ODD,
    TEXT,
    TEXT_FLOW,
    Declined,
    classify,
    fold_plain,
)  # fmt: skip
from kbuild.model.errors import ResourceError, YamlError
from kbuild.model.scalars import Quoted, is_null, single

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.documents.lines import Line
    from kbuild.documents.trace import Trace
    from kbuild.model.scalars import Json

# What the fast path takes besides printable ASCII: line breaks. Tabs decline line by line.
_ALLOWED = bytes([9, 10, *range(32, 127)])


class Memo:
    """The tables of one render (or of one text): classified lines by line, for resources and for configurations.

    `trace` is set where a failed build runs again; `is_patch` says that what is read is no resource of the build.
    """

    __slots__ = ("config", "is_patch", "resources", "trace")

    def __init__(self, trace: Trace | None = None, *, is_patch: bool = False) -> None:
        self.resources = Typing()
        self.config: Typing | None = None
        self.trace, self.is_patch = trace, is_patch


class Typing:
    """How lines are typed, and the tables of lines, of what stands before a colon and of flat flow collections already read.

    Shape: `heads` has indentation and key by the text of a line before its first `: `; `plain(text)` types a plain scalar, `quoted(text)` a quoted one, `single(text)` one in single quotes, `folded(text)` a folded block, `key(text)` a plain key (Declined for what only the
    full parser can say); `null` is the value of nothing, `flow_null` that in a flow map; `last_wins` drops earlier duplicates of a key.
    """

    __slots__ = (
        "flow_null", "flows", "folded", "heads", "key", "last_wins", "lines", "null", "plain", "quoted", "single",
    )  # fmt: skip

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.heads: dict[str, tuple[int, Any]] = {}
        self.flows: dict[str, Any] = {}
        self.plain: Any = resolve.plain
        self.quoted: Any = Quoted
        self.single: Any = single
        self.folded: Any = resolve.folded
        self.key: Any = string_key
        self.null: Json = resolve.EMPTY
        self.flow_null: Json = resolve.FLOW_EMPTY
        self.last_wins = False


def string_key(text: str) -> str:
    """A plain key that is a string. Raises: Declined, for one that reads as something else."""
    if type(resolve.plain(text)) is str:
        return text
    raise Declined


def read_documents(data: str | bytes, memo: Memo, counters: Counters) -> list[tuple[Json, int]]:
    """The documents of a resource or patch file: `(body, line)`, empty and null ones skipped.

    Units: `line` is the 1-based line of the file at which the document's chunk starts.
    Raises: YamlError, whose reason has the line inside the chunk as the reference prints it and whose position has the
    line in the file; ResourceError, for text behind a `---`.
    """
    counters.parses += 1
    is_plain = False
    if type(data) is bytes:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return _read_wide(data)
        is_plain = not data.translate(None, _ALLOWED)
    else:
        assert type(data) is str
        text = data
    if not is_plain and "\r\n" in text:
        text = text.replace("\r\n", "\n")
    result = []
    late: ResourceError | None = None
    for chunk, line in split(text):
        try:
            body = read_chunk(chunk, memo, counters, is_plain=is_plain)
        except YamlError as error:
            error.position = type(error.position)("", line + max(error.line, 1) - 1, error.column)
            raise
        except ResourceError as error:
            # Anchors are expanded after the last document was parsed.
            late = late or error
            continue
        if body is not None and not is_null(body):
            result.append((body, line))
    if late is not None:
        raise late
    return result


def _read_wide(data: bytes) -> list[tuple[Json, int]]:
    """The first document of UTF-16: no line is seen to separate it from others. Raises: YamlError, for what is neither that nor UTF-8."""
    from kbuild.documents.compose import NOTHING, compose, undecodable
    from kbuild.documents.encodings import wide_text

    text = wide_text(data)
    if text is None:
        raise undecodable(data)
    body = compose(text)
    return [] if body is NOTHING or is_null(body) else [(body, 1)]


def split(text: str) -> list[tuple[str, int]]:
    """The chunks between separator lines, each with its first line's number.

    Raises: ResourceError, where something else than a comment follows `---`.
    """
    if "\n---" not in text:
        return [(text, 1)]
    chunks = []
    start, line = 0, 1
    at = text.find("\n---")
    while at >= 0:
        end = text.find("\n", at + 4)
        if end < 0:
            break
        rest = text[at + 4 : end].strip()
        if rest and rest[0] != "#":
            number = line + text.count("\n", start, at) + 1
            error = ResourceError(f"invalid document separator: {text[at + 1 : end].strip()}")
            error.position = type(error.position)("", number, 1)
            raise error
        chunks.append((text[start:at] + "\n", line))
        line += text.count("\n", start, end + 1)
        start = end + 1
        at = text.find("\n---", start)
    chunks.append((text[start:], line))
    return chunks


def read_chunk(chunk: str, memo: Memo, counters: Counters, *, is_plain: bool = False) -> Json:
    """The first document of a chunk, None when there is none; `is_plain` is that of `build`. Raises: YamlError."""
    if memo.trace is not None:
        return memo.trace.read(chunk, is_patch=memo.is_patch)
    try:
        return build(chunk, memo.resources, is_plain=is_plain)
    except Declined:
        pass
    counters.fallbacks += 1
    from kbuild.documents import compose

    body = compose.compose(chunk)
    return None if body is compose.NOTHING else body


def build(chunk: str, typing: Typing, *, is_plain: bool = False) -> Json:
    """The document of a chunk by the fast path; `is_plain` says that it is known to hold nothing but printable ASCII.

    Raises: Declined, when the full parser must read it.
    """
    if not is_plain:
        check_characters(chunk)
    lines = chunk.split("\n")
    ends_open = bool(lines[-1])
    if not ends_open:
        lines.pop()
    try:
        return Builder(lines, typing, ends_open=ends_open).document()
    except RecursionError:
        raise Declined from None


def check_characters(chunk: str) -> None:
    """Raise Declined for control characters and for Unicode that the parser treats specially."""
    if chunk.isascii():
        rest = chunk.encode("ascii").translate(None, _ALLOWED)
        if rest:
            raise Declined
        return
    rest = chunk.encode("utf-8", "surrogatepass").translate(None, _ALLOWED)
    for char in set(rest.decode("utf-8", "surrogatepass")):
        code = ord(char)
        if code < 0xA0 or code in (0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF) or 0xD800 <= code < 0xE000:
            raise Declined


class Builder:
    """Follows the indentation of classified lines and builds maps and lists.

    Shape: `entries` are the classifications of `lines`, None for one that was not looked at yet, and at the end one that ends
    every collection. Each method takes the index of the line to start at and returns a value and the index of the first
    line behind it.
    """

    __slots__ = ("ends_open", "entries", "known", "lines", "typing")

    def __init__(self, lines: list[str], typing: Typing, *, ends_open: bool) -> None:
        self.lines, self.typing, self.ends_open = lines, typing, ends_open
        self.known = typing.lines
        self.entries: list[Line | None] = [*map(typing.lines.get, lines), END]

    def line(self, at: int) -> Line:
        """The classification of a line."""
        found = self.entries[at]
        if found is None:
            text = self.lines[at]
            found = self.known.get(text)
            if found is None:
                found = self.known[text] = classify(text, self.typing)
            self.entries[at] = found
        return found

    def next_content(self, at: int) -> int:
        """The index of the next line with content, or the number of lines."""
        entries = self.entries
        while (entries[at] or self.line(at))[1] == BLANK:
            at += 1
        return at

    def document(self) -> Json:
        """The whole chunk. Raises: Declined."""
        at = self.next_content(0)
        if at == 0 and self.lines and self.lines[0].rstrip(" ") == "---":
            at = self.next_content(1)
        if at == len(self.lines):
            return None
        indent, kind = self.line(at)[:2]
        value: Json
        if kind < DASH:
            value, at = self.map(at, indent)
        elif kind < TEXT:
            value, at = self.list(at, indent)
        elif kind == TEXT_FLOW:
            value, at = self.node(at, -1)
        else:
            raise Declined
        if self.next_content(at) != len(self.lines):
            raise Declined
        return value

    def map(self, at: int, indent: int) -> tuple[dict[Any, Any], int]:
        """A map whose keys stand at the indentation. Raises: Declined."""
        result: dict[Any, Any] = {}
        entries, typing = self.entries, self.typing
        plain_at, plain_text, plain_key = 0, None, None
        while True:
            here, kind, key, value, raw = entries[at] or self.line(at)
            if here != indent:
                if kind == BLANK:
                    at += 1
                    continue
                if here < indent:
                    break
                if plain_text is None:
                    raise Declined
                joined, at = fold_plain(self.lines, plain_at + 1, plain_text, indent)
                result[plain_key] = typing.plain(joined)
                plain_text = None
                continue
            if kind == KEY_SCALAR:
                plain_at, plain_text, plain_key = at, raw, key
                at += 1
            elif kind == KEY:
                plain_text = None
                at += 1
                below = entries[at]
                if below is not None and below[0] > indent and below[1] < DASH:
                    value, at = self.map(at, below[0])
                else:
                    value, at = self.below(at, indent, allow_list=True)
            elif kind < DASH:
                plain_text = None
                value, at = self.other(kind, at, value, indent)
            else:
                raise Declined
            if key in result and not typing.last_wins:
                # An error will name the lines of both, which takes comments and styles.
                raise Declined
            result[key] = value
        return result, at

    def list(self, at: int, indent: int) -> tuple[list[Any], int]:
        """A list whose dashes stand at the indentation. Raises: Declined."""
        result: list[Any] = []
        lines, entries = self.lines, self.entries
        plain_at, plain_text = 0, None
        while True:
            here, kind, inner, value, raw = entries[at] or self.line(at)
            if here != indent:
                if kind == BLANK:
                    at += 1
                    continue
                if here < indent:
                    break
                if plain_text is None:
                    raise Declined
                joined, at = fold_plain(lines, plain_at + 1, plain_text, indent)
                result[-1] = self.typing.plain(joined)
                plain_text = None
                continue
            plain_text = None
            if kind == DASH:
                lines[at], entries[at] = value, inner
                if inner[1] < DASH:
                    value, at = self.map(at, inner[0])
                else:
                    value, at = self.node(at, indent)
            elif kind == DASH_SCALAR:
                plain_at, plain_text = at, raw
                at += 1
            elif kind == DASH_EMPTY:
                value, at = self.below(at + 1, indent, allow_list=False)
            elif DASH < kind < TEXT:
                value, at = self.other(kind, at, value, indent)
            else:
                break
            result.append(value)
        return result, at

    def node(self, at: int, indent: int) -> tuple[Json, int]:
        """What starts on a line behind a dash or below a key whose collection stands at `indent`. Raises: Declined."""
        here, kind, _, value, raw = self.line(at)
        if kind < DASH:
            return self.map(at, here)
        if kind < TEXT:
            return self.list(at, here)
        if kind != TEXT:
            return self.other(kind, at, value, indent)
        if raw is None:
            return value, at + 1
        joined, at = fold_plain(self.lines, at + 1, raw, indent)
        return (value if joined is raw else self.typing.plain(joined)), at

    def below(self, at: int, indent: int, *, allow_list: bool) -> tuple[Json, int]:
        """The value of a key or dash that ends its line: nested deeper, a list at the same indentation, or null."""
        at = self.next_content(at)
        here, kind, *_ = self.line(at)
        if DASH <= kind < TEXT and (here > indent or (here == indent and allow_list)):
            return self.list(at, here)
        if here > indent:
            return self.node(at, indent)
        return self.typing.null, at

    def other(self, kind: int, at: int, value: Any, indent: int) -> tuple[Json, int]:
        """Flow collections, block scalars and quoted scalars over several lines. Raises: Declined."""
        if kind in (KEY_FLOW, DASH_FLOW, TEXT_FLOW):
            if value == "{}":
                return {}, at + 1
            if value == "[]":
                return [], at + 1
            from kbuild.documents.flow import flow

            return flow(self.lines, at, value, self.typing, is_root=indent < 0)
        if kind == ODD:
            raise Declined
        from kbuild.documents.multiline import block_scalar, quoted_lines

        if kind in (BLOCK, DASH_BLOCK):
            text, at = block_scalar(self.lines, at + 1, value, indent, ends_open=self.ends_open)
            if value[0] == ">":
                if resolve.may_refold(text):
                    raise Declined
                return self.typing.folded(text), at
        else:
            text, at = quoted_lines(self.lines, at, value)
            if value[0] == "'":
                return self.typing.single(text), at
        return self.typing.quoted(text), at
