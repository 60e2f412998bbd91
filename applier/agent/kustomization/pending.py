"""What the next run of a Kustomization would change: looked at when somebody asks, nothing is written and nothing remembered."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Semaphore
from typing import TYPE_CHECKING

from applier.agent.kustomization import applying, comparing, ignoring, variables
from applier.agent.kustomization.among_others import AmongOthers
from applier.agent.kustomization.attempt import Means, RunError
from applier.agent.kustomization.preparing import Preparing
from applier.agent.runtime.controller import Run
from applier.failures import ApplierError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.agent.kustomization.comparing import Difference
    from applier.agent.runtime.queue import Key

_VIEW = comparing.View(unshown=comparing.VOLATILE)


@dataclass(frozen=True, slots=True)
class Pending:
    """What is pending: the revision that was looked at, the differences, and why there are no more, empty for no reason."""

    revision: str
    differences: tuple[Difference, ...] = ()
    problem: str = ""


def pending_of(means: Means, key: Key) -> Pending | None:
    """What the next run would change; None for a Kustomization that is not there. Values out of Secrets are hidden."""
    body = means.around.informer.get(key)
    if body is None:
        return None
    look = Preparing(means, Run(key=key, slots=Semaphore(0)), body)
    found, problem = comparing.Comparison(()), ""
    try:
        found = _compared(look)
    except RunError as error:
        problem = error.message
    except (applying.ApplyError, ignoring.IgnoreError, ApplierError) as error:
        problem = str(error)
    differences = [_hidden(one, look.secrets) for one in found.differences if one.word != comparing.SKIPPED]
    return Pending(look.revision, tuple(differences), variables.masked(problem or found.refused, look.secrets))


def _compared(look: Preparing) -> comparing.Comparison:
    """Raises: RunError, ApplyError, IgnoreError, ApplierError."""
    artifact = look.artifact()
    look.revision = str(artifact["revision"])
    bodies = look.wanted(look.built(artifact, lambda: None))
    policy = applying.policy_of(look.run.key, look.spec, confirmed=True)
    target = look.target(AmongOthers(look, artifact).asked())
    prepared, _, _ = applying.intended(target, bodies, policy, ignoring.Rules(look.spec.get("ignore") or ()))
    return comparing.compare(prepared, target.cluster, bodies, _VIEW)


def _hidden(one: Difference, secrets: set[str]) -> Difference:
    rows: Sequence[str] = [variables.masked(row, secrets) for row in one.rows]
    return comparing.Difference(one.subject, one.word, tuple(rows))
