"""The rows of the applier's table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from report import duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. Units: seconds; `target` is what is wanted of the ratio or of the figure, `met` whether it is so."""

    work: str
    ours: list[float]
    theirs: list[float] = field(default_factory=list)
    target: str = ""
    met: bool | None = None
    note: str = ""

    @property
    def faster(self) -> float | None:
        """How many times faster than the other (shortest runs)."""
        return min(self.theirs) / min(self.ours) if self.theirs else None


HEAD = "| work | kbuild min | median | other min | median | times faster | target | met |\n| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |\n"


def line(row: Row) -> str:
    """One row of the table."""
    is_time = not row.work.startswith(("requests", "peak"))

    def shown(values: list[float], pick: Callable[[list[float]], float]) -> str:
        if not values:
            return "–"
        return duration(pick(values)) if is_time else f"{pick(values):.0f}"

    middle = lambda values: sorted(values)[len(values) // 2]  # noqa: E731
    cells = [
        row.work + (f" ({row.note})" if row.note else ""),
        *(shown(values, pick) for values in (row.ours, row.theirs) for pick in (min, middle)),
        "–" if row.faster is None else f"{row.faster:.1f}",
        row.target,
        "–" if row.met is None else "yes" if row.met else "**no**",
    ]
    return "| " + " | ".join(cells) + " |\n"
