"""`kbuild dev` and `kbuild agent --once` on a real control plane: a folder's commits reach the cluster, without any server."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_bed import AgentBed, Object, until
from bed import KBUILD, Plane


class Folder:
    """A repository of this machine, as somebody works in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *command: str) -> str:
        who = {
            "GIT_AUTHOR_NAME": "a",
            "GIT_COMMITTER_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_EMAIL": "a@b",
        }
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **who}
        done = subprocess.run(
            ["git", *command], cwd=self.root, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None]) -> str:
        for name, text in files.items():
            place = self.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text) if text is not None else place.unlink()
        self.git("add", "-A")
        self.git("commit", "--quiet", "-m", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "My Shop")


def config_map(scene: AgentBed, name: str) -> str:
    return json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": scene.namespace}}
    )


def live(scene: AgentBed, name: str) -> Object | None:
    return scene.kube.get("v1", "ConfigMap", scene.namespace, name)


def once(scene: AgentBed, *arguments: str) -> tuple[int, list[str]]:
    command = [str(KBUILD), "agent", "-n", scene.namespace, "--timeout", "60s", *arguments]
    done = subprocess.run(
        command, env=scene.bed.environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout, "Traceback" in done.stderr) == ("", False), done.stderr
    return done.returncode, done.stderr.splitlines()


def applier(scene: AgentBed) -> Object:
    found = scene.kube.get("kustomize.toolkit.fluxcd.io/v1", "Kustomization", scene.namespace, "my-shop")
    assert found is not None
    return found


def test_once_applies_a_folder_and_the_next_run_prunes_what_left_it(scene: AgentBed, folder: Folder) -> None:
    first = folder.commit({"deploy/a.yaml": config_map(scene, "a"), "deploy/b.yaml": config_map(scene, "b")})
    code, lines = once(scene, "--once", str(folder.root / "deploy"))
    assert code == 0, lines
    assert f"✔ Kustomization my-shop: Applied revision: main@sha1:{first}" in lines
    assert live(scene, "a")
    assert live(scene, "b")
    found = applier(scene)
    assert found["spec"]["suspend"]
    assert found["spec"]["path"] == "./deploy"
    assert found["metadata"]["annotations"]["kbuild.dev/suspended-by"] == "kbuild dev"

    second = folder.commit({"deploy/b.yaml": None})
    code, lines = once(scene, "--once", str(folder.root / "deploy"))
    assert code == 0, lines
    assert f"✔ Kustomization my-shop: Applied revision: main@sha1:{second}" in lines
    assert live(scene, "b") is None

    # The same again, by another process that serves the artifact at another port.
    code, lines = once(scene, "--once", str(folder.root), "--path", "deploy", "--clean")
    assert code == 0, lines
    assert lines[-1] == "✔ everything that was applied is deleted"
    assert live(scene, "a") is None


def test_once_tells_what_fails_and_ends_with_one(scene: AgentBed, folder: Folder) -> None:
    folder.commit({"kustomization.yaml": "resources: [nope.yaml]\n"})
    code, lines = once(scene, "--once", str(folder.root))
    assert code == 1
    assert any(line.startswith("✗ Kustomization my-shop: kustomize build failed") for line in lines)
    code, lines = once(scene, "--once", str(scene.folder / "none"))
    assert (code, len(lines)) == (1, 1)
    assert "is no folder" in lines[0]
    (scene.folder / "plain").mkdir()
    code, lines = once(scene, "--once", str(scene.folder / "plain"))
    assert code == 1
    assert "is in no Git repository" in lines[0]
    code, lines = once(scene, "--once", str(folder.root), "--branch", "nope")
    assert (code, "has no branch" in lines[0]) == (1, True)


def test_once_takes_an_address_as_well(scene: AgentBed) -> None:
    repository = scene.repository("elsewhere")
    repository.commit({"a.yaml": config_map(scene, "a")})
    code, lines = once(scene, "--once", repository.url, "--clean")
    assert code == 0, lines
    assert lines[-1] == "✔ everything that was applied is deleted"


class Terminal:
    """A command on a terminal of its own; `text` is everything that it wrote."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.master, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 160, 0, 0))
        self.process = subprocess.Popen(command, env=environment, cwd=folder, stdin=other, stdout=other, stderr=other)
        os.close(other)
        self.text = ""
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.master, 1 << 16)
            except OSError:
                return
            if not data:
                return
            self.text += data.decode("utf-8", "replace").replace("\r\n", "\n")

    @property
    def region(self) -> str:
        """What stands on the screen since it was last wiped."""
        return re.split("\x1b\\[[0-9]+A\x1b\\[J", self.text)[-1]

    def end(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=60)
        self.thread.join(5)
        os.close(self.master)
        return code


@pytest.fixture
def terminal(scene: AgentBed, folder: Folder) -> Iterator[Terminal]:
    folder.commit({"a.yaml": config_map(scene, "a")})
    command = [str(KBUILD), "dev", "-n", scene.namespace, "--clean"]
    made = Terminal(command, scene.bed.environment(TERM="xterm"), folder.root)
    yield made
    if made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def test_dev_follows_commits_and_shows_how_everything_is(scene: AgentBed, folder: Folder, terminal: Terminal) -> None:
    until(lambda: live(scene, "a"), lambda: terminal.text)
    until(lambda: f"✔ Current     ConfigMap/{scene.namespace}/a" in terminal.region, lambda: terminal.text)
    assert "✔ source git    my-shop" in terminal.region
    began = time.monotonic()
    head = folder.commit({"b.yaml": config_map(scene, "b"), "a.yaml": None})
    until(lambda: live(scene, "b") and live(scene, "a") is None, lambda: terminal.text)
    assert time.monotonic() - began < 15
    until(lambda: f"Applied revision: main@sha1:{head}" in terminal.text, lambda: terminal.text)
    assert f"► commit {head[:8]}" in terminal.text
    (folder.root / "c.yaml").write_text(config_map(scene, "c"))  # not committed, not applied
    assert terminal.end() == 0
    assert "✔ everything that was applied is deleted" in terminal.text
    assert live(scene, "b") is None
    assert live(scene, "c") is None


def test_dev_leaves_a_cluster_alone_that_has_controllers(scene: AgentBed, folder: Folder, own_plane: Plane) -> None:
    folder.commit({"a.yaml": config_map(scene, "a")})
    pod = {"containers": [{"name": "manager", "image": "none"}]}
    labels = {"app": "s", "app.kubernetes.io/part-of": "flux", "app.kubernetes.io/instance": scene.namespace}
    controller = scene.kube.create(
        {
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "source-controller", "namespace": scene.namespace, "labels": labels},
            "spec": {
                "replicas": 0, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
    )  # fmt: skip
    code, lines = once(scene, "--once", str(folder.root))
    scene.kube.delete(controller)
    assert code == 1
    assert lines[-1].startswith(f"✗ controllers run in this cluster already ({scene.namespace}/source-controller)")
