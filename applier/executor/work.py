"""What the phases of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from applier.executor.writes import Attempt, Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.executor.cancel import Cancellation
    from applier.executor.pool import Pool, Timers
    from applier.executor.recorder import Recorder
    from applier.executor.waits import Waits
    from applier.model.ids import Body, GroupKind, ObjectId
    from applier.model.live import Live
    from applier.model.plan import Step


@dataclass(slots=True)
class Work:
    """What the phases of a run share.

    Shape: `namespaces` and `kinds` are those that the set itself brings: their absence passes. `end_s` is the clock at
    which the whole run must end. `prints` gives the fingerprint of what a body holds of ours. `was_cut` says that something
    was left undone because the run had to stop.
    """

    tools: Tools
    pool: Pool
    timers: Timers
    recorder: Recorder
    waits: Waits
    cancel: Cancellation
    live: Mapping[ObjectId, Live]
    prints: Callable[[Body], str]
    end_s: float = float("inf")
    namespaces: frozenset[str] = frozenset()
    kinds: frozenset[GroupKind] = frozenset()
    attempts: dict[ObjectId, Attempt] = field(default_factory=dict)
    in_pool: set[ObjectId] = field(default_factory=set)
    was_cut: bool = False

    @property
    def must_stop(self) -> bool:
        """Whether somebody asked to stop, or the run's time is up."""
        return self.cancel.requested or self.is_late

    @property
    def is_late(self) -> bool:
        """Whether the run's time is up."""
        return self.recorder.clock.monotonic() >= self.end_s

    def attempt(self, step: Step) -> Attempt:
        """What is remembered of a step."""
        return self.attempts.setdefault(step.id, Attempt(uid=step.uid))
