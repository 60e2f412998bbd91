"""Judges health for a run: the rules of the set, what was live before, and the pods behind a workload that does not get ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from applier.cluster.api import Collection, TooMany
from applier.failures import ApplierError
from applier.health import Facts, evaluate, reports_generation
from applier.health.pods import pods_verdict, selector_of
from applier.health.rules import Rules
from applier.model.live import Present
from applier.records import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.clock import Clock
    from applier.cluster.reader import Reader
    from applier.model.health import Health
    from applier.model.ids import Body, ObjectId
    from applier.model.live import Live
    from applier.model.plan import Step


class PodsSeen(NamedTuple):
    """A workload's verdict after a look at its pods."""

    id: ObjectId
    health: Health


@record
class HealthJudge:
    """Judges objects of one run. Shape: `storage_classes` maps classes to their binding mode."""

    clock: Clock
    rules: Rules = field(default_factory=Rules)
    live: Mapping[ObjectId, Live] = field(default_factory=dict)
    storage_classes: Mapping[str, str] = field(default_factory=dict)
    wait_load_balancers: bool = False
    fail_fast_pods: bool = False

    def __call__(self, step: Step, body: Body, *, just_written: bool) -> Health:
        """The verdict on one object as it is now."""
        before = self.live.get(step.id)
        facts = Facts(
            written=just_written,
            observed_before=isinstance(before, Present) and reports_generation(before.body),
            storage_classes=self.storage_classes,
            wait_load_balancers=self.wait_load_balancers,
            now_s=self.clock.now(),
        )
        return evaluate(body, facts, self.rules.of(step.id))

    def look_at_pods(self, reader: Reader, body: Body, health: Health) -> Health:
        """The workload's verdict with what its pods say; the same verdict where they cannot be read."""
        labels = selector_of(body)
        if not labels:
            return health
        selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        pods = Collection("", "v1", "pods", "Pod", str(body["metadata"].get("namespace") or ""))
        try:
            listing = reader.list(pods, selector=selector)
        except ApplierError:
            return health
        bodies = listing.seen if isinstance(listing, TooMany) else listing.bodies
        return pods_verdict(health, bodies, fail_fast=self.fail_fast_pods, now_s=self.clock.now())
