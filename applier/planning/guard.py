"""What a person must agree to before a plan is carried out, and which flag says so in a pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from applier.failures import ErrorClass
from applier.model import kinds
from applier.model.errors import Problem
from applier.model.live import Unknown
from applier.model.plan import Action, Step
from applier.model.policy import Policy
from applier.model.snapshot import Snapshot

MANY = 10
_PRECIOUS = frozenset([kinds.NAMESPACE, kinds.DEFINITION, kinds.VOLUME, kinds.CLAIM])


def confirmations(
    steps: Sequence[Step], prunes: Sequence[Step], snapshot: Snapshot, policy: Policy, stored: int
) -> tuple[Problem, ...]:
    """Why a person must agree; empty where nobody must, or where flags agree already. `stored` counts the inventory."""
    deleted = [step for step in prunes if step.action is Action.PRUNE]
    found = []
    everything = "all" in policy.allow_prune
    if not steps and stored and not (policy.allow_empty and (everything or not deleted)):
        found.append(
            _ask("the set is empty: everything in the inventory would be deleted", "--allow-empty --allow-prune=all")
        )
    elif len(deleted) >= MANY and 2 * len(deleted) > stored and not (everything or _limit(policy) >= len(deleted)):
        reason = f"{len(deleted)} of {stored} objects in the inventory would be deleted"
        found.append(_ask(reason, f"--allow-prune={len(deleted)}"))
    if everything:
        return tuple(found)
    for step in deleted:
        if step.id.group_kind in _PRECIOUS and step.id.kind not in policy.allow_prune:
            found.append(_ask("would be deleted, with everything in it", f"--allow-prune={step.id.kind}", step))
        count = snapshot.crd_instances.get(step.id, 0)
        if isinstance(count, Unknown):
            found.append(
                _ask(f"may have resources that the inventory does not hold ({count.why})", "--allow-prune=all", step)
            )
        elif count:
            found.append(
                _ask(f"has {count} or more resources that the inventory does not hold", "--allow-prune=all", step)
            )
    return tuple(found)


def _limit(policy: Policy) -> int:
    """The largest number that `--allow-prune` was given."""
    return max((int(word) for word in policy.allow_prune if word.isdigit()), default=0)


def _ask(reason: str, flag: str, step: Step | None = None) -> Problem:
    object_id = step.id if step is not None else None
    return Problem(reason, object_id=object_id, hint=f"agree with {flag}", error_class=ErrorClass.CONFIRMATION)
