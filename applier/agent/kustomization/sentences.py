"""What happened to objects, in the words that Flux uses for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.failures import ErrorClass
from applier.model.changes import Outcome
from applier.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from applier.failures import Failure
    from applier.model.changes import Change
    from applier.model.ids import ObjectId

_WORDS = {
    Outcome.CREATED: "created",
    Outcome.CONFIGURED: "configured",
    Outcome.ADOPTED: "configured",
    Outcome.MIGRATED: "configured",
    Outcome.RECREATED: "created",
    Outcome.PRUNED: "deleted",
    Outcome.KEPT: "skipped",
}
_REASONS = {
    ErrorClass.INVALID: "Invalid",
    ErrorClass.IMMUTABLE: "Invalid",
    ErrorClass.FORBIDDEN: "Forbidden",
    ErrorClass.DENIED: "Forbidden",
    ErrorClass.QUOTA: "Forbidden",
    ErrorClass.CONFLICT: "Conflict",
}


def subject(object_id: ObjectId) -> str:
    """`Kind/namespace/name`, or `Kind/name`."""
    return f"{object_id.kind}/{object_id.path}"


def lines(changes: Iterable[Change], *, pruned: bool) -> list[str]:
    """A line for each object that was written, or (`pruned`) that left."""
    found = []
    for change in changes:
        leaves = change.action in (Action.PRUNE, Action.KEEP, Action.DROP)
        word = _WORDS.get(change.outcome)
        if leaves == pruned and word is not None:
            found.append(f"{subject(change.id)} {word}")
    return found


def refused(failures: Mapping[ObjectId, Failure]) -> str:
    """The server's refusals of a dry run, one sentence for each object."""
    return "\n".join(_refusal(object_id, failure) for object_id, failure in failures.items())


def _refusal(object_id: ObjectId, failure: Failure) -> str:
    name = subject(object_id)
    if failure.error_class is ErrorClass.NAMESPACE_MISSING:
        return f"{name} not found: {failure.message}"
    if failure.error_class is ErrorClass.KIND_MISSING:
        return f"{name} dry-run failed: {failure.message}"
    reason = _REASONS.get(failure.error_class)
    return f"{name} dry-run failed{f' ({reason})' if reason else ''}: {failure.message}"


def failed(changes: Iterable[Change]) -> str:
    """The failures of a run, one sentence for each object; those that were only held up by others are left out."""
    sentences = []
    for change in changes:
        if change.outcome.is_failure:
            verb = "delete" if change.action is Action.PRUNE else "apply"
            sentences.append(f"{subject(change.id)} {verb} failed: {change.message}")
    return "\n".join(sentences)
