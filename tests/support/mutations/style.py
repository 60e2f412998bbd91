"""Changes of how things are written: styles, anchors, comments, marks, line ends, and damaged lines."""

from __future__ import annotations

from trees.mistakes import change_text

from mutations.content import chosen
from mutations.nodes import Collection, Mapping, Scalar, Sequence, places, read, scalar
from mutations.work import Work

COMMENTS = ("# a comment", "#", "  # deeper", "# - a: b", "#---", "# é", "\t# tab")
MARKS = ("---", "--- # x", "---   ", "...", "--- a", "----", "%YAML 1.1", "---\n---", "...\n---", "\n")
TRAILERS = ("  ", " # a comment", "\t", "#x", " #", ":", " :", "\x0b", "\u00a0")
DAMAGES = ("delete", "double", "deeper", "shallower", "tab", "cut", "join", "swap")


def quote(work: Work) -> None:
    """Some scalars in another style; plain ones may change what they are."""
    if found := chosen(work):
        held = [place for place in found[2] if isinstance(place.node, Scalar)]
        for place in work.choice.some(held, 1, 4):
            style = work.choice.one((None, "'", '"', "|", ">"))
            place.put(scalar(place.node.value, style))
        work.write(*found[:2])


def flow(work: Work) -> None:
    """Collections in flow style, or back in block style."""
    if found := chosen(work):
        held = [place.node for place in found[2] if isinstance(place.node, Collection)]
        for node in work.choice.some(held, 1, 3):
            node.flow_style = not node.flow_style
        work.write(*found[:2])


def alias(work: Work) -> None:
    """One value twice: an anchor and an alias."""
    if found := chosen(work):
        one, other = work.choice.one(found[2]), work.choice.one(found[2])
        if other.path[: len(one.path)] != one.path and one.path[: len(other.path)] != other.path:
            other.put(one.node)
            work.write(*found[:2])


def merge_key(work: Work) -> None:
    """A merge key for one map, or some, in another one."""
    if found := chosen(work):
        held = [place for place in found[2] if isinstance(place.node, Mapping)]
        if len(held) < 2:
            return
        one, other = work.choice.some(held, 2, 2)
        if other.path[: len(one.path)] == one.path or one.path[: len(other.path)] == other.path:
            return
        value = one.node
        if work.choice.chance(0.3):
            value = Sequence(
                "tag:yaml.org,2002:seq",
                [one.node, Mapping("tag:yaml.org,2002:map", [(scalar("zz"), scalar("1"))])],
                flow_style=True,
            )
        other.node.value.insert(work.choice.number(0, len(other.node.value)), (scalar("<<"), value))
        work.write(*found[:2])


def lines_of(work: Work) -> tuple[str, list[str]] | None:
    """(file, its lines)."""
    name = work.choice.one(work.texts() or [""]) if work.choice.chance(0.3) else work.text()
    if not name or not work.files[name].strip():
        return None
    return name, work.files[name].decode("utf-8", "surrogateescape").split("\n")


def store(work: Work, name: str, lines: list[str]) -> None:
    """Write lines. Mutates: the files."""
    work.files[name] = "\n".join(lines).encode("utf-8", "surrogateescape")


def comment(work: Work) -> None:
    """A comment, a mark or a blank line between lines."""
    if found := lines_of(work):
        name, lines = found
        for _ in range(work.choice.number(1, 3)):
            lines.insert(
                work.choice.number(0, len(lines)), work.choice.one(COMMENTS if work.choice.chance(0.6) else MARKS)
            )
        store(work, name, lines)


def trailer(work: Work) -> None:
    """Something at the end of a line."""
    if found := lines_of(work):
        name, lines = found
        for _ in range(work.choice.number(1, 3)):
            lines[work.choice.number(0, len(lines) - 1)] += work.choice.one(TRAILERS)
        store(work, name, lines)


def encode(work: Work) -> None:
    """Windows' line ends, a byte order mark, no last line end, or bytes that are no text."""
    if found := lines_of(work):
        name, content = found[0], work.files[found[0]]
        roll = work.choice.number(0, 5)
        at = work.choice.number(0, len(content))
        work.files[name] = (
            content.replace(b"\n", b"\r\n"),
            b"\xef\xbb\xbf" + content,
            content.rstrip(b"\n"),
            content.replace(b"\n", b"\r\n", work.choice.number(1, 5)),
            content[:at] + work.choice.one((b"\x00", b"\xff", b"\r", b"\xc2\x85", b"\xe2\x80\xa8", b"\x07")) + content[at:],
            content + work.choice.one((b"\n\n", b"...", b"---", b"---\n", b"\t", b"\n  ")),
        )[roll]  # fmt: skip


def damage(work: Work) -> None:
    """A line that is lost, doubled, moved or cut."""
    if not (found := lines_of(work)):
        return
    name, lines = found
    at, how = work.choice.number(0, len(lines) - 1), work.choice.one(DAMAGES)
    if how == "cut":
        text = "\n".join(lines)
        store(work, name, [text[: work.choice.number(0, len(text))]])
        return
    line, end = lines[at], lines[at + 1 : at + 2]
    changed = {
        "delete": [], "double": [line, line], "deeper": [" " * work.choice.number(1, 3) + line], "shallower": [line[2:] if line[:2] == "  " else line],
        "tab": ["\t" + line], "join": [line + "".join(end)], "swap": [*end, line],
    }[how]  # fmt: skip
    used = 2 if how in ("join", "swap") else 1
    store(work, name, [*lines[:at], *changed, *lines[at + used :]])


def block(work: Work) -> None:
    """A block of lines that is lost, doubled, moved or emptied."""
    name = work.text()
    if name is not None:
        work.files[name] = change_text(work.files[name], work.choice)


def relay(work: Work) -> None:
    """A file without its comments and layout, in another one."""
    name = work.text()
    documents = work.documents(name)
    if name is not None and documents is not None:
        work.write(name, documents)


def as_json(work: Work) -> None:
    """A file in flow style throughout, with quotes everywhere: JSON, but for its tags."""
    name = work.text()
    documents = read(work.files[name]) if name is not None else None
    if name is None or not documents or len(documents) > 1:
        return
    for place in places(documents[0]):
        if isinstance(place.node, Collection):
            place.node.flow_style = True
        elif place.node.tag == "tag:yaml.org,2002:str":
            place.node.style = '"'
    if isinstance(documents[0], Collection):
        documents[0].flow_style = True
    work.write(name, documents)


CHANGES = (quote, quote, flow, alias, merge_key, comment, trailer, encode, damage, damage, block, block, relay, as_json)
