"""Real repositories: every folder that the reference builds, byte for byte; and where it fails, so do we.

The reference runs in threads beside the comparison, so that both cores are busy; the set is cut into shards for xdist.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from in_process import run

pytestmark = pytest.mark.differential

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
SHARDS = 4
NEEDS_NETWORK = ("git fetch", "dial tcp", "no such host", "Could not resolve", "git -c")
REMOTE = ("http://", "https://", "github.com/", "git@")

Built = tuple[Path, "subprocess.CompletedProcess[bytes]"]


def folders(corpora: Path) -> list[Path]:
    return sorted({path.parent for name in NAMES for path in corpora.rglob(name)})


def reference(binary: Path, folder: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "none"}
    command = [binary, "build", str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120, check=False)


def warnings(text: str) -> list[str]:
    """Lines without their time stamps; the reference lists unused vars in no order, so they are sorted."""
    lines = [re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", line) for line in text.splitlines()]
    known = "well-defined vars that were never replaced: "
    return [
        known + str(sorted(line.removeprefix(known).split(","))) if line.startswith(known) else line for line in lines
    ]


def built(corpora: Path, binary: Path, shard: int) -> Iterator[Built]:
    """(folder, the reference's answer) of a shard, without those that need a network."""
    wanted = folders(corpora)[shard::SHARDS]
    with ThreadPoolExecutor(2) as pool:
        for folder, done in zip(wanted, pool.map(lambda folder: reference(binary, folder), wanted), strict=True):
            text = done.stderr.decode(errors="replace")
            if done.returncode == 0 or not any(word in text for word in NEEDS_NETWORK + REMOTE):
                yield folder, done


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_build_is_the_references(corpora: Path, oracle_binary: Path, shard: int) -> None:
    wrong = []
    for folder, done in built(corpora, oracle_binary, shard):
        ours = run(["render", str(folder)], folder)
        name = folder.relative_to(corpora)
        if (ours.status == 0) != (done.returncode == 0):
            wrong.append(f"{name}: status {ours.status}, the reference's {done.returncode}: {ours.stderr[-200:]}")
        elif ours.stdout != done.stdout:
            wrong.append(f"{name}: other bytes")
        elif done.returncode == 0 and warnings(ours.stderr) != warnings(done.stderr.decode()):
            wrong.append(f"{name}: other warnings")
    assert not wrong, "\n".join(wrong)
