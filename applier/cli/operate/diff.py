"""`kbuild diff kustomization NAME --path DIR`: what local files would change in the cluster, by the server's own dry run.

Exit status 0 where nothing differs, 1 where something does, 2 for an error.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from applier import flow, keys
from applier.agent.kustomization import applying, ignoring, sentences
from applier.agent.kustomization.status_store import Memory
from applier.agent.runtime.queue import Key
from applier.cli.operate import field_changes, kinds, local_build, sops_masks
from applier.cli.operate.call import SHARED, Call, guarded
from applier.cli.operate.words import FAILURE, WARNING, StoppedError, say
from applier.model.ids import ObjectId, id_of
from applier.model.live import Present
from applier.model.plan import Action
from applier.report.masking import masked_pair
from kbuild.cli.flags import BOOL, Flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from applier.model.dry_runs import DryRuns
    from applier.model.ids import Body
    from applier.model.plan import Step

FLAGS = (
    *local_build.FLAGS,
    Flag(
        "ignore-not-found",
        BOOL,
        "a Kustomization that is not in the cluster yet is no error (needs --kustomization-file)",
    ),
    Flag("progress-bar", BOOL, "accepted as in Flux: nothing is drawn"),
    *SHARED,
)
CHANGED, FAILED = 1, 2
_UNSHOWN = ("managedFields",)


def run(argv: Sequence[str]) -> int:
    """`kbuild diff kustomization NAME --path DIR`."""
    return guarded("diff kustomization", argv, FLAGS, _diff, failure=FAILED)


def _diff(call: Call) -> int:
    name, folder = local_build.name_of(call), local_build.folder_of(call)
    if call.values.get("ignore_not_found") and not call.values.get("kustomization_file"):
        raise StoppedError("kustomization file is required when assuming new kustomizations")
    root = local_build.builder_of(call).build(name, folder)
    has_changes, failures = False, []
    waiting = [(root, 0)]
    while waiting:
        built, depth = waiting.pop(0)
        rows, refused = _compare(call, built)
        if rows and depth:
            metadata = built.owner["metadata"]
            rows.insert(0, f"📁 {kinds.KUSTOMIZATION.kind}/{metadata.get('namespace')}/{metadata['name']} changed")
        sys.stdout.write("".join(f"{row}\n" for row in rows))
        has_changes = has_changes or any(row.startswith("►") and not row.endswith(" skipped") for row in rows)
        failures += refused
        waiting = [*((inner, depth + 1) for inner in built.inner), *waiting]
    sys.stdout.flush()
    for sentence in failures:
        say(FAILURE, sentence)
    if failures:
        return FAILED
    if has_changes:
        say(WARNING, "identified at least one change, exiting with non-zero exit code")
    return CHANGED if has_changes else 0


def _compare(call: Call, built: local_build.Built) -> tuple[list[str], list[str]]:
    """(lines, what the server refuses) of one Kustomization. Raises: StoppedError, ApplierError."""
    metadata, spec = built.owner["metadata"], built.owner.get("spec") or {}
    key = Key(str(metadata.get("namespace") or call.namespace), str(metadata["name"]))
    target = applying.Target(
        key=key, cluster=call.cluster, status=built.owner.get("status") or {}, write_status=lambda _change: None,
        memory=Memory(), timeout_s=0.0,
    )  # fmt: skip
    try:
        rules = ignoring.Rules(spec.get("ignore") or ())
        prepared, _ = applying.planned(target, built.objects, applying.policy_of(key, spec, confirmed=True), rules)
    except applying.ApplyError as problem:
        raise StoppedError(problem.sentence) from None
    except ignoring.IgnoreError as problem:
        raise StoppedError(str(problem)) from None
    answers = flow.ask_server(prepared, call.cluster)
    refused = [sentences.refused(answers.failures)] if answers.failures else []
    steps = {step.id: step for step in prepared.plan.steps if step.direction == "apply"}
    live = {one: held.body for one, held in prepared.snapshot.live.items() if isinstance(held, Present)}
    rows: list[str] = []
    # In the order of the build, as Flux shows them: whatever names no namespace has got one in the plan.
    for step in sorted(steps.values(), key=_order(built.objects)):
        rows += _rows(step, live.get(step.id), answers)
    if not refused:
        gone = [step.id for step in prepared.plan.steps if step.direction == "prune" and step.action is Action.PRUNE]
        rows += [f"► {sentences.subject(object_id)} deleted" for object_id in gone]
    return rows, refused


def _order(bodies: Sequence[Body]) -> Any:
    places: dict[tuple[str, str, str], int] = {}
    for number, body in enumerate(bodies):
        found = id_of(body)
        places.setdefault((found.group, found.kind, found.name), number)

    def place(step: Step) -> tuple[int, ObjectId]:
        object_id = step.id
        return places.get((object_id.group, object_id.kind, object_id.name), len(bodies)), object_id

    return place


def _rows(step: Step, live: Body | None, answers: DryRuns) -> Iterator[str]:
    """The lines about one object; none where nothing would change."""
    subject = sentences.subject(step.id)
    if step.action is Action.SKIP:
        yield f"► {subject} skipped"
    elif step.id in answers.failures or step.action is Action.UNCHANGED:
        return
    elif live is None:
        yield f"► {subject} created"
    elif step.id in answers.recreate:
        yield f"► {subject} recreated"
    elif step.id in answers.bodies:
        before, after = shown(live), shown(answers.bodies[step.id])
        if sops_masks.is_masked(step.body or {}):
            before, after = _keys_only(before), _keys_only(after)
        before, after = masked_pair(before, after, step.id.kind)
        rows = list(field_changes.lines(before, after))
        if rows:
            yield f"► {subject} drifted"
            yield from rows


def shown(body: Body) -> dict[str, Any]:
    """An object as the report compares it: without its status and without whose fields they are."""
    metadata = {name: value for name, value in body["metadata"].items() if name not in _UNSHOWN}
    notes = {name: value for name, value in (metadata.get("annotations") or {}).items() if name != keys.LAST_APPLIED}
    metadata.pop("annotations", None)
    if notes:
        metadata["annotations"] = notes
    return {**{name: value for name, value in body.items() if name not in ("status", "metadata")}, "metadata": metadata}


def _keys_only(body: dict[str, Any]) -> dict[str, Any]:
    """A Secret of whose values nothing is known: its keys are compared."""
    return {**body, **{name: dict.fromkeys(body[name], "*****") for name in ("data", "stringData") if body.get(name)}}
