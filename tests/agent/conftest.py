"""An agent on a real control plane, for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_bed import AgentBed, agent_bed
from agent_process import Process
from bed import Bed
from sink import Sink


@pytest.fixture
def scene(bed: Bed, tmp_path: Path) -> Iterator[AgentBed]:
    with agent_bed(bed, tmp_path) as made:
        yield made


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    made.close()


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        one.file.close()
