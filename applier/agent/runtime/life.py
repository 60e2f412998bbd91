"""The life of a reconciled object, which is the same for all kinds that hold something: held, suspended, worked on, let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.agent.runtime.controller import NOT_BY_ITSELF
from applier.agent.runtime.reconciling import suspended_status
from applier.agent.runtime.suspension import Suspensions
from applier.agent.runtime.writes import has_finalizer, is_deleting

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.agent.runtime.controller import Again
    from applier.agent.runtime.queue import Key
    from applier.agent.runtime.reconciling import Surroundings
    from applier.model.ids import Body


def live(
    around: Surroundings,
    key: Key,
    work: Callable[[Body], Again],
    let_go: Callable[[Body], Again],
    forget: Callable[[Key], None] | None = None,
) -> Again:
    """One run on an object: `let_go` where it is deleted, `work` unless it is suspended, `forget` where it is gone.

    Raises: ApplierError, where the object cannot be written.
    """
    body = around.informer.get(key)
    if body is None:
        if forget is not None:
            forget(key)
        return NOT_BY_ITSELF
    if is_deleting(body):
        return let_go(body)
    body = held(around, body)
    if (body.get("spec") or {}).get("suspend"):
        around.write(body, suspended_status(body))
        return Suspensions(around).again(body)
    return work(body)


def held(around: Surroundings, body: Body) -> Body:
    """The object with our finalizer, so that it is not gone before what it holds is. Raises: ApplierError."""
    if not has_finalizer(body):
        body = around.writer.add_finalizer(around.collection, body)
        around.informer.put(body)
    return body
