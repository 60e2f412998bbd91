"""What `kbuild dev` shows: lines that stay, one for each thing that happened, and on a terminal a region below them with what is now.

Everything here is made from bodies; names and messages come from a cluster, so what could move the cursor is escaped.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from applier.agent.kustomization.sentences import subject
from applier.agent.runtime.conditions import READY, RECONCILING, find
from applier.cli.operate.tables import cut_hashes, revision_of
from applier.cli.operate.words import FAILURE, SUCCESS, WAITING
from applier.cli.setup.passing import passes
from applier.model.health import Status
from applier.report.safe_text import line as printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.model.health import Health
    from applier.model.ids import Body, ObjectId

MOST_OBJECTS, USUAL_WIDTH = 20, 100
_SIGNS = {Status.CURRENT: SUCCESS, Status.FAILED: FAILURE}


@dataclass(frozen=True, slots=True)
class Picture:
    """What is seen at one moment. Shape: `objects` are those of the inventory, with their health."""

    source: Body | None = None
    applier: Body | None = None
    objects: Mapping[ObjectId, Health] = field(default_factory=dict)


def state_of(body: Body | None) -> tuple[str, str]:
    """(sign, message) of an object of the agent's as it is now."""
    if body is None:
        return WAITING, "not there yet"
    ready, running = find(body, READY) or {}, find(body, RECONCILING)
    status, message = str(ready.get("status") or "Unknown"), str(ready.get("message") or "")
    if status == "True":
        return SUCCESS, message
    if status == "False":
        return WAITING if passes(ready) else FAILURE, message
    return WAITING, str((running or {}).get("message") or message or "waiting to be reconciled")


def lines(picture: Picture, width: int) -> list[str]:
    """The region of a terminal, each line cut to its width."""
    rows = [_row("source git", picture.source), _row("kustomization", picture.applier)]
    objects = sorted(picture.objects.items(), key=lambda one: (one[1].status is Status.CURRENT, one[0]))
    for object_id, health in objects[:MOST_OBJECTS]:
        words = f"  {health.message}" if health.message and health.status is not Status.CURRENT else ""
        rows.append(f"  {_SIGNS.get(health.status, WAITING)} {health.status:<11} {subject(object_id)}{words}")
    if len(objects) > MOST_OBJECTS:
        rows.append(f"    and {len(objects) - MOST_OBJECTS} more")
    return [_cut(printable(row), width) for row in rows]


def _row(noun: str, body: Body | None) -> str:
    sign, message = state_of(body)
    name = str(body["metadata"]["name"]) if body is not None else ""
    revision = cut_hashes(revision_of(body)) if body is not None else ""
    first = (message.splitlines() or [""])[0]
    return f"{sign} {noun:<13} {name}  {revision}  {cut_hashes(first)}"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: max(width - 1, 0)] + "…"


class Screen:
    """Writes lines that stay, and keeps a region below them where standard error is a terminal."""

    def __init__(self, *, is_live: bool | None = None) -> None:
        self.is_live = sys.stderr.isatty() if is_live is None else is_live
        self._shown: list[str] = []

    def say(self, sign: str, text: str) -> None:
        """A line that stays."""
        shown, self._shown = self._shown, []
        body = "".join(f"{part}\n" for part in map(printable, f"{sign} {text}".splitlines()))
        self._write(self._wiped(shown) + body)
        if shown:
            self.region(shown)

    def region(self, rows: Sequence[str]) -> None:
        """What is below; written only where it has changed."""
        if self.is_live and list(rows) != self._shown:
            self._write(self._wiped(self._shown) + "".join(f"{row}\n" for row in rows))
            self._shown = list(rows)

    def close(self) -> None:
        """Leave the region as it is, above what comes next."""
        self._shown = []

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        try:
            return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL_WIDTH
        except (OSError, ValueError):
            return USUAL_WIDTH

    @staticmethod
    def _wiped(rows: Sequence[str]) -> str:
        return f"\x1b[{len(rows)}A\x1b[J" if rows else ""

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


class Story:
    """Tells changes of an object's state, each once."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self._told: dict[str, tuple[str, str]] = {}

    def tell(self, body: Body | None) -> None:
        """The state of an object, where it is another than the last time."""
        if body is None:
            return
        kind = str(body["kind"])
        state = state_of(body)
        if self._told.get(kind) != state:
            self._told[kind] = state
            self.screen.say(state[0], f"{kind} {body['metadata']['name']}: {state[1]}")


def inventory_of(body: Body | None) -> list[Any]:
    """The entries of a Kustomization's inventory."""
    return list((((body or {}).get("status") or {}).get("inventory") or {}).get("entries") or ())
