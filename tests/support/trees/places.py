"""What only kbuild says of an error: places that have to be there, in files that have to be long enough."""

from __future__ import annotations

import re
from pathlib import Path

WORDS = ("asked for at", "first at", "at", "from", "onto")
PLACE = re.compile(rf"  ({'|'.join(WORDS)}) (.*?)(?::(\d+)(?::(\d+))?)?\Z")

BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")


def unfounded(status: int, output: bytes, notes: str, folder: Path) -> str:
    """The first thing wrong with what stands before an error, `""` for nothing.

    Every place is a file or folder as seen from `folder`; a line is one of the file, a column one of the line or the one
    behind it; a hint says something; nothing was printed.
    """
    if status and output:
        return "output beside an error"
    for line in notes.split("\n"):
        if line.startswith("  hint:") and not line.removeprefix("  hint:").strip():
            return "an empty hint"
        if found := PLACE.match(line):
            wrong = wrong_place(folder / found[2], int(found[3] or 0), int(found[4] or 0))
            if wrong:
                return f"{wrong}: {line.strip()}"
    return ""


def wrong_place(path: Path, line: int, column: int) -> str:
    """What is wrong with a place; 0 is no line or column."""
    if not path.exists():
        return "no such file"
    if not line:
        return ""
    if not path.is_file():
        return "a line of a folder"
    lines = lines_of(path.read_bytes())
    if line > len(lines):
        return f"only {len(lines)} lines"
    return f"only {len(lines[line - 1])} columns" if column > len(lines[line - 1]) + 1 else ""


def lines_of(content: bytes) -> list[str]:
    """The lines of a file as YAML counts them."""
    encoding = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}.get(content[:2], "utf-8")
    return BREAK.split(content.decode(encoding, "replace"))


def precision(status: int, notes: str) -> str:
    """How exactly an error says where it happened: `column`, `line`, `file` or `nowhere`; `""` for none."""
    if not status:
        return ""
    places = [found for found in map(PLACE.match, notes.split("\n")) if found and found[1] in ("at", "asked for at")]
    if not places:
        return "nowhere"
    return "column" if places[0][4] else "line" if places[0][3] else "file"
