"""The logs of the controllers' pods, as the API server hands them on: once, or as they grow."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from applier.cli.operate import log_lines
from applier.cli.operate.call import DEFAULT_NAMESPACE
from applier.cli.operate.words import StoppedError
from applier.clock import utc_text
from applier.cluster.api import Collection, Listing
from applier.cluster.transport import Request
from applier.failures import ApplierError, ErrorClass, TransportError

if TYPE_CHECKING:
    from applier.cli.operate.call import Call
    from applier.cli.operate.log_printer import Printer
    from applier.model.ids import Body

PART_OF = "app.kubernetes.io/part-of=flux"
DEPLOYMENTS = Collection("apps", "v1", "deployments", "Deployment")
PODS = Collection("", "v1", "pods", "Pod")
CONTAINER = "manager"
AGAIN_S, SILENCE_S = 1.0, 24 * 3600.0
# A pod that has not begun yet, a node or a server that does not answer just now.
_PASSING = frozenset({ErrorClass.BAD_INPUT, ErrorClass.NOT_FOUND, ErrorClass.TRANSIENT, ErrorClass.CONNECTION})


@dataclass(frozen=True, slots=True)
class Source:
    """One controller: the labels of its pods, in the namespace of the controllers."""

    name: str
    namespace: str
    selector: str


def read_pods(call: Call, printer: Printer, since: float, tail: int) -> int:
    """Show the log of one pod per controller. Raises: StoppedError, ApplierError."""
    sources = _sources(call)
    readers = [PodLog(call, source, printer, since, tail) for source in sources]
    if not call.values.get("follow"):
        return _ended([reader.once() for reader in readers])
    threads = [Thread(target=reader.follow, daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(AGAIN_S)
    return _ended([reader.status for reader in readers])


def _ended(statuses: list[int]) -> int:
    """The status of the command. Raises: StoppedError, where no log could be read whole."""
    if all(statuses):
        raise StoppedError("failed to collect logs from all Flux pods")
    return max(statuses)


def _sources(call: Call) -> list[Source]:
    """The controllers that run in the cluster. Raises: StoppedError, where there are none."""
    namespace = str(call.values.get("flux_namespace") or DEFAULT_NAMESPACE)
    found = call.cluster.reader.list(DEPLOYMENTS._replace(namespace=namespace), selector=PART_OF)
    assert isinstance(found, Listing)
    if not found.bodies:
        raise StoppedError(
            f"no controllers found in the '{namespace}' namespace with the label selector '{PART_OF}'; an agent that runs "
            "outside of the cluster writes its log to its own standard error: name the file it goes to with --file"
        )
    sources = []
    for body in found.bodies:
        labels = ((body["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
        selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
        sources.append(Source(str(body["metadata"]["name"]), namespace, selector))
    return sources


@dataclass(slots=True)
class PodLog:
    """The log of one controller's pod. `tail` is -1 for all lines; `seen` the time of the last one."""

    call: Call
    source: Source
    printer: Printer
    since: float
    tail: int
    status: int = 0
    seen: str = ""

    def once(self) -> int:
        """Show what is there; returns 1 where it cannot be read."""
        pod = self._pod()
        if pod is not None:
            self._read(pod, follow=False)
        return self.status

    def follow(self) -> None:
        """Show what is there and what comes, of the next pod where one ends."""
        while True:
            pod = self._pod()
            if pod is not None and not self._read(pod, follow=True):
                return
            time.sleep(AGAIN_S)

    def _pod(self) -> Body | None:
        try:
            found = self.call.cluster.reader.list(
                PODS._replace(namespace=self.source.namespace), selector=self.source.selector
            )
        except ApplierError as problem:
            self._fail(str(problem))
            return None
        assert isinstance(found, Listing)
        return max(found.bodies, key=_preference, default=None)

    def _read(self, pod: Body, *, follow: bool) -> bool:
        """Show one pod's log; returns False where it cannot be read."""
        path = PODS._replace(namespace=self.source.namespace).object_path(str(pod["metadata"]["name"])) + "/log"
        request = Request("GET", path, self._query(pod, follow=follow), accept="*/*", timeout_s=SILENCE_S)
        last = self.seen
        try:
            stream = self.call.cluster.exchange.open(request)
            for line in stream.lines():
                entry = log_lines.read(line)
                # After a new start of the stream the server repeats the lines of its first second.
                if entry is not None and last and str(entry.get("ts") or "") <= last:
                    continue
                self.seen = self.printer.take(line) or self.seen
        except ApplierError as problem:
            if follow and problem.error_class in _PASSING:
                return True
            self._fail(f"failed getting logs: {problem}")
            return False
        except TransportError as problem:
            if not follow:
                self._fail(f"the log of pod {pod['metadata']['name']} broke off: {problem}")
        return True

    def _query(self, pod: Body, *, follow: bool) -> str:
        parts: dict[str, Any] = {"follow": "true"} if follow else {}
        names = [str(one.get("name")) for one in pod["spec"].get("containers") or ()]
        if len(names) > 1 and CONTAINER in names:
            parts["container"] = CONTAINER
        if self.seen:
            parts["sinceTime"] = self.seen
        else:
            if self.since:
                parts["sinceTime"] = utc_text(self.since)
            if self.tail >= 0:
                parts["tailLines"] = self.tail
        return "&".join(f"{name}={quote(str(value), safe='')}" for name, value in parts.items())

    def _fail(self, text: str) -> None:
        self.status = 1
        sys.stderr.write(f"{text}\n")


def _preference(pod: Body) -> tuple[bool, bool, str]:
    """Running pods first, ready ones before others, the youngest of them."""
    status = pod.get("status") or {}
    is_ready = any(one.get("type") == "Ready" and one.get("status") == "True" for one in status.get("conditions") or ())
    return status.get("phase") == "Running", is_ready, str(pod["metadata"].get("creationTimestamp") or "")
