"""An agent on a real control plane, for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_bed import AgentBed, agent_bed
from bed import Bed


@pytest.fixture
def scene(bed: Bed, tmp_path: Path) -> Iterator[AgentBed]:
    with agent_bed(bed, tmp_path) as made:
        yield made
