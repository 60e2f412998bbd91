"""The control plane that the applier is tested against does what a cluster does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bed import Bed, Plane, start_plane, stop_plane
from kube import Access, KubeError, eventually
from objects import config_map, deployment, job

HERE = Path(__file__).resolve().parent


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that ended and was not waited for is no process any more.
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_deployments_become_ready(bed: Bed, own_plane: Plane) -> None:
    bed.kube.create(bed.owned(deployment("web", replicas=2)))

    def ready() -> bool:
        live = bed.live(deployment("web"))
        return live is not None and live.get("status", {}).get("readyReplicas") == 2

    assert eventually(ready, 20), bed.live(deployment("web"))


def test_annotations_choose_what_becomes_of_pods(bed: Bed, own_plane: Plane) -> None:
    for fate in ("crash", "pull-error", "never"):
        bed.kube.create(bed.owned(deployment(fate, annotations={"testbed.invalid/fate": fate})))
    bed.kube.create(bed.owned(deployment("late", annotations={"testbed.invalid/ready-after": "2s"})))
    begun = time.monotonic()

    def pod(name: str) -> dict:
        pods = bed.kube.list("v1", "Pod", bed.namespace, f"app={name}")
        return pods[0].get("status", {}) if pods else {}

    def waiting(name: str) -> str:
        states = pod(name).get("containerStatuses") or [{}]
        return states[0].get("state", {}).get("waiting", {}).get("reason", "")

    assert eventually(lambda: waiting("crash")) == "CrashLoopBackOff"
    assert eventually(lambda: waiting("pull-error")) == "ImagePullBackOff"
    assert eventually(lambda: pod("late").get("podIP"))
    assert 1.5 < time.monotonic() - begun < 30
    assert "containerStatuses" not in pod("never")


def test_jobs_complete_or_fail(bed: Bed, own_plane: Plane) -> None:
    bed.kube.create(bed.owned(job("good")))
    bed.kube.create(bed.owned(job("bad", annotations={"testbed.invalid/fate": "fail"})))

    def conditions(name: str) -> set[str]:
        live = bed.live(job(name)) or {}
        return {entry["type"] for entry in live.get("status", {}).get("conditions", []) if entry["status"] == "True"}

    assert eventually(lambda: "Complete" in conditions("good"))
    assert eventually(lambda: "Failed" in conditions("bad"))


def test_rights_are_checked(bed: Bed, own_plane: Plane) -> None:
    alice = bed.client(own_plane.user("alice"))
    with pytest.raises(KubeError) as refused:
        alice.request("POST", f"/api/v1/namespaces/{bed.namespace}/configmaps", bed.owned(config_map("a")))
    assert refused.value.status == 403


def test_a_client_certificate_is_accepted(bed: Bed, own_plane: Plane) -> None:
    folder = own_plane.folder
    certificate = (str(folder / "client.crt"), str(folder / "client.key"))
    access = Access(server=own_plane.access.server, authority=own_plane.access.authority, certificate=certificate)
    group = "authentication.k8s.io/v1"
    review = {"apiVersion": group, "kind": "SelfSubjectReview"}
    me = bed.client(access).request("POST", f"/apis/{group}/selfsubjectreviews", review)
    assert me["status"]["userInfo"]["username"] == "cert-admin"


def test_parts_can_be_stopped_and_started(own_plane: Plane, bed: Bed) -> None:
    own_plane.tell("stop kube-controller-manager")
    try:
        bed.kube.create(bed.owned(deployment("web")))
        time.sleep(1)
        assert "observedGeneration" not in (bed.live(deployment("web")) or {}).get("status", {})
    finally:
        own_plane.tell("start kube-controller-manager")
    assert eventually(lambda: (bed.live(deployment("web")) or {}).get("status", {}).get("readyReplicas") == 1, 40)


def test_nothing_is_left_when_the_starter_is_killed(own_plane: Plane) -> None:
    program = f"import sys; sys.path.insert(0, {str(HERE)!r}); sys.path.insert(0, {str(HERE.parents[1] / 'tools')!r})\n"
    program += "import json, bed, time\nplane = bed.start_plane()\n"
    program += "print(json.dumps([str(plane.folder), plane.process.pid]), flush=True)\ntime.sleep(600)\n"
    starter = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    folder, supervisor = json.loads(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    assert eventually(lambda: not is_alive(supervisor), 20)
    assert not Path(folder).exists()


def test_it_stops_as_a_whole(own_plane: Plane) -> None:
    begun = time.monotonic()
    second = start_plane()
    ready_s = time.monotonic() - begun
    processes = list(map(int, children_of(second.process.pid if second.process else 0)))
    stop_plane(second)
    assert len(processes) == 5
    assert not any(map(is_alive, processes))
    assert not second.folder.exists()
    assert ready_s < 60


def children_of(pid: int) -> list[str]:
    """The processes that a process started (Linux tells)."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    if not path.exists():
        pytest.skip("this system does not list a process's children")
    return path.read_text().split()
