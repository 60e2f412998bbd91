"""The `helm` program: one release of one cluster, in private files that are gone when the program ends.

The kubeconfig, the values and the chart are files that only we can read; no argument and no line of the environment holds
a secret. What the program tells of a failure is its last sentence.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import applier
from applier.agent.runtime.key_files import key_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from threading import Event

    from applier.cluster.connection import Connection

NOT_FOUND = "release: not found"
READ_S, GRACE_S, STOP_S = 60.0, 30.0, 15.0
MAX_HISTORY = 256


class HelmError(Exception):
    """The program failed: the sentence. `is_stopped` says that it was told to end."""

    def __init__(self, sentence: str, *, is_stopped: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.is_stopped = sentence, is_stopped


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a release, as Helm keeps it. Shape: `updated` is RFC 3339; `chart` is name and version in one."""

    number: int
    status: str
    chart: str
    updated: str
    app_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Helm:
    """One release. Shape: `stop` ends the program early when it is set."""

    program: str
    connection: Connection
    namespace: str
    name: str
    stop: Event

    def history(self) -> list[Revision]:
        """Its revisions, the oldest first; empty for a release that is not there. Raises: HelmError."""
        try:
            text = self._run(["history", self.name, "--output", "json", "--max", str(MAX_HISTORY)], READ_S)
            rows = json.loads(text)
            return [
                Revision(
                    int(row["revision"]), str(row["status"]), str(row["chart"]), str(row["updated"]),
                    str(row.get("app_version") or ""),
                )
                for row in rows
            ]  # fmt: skip
        except HelmError as problem:
            if NOT_FOUND in problem.sentence:
                return []
            raise
        except (ValueError, KeyError, TypeError):
            raise HelmError("the history of the release cannot be read") from None

    def manifest(self, revision: int) -> str:
        """The manifest of a revision. Raises: HelmError."""
        return self._run(["get", "manifest", self.name, "--revision", str(revision)], READ_S)

    def deploy(
        self, chart: bytes, values: str, rendering: Mapping[str, Any], options: Sequence[str], timeout_s: float
    ) -> None:
        """Install or upgrade. `rendering` is what the post-renderer does. Raises: HelmError."""
        files = {"chart.tgz": chart, "values.yaml": values.encode(), "rendering": json.dumps(rendering).encode()}
        renderer = ["-m", "applier.agent.helm.post_rendering", "{rendering}"]
        command = [
            "upgrade", self.name, "{chart.tgz}", "--install", "--values", "{values.yaml}",
            "--post-renderer", sys.executable, *(part for one in renderer for part in ("--post-renderer-args", one)),
            *options, "--timeout", f"{timeout_s:.0f}s",
        ]  # fmt: skip
        self._run(command, timeout_s + GRACE_S, files)

    def rollback(self, revision: int, options: Sequence[str], timeout_s: float) -> None:
        """Go back to a revision. Raises: HelmError."""
        command = ["rollback", self.name, str(revision), *options, "--timeout", f"{timeout_s:.0f}s"]
        self._run(command, timeout_s + GRACE_S)

    def uninstall(self, options: Sequence[str], timeout_s: float) -> None:
        """Remove the release; one that is not there is no failure. Raises: HelmError."""
        command = ["uninstall", self.name, "--ignore-not-found", *options, "--timeout", f"{timeout_s:.0f}s"]
        self._run(command, timeout_s + GRACE_S)

    def test(self, options: Sequence[str], timeout_s: float) -> None:
        """Run the tests of the release. Raises: HelmError."""
        self._run(["test", self.name, *options, "--timeout", f"{timeout_s:.0f}s"], timeout_s + GRACE_S)

    def tests(self, revision: int) -> dict[str, dict[str, str]]:
        """The tests of a revision by name, each with `phase`, `started` and `completed` of its last run. Raises: HelmError."""
        try:
            text = self._run(["status", self.name, "--revision", str(revision), "--output", "json"], READ_S)
            hooks = json.loads(text).get("hooks") or []
            return {
                str(hook["name"]): {
                    "phase": str(run.get("phase") or ""), "started": str(run.get("started_at") or ""),
                    "completed": str(run.get("completed_at") or ""),
                }
                for hook in hooks
                if "test" in (hook.get("events") or ()) for run in [hook.get("last_run") or {}]
            }  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError):
            raise HelmError("the status of the release cannot be read") from None

    def _run(self, command: Sequence[str], at_most_s: float, files: Mapping[str, bytes] | None = None) -> str:
        """What the program prints. Raises: HelmError."""
        if self.stop.is_set():
            raise HelmError("the run was told to end", is_stopped=True)
        private = {"kubeconfig": kubeconfig(self.connection.refresh(), self.namespace), **(files or {})}
        with key_files(**private) as paths:
            names = {f"{{{name}}}": path for name, path in paths.items()}
            arguments = [names.get(part, part) for part in command]
            folder = str(Path(paths["kubeconfig"]).parent)
            arguments += ["--namespace", self.namespace, "--kubeconfig", paths["kubeconfig"]]
            with self._started([self.program, *arguments], folder) as process:
                output, errors = self._outcome(process, at_most_s)
        if process.returncode:
            raise HelmError(said(errors, folder))
        return output

    @contextmanager
    def _started(self, command: Sequence[str], folder: str) -> Iterator[subprocess.Popen[str]]:
        """Raises: HelmError."""
        environment = {
            "PATH": os.environ.get("PATH", ""), "HOME": folder, "HELM_DRIVER": "secret", "HELM_PLUGINS": f"{folder}/none",
            "PYTHONPATH": str(Path(applier.__file__).parent.parent),
        }  # fmt: skip
        try:
            process = subprocess.Popen(  # noqa: S603  (an argument list, no shell)
                list(command), env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace", start_new_session=True,
            )  # fmt: skip
        except OSError as problem:
            raise HelmError(f"the program '{self.program}' cannot be run: {problem.strerror}") from None
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def _outcome(self, process: subprocess.Popen[str], at_most_s: float) -> tuple[str, str]:
        """Wait for the end; a program that takes too long, or is no longer wanted, is stopped. Raises: HelmError."""
        end_s = monotonic() + at_most_s
        while True:
            try:
                return process.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                is_stopped = self.stop.is_set()
                if not is_stopped and monotonic() < end_s:
                    continue
            process.terminate()  # it notes in the release that it failed
            try:
                process.communicate(timeout=STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            raise HelmError(
                "the run was told to end" if is_stopped else "context deadline exceeded", is_stopped=is_stopped
            )


def said(errors: str, folder: str) -> str:
    """The sentence of a failure, without the paths of private files."""
    text = errors.strip()
    at = text.rfind("Error: ")
    text = text[at + len("Error: ") :] if at >= 0 else text
    for front in ("UPGRADE FAILED: ", "INSTALLATION FAILED: "):
        text = text.removeprefix(front)
    return text.replace(f"{folder}/", "").strip() or "helm failed without a word"


def kubeconfig(connection: Connection, namespace: str) -> bytes:
    """A kubeconfig that stands for a connection and needs nothing besides itself."""
    cluster: dict[str, Any] = {"server": connection.server}
    if connection.ca:
        cluster["certificate-authority-data"] = base64.b64encode(connection.ca).decode()
    if not connection.verify:
        cluster["insecure-skip-tls-verify"] = True
        cluster.pop("certificate-authority-data", None)
    if connection.tls_server_name:
        cluster["tls-server-name"] = connection.tls_server_name
    if connection.proxy:
        cluster["proxy-url"] = connection.proxy
    context = {"cluster": "it", "user": "we", "namespace": namespace}
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{"name": "it", "cluster": cluster}], "users": [{"name": "we", "user": _user(connection)}],
        "contexts": [{"name": "it", "context": context}],
    }  # fmt: skip
    return json.dumps(config).encode()


def _user(connection: Connection) -> dict[str, Any]:
    user: dict[str, Any] = {}
    scheme, _, rest = connection.authorization.partition(" ")
    if scheme.lower() == "bearer":
        user["token"] = rest.strip()
    elif scheme.lower() == "basic":
        user["username"], _, user["password"] = base64.b64decode(rest).decode("utf-8", "replace").partition(":")
    if connection.client_certificate:
        user["client-certificate-data"] = base64.b64encode(connection.client_certificate).decode()
        user["client-key-data"] = base64.b64encode(connection.client_key).decode()
    for header, value in connection.impersonation:
        name = header.lower()
        if name == "impersonate-user":
            user["as"] = value
        elif name == "impersonate-group":
            user.setdefault("as-groups", []).append(value)
        elif name == "impersonate-uid":
            user["as-uid"] = value
    return user
