"""What makes a Kustomization run besides its interval: its source's new revision, and a dependency that became ready.

Each is told at once to whom it concerns, found by index: nobody waits for the next poll.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.kustomization.dependencies import keys_of, source_of
from applier.agent.runtime.conditions import READY, TRUE, find
from applier.agent.runtime.informer import key_of
from applier.agent.runtime.writes import is_deleting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.queue import Key
    from applier.agent.runtime.unit import Unit
    from applier.model.ids import Body


class Triggers:
    """Queues the Kustomizations of one unit as other objects change."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._dependents: dict[Key, set[Key]] = {}

    def source_changed(self, old: Body | None, new: Body | None) -> None:
        """A source changed: its Kustomizations run when it has another revision, and no longer wait for an old one's health."""
        if new is None or revision_of(new) == revision_of(old) or not revision_of(new):
            return
        wanted, revision = (str(new["kind"]), *key_of(new)), revision_of(new).partition(" ")[0]
        is_repacked = revision == revision_of(old).partition(" ")[0]
        for body in self.unit.around.informer.all():
            if source_of(body) == wanted and (is_repacked or not is_ready_at(body, revision)):
                key = key_of(body)
                self.unit.controller.cancel(key, f"{wanted[0]}/{wanted[1]}/{wanted[2]}")
                self.unit.queue.add(key)

    def kustomization_changed(self, old: Body | None, new: Body | None) -> None:
        """A Kustomization changed: what depends on it runs when it became ready, or ready at another revision."""
        self._index(old, new)
        if new is None:
            self._let_dependencies_go(old)
            return
        if not is_ready(new):
            return
        if old is not None and is_ready(old) and applied_revision(old) == applied_revision(new):
            return
        for key in self._dependents.get(key_of(new), ()):
            body = self.unit.around.informer.get(key)
            if body is not None and not is_ready_at(body, applied_revision(new)):
                self.unit.queue.add(key)

    def _index(self, old: Body | None, new: Body | None) -> None:
        """Keep who depends on whom: only the informer's thread comes here."""
        body = new if new is not None else old
        assert body is not None
        before, after = set(keys_of(old)) if old else set(), set(keys_of(new)) if new else set()
        for key in before - after:
            self._dependents[key].discard(key_of(body))
        for key in after - before:
            self._dependents.setdefault(key, set()).add(key_of(body))

    def _let_dependencies_go(self, old: Body | None) -> None:
        """One is gone: what it depended on may wait for that, with its own deletion."""
        for key in keys_of(old) if old is not None else ():
            body = self.unit.around.informer.get(key)
            if body is not None and is_deleting(body):
                self.unit.queue.add(key)


def revision_of(source: Mapping[str, Any] | None) -> str:
    """The revision of a source's artifact, with its digest: an artifact packed anew is another one."""
    artifact = ((source or {}).get("status") or {}).get("artifact") or {}
    return f"{artifact.get('revision') or ''} {artifact.get('digest') or ''}".strip()


def applied_revision(body: Mapping[str, Any]) -> str:
    """The revision that a Kustomization has applied."""
    return str((body.get("status") or {}).get("lastAppliedRevision") or "")


def is_ready(body: Mapping[str, Any]) -> bool:
    """Whether a Kustomization is ready for its present spec."""
    ready = find(body, READY)
    return (
        ready is not None
        and ready.get("status") == TRUE
        and (body.get("status") or {}).get("observedGeneration") == body["metadata"].get("generation")
    )


def is_ready_at(body: Mapping[str, Any], revision: str) -> bool:
    """Whether a Kustomization has that revision already."""
    return is_ready(body) and applied_revision(body) == revision
