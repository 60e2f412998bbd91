"""`kbuild suspend` and `kbuild resume`: objects put on hold, with a reason and an end where wanted, and taken up again.

Flux keeps `spec.suspend` alone; who, why and until when are annotations beside it, which the agent and `get` read.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any

from applier import keys
from applier.agent.runtime import durations
from applier.cli.operate import requests, tables
from applier.cli.operate.call import EVERY, SHARED, Call, MissingKindError, guarded
from applier.cli.operate.words import ACTION, FAILURE, SUCCESS, WAITING, StoppedError, say
from applier.cli.settings import connection_choice
from applier.clock import utc_text
from applier.cluster import kubeconfig
from kbuild.cli.flags import BOOL, TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.cli.operate.kinds import Noun
    from applier.model.ids import Body

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_REASON = Flag("reason", TEXT, "why, for whoever looks at it (`get` shows it)", short="r", placeholder="TEXT")
_UNTIL = Flag(
    "until", TEXT, "when to go on by itself: a time such as 2h, or a moment such as 2030-01-31T18:00:00Z", placeholder="WHEN"
)  # fmt: skip
_WAIT = Flag("wait", BOOL, "wait for the run of each (of one object: always)")
SUSPEND_FLAGS = (EVERY, _REASON, _UNTIL, *SHARED)
RESUME_FLAGS = (EVERY, _WAIT, *SHARED)
_NOTES = (keys.SUSPENDED_BY, keys.SUSPENDED_REASON, keys.SUSPENDED_UNTIL)


def suspend(argv: Sequence[str]) -> int:
    """`kbuild suspend kustomization|source git|… NAME…`."""
    return guarded("suspend", argv, SUSPEND_FLAGS, _suspend)


def resume(argv: Sequence[str]) -> int:
    """`kbuild resume kustomization|source git|… NAME…`."""
    return guarded("resume", argv, RESUME_FLAGS, _resume)


def _suspend(call: Call) -> int:
    noun, names = _chosen(call)
    notes = _notes(call)
    if not names:
        raise StoppedError("no objects found")
    for name in names:
        try:
            body = call.get(noun, name)
        except MissingKindError as problem:
            say(FAILURE, f"failed suspending {noun.kind} {name} in {call.namespace} namespace: {problem}")
            continue
        if body is None:
            say(FAILURE, f"{noun.kind} {name} not found in {call.namespace} namespace")
            continue
        say(ACTION, f"suspending {noun.human} {name} in {call.namespace} namespace")
        change: dict[str, Any] = {"spec": {"suspend": True}}
        old = body["metadata"].get("annotations") or {}
        if notes or any(key in old for key in _NOTES):
            change["metadata"] = {"annotations": {**{key: None for key in _NOTES if key in old}, **notes}}
        call.change(noun, body, change)
        say(SUCCESS, f"{noun.human} suspended")
    return 0


def _resume(call: Call) -> int:
    noun, names = _chosen(call)
    if not names:
        say(FAILURE, f"no {noun.kind} objects found in {call.namespace} namespace")
    resumed = []
    for name in names:
        body = call.get(noun, name)
        if body is None:
            say(FAILURE, f"{noun.kind} object '{name}' not found in {call.namespace} namespace")
            continue
        say(ACTION, f"resuming {noun.human} {name} in {call.namespace} namespace")
        old = body["metadata"].get("annotations") or {}
        gone = {key: None for key in _NOTES if key in old}
        change = {"spec": {"suspend": None}, **({"metadata": {"annotations": gone}} if gone else {})}
        resumed.append(call.change(noun, body, change))
        say(SUCCESS, f"{noun.human} resumed")
    waits = call.values.get("wait", len(call.noun_and_names()[1]) == 1)
    return _await(call, noun, resumed) if waits else 0


def _await(call: Call, noun: Noun, bodies: list[Body]) -> int:
    """Wait for the runs of resumed objects; returns 1 where one failed. Raises: ApplierError; StoppedError."""
    for _ in bodies:
        say(WAITING, f"waiting for {noun.kind} reconciliation")
    found = requests.wait_for_all(call, noun, {str(body["metadata"]["name"]): body for body in bodies})
    for name, outcome in sorted(found.items()):
        if isinstance(outcome, str):
            say(FAILURE, f"{noun.kind} {name} reconciliation failed: {outcome}")
        else:
            say(SUCCESS, f"{noun.kind} {name} reconciliation completed")
            say(SUCCESS, tables.success_of(noun, outcome))
    failed = sum(isinstance(outcome, str) for outcome in found.values())
    if failed:
        raise StoppedError(f"reconciliation failed for {failed} {noun.kind}(s)")
    return 0


def _chosen(call: Call) -> tuple[Noun, list[str]]:
    """The kind and the names, each once; with --all none where there are none. Raises: StoppedError, ApplierError."""
    noun, names = call.noun_and_names()
    if not noun.suspends:
        raise StoppedError(f"{noun.kind} has no field that suspends it")
    if names:
        return noun, list(dict.fromkeys(names))
    if not call.values.get("all"):
        raise StoppedError(f"{noun.human} name is required")
    return noun, [str(body["metadata"]["name"]) for body in call.objects(noun)]


def _notes(call: Call) -> dict[str, str]:
    """The annotations about a suspension, none where nothing is to be told. Raises: StoppedError, ApplierError."""
    reason, until = call.values.get("reason"), call.values.get("until")
    if not reason and not until:
        return {}
    found = {keys.SUSPENDED_BY: _who(call)}
    if reason:
        found[keys.SUSPENDED_REASON] = str(reason)
    if until:
        found[keys.SUSPENDED_UNTIL] = moment(str(until), time.time())
    return found


def moment(text: str, now: float) -> str:
    """A time from now, or a moment, as RFC 3339 in UTC. Raises: StoppedError, for neither and for what is past."""
    if _TIME.fullmatch(text):
        found = text
    else:
        try:
            found = utc_text(now + durations.seconds(text))
        except ValueError:
            raise StoppedError(
                f"--until {text} is neither a time such as 2h nor a moment such as 2030-01-31T18:00:00Z"
            ) from None
    if found <= utc_text(now):
        raise StoppedError(f"--until {text} is past")
    return found


def _who(call: Call) -> str:
    """The user of the kubeconfig. Raises: ApplierError."""
    choice = connection_choice(call.values)
    return choice.impersonate or kubeconfig.connect(choice, os.environ).user
