"""The agent put together: which controllers run in this process, and what each is given."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import TYPE_CHECKING

from applier.agent.clusters import Clusters
from applier.agent.helm.assembling import chart_sources, releases
from applier.agent.helm.release_attempt import Means as ReleaseMeans
from applier.agent.helm.source_run import SourceKind
from applier.agent.kustomization.artifacts import Artifacts
from applier.agent.kustomization.attempt import DEPENDENCY_RETRY_S, Means
from applier.agent.kustomization.builds import Builds
from applier.agent.kustomization.configs import SELECTOR, Configs
from applier.agent.kustomization.kustomization import Kustomizations
from applier.agent.kustomization.pending import pending_of
from applier.agent.kustomization.triggers import Triggers
from applier.agent.notification.assembling import NAME, NotificationOptions, Notifications
from applier.agent.page.looking import Looker
from applier.agent.page.serving import StatusPage
from applier.agent.runtime.events import Recorder
from applier.agent.runtime.informer import Informer
from applier.agent.runtime.kinds import GIT_REPOSITORIES, HELM_CHARTS, KUSTOMIZATIONS, OCI_REPOSITORIES
from applier.agent.runtime.logs import Log
from applier.agent.runtime.metrics import CONTENT_TYPE, Metrics
from applier.agent.runtime.posting import HttpPoster
from applier.agent.runtime.serving import Asked, Reply, Server
from applier.agent.runtime.unit import Names, Rhythm, Shared, Unit, unit
from applier.agent.source.git import Mirrors
from applier.agent.source.git_repository import GitRepositories
from applier.agent.source.includes import Includes
from applier.agent.source.oci_repository import OciRun
from applier.agent.source.storage import Storage
from applier.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.helm.release_charts import ReleaseCharts
    from applier.agent.kustomization.pending import Pending
    from applier.agent.runtime.events import Poster
    from applier.agent.runtime.queue import Key
    from applier.agent.runtime.reconciling import Surroundings
    from applier.agent.runtime.unit import Follower, Reconcile
    from applier.cluster.api import Collection
    from applier.cluster.cluster import Cluster
    from applier.cluster.connection import Connection
    from applier.model.ids import Body

    Routes = dict[tuple[str, str], Callable[[Asked], Reply]]

SOURCE, KUSTOMIZE, NOTIFICATION, HELM = "source", "kustomize", "notification", "helm"
CONTROLLERS = (SOURCE, KUSTOMIZE, NOTIFICATION)
EVERY_CONTROLLER = (*CONTROLLERS, HELM)
SERVING = frozenset({SOURCE, NOTIFICATION})  # they have clients
METRICS, HEALTH = "metrics", "health"
PROBES = frozenset({METRICS, HEALTH})
GRACE_S = 60.0
# What Kustomizations are built from, by the names of the units.
SOURCES: Mapping[str, Collection] = MappingProxyType(
    {SOURCE: GIT_REPOSITORIES, OCI_REPOSITORIES.kind: OCI_REPOSITORIES}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOptions:
    """How an agent runs.

    Shape: addresses are `host:port`, port 0 for a free one, empty for no server. `namespace` is the one it watches,
    empty for all; `storage` the folder of its cache; `helm` the program that makes releases; `advertised` the host that artifacts are had from, empty for the
    address that they are served at; `events_url` where events are posted, empty for this process or nowhere.
    """

    controllers: tuple[str, ...] = CONTROLLERS
    namespace: str = ""
    storage: Path = Path("/data")
    storage_address: str = ":9090"
    advertised: str = ""
    metrics_address: str = ":8080"
    health_address: str = ":9440"
    events_address: str = ":9091"
    receiver_address: str = ":9292"
    page_address: str = ""
    events_url: str = ""
    event_window_s: float = 300.0
    selector: str = ""
    protocols: str = "http:https:ssh"
    concurrent_sources: int = 2
    concurrent_kustomizations: int = 4
    default_account: str = ""
    age_secret: Key | None = None
    download_attempts: int = 9
    strict_substitution: bool = True
    cross_namespace: bool = True
    prune_guard: bool = True
    dependency_retry_s: float = DEPENDENCY_RETRY_S
    rhythm: Rhythm = field(default_factory=Rhythm)
    configs_selector: str = SELECTOR
    helm: str = "helm"


@dataclass(slots=True)
class Agent:
    """The controllers of one process."""

    cluster: Cluster
    connection: Connection
    options: AgentOptions
    log: Log = field(default_factory=Log)
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = field(default_factory=Metrics)
    post: Poster | None = None
    notifications: Notifications | None = None
    units: dict[str, Unit] = field(default_factory=dict)
    views: list[Informer] = field(default_factory=list)
    source_followers: list[Follower] = field(default_factory=list)
    servers: dict[str, Server] = field(default_factory=dict)
    is_started: bool = False
    stopped: Event = field(default_factory=Event)
    builds: Builds = field(default_factory=Builds)
    look: Callable[[Key], Pending | None] | None = None

    def start(self) -> None:
        """Begin to serve and to reconcile. Raises: OSError, where an address cannot be listened at."""
        self.metrics.describe(
            "gotk_reconcile_duration_seconds", "histogram", "The duration in seconds of a reconciliation."
        )
        if NOTIFICATION in self.options.controllers:
            self._add_notifications()
        if self.options.events_url:
            self.post = HttpPoster(self.options.events_url)
        if SOURCE in self.options.controllers:
            self._add_sources()
        if KUSTOMIZE in self.options.controllers:
            self._add_kustomizations()
        if HELM in self.options.controllers:
            _add_releases(self)
        self.serve_probes()
        if self.options.page_address:
            self._serve("page", self.options.page_address, status_page(self).routes)
        for what, server in self.servers.items():
            if what not in PROBES:
                server.start()
        if self.notifications is not None:
            self.notifications.start()
        for view in self.views:
            view.start()
        for found in self.units.values():
            found.start()
        self.is_started = True

    def serve_probes(self) -> None:
        """Answer probes and serve metrics; a replica that waits for its turn does no more. Raises: OSError."""
        if PROBES & {*self.servers}:
            return
        self._serve(
            METRICS,
            self.options.metrics_address,
            {("GET", "/metrics"): lambda _: Reply(200, self.metrics.text().encode(), CONTENT_TYPE)},
        )
        self._serve(
            HEALTH,
            self.options.health_address,
            {("GET", "/healthz"): lambda _: Reply(200, b"ok"), ("GET", "/readyz"): lambda _: readiness(self)},
        )
        for what in PROBES & {*self.servers}:
            self.servers[what].start()

    def stop(self) -> bool:
        """End in an orderly way; returns whether all runs ended in time."""
        ended = [found.stop(GRACE_S) for found in self.units.values()]
        if self.notifications is not None:  # behind the units, whose last events it takes
            ended.append(self.notifications.stop(GRACE_S))
        for view in self.views:
            view.stop()
        for server in self.servers.values():
            server.stop()
        self.stopped.set()
        return all(ended)

    def _add_sources(self) -> None:
        server = self._serve("artifacts", self.options.storage_address, {})
        host = self.options.advertised or (f"127.0.0.1:{server.port}" if server is not None else "localhost")
        storage = Storage(self.options.storage / "artifacts", host)
        mirrors = Mirrors(self.options.storage / "mirrors", self.options.protocols)
        if server is not None:
            server.routes = [(("GET", "/"), storage.serve)]

        def make(around: Surroundings) -> Reconcile:
            return GitRepositories(around, mirrors, storage).reconcile

        names = Names(controller="source-controller", manager="source-controller")

        def make_unit(collection: Collection, make: Callable[[Surroundings], Reconcile]) -> Unit:
            return self.make_unit(collection, names, make, self.options.concurrent_sources)

        own = make_unit(GIT_REPOSITORIES, make)
        own.followers.append(Includes(own).changed)
        self.units[SOURCE] = own
        self.units |= chart_sources(make_unit, storage, own)

        def registries(around: Surroundings) -> Reconcile:
            return SourceKind(around, storage, partial(OciRun, mirrors=mirrors)).reconcile

        self.units[OCI_REPOSITORIES.kind] = make_unit(OCI_REPOSITORIES, registries)

    def _add_kustomizations(self) -> None:
        clusters = Clusters(self.cluster, self.connection, self.options.default_account)
        sources = {one.kind: self._sources(name, one) for name, one in SOURCES.items()}

        def source_of(kind: str, key: Key) -> Body | None:
            return sources[kind].get(key) if kind in sources else None

        self.builds.is_strict = self.options.strict_substitution

        def make(around: Surroundings) -> Reconcile:
            means = Means(
                around, source_of, clusters.of, artifacts=Artifacts(self.clock, self.options.download_attempts),
                builds=self.builds, cross_namespace=self.options.cross_namespace,
                guard=self.options.prune_guard, dependency_retry_s=self.options.dependency_retry_s,
                age_secret=self.options.age_secret,
                wake=lambda key: self.units[KUSTOMIZE].queue.add(key),  # noqa: PLW0108  (it is made below)
            )  # fmt: skip
            self.look = partial(pending_of, means)
            return Kustomizations(means).reconcile

        names = Names(controller="kustomize-controller", manager="gotk-kustomize-controller")
        own = self.make_unit(KUSTOMIZATIONS, names, make, self.options.concurrent_kustomizations)
        self.units[KUSTOMIZE] = own
        configs = Configs(own, self.cluster.reader, self.options.namespace, self.options.configs_selector)
        self.views += configs.informers()
        own.sees += sources.values()
        triggers = Triggers(own)
        own.followers.append(triggers.kustomization_changed)
        self.source_followers.append(triggers.source_changed)

    def _add_notifications(self) -> None:
        options = NotificationOptions(
            folder=self.options.storage / "notifications", namespace=self.options.namespace,
            cross_namespace=self.options.cross_namespace, window_s=self.options.event_window_s,
        )  # fmt: skip
        made = Notifications(self._shared(), options, self._recorder(NAME))
        self.notifications, self.post = made, made.intake.post
        self._serve("events", self.options.events_address, made.event_routes)
        self._serve("webhooks", self.options.receiver_address, made.hook_routes)

    def _sources(self, name: str, collection: Collection) -> Informer:
        """The sources of a kind as this process sees them: those of its own controller, or a view of others' (of all shards)."""
        if name in self.units and not self.options.selector:
            found = self.units[name]
            found.followers.append(self._source_changed)
            return found.around.informer
        own = collection._replace(namespace=self.options.namespace)
        self.views.append(Informer(self.cluster.reader, own, self._source_changed))
        return self.views[-1]

    def _source_changed(self, old: Body | None, new: Body | None) -> None:
        for follower in self.source_followers:
            follower(old, new)

    def make_unit(
        self, collection: Collection, names: Names, make: Callable[[Surroundings], Reconcile], concurrency: int
    ) -> Unit:
        """A kind put together for this agent."""
        own = collection._replace(namespace=self.options.namespace)
        recorder = self._recorder(names.controller)
        return unit(self._shared(), own, names, make, concurrency=concurrency, recorder=recorder)

    def _shared(self) -> Shared:
        return Shared(
            cluster=self.cluster, log=self.log, metrics=self.metrics, clock=self.clock,
            selector=self.options.selector, rhythm=self.options.rhythm,
        )  # fmt: skip

    def _recorder(self, controller: str) -> Recorder:
        return Recorder(
            self.cluster.exchange, controller, socket.gethostname(), self.post, self.clock,
            lambda line: self.log.write("error", line),
        )  # fmt: skip

    def _serve(self, what: str, address: str, routes: Routes) -> Server | None:
        if not address:
            return None
        self.servers[what] = server = Server(address, routes)
        self.log.write("info", "listening", what=what, port=server.port)
        return server


def readiness(agent: Agent) -> Reply:
    """Whether an agent has seen what it works on: 200 or 500.

    A replica that waits for its turn is ready, or no new one would ever replace an old one; but not where it would be sent
    what only the working one answers.
    """
    if not agent.is_started:
        is_ready = not SERVING & {*agent.options.controllers}
    else:
        is_ready = all(found.around.informer.synced.is_set() for found in agent.units.values())
        is_ready = is_ready and (agent.notifications is None or agent.notifications.is_ready())
    return Reply(200, b"ok") if is_ready else Reply(500, b"not ready")


def status_page(agent: Agent) -> StatusPage:
    """The status page of an agent: what its controllers see, and views of what they do not."""
    sources, kustomizations = tuple(_view(agent, one) for one in SOURCES.values()), _view(agent, KUSTOMIZATIONS)

    def crashed(key: Key, problem: Exception) -> None:
        agent.log.write("error", f"the page cannot tell what is pending for {key}", error=repr(problem))

    looker = Looker(agent.look, agent.clock.monotonic, crashed) if agent.look is not None else None
    return StatusPage(agent.cluster.exchange, agent.clock, sources, kustomizations, agent.options.namespace, looker)


def _view(agent: Agent, collection: Collection) -> Informer:
    known = [*(found.around.informer for found in agent.units.values()), *agent.views]
    for informer in known:
        if informer.collection.kind == collection.kind:
            return informer
    own = collection._replace(namespace=agent.options.namespace)
    agent.views.append(Informer(agent.cluster.reader, own, lambda _old, _new: None))
    return agent.views[-1]


def _add_releases(agent: Agent) -> None:
    clusters = Clusters(agent.cluster, agent.connection, agent.options.default_account)
    followers: list[Follower] = []
    charts, registries = (_followed(agent, one, followers) for one in (HELM_CHARTS, OCI_REPOSITORIES))

    def means(around: Surroundings, found: ReleaseCharts) -> ReleaseMeans:
        allowed = replace(found, cross_namespace=agent.options.cross_namespace)
        artifacts = Artifacts(agent.clock, agent.options.download_attempts)
        return ReleaseMeans(around, clusters, allowed, artifacts, agent.options.helm, agent.options.dependency_retry_s)

    def make_unit(collection: Collection, make: Callable[[Surroundings], Reconcile]) -> Unit:
        names = Names(controller="helm-controller", manager="helm-controller")
        return agent.make_unit(collection, names, make, agent.options.concurrent_kustomizations)

    agent.units[HELM] = own = releases(make_unit, charts, registries, followers, means)
    configs = Configs(own, agent.cluster.reader, agent.options.namespace, agent.options.configs_selector)
    agent.views += configs.informers()


def _followed(agent: Agent, collection: Collection, followers: list[Follower]) -> Informer:
    """The objects of a kind as this process sees them; each change is told to `followers`."""

    def changed(old: Body | None, new: Body | None) -> None:
        for follower in followers:
            follower(old, new)

    if collection.kind in agent.units and not agent.options.selector:
        agent.units[collection.kind].followers.append(changed)
        return agent.units[collection.kind].around.informer
    agent.views.append(Informer(agent.cluster.reader, collection._replace(namespace=agent.options.namespace), changed))
    return agent.views[-1]
