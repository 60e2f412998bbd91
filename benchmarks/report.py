"""The results as a Markdown table and as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row. Units: seconds, MiB, bytes; None where the reference was not run. `same` is whether all bytes were."""

    row: str
    work: str
    ours_min_s: float
    ours_median_s: float
    theirs_min_s: float | None = None
    theirs_median_s: float | None = None
    ours_cpu_s: float | None = None
    theirs_cpu_s: float | None = None
    ours_peak_mib: float | None = None
    theirs_peak_mib: float | None = None
    same: bool | None = None
    size: int | None = None
    note: str = ""

    @property
    def faster(self) -> float | None:
        """How many times faster than the reference (minimum against minimum)."""
        return self.theirs_min_s / self.ours_min_s if self.theirs_min_s else None

    @property
    def faster_by_cpu(self) -> float | None:
        """The same by processor time."""
        return self.theirs_cpu_s / self.ours_cpu_s if self.theirs_cpu_s and self.ours_cpu_s else None

    @property
    def memory_ratio(self) -> float | None:
        """Peak memory against the reference's."""
        return self.ours_peak_mib / self.theirs_peak_mib if self.ours_peak_mib and self.theirs_peak_mib else None


HEAD = """\
| row | work | kbuild min | median | reference min | median | times faster | kbuild CPU | reference CPU | ratio | peak MiB | reference | ratio | bytes |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
"""


def duration(seconds: float | None) -> str:
    """Three digits, in ms below a second."""
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def number(value: float | None, digits: int) -> str:
    """A number, or a dash."""
    return "–" if value is None else f"{value:.{digits}f}"


def line(result: Result) -> str:
    """One row of the table; one whose bytes differ has no figure."""
    if result.same is False:
        return f"| {result.row} | {result.work} {'| – ' * 11}| **differ** |\n"
    cells = [
        result.row,
        result.work + (f" ({result.note})" if result.note else ""),
        duration(result.ours_min_s),
        duration(result.ours_median_s),
        duration(result.theirs_min_s),
        duration(result.theirs_median_s),
        number(result.faster, 1),
        duration(result.ours_cpu_s),
        duration(result.theirs_cpu_s),
        number(result.faster_by_cpu, 1),
        number(result.ours_peak_mib, 0),
        number(result.theirs_peak_mib, 0),
        number(result.memory_ratio, 2),
        f"{result.size:,} same" if result.same and result.size else "same" if result.same else "–",
    ]
    return "| " + " | ".join(cells) + " |\n"


def processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [text.partition(":")[2].strip() for text in lines if text.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def machine() -> str:
    """What the figures depend on, in a few words."""
    return f"{os.cpu_count()} cores, {processor()}, {platform.system()} {platform.machine()}"


def preamble(versions: str, command: str, date: str) -> dict[str, str]:
    """What stands above the table."""
    return {
        "machine": machine(),
        "load": f"{os.getloadavg()[2]:.1f}",
        "python": platform.python_version(),
        "versions": versions,
        "command": command,
        "date": date,
    }


def as_markdown(results: list[Result], facts: dict[str, str]) -> str:
    """The whole page."""
    text = "# Benchmarks\n\n"
    text += (
        f"{facts['versions']}, Python {facts['python']}; {facts['machine']}; {facts['date']}; `{facts['command']}`;"
        f" load average of the last quarter of an hour: {facts['load']}.\n\n"
    )
    text += (
        "Wall time and processor time (user and system) of whole processes, alternating. A row whose bytes differ from the reference's has no figure."
        " Rows without a reference show what the same work takes inside one process, or the floor.\n\n"
    )
    return text + HEAD + "".join(line(result) for result in results)


def as_json(results: list[Result], targets: Sequence[Any], facts: dict[str, str]) -> str:
    """The same for programs, with the targets."""
    rows = [
        {
            **asdict(result),
            "times_faster": result.faster,
            "times_faster_cpu": result.faster_by_cpu,
            "memory_ratio": result.memory_ratio,
        }
        for result in results
    ]
    return json.dumps({**facts, "rows": rows, "targets": [asdict(target) for target in targets]}, indent=1) + "\n"
