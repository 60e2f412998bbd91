"""Counters, gauges and histograms in Prometheus' text format.

Source: the exposition format 0.0.4, and the metric names of Flux's controllers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Labels = tuple[tuple[str, str], ...]

DURATIONS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(slots=True)
class _Series:
    buckets: list[int] = field(default_factory=lambda: [0] * (len(DURATIONS_S) + 1))
    total: float = 0.0
    count: int = 0


@dataclass(slots=True)
class Metrics:
    """The metrics of one process. Safe to use from several threads."""

    _help: dict[str, tuple[str, str]] = field(default_factory=dict)
    _values: dict[tuple[str, Labels], float] = field(default_factory=dict)
    _series: dict[tuple[str, Labels], _Series] = field(default_factory=dict)
    _gauges: dict[str, Callable[[], float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def describe(self, name: str, kind: str, text: str) -> None:
        """Say what a metric is. Shape: `kind` is `counter`, `gauge` or `histogram`."""
        self._help[name] = (kind, text)

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A gauge that is read when the metrics are asked for."""
        self.describe(name, "gauge", text)
        self._gauges[name] = read

    def add(self, name: str, labels: Mapping[str, str], amount: float = 1.0) -> None:
        """Count something."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._values[key] = self._values.get(key, 0.0) + amount

    def observe(self, name: str, labels: Mapping[str, str], seconds: float) -> None:
        """Take a duration into a histogram."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            series = self._series.setdefault(key, _Series())
            series.total += seconds
            series.count += 1
            series.buckets[next((at for at, top in enumerate(DURATIONS_S) if seconds <= top), len(DURATIONS_S))] += 1

    def drop(self, labels: Mapping[str, str]) -> None:
        """Forget every series that has these labels: its object is gone."""
        wanted = set(labels.items())
        with self._lock:
            for table in (self._values, self._series):
                for key in [key for key in table if wanted <= set(key[1])]:
                    del table[key]

    def text(self) -> str:
        """All metrics, in the order of their names."""
        lines: list[str] = []
        with self._lock:
            names = sorted({*self._help, *(name for name, _ in self._values), *(name for name, _ in self._series)})
            for name in names:
                kind, text = self._help.get(name, ("untyped", ""))
                lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
                if name in self._gauges:
                    lines.append(f"{name} {_number(self._gauges[name]())}")
                for (own, labels), value in sorted(self._values.items()):
                    if own == name:
                        lines.append(f"{name}{_labels(labels)} {_number(value)}")
                for (own, labels), series in sorted(self._series.items(), key=lambda item: item[0]):
                    if own == name:
                        lines += _histogram(name, labels, series)
        return "\n".join(lines) + "\n"


def _histogram(name: str, labels: Labels, series: _Series) -> list[str]:
    lines, below = [], 0
    for top, count in zip((*DURATIONS_S, float("inf")), series.buckets, strict=True):
        below += count
        edge = "+Inf" if top == float("inf") else _number(top)
        lines.append(f"{name}_bucket{_labels((*labels, ('le', edge)))} {below}")
    return [*lines, f"{name}_sum{_labels(labels)} {series.total!r}", f"{name}_count{_labels(labels)} {series.count}"]


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
