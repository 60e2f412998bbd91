"""Drift of a release: its manifest against the cluster, by the applier's own plan and the server's dry run.

What the manifest says and the cluster has otherwise is told, and in mode `enabled` brought back; other objects of the
release are not written.
Source: helm-controller v2 `spec.driftDetection`, as recorded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import kbuild
from applier import flow
from applier.agent.helm.post_rendering import ORIGIN
from applier.agent.helm.release_attempt import DRIFTED
from applier.agent.kustomization import ignoring
from applier.agent.kustomization.attempt import RunError
from applier.agent.kustomization.build import is_disabled
from applier.agent.kustomization.status_store import StatusStore
from applier.agent.runtime.conditions import FALSE, TRUE
from applier.agent.runtime.events import ERROR, INFO
from applier.executor.options import Options
from applier.failures import ApplierError
from applier.fields.differences import changed_paths
from applier.model.desired import Document
from applier.model.errors import PlanningError
from applier.model.ids import id_of
from applier.model.inventory import Inventory, InventoryRef
from applier.model.live import Present
from applier.model.mark import Mark
from applier.model.plan import Action
from applier.model.policy import TAKEOVER, Policy

if TYPE_CHECKING:
    from applier.agent.helm.helm_program import Helm, Revision
    from applier.agent.helm.release_attempt import Attempt
    from applier.model.ids import ObjectId

MANAGER = "helm-controller"
DETECTED, CORRECTED, FAILED = "DriftDetected", "DriftCorrected", "DriftCorrectionFailed"
SHOWN = 20


class Drifts:
    """Looks after one release that is as it shall be in Helm's own records."""

    def __init__(self, attempt: Attempt, helm: Helm, latest: Revision) -> None:
        self.attempt, self.helm, self.latest = attempt, helm, latest
        self.settings: Any = attempt.spec.get("driftDetection") or {}
        self.cluster = attempt.owner.clusters.of(attempt.body)
        self.name = f"{helm.namespace}/{helm.name}.v{latest.number}"

    def keep(self) -> None:
        """Raises: RunError, HelmError, ApplierError."""
        mode = self.settings.get("mode", "disabled")
        if mode == "disabled":
            self.attempt.conditions.remove(DRIFTED)
            return
        prepared = self._prepared()
        drifted = self._drifted(prepared)
        if not drifted:
            if self.attempt.conditions.get(DRIFTED) is not None:
                sentence = f"No drift detected in the cluster state of release {self.name}"
                self.attempt.conditions.set(DRIFTED, FALSE, "NoDriftDetected", sentence)
            return
        rows = list(drifted.values())
        more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
        sentence = f"Cluster state of release {self.name} has drifted from the desired state:"
        sentence = "\n".join([sentence, *rows[:SHOWN], *more])
        self.attempt.conditions.set(DRIFTED, TRUE, DETECTED, sentence)
        self.attempt.tell(ERROR if mode == "warn" else INFO, DETECTED, sentence)
        if mode == "enabled":
            self._correct(prepared, drifted)

    def _prepared(self) -> flow.Prepared:
        """The plan of applying the manifest. Raises: RunError, HelmError."""
        try:
            documents = kbuild.read_documents(self.helm.manifest(self.latest.number).encode(), "manifest")
            rules = ignoring.Rules(self.settings.get("ignore") or ())
        except (kbuild.KbuildError, ignoring.IgnoreError) as problem:
            raise RunError(DETECTED, f"drift cannot be looked for: {problem}") from None
        bodies = [one for one in documents if isinstance(one, dict) and one.get("kind")]
        watched = [one for one in bodies if not is_disabled(one, f"{ORIGIN}/driftDetection")]
        wish = self._wish(tuple(Document(one) for one in watched))
        try:
            prepared = flow.prepare_from(self.cluster, wish, None)
            if rules:
                settled = tuple(self._settled(one, prepared, rules) for one in wish.documents)
                prepared = flow.prepare_again(self.cluster, replace(wish, documents=settled), prepared.snapshot)
        except (PlanningError, ApplierError, ignoring.IgnoreError) as problem:
            raise RunError(DETECTED, f"drift cannot be looked for: {problem}") from None
        if prepared.plan.errors:
            raise RunError(DETECTED, f"drift cannot be looked for: {prepared.plan.errors[0].reason}")
        return prepared

    def _wish(self, documents: tuple[Document, ...]) -> flow.Wish:
        key = self.attempt.run.key
        mark = Mark({f"{ORIGIN}/name": key.name, f"{ORIGIN}/namespace": key.namespace}, is_strict=False)
        policy = Policy(
            adopt="all", prune=False, force_conflicts=True, takeover=(*TAKEOVER, MANAGER), field_manager=MANAGER, mark=mark,
            namespace=self.helm.namespace, ignore_hooks=True, allow_empty=True, wait=False, confirmed=True,
        )  # fmt: skip
        return flow.Wish(ref=InventoryRef(key.namespace, key.name), policy=policy, documents=documents)

    @staticmethod
    def _settled(one: Document, prepared: flow.Prepared, rules: ignoring.Rules) -> Document:
        """Raises: IgnoreError."""
        live, found = prepared.snapshot.live, id_of(one.body)
        named = next((key for key in live if key[:2] == found[:2] and key.name == found.name), found)
        body = ignoring.settled(one.body, live.get(named), rules.paths(one.body), MANAGER, "helm")
        return one if body is one.body else Document(body, one.position)

    def _drifted(self, prepared: flow.Prepared) -> dict[ObjectId, str]:
        """What differs, each with a line about it. Raises: RunError."""
        answers = flow.ask_server(prepared, self.cluster)
        for object_id, failure in answers.failures.items():
            raise RunError(DETECTED, f"drift cannot be looked for: {shown(object_id)}: {failure.message}")
        found = {}
        for step in prepared.plan.steps:
            if step.action is Action.CREATE:
                found[step.id] = f"{shown(step.id)} removed"
                continue
            live, predicted = prepared.snapshot.live.get(step.id), answers.bodies.get(step.id)
            if isinstance(live, Present) and predicted is not None:
                paths = changed_paths(live.body, predicted)
                if paths:
                    fields = "" if step.id.is_secret else f": {', '.join(path.lstrip('.') for path in paths[:SHOWN])}"
                    found[step.id] = f"{shown(step.id)} changed ({len(paths)} changes){fields}"
        return found

    def _correct(self, prepared: flow.Prepared, drifted: dict[ObjectId, str]) -> None:
        """Raises: RunError."""
        steps = tuple(step for step in prepared.plan.steps if step.id in drifted)
        chosen = replace(prepared, plan=replace(prepared.plan, steps=steps))
        store = StatusStore(Inventory(ref=prepared.plan.ref), lambda _change: None)
        options = Options(run=flow.new_run_id(), tool="agent", lock=False)
        try:
            changes = flow.carry_out(chosen, self.cluster, options, store=store)
        except ApplierError as problem:
            raise RunError(FAILED, f"Failed to correct the drift of release {self.name}: {problem}") from None
        failures = [change for change in changes.changes if change.outcome.is_failure]
        if failures or changes.exit_code:
            rows = ", ".join(shown(change.id) for change in failures)
            raise RunError(FAILED, f"Failed to correct the drift of release {self.name}: {rows}")
        rows = "\n".join(
            f"{shown(object_id)} {'created' if 'removed' in text else 'configured'}"
            for object_id, text in drifted.items()
        )
        sentence = f"Cluster state of release {self.name} has been corrected:\n{rows}"
        self.attempt.conditions.set(DRIFTED, FALSE, CORRECTED, sentence)
        self.attempt.tell(INFO, CORRECTED, sentence)


def shown(object_id: ObjectId) -> str:
    """An object as messages name it: `Kind/namespace/name`."""
    return "/".join(part for part in (object_id.kind, object_id.namespace, object_id.name) if part)
