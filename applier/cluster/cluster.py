"""A cluster to work with: its connection, what it serves, and the reading half.

Whoever applies makes one with `connect` (kubeconfigs) or `of_api_client` (the official package); tests give it a transport of their own.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from applier.clock import Clock, SystemClock
from applier.cluster import discovery as discoveries
from applier.cluster.api import Collection
from applier.cluster.exchange import Exchange
from applier.cluster.reader import Reader
from applier.cluster.transport import Traffic
from applier.failures import ErrorClass, error
from applier.model.live import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from applier.cluster.connection import Connection
    from applier.cluster.discovery_cache import DiscoveryCache
    from applier.cluster.kubeconfig import Choice
    from applier.cluster.transport import KubeTransport
    from applier.model.ids import ObjectId
    from applier.model.snapshot import Discovery, KindFact


class Cluster:
    """One API server as one user. Safe to use from several threads.

    Shape: `name` is for people (context, cluster and server); `namespace` the context's, or `default`. Secrets are not in it.
    """

    def __init__(
        self,
        transport: KubeTransport,
        *,
        name: str = "",
        namespace: str = "",
        clock: Clock | None = None,
        documents: DiscoveryCache | None = None,
    ) -> None:
        self.name, self.namespace = name, namespace or "default"
        self.exchange = Exchange(transport, clock or SystemClock(), Traffic())
        self.reader = Reader(self.exchange)
        self.warnings: list[str] = []
        self._cache = documents
        self._lock = Lock()
        self._discovery: Discovery | None = None

    @property
    def traffic(self) -> Traffic:
        """What was sent so far."""
        return self.exchange.traffic

    def discovery(self) -> Discovery:
        """What the server serves; asked once. Raises: ApplierError."""
        with self._lock:
            if self._discovery is None:
                self._discovery = discoveries.discover(self.exchange, self._cache)
            return self._discovery

    def forget(self) -> None:
        """Ask anew what the server serves, the next time that it matters: kinds come and go while a process runs."""
        with self._lock:
            self._discovery = None

    def know(self, more: Discovery) -> Discovery:
        """Add kinds whose facts came from elsewhere (a CustomResourceDefinition)."""
        self.discovery()
        with self._lock:
            assert self._discovery is not None
            self._discovery = discoveries.with_more(self._discovery, more)
            return self._discovery

    def collection(self, object_id: ObjectId, version: str = "") -> Collection:
        """Where an object is read and written. Raises: ApplierError, where its kind is not served or not known."""
        fact = self.discovery().find(object_id.group_kind)
        if fact is None:
            wanted = f"{object_id.group}/{version}" if object_id.group else version
            sentence = f'no matches for kind "{object_id.kind}" in version "{wanted}"'
            raise error(
                ErrorClass.KIND_MISSING,
                sentence if version else f"the cluster does not serve the kind {object_id.group_kind}",
            )
        if isinstance(fact, Unknown):
            raise error(ErrorClass.KIND_UNKNOWN, f"the kind {object_id.group_kind} is not known: {fact.why}")
        return collection_of(fact, object_id.namespace, version)


def collection_of(fact: KindFact, namespace: str, version: str = "") -> Collection:
    """The collection of a kind in a namespace, in the wanted version where it is served."""
    group, kind = fact.kind
    return Collection(group, fact.version_for(version), fact.plural, kind, namespace if fact.namespaced else "")


def connect(
    choice: Choice,
    environment: Mapping[str, str],
    *,
    workers: int = 8,
    user_agent: str = "kbuild",
    trace: Callable[[str, str, int, float], None] | None = None,
    answer_within_s: float = 0.0,
) -> Cluster:
    """The cluster that a kubeconfig names. Units: `answer_within_s` as in `HttpTransport`. Raises: ApplierError."""
    from applier.cluster.kubeconfig import connect as connection_of

    return of_connection(connection_of(choice, environment), environment, workers, user_agent, trace, answer_within_s)


def of_connection(
    connection: Connection,
    environment: Mapping[str, str],
    workers: int = 8,
    user_agent: str = "kbuild",
    trace: Callable[[str, str, int, float], None] | None = None,
    answer_within_s: float = 0.0,
) -> Cluster:
    """The cluster of a connection. Raises: ApplierError."""
    from applier.cluster.discovery_cache import cache_for
    from applier.cluster.http import HttpTransport

    warnings: list[str] = []
    transport = HttpTransport(
        connection, user_agent=user_agent, workers=workers, answer_within_s=answer_within_s, trace=trace,
        warn=warnings.append,
    )  # fmt: skip
    name = f"{connection.context or connection.cluster} ({connection.server})"
    documents = cache_for(connection.server, f"{connection.user} {connection.impersonation}", environment)
    cluster = Cluster(transport, name=name, namespace=connection.namespace, documents=documents)
    cluster.warnings = warnings
    return cluster


def of_api_client(api_client: Any, *, namespace: str = "", workers: int = 8) -> Cluster:
    """The cluster that an `ApiClient` of the official package is configured for. Raises: ApplierError."""
    from applier.cluster.official import from_api_client

    return of_connection(from_api_client(api_client, namespace=namespace), {}, workers)
