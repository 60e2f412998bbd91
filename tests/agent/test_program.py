"""`kbuild agent` as a process: from its start to its end, one of two replicas at a time, killed in the middle of a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from agent_bed import AgentBed, Object, until
from agent_process import Process
from bed import KBUILD


def config_map(scene: AgentBed, name: str) -> str:
    return json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": scene.namespace}}
    )


def count(scene: AgentBed) -> int:
    return sum(
        "kustomize.toolkit.fluxcd.io/name" in (m["metadata"].get("labels") or {})
        for m in scene.kube.list("v1", "ConfigMap", scene.namespace)
    )


def test_it_reconciles_until_it_is_told_to_stop(scene: AgentBed, processes: list[Process]) -> None:
    repository = scene.repository()
    repository.commit({"a.yaml": config_map(scene, "a")})
    began = time.monotonic()
    processes.append(Process(scene, "one"))
    scene.source(repository)
    scene.settled(scene.kustomization())
    assert time.monotonic() - began < 20
    assert count(scene) == 1
    ignored = Path(f"/proc/{processes[0].process.pid}/status").read_text().partition("SigIgn:")[2].split()[0]
    assert int(ignored, 16) & 1 << (signal.SIGPIPE - 1), "a connection that is closed must not end the agent"
    assert processes[0].end() == 0
    assert processes[0].lines()[-1]["msg"] == "stopped"


def two_replicas(scene: AgentBed, processes: list[Process]) -> Object:
    """Two processes of which the first leads; returns a Kustomization that it has applied."""
    repository = scene.repository()
    repository.commit({"a.yaml": config_map(scene, "a")})
    processes.append(Process(scene, "one", "--enable-leader-election"))
    until(lambda: processes[0].says("started"))
    processes.append(Process(scene, "two", "--enable-leader-election"))
    scene.source(repository)
    live = scene.settled(scene.kustomization())
    assert not processes[1].says("started")
    return live


def test_f49_of_two_replicas_one_works_and_the_other_takes_over(scene: AgentBed, processes: list[Process]) -> None:
    live = two_replicas(scene, processes)
    ended = time.monotonic()
    assert processes[0].end() == 0
    until(lambda: processes[1].says("started"))
    assert time.monotonic() - ended < 10
    assert scene.run_again(live)


def test_f49_a_leader_that_is_killed_is_followed_within_its_lease(scene: AgentBed, processes: list[Process]) -> None:
    live = two_replicas(scene, processes)
    told = until(lambda: [event["message"] for event in scene.events("web") if "created" in event["message"]])
    assert len(told) == 1
    killed = time.monotonic()
    processes[0].process.send_signal(signal.SIGKILL)
    until(lambda: processes[1].says("started"), within_s=60)
    assert time.monotonic() - killed < 45
    scene.run_again(live)
    assert [event["message"] for event in scene.events("web") if "created" in event["message"]] == told


def test_f48_what_a_killed_run_created_is_found_and_pruned(scene: AgentBed, processes: list[Process]) -> None:
    repository = scene.repository()
    files: dict[str, str | None] = {f"m{n}.yaml": config_map(scene, f"m{n}") for n in range(60)}
    repository.commit({"keep.yaml": config_map(scene, "keep"), **files})
    processes.append(Process(scene, "one"))
    scene.source(repository)
    live: Object = scene.kustomization()
    until(lambda: count(scene) >= 5, within_s=30)
    processes[0].process.send_signal(signal.SIGKILL)
    processes[0].process.wait()
    created = count(scene)
    assert created >= 5
    listed = scene.get(live).get("status", {}).get("inventory", {}).get("entries", [])
    assert len(listed) == 61, "the inventory is written ahead"
    repository.commit(dict.fromkeys(files))
    processes.append(Process(scene, "two", "--no-prune-guard"))
    until(lambda: scene.condition(live).get("status") == "True" and count(scene) == 1, within_s=60)
    assert len(scene.get(live)["status"]["inventory"]["entries"]) == 1


def test_wrong_flags_are_told_in_one_line(scene: AgentBed) -> None:
    done = subprocess.run(
        [str(KBUILD), "agent", "--controllers", "nope"], env={**os.environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: illegal flag value --controllers nope; legal values: [")
    assert "Traceback" not in done.stderr
