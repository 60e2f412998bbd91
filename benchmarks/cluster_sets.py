"""What the benchmarks of the applier apply."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "cluster"))

from objects import (
    Object,
    config_map,
    deployment,
    named,
    namespace,
    role,
    role_binding,
    secret,
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
    makers: tuple[Callable[..., Object], ...] = (
        config_map,
        secret,
        service,
        role,
        service_account,
        lambda name, **more: role_binding(name, "r-3", account="x", **more),
        lambda name, **more: deployment(name, replicas=0, of=more),
        lambda name, **more: named("networking.k8s.io/v1", "NetworkPolicy", name, spec={"podSelector": {}}, **more),
        lambda name, **more: named("policy/v1", "PodDisruptionBudget", name, spec={"minAvailable": 1}, **more),
    )
    bodies = list(spaces)
    for number in range(5000 - len(spaces)):
        space = spaces[number % len(spaces)]["metadata"]["name"]
        bodies.append(makers[number % len(makers)](f"r-{number}", namespace=space))
    return bodies
