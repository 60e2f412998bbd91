"""Signals of a running command. Only commands handle signals; the library leaves them to its caller."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from applier.failures import EXIT_INTERRUPTED, EXIT_TERMINATED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from applier.executor.cancel import Cancellation

_CODES = {signal.SIGINT: EXIT_INTERRUPTED, signal.SIGTERM: EXIT_TERMINATED}


def ignore_broken_pipes() -> None:
    """A reader that goes away must not end a run half way, and neither must a connection that the server closes."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


@contextmanager
def orderly_stop(cancel: Cancellation) -> Iterator[None]:
    """The first signal asks the run to stop in order, the second one ends the process at once: the next run repairs."""

    def handle(number: int, _frame: FrameType | None) -> None:
        code = _CODES[signal.Signals(number)]
        if cancel.requested:
            os._exit(code)
        os.write(2, b"\nstopping: running requests get a few seconds; once more ends at once\n")
        cancel.cancel(code)

    before = {number: signal.signal(number, handle) for number in _CODES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
