"""One desired object and what is live to a step: create, configure, adopt, migrate, or leave alone, each with its reason."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from applier.failures import ErrorClass
from applier.fields.fingerprint import owned_print, wanted_print
from applier.fields.managed import applied_fields
from applier.fields.migration import migration_patch
from applier.fields.recreate import may_recreate
from applier.health import Facts, evaluate
from applier.health.rules import Rules
from applier.inventory.ownership import adoption, owner_of
from applier.model import kinds
from applier.model.desired import Desired
from applier.model.errors import Problem
from applier.model.health import Health, Status
from applier.model.ids import Body, GroupKind, join_api_version
from applier.model.inventory import ADOPTED, APPLIED, DELETING, KEEP, WRITTEN_AHEAD, Entry
from applier.model.live import Absent, Unknown
from applier.model.mark import Mark
from applier.model.plan import Action, Drift, Edge, Step, Warn
from applier.model.policy import Policy
from applier.model.snapshot import KindFact, Snapshot
from applier.model.values import at, mapping, text, uid_of
from applier.order.phases import phase_of

_NOT_ASKED = Unknown(why="it was not read")
_Fields: TypeAlias = dict[
    str, Any
]  # of a step: replacing a frozen value again and again is what planning took most time for


class Verdict(NamedTuple):
    """Whether an apply would change the live object. `owned` is the fingerprint of what is ours in it."""

    same: bool
    owned: str = ""
    fields: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    reason: str = ""


class Decider:
    """Decides step after step; collects problems and warnings of the whole set."""

    def __init__(self, snapshot: Snapshot, policy: Policy, mark: Mark, rules: Rules) -> None:
        self.snapshot, self.policy, self.mark, self.rules = snapshot, policy, mark, rules
        self.stored = snapshot.inventory.entries if snapshot.inventory is not None else {}
        self.facts = Facts(storage_classes=snapshot.storage_classes, wait_load_balancers=policy.wait_load_balancers)
        self.problems: list[Problem] = []
        self.warnings: list[Warn] = []

    def step(self, one: Desired, edges: tuple[Edge, ...], external: tuple[Edge, ...]) -> Step:
        """The step for one desired object."""
        timeout_s = self.policy.timeout_s if one.timeout_s is None else one.timeout_s
        print_of_body = "" if one.id.is_secret else wanted_print(one.body)
        found = self._decide(one, print_of_body)
        action: Action = found["action"]
        health: Health | None = found.get("health")
        is_current = health is not None and health.status is Status.CURRENT
        waits = self.policy.wait and timeout_s > 0 and action is not Action.SKIP and (action.writes or not is_current)
        return Step(
            id=one.id,
            version=one.version,
            direction="apply",
            phase=phase_of(one.id),
            edges=edges,
            external=external,
            body=one.body,
            wanted=print_of_body,
            create_only=one.mode == "create-only",
            force=self.policy.force_conflicts,
            may_recreate=may_recreate(one, self.policy),
            wait=waits,
            timeout_s=timeout_s,
            wait_for=one.wait_for,
            defines=_defined(one.body) if one.id[:2] == kinds.DEFINITION else None,
            position=one.position,
            **found,
        )

    def _decide(self, one: Desired, print_of_body: str) -> _Fields:
        """The fields of the step that depend on the live object; `action` is always among them."""
        live, stored = self.snapshot.live.get(one.id, _NOT_ASKED), self.stored.get(one.id)
        if one.mode == "ignore":
            return {"action": Action.SKIP, "reason": "its annotations say so", "entry": stored}
        if isinstance(live, Unknown):
            self._problem(one, f"what is live is not known: {live.why}", ErrorClass.KIND_UNKNOWN)
            return {"action": Action.SKIP, "reason": "unknown", "entry": stored}
        if isinstance(live, Absent):
            return {"action": Action.CREATE, "entry": _entry(one, stored, "")}
        version = text(mapping(live.body.get("metadata")).get("resourceVersion"))
        known: _Fields = {"uid": uid_of(live.body), "resource_version": version}
        if at(live.body, "metadata", "deletionTimestamp") is not None:
            entry = _entry(one, stored, "")
            return {**known, "action": Action.CREATE, "await_gone": True, "reason": "being deleted", "entry": entry}
        return known | self._decide_present(one, live.body, stored, print_of_body)

    def _decide_present(self, one: Desired, body: Body, stored: Entry | None, print_of_body: str) -> _Fields:
        owner = owner_of(body, self.mark, stored.uid if stored is not None else "")
        if one.mode == "create-only":
            action = Action.UNCHANGED if owner.relation == "ours" else Action.SKIP
            health = self._health(one, body)
            return {"action": action, "reason": "exists, and is only created", "entry": stored, "health": health}
        found = adoption(owner, self.policy.adopt)
        if found.error is not None:
            self._problem(one, found.message, found.error)
            return {"action": Action.SKIP, "reason": found.error.value, "entry": stored}
        if found.warning:
            self.warnings.append(Warn("adopted", found.warning, one.id))
        patch = self._migration(one, body)
        verdict = self._verdict(one, body, stored, print_of_body)
        entry = _entry(one, stored, uid_of(body), adopted=found.adopts)
        if verdict.same and not patch and not found.adopts:
            prints = (print_of_body, verdict.owned) if print_of_body and verdict.owned else ("", "")
            if prints != (entry.wanted, entry.owned):
                entry = entry._replace(wanted=prints[0], owned=prints[1])
            return {"action": Action.UNCHANGED, "entry": entry, "health": self._health(one, body)}
        action, reason = Action.CONFIGURE, "drift" if verdict.drift else verdict.reason
        if found.adopts:
            action, reason = Action.ADOPT, str(owner) if owner.relation == "foreign" else ""
        elif patch:
            action, reason = Action.MIGRATE, ""
        changes = {"fields": verdict.fields, "drift": verdict.drift, "json_patch": patch, "adopted": found.adopts}
        return {"action": action, "reason": reason, "entry": entry, **changes}

    def _verdict(self, one: Desired, body: Body, stored: Entry | None, print_of_body: str) -> Verdict:
        """Whether an apply changes anything: by fingerprints, else by the owned fields, else by the server's dry run."""
        api_version = join_api_version(one.id.group, one.version)
        predicted = self.snapshot.dry_runs.get(one.id)
        if predicted is not None:
            from applier.fields.differences import changed_paths

            paths = changed_paths(body, predicted)
            return Verdict(not paths, fields=paths)
        owned = "" if one.id.is_secret else owned_print(body, self.policy.field_manager, api_version)
        sent_before = stored is not None and bool(print_of_body) and stored.wanted == print_of_body
        if stored is not None and sent_before and owned and stored.owned == owned and stored.uid == uid_of(body):
            return Verdict(same=True, owned=owned)
        fields = applied_fields(body, self.policy.field_manager, api_version)
        if fields is None:
            return Verdict(False, fields=_against_live(one, body), reason="not applied by us before")
        from applier.fields.walk import walk

        found = walk(one.body, body, fields, one.id.group)
        if found.same:
            return Verdict(same=True, owned=owned)
        drift = self._drift(found.differs, body) if sent_before else ()
        return Verdict(False, owned, found.paths, drift, "" if found.differs else "not proved the same")

    def _drift(self, paths: tuple[str, ...], body: Body) -> tuple[Drift, ...]:
        """Fields that somebody changed since we sent the same payload."""
        from applier.fields.differences import last_writer

        writers = [(path, last_writer(body, path, self.policy.field_manager)) for path in paths]
        return tuple(Drift(path, one.name if one else "", one.time if one else "") for path, one in writers)

    def _migration(self, one: Desired, body: Body) -> tuple[dict[str, Any], ...]:
        if one.mode == "merge":
            return ()
        fact = self.snapshot.discovery.find(one.id.group_kind)
        served = fact.versions if isinstance(fact, KindFact) else ()
        policy, api_version = self.policy, join_api_version(one.id.group, one.version)
        return migration_patch(body, policy.field_manager, api_version, served, policy.folds)

    def _health(self, one: Desired, body: Body) -> Health:
        return evaluate(body, self.facts, self.rules.of(one.id))

    def _problem(self, one: Desired, reason: str, error_class: ErrorClass) -> None:
        self.problems.append(Problem(reason, object_id=one.id, position=one.position, error_class=error_class))


def _entry(one: Desired, stored: Entry | None, uid: str, *, adopted: bool = False) -> Entry:
    """The entry of an object that is there and needs no write."""
    if stored is not None and stored.flags == APPLIED and not one.keep and not adopted:
        if stored.version == one.version and uid in ("", stored.uid):
            return stored  # as almost always
        return stored._replace(version=one.version, uid=uid or stored.uid)
    known = stored or Entry(one.id)
    known = known._replace(version=one.version, uid=uid or known.uid)
    add = APPLIED + (KEEP if one.keep else "") + (ADOPTED if adopted else "")
    return known.flagged(add=add, remove=WRITTEN_AHEAD + DELETING + ("" if one.keep else KEEP))


def _against_live(one: Desired, live: Body) -> tuple[str, ...]:
    """The payload's own fields that differ from the live object, where nothing is recorded as ours."""
    from applier.fields.walk import walk

    recorded = {key: value for key, value in one.body.items() if key not in ("apiVersion", "kind")}
    recorded["metadata"] = {
        key: one.body["metadata"][key] for key in ("labels", "annotations") if key in one.body["metadata"]
    }
    return walk(one.body, live, _as_granular(recorded), one.id.group).differs


def _as_granular(value: Body) -> dict[str, Any]:
    """A field set that owns a value: maps key by key, everything else as a whole."""
    return {f"f:{key}": _as_granular(item) if isinstance(item, dict) and item else {} for key, item in value.items()}


def _defined(body: Body) -> GroupKind:
    return GroupKind(text(at(body, "spec", "group")), text(at(body, "spec", "names", "kind")))
