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
from applier.cli.operate import kinds, requests, tables
from applier.cli.operate.call import EVERY, SHARED, Call, guarded
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
    for name in names:
        body = call.get(noun, name)
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
    if not noun.reconciles or not (call.values.get("wait") or len(names) == 1):
        return 0
    return max((_wait(call, noun, body) for body in resumed), default=0)


def _wait(call: Call, noun: Noun, body: Body) -> int:
    """Wait for the run of a resumed object; returns 1 where it failed. Raises: ApplierError."""
    say(WAITING, f"waiting for {noun.kind} reconciliation")
    try:
        live = requests.wait(call, noun, body, requests.observes(body))
    except StoppedError as problem:
        say(FAILURE, str(problem))
        return 1
    say(SUCCESS, f"{noun.kind} {body['metadata']['name']} reconciliation completed")
    say(SUCCESS, f"{noun.revision} {tables.revision_of(live)}")
    return 0


def _chosen(call: Call) -> tuple[Noun, list[str]]:
    """The kind and the names, each once. Raises: StoppedError, ApplierError."""
    noun, names = call.noun_and_names()
    if kinds.SUSPENDED not in noun.columns:
        raise StoppedError(f"a {noun.kind} cannot be suspended")
    if names:
        return noun, list(dict.fromkeys(names))
    if not call.values.get("all"):
        raise StoppedError(f"{noun.human} name is required")
    found = [str(body["metadata"]["name"]) for body in call.objects(noun)]
    if not found:
        raise StoppedError(f"no {noun.kind} objects found in {call.namespace} namespace")
    return noun, found


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
