"""The installed controllers, as their Deployments start them: three processes, each with the rights of its own account."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import TextIO

import pytest
from agent_bed import AgentBed, until
from bed import KBUILD
from control_plane import free_port
from sink import Sink

from applier.agent.install.components import NOTIFICATION, SOURCE, USUAL, Component, Installation
from applier.agent.install.rbac import roles
from applier.agent.install.workloads import arguments

NOTIFIER = "notification.toolkit.fluxcd.io/v1beta3"


class Pods:
    """The controllers' containers, without containers: addresses of Services are those of the loopback."""

    def __init__(self, scene: AgentBed) -> None:
        self.scene = scene
        self.plan = Installation(namespace=scene.namespace, version="v1", image="none")
        self.artifacts, self.events = free_port(), free_port()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.files: list[TextIO] = []

    def start(self, component: Component) -> None:
        scene = self.scene
        flags = [flag for flag in arguments(self.plan, component) if not flag.startswith("--storage-path")]
        flags += [
            f"--storage-path={scene.folder / component.name}", "--metrics-addr=127.0.0.1:0", "--health-addr=127.0.0.1:0",
            f"--watch-namespace={scene.namespace}", f"--as=system:serviceaccount:{scene.namespace}:{component.name}",
        ]  # fmt: skip
        events = f"127.0.0.1:{self.events}"
        if component is NOTIFICATION:
            flags += [f"--events-addr={events}", "--receiver-addr=127.0.0.1:0"]
        else:
            flags.append(f"--events-addr=http://{events}/")
        if component is SOURCE:
            flags += [f"--storage-addr=127.0.0.1:{self.artifacts}", f"--storage-adv-addr=127.0.0.1:{self.artifacts}"]
        self.files.append((scene.folder / f"{component.name}.log").open("w"))
        environment = scene.bed.environment(RUNTIME_NAMESPACE=scene.namespace)
        command = [str(KBUILD), "agent", f"--controllers={component.controller}", *flags]
        self.processes.append(subprocess.Popen(command, env=environment, stdout=self.files[-1], stderr=self.files[-1]))

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
        codes = [process.wait(timeout=60) for process in self.processes]
        for file in self.files:
            file.close()
        assert codes == [0] * len(codes), self.scene.told()


@pytest.fixture
def pods(scene: AgentBed) -> Iterator[Pods]:
    made = Pods(scene)
    for body in roles(made.plan):
        scene.kube.create(scene.bed.cleaned(body))
    yield made
    made.close()


def test_three_controllers_bring_a_commit_to_the_cluster_and_tell_of_it(scene: AgentBed, pods: Pods) -> None:
    repository = scene.repository()
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": scene.namespace}}
    head = repository.commit({"a.yaml": json.dumps(manifest)})
    sink = Sink()
    scene.create(NOTIFIER, "Provider", "chat", {"type": "generic", "address": sink.url("/hook")})
    sources = [{"kind": "Kustomization", "name": "*"}, {"kind": "GitRepository", "name": "*"}]
    scene.create(
        NOTIFIER, "Alert", "all", {"providerRef": {"name": "chat"}, "eventSeverity": "info", "eventSources": sources}
    )
    try:
        for component in USUAL:
            pods.start(component)
        source = scene.settled(scene.source(repository))
        assert source["status"]["artifact"]["url"].startswith(f"http://127.0.0.1:{pods.artifacts}/")
        live = scene.settled(scene.kustomization())
        assert live["status"]["lastAppliedRevision"] == f"main@sha1:{head}"
        assert scene.kube.live(manifest) is not None
        told = {"GitRepository", "Kustomization"}
        until(lambda: told <= {json.loads(one.body)["involvedObject"]["kind"] for one in sink.at("/hook")}, scene.told)
        leases = scene.kube.list("coordination.k8s.io/v1", "Lease", scene.namespace)
        assert {one["metadata"]["name"] for one in leases} == {
            "source-controller-leader-election", "kustomize-controller-leader-election",
        }  # fmt: skip
        assert "forbidden" not in scene.told().lower()
    finally:
        sink.shutdown()
        sink.server_close()
