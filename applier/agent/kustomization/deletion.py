"""The deletion of a Kustomization: its objects go as its policy says, then it is let go itself.

Where several are deleted together they go in the reverse order of their dependencies: an operator stays until the objects
that it looks after are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.agent.kustomization import applying
from applier.agent.kustomization.among_others import claims_of
from applier.agent.kustomization.attempt import BLOCKED, PRUNE_FAILED, Attempt
from applier.agent.kustomization.dependencies import cycle_through, keys_of
from applier.agent.runtime.conditions import PROGRESSING, READY
from applier.agent.runtime.controller import NOT_BY_ITSELF, WITH_BACKOFF, Again
from applier.agent.runtime.events import ERROR, INFO
from applier.agent.runtime.informer import key_of
from applier.agent.runtime.writes import has_finalizer, is_deleting
from applier.failures import ApplierError

if TYPE_CHECKING:
    from applier.agent.runtime.queue import Key

# Of objects that are deleted one after the other, the later deletions are waited for so long.
TOGETHER_S, BLOCKED_RETRY_S = 2.0, 5.0


class Deletion(Attempt):
    """The end of a Kustomization: its objects are deleted as its policy says, then it is let go."""

    def finish(self) -> Again:
        """Raises: ApplierError, where the finalizer cannot be removed."""
        if not has_finalizer(self.body):
            return NOT_BY_ITSELF
        policy = self.spec.get("deletionPolicy") or "MirrorPrune"
        deletes = policy in ("Delete", "WaitForTermination") or (policy == "MirrorPrune" and self.spec.get("prune"))
        if deletes and not self.spec.get("suspend"):
            dependents = self._dependents()
            if dependents is None:
                return Again(TOGETHER_S)
            if dependents:
                return self._blocked(f"these depend on it and are being deleted: {', '.join(map(str, dependents))}")
            try:
                self._delete(wait=policy == "WaitForTermination" or self._has_leaving_dependency())
            except applying.ApplyError as problem:
                self.tell(ERROR, PRUNE_FAILED, f"pruning for deleted resource failed: {problem.sentence}")
                return WITH_BACKOFF
            except ApplierError as problem:
                # Without access nothing can be deleted, now or later: the objects are named, and left.
                self.tell(ERROR, PRUNE_FAILED, f"unable to prune objects: {problem}")
        self.owner.forget(self.run.key)
        self.around.writer.remove_finalizer(self.around.collection, self.body)
        return NOT_BY_ITSELF

    def _dependents(self) -> list[Key] | None:
        """Who depends on it and is being deleted as well; None where that may still come up in a moment."""
        own = self.run.key
        found = [body for body in self.around.informer.all() if own in keys_of(body)]
        leaving = [key_of(body) for body in found if is_deleting(body)]
        if leaving:
            # In a cycle nobody would ever be the first.
            return [] if cycle_through(own, self.around.informer.get) else sorted(leaving)
        is_fresh = self.run.key not in self.owner.waited
        self.owner.waited.add(own)
        return None if found and is_fresh else []

    def _has_leaving_dependency(self) -> bool:
        """Whether something that it depends on waits for its end."""
        bodies = (self.around.informer.get(key) for key in keys_of(self.body))
        return any(body is not None and is_deleting(body) for body in bodies)

    def _blocked(self, why: str) -> Again:
        """Say what the deletion waits for. Raises: ApplierError."""
        self.conditions.failed(BLOCKED, f"the deletion waits: {why}")
        self.merge_status({"conditions": self.conditions.as_list()})
        return Again(BLOCKED_RETRY_S)

    def _delete(self, *, wait: bool) -> None:
        """Raises: ApplyError, ApplierError."""
        target = self.target(claims_of(self))
        with self.run.waiting():
            done = applying.delete(target, self.spec, wait=wait)
        if done.pruned:
            ready = self.conditions.get(READY) or {}
            revision = str((self.body.get("status") or {}).get("lastAppliedRevision") or "")
            self.tell(INFO, str(ready.get("reason") or PROGRESSING), "\n".join(done.pruned), revision=revision)
        if done.left:
            self.tell(ERROR, PRUNE_FAILED, f"failed to wait for resources termination: {', '.join(done.left)}")
        for key in set(done.handed.values()):
            self.owner.wake(key)
