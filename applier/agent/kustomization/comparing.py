"""What a plan would change, object by object and field by field, by the server's own dry run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier import flow, keys
from applier.agent.kustomization import sentences
from applier.model.ids import ObjectId, id_of
from applier.model.live import Present
from applier.model.plan import Action
from applier.report import field_changes
from applier.report.masking import masked_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from applier.cluster.cluster import Cluster
    from applier.model.dry_runs import DryRuns
    from applier.model.ids import Body
    from applier.model.plan import Step

CREATED, RECREATED, DRIFTED, DELETED, SKIPPED = "created", "recreated", "drifted", "deleted", "skipped"
UNSHOWN = frozenset({"managedFields"})
VOLATILE = frozenset({"managedFields", "generation", "resourceVersion"})


@dataclass(frozen=True, slots=True)
class Difference:
    """What would become of one object. Shape: `rows` are the lines of a report on its fields, values of Secrets hidden."""

    subject: str
    word: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences in the order of the build, deletions last; and what the server refuses, empty for nothing."""

    differences: tuple[Difference, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """How objects are shown. Shape: `unshown` are fields of metadata; of objects that `keys_only` tells no values are known."""

    unshown: frozenset[str] = UNSHOWN
    keys_only: Callable[[Body], bool] = lambda _body: False


FLUX_VIEW = View()


def compare(prepared: flow.Prepared, cluster: Cluster, bodies: Sequence[Body], view: View = FLUX_VIEW) -> Comparison:
    """What carrying a plan out would change; nothing is written. Raises: ApplierError."""
    answers = flow.ask_server(prepared, cluster)
    refused = sentences.refused(answers.failures) if answers.failures else ""
    steps = [step for step in prepared.plan.steps if step.direction == "apply"]
    live = {one: held.body for one, held in prepared.snapshot.live.items() if isinstance(held, Present)}
    found: list[Difference] = []
    # In the order of the build, as Flux shows them: whatever names no namespace has got one in the plan.
    for step in sorted(steps, key=_order(bodies)):
        found += _of_step(step, live.get(step.id), answers, view)
    if not refused:
        gone = [step.id for step in prepared.plan.steps if step.direction == "prune" and step.action is Action.PRUNE]
        found += [Difference(sentences.subject(object_id), DELETED) for object_id in gone]
    return Comparison(tuple(found), refused)


def _order(bodies: Sequence[Body]) -> Callable[[Step], tuple[int, ObjectId]]:
    places: dict[tuple[str, str, str], int] = {}
    for number, body in enumerate(bodies):
        found = id_of(body)
        places.setdefault((found.group, found.kind, found.name), number)

    def place(step: Step) -> tuple[int, ObjectId]:
        object_id = step.id
        return places.get((object_id.group, object_id.kind, object_id.name), len(bodies)), object_id

    return place


def _of_step(step: Step, live: Body | None, answers: DryRuns, view: View) -> Iterator[Difference]:
    """What would become of one object; nothing where nothing would change."""
    subject = sentences.subject(step.id)
    if step.action is Action.SKIP:
        yield Difference(subject, SKIPPED)
    elif step.id in answers.failures or step.action is Action.UNCHANGED:
        return
    elif live is None:
        yield Difference(subject, CREATED)
    elif step.id in answers.recreate:
        yield Difference(subject, RECREATED)
    elif step.id in answers.bodies:
        before, after = shown(live, view.unshown), shown(answers.bodies[step.id], view.unshown)
        if view.keys_only(step.body or {}):
            before, after = _keys_only(before), _keys_only(after)
        before, after = masked_pair(before, after, step.id.kind)
        rows = tuple(field_changes.lines(before, after))
        if rows:
            yield Difference(subject, DRIFTED, rows)


def shown(body: Body, unshown: frozenset[str] = UNSHOWN) -> dict[str, Any]:
    """An object as the report compares it: without its status and some of its metadata."""
    metadata = {name: value for name, value in body["metadata"].items() if name not in unshown}
    notes = {name: value for name, value in (metadata.get("annotations") or {}).items() if name != keys.LAST_APPLIED}
    metadata.pop("annotations", None)
    if notes:
        metadata["annotations"] = notes
    return {**{name: value for name, value in body.items() if name not in ("status", "metadata")}, "metadata": metadata}


def _keys_only(body: dict[str, Any]) -> dict[str, Any]:
    """A Secret of whose values nothing is known: its keys are compared."""
    return {**body, **{name: dict.fromkeys(body[name], "*****") for name in ("data", "stringData") if body.get(name)}}
