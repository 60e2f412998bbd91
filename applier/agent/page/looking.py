"""What is pending, found out when the page is asked for: one Kustomization after another, each kept for a while.

Whoever loads the page waits for little of it; what is not known yet is there when the page is loaded again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from applier.agent.kustomization.pending import Pending
    from applier.agent.runtime.queue import Key

FRESH_S, KEPT = 15.0, 100


@dataclass(slots=True)
class Looker:
    """Looks at Kustomizations. Safe to use from several threads. Units: `monotonic` gives seconds.

    Shape: `look` gives what is pending, None for a Kustomization that is gone. There is a thread as long as there is
    something to look at.
    """

    look: Callable[[Key], Pending | None]
    monotonic: Callable[[], float]
    on_crash: Callable[[Key, Exception], None] = lambda _key, _problem: None
    _found: OrderedDict[Key, tuple[float, Pending | None]] = field(default_factory=OrderedDict)
    _asked: OrderedDict[Key, None] = field(default_factory=OrderedDict)
    _changed: Condition = field(default_factory=Condition)
    _is_working: bool = False
    _at: Key | None = None

    def found(self, keys: Iterable[Key], wait_s: float) -> dict[Key, Pending]:
        """What is known of some Kustomizations once they have been looked at, or after so many seconds."""
        keys, end_s = list(keys), self.monotonic() + wait_s
        with self._changed:
            for key in keys:
                if not self._is_fresh(key) and key != self._at:
                    self._asked[key] = None
            if self._asked and not self._is_working:
                self._is_working = True
                Thread(target=self._work, name="page looker", daemon=True).start()
            while not all(self._is_fresh(key) for key in keys):
                left_s = end_s - self.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            known = {key: self._found[key][1] for key in keys if key in self._found}
        return {key: pending for key, pending in known.items() if pending is not None}

    def _is_fresh(self, key: Key) -> bool:
        return key in self._found and self.monotonic() < self._found[key][0] + FRESH_S

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._asked:
                    self._is_working = False
                    return
                key, _ = self._asked.popitem(last=False)
                self._at = key
            self._keep(key, self._look(key))

    def _look(self, key: Key) -> Pending | None:
        try:
            return self.look(key)
        except Exception as problem:  # noqa: BLE001  (one Kustomization must not keep others from being shown)
            self.on_crash(key, problem)
            return None

    def _keep(self, key: Key, pending: Pending | None) -> None:
        with self._changed:
            self._at = None
            self._found[key] = self.monotonic(), pending
            self._found.move_to_end(key)
            while len(self._found) > KEPT:
                self._found.popitem(last=False)
            self._changed.notify_all()
