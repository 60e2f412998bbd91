"""A YAML text being written as yaml v3 writes it: columns, indentation, and the comments that wait for their place.

Source: go.yaml.in/yaml v3.0.3 `emitterc.go`.
"""

from __future__ import annotations

BREAKS = "\r\n\x85\u2028\u2029"


class Sheet:
    """The text so far. Shape: `head`, `remark`, `foot` and `tail` are comments to be written next, `key_remark` one behind a key."""

    __slots__ = (
        "column", "flow_level", "foot", "foot_indent", "head", "indent", "indention", "is_in_map", "is_simple",
        "key_remark", "line", "out", "remark", "tail", "whitespace",
    )  # fmt: skip

    def __init__(self) -> None:
        self.out: list[str] = []
        self.column = self.line = self.flow_level = 0
        self.indent = self.foot_indent = -1
        self.whitespace = self.indention = True
        self.is_in_map = self.is_simple = False
        self.head = self.remark = self.foot = self.tail = self.key_remark = ""

    def put_break(self) -> None:
        """End the line."""
        self.out.append("\n")
        self.column, self.indention = 0, True
        self.line += 1

    def write(self, text: str) -> None:
        """Add a text without line feeds."""
        self.out.append(text)
        self.column += len(text)

    def write_indent(self) -> None:
        """Go to the indentation of what comes next, on a new line unless this one is fresh."""
        indent = max(self.indent, 0)
        if not self.indention or self.column > indent or (self.column == indent and not self.whitespace):
            self.put_break()
        if self.foot_indent == indent:
            self.put_break()
        if self.column < indent:
            self.write(" " * (indent - self.column))
        self.whitespace, self.foot_indent = True, -1

    def indicator(self, text: str, *, spaced: bool = True, opens: bool = False, indents: bool = False) -> None:
        """Add a mark; `spaced` asks for a blank before it, `opens` says that none has to follow."""
        if spaced and not self.whitespace:
            self.write(" ")
        self.write(text)
        self.whitespace, self.indention = opens, self.indention and indents

    def write_head(self) -> None:
        """Write what is to stand above the next node."""
        if self.tail:
            self.write_indent()
            self.write_comment(self.tail)
            self.tail = ""
            self.foot_indent = max(self.indent, 0)
        if self.head:
            self.write_indent()
            self.write_comment(self.head)
            self.head = ""

    def write_line(self, *, needs_break: bool = False) -> None:
        """Write what is to stand behind the last node; `needs_break` ends the line in any case."""
        if self.remark:
            if not self.whitespace:
                self.write(" ")
            self.write_comment(self.remark)
            self.remark = ""
        elif needs_break:
            self.put_break()

    def write_foot(self) -> None:
        """Write what is to stand below the last node."""
        if self.foot:
            self.write_indent()
            self.write_comment(self.foot)
            self.foot = ""
            self.foot_indent = max(self.indent, 0)

    def write_comment(self, comment: str) -> None:
        """Write the lines of a comment, and end the last one."""
        broke = False
        for number, line in enumerate(comment.split("\n")):
            if number:
                self.put_break()
                broke = True
            if line:
                if broke:
                    self.write_indent()
                self.write(line if line[0] == "#" else f"# {line}")
                self.indention = broke = False
        if not broke:
            self.put_break()
        self.whitespace = True

    def deepen(self, *, is_item: bool, is_flow: bool = False, is_compact: bool = False) -> None:
        """Indent more."""
        if self.indent < 0:
            self.indent = 2 if is_flow else 0
        elif is_item:
            self.indent += 2
        else:
            self.indent = 2 * ((self.indent + 2) // 2) - (2 if is_compact else 0)

    def single(self, text: str) -> None:
        """A text in single quotes."""
        self.indicator("'")
        broke = False
        for char in text:
            if char in BREAKS:
                if not broke and char == "\n":
                    self.put_break()
                self.end_line(char)
                broke = True
                continue
            if broke:
                self.write_indent()
            self.write("''" if char == "'" else char)
            self.indention = broke = False
        self.indicator("'", spaced=False)
        self.whitespace = self.indention = False

    def end_line(self, char: str) -> None:
        """A line break of a text."""
        if char != "\n":
            self.write(char)
            self.column, self.indention = 0, True
            self.line += 1
        else:
            self.put_break()

    def block(self, text: str, style: str) -> None:
        """A literal or folded block."""
        self.indicator(style)
        hint = "2" if text[0] in " " + BREAKS else ""
        if text[-1] not in BREAKS:
            hint += "-"
        elif len(text) == 1 or text[-2] in BREAKS:
            hint += "+"
        if hint:
            self.indicator(hint, spaced=False)
        self.write_line(needs_break=True)
        self.whitespace = broke = leads = True
        for char in text:
            if char in BREAKS:
                if style == ">" and not broke and not leads and char == "\n" and _goes_on(text):
                    self.put_break()
                self.end_line(char)
                broke = True
                continue
            if broke:
                self.write_indent()
                leads = char in " \t"
            self.write(char)
            self.indention = broke = False


def _goes_on(text: str) -> bool:
    """Whether something other than a blank follows the line breaks at a text's start (where the reference looks)."""
    rest = text.lstrip(BREAKS)
    return bool(rest) and rest[0] not in " \t"
