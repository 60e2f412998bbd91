"""Events as log lines: one for each change of state, none for each poll, no colours."""

from __future__ import annotations

from applier.model import events
from applier.model.changes import Outcome
from applier.model.ids import ObjectId
from applier.report.safe_text import line, plural

REPEAT_S = 30.0


def subject(object_id: ObjectId) -> str:
    """`deployment.apps/web -n shop`, as kubectl names objects."""
    kind = f"{object_id.kind.lower()}.{object_id.group}" if object_id.group else object_id.kind.lower()
    return f"{kind}/{object_id.name}" + (f" -n {object_id.namespace}" if object_id.namespace else "")


class LogText:
    """Turns the events of one run into lines. It remembers what each object waited for, to say nothing twice."""

    def __init__(self, *, show_unchanged: bool = False) -> None:
        self.show_unchanged = show_unchanged
        self._waits: dict[ObjectId, tuple[float, str]] = {}

    def line(self, event: events.Event) -> str | None:
        """The line for an event; None for one that says nothing new."""
        words = self._words(event)
        return f"{event.at_s:.3f}s {line(words)}" if words is not None else None

    def _words(self, event: events.Event) -> str | None:
        if isinstance(event, events.Applied):
            return self._applied(event)
        if isinstance(event, events.Waiting):
            return self._waiting(event)
        if isinstance(event, events.Healthy):
            self._waits.pop(event.id, None)
            if not event.waited_ms:
                return None
            return f"{subject(event.id)} Current after {event.waited_ms / 1000:.1f}s{_note(event.note)}"
        if isinstance(event, events.Failed):
            self._waits.pop(event.id, None)
            return failure_words(event)
        if isinstance(event, events.Started):
            return None
        return _other_words(event)

    def _applied(self, event: events.Applied) -> str | None:
        if event.outcome is Outcome.UNCHANGED and not self.show_unchanged:
            return None
        fields = f" ({plural(len(event.fields), 'field')})" if event.fields else ""
        reason = f" ({event.reason})" if event.reason and not event.fields else ""
        return f"{subject(event.id)} {event.outcome}{fields}{reason} {event.duration_ms}ms"

    def _waiting(self, event: events.Waiting) -> str | None:
        words = ": ".join(part for part in (event.status, event.reason, event.message) if part)
        since, before = self._waits.get(event.id, (-REPEAT_S, ""))
        if words == before and event.at_s - since < REPEAT_S:
            return None
        self._waits[event.id] = (event.at_s, words)
        return f"{subject(event.id)} waiting: {words}"


def failure_words(event: events.Failed) -> str:
    """What failed, where it comes from, why, and one hint."""
    position = f" [{event.position}]" if event.position else ""
    hint = f" (hint: {event.hint})" if event.hint else ""
    return f"{subject(event.id)} {event.outcome} ({event.error_class}){position}: {event.message}{hint}"


def _other_words(event: events.Event) -> str | None:
    if isinstance(event, events.Planned):
        counts = ", ".join(f"{count} {action}" for action, count in event.counts.items()) or "nothing"
        return f"plan for {event.inventory}: {counts}"
    if isinstance(event, events.Skipped):
        chain = f" by {' → '.join(subject(one) for one in event.blocked_by)}" if event.blocked_by else ""
        return f"{subject(event.id)} skipped: {event.reason}{chain}"
    if isinstance(event, events.Pruned):
        return f"{subject(event.id)} {event.outcome}" + (f" ({event.reason})" if event.reason else "")
    if isinstance(event, events.Retrying):
        who = f"{subject(event.id)} " if event.id is not None else ""
        return f"{who}again in {event.delay_s:.1f}s ({event.error_class}, attempt {event.attempt}): {event.message}"
    if isinstance(event, events.Warned):
        # Some warnings name their object themselves.
        who = f"{subject(event.id)}: " if event.id is not None and str(event.id) not in event.message else ""
        return f"warning: {who}{event.message}"
    if isinstance(event, events.InventoryWritten):
        return f"inventory {event.phase}: {plural(event.count, 'object')}, generation {event.generation}"
    if isinstance(event, events.Done):
        return summary(event)
    return None


def summary(event: events.Done) -> str:
    """The last line: how it ended, by outcome."""
    counts = ", ".join(f"{count} {outcome}" for outcome, count in event.changes.counts().items()) or "no objects"
    return f"{event.changes.result}: {counts}"


def _note(note: str) -> str:
    return f" ({note})" if note else ""
