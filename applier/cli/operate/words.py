"""Progress on standard error, in Flux's signs."""

from __future__ import annotations

import sys

ACTION, GENERATING, WAITING, SUCCESS, FAILURE, WARNING = "►", "✚", "◎", "✔", "✗", "⚠️"


class StoppedError(Exception):
    """A command that cannot go on: the sentence."""


def say(sign: str, text: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"{sign} {text}\n")
    sys.stderr.flush()
