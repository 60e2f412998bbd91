"""Sources that include others run as soon as what they include has another artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.runtime.informer import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.unit import Unit
    from applier.model.ids import Body


class Includes:
    """Queues the sources of one unit that include another one."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    def changed(self, old: Body | None, new: Body | None) -> None:
        """A source changed."""
        if new is None or digest_of(old) == digest_of(new):
            return
        own = key_of(new)
        for body in self.unit.around.informer.all():
            key = key_of(body)
            names = [one["repository"]["name"] for one in (body.get("spec") or {}).get("include") or ()]
            if key.namespace == own.namespace and own.name in names:
                self.unit.queue.add(key)


def digest_of(body: Mapping[str, Any] | None) -> str:
    """The digest of a source's artifact, empty for none."""
    artifact = ((body or {}).get("status") or {}).get("artifact") or {}
    return str(artifact.get("digest") or "")
