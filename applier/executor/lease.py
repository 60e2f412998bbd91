"""Mutual exclusion of runs on one inventory, by a Lease that a dead run leaves behind for half a minute at most.

Whether a holder is alive is never told by comparing clocks of two machines: it is dead when the lease did not change for its
whole duration on our own clock.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from applier.clock import utc_text
from applier.cluster.api import Collection
from applier.failures import ApplierError, ErrorClass, error
from applier.model.live import Absent

if TYPE_CHECKING:
    from applier.clock import Clock
    from applier.cluster.reader import Reader
    from applier.cluster.writer import Writer
    from applier.executor.cancel import Cancellation
    from applier.model.ids import Body
    from applier.model.inventory import InventoryRef

DURATION_S, RENEW_EVERY_S, LOOK_EVERY_S = 30, 10.0, 1.0


class Lease:
    """The lock of one inventory, held by one run. `take`, then `release`; `is_lost` may become true in between."""

    def __init__(self, reader: Reader, writer: Writer, ref: InventoryRef, run: str, cancel: Cancellation) -> None:
        self.reader, self.writer, self.ref, self.run, self.cancel = reader, writer, ref, run, cancel
        self.clock: Clock = reader.exchange.clock
        self.place = Collection("coordination.k8s.io", "v1", "leases", "Lease", ref.namespace)
        self.body: Body | None = None
        self.is_lost = False
        self._ended = Event()

    def take(self, timeout_s: float, *, break_lock: bool) -> None:
        """Take the lease, waiting up to `timeout_s` for a living holder, and as long as it takes for a dead one.

        Raises: ApplierError: locked, where somebody else holds it; forbidden, where leases may not be used.
        """
        asked = since = self.clock.monotonic()
        stamp, holder, is_alive = "", "", False
        while True:
            found = self.reader.get(self.place, self.ref.head_name)
            if isinstance(found, Absent):
                if holder and self.clock.monotonic() - asked >= timeout_s:
                    raise self._locked(holder)  # it was alive: it gave the lease back while we looked
                if self._try(lambda: self.writer.create(self.place, self._new(None))):
                    break
                continue
            now, holder = self.clock.monotonic(), _holder(found)
            if found["metadata"]["resourceVersion"] != stamp:
                is_alive = stamp != ""  # it was renewed while we looked
                stamp, since = found["metadata"]["resourceVersion"], now
            if break_lock or not holder or now - since >= _duration(found):
                if self._try(lambda found=found: self.writer.replace(self.place, self._new(found))):
                    break
                continue
            if is_alive and now - asked >= timeout_s:
                raise self._locked(holder)
            if self.cancel.wait(LOOK_EVERY_S):
                raise error(ErrorClass.CANCELLED, "stopped while waiting for the lock")
        Thread(target=self._keep, name="lease", daemon=True).start()

    def _locked(self, holder: str) -> ApplierError:
        return error(
            ErrorClass.LOCKED,
            f"the inventory {self.ref} is locked by the run {holder}",
            "wait for it with --lock-timeout=5m; a run that died frees the lock after half a minute",
        )

    def _try(self, write: Any) -> bool:
        try:
            self.body = write()
        except ApplierError as problem:
            if problem.error_class is not ErrorClass.RACE:
                raise
            return False
        return True

    def _new(self, found: Body | None) -> dict[str, Any]:
        now = utc_text(self.clock.now(), micro=True)
        metadata: dict[str, Any] = {"name": self.ref.head_name, "namespace": self.ref.namespace}
        if found is not None:
            metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
            metadata["uid"] = found["metadata"]["uid"]
        spec = {"holderIdentity": self.run, "leaseDurationSeconds": DURATION_S, "acquireTime": now, "renewTime": now}
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}

    def _keep(self) -> None:
        """Renew until the end; a lease that somebody else took is lost."""
        while not self._ended.wait(RENEW_EVERY_S):
            body = self.body
            assert body is not None
            spec = {**body["spec"], "renewTime": utc_text(self.clock.now(), micro=True)}
            try:
                self.body = self.writer.replace(self.place, {**body, "spec": spec})
            except ApplierError as problem:
                # Whatever else it is (an outage, a slow server) may pass before the lease runs out.
                if problem.error_class in (ErrorClass.RACE, ErrorClass.NOT_FOUND, ErrorClass.REPLACED):
                    self.is_lost = True
                    return

    def is_there(self) -> bool:
        """Whether anybody holds the lease, or died with it. Where that may not be asked, nobody does."""
        try:
            return not isinstance(self.reader.get(self.place, self.ref.head_name), Absent)
        except ApplierError:
            return False

    def is_still_ours(self) -> bool:
        """Ask the server. Raises: ApplierError."""
        if self.is_lost:
            return False
        found = self.reader.get(self.place, self.ref.head_name)
        return not isinstance(found, Absent) and _holder(found) == self.run

    def release(self) -> None:
        """Let others in. A failure does not matter: the lease then runs out."""
        self._ended.set()
        body = self.body
        if body is None or self.is_lost:
            return
        try:
            self._give_back(body)
        except ApplierError as problem:
            if problem.error_class not in (ErrorClass.RACE, ErrorClass.REPLACED):
                return
            self._give_back_renewed()

    def _give_back(self, body: Body) -> None:
        """Delete the lease as it was when we saw it: one that another run has taken meanwhile is not ours to delete."""
        metadata = body["metadata"]
        self.writer.delete(self.place, self.ref.head_name, metadata["uid"], version=metadata["resourceVersion"])

    def _give_back_renewed(self) -> None:
        """It is another version: our own last renewal, which came in between, or somebody else's."""
        try:
            found = self.reader.get(self.place, self.ref.head_name)
            if not isinstance(found, Absent) and _holder(found) == self.run:
                self._give_back(found)
        except ApplierError:
            return


def _holder(lease: Body) -> str:
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


def _duration(lease: Body) -> float:
    return float((lease.get("spec") or {}).get("leaseDurationSeconds") or DURATION_S)
