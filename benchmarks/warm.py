"""`kbuild.render` in a warm process: prints name, best and median seconds, cut by tabs."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kbuild

THREADS = 16
MANY = 20


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Best and median of several runs, as many as fit into two seconds, at least five."""
    work()
    found: list[float] = []
    while len(found) < 5 or (sum(found) < 2 and len(found) < 200):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found), statistics.median(found)


def in_memory(folder: Path) -> kbuild.MemoryFileSystem:
    """The files around a folder, held in memory."""
    top = folder.parent if folder.name == "overlay" else folder
    return kbuild.MemoryFileSystem({str(path): path.read_bytes() for path in top.rglob("*") if path.is_file()})


def each_of_many(folder: str) -> tuple[float, float]:
    """The share of one in a `render_many` in this process, of folders that have all bases in common."""
    best, median = timed(lambda: [outcome.to_yaml() for outcome in kbuild.render_many([folder] * MANY, workers=1)])
    return best / MANY, median / MANY


def main(folder: str) -> None:
    """Measure one folder."""
    fs = in_memory(Path(folder))
    with ThreadPoolExecutor(THREADS) as pool:

        def threads() -> None:
            list(pool.map(lambda _: kbuild.render(folder).to_yaml(), range(THREADS)))

        best, median = timed(threads)
    rows = {
        "warm render": timed(lambda: kbuild.render(folder).to_yaml()),
        "warm render from memory": timed(lambda: kbuild.render(folder, fs=fs).to_yaml()),
        f"{THREADS} threads, each": (best / THREADS, median / THREADS),
        f"render_many of {MANY}, each": each_of_many(folder),
    }
    for name, (quickest, middle) in rows.items():
        print(name, quickest, middle, sep="\t")


if __name__ == "__main__":
    main(sys.argv[1])
