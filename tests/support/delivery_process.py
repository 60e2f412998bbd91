"""A process that takes events from standard input and delivers them, to be killed: `delivery_process.py FOLDER URL`.

For each event that is taken its line number is printed; "open" comes when what an earlier process left is taken up.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from pathlib import Path
from typing import Any

from applier.agent.notification.delivery import Delivery
from applier.agent.notification.duplicates import Duplicates
from applier.agent.notification.intake import Intake
from applier.agent.notification.outbox import Outbox
from applier.agent.notification.transitions import Transitions
from applier.agent.runtime.controller import Controller
from applier.agent.runtime.logs import Log
from applier.agent.runtime.queue import Queue
from applier.clock import SystemClock


class View:
    """An informer that knows one object."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body, self.synced = body, threading.Event()
        self.synced.set()

    def all(self) -> list[dict[str, Any]]:
        """All objects."""
        return [self.body]

    def get(self, _key: object) -> dict[str, Any]:
        """The object."""
        return self.body


def main(folder: Path, url: str) -> None:
    """Take and deliver until killed."""
    alert: Any = {"metadata": {"name": "a", "namespace": "apps"}, "spec": {"providerRef": {"name": "p"}}}
    alert["spec"]["eventSources"] = [{"kind": "Kustomization", "name": "*"}]
    provider: Any = {"metadata": {"name": "p", "namespace": "apps"}, "spec": {"type": "generic", "address": url}}
    clock, reader, views = SystemClock(), None, (View(alert), View(provider))
    queue, outbox = Queue(clock.monotonic), Outbox(folder / "waiting", lambda line: print(line, file=sys.stderr))
    delivery = Delivery(
        reader=reader, clock=clock, outbox=outbox, queue=queue, provider_of=lambda _: provider, alert_of=lambda _: alert,  # type: ignore[arg-type]
        tell=lambda *_: None,
    )  # fmt: skip
    intake = Intake(
        reader=reader, clock=clock, alerts=views[0], providers=views[1], outbox=outbox, queue=queue, log=Log("error", io.StringIO()),  # type: ignore[arg-type]
        duplicates=Duplicates(clock.monotonic), transitions=Transitions(folder / "failing.json", lambda _: None), tell=lambda *_: None,
    )  # fmt: skip
    for lane in outbox.open():
        queue.add(lane)
    Controller("deliveries", queue, delivery.run, lambda *_: None, 8).start()
    print("open", flush=True)
    for line in sys.stdin:
        if intake.take(line.encode()) == 202:
            print(json.loads(line)["message"], flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
