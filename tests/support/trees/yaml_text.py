"""Plain values to YAML text of every style: the same data is written differently each time."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from trees.choice import Choice

PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@-]*(?: [A-Za-z0-9]+)*\Z")
SAFE_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*\Z")
WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


class Raw(str):
    """A value as it stands in the file."""

    __slots__ = ()


@dataclass(slots=True)
class Style:
    """How one file is written; every number is a probability."""

    flow: float = 0.0
    quoted: float = 0.1
    comment: float = 0.0
    anchor: float = 0.0
    shuffle: bool = False
    indented: bool = False
    wide: bool = False
    anchors: dict[str, str] = field(default_factory=dict)


def random_style(choice: Choice) -> Style:
    """Mostly block style, sometimes everything at once."""
    if choice.chance(0.5):
        return Style(indented=choice.chance(0.5))
    return Style(
        flow=choice.one((0.0, 0.05, 0.2)),
        quoted=choice.one((0.0, 0.1, 0.6)),
        comment=choice.one((0.0, 0.1)),
        anchor=choice.one((0.0, 0.0, 0.2)),
        shuffle=choice.chance(0.4),
        indented=choice.chance(0.5),
        wide=choice.chance(0.2),
    )


def scalar(value: Any, choice: Choice, style: Style) -> str:
    """A scalar in one line."""
    if isinstance(value, Raw):
        return str(value)
    if value is None:
        return choice.one(("null", "~"))
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    plain = PLAIN.match(value) and value.lower() not in WORDS
    if plain and not choice.chance(style.quoted):
        return str(value)
    if "\n" not in value and value.isprintable() and choice.chance(0.4):
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=choice.chance(0.5) and value.isascii())


def key_text(key: Any, choice: Choice, style: Style) -> str:
    """A key."""
    if isinstance(key, Raw) or (
        SAFE_KEY.match(key) and key.lower() not in WORDS and not choice.chance(style.quoted / 5)
    ):
        return str(key)
    return json.dumps(key)


def flow(value: Any, choice: Choice, style: Style) -> str:
    """A value in flow style."""
    if isinstance(value, dict):
        inner = ", ".join(f"{key_text(key, choice, style)}: {flow(item, choice, style)}" for key, item in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item, choice, style) for item in value) + "]"
    text = scalar(value, choice, style)
    if isinstance(value, Raw) or not any(mark in text for mark in ",[]{}") or text[:1] in "\"'":
        return text
    return json.dumps(value)


def ordered(value: dict[Any, Any], choice: Choice, style: Style) -> list[tuple[Any, Any]]:
    """The entries in the order in which they are written."""
    items = list(value.items())
    return choice.shuffled(items) if style.shuffle else items


def block_text(value: str, pad: str) -> list[str] | None:
    """The lines of a literal block, header first; None where one cannot say the text."""
    body = value.rstrip("\n")
    ends = len(value) - len(body)
    lines = body.split("\n")
    if not body or lines[0][:1] in (" ", "\t", "") or any(not line.isprintable() for line in lines):
        return None
    header = "|" + ("-" if ends == 0 else "" if ends == 1 else "+")
    return [header, *(pad + line if line else "" for line in lines), *[""] * max(ends - 1, 0)]


def inline(value: Any, pad: str, choice: Choice, style: Style) -> list[str] | None:
    """The lines of a value that begins behind its key or dash; None for what has lines of its own."""
    if isinstance(value, dict | list):
        if not value or choice.chance(style.flow):
            return [flow(value, choice, style)]
        return None
    if isinstance(value, str) and not isinstance(value, Raw) and "\n" in value and choice.chance(0.8):
        lines = block_text(value, pad)
        if lines is not None:
            return lines
    return [scalar(value, choice, style)]


def anchored(value: Any, choice: Choice, style: Style) -> tuple[str, bool]:
    """(an anchor to write before a collection, or the alias that stands for it; whether it is an alias)."""
    if not style.anchor:
        return "", False
    name = style.anchors.get(repr(value))
    if name:
        return f"*{name}", True
    if choice.chance(style.anchor):
        name = f"a{len(style.anchors)}"
        style.anchors[repr(value)] = name
        return f"&{name}", False
    return "", False


def block(value: Any, depth: int, choice: Choice, style: Style) -> list[str]:
    """The lines of a collection in block style."""
    pad = " " * depth
    step = 4 if style.wide else 2
    lines: list[str] = []
    entries = ordered(value, choice, style) if isinstance(value, dict) else [(None, item) for item in value]
    for key, item in entries:
        if choice.chance(style.comment):
            lines.append(f"{pad}# {choice.one(('note', 'a: b', '- x', ''))}")
        head = f"{pad}{key_text(key, choice, style)}:" if key is not None else f"{pad}-"
        below = " " * (depth + step)
        rest = inline(item, below, choice, style)
        if rest is not None:
            tail = "  # why" if choice.chance(style.comment) and len(rest) == 1 else ""
            lines += [f"{head} {rest[0]}{tail}", *rest[1:]]
            continue
        mark, is_alias = anchored(item, choice, style)
        if is_alias:
            lines.append(f"{head} {mark}")
        elif key is None and not mark and step == 2:
            inner = block(item, depth + 2, choice, style)
            at = next(number for number, line in enumerate(inner) if not line.lstrip().startswith("#"))
            lines += [*(line for line in inner[:at]), f"{pad}- {inner[at][depth + 2 :]}", *inner[at + 1 :]]
        else:
            same = isinstance(item, list) and key is not None and not style.indented
            lines += [f"{head} {mark}".rstrip(), *block(item, depth if same else depth + step, choice, style)]
    return lines


def document(value: Any, choice: Choice, style: Style | None = None) -> str:
    """One document."""
    style = style or random_style(choice)
    style.anchors = {}
    if isinstance(value, Raw):
        return str(value)
    if not value or not isinstance(value, dict | list):
        return flow(value, choice, style) + "\n"
    return "\n".join(block(value, 0, choice, style)) + "\n"


def documents(values: list[Any], choice: Choice) -> str:
    """Several documents in one file, in one of the ways in which people write that."""
    style = random_style(choice)
    if len(values) == 1 and choice.chance(0.03):
        return json.dumps(values[0], indent=choice.one((None, 1, 4))) + "\n"
    texts = [document(value, choice, style) for value in values]
    start = choice.one(("", "", "", "---\n", "# head\n", "\n\n", "# head\n---\n"))
    joint = choice.one(("---\n", "---\n", "--- # next\n", "---\n---\n", "---\n# only a note\n---\n"))
    text = start + joint.join(texts) + choice.one(("", "", "", "---\n", "...\n", "---"))
    if choice.chance(0.04):
        text = text.replace("\n", "\r\n")
    if choice.chance(0.02):
        text = "\ufeff" + text
    return text
