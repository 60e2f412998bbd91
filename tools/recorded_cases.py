"""Recorded builds: many small inputs with what the reference gave for each, a JSON object a line.

    recorded_cases.py [--check [--every N]] [FILE...]     (default: every file of testdata/recorded)

The first line of a file is `{"oracle": "kustomize v5.8.1"}`. Each other line has `input` (path -> text, built at its
root), and what the reference gave: `output`, or `error` without its `Error: `, of a crash its sentence. Both are written
by this tool from the real program and from nothing else; lines for which it does not agree with itself in two runs are
refused (a check runs it once). `{root}` stands for the folder.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from install_oracle import REFERENCE, oracle_path, oracle_version

RECORDED = Path(__file__).resolve().parents[1] / "testdata" / "recorded"
HEAD = {"oracle": f"kustomize {REFERENCE}"}
Case = dict[str, Any]


def read(path: Path) -> Iterator[Case]:
    """The cases of one file. Raises: ValueError, for a file that another version wrote."""
    # Texts hold characters that `splitlines` takes for breaks.
    head, *lines = path.read_bytes().decode().removesuffix("\n").split("\n")
    if json.loads(head) != HEAD:
        raise ValueError(f"{path.name}: written by {head}")
    for line in lines:
        yield json.loads(line)


def ask(binary: Path, case: Case, runs: int = 2) -> Case:
    """The case with what the reference gives for it. Raises: RuntimeError, when that changes from run to run."""
    with tempfile.TemporaryDirectory(prefix="recorded-") as scratch:
        root = Path(scratch).resolve()
        for name, text in case["input"].items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        done = [subprocess.run([binary, "build", root], capture_output=True, check=False) for _ in range(runs)]
        answers = [(run.returncode, run.stdout.decode(), run.stderr.decode()) for run in done]
        status, output, stderr = answers[0] = without_stack(answers[0])
        if any(without_stack(answer) != answers[0] for answer in answers) or status not in (0, 1):
            raise RuntimeError(f"no steady answer for {case['input']}")
        if status == 0:
            return {"input": case["input"], "output": output}
        error = stderr.partition("Error: ")[2].removesuffix("\n").replace(str(root), "{root}")
        return {"input": case["input"], "error": error}


def without_stack(answer: tuple[int, str, str]) -> tuple[int, str, str]:
    """An answer; of a crash that has a sentence only that one, as an error. A crash of Go itself has none."""
    status, output, stderr = answer
    _, panicked, text = stderr.partition("panic: ")
    if status != 2 or not panicked or text.startswith("runtime error"):
        return answer
    sentence = text.partition("\n\ngoroutine ")[0].partition(" [recovered")[0]
    return 1, output, f"Error: {sentence}\n"


def write(path: Path, cases: list[Case]) -> None:
    """Write a file of cases."""
    lines = [json.dumps(case, ensure_ascii=False) for case in (HEAD, *cases)]
    path.write_bytes(("\n".join(lines) + "\n").encode())


def main() -> int:
    """Record again, or check; returns the exit status."""
    parser = argparse.ArgumentParser(description="Ask the reference again for every recorded build.")
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something would change")
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="with --check: only every Nth build of a file"
    )
    options = parser.parse_args()
    if options.every != 1 and not options.check:
        parser.error("--every needs --check: what is written is written whole")
    binary = oracle_path()
    if oracle_version(binary) != REFERENCE:
        print(f"{binary}: needs kustomize {REFERENCE}; nothing written", file=sys.stderr)
        return 1
    changed = 0
    for path in options.files or sorted(RECORDED.glob("*.jsonl")):
        before = list(read(path))[:: options.every]
        with ThreadPoolExecutor(2) as pool:
            after = list(pool.map(partial(ask, binary, runs=1 if options.check else 2), before))
        different = sum(old != new for old, new in zip(before, after, strict=True))
        print(
            f"{path.name}: {len(after)} cases, {sum('error' in case for case in after)} of them errors; {different} changed"
        )
        changed += different
        if different and not options.check:
            write(path, after)
    return 1 if changed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
