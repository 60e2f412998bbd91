"""What reading and writing the bytes of a build takes at least: ryaml (Rust), where it is installed, and lines split in
Python.

Prints name, best and median wall seconds and least processor seconds, cut by tabs.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import kbuild


def timed(work: Callable[[], object], times: int = 9) -> tuple[float, float, float]:
    """Best and median of some runs, and the least processor time."""
    found, cpu = [], []
    for _ in range(times):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        work()
        found.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - begun_cpu)
    return min(found), statistics.median(found), min(cpu)


def main(folder: str) -> None:
    """Measure the bytes that a folder renders to."""
    text = kbuild.render(folder).to_yaml()
    found = text.split("\n---\n")
    rows = {"split into lines": timed(lambda: text.split("\n"))}
    try:
        import ryaml
    except ImportError:
        print("left out: the floor of ryaml, which is not installed (pip install ryaml)", file=sys.stderr)
    else:
        rows["ryaml, load and dump"] = timed(lambda: [ryaml.dumps(ryaml.loads(part)) for part in found])
    for name, figures in rows.items():
        print(name, *figures, sep="\t")


if __name__ == "__main__":
    main(sys.argv[1])
