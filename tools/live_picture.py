"""Draws what a command shows on a terminal, at the moment when it shows most: `live_picture.py FILE.svg -- COMMAND ...`.

The command runs on a pseudo-terminal of its own; nothing in the picture is written by hand. docs/live-progress.svg is made so, from
`kbuild apply` on the project's own control plane (`make cluster`).
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

COLUMNS, ROWS = 110, 40
TEXT, DIM, RED = "#e6edf3", "#8b949e", "#ff7b72"
COLOURS = {"0": TEXT, "2": DIM, "31": RED}
WAITING = re.compile(r" +[0-9]+s  ")
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")


def waited_for(lines: list[tuple[str, str]]) -> int:
    """How many lines tell what is waited for."""
    return sum(WAITING.match(line) is not None for line, _ in lines)


@dataclass
class Screen:
    """As much of a terminal as the command uses: lines, colours of whole lines, going up, wiping what is below."""

    lines: list[tuple[str, str]] = field(default_factory=lambda: [("", TEXT)])
    fullest: list[tuple[str, str]] = field(default_factory=list)

    def feed(self, text: str) -> None:
        """Show more output."""
        place = 0
        for found in SEQUENCE.finditer(text):
            self._print(text[place : found.start()])
            self._control(found[1], found[2])
            place = found.end()
        self._print(text[place:])
        if waited_for(self.lines) >= max(waited_for(self.fullest), 1):
            self.fullest = list(self.lines)

    def _print(self, text: str) -> None:
        for number, part in enumerate(text.replace("\r", "").split("\n")):
            if number:
                self.lines.append(("", TEXT))
            line, colour = self.lines[-1]
            self.lines[-1] = (line + part, colour)

    def _control(self, parameter: str, name: str) -> None:
        if name == "A":
            del self.lines[len(self.lines) - int(parameter or 1) :]
            self.lines[-1:] = [("", TEXT)]
        elif name == "m" and not self.lines[-1][0]:
            self.lines[-1] = ("", COLOURS.get(parameter, TEXT))


def recorded(command: list[str]) -> Screen:
    """Run a command on a terminal to its end."""
    screen = Screen()
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(command[0], command)  # noqa: S606  (the user's own words)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    while True:
        try:
            data = os.read(terminal, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        screen.feed(data.decode("utf-8", "replace"))
    os.waitpid(child, 0)
    return screen


def svg(lines: list[tuple[str, str]], title: str) -> str:
    """The lines as a picture."""
    width, height = 16 * 2 + 8 * max(len(line) for line, _ in lines), 24 + 20 * len(lines)
    rows = "\n".join(
        f'<text x="16" y="{28 + 20 * number}" fill="{colour}">{escape(line)}</text>'
        for number, (line, colour) in enumerate(lines)
    )
    font = "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" aria-label="{escape(title)}">\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>\n'
        f'<g font-family="{font}" font-size="13" xml:space="preserve">\n{rows}\n</g>\n</svg>\n'
    )


def main() -> int:
    """Record, and write the picture; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("command", nargs="+")
    parser.add_argument("--prompt", default="", help="the command as it is shown (default: as it is run)")
    options = parser.parse_args()
    screen = recorded(options.command)
    shown = [line for line in screen.fullest if line[0]]
    prompt = options.prompt or " ".join(options.command)
    options.file.write_text(svg([(f"$ {prompt}", TEXT), *shown], f"Live progress of {prompt}"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
