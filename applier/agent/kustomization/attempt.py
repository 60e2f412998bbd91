"""What a run on a Kustomization and its deletion share: their means, the reasons, the target, and how they tell things."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from applier.agent.kustomization import applying, variables
from applier.agent.kustomization.artifacts import Artifacts
from applier.agent.kustomization.builds import Builds
from applier.agent.kustomization.contests import Contests
from applier.agent.kustomization.status_store import Memory
from applier.agent.runtime import durations
from applier.agent.runtime.events import ERROR
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.runtime.conditions import Conditions
    from applier.agent.runtime.controller import Run
    from applier.agent.runtime.queue import Key
    from applier.agent.runtime.reconciling import Surroundings
    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body

SUCCEEDED, FAILED = "ReconciliationSucceeded", "ReconciliationFailed"
BUILD_FAILED, PRUNE_FAILED, UNHEALTHY = "BuildFailed", "PruneFailed", "HealthCheckFailed"
ARTIFACT_FAILED, NOT_READY, BAD_EXPRESSION = "ArtifactFailed", "DependencyNotReady", "InvalidCELExpression"
CANCELLED, ACCESS_DENIED = "HealthCheckCanceled", "AccessDenied"
CONTESTED, BLOCKED = "OwnershipConflict", "DeletionBlocked"
DEPENDENCY_RETRY_S = 30.0
MIN_TIMEOUT_S = 30.0
IN_PROGRESS = "Reconciliation in progress"
IN_HISTORY = (SUCCEEDED, FAILED, PRUNE_FAILED, UNHEALTHY)


class RunError(Exception):
    """A run that ends without success.

    Shape: `again_s` None stands for the retry interval; `is_early` for an end before anything was fetched; `is_quiet`
    for one that no event tells.
    """

    def __init__(
        self, reason: str, message: str, *, again_s: float | None = None, is_final: bool = False,
        is_early: bool = False, is_quiet: bool = False, severity: str = ERROR, told: str = "",
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.reason, self.message, self.again_s, self.is_final = reason, message, again_s, is_final
        self.is_early, self.is_quiet, self.severity, self.told = is_early, is_quiet, severity, told or message


@dataclass(slots=True)
class Means:
    """What runs on Kustomizations work with.

    Shape: `source_of` gives a source object by kind and key, `clusters` the cluster that a spec applies to.
    `waited` are those whose deletion has given others the time to be deleted too;
    `wake` has another Kustomization run. `cross_namespace` allows sources of other namespaces; `guard` asks the prune guard;
    `age_secret` holds keys for those that name none.
    Units: `dependency_retry_s` seconds until a dependency or an artifact is looked for again.
    """

    around: Surroundings
    source_of: Callable[[str, Key], Body | None]
    clusters: Callable[[Body], Cluster]
    artifacts: Artifacts = field(default_factory=Artifacts)
    builds: Builds = field(default_factory=Builds)
    memory: Memory = field(default_factory=Memory)
    contests: Contests = field(default_factory=Contests)
    wake: Callable[[Key], None] = lambda _key: None
    cross_namespace: bool = True
    guard: bool = True
    dependency_retry_s: float = DEPENDENCY_RETRY_S
    waited: set[Key] = field(default_factory=set)
    age_secret: Key | None = None

    @property
    def dependency_retry(self) -> str:
        """The same as statuses show it."""
        return durations.text_of(self.dependency_retry_s)

    def forget(self, key: Key) -> None:
        """A Kustomization is gone."""
        self.memory.forget(key)
        self.builds.forget(key)
        self.waited.discard(key)
        for owner in self.contests.claim(key, {}):
            self.wake(owner)


class Attempt:
    """What a run and a deletion share."""

    def __init__(self, owner: Means, run: Run, body: Body) -> None:
        self.owner, self.run, self.body = owner, run, body
        self.around = owner.around
        self.spec: Mapping[str, Any] = body.get("spec") or {}
        self.conditions: Conditions = self.around.conditions(body)
        self.secrets: set[str] = set()

    @property
    def interval_s(self) -> float:
        """The interval in seconds."""
        return durations.seconds(str(self.spec["interval"]))

    @property
    def timeout_s(self) -> float:
        """The time for applying, and the same again for health checks, in seconds."""
        if self.spec.get("timeout"):
            return max(durations.seconds(str(self.spec["timeout"])), 1.0)
        return max(self.interval_s - 30.0, MIN_TIMEOUT_S)

    def other(self, key: Key) -> Body | None:
        """Another Kustomization; one of another shard is asked for. Raises: ApplierError."""
        informer = self.around.informer
        found = informer.get(key)
        if found is not None or not informer.selector:
            return found
        live = self.around.cluster.reader.get(informer.collection._replace(namespace=key.namespace), key.name)
        return None if isinstance(live, Absent) else live

    def target(self, others: applying.Others = applying.NOBODY) -> applying.Target:
        """Where this Kustomization's objects go. Raises: ApplierError."""
        return applying.Target(
            key=self.run.key, cluster=self.owner.clusters(self.body), status=self.body.get("status") or {},
            write_status=self.merge_status, memory=self.owner.memory, timeout_s=self.timeout_s, others=others,
        )  # fmt: skip

    def merge_status(self, change: dict[str, Any]) -> None:
        """Write a part of the status while the run goes on. Raises: ApplierError."""
        self.body = self.around.write(self.body, change)

    def tell(self, severity: str, reason: str, message: str, **metadata: str) -> None:
        """Record an event and a log line."""
        text = variables.masked(message, self.secrets)
        self.around.event(self.body, severity, reason, text, **metadata)
        subject = self.around.subject(self.run.key)
        if severity == ERROR:
            self.around.log.write("error", reason, subject, error=text, **metadata)
        else:
            # What `flux logs` and `kbuild logs` show of a line is its message: in one line, as they print it.
            self.around.log.write("info", "; ".join(text.splitlines()), subject, reason=reason, **metadata)
