"""Asks for the pods of workloads that do not get ready: one thread for all of them, since hundreds may be stuck at once."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from applier.executor.judge import PodsSeen

    Question = Callable[[], PodsSeen]


class Looks:
    """Answers questions one after the other in a thread that the first one starts; `post` takes the answers."""

    def __init__(self, post: Callable[[object], None]) -> None:
        self._post = post
        self._questions: SimpleQueue[Question | None] = SimpleQueue()
        self._has_thread = False

    def ask(self, question: Question) -> None:
        """Put one more question."""
        if not self._has_thread:
            self._has_thread = True
            Thread(target=self._answer, name="pods", daemon=True).start()
        self._questions.put(question)

    def close(self) -> None:
        """Let the thread end after what was asked already."""
        self._questions.put(None)

    def _answer(self) -> None:
        while (question := self._questions.get()) is not None:
            self._post(question())
