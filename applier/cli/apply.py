"""`kbuild apply` and `kbuild delete`: plan, ask where a person must agree, carry out, and tell."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from applier import flow
from applier.cli.output import Output
from applier.cli.session import cluster_of, inventory_of
from applier.cli.settings import policy_of
from applier.cli.signals import orderly_stop
from applier.cli.source import read_source
from applier.cli.tell import Teller, teller_for
from applier.cli.wish import wish_of
from applier.executor.cancel import Cancellation
from applier.executor.options import Options
from applier.failures import ApplierError, ErrorClass
from applier.model.errors import UnconfirmedError
from applier.records import replace

if TYPE_CHECKING:
    from applier.cli.settings import Settings
    from applier.cluster.cluster import Cluster
    from applier.flow import Prepared, Wish


def run(settings: Settings) -> int:
    """Apply. Raises: KbuildError, ApplierError."""
    source = read_source(settings)
    cluster = cluster_of(settings)
    return _carry_out(settings, cluster, wish_of(settings, source, cluster), source.warnings)


def run_delete(settings: Settings) -> int:
    """Delete what an inventory holds. Raises: KbuildError, ApplierError."""
    source = read_source(settings) if settings.target and not settings.text("name") else None
    cluster = cluster_of(settings)
    ref = inventory_of(settings, source, cluster)
    policy = replace(policy_of(settings.values, ref.namespace), confirmed=True)
    return _carry_out(settings, cluster, flow.Wish(ref=ref, policy=policy, is_delete=True), ())


def _carry_out(settings: Settings, cluster: Cluster, wish: Wish, warnings: tuple[str, ...]) -> int:
    teller = teller_for(settings)
    for line in warnings:
        teller.note(line)
    if settings.text("dry_run", "none") != "none":
        return _dry_run(settings, cluster, wish, teller)
    cancel = Cancellation()

    def approve(prepared: Prepared) -> Prepared:
        teller.introduce(prepared, cluster)
        return _approved(settings, prepared, teller)

    try:
        with orderly_stop(cancel), teller:
            changes = flow.apply(
                cluster, wish, _options(settings), approve=approve, cancel=cancel, on_event=teller.take
            )
    except ApplierError as problem:
        if problem.error_class is not ErrorClass.CANCELLED:
            raise
        teller.note(problem.failure.message)
        return cancel.exit_code
    teller.finish(changes)
    if any(change.error_class is ErrorClass.FORBIDDEN for change in changes.changes):
        _tell_missing_rights(cluster, wish, teller)
    return changes.exit_code


def _options(settings: Settings) -> Options:
    from kbuild import __version__

    return Options(
        run=flow.new_run_id(),
        tool=__version__,
        lock=settings.text("lock", "on") == "on",
        lock_timeout_s=settings.lock_timeout_s,
        preflight=settings.is_set("preflight"),
    )


def _tell_missing_rights(cluster: Cluster, wish: Wish, teller: Teller) -> None:
    """After a refusal: everything that is missing for the whole set, at once."""
    try:
        flow.check_rights(flow.prepare(cluster, wish), cluster)
    except ApplierError as problem:
        for line in (problem.failure.message, *problem.failure.advice.splitlines()):
            teller.note(line)


def _approved(settings: Settings, prepared: Prepared, teller: Teller) -> Prepared:
    """The plan with a person's yes, where it needs one and somebody is there to give it."""
    plan = prepared.plan
    if plan.is_delete and not settings.is_set("yes") and _is_attended():
        count = sum(1 for step in plan.steps if step.action.writes)
        if count and not _question(teller, f"Delete {count} objects?"):
            raise UnconfirmedError("nothing was deleted")
    if not plan.needs_yes or plan.policy.confirmed or plan.errors or not _is_attended():
        return prepared
    for found in plan.needs_yes:
        teller.note(f"  {found}")
    return flow.confirmed(prepared) if _question(teller, "Carry it out?") else prepared


def _is_attended() -> bool:
    return sys.stdin.isatty() and Output(2).is_terminal


def _question(teller: Teller, text: str) -> bool:
    with teller.paused():
        Output(2).write(f"{text} [y/N] ")
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def _dry_run(settings: Settings, cluster: Cluster, wish: Wish, teller: Teller) -> int:
    """Plan, let the server check it where that was asked for, and show the plan."""
    from applier.cli.dry import show_plan

    prepared = flow.prepare(cluster, wish)
    return show_plan(prepared, cluster, teller, ask_server=settings.text("dry_run") == "server")
