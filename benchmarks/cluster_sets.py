"""What the benchmarks of the applier apply."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "cluster"))

from objects import (
    Object,
    config_map,
    deployment,
    filled,
    namespace,
    service,
    service_account,
)


def three_hundred() -> list[Object]:
    """300 objects of four kinds: 120 ConfigMaps, 60 Services, 60 ServiceAccounts, 60 Deployments with one Pod each."""
    bodies = [config_map(f"c-{number}", {"a": "x" * 200, "b": str(number)}) for number in range(120)]
    bodies += [service(f"s-{number}") for number in range(60)]
    bodies += [service_account(f"a-{number}") for number in range(60)]
    return bodies + [deployment(f"d-{number}") for number in range(60)]


def five_thousand(prefix: str) -> list[Object]:
    """5,000 objects of ten kinds in 20 namespaces of their own; no Pods, so that what is measured is applying."""
    spaces = [namespace(f"{prefix}-{number}") for number in range(20)]
    return filled(spaces, 5000)
