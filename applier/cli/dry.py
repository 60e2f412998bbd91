"""Shows plans instead of carrying them out: as a plan (`apply --dry-run`), or as differences (`diff`)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from applier import flow
from applier.cli.tell import JSON, PLAN
from applier.failures import EXIT_INPUT, EXIT_OK, worst
from applier.fields.differences import changed_paths
from applier.model.dry_runs import DryRuns
from applier.model.live import Present
from applier.model.plan import Action
from applier.planning import check
from applier.records import replace
from applier.report.diff_text import DiffOptions, diff_text, has_differences, sides, yaml_text
from applier.report.masking import Mask, parse_mask
from applier.report.plan_json import plan_json
from applier.report.plan_text import plan_text
from applier.report.safe_text import line as safe_line
from kbuild import UsageError

if TYPE_CHECKING:
    from applier.cli.settings import Settings
    from applier.cli.tell import Teller
    from applier.cluster.cluster import Cluster
    from applier.flow import Prepared
    from applier.model.plan import Plan, Step

EXIT_DIFFERENCES = 1
EXTERNAL = ("KBUILD_EXTERNAL_DIFF", "KUBECTL_EXTERNAL_DIFF")


def show_plan(prepared: Prepared, cluster: Cluster, teller: Teller, *, ask_server: bool) -> int:
    """Show what would be done, checked by the server where that was asked for; returns the exit status.

    Raises: PlanningError, where the objects cannot be applied.
    """
    check(flow.confirmed(prepared).plan)
    runs = flow.ask_server(prepared, cluster) if ask_server else DryRuns()
    prepared = known_better(prepared, runs)
    if teller.form in (JSON, PLAN):
        teller.out.write(plan_json(prepared.plan))
    else:
        teller.out.write(plan_text(prepared.plan, verbose=teller.verbose))
    return tell_refusals(runs, teller)


def tell_refusals(runs: DryRuns, teller: Teller) -> int:
    """What the server refused; returns the exit status that it means."""
    for object_id, failure in runs.failures.items():
        teller.note(f"{object_id}: {failure.message} ({failure.error_class})")
        if failure.advice:
            teller.note(f"  hint: {failure.advice}")
    for object_id, reason in runs.unchecked.items():
        if teller.verbose:
            teller.note(f"{object_id}: not checked by the server: {reason}")
    return worst(failure.exit_code for failure in runs.failures.values())


def known_better(prepared: Prepared, runs: DryRuns) -> Prepared:
    """The plan as the server's answers make it: what it would not change, and what it would make us recreate."""

    def judged(step: Step) -> Step:
        if step.id in runs.recreate:
            return replace(step, action=Action.RECREATE)
        answer, live = runs.bodies.get(step.id), prepared.snapshot.live.get(step.id)
        if answer is None or not isinstance(live, Present) or step.action is not Action.CONFIGURE:
            return step
        fields = changed_paths(live.body, answer)
        return replace(step, fields=fields) if fields else replace(step, action=Action.UNCHANGED, fields=())

    steps = tuple(judged(step) for step in prepared.plan.steps)
    return replace(prepared, plan=replace(prepared.plan, steps=steps))


def show_differences(settings: Settings, prepared: Prepared, cluster: Cluster, teller: Teller) -> int:
    """Show what would change; returns 1 where something would. Raises: PlanningError, UsageError."""
    check(flow.confirmed(prepared).plan)
    is_server = settings.text("diff", "owned") == "server"
    # Without the server, only where nothing but the server can tell whether there is a difference.
    runs = flow.ask_server(prepared, cluster, None if is_server else _is_unsure)
    prepared = known_better(prepared, runs)
    options = DiffOptions(
        masks=tuple(_masks(settings)),
        show_secrets=settings.is_set("show_secrets") and _may_show_secrets(),
        predicted=runs.bodies if is_server else {},
    )
    if teller.form in (JSON, PLAN):
        teller.out.write(plan_json(prepared.plan))
    elif program := next((os.environ[name] for name in EXTERNAL if os.environ.get(name)), ""):
        _external(program, prepared, options)
    else:
        for text in diff_text(prepared.plan, prepared.snapshot, options):
            teller.out.line(_painted(text) if _is_coloured(teller) else text)
    refused = tell_refusals(runs, teller)
    if refused != EXIT_OK:
        return max(refused, EXIT_INPUT)
    return EXIT_DIFFERENCES if has_differences(prepared.plan) else EXIT_OK


def _is_unsure(step: Step) -> bool:
    return step.action is Action.CONFIGURE and not step.fields


def _masks(settings: Settings) -> list[Mask]:
    try:
        return [parse_mask(text) for text in settings.values.get("mask") or ()]
    except ValueError as problem:
        raise UsageError(f"--mask: {problem}") from None


def _may_show_secrets() -> bool:
    if sys.stdout.isatty() or os.environ.get("KBUILD_ALLOW_SECRETS") == "1":
        return True
    raise UsageError("--show-secrets is for a terminal").advise("KBUILD_ALLOW_SECRETS=1 allows it elsewhere")


def _is_coloured(teller: Teller) -> bool:
    return teller.out.is_terminal and not os.environ.get("NO_COLOR")


def _painted(text: str) -> str:
    colour = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m", "~": "\x1b[1m"}.get(text[:1])
    return f"{colour}{text}\x1b[0m" if colour else text


def _external(program: str, prepared: Prepared, options: DiffOptions) -> None:
    """Show masked files of both sides with the user's own program."""
    import shlex
    import subprocess
    from tempfile import TemporaryDirectory

    manager = prepared.plan.policy.field_manager
    with TemporaryDirectory(prefix="kbuild-diff-") as folder:
        places = [os.path.join(folder, name) for name in ("LIVE", "MERGED")]
        for place in places:
            os.mkdir(place)
        for number, step in enumerate(_shown(prepared.plan)):
            name = f"{number:05d}.{'.'.join(part for part in step.id if part)}".replace("/", "_")[:200]
            for place, side in zip(places, sides(step, prepared.snapshot, manager, options), strict=True):
                with open(os.path.join(place, name), "w", encoding="utf-8") as file:
                    file.write(yaml_text(side))
        sys.stdout.flush()
        try:
            subprocess.run([*shlex.split(program), *places], check=False)  # noqa: S603  (the user's own words)
        except OSError as problem:
            raise UsageError(f"{safe_line(program)} cannot be run: {problem.strerror}") from None


def _shown(plan: Plan) -> list[Step]:
    return [step for step in plan.steps if step.action.writes]
