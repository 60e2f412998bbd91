"""A request to reconcile: the handshake by annotation, and the wait for the end of the run.

Where Flux waits for the whole time-out although the run has failed, this ends with the Ready message at once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from applier.agent.runtime.conditions import READY, TRUE, UNKNOWN, find
from applier.agent.runtime.kinds import REQUESTED_AT
from applier.agent.runtime.reconciling import generation, observed
from applier.cli.operate import tables
from applier.cli.operate.call import TIMEOUT_TEXT
from applier.cli.operate.words import ACTION, SUCCESS, WAITING, StoppedError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from applier.cli.operate.call import Call
    from applier.cli.operate.kinds import Noun
    from applier.model.ids import Body

POLL_S = 0.3
OUT_OF_TIME = "context deadline exceeded"


def running(call: Call, noun: Noun, name: str) -> Body:
    """An object that is not suspended. Raises: StoppedError, ApplierError."""
    body = call.need(noun, name)
    if (body.get("spec") or {}).get("suspend"):
        raise StoppedError("resource is suspended")
    return body


def run_now(call: Call, noun: Noun, body: Body, more: Iterable[str] = ()) -> None:
    """Ask for a run and wait for its end; `more` are further annotations that get the same token.

    Raises: StoppedError, with the Ready message of a run that failed; ApplierError.
    """
    say(ACTION, f"annotating {noun.kind} {body['metadata']['name']} in {call.namespace} namespace")
    token = now_text()
    annotations = {REQUESTED_AT: token, **dict.fromkeys(more, token)}
    call.change(noun, body, {"metadata": {"annotations": annotations}})
    say(SUCCESS, f"{noun.kind} annotated")
    say(WAITING, f"waiting for {noun.kind} reconciliation")
    live = wait(call, noun, body, lambda found: (found.get("status") or {}).get("lastHandledReconcileAt") == token)
    say(SUCCESS, tables.success_of(noun, live))


def now_text() -> str:
    """The time as a request's token: RFC 3339 with nanoseconds, in the local zone."""
    moment = time.time_ns()
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(moment // 10**9))
    zone = time.strftime("%z")
    return f"{text}.{moment % 10**9:09d}{'Z' if zone == '+0000' else f'{zone[:3]}:{zone[3:]}'}"


def observes(body: Body) -> Callable[[Body], bool]:
    """Tells whether a later state of an object answers for this one's spec: a success, or a failure of that generation."""
    wanted = generation(body)

    def is_so(live: Body) -> bool:
        ready = find(live, READY)
        if ready is None or int(ready.get("observedGeneration") or 0) < wanted:
            return False
        return ready.get("status") != TRUE or observed(live) >= wanted

    return is_so


def wait(call: Call, noun: Noun, body: Body, handled: Callable[[Body], bool]) -> Body:
    """Wait until a run was handled; its Ready must be True then. Returns the object. Raises: StoppedError, ApplierError."""
    deadline = time.monotonic() + call.seconds("timeout", TIMEOUT_TEXT)
    while True:
        found = _outcome(call, noun, str(body["metadata"]["name"]), handled)
        if isinstance(found, str):
            raise StoppedError(found)
        if found is not None:
            return found
        if time.monotonic() >= deadline:
            raise StoppedError(OUT_OF_TIME)
        time.sleep(POLL_S)


def wait_for_all(call: Call, noun: Noun, bodies: Mapping[str, Body]) -> dict[str, Body | str]:
    """Wait for the runs of objects by name; returns each as it is then, or the message of what failed. Raises: ApplierError."""
    deadline = time.monotonic() + call.seconds("timeout", TIMEOUT_TEXT)
    done: dict[str, Body | str] = {}
    while True:
        for name in [name for name in bodies if name not in done]:
            found = _outcome(call, noun, name, observes(bodies[name]))
            if found is not None:
                done[name] = found
        if len(done) == len(bodies):
            return done
        if time.monotonic() >= deadline:
            return {**dict.fromkeys(bodies, OUT_OF_TIME), **done}
        time.sleep(POLL_S)


def _outcome(call: Call, noun: Noun, name: str, handled: Callable[[Body], bool]) -> Body | str | None:
    """An object whose run succeeded, the message of one that failed, None while it is not handled. Raises: ApplierError."""
    live = call.get(noun, name)
    if live is None:
        return f"{noun.kind} {name} was deleted meanwhile"
    if noun.ready:  # no controller answers for it
        return live
    if handled(live):
        status, message = tables.ready_of(live)
        if status == TRUE:
            return live
        if status != UNKNOWN:
            return message
    return None
