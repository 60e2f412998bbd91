"""Small changes of files as they stand: what people mistype, and what nobody would write."""

from __future__ import annotations

import re
from collections.abc import Callable

from trees.choice import Choice
from trees.words import ODD_SCALARS

SCALAR_LINE = re.compile(r"(\s*(?:- )*(?:[^\s#'\"\[\]{}:]+: |- ))([^\s#&*|>{\[][^\n]*)\Z")
KEY_LINE = re.compile(r"(\s*(?:- )*)([A-Za-z][A-Za-z0-9]*)(:(?: .*)?)\Z")


def blocks(lines: list[str]) -> list[tuple[int, int]]:
    """(first, last + 1) of every block of lines: a line and what is indented deeper, or the entries below a key."""
    found = []
    for start, line in enumerate(lines):
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        end = start + 1
        while end < len(lines):
            text = lines[end]
            inner = len(text) - len(text.lstrip())
            same = inner == depth and text.lstrip().startswith("- ") and not line.lstrip().startswith("- ")
            if text.strip() and inner <= depth and not same:
                break
            end += 1
        found.append((start, end))
    return found


def delete(lines: list[str], choice: Choice) -> list[str]:
    """Without one block."""
    start, end = choice.one(blocks(lines))
    return lines[:start] + lines[end:]


def duplicate(lines: list[str], choice: Choice) -> list[str]:
    """One block twice."""
    start, end = choice.one(blocks(lines))
    return lines[:end] + lines[start:end] + lines[end:]


def swap(lines: list[str], choice: Choice) -> list[str]:
    """Two blocks in each other's place."""
    (a, b), (c, d) = sorted(choice.one(blocks(lines)) for _ in range(2))
    if b > c:
        return lines
    return lines[:a] + lines[c:d] + lines[b:c] + lines[a:b] + lines[d:]


def odd_scalar(lines: list[str], choice: Choice) -> list[str]:
    """Another scalar."""
    places = [number for number, line in enumerate(lines) if SCALAR_LINE.match(line)]
    if not places:
        return lines
    at = choice.one(places)
    changed = list(lines)
    changed[at] = SCALAR_LINE.sub(lambda found: found[1] + choice.one(ODD_SCALARS), lines[at])
    return changed


def odd_key(lines: list[str], choice: Choice) -> list[str]:
    """A key that is misspelt, in another case, or another key's."""
    places = [number for number, line in enumerate(lines) if KEY_LINE.match(line)]
    if not places:
        return lines
    at = choice.one(places)
    other = KEY_LINE.match(lines[choice.one(places)])
    changed = list(lines)

    def change(found: re.Match[str]) -> str:
        key = found[2]
        options = (
            key + "s",
            key.upper(),
            key[:-1] or "k",
            key.capitalize(),
            other[2] if other else key,
            f'"{key}"',
            "1",
            "true",
        )
        return found[1] + choice.one(options) + found[3]

    changed[at] = KEY_LINE.sub(change, lines[at])
    return changed


def indent(lines: list[str], choice: Choice) -> list[str]:
    """One line deeper or less deep."""
    at = choice.number(0, len(lines) - 1)
    changed = list(lines)
    changed[at] = choice.one((" " + lines[at], lines[at].removeprefix(" "), "  " + lines[at], "\t" + lines[at]))
    return changed


def empty_block(lines: list[str], choice: Choice) -> list[str]:
    """A key without its value, or with an empty one."""
    places = [(start, end) for start, end in blocks(lines) if lines[start].rstrip().endswith(":")]
    if not places:
        return lines
    start, end = choice.one(places)
    return [
        *lines[:start],
        lines[start] + choice.one(("", " null", " {}", " []", " x", " [null]", " {a: b}")),
        *lines[end:],
    ]


CHANGES: tuple[Callable[[list[str], Choice], list[str]], ...] = (
    delete, delete, duplicate, swap, odd_scalar, odd_scalar, odd_scalar, odd_key, odd_key, indent, empty_block,
)  # fmt: skip


def change_text(content: bytes, choice: Choice) -> bytes:
    """A file with one change."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    if not any(line.strip() for line in lines):
        return content
    return "\n".join(choice.one(CHANGES)(lines, choice)).encode("utf-8", "surrogateescape")


def spoil(files: dict[str, bytes], choice: Choice, most: int = 2) -> None:
    """Change some files, or take one away, or list something twice. Mutates: `files`."""
    for _ in range(choice.number(1, most)):
        path = choice.one(sorted(files))
        roll = choice.random.random()
        if roll < 0.06 and len(files) > 1:
            del files[path]
        elif roll < 0.1:
            files[path] = choice.one(
                (b"", b"---\n", b"{}", b"a", b"kind: X\n", b"# c\n", b"- a\n", b"\xff\n", b"a: [\n")
            )
        elif roll < 0.13:
            names = [
                name
                for name in files
                if name.rpartition("/")[2] in ("kustomization.yaml", "kustomization.yml", "Kustomization")
            ]
            place = choice.one(names or [path])
            files[place] += choice.one(
                (
                    b"resources: [..]\n",
                    b"\nresources:\n- ../root\n",
                    b"foo: 1\n",
                    b"namePrefix: [a]\n",
                    b"resources: [nope.yaml]\n",
                    b"components: [../base1]\n",
                )
            )
        else:
            files[path] = change_text(files[path], choice)
