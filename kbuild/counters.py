"""Work counters of one render: what tests pin instead of clocks. Handed down, never global."""

from __future__ import annotations


class Counters:
    """How often something was done in one render.

    `reads` file reads; `parses` texts parsed; `fallbacks` documents that needed the full YAML parser; `copies` bodies
    copied; `visits` fields visited by field specs; `merges` strategic merges; `matches` resources compared with a
    selector or a reference; `remotes` repositories cloned, files fetched and charts rendered; `programs` functions and
    plugins run.
    """

    __slots__ = ("copies", "fallbacks", "matches", "merges", "parses", "programs", "reads", "remotes", "visits")

    def __init__(self) -> None:
        self.reads = self.parses = self.fallbacks = self.copies = self.visits = self.merges = self.matches = 0
        self.remotes = self.programs = 0

    def as_dict(self) -> dict[str, int]:
        """The counters by name."""
        return {name: getattr(self, name) for name in self.__slots__}
