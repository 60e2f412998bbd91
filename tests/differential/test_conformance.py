"""The shared conformance cases: the same bytes, the same sentences, the same warnings.

What falls short is named in `known_failures.txt`, one `KIND CASE` a line, and that file may only shrink: a case that is
not in it must pass, and one that passes must be taken out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from in_process import run

pytestmark = pytest.mark.differential

KNOWN = Path(__file__).with_name("known_failures.txt")
SHARDS = 4
EVERY = 40  # one case in so many also runs as a process of its own


def known_failures() -> set[str]:
    lines = KNOWN.read_text().splitlines() if KNOWN.exists() else []
    return {line for line in lines if line and not line.startswith("#")}


def normal(stderr: str, root: str) -> str:
    text = re.sub(r"/tmp/kustomize-\d+", "{tmp}", stderr.replace(root, "{root}"))
    text = re.sub(r"&\{0x[0-9a-f]+ <nil>\}", "{generator}", text)
    return re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", text, flags=re.MULTILINE).strip()


def shortcomings(case: Path, name: str) -> list[str]:
    """`output`, `reason` or `warnings` and the case's name, for each that is not the reference's."""
    meta = json.loads((case / "case.json").read_text())
    folder = case / "input"
    done = run(["render", *meta["args"], meta["path"]], folder)
    stderr, reference = normal(done.stderr, str(folder)), normal(meta["stderr"], "{root}")
    if meta["exit"] != 0:
        ok = done.status == 1 and not done.stdout and "Error: " in stderr
        same = stderr.splitlines()[-1:] == reference.splitlines()[-1:]
        return [] if ok and same else [f"{'reason' if ok else 'output'} {name}"]
    if done.status != 0 or done.stdout != (case / "expected.yaml").read_bytes():
        return [f"output {name}"]
    unordered = case / "expected-reorder-none.yaml"
    if unordered.exists():
        again = run(["render", *meta["args"], "--reorder=none", meta["path"]], folder)
        if again.status != 0 or again.stdout != unordered.read_bytes():
            return [f"output {name}"]
    return [] if stderr == reference else [f"warnings {name}"]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_only_known_cases_fall_short(conformance_cases: Path, shard: int) -> None:
    cases = sorted(path.parent for path in conformance_cases.rglob("case.json"))[shard::SHARDS]
    names = {case: str(case.relative_to(conformance_cases)) for case in cases}
    found = {line for case in cases for line in shortcomings(case, names[case])}
    known = {line for line in known_failures() if line.partition(" ")[2] in names.values()}
    assert not found - known, "new:\n" + "\n".join(sorted(found - known))
    assert not known - found, "fixed, take out of known_failures.txt:\n" + "\n".join(sorted(known - found))


def test_the_command_gives_what_the_library_gives(conformance_cases: Path) -> None:
    cases = sorted(path.parent for path in conformance_cases.rglob("case.json"))[::EVERY]
    for case in cases:
        meta = json.loads((case / "case.json").read_text())
        arguments = ["render", *meta["args"], meta["path"]]
        command = [sys.executable, "-m", "kbuild", *arguments]
        done = subprocess.run(command, cwd=case / "input", capture_output=True, timeout=60, check=False)
        here = run(arguments, case / "input")
        assert (done.returncode, done.stdout, done.stderr.decode()) == (here.status, here.stdout, here.stderr), case
