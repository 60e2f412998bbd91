"""Random YAML: documents by a grammar that has every construct, and texts changed where YAML is sensitive.

Everything comes from one source of random numbers, so that a seed (or hypothesis) decides the text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

YAML = Path(__file__).resolve().parents[2] / "testdata" / "yaml"
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"

_WORDS = (
    "a",
    "b",
    "abc",
    "x-y",
    "a.b/c",
    "http://a:80/b?c#d",
    "v1",
    "true",
    "yes",
    "n",
    "~",
    "null",
    "1",
    "0x1f",
    "08",
    "1.50",
    "1e3",
    "<<",
    "=",
)
_CHARS = "abz019 .,:;#-_=+*&!?|<>@%`'\"\\/()[]{}~^$\té\u00a0\u4e2d\U0001f600\u2028\x85\ufeff\u200b"
_EDITS = (
    ":", ": ", " :", "- ", "-", "? ", "?", "#", " #", "# ", ",", "[", "]", "{", "}", "[]", "{}", "&a ", "*a", "!", "!!str ", "!!int ", "!x ",
    "|", ">", "|-\n", "|2", ">+", "'", '"', "''", '""', "\\", "\\n", "%", "@", "`", "---\n", "\n---\n", "...\n", "--- ", "<<: ", "<<: *a", "~", "\t",
    " ", "  ", "    ", "\n", "\n\n", "\r\n", "\r", "\x85", "\u2028", "\ufeff", "\x00", "\x01", "\x7f", "é", "\U0001f600", "\uffff", "=", "0", "1", "y",
    "null", ": |\n", ": >-\n", "a: b\n", "- a\n", ": &a\n", "!!binary ", "!!null ", "1:30", "0o7", ".inf", "2001-01-01", "{a: b}", "[a, b]", "'a: b'",
)  # fmt: skip


def torture_scalars() -> list[str]:
    """The scalars of the torture set."""
    return list(json.loads((YAML / "scalars.json").read_text()))


def torture_documents() -> list[str]:
    """The documents of the torture set."""
    return list(json.loads((YAML / "documents.json").read_text()).values())


class Grammar:
    """Writes documents. `scalars` are sources to choose from, besides those that are made up."""

    def __init__(self, random: Random, scalars: Sequence[str]) -> None:
        self.random, self.scalars = random, scalars
        self.anchors: list[str] = []

    def document(self) -> str:
        """A resource with odd fields, or anything."""
        self.anchors.clear()
        text = (
            self.random.choice(["", "", "", "---\n", "# c\n", "\ufeff", "%YAML 1.1\n---\n"]) if self.one_in(4) else ""
        )
        text += HEAD if not self.one_in(8) else ""
        for number in range(self.random.randint(1, 3)):
            text += self.comment("") + self.entry(f"k{number}" if not self.one_in(6) else self.key(), "", 0)
        if self.one_in(8):
            text += self.random.choice(["---\n", "...\n", "---", "--- # c\n", "\n\n", "# end"])
        if self.one_in(12):
            text += "---\n" + HEAD.replace("name: a", "name: b") + self.entry("z", "", 0)
        if self.one_in(12):
            text = text.replace("\n", "\r\n")
        return text[:-1] if self.one_in(12) and text.endswith("\n") else text

    def one_in(self, count: int) -> bool:
        """True once in that many times."""
        return self.random.randrange(count) == 0

    def comment(self, indent: str) -> str:
        """Sometimes comment lines and blank lines."""
        if not self.one_in(6):
            return ""
        return self.random.choice(
            [f"{indent}# c\n", "# c\n", "\n", f"{indent}  # c\n", "  \n", f"{indent}# a\n\n{indent}# b: c\n", "\t# c\n"]
        )

    def entry(self, key: str, indent: str, depth: int) -> str:
        """A key and its value, ending in a line break."""
        if self.one_in(15):
            return f"{indent}? {key}\n{indent}: {self.inline(indent, depth)}"
        gap = " " if not self.one_in(15) else self.random.choice(["  ", "\t", " \t", ""])
        return f"{indent}{key}:{self.value(indent, gap, depth)}"

    def value(self, indent: str, gap: str, depth: int) -> str:
        """What follows a colon."""
        choice = self.random.randrange(12)
        tail = self.random.choice(["", "", "", " # c", "  #", "\t# c", " "])
        if depth < 4 and choice < 3:
            inner = indent + self.random.choice(["  ", "  ", "  ", " ", "    "])
            return f"{self.properties(gap)}{tail}\n" + self.map(inner, depth + 1)
        if depth < 4 and choice < 6:
            return f"{self.properties(gap)}{tail}\n" + self.list(
                indent + self.random.choice(["", "  ", " "]), depth + 1
            )
        if choice == 6:
            return gap + self.flow(0, indent) + tail + "\n"
        if choice == 7:
            return gap + self.block(indent) + "\n"
        return gap + self.properties("")[:0] + self.inline(indent, depth)

    def properties(self, gap: str) -> str:
        """Sometimes an anchor or a tag."""
        if not self.one_in(8):
            return ""
        name = self.random.choice("abc")
        self.anchors.append(name)
        return (gap or " ") + self.random.choice([f"&{name}", "!x", "!!map", "!!seq", f"!x &{name}", f"&{name}"])

    def inline(self, indent: str, depth: int) -> str:
        """A scalar, alias or flow collection behind an indicator, ending in a line break."""
        choice = self.random.randrange(14)
        if choice == 0 and self.anchors:
            return f"*{self.random.choice(self.anchors)}\n"
        if choice == 1:
            return self.flow(depth, indent) + "\n"
        if choice == 2:
            name = self.random.choice("abc")
            self.anchors.append(name)
            return f"&{name} {self.scalar(indent)}\n"
        if choice == 3:
            return (
                self.random.choice(["!!str", "!!int", "!x", "!!float", "!", "!!binary", "!!null"])
                + f" {self.scalar(indent)}\n"
            )
        return self.scalar(indent) + self.random.choice(["\n", "\n", "\n", " # c\n", " \n", "\n\n"])

    def map(self, indent: str, depth: int) -> str:
        """A block map."""
        text = ""
        for number in range(self.random.randint(1, 3)):
            text += self.comment(indent)
            if self.one_in(14) and self.anchors:
                text += f"{indent}<<: *{self.random.choice(self.anchors)}\n"
            else:
                text += self.entry(f"k{number}" if not self.one_in(4) else self.key(), indent, depth)
        return text

    def list(self, indent: str, depth: int) -> str:
        """A block list."""
        text = ""
        for _ in range(self.random.randint(1, 3)):
            text += self.comment(indent)
            choice = self.random.randrange(8)
            if choice == 0 and depth < 4:
                inner = self.map(indent + "  ", depth + 1)
                text += (
                    f"{indent}- {inner[len(indent) + 2 :]}"
                    if not inner.lstrip(" ").startswith(("#", "\n"))
                    else f"{indent}-\n{inner}"
                )
            elif choice == 1 and depth < 4:
                text += f"{indent}- {self.list(indent + '  ', depth + 1)[len(indent) + 2 :]}"
            elif choice == 2:
                text += f"{indent}-\n"
            elif choice == 3:
                text += f"{indent}- {self.block(indent)}\n"
            else:
                text += f"{indent}- {self.inline(indent, depth)}"
        return text

    def flow(self, depth: int, indent: str) -> str:
        """A flow collection."""
        gap = (
            self.random.choice([" ", " ", "", "  ", f"\n{indent}  ", " # c\n" + indent + "  "])
            if self.one_in(3)
            else " "
        )
        items = []
        is_map = self.one_in(2)
        for _ in range(self.random.randint(0, 3)):
            item = self.flow(depth + 1, indent) if depth < 3 and self.one_in(5) else self.flow_scalar()
            if is_map or self.one_in(10):
                item = (
                    self.flow_scalar()
                    + self.random.choice([": ", ": ", ": ", ":", " : ", ":\n" + indent + "  "])
                    + item
                )
            items.append(item)
        text = f",{gap}".join(items) + ("," if self.one_in(10) else "")
        return f"{{{text}}}" if is_map else f"[{text}]"

    def flow_scalar(self) -> str:
        """A scalar for a flow collection."""
        choice = self.random.randrange(6)
        if choice == 0:
            return self.quoted("")
        if choice == 1:
            return self.random.choice(self.scalars)
        return self.random.choice(_WORDS) if choice < 5 else self.plain()

    def scalar(self, indent: str) -> str:
        """Any scalar's source, on one or more lines."""
        choice = self.random.randrange(8)
        if choice < 2:
            return self.random.choice(self.scalars).replace("\n  ", f"\n{indent}  ")
        if choice < 4:
            return self.quoted(indent)
        if choice == 4:
            return self.plain() + self.random.choice(
                ["", f"\n{indent}  {self.plain()}", f"\n\n{indent} {self.plain()}", f"\n{indent}   # c"]
            )
        return self.random.choice(_WORDS) if choice < 7 else self.plain()

    def key(self) -> str:
        """A key's source."""
        choice = self.random.randrange(5)
        if choice == 0:
            return self.quoted("")
        return (
            self.random.choice(_WORDS)
            if choice < 3
            else self.plain()
            if choice == 3
            else self.random.choice(self.scalars)
        )

    def plain(self) -> str:
        """Characters as they come."""
        return "".join(
            [self.random.choice(_CHARS if self.one_in(3) else "ab 1.-") for _ in range(self.random.randint(1, 8))]
        ) * (30 if self.one_in(40) else 1)

    def quoted(self, indent: str) -> str:
        """A quoted scalar, sometimes with odd escapes and breaks."""
        pieces = [
            self.random.choice(
                [
                    self.plain(),
                    self.random.choice(_WORDS),
                    " ",
                    f"\n{indent}  ",
                    "\n\n",
                    "\\n",
                    "\\t",
                    "\\x41",
                    "\\u263a",
                    "\\",
                    '\\"',
                    "''",
                    "\\\n  ",
                ]
            )
            for _ in range(self.random.randint(0, 4))
        ]
        text = "".join(pieces if indent or not self.one_in(2) else [piece for piece in pieces if "\n" not in piece])
        if self.one_in(2):
            return "'" + (text.replace("'", "''") if not self.one_in(20) else text) + "'"
        return '"' + (text.replace('"', '\\"') if not self.one_in(20) else text) + '"'

    def block(self, indent: str) -> str:
        """A block scalar, without its last line break."""
        header = self.random.choice("|>") + self.random.choice(
            ["", "", "-", "+", "2", "1", "2-", "+1", "9", " # c", "-2", "0"]
        )
        inner = indent + self.random.choice(["  ", "  ", "  ", " ", "   ", "    "])
        lines = [
            self.random.choice(
                [
                    inner + self.plain(),
                    inner + "a",
                    inner + " b",
                    "",
                    inner + "# c",
                    inner + "\tc",
                    indent,
                    inner + "a ",
                    inner + "- a",
                    inner + "---",
                    " " + inner,
                ]
            )
            for _ in range(self.random.randint(0, 5))
        ]
        return "\n".join([header, *lines])


def edited(random: Random, text: str, count: int) -> str:
    """A text with some edits of the kind that changes what YAML is."""
    for _ in range(count):
        at = random.randrange(len(text) + 1)
        choice = random.randrange(12)
        if choice < 4:
            text = text[:at] + random.choice(_EDITS) + text[at:]
        elif choice < 6:
            text = text[:at] + text[at + random.choice([1, 1, 1, 2, 3, 10]) :]
        elif choice == 6:
            text = text[:at] + random.choice(_EDITS) + text[at + 1 :]
        else:
            text = _line_edited(random, text, choice)
    return text


def _line_edited(random: Random, text: str, choice: int) -> str:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    line = lines[at]
    if choice == 7:
        lines[at] = random.choice([" ", "  ", "\t", "    ", "- ", "# "]) + line
    elif choice == 8:
        lines[at] = line[random.choice([1, 2, 2, 4]) :]
    elif choice == 9:
        lines.insert(random.randrange(len(lines)), line)
    elif choice == 10:
        del lines[at]
    else:
        lines[at] = line + random.choice([" # c", " ", "\t", ":", ": ", " |", ",", "'", '"', "\r"])
    return "\n".join(lines)


def real_texts(folder: Path, random: Random, count: int, limit: int = 4000) -> list[str]:
    """YAML files below a folder, chosen at random. Units: at most `limit` octets each."""
    paths = sorted(path for path in folder.rglob("*.y*ml") if path.is_file() and path.stat().st_size <= limit)
    texts = []
    for path in random.sample(paths, min(count, len(paths))):
        try:
            texts.append(path.read_bytes().decode())
        except UnicodeDecodeError:
            continue
    return texts
