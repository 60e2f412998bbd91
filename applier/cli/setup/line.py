"""A command line of the setup commands: the operator's `Call` with flags in Flux's forms, and questions to a person."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from applier.agent.runtime import durations
from applier.cli.operate import call as calls
from applier.cli.operate.call import TIMEOUT_TEXT, Call
from applier.cli.operate.words import StoppedError
from kbuild.cli.flags import BOOL, Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SILENT = Flag("silent", BOOL, "ask nothing", short="s")
COMMON = calls.SHARED


@dataclass(slots=True)
class Line(Call):
    """One command line."""

    def text(self, name: str, default: str = "") -> str:
        """The value of a flag."""
        return str(self.values.get(name) or default)

    def is_on(self, name: str, *, default: bool = False) -> bool:
        """Whether a switch is on."""
        return bool(self.values.get(name, default))

    def items(self, name: str) -> list[str]:
        """The values of a flag that may be repeated, and may hold several values separated by commas."""
        return [word.strip() for text in self.values.get(name) or () for word in text.split(",") if word.strip()]

    def pairs(self, name: str) -> dict[str, str]:
        """The `key=value` pairs of a flag. Raises: StoppedError."""
        found = {}
        for text in self.items(name):
            key, equals, value = text.partition("=")
            if not equals:
                raise StoppedError(f"invalid --{name.replace('_', '-')} '{text}', must be in the format key=value")
            found[key] = value
        return found

    def duration(self, name: str, default: str = "") -> str:
        """A duration in Go's form, empty where none is given. Raises: StoppedError."""
        return durations.text_of(self.seconds(name, default)) if self.text(name, default) else ""

    @property
    def timeout_s(self) -> float:
        """How long to wait, in seconds. Raises: StoppedError."""
        return self.seconds("timeout", TIMEOUT_TEXT)

    def name(self, what: str) -> str:
        """The one argument that is left. Raises: StoppedError."""
        if len(self.words) != 1:
            raise StoppedError(
                f"{what} name is required".strip() if not self.words else f"unknown argument: {self.words[1]}"
            )
        return self.words[0]

    def no_words(self) -> None:
        """Refuse arguments. Raises: StoppedError."""
        if self.words:
            raise StoppedError(f"unknown argument: {self.words[0]}")


def guarded(name: str, argv: Sequence[str], flags: Sequence[Flag], command: Callable[[Line], int]) -> int:
    """Read the line and run; every failure is one line with Flux's sign, and status 1."""
    return calls.guarded(name, argv, flags, lambda call: command(Line(call.values, call.words, call.namespace)))


def agreed(line: Line, question: str) -> None:
    """Ask a person, unless told not to. Raises: StoppedError, where nobody agrees."""
    if line.is_on("silent"):
        return
    if not (sys.stdin and sys.stdin.isatty()):
        raise StoppedError("aborting")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise StoppedError("aborting")
