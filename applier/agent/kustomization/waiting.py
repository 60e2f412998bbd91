"""Waiting for the health of a Kustomization's objects: until all are well, one is lost, time is up, or news arrives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from applier.agent.kustomization.sentences import subject
from applier.cluster.snapshot import Wanted, read_snapshot
from applier.failures import ApplierError
from applier.health import Facts, cel_parser, evaluate_live
from applier.health.rules import read_rules
from applier.model.health import Health, HealthRule, Status
from applier.model.ids import GroupKind, ObjectId, split_api_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from threading import Event

    from applier.clock import Clock
    from applier.cluster.cluster import Cluster

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
DEFAULT_API_VERSION = "apps/v1"


class UnhealthyError(Exception):
    """The wait ended without success: the sentence."""


class CancelledError(Exception):
    """Something newer asks for another run."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait. Units: seconds. `note` hears who is waited for when that changes."""

    cluster: Cluster
    rules: tuple[HealthRule, ...]
    timeout_s: float
    cancelled: Event
    clock: Clock
    note: Callable[[str], None] = lambda _line: None

    def until_healthy(self, targets: Mapping[ObjectId, str]) -> None:
        """Wait for objects, each with the version to read it in. Raises: UnhealthyError, CancelledError."""
        began, pause = self.clock.monotonic(), FIRST_PAUSE_S
        open_ones = dict(targets)
        known = read_rules(_for_kinds(self.rules, {one.group_kind for one in targets}))
        states: dict[ObjectId, Health] = {}
        while open_ones:
            states = self._look(open_ones, known)
            failed = {object_id for object_id, health in states.items() if health.status is Status.FAILED}
            if failed:
                raise UnhealthyError(f"failed early due to stalled resources: [{_shown(failed, states)}]")
            open_ones = {one: version for one, version in open_ones.items() if states[one].status is not Status.CURRENT}
            if not open_ones:
                return
            left = self.timeout_s - (self.clock.monotonic() - began)
            if left <= 0:
                raise UnhealthyError(f"timeout waiting for: [{_shown(open_ones, states)}]")
            if self.cancelled.wait(min(pause, left)):
                raise CancelledError
            pause = min(pause * 1.5, LONGEST_PAUSE_S)

    def _look(self, targets: Mapping[ObjectId, str], known: Any) -> dict[ObjectId, Health]:
        """The health of objects as they are now; what cannot be read is unknown."""
        try:
            snapshot = read_snapshot(self.cluster, Wanted(versions=targets))
        except ApplierError as problem:
            unknown = Health(status=Status.UNKNOWN, reason="Unknown", message=str(problem))
            return dict.fromkeys(targets, unknown)
        facts = Facts(written=True, storage_classes=snapshot.storage_classes, now_s=self.clock.now())
        return {
            one: evaluate_live(snapshot.live[one], facts, known.of(one)) if self._is_served(one) else _not_served(one)
            for one in targets
        }

    def _is_served(self, object_id: ObjectId) -> bool:
        return self.cluster.discovery().find(object_id.group_kind) is not None


def _not_served(object_id: ObjectId) -> Health:
    message = f'no matches for kind "{object_id.kind}" in group "{object_id.group}"'
    return Health(status=Status.UNKNOWN, reason="Unknown", message=message)


def _shown(ids: Iterable[ObjectId], states: Mapping[ObjectId, Health]) -> str:
    return ", ".join(_state(one, states[one]) for one in sorted(ids))


def _state(object_id: ObjectId, health: Health) -> str:
    """The state of one object, with the reason why it is not known."""
    why = f": {health.message}" if health.status is Status.UNKNOWN and health.message else ""
    return f"{subject(object_id)} status: '{health.status}'{why}"


def checked_objects(spec: Mapping[str, Any], namespace: str) -> dict[ObjectId, str]:
    """The objects of `healthChecks`, each with its version."""
    found = {}
    for check in spec.get("healthChecks") or ():
        group, version = split_api_version(str(check.get("apiVersion") or DEFAULT_API_VERSION))
        own = str(check.get("namespace") or namespace)
        found[ObjectId(group, str(check["kind"]), own, str(check["name"]))] = version
    return found


class RuleError(Exception):
    """A rule of `healthCheckExprs` that cannot be used: the sentence."""


def rules_of(spec: Mapping[str, Any]) -> tuple[HealthRule, ...]:
    """The rules of `healthCheckExprs`; one without kind is for all kinds of its group. Raises: RuleError."""
    found: dict[GroupKind, HealthRule] = {}
    for number, one in enumerate(spec.get("healthCheckExprs") or ()):
        where = f"failed to create custom status evaluator for healthchecks[{number}]: "
        kind = GroupKind(split_api_version(str(one.get("apiVersion") or ""))[0], str(one.get("kind") or ""))
        if kind in found:
            raise RuleError(f"{where}duplicate custom health check for {kind}")
        for name in ("current", "inProgress", "failed"):
            _check_expression(str(one.get(name) or ""), name, where)
        found[kind] = HealthRule(
            kind=kind, current=str(one["current"]), in_progress=str(one.get("inProgress") or ""),
            failed=str(one.get("failed") or ""),
        )  # fmt: skip
    return tuple(found.values())


def _check_expression(text: str, name: str, where: str) -> None:
    """Raises: RuleError."""
    if not text and name != "current":
        return
    try:
        cel_parser.parse(text)
    except cel_parser.CelSyntaxError as problem:
        shown = name[0].upper() + name[1:]
        sentence = f"failed to parse the expression {shown}: failed to parse the CEL expression '{text}': {problem}"
        raise RuleError(f"{where}{sentence}") from None


def _for_kinds(rules: Iterable[HealthRule], kinds: Iterable[GroupKind]) -> tuple[HealthRule, ...]:
    """The rules for these kinds: the one of a kind before that of its group."""
    by_kind = {rule.kind: rule for rule in rules}
    found = []
    for kind in kinds:
        rule = by_kind.get(kind) or by_kind.get(GroupKind(kind.group, ""))
        if rule is not None:
            found.append(replace(rule, kind=kind))
    return tuple(found)
