"""Many small builds in memory against what the reference gave for each: outputs and error sentences."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from recorded_cases import RECORDED, Case, read

import kbuild

FILES = sorted(RECORDED.glob("*.jsonl"))


def answer(case: Case) -> Case:
    fs = kbuild.MemoryFileSystem({f"/case/{name}": text for name, text in case["input"].items()})
    try:
        return {"input": case["input"], "output": kbuild.render("/case", fs=fs).to_yaml()}
    except kbuild.KbuildError as error:
        return {"input": case["input"], "error": error.reason.replace("/case", "{root}")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_recorded_builds(path: Path) -> None:
    for case in read(path):
        assert answer(case) == case


@pytest.mark.differential
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_records_are_what_the_reference_says_today(path: Path, oracle_binary: Path) -> None:
    tool = Path(__file__).parents[2] / "tools" / "recorded_cases.py"
    every = "1" if os.environ.get("KBUILD_SOAK") else "10"  # all of them take the reference some minutes
    command = [sys.executable, tool, "--check", "--every", every, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
