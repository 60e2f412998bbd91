"""What the project promises of its speed, checked against the rows of one bench."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from report import Result

START_ALLOWANCE_MS = 15.0
FLOOR_FACTOR = 2.5


@dataclass(frozen=True, slots=True)
class Target:
    """A promise and what was measured, by wall and by processor time; None where a row that it needs was not measured.

    The promises are about wall time; on a machine that does other things as well, processor time says what is the work's.
    """

    name: str
    bound: float
    is_upper: bool = True
    wall: float | None = None
    cpu: float | None = None
    note: str = ""

    def holds(self, value: float | None) -> bool | None:
        """Whether a measured value keeps the promise."""
        if value is None:
            return None
        return value <= self.bound if self.is_upper else value >= self.bound


class Rows:
    """The results by row and work."""

    def __init__(self, results: Sequence[Result]) -> None:
        self.results = results
        self.known = {(result.row, result.work): result for result in results}

    def of(self, row: str, word: str = "") -> list[Result]:
        """The results of one row whose work has a word in it."""
        return [result for result in self.results if result.row == row and word in result.work]

    def scale(self, count: int) -> list[Result]:
        """The row of so many resources."""
        return [self.known[key] for key in [("scale", f"{count:,} resources")] if key in self.known]


def check(results: Sequence[Result]) -> list[Target]:
    """All promises."""
    rows = Rows(results)
    return [target for part in PARTS for target in part(rows)]


def faster(name: str, results: Sequence[Result], factor: float) -> Target:
    """At least so many times faster than the reference, in each of some rows."""
    name = f"{name}: times faster, at least"
    found = [result for result in results if result.same]
    if not found or len(found) < len(results):
        return Target(name, factor, is_upper=False)
    wall, cpu = [result.faster for result in found], [result.faster_by_cpu for result in found]
    return Target(name, factor, is_upper=False, wall=least(wall), cpu=least(cpu))


def least(values: Sequence[float | None]) -> float | None:
    """The least, None where one is missing."""
    return None if None in values else min(value for value in values if value is not None)


def tiny(rows: Rows) -> Iterator[Target]:
    """Start-up."""
    start = rows.known.get(("limit", "bare start"))
    plain = [result for result in rows.of("tiny") if "strategic" not in result.work]
    name = "tiny, without a strategic merge patch: ms beyond the bare start, at most"
    if start is None or not plain or start.ours_cpu_s is None:
        yield Target(name, START_ALLOWANCE_MS)
    else:
        wall = max(result.ours_min_s for result in plain) - start.ours_min_s
        cpu = max(result.ours_cpu_s or 0 for result in plain) - start.ours_cpu_s
        yield Target(name, START_ALLOWANCE_MS, wall=wall * 1000, cpu=cpu * 1000)
    yield faster("tiny, with one", rows.of("tiny", "strategic"), 2)


def scale(rows: Rows) -> Iterator[Target]:
    """Sizes, and how times grow with them."""
    for count, factor in ((300, 8), (1000, 20), (3000, 60)):
        yield faster(f"scale {count:,}", rows.scale(count), factor)
    sizes = [result for count in (1500, 3000, 10000, 30000) for result in rows.scale(count)]
    doublings = [math.log2(count) for count in (2, 10 / 3, 3)]
    name = "scale, from 1,500 to 30,000: growth per doubling, at most"
    last = "scale: 30,000 resources against 1,500, at most"
    if len(sizes) < 4:
        yield from (Target(name, 2.1), Target(last, 22))
        return
    walls, cpus = [result.ours_min_s for result in sizes], [result.ours_cpu_s or 0 for result in sizes]
    grown = [
        max((high / low) ** (1 / by) for (low, high), by in zip(itertools.pairwise(times), doublings, strict=True))
        for times in (walls, cpus)
    ]
    yield Target(name, 2.1, wall=grown[0], cpu=grown[1])
    yield Target(last, 22, wall=walls[3] / walls[0], cpu=cpus[3] / cpus[0])


def others(rows: Rows) -> Iterator[Target]:
    """The rows of one piece of work each."""
    for row, factor in (("tree", 100), ("references", 50), ("replacements", 10)):
        yield faster(row, rows.of(row), factor)
    yield faster("big documents", [result for result in rows.of("big documents") if "MB" in result.work], 4)
    yield faster("real, a process each", rows.of("real", "a process each"), 2)
    yield faster("real, in one process", rows.of("real", "one process"), 8.3)


def memory(rows: Rows) -> Iterator[Target]:
    """Peak memory against the reference's."""
    measured = [result for result in rows.results if result.memory_ratio is not None and result.same]
    for name, bound, is_meant in (
        ("peak memory from 300 resources on: against the reference's, at most", 0.7, True),
        ("peak memory below: against the reference's, at most", 1.0, False),
    ):
        found = [(result.memory_ratio or 0, result) for result in measured if is_large(result) == is_meant]
        worst = max(found, key=lambda pair: pair[0], default=None)
        if worst is None:
            yield Target(name, bound)
        else:
            yield Target(name, bound, wall=worst[0], note=f"{worst[1].row}, {worst[1].work}")


def is_large(result: Result) -> bool:
    """Whether a row has 300 resources or more, or documents as large."""
    return result.row in ("tree", "references", "replacements", "big documents") or (
        result.row == "scale" and result.work != "100 resources"
    )


def floor(rows: Rows) -> Iterator[Target]:
    """The distance to the floor."""
    for result in rows.of("limit", FLOOR_ENDING):
        if result.theirs_min_s and ("MB" in result.work or "scale" in result.work):
            cpu = result.ours_cpu_s / result.theirs_cpu_s if result.ours_cpu_s and result.theirs_cpu_s else None
            yield Target(
                f"{result.work}: times the floor, at most", FLOOR_FACTOR,
                wall=result.ours_min_s / result.theirs_min_s, cpu=cpu,
            )  # fmt: skip


FLOOR_ENDING = ", against start and ryaml"
PARTS: tuple[Callable[[Rows], Iterator[Target]], ...] = (tiny, scale, others, memory, floor)


def as_markdown(targets: Sequence[Target]) -> str:
    """A table of the promises."""
    words = {True: "met", False: "**missed**", None: ""}
    lines = [
        f"| {target.name} | {target.bound:g} | {shown(target.wall)} | {words[target.holds(target.wall)]} |"
        f" {shown(target.cpu)} | {words[target.holds(target.cpu)]} | {target.note} |\n"
        for target in targets
    ]
    return (
        "\n## Targets\n\n| target | bound | by wall time | | by processor time | | |\n"
        "| --- | ---: | ---: | --- | ---: | --- | --- |\n" + "".join(lines)
    )


def shown(value: float | None) -> str:
    """A measured value, or a dash."""
    return "–" if value is None else f"{value:.2f}"
