"""An error as the user sees it: where, a hint, and the reference's sentence last."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.errors import KbuildError


def error_lines(error: KbuildError) -> list[str]:
    """The lines for standard error; the last one ends the reference's sentence."""
    lines = []
    if error.position:
        place = error.position
        lines.append(f"  at {relative(place.file)}" + str(place)[len(place.file) :])
    lines += [f"  {what} {relative(place.file)}" + str(place)[len(place.file) :] for what, place in error.related]
    if error.hint:
        lines.append(f"  hint: {error.hint}")
    lines.append(f"Error: {error.reason}")
    return lines


def relative(path: str) -> str:
    """A path as seen from the working directory, where that is shorter."""
    try:
        short = os.path.relpath(path)
    except (OSError, ValueError):
        return path
    return short if len(short) < len(path) else path
