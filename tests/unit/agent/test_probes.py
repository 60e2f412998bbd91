"""Probes of a replica that waits for its turn: alive, and ready unless it would be sent what only the working one answers."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any, cast

import pytest

from applier.agent.assembly import HEALTH, METRICS, Agent, AgentOptions


def status(agent: Agent, server: str, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{agent.servers[server].port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        problem.close()
        return problem.code


@pytest.mark.parametrize(
    ("controllers", "ready"),
    [(["kustomize"], 200), (["source"], 500), (["notification"], 500), (["source", "kustomize"], 500)],
)
def test_a_waiting_replica_is_alive_and_ready_where_nothing_is_sent_to_it(
    controllers: Sequence[str], ready: int
) -> None:
    free = "127.0.0.1:0"
    options = AgentOptions(
        controllers=tuple(controllers), metrics_address=free, health_address=free, storage_address=free
    )
    nothing = cast("Any", None)
    agent = Agent(nothing, nothing, options)
    agent.serve_probes()
    try:
        agent.serve_probes()  # it is asked for again when the turn has come
        assert {*agent.servers} == {METRICS, HEALTH}
        assert status(agent, HEALTH, "/healthz") == 200
        assert status(agent, HEALTH, "/readyz") == ready
        assert status(agent, METRICS, "/metrics") == 200
    finally:
        assert agent.stop()
