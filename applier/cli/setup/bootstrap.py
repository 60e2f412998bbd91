"""`kbuild bootstrap git|github|gitlab|gitea`: the controllers into a repository and from there into the cluster, which then follows it.

Each step compares before it writes, so that a second bootstrap changes nothing, and one that was interrupted goes on.
Source: flux2 v2.9, `bootstrap`: its words, their order, flags and exit statuses.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.conditions import READY, TRUE, find
from applier.agent.runtime.kinds import REQUESTED_AT
from applier.agent.source.git import Remote
from applier.agent.source.publishing import Author, Publisher
from applier.agent.source.remote_refs import RemoteError
from applier.cli.operate import kinds, tables
from applier.cli.operate.requests import POLL_S, now_text
from applier.cli.operate.words import ACTION, FAILURE, SUCCESS, WAITING, StoppedError, say
from applier.cli.setup import rollout, secrets, sync
from applier.cli.setup.bootstrap_flags import FLAGS
from applier.cli.setup.create import SECRETS, upsert
from applier.cli.setup.install import installation_of
from applier.cli.setup.line import agreed, guarded
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from applier.agent.install.components import Installation
    from applier.agent.source.credentials import Credentials
    from applier.cli.operate.kinds import Noun
    from applier.cli.setup.line import Line
    from applier.cli.setup.sync import Sync

    Object = dict[str, Any]

GIT_TIMEOUT_S, PUSHES = 300.0, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The repository that is written to, and how the cluster shall read it.

    Shape: `secret` are the values of the source's Secret, None for an ssh key that is made unless there is one; `shown` hears of
    its public half.
    """

    url: str
    credentials: Credentials = field(repr=False)
    sync: Sync
    secret: Mapping[str, str] | None = field(repr=False)
    shown: Callable[[str], None] = lambda _key: None


def bootstrap(argv: Sequence[str]) -> int:
    """`kbuild bootstrap git|github|gitlab|gitea`; returns the exit status."""
    return guarded("bootstrap", argv, FLAGS, _bootstrap)


def _bootstrap(line: Line) -> int:
    from applier.cli.setup import targets

    chosen = {
        "git": targets.of_git,
        "github": targets.of_github,
        "gitlab": targets.of_gitlab,
        "gitea": targets.of_gitea,
    }
    word = line.name("provider")
    if word not in chosen:
        raise StoppedError(f"say where the repository is: {', '.join(chosen)}")
    plan = installation_of(line)
    target = chosen[word](line)
    with tempfile.TemporaryDirectory(prefix="kbuild-bootstrap-") as folder:
        remote = Remote(target.url, target.credentials, GIT_TIMEOUT_S)
        publisher = Publisher(Path(folder), remote, target.sync.branch)
        try:
            return Bootstrap(line, plan, target, publisher).run()
        except RemoteError as problem:
            raise StoppedError(str(problem)) from None


@dataclass(slots=True)
class Bootstrap:
    """The steps of one bootstrap."""

    line: Line
    plan: Installation
    target: Target
    publisher: Publisher

    def run(self) -> int:
        """All of them. Raises: StoppedError, ApplierError, RemoteError, KbuildError."""
        own = self.target.sync
        say(ACTION, f'cloning branch "{own.branch}" from Git repository "{self.target.url}"')
        self.publisher.fetch_branch()
        say(SUCCESS, "cloned repository")
        say(ACTION, "generating component manifests")
        present = self.publisher.files(own.folder)
        wanted = sync.files(self.plan, own, present)
        bodies = sync.built(own, self.publisher.committed(sync.ROOT), wanted)
        say(SUCCESS, "generated component manifests")
        components = f"{own.folder}/{sync.COMPONENTS}"
        self._publish({components: wanted.pop(components)}, present, "component")
        self._install([body for body in bodies if not own.is_own(body)])
        self._secret()
        say(ACTION, "generating sync manifests")
        say(SUCCESS, "generated sync manifests")
        self._publish(wanted, present, "sync")
        say(ACTION, "applying sync manifests")
        rollout.apply(
            self.line.cluster, [body for body in bodies if own.is_own(body)], own.namespace, self.line.timeout_s
        )
        say(SUCCESS, "reconciled sync configuration")
        self._wait_for(kinds.GIT)
        self._wait_for(kinds.KUSTOMIZATION)
        say(ACTION, "confirming components are healthy")
        names = [found.name for found in self.plan.components]
        if not rollout.wait_for_deployments(self.line.cluster, own.namespace, names, self.line.timeout_s):
            say(FAILURE, "not all components are healthy")
            return 1
        say(SUCCESS, "all components are healthy")
        return 0

    def _publish(self, files: Mapping[str, bytes], present: Mapping[str, bytes], what: str) -> None:
        """Commit and push what is not in the repository yet, also where others push meanwhile. Raises: RemoteError."""
        branch, product = (
            self.target.sync.branch,
            f"Flux {self.plan.version} component" if what == "component" else "Flux sync",
        )
        appendix = self.line.text("commit_message_appendix")
        message = f"Add {product} manifests" + (f"\n\n{appendix}" if appendix else "")
        author = Author(self.line.text("author_name", "Flux"), self.line.text("author_email"))
        for attempt in range(PUSHES):
            before = self.publisher.head
            changed = {path: data for path, data in files.items() if present.get(path) != data}
            commit = self.publisher.commit(changed, message, author) if changed else ""
            if not commit:
                say(SUCCESS, f"{what} manifests are up to date")
                return
            say(SUCCESS, f'committed {what} manifests to "{branch}" ("{commit}")')
            say(ACTION, f'pushing {what} manifests to "{self.target.url}"')
            try:
                self.publisher.push()
            except RemoteError:
                self.publisher.fetch_branch()
                if self.publisher.head == before or attempt == PUSHES - 1:
                    raise
                present = self.publisher.files(self.target.sync.folder)
            else:
                return

    def _install(self, bodies: Sequence[Object]) -> None:
        say(ACTION, f'installing components in "{self.plan.namespace}" namespace')
        rollout.apply(self.line.cluster, bodies, self.plan.namespace, self.line.timeout_s)
        say(SUCCESS, "installed components")
        say(SUCCESS, "reconciled components")

    def _secret(self) -> None:
        own = self.target.sync
        place = f'"{own.namespace}/{own.secret}"'
        say(ACTION, f"determining if source secret {place} exists")
        present = self.line.cluster.reader.get(SECRETS._replace(namespace=own.namespace), own.secret)
        values = self.target.secret
        if values is None:
            if not isinstance(present, Absent) and "identity" in (present.get("data") or {}):
                say(SUCCESS, "source secret up to date")
                return
            say(ACTION, "generating source secret")
            key = secrets.generated_key(self.line.text("ssh_key_algorithm", "ecdsa"))
            values = secrets.ssh_data(key, secrets.known_hosts(own.url))
        else:
            say(ACTION, "generating source secret")
        if "identity.pub" in values:
            public = values["identity.pub"].strip()
            say(SUCCESS, f"public key: {public}")
            self.target.shown(public)
        say(ACTION, f"applying source secret {place}")
        upsert(self.line, SECRETS, secrets.secret(own.secret, own.namespace, values))
        say(SUCCESS, "reconciled source secret")

    def _wait_for(self, noun: Noun) -> None:
        """Have an object reconciled now, and wait until it is at the commit that was pushed. Raises: StoppedError."""
        name = self.target.sync.namespace
        say(WAITING, f'waiting for {noun.kind} "{name}/{name}" to be reconciled')
        deadline = time.monotonic() + self.line.timeout_s
        body = self.line.need(noun, name)
        token = now_text()
        self.line.change(noun, body, {"metadata": {"annotations": {REQUESTED_AT: token}}})
        message = ""
        while time.monotonic() < deadline:
            live = self.line.need(noun, name)
            ready = find(live, READY) or {}
            is_handled = (live.get("status") or {}).get("lastHandledReconcileAt") == token
            if ready.get("status") == TRUE and is_handled and self.publisher.head in tables.revision_of(live):
                say(SUCCESS, f"{noun.kind} reconciled successfully")
                return
            message = str(ready.get("message") or "")
            time.sleep(POLL_S)
        raise StoppedError(f"{noun.kind} {name}/{name} was not reconciled in time{f': {message}' if message else ''}")


def ask_for_access(line: Line) -> Callable[[str], None]:
    """Wait until a person has given a key access to the repository."""
    return lambda _key: agreed(line, "Please give the key access to your repository")
