"""The deletion of a Kustomization: its objects go as its policy says, then it is let go itself."""

from __future__ import annotations

from applier.agent.kustomization import applying
from applier.agent.kustomization.attempt import PRUNE_FAILED, Attempt
from applier.agent.runtime.conditions import PROGRESSING, READY
from applier.agent.runtime.controller import NOT_BY_ITSELF, WITH_BACKOFF, Again
from applier.agent.runtime.events import ERROR, INFO
from applier.agent.runtime.writes import has_finalizer
from applier.failures import ApplierError


class Deletion(Attempt):
    """The end of a Kustomization: its objects are deleted as its policy says, then it is let go."""

    def finish(self) -> Again:
        """Raises: ApplierError, where the finalizer cannot be removed."""
        if not has_finalizer(self.body):
            return NOT_BY_ITSELF
        policy = self.spec.get("deletionPolicy") or "MirrorPrune"
        deletes = policy in ("Delete", "WaitForTermination") or (policy == "MirrorPrune" and self.spec.get("prune"))
        if deletes and not self.spec.get("suspend"):
            try:
                self._delete(wait=policy == "WaitForTermination")
            except applying.ApplyError as problem:
                self.tell(ERROR, PRUNE_FAILED, f"pruning for deleted resource failed: {problem.sentence}")
                return WITH_BACKOFF
            except ApplierError as problem:
                # Without access nothing can be deleted, now or later: the objects are named, and left.
                self.tell(ERROR, PRUNE_FAILED, f"unable to prune objects: {problem}")
        self.owner.memory.forget(self.run.key)
        self.around.writer.remove_finalizer(self.around.collection, self.body)
        return NOT_BY_ITSELF

    def _delete(self, *, wait: bool) -> None:
        """Raises: ApplyError, ApplierError."""
        target = self.target()
        with self.run.waiting():
            done = applying.delete(target, self.spec, wait=wait)
        if done.pruned:
            ready = self.conditions.get(READY) or {}
            revision = str((self.body.get("status") or {}).get("lastAppliedRevision") or "")
            self.tell(INFO, str(ready.get("reason") or PROGRESSING), "\n".join(done.pruned), revision=revision)
        if done.left:
            self.tell(ERROR, PRUNE_FAILED, f"failed to wait for resources termination: {', '.join(done.left)}")
