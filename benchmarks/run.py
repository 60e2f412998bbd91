"""kbuild against the reference, as a table: `run.py [--rows NAMES] [--quick] [--slow] [--runs N]`.

Writes benchmarks/results.md and results.json (`--output FOLDER` for elsewhere). Without `--slow`, the reference is not
run where it is known to need over 30 s: figures kept from an earlier `--slow` on the same machine stand there, marked.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import inputs
from install_oracle import REFERENCE, oracle_path, oracle_version
from measure import Launcher, Runs, alternate
from report import Result, as_json, as_markdown, line, preamble
from shared import big_document_folders, corpora_folders
from slow import keep, kept
from targets import FLOOR_ENDING, check
from targets import as_markdown as targets_as_markdown

from kbuild.version import VERSION

HERE = Path(__file__).resolve().parent
KBUILD = Path(sys.executable).with_name("kbuild")
PATIENCE_S = 30.0
RYAML = "ryaml, load and dump"
ROWS = ("tiny", "scale", "tree", "references", "replacements", "big documents", "real", "library", "limit")


@dataclass(frozen=True, slots=True)
class Bench:
    """What a row needs to measure itself."""

    launcher: Launcher
    scratch: Path
    reference: Path | None
    runs: int
    quick: bool
    slow: bool

    def measure(self, row: str, work: str, folder: Path, *, reference_is_slow: bool = False) -> Result:
        """Both programs on one folder; where the reference is slow, its kept figure unless a new one is asked for."""
        theirs = [str(self.reference), "build", str(folder)] if self.reference is not None else None
        known = kept(f"{row}: {work}", REFERENCE) if reference_is_slow and not self.slow else None
        if reference_is_slow and not self.slow:
            theirs = None
        commands = ([str(KBUILD), "render", str(folder)], theirs)
        first, second = alternate(self.launcher, folder, commands, self.runs, PATIENCE_S / 10)
        if known is not None:
            return result(row, work, first, known[0], note=f"the reference's figure is of {known[1]}, one run")
        if reference_is_slow and second is not None:
            keep(f"{row}: {work}", REFERENCE, today(), second)
        return result(row, work, first, second)

    def made(self, name: str, maker: inputs.Maker) -> Path:
        """A generated tree."""
        folder = self.scratch / "inputs" / "".join(char if char.isalnum() else "-" for char in name)
        return maker(folder)

    def script(self, name: str, *arguments: str, times: int = 1) -> tuple[Runs, list[list[str]]]:
        """Run a script of this folder in fresh processes; the lines of the last one, cut at tabs."""
        runs = Runs()
        for _ in range(times):
            self.launcher.run([sys.executable, str(HERE / name), *arguments], self.scratch, runs)
        return runs, [text.split("\t") for text in self.launcher.output().splitlines()]


def today() -> str:
    """The date."""
    return dt.datetime.now(tz=dt.UTC).date().isoformat()


def result(row: str, work: str, ours: Runs, theirs: Runs | None, note: str = "") -> Result:
    """Runs as a row."""
    return Result(
        row=row,
        work=work,
        ours_min_s=ours.best,
        ours_median_s=ours.median,
        ours_cpu_s=ours.least_cpu,
        theirs_cpu_s=theirs.least_cpu if theirs else None,
        ours_peak_mib=ours.peak_kib / 1024,
        theirs_min_s=theirs.best if theirs else None,
        theirs_median_s=theirs.median if theirs else None,
        theirs_peak_mib=theirs.peak_kib / 1024 if theirs and theirs.peak_kib else None,
        same=ours.digest == theirs.digest if theirs else None,
        size=ours.size if theirs else None,
        note=note,
    )


def tiny(bench: Bench) -> Iterator[Result]:
    """Start-up and the least work of each kind."""
    for name, maker in inputs.TINY.items():
        yield bench.measure("tiny", name, bench.made(f"tiny {name}", maker))


def scale(bench: Bench) -> Iterator[Result]:
    """An overlay that does a bit of everything, by size."""
    for count in (100, 300, 1000) if bench.quick else (100, 300, 1000, 1500, 3000, 10000, 30000):
        folder = bench.made(f"scale {count}", inputs.scale(count))
        if count <= 3000:
            yield bench.measure("scale", f"{count:,} resources", folder)
        else:
            ours, _ = alternate(
                bench.launcher, folder, ([str(KBUILD), "render", str(folder)], None), bench.runs, PATIENCE_S
            )
            yield result("scale", f"{count:,} resources", ours, None)


def tree(bench: Bench) -> Iterator[Result]:
    """Many small folders with patches."""
    middles = 2 if bench.quick else 50
    folder = bench.made("tree", inputs.tree(2, middles, 3))
    work = f"2 x {middles} x 3 leaves of 32 resources and 10 patches"
    yield bench.measure("tree", work, folder, reference_is_slow=not bench.quick)


def references(bench: Bench) -> Iterator[Result]:
    """Name references to generated and renamed things."""
    count = 200 if bench.quick else 2000
    folder = bench.made("references", inputs.references(count))
    work = f"{count:,} Deployments mount 3 of {2 * count:,} generated ConfigMaps, {count:,} RoleBindings"
    yield bench.measure("references", work, folder, reference_is_slow=not bench.quick)


def replacements(bench: Bench) -> Iterator[Result]:
    """Replacements over many resources."""
    count, resources = (50, 200) if bench.quick else (500, 2000)
    folder = bench.made("replacements", inputs.replacements(count, resources))
    yield bench.measure("replacements", f"{count} over {resources:,} resources", folder)


def big_documents(bench: Bench) -> Iterator[Result]:
    """Documents of hundreds of kilobytes."""
    yield bench.measure(
        "big documents", "generated CRDs, 1.2 MB", bench.made("crds", inputs.custom_resource_definitions(4))
    )
    for name, folder in big_document_folders():
        yield bench.measure("big documents", name, folder)


def real(bench: Bench) -> Iterator[Result]:
    """Every build of the real repositories, as processes of their own and in one process."""
    folders = corpora_folders(bench.reference)
    if not folders or bench.reference is None:
        print("left out: real: the corpora are not beside the checkout (KBUILD_CORPORA can name them)", file=sys.stderr)
        return
    ours, theirs = Runs(), Runs()
    totals, cpu, digests, wrong = [0.0, 0.0], [0.0, 0.0], [], []
    for folder in folders:
        commands = ([str(KBUILD), "render", str(folder)], [str(bench.reference), "build", str(folder)])
        first, second = alternate(bench.launcher, folder, commands, 1 if bench.quick else 3, PATIENCE_S)
        assert second is not None
        if first.digest != second.digest:
            wrong.append(str(folder))
        digests.append(second.digest)
        totals = [totals[0] + first.best, totals[1] + second.best]
        cpu = [cpu[0] + first.least_cpu, cpu[1] + second.least_cpu]
        ours.size += first.size
        ours.peak_kib, theirs.peak_kib = max(ours.peak_kib, first.peak_kib), max(theirs.peak_kib, second.peak_kib)
    print(*[f"differs: {folder}" for folder in wrong], sep="\n", end="\n" if wrong else "", file=sys.stderr)
    ours.seconds, theirs.seconds, ours.cpu, theirs.cpu = [totals[0]], [totals[1]], [cpu[0]], [cpu[1]]
    ours.digest, theirs.digest = "same", "differ" if wrong else "same"
    yield result("real", f"{len(folders)} builds, a process each, sum", ours, theirs)
    yield from real_together(bench, folders, digests, theirs)


def real_together(bench: Bench, folders: list[Path], digests: list[str], theirs: Runs) -> Iterator[Result]:
    """All builds by one `render_many`, against the sum of the reference's processes."""
    listed = bench.scratch / "folders"
    listed.write_text("".join(f"{folder}\n" for folder in folders))
    theirs.digest = hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()
    for work, workers in (("in one process", 1), ("in processes for all cores", 0)):
        together, _ = bench.script("one_process.py", str(workers), str(listed), times=1 if bench.quick else 3)
        yield result("real", f"{len(folders)} builds {work}", together, theirs, note="the reference: a process each")


def library(bench: Bench) -> Iterator[Result]:
    """`kbuild.render` in a warm process; the reference's whole process beside it."""
    for work, maker in (
        ("tiny", inputs.TINY["5 resources"]),
        ("300", inputs.scale(300)),
        ("1,000", inputs.scale(1000)),
    ):
        folder = bench.made(f"library {work}", maker)
        process = bench.measure("library", work, folder)
        _, lines = bench.script("warm.py", str(folder))
        for name, best, median in lines:
            yield Result(
                row="library", work=f"{work}, {name}", ours_min_s=float(best), ours_median_s=float(median), same=process.same,
                theirs_min_s=process.theirs_min_s, theirs_median_s=process.theirs_median_s, note="against its process",
            )  # fmt: skip


def limit(bench: Bench) -> Iterator[Result]:
    """What no Python program can beat: the bare start, and the fastest known reader and writer of the same bytes."""
    start = Runs()
    for work, code in (("start, `import kbuild.build`", "import kbuild.build"), ("bare start", "pass")):
        runs = start = Runs()
        for _ in range(bench.runs * 2):
            bench.launcher.run([sys.executable, "-c", code], bench.scratch, runs)
        yield result("limit", work, runs, None)
    folders = [("scale 1,000", bench.made("scale 1000", inputs.scale(1000)))]
    folders += [("generated CRDs, 1.2 MB", bench.made("crds", inputs.custom_resource_definitions(4)))]
    for work, folder in [*folders, *big_document_folders()]:
        _, lines = bench.script("floor.py", str(folder))
        floors = {name: (float(best), float(median), float(cpu)) for name, best, median, cpu in lines}
        for name, (best, median, cpu) in floors.items():
            yield Result(row="limit", work=f"{work}: {name}", ours_min_s=best, ours_median_s=median, ours_cpu_s=cpu)
        if RYAML in floors:
            yield against_floor(bench, work, folder, start, floors[RYAML])


def against_floor(bench: Bench, work: str, folder: Path, start: Runs, floor: tuple[float, float, float]) -> Result:
    """Kbuild's whole process against the start of one that only reads and writes the same bytes with ryaml."""
    ours, _ = alternate(bench.launcher, folder, ([str(KBUILD), "render", str(folder)], None), bench.runs, PATIENCE_S)
    best, median, cpu = start.best + floor[0], start.median + floor[1], start.least_cpu + floor[2]
    return Result(
        row="limit", work=work + FLOOR_ENDING, ours_min_s=ours.best, ours_median_s=ours.median, ours_cpu_s=ours.least_cpu,
        theirs_min_s=best, theirs_median_s=median, theirs_cpu_s=cpu, note="the floor stands for the reference",
    )  # fmt: skip


MEASURES: dict[str, Callable[[Bench], Iterator[Result]]] = dict(
    zip(ROWS, (tiny, scale, tree, references, replacements, big_documents, real, library, limit), strict=True)
)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="small sizes, few runs: a minute or two")
    parser.add_argument("--slow", action="store_true", help="run the reference once even where it needs minutes")
    parser.add_argument("--runs", type=int, default=0, help="runs of each program (default 5; 3 with --quick)")
    parser.add_argument("--output", type=Path, default=HERE, help="folder for results.md and results.json")
    return parser.parse_args()


def write_results(results: list[Result], folder: Path) -> None:
    """Write the table with the targets, and the same for programs."""
    command = "make bench" + (f" ARGS='{' '.join(sys.argv[1:])}'" if sys.argv[1:] else "")
    facts = preamble(f"kbuild {VERSION}, kustomize {REFERENCE}", command, today())
    targets = check(results)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.md").write_text(as_markdown(results, facts) + targets_as_markdown(targets))
    (folder / "results.json").write_text(as_json(results, targets, facts))


def main() -> int:
    """Measure, print each row as it is there, and write the files; returns the exit status."""
    options = arguments()
    names = [name.strip() for name in options.rows.split(",")]
    if unknown := [name for name in names if name not in ROWS]:
        print(f"unknown rows: {', '.join(unknown)}; there are: {', '.join(ROWS)}", file=sys.stderr)
        return 2
    reference = oracle_path() if oracle_version(oracle_path()) == REFERENCE else None
    if reference is None:
        print(
            f"left out: the reference (kustomize {REFERENCE}); `make oracle` installs it where Go is", file=sys.stderr
        )
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="kbuild-bench-") as scratch:
        launcher = Launcher(Path(scratch))
        runs = options.runs or (3 if options.quick else 5)
        bench = Bench(launcher, Path(scratch), reference, runs, options.quick, options.slow)
        for name in names:
            for found in MEASURES[name](bench):
                results.append(found)
                print(line(found), end="", flush=True)
                # After every row: an hour of measuring survives whatever stops it.
                write_results(results, options.output)
        launcher.close()
    print(targets_as_markdown(check(results)), end="")
    return 1 if any(found.same is False for found in results) else 0


if __name__ == "__main__":
    sys.exit(main())
