"""Leadership by a Lease: of several replicas one works. Judged by our own clock alone, never by comparing wall clocks.

Source: client-go `leaderelection`, with the figures of Flux's controllers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from applier.clock import Clock, SystemClock, utc_text
from applier.cluster.api import Collection
from applier.cluster.exchange import encoded
from applier.cluster.transport import JSON_TYPE, Request
from applier.failures import ApplierError, ErrorClass

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.cluster.exchange import Exchange
    from applier.model.ids import Body

LEASES = Collection("coordination.k8s.io", "v1", "leases", "Lease")
LEASE_S, RENEW_DEADLINE_S, RETRY_S = 35, 30, 5


@dataclass(slots=True)
class Leadership:
    """Competes for one Lease. `on_lost` is called once when leadership is lost: the process must end then.

    Shape: `identity` differs from replica to replica. Units: seconds.
    """

    exchange: Exchange
    namespace: str
    name: str
    identity: str
    on_lost: Callable[[], None]
    clock: Clock = field(default_factory=SystemClock)
    lease_s: int = LEASE_S
    renew_deadline_s: float = RENEW_DEADLINE_S
    retry_s: float = RETRY_S
    leading: Event = field(default_factory=Event)
    _stopped: Event = field(default_factory=Event)
    _seen: tuple[str, float] = ("", 0.0)
    _held: Body | None = None
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin to compete in a thread; `leading` is set once the Lease is ours."""
        self._thread = Thread(target=self._run, name=f"lease {self.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Release the Lease, so that another replica need not wait for it to run out."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(self.retry_s + 1)
        held = self._held
        if held is not None and self.leading.is_set():
            self.leading.clear()
            spec = {**held["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}
            try:
                self._put({**held, "spec": spec})
            except ApplierError:
                return  # it runs out by itself

    def _run(self) -> None:
        while not self._stopped.is_set():
            if self._try():
                self.leading.set()
                self._keep()
                if not self._stopped.is_set():
                    self.leading.clear()
                    self.on_lost()
                return
            self._stopped.wait(self.retry_s)

    def _keep(self) -> None:
        """Renew until stopped, or until the deadline passes without success."""
        renewed = self.clock.monotonic()
        while not self._stopped.wait(self.retry_s):
            if self._try():
                renewed = self.clock.monotonic()
            elif self.clock.monotonic() - renewed > self.renew_deadline_s:
                return

    def _try(self) -> bool:
        """Take or renew the Lease once; returns whether it is ours."""
        try:
            found = self._read()
            if found is None:
                self._held = self._create()
            elif self._is_free(found):
                self._held = self._put({**found, "spec": self._spec(found["spec"])})
            else:
                return False
        except ApplierError:
            return False
        return True

    def _is_free(self, lease: Body) -> bool:
        """Whether a Lease is ours, released, or was not renewed for its whole duration while we watched."""
        spec = lease.get("spec") or {}
        holder = str(spec.get("holderIdentity") or "")
        if holder in ("", self.identity):
            return True
        version, now = str(lease["metadata"]["resourceVersion"]), self.clock.monotonic()
        if version != self._seen[0]:
            self._seen = (version, now)
            return False
        return now - self._seen[1] >= float(spec.get("leaseDurationSeconds") or self.lease_s)

    def _spec(self, before: dict[str, Any]) -> dict[str, Any]:
        now = utc_text(self.clock.now(), micro=True)
        is_ours = before.get("holderIdentity") == self.identity
        transitions = int(before.get("leaseTransitions") or 0)
        return {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": self.lease_s,
            "acquireTime": before.get("acquireTime") if is_ours else now,
            "renewTime": now,
            "leaseTransitions": transitions if is_ours else transitions + 1,
        }

    def _read(self) -> Body | None:
        try:
            return self.exchange.once(Request("GET", self._leases().object_path(self.name)), "get")[0]
        except ApplierError as problem:
            if problem.error_class is ErrorClass.NOT_FOUND:
                return None
            raise

    def _create(self) -> Body:
        metadata = {"name": self.name, "namespace": self.namespace}
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
        body["spec"] = {**self._spec({}), "leaseTransitions": 0}
        return self.exchange.once(Request("POST", self._leases().path, "", encoded(body), JSON_TYPE), "post")[0]

    def _put(self, body: Body) -> Body:
        path = self._leases().object_path(self.name)
        return self.exchange.once(Request("PUT", path, "", encoded(body), JSON_TYPE), "put")[0]

    def _leases(self) -> Collection:
        return LEASES._replace(namespace=self.namespace)
