"""What a run on a HelmRelease and its deletion share: their means, the program, and how they tell things.

Source: helm-controller v2, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from applier.agent.helm import release_options
from applier.agent.helm.helm_program import Helm
from applier.agent.kustomization import variables
from applier.agent.kustomization.artifacts import Artifacts
from applier.agent.kustomization.attempt import DEPENDENCY_RETRY_S
from applier.agent.runtime import durations
from applier.agent.runtime.events import ERROR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.clusters import Clusters
    from applier.agent.helm.release_charts import ReleaseCharts
    from applier.agent.runtime.conditions import Conditions
    from applier.agent.runtime.controller import Run
    from applier.agent.runtime.reconciling import Surroundings
    from applier.model.ids import Body

RELEASED, REMEDIATED, DRIFTED, TESTED = "Released", "Remediated", "Drifted", "TestSuccess"
ATTEMPTED = {"install": "Install", "upgrade": "Upgrade", "rollback": "Rollback", "uninstall": "Uninstall"}


@dataclass(slots=True)
class Means:
    """What runs on HelmReleases work with. Shape: `program` is the helm to run. Units: seconds."""

    around: Surroundings
    clusters: Clusters
    charts: ReleaseCharts
    artifacts: Artifacts = field(default_factory=Artifacts)
    program: str = "helm"
    dependency_retry_s: float = DEPENDENCY_RETRY_S


class Attempt:
    """What a run and a deletion share. Shape: `status` collects what the next write changes."""

    def __init__(self, owner: Means, run: Run, body: Body) -> None:
        self.owner, self.run, self.body, self.around = owner, run, body, owner.around
        self.spec: Mapping[str, Any] = body.get("spec") or {}
        self.conditions: Conditions = owner.around.conditions(body)
        self.status: dict[str, Any] = {}
        self.secrets: set[str] = set()
        self.namespace = release_options.release_namespace(body)
        self.name = release_options.release_name(body)

    @property
    def interval_s(self) -> float:
        """The interval in seconds."""
        return durations.seconds(str(self.spec["interval"]))

    def helm(self) -> Helm:
        """The program for this release. Raises: ApplierError, where the cluster cannot be known."""
        return Helm(
            program=self.owner.program, connection=self.owner.clusters.connection_of(self.body),
            namespace=self.namespace, name=self.name, stop=self.run.cancelled,
        )  # fmt: skip

    def known(self, field_name: str) -> Any:
        """A field of the status as it will be."""
        return self.status[field_name] if field_name in self.status else (self.body.get("status") or {}).get(field_name)

    def write(self) -> None:
        """Write what is known by now. Raises: ApplierError."""
        conditions = self.conditions.as_list()
        self.body = self.around.write(self.body, {**self.status, "conditions": conditions})

    def tell(self, severity: str, reason: str, message: str, **metadata: str) -> None:
        """Record an event and a log line."""
        text = variables.masked(message, self.secrets)
        self.around.event(self.body, severity, reason, text, **metadata)
        level, field_name = ("error", "error") if severity == ERROR else ("info", "output")
        self.around.log.write(level, reason, self.around.subject(self.run.key), **{field_name: text})
