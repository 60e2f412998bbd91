"""`kbuild dev` and `kbuild agent --once`: the agent on this machine, for a folder or an address, with the present cluster.

A folder's repository is served on the loopback; a GitRepository and a Kustomization are made for it, and reconciled by controllers in
this process: at each commit (`dev`), or once. In the end both are suspended, so that the next run knows what this one applied; with
`--clean` they are deleted, with everything that was applied.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from applier import keys
from applier.agent.assembly import KUSTOMIZE, SOURCE, Agent, AgentOptions
from applier.agent.install.components import FLUX, INSTANCE, PART_OF, VERSION
from applier.agent.install.definitions import definitions
from applier.agent.runtime.conditions import READY, TRUE, find
from applier.agent.runtime.kinds import REQUESTED_AT
from applier.agent.runtime.logs import Log
from applier.agent.runtime.writes import OwnWriter
from applier.agent.source.local_server import LocalError, LocalRepository
from applier.cli.operate import kinds
from applier.cli.operate.requests import now_text
from applier.cli.operate.words import ACTION, FAILURE, SUCCESS, StoppedError
from applier.cli.settings import connection_choice
from applier.cli.setup import dev_view, rollout
from applier.cli.setup.create import upsert
from applier.cli.setup.dev_flags import FLAGS
from applier.cli.setup.dev_view import Picture, Screen, Story
from applier.cli.setup.kinds import DEFINITIONS, DEPLOYMENTS, NAMESPACES
from applier.cli.setup.line import Line, guarded
from applier.cli.setup.nouns import checked_url
from applier.cli.setup.passing import passes
from applier.cli.setup.sync import folder_of
from applier.cli.signals import ignore_broken_pipes
from applier.cluster.api import Listing
from applier.cluster.kubeconfig import connect
from applier.cluster.snapshot import Wanted, read_snapshot
from applier.failures import ApplierError, ErrorClass
from applier.health import Facts, evaluate_live
from applier.model.ids import parse_id
from applier.model.live import Absent
from kbuild import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.cluster.cluster import Cluster
    from applier.model.health import Health
    from applier.model.ids import Body, ObjectId
    from kbuild.cli.flags import Flag

    Object = dict[str, Any]

POLL_S, SERVED_WITHIN_S, GONE_WITHIN_S = 0.5, 20.0, 60.0


def dev(argv: Sequence[str]) -> int:
    """`kbuild dev [DIR|URL]`; returns the exit status."""
    return guarded(
        "dev", argv, FLAGS, lambda line: reconcile(line, line.words[0] if line.words else ".", is_once=False)
    )


def once(argv: Sequence[str], flags: Sequence[Flag]) -> int:
    """`kbuild agent --once DIR|URL`; returns 0 where everything was applied, else 1."""

    def command(line: Line) -> int:
        own = Line(line.values, [], line.text("watch_namespace", line.namespace))
        return reconcile(own, line.text("once"), is_once=True)

    return guarded("agent", argv, flags, command)


def reconcile(line: Line, target: str, *, is_once: bool) -> int:
    """Reconcile a folder or an address, once or until stopped. Raises: StoppedError, ApplierError."""
    ignore_broken_pipes()
    try:
        place = place_of(line, target)
    except LocalError as problem:
        raise StoppedError(str(problem)) from None
    if place.local is not None:
        place.local.start()
    session = Session(line, place, is_once=is_once)
    try:
        return session.run()
    except LocalError as problem:
        raise StoppedError(str(problem)) from None
    finally:
        if place.local is not None:
            place.local.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is reconciled. Shape: `local` is None for an address elsewhere, which is `url` then."""

    name: str
    branch: str
    path: str
    local: LocalRepository | None = None
    url: str = ""

    @property
    def address(self) -> str:
        """Where the source is had."""
        return self.local.url if self.local is not None else self.url


def place_of(line: Line, target: str) -> Place:
    """What a target means. Raises: StoppedError, LocalError."""
    own = line.text("path")
    if "://" in target:
        name = target.rstrip("/").rpartition("/")[2].removesuffix(".git")
        path = folder_of(own)
        return Place(name=_name(line, name), branch=line.text("branch", "main"), path=path, url=checked_url(target))
    folder = Path(target).resolve()
    if not folder.is_dir():
        raise StoppedError(f"{target} is no folder, and no address such as https://git.example.com/shop")
    local = LocalRepository.around(folder)
    branch = line.text("branch") or local.branch()
    local.head(branch)
    below = "" if folder == local.root else str(folder.relative_to(local.root))
    return Place(name=_name(line, local.root.name), branch=branch, path=folder_of(own or below), local=local)


def _name(line: Line, usual: str) -> str:
    """A name that the server takes."""
    text = line.text("name", usual).lower()
    found = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text).strip("-")
    return found[:60].rstrip("-") or "dev"


def refuse_other_controllers(cluster: Cluster) -> None:
    """Two that reconcile the same objects would undo each other's work. Raises: StoppedError."""
    found = cluster.reader.list(DEPLOYMENTS, selector=f"{PART_OF}={FLUX},{INSTANCE}")
    assert isinstance(found, Listing)
    names = [f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in found.bodies]
    if names:
        raise StoppedError(
            f"controllers run in this cluster already ({', '.join(sorted(names)[:3])}): push to the repository that they"
            " follow, or remove them with `kbuild uninstall`"
        )


def is_served(line: Line, noun: kinds.Noun) -> bool:
    """Whether the server knows a kind by now. Raises: ApplierError."""
    try:
        line.cluster.reader.list(noun.collection._replace(namespace=line.namespace))
    except ApplierError as problem:
        if problem.error_class not in (ErrorClass.NOT_FOUND, ErrorClass.KIND_MISSING):
            raise
        return False
    return True


@dataclass(slots=True)
class Session:
    """One run of the agent for one place."""

    line: Line
    place: Place
    is_once: bool
    screen: Screen = field(default_factory=Screen)
    stopped: Event = field(default_factory=Event)
    head: str = ""
    began: str = ""

    def run(self) -> int:
        """From the definitions to the end. Raises: StoppedError, ApplierError, LocalError."""
        refuse_other_controllers(self.line.cluster)
        self._prepare()
        agent = self._agent()
        before = {name: signal.signal(name, lambda *_: self.stopped.set()) for name in (signal.SIGINT, signal.SIGTERM)}
        agent.start()
        if not self.is_once:
            self.screen.say(ACTION, f"status page: http://127.0.0.1:{agent.servers['page'].port}/")
        try:
            self._apply()
            status = self._follow()
            self._leave()
            return status
        finally:
            self.screen.close()
            agent.stop()
            for name, handler in before.items():
                signal.signal(name, handler)

    def _prepare(self) -> None:
        """Definitions and namespace, where they are missing. Raises: StoppedError, ApplierError."""
        reader = self.line.cluster.reader
        labels = {PART_OF: FLUX, VERSION: f"v{__version__}"}
        missing = [
            one.body(labels)
            for one in definitions()
            if isinstance(reader.get(DEFINITIONS, f"{one.plural}.{one.group}"), Absent)
        ]
        if isinstance(reader.get(NAMESPACES, self.line.namespace), Absent):
            missing.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.line.namespace}})
        if missing:
            self.screen.say(
                ACTION, "installing what the cluster lacks: " + ", ".join(one["metadata"]["name"] for one in missing)
            )
            rollout.apply(self.line.cluster, missing, self.line.namespace, self.line.timeout_s)
        deadline = time.monotonic() + SERVED_WITHIN_S
        while not all(is_served(self.line, noun) for noun in (kinds.GIT, kinds.KUSTOMIZATION)):
            if time.monotonic() >= deadline:
                raise StoppedError("the cluster does not serve the agent's kinds")
            time.sleep(0.2)

    def _agent(self) -> Agent:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kbuild" / "dev"
        home.mkdir(parents=True, exist_ok=True)
        log = home / "agent.log"
        self.screen.say(ACTION, f"the agent's log: {log}")
        options = AgentOptions(
            controllers=(SOURCE, KUSTOMIZE), namespace=self.line.namespace, storage=home, storage_address="127.0.0.1:0",
            metrics_address="", health_address="", page_address="" if self.is_once else "127.0.0.1:0", prune_guard=True,
        )  # fmt: skip
        connection = connect(connection_choice(self.line.values), os.environ)
        return Agent(self.line.cluster, connection, options, Log("info", log.open("w")))

    def _apply(self) -> None:
        """The source and the Kustomization. Raises: StoppedError, ApplierError, LocalError."""
        place = self.place
        if place.local is not None:
            self.head = place.local.head(place.branch)
            self.screen.say(ACTION, f"serving {place.local.root} (branch {place.branch}) to the agent")
            if place.local.has_changes():
                self.screen.say(ACTION, "some changes are not committed: only commits are applied")
        self.screen.say(ACTION, f"applying GitRepository and Kustomization {self.line.namespace}/{place.name}")
        self.began = now_text()
        source = {"interval": "1m0s", "url": place.address, "ref": {"branch": place.branch}}
        applied: Object = {
            "interval": "10m0s", "retryInterval": "30s", "path": f"./{place.path}", "prune": True, "wait": True,
            "timeout": f"{max(self.line.timeout_s, 30):.0f}s", "sourceRef": {"kind": kinds.GIT.kind, "name": place.name},
        }  # fmt: skip
        if self.line.text("target_namespace"):
            applied["targetNamespace"] = self.line.text("target_namespace")
        self._put(kinds.GIT, source)
        # An artifact of an earlier run was served by a process that is gone: the new one comes first.
        deadline = time.monotonic() + self.line.timeout_s
        while not self._is_handled(kinds.GIT) and time.monotonic() < deadline and not self.stopped.is_set():
            self.stopped.wait(0.1)
        self._put(kinds.KUSTOMIZATION, applied)

    def _put(self, noun: kinds.Noun, spec: Object) -> None:
        annotations = {REQUESTED_AT: self.began, keys.SUSPENDED_BY: None, keys.SUSPENDED_REASON: None}
        body = {
            "apiVersion": f"{noun.collection.group}/{noun.collection.version}", "kind": noun.kind,
            "metadata": {"name": self.place.name, "namespace": self.line.namespace}, "spec": spec,
        }  # fmt: skip
        live, _ = upsert(self.line, noun.collection, body)
        self.line.change(noun, live, {"metadata": {"annotations": annotations}})

    def _is_handled(self, noun: kinds.Noun) -> bool:
        """Whether the run that was asked for in the beginning has ended."""
        body = self.line.get(noun, self.place.name) or {}
        return (body.get("status") or {}).get("lastHandledReconcileAt") == self.began

    def _follow(self) -> int:
        """Show what happens until it is done or stopped. Raises: StoppedError, ApplierError, LocalError."""
        story = Story(self.screen)
        deadline = time.monotonic() + self.line.timeout_s
        while not self.stopped.is_set():
            self._look_for_commits()
            source, applier = (self.line.get(noun, self.place.name) for noun in (kinds.GIT, kinds.KUSTOMIZATION))
            story.tell(source)
            story.tell(applier)
            if self.screen.is_live:
                picture = Picture(source, applier, health_of(self.line.cluster, applier))
                self.screen.region(dev_view.lines(picture, self.screen.width))
            if self.is_once and (verdict := self._verdict(source, applier)) is not None:
                return verdict
            if self.is_once and time.monotonic() >= deadline:
                self.screen.say(FAILURE, "context deadline exceeded")
                return 1
            self.stopped.wait(POLL_S)
        return 1 if self.is_once else 0

    def _look_for_commits(self) -> None:
        local = self.place.local
        if local is None or self.is_once:
            return
        head = local.head(self.place.branch)
        if head != self.head:
            self.head = head
            self.screen.say(ACTION, f"commit {head[:8]}")
            source = self.line.need(kinds.GIT, self.place.name)
            self.line.change(kinds.GIT, source, {"metadata": {"annotations": {REQUESTED_AT: now_text()}}})

    def _verdict(self, source: Body | None, applier: Body | None) -> int | None:
        """The exit status of a single run; None while it is not over."""
        if source is None or applier is None:
            return None
        for body in (source, applier):
            ready, status = find(body, READY) or {}, body.get("status") or {}
            if status.get("lastHandledReconcileAt") != self.began:
                return None
            if ready.get("status") == "False" and not passes(ready):
                return 1
            if ready.get("status") != TRUE:
                return None
        revision = ((source.get("status") or {}).get("artifact") or {}).get("revision")
        return 0 if (applier.get("status") or {}).get("lastAppliedRevision") == revision else None

    def _leave(self) -> None:
        """Put both on hold, or delete them and what was applied. Raises: ApplierError, StoppedError."""
        if self.line.is_on("clean"):
            self._delete()
            return
        annotations = {keys.SUSPENDED_BY: "kbuild dev", keys.SUSPENDED_REASON: "its agent has ended"}
        for noun in (kinds.KUSTOMIZATION, kinds.GIT):
            body = self.line.get(noun, self.place.name)
            if body is not None:
                change = {"spec": {"suspend": True}, "metadata": {"annotations": annotations}}
                self.line.change(noun, body, change)
        self.screen.say(SUCCESS, "what was applied stays; the next run goes on from here, and --clean deletes it")

    def _delete(self) -> None:
        writer = OwnWriter(self.line.cluster.exchange, rollout.MANAGER)
        deadline = time.monotonic() + GONE_WITHIN_S
        for noun in (kinds.KUSTOMIZATION, kinds.GIT):
            body = self.line.get(noun, self.place.name)
            if body is not None:
                self.screen.say(ACTION, f"deleting {noun.human} {self.place.name} in {self.line.namespace} namespace")
                writer.delete(noun.collection, body)
            while self.line.get(noun, self.place.name) is not None:
                if time.monotonic() >= deadline:
                    raise StoppedError(f"{noun.human} {self.place.name} has not gone in time")
                time.sleep(0.2)
        self.screen.say(SUCCESS, "everything that was applied is deleted")


def health_of(cluster: Cluster, applier: Body | None) -> Mapping[ObjectId, Health]:
    """The health of everything in the inventory, as it is now; nothing where it cannot be read."""
    versions = {}
    for entry in dev_view.inventory_of(applier):
        try:
            versions[parse_id(str(entry["id"]))] = str(entry.get("v") or "")
        except (KeyError, ValueError):
            continue
    try:
        snapshot = read_snapshot(cluster, Wanted(versions=versions))
    except ApplierError:
        return {}
    facts = Facts(written=True, storage_classes=snapshot.storage_classes, now_s=time.time())
    return {one: evaluate_live(snapshot.live[one], facts) for one in versions}
