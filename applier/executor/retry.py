"""Repeats the writes of the run's own objects (inventory, lease) while the server is in trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from applier.clock import backoff_s
from applier.failures import ApplierError, ErrorClass

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.cluster.exchange import Exchange
    from applier.executor.cancel import Cancellation

Result = TypeVar("Result")
ATTEMPTS = 3
PASSING = frozenset({ErrorClass.TRANSIENT, ErrorClass.CONNECTION, ErrorClass.WEBHOOK_UNAVAILABLE})


class Retry:
    """Calls something until it succeeds, fails for good (three times, where the server is broken), or its time is up.

    Units: `patience_s` seconds for each call, which bounds how long a busy or an absent server is waited for.
    """

    def __init__(self, exchange: Exchange, cancel: Cancellation, patience_s: float) -> None:
        self.exchange, self.cancel, self.patience_s = exchange, cancel, patience_s

    def __call__(self, call: Callable[[], Result]) -> Result:
        """Call it. Raises: ApplierError."""
        clock = self.exchange.clock
        end = clock.monotonic() + self.patience_s
        attempt = broken = 0
        while True:
            try:
                return call()
            except ApplierError as problem:
                attempt += 1
                failure = problem.failure
                broken += not failure.slow_down and problem.error_class is not ErrorClass.CONNECTION
                delay = backoff_s(attempt, failure.retry_after_s, self.exchange.spread())
                if problem.error_class not in PASSING or broken >= ATTEMPTS or clock.monotonic() + delay > end:
                    raise
                self.exchange.traffic.add("retries")
                if self.cancel.requested:
                    clock.sleep(min(delay, 0.5))  # the end of a run is short, but not empty-handed
                    end = min(end, clock.monotonic() + 3.0)
                else:
                    clock.sleep(delay)
