"""Several reads at once, their results in the order of the calls."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Result = TypeVar("Result")


def in_parallel(calls: Sequence[Callable[[], Result]], workers: int) -> list[Result]:
    """Make every call, at most `workers` at a time.

    Raises: what the first failing call (in the order given) raised, after all have ended.
    """
    if len(calls) == 1:
        return [calls[0]()]
    results: dict[int, Result] = {}
    errors: dict[int, BaseException] = {}
    queue = iter(list(enumerate(calls)))  # a list's iterator is safe to share under the interpreter's lock

    def work() -> None:
        for number, call in queue:
            try:
                results[number] = call()
            except BaseException as problem:  # noqa: BLE001  (raised again by the caller's thread)
                errors[number] = problem

    threads = [Thread(target=work, daemon=True) for _ in range(min(workers, len(calls)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [results[number] for number in range(len(calls))]
