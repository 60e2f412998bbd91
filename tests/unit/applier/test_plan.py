"""Plans: what is decided about each object, what a person must agree to, and the stable text and JSON of it."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from cluster_values import PART_OF, REF, body, discovery, normalized, oid

from applier import keys
from applier.fields.fingerprint import owned_print, wanted_print
from applier.inventory.transitions import widened
from applier.model.desired import Desired
from applier.model.errors import (
    CycleError,
    InputError,
    OwnershipError,
    PlanningError,
    UnconfirmedError,
    UnknownLiveError,
)
from applier.model.health import HealthRule
from applier.model.ids import GroupKind, ObjectId
from applier.model.inventory import Entry, Inventory
from applier.model.live import ABSENT, Live, Present, Unknown
from applier.model.plan import Action, Plan, Step
from applier.model.policy import Policy
from applier.model.snapshot import Snapshot
from applier.planning import check, plan, plan_delete, wanted_ids
from applier.records import names_of
from applier.report.plan_json import plan_json
from applier.report.plan_text import plan_text

EXTRA = "example.org/v1 Widget"
DATA: dict[str, Any] = {"a": "1"}


def fields_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The set that a server records for a payload whose maps are granular."""
    found = {
        f"f:{key}": fields_of(value) if isinstance(value, dict) and value else {} for key, value in payload.items()
    }
    for key in ("f:apiVersion", "f:kind", "f:name", "f:namespace"):
        found.pop(key, None)
    return found


def live_of(desired: Desired, **changes: Any) -> dict[str, Any]:
    """What a server holds after the desired object was applied: with uid, version and managedFields."""
    payload = json.loads(json.dumps(desired.body))
    entry = {
        "manager": "kbuild",
        "operation": "Apply",
        "apiVersion": payload["apiVersion"],
        "fieldsV1": fields_of(payload),
    }
    payload["metadata"] |= {"uid": "u-1", "resourceVersion": "7", "managedFields": [entry]}
    payload["metadata"] |= changes.pop("metadata", {})
    return {**payload, **changes}


def entry_of(desired: Desired, live: Mapping[str, Any], **changes: Any) -> Entry:
    """What the inventory holds after it."""
    prints = wanted_print(desired.body), owned_print(live, "kbuild", desired.body["apiVersion"])
    return Entry(desired.id, desired.version, live["metadata"]["uid"], "a", *prints)._replace(**changes)


def snapshot(live: Mapping[ObjectId, Live], *entries: Entry, **rest: Any) -> Snapshot:
    inventory = (
        Inventory(ref=REF, entries={one.id: one for one in entries}, uid="i", resource_version="1") if entries else None
    )
    return Snapshot(live=live, discovery=discovery(EXTRA), inventory=inventory, **rest)


def desired(*bodies: dict[str, Any], policy: Policy | None = None) -> tuple[Desired, ...]:
    return normalized(bodies, policy or Policy(), extra=EXTRA)


def one_step(
    given: dict[str, Any], live: Live | None, *entries: Entry, policy: Policy | None = None, **rest: Any
) -> tuple[Step, Plan]:
    (one,) = desired(given, policy=policy)
    found = plan(
        (one,), snapshot({one.id: live} if live is not None else {}, *entries, **rest), policy or Policy(), REF
    )
    return found.steps[0], found


CONFIG = body("ConfigMap", "t/c", data=DATA)
(WANTED,) = desired(CONFIG)
LIVE = live_of(WANTED)
OURS = entry_of(WANTED, LIVE)


def test_what_is_absent_is_created() -> None:
    step, found = one_step(CONFIG, ABSENT)
    assert (step.action, step.uid, step.wait, step.timeout_s, step.wanted) == (
        Action.CREATE,
        "",
        True,
        300.0,
        OURS.wanted,
    )
    assert found.ahead == {WANTED.id: Entry(WANTED.id, "v1", "", "w")}
    assert found.writes
    check(found)


def test_what_is_the_same_by_fingerprint_is_left_alone() -> None:
    step, found = one_step(CONFIG, Present(body=LIVE), OURS)
    assert (step.action, step.wait, step.entry, step.uid) == (Action.UNCHANGED, False, OURS, "u-1")
    assert found.ahead is None
    assert not found.writes


def test_what_is_the_same_by_its_fields_gets_its_fingerprints() -> None:
    step, _ = one_step(CONFIG, Present(body=LIVE), OURS._replace(wanted="", owned="", uid="", flags="w"))
    assert (step.action, step.entry) == (Action.UNCHANGED, OURS)


def test_a_secret_is_compared_and_leaves_no_fingerprint() -> None:
    secret = body("Secret", "t/s", stringData={"p": "x"})
    (one,) = desired(secret)
    step, _ = one_step(secret, Present(body=live_of(one)), Entry(one.id, "v1", "u-1", "a"))
    assert (step.action, step.wanted, step.entry) == (Action.UNCHANGED, "", Entry(one.id, "v1", "u-1", "a"))


def changed(**metadata: Any) -> dict[str, Any]:
    return live_of(WANTED, data={"a": "2"}, metadata=metadata)


def test_what_differs_is_configured_and_drift_is_told_from_a_new_wish() -> None:
    step, _ = one_step(CONFIG, Present(body=changed()), OURS)
    assert (step.action, step.reason, step.fields) == (Action.CONFIGURE, "drift", (".data.a",))
    other = {
        "manager": "kubectl-edit",
        "operation": "Update",
        "time": "2026-01-01T00:00:00Z",
        "fieldsV1": {"f:data": {"f:a": {}}},
    }
    written = changed(managedFields=[*LIVE["metadata"]["managedFields"], other])
    step, _ = one_step(CONFIG, Present(body=written), OURS)
    assert [(one.path, one.manager, one.time) for one in step.drift] == [
        (".data.a", "kubectl-edit", "2026-01-01T00:00:00Z")
    ]
    step, _ = one_step(CONFIG, Present(body=changed()), OURS._replace(wanted="0" * 12))
    assert (step.action, step.reason, step.drift) == (Action.CONFIGURE, "", ())


def test_what_is_being_deleted_is_awaited_and_created() -> None:
    step, _ = one_step(CONFIG, Present(body=changed(deletionTimestamp="now")), OURS)
    assert (step.action, step.await_gone, step.uid) == (Action.CREATE, True, "u-1")


def test_a_dry_run_decides_where_there_is_one() -> None:
    same, _ = one_step(CONFIG, Present(body=changed()), OURS, dry_runs={WANTED.id: changed(resourceVersion="9")})
    assert same.action is Action.UNCHANGED
    other, _ = one_step(CONFIG, Present(body=LIVE), OURS, dry_runs={WANTED.id: changed()})
    assert (other.action, other.fields) == (Action.CONFIGURE, (".data.a",))


def foreign(**metadata: Any) -> Present:
    return Present(body=body("ConfigMap", "t/c", uid="u-9", data={"a": "0"}, **metadata))


OWNERSHIP: list[tuple[Present, str, Action, str | None]] = [
    (foreign(), "unowned", Action.ADOPT, None),
    (foreign(), "never", Action.SKIP, "exists-unowned"),
    (foreign(annotations={keys.HELM_RELEASE: "r"}), "unowned", Action.SKIP, "owned-by"),
    (foreign(annotations={keys.HELM_RELEASE: "r"}), "all", Action.ADOPT, None),
    (foreign(labels={keys.PART_OF: PART_OF}), "never", Action.CONFIGURE, None),
]


@pytest.mark.parametrize(("live", "adopt", "action", "problem"), OWNERSHIP)
def test_what_exists_is_adopted_as_far_as_the_policy_goes(
    live: Present, adopt: Any, action: Action, problem: str | None
) -> None:
    step, found = one_step(CONFIG, live, policy=Policy(adopt=adopt))
    assert (step.action, step.adopted) == (action, action is Action.ADOPT)
    assert [one.error_class.value for one in found.errors] == ([problem] if problem else [])
    if problem:
        with pytest.raises(OwnershipError) as caught:
            check(found)
        assert caught.value.exit_code == 3
    elif action is Action.ADOPT:
        assert step.entry is not None
        assert step.entry.flags == "ax"
        assert ".data.a" in step.fields


def test_former_appliers_are_migrated_but_not_where_fields_are_merged() -> None:
    entry = {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {"f:data": {"f:b": {}}}}
    live = Present(body=live_of(WANTED, metadata={"managedFields": [*LIVE["metadata"]["managedFields"], entry]}))
    step, _ = one_step(CONFIG, live, OURS)
    assert (step.action, [one["op"] for one in step.json_patch]) == (Action.MIGRATE, ["test", "test", "replace"])
    merged = body("ConfigMap", "t/c", data=DATA, annotations={keys.FLUX_SSA: "Merge"})
    assert one_step(merged, live, OURS)[0].action is Action.CONFIGURE


MODES: list[tuple[str, Live, Action]] = [
    ("Ignore", ABSENT, Action.SKIP),
    ("IfNotPresent", ABSENT, Action.CREATE),
    ("IfNotPresent", Present(body=changed()), Action.UNCHANGED),
    ("IfNotPresent", foreign(), Action.SKIP),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "live", "action"), MODES)
def test_annotations_decide_how_an_object_is_written(mode: str, live: Live, action: Action) -> None:
    step, found = one_step(body("ConfigMap", "t/c", data=DATA, annotations={keys.FLUX_SSA: mode}), live)
    assert step.action is action
    assert found.errors == ()
    assert (found.ahead is None) is (action is Action.SKIP)


def test_unknown_is_never_taken_for_absent() -> None:
    for live in (Unknown(why="the list was cut off"), None):
        step, found = one_step(CONFIG, live, OURS)
        assert step.action is Action.SKIP
        with pytest.raises(UnknownLiveError) as caught:
            check(found)
        assert caught.value.exit_code == 1
    stored = Entry(oid("x.org/Widget t/gone"), "v1", "u", "a")
    found = plan((), snapshot({stored.id: Unknown(why="the group is down")}, stored), Policy(), REF)
    assert [(step.action, step.reason) for step in found.steps] == [(Action.RETAIN, "unknown")]


def test_waiting_follows_policy_object_and_health() -> None:
    assert not one_step(CONFIG, ABSENT, policy=Policy(wait=False))[0].wait
    own = body("ConfigMap", "t/c", annotations={keys.TIMEOUT: "0"})
    assert not one_step(own, ABSENT)[0].wait
    workload = body("apps/v1/Deployment", "t/d", spec={"replicas": 1})
    (one,) = desired(workload)
    busy = live_of(one, status={"observedGeneration": 1}, metadata={"generation": 1})
    step, _ = one_step(workload, Present(body=busy), entry_of(one, busy))
    assert (step.action, step.wait, step.health is not None) == (Action.UNCHANGED, True, True)


def test_dependencies_outside_the_set_must_exist() -> None:
    given = body("ConfigMap", "t/c", annotations={keys.CONFIG_DEPENDS_ON: "/namespaces/u/ConfigMap/other"})
    (one,) = desired(given)
    other = oid("ConfigMap u/other")
    assert wanted_ids((one,), {OURS.id: OURS}) == {one.id: "v1", other: ""}
    missing = plan((one,), snapshot({one.id: ABSENT, other: ABSENT}), Policy(), REF)
    with pytest.raises(InputError, match="external-dependency-missing: depends on ConfigMap u/other"):
        check(missing)
    there = plan((one,), snapshot({one.id: ABSENT, other: Unknown(why="?")}), Policy(), REF)
    assert [edge.target for edge in there.steps[0].external] == [other]
    check(there)


def test_health_rules_that_cannot_be_read_stop_everything() -> None:
    rule = HealthRule(kind=GroupKind("x", "Y"), current="(")
    with pytest.raises(InputError, match="health rules"):
        plan((), snapshot({}), Policy(health_rules=(rule,)), REF)


def stored(*texts: str, **metadata: Any) -> tuple[list[Entry], dict[ObjectId, Live]]:
    """Entries and their live objects, ours by label."""
    ids = [oid(text) for text in texts]
    live: dict[ObjectId, Live] = {}
    for one in ids:
        kind = f"{one.group}/v1/{one.kind}" if one.group else one.kind
        path = f"{one.namespace}/{one.name}" if one.namespace else one.name
        live[one] = Present(body=body(kind, path, uid=f"u-{one.name}", labels={keys.PART_OF: PART_OF}, **metadata))
    return [Entry(one, "v1", f"u-{one.name}", "a") for one in ids], live


def leave(*texts: str, policy: Policy | None = None, keep: tuple[Desired, ...] = (WANTED,), **rest: Any) -> Plan:
    entries, live = stored(*texts)
    return plan(
        keep, snapshot({**live, WANTED.id: Present(body=LIVE)}, OURS, *entries, **rest), policy or Policy(), REF
    )


def prunes(found: Plan) -> list[tuple[str, str, str]]:
    return [(str(step.id), step.action.value, step.reason) for step in found.steps if step.direction == "prune"]


def test_what_left_the_set_is_pruned_with_its_uid_after_everything_else() -> None:
    found = leave("ConfigMap t/old")
    assert [step.direction for step in found.steps] == ["apply", "prune"]
    assert (found.steps[1].action, found.steps[1].uid) == (Action.PRUNE, "u-old")
    assert prunes(leave("ConfigMap t/old", policy=Policy(prune=False))) == [("ConfigMap t/old", "retain", "prune-off")]
    assert prunes(leave("ConfigMap u/old", policy=Policy(only_namespaces=("t",)))) == [
        ("ConfigMap u/old", "retain", "outside-jail")
    ]


def test_protected_namespaces_and_containers_of_what_stays_are_not_deleted() -> None:
    everything = Policy(allow_prune=frozenset(["all"]))
    found = leave("Namespace kube-system", "Namespace t", "Namespace u", "ConfigMap u/x", policy=everything)
    assert prunes(found) == [
        ("ConfigMap u/x", "prune", "not-desired"),
        ("Namespace u", "prune", "not-desired"),
        ("Namespace kube-system", "keep", "protected"),
        ("Namespace t", "keep", "protected"),
    ]
    (elsewhere,) = desired(body("ConfigMap", "u/stays"))
    assert prunes(leave("Namespace u", keep=(elsewhere, WANTED), policy=everything)) == [
        ("Namespace u", "retain", "in-use")
    ]


def test_a_definition_with_resources_that_stay_is_not_deleted() -> None:
    widget = desired(body("example.org/v1/Widget", "t/w"))
    entries, live = stored(
        "apiextensions.k8s.io/CustomResourceDefinition widgets.example.org",
        spec={"group": "example.org", "names": {"kind": "Widget"}},
    )
    found = plan(
        widget, snapshot({**live, widget[0].id: ABSENT}, *entries), Policy(allow_prune=frozenset(["all"])), REF
    )
    assert prunes(found) == [("apiextensions.k8s.io/CustomResourceDefinition widgets.example.org", "retain", "in-use")]


MANY = [f"ConfigMap t/old{number:02}" for number in range(12)]
CRD_ID = oid("apiextensions.k8s.io/CustomResourceDefinition widgets.example.org")
GUARDED: list[tuple[str, list[str], dict[str, Any], dict[str, Any], list[str]]] = [
    ("few", MANY[:3], {}, {}, []),
    ("many", MANY, {}, {}, ["12 of 13 objects in the inventory would be deleted"]),
    ("as many as allowed", MANY, {"allow_prune": frozenset(["12"])}, {}, []),
    ("more than allowed", MANY, {"allow_prune": frozenset(["11"])}, {}, ["12 of 13 objects in the inventory would be deleted"]),
    ("a namespace", ["Namespace u"], {}, {}, ["Namespace u: would be deleted, with everything in it"]),
    ("a namespace that is allowed", ["Namespace u"], {"allow_prune": frozenset(["Namespace"])}, {}, []),
    ("a claim", ["PersistentVolumeClaim t/p"], {}, {}, ["PersistentVolumeClaim t/p: would be deleted, with everything in it"]),
    (
        "a definition with other resources",
        ["apiextensions.k8s.io/CustomResourceDefinition widgets.example.org"],
        {"allow_prune": frozenset(["CustomResourceDefinition"])},
        {"crd_instances": {CRD_ID: 1}},
        ["apiextensions.k8s.io/CustomResourceDefinition widgets.example.org: has 1 or more resources that the inventory does not hold"],
    ),
    (
        "a definition about which nothing is known",
        ["apiextensions.k8s.io/CustomResourceDefinition widgets.example.org"],
        {"allow_prune": frozenset(["CustomResourceDefinition"])},
        {"crd_instances": {CRD_ID: Unknown(why="forbidden")}},
        ["apiextensions.k8s.io/CustomResourceDefinition widgets.example.org: may have resources that the inventory does not hold (forbidden)"],
    ),
    ("everything is allowed", [*MANY, "Namespace u"], {"allow_prune": frozenset(["all"])}, {}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "policy", "rest", "reasons"), [case[1:] for case in GUARDED], ids=[case[0] for case in GUARDED]
)
def test_large_and_precious_deletions_need_a_yes(
    texts: list[str], policy: dict[str, Any], rest: dict[str, Any], reasons: list[str]
) -> None:
    found = leave(*texts, policy=Policy(**policy), **rest)
    assert [str(one) for one in found.needs_yes] == reasons
    if reasons:
        with pytest.raises(UnconfirmedError) as caught:
            check(found)
        assert caught.value.exit_code == 6
        check(leave(*texts, policy=Policy(**policy, confirmed=True), **rest))
    else:
        check(found)


def test_an_empty_set_needs_both_flags() -> None:
    for policy, ok in ((Policy(), False), (Policy(allow_empty=True), False), (Policy(allow_prune=frozenset(["all"])), False),
                       (Policy(allow_empty=True, allow_prune=frozenset(["all"])), True)):  # fmt: skip
        found = leave("ConfigMap t/a", keep=(), policy=policy)
        assert (found.needs_yes == ()) is ok
    assert plan((), snapshot({}), Policy(), REF).needs_yes == ()


def test_deleting_everything_is_a_plan_without_desired_objects() -> None:
    entries, live = stored("Namespace u", "ConfigMap u/c", "ConfigMap t/kept")
    live[entries[2].id] = Present(
        body=body(
            "ConfigMap", "t/kept", uid="u-kept", labels={keys.PART_OF: PART_OF}, annotations={keys.PRUNE: "disabled"}
        )
    )
    found = plan_delete(snapshot(live, *entries), Policy(), REF)
    assert found.is_delete
    assert found.ahead is None
    assert prunes(found) == [
        ("ConfigMap u/c", "prune", "not-desired"),
        ("Namespace u", "prune", "not-desired"),
        ("ConfigMap t/kept", "keep", "keep-annotation"),
    ]
    assert [one["op"] for one in found.steps[2].json_patch] == ["test", "remove"]
    check(found)


def test_deleting_everything_ends_with_the_inventorys_own_namespace() -> None:
    entries, live = stored("Namespace t", "ConfigMap u/c", "Namespace kube-system")
    found = plan_delete(snapshot(live, *entries), Policy(), REF)
    assert prunes(found) == [
        ("ConfigMap u/c", "prune", "not-desired"),
        ("Namespace kube-system", "keep", "protected"),
        ("Namespace t", "prune", "not-desired"),
    ]
    assert [str(edge.target) for edge in found.steps[2].edges] == ["ConfigMap u/c", "Namespace kube-system"]
    live[entries[1].id] = Unknown(why="forbidden")
    held = plan_delete(snapshot(live, *entries), Policy(), REF)
    assert prunes(held)[-1] == ("Namespace t", "retain", "in-use")


def small_set() -> list[dict[str, Any]]:
    template = {"spec": {"serviceAccountName": "s", "containers": [{"envFrom": [{"configMapRef": {"name": "c"}}]}]}}
    return [
        body("Namespace", "t"), CONFIG, body("ServiceAccount", "t/s"), body("apps/v1/Deployment", "t/d", spec={"template": template}),
        body("Service", "t/\x1b[31mred", spec={}),
    ]  # fmt: skip


def test_a_plan_is_the_same_whatever_order_its_input_has() -> None:
    bodies = small_set()
    texts = set()
    for seed in range(20):
        random.Random(seed).shuffle(bodies)
        wanted = normalized(bodies, Policy(), extra=EXTRA)
        numbered = [
            Desired(**{name: getattr(one, name) for name in names_of(one)} | {"position": ""}) for one in wanted
        ]
        live: dict[ObjectId, Live] = {one.id: ABSENT for one in numbered}
        entries, others = stored(*random.Random(seed).sample(MANY[:4], 4))
        texts.add(plan_json(plan(wanted, snapshot({**live, **others}, *entries), Policy(), REF)))
    assert len(texts) == 1
    assert json.loads(texts.pop())["counts"] == {"create": 5, "prune": 4}


def test_a_plan_prints_what_is_done_and_why() -> None:
    wanted = normalized(small_set(), Policy(), extra=EXTRA)
    entries, others = stored("ConfigMap t/old")
    live: dict[ObjectId, Live] = {one.id: ABSENT for one in wanted} | {WANTED.id: Present(body=changed())}
    found = plan(wanted, snapshot({**live, **others}, OURS, *entries), Policy(), REF)
    assert (
        plan_text(found)
        == """\
apply t/app: 4 create, 1 configure, 1 prune
  + Namespace t (create)
  + ServiceAccount t/s (create)
      after Namespace t (namespace, written)
  ~ ConfigMap t/c (configure): drift; 1 field: .data.a
      after Namespace t (namespace, written)
  + Service t/\\x1b[31mred (create)
      after Namespace t (namespace, written)
  + apps/Deployment t/d (create)
      after ConfigMap t/c (envFrom, written)
      after Namespace t (namespace, written)
      after ServiceAccount t/s (serviceAccount, written)
  - ConfigMap t/old (prune): not-desired
"""
    )


def test_problems_and_questions_are_in_the_text() -> None:
    found = leave("Namespace u", keep=desired(body("ConfigMap", "t/d")), policy=Policy(adopt="never"))
    text = plan_text(found, verbose=True)
    assert "error: set.yaml:1: ConfigMap t/d: what is live is not known: it was not read\n" in text
    assert (
        "needs a yes: Namespace u: would be deleted, with everything in it (agree with --allow-prune=Namespace)\n"
        in text
    )
    with pytest.raises(PlanningError):
        check(found)


def test_cycles_stop_the_plan() -> None:
    one, other = (
        body("ConfigMap", f"t/{a}", annotations={keys.CONFIG_DEPENDS_ON: f"/namespaces/t/ConfigMap/{b}"})
        for a, b in ("xy", "yx")
    )
    with pytest.raises(CycleError):
        plan(desired(one, other), snapshot({}), Policy(), REF)


def test_keep_flags_are_written_ahead() -> None:
    assert widened({}, [(WANTED.id, "v1", True)]) == {WANTED.id: Entry(WANTED.id, "v1", "", "wk")}
    step, found = one_step(body("ConfigMap", "t/c", annotations={keys.PRUNE: "disabled"}), ABSENT)
    assert found.ahead is not None
    assert found.ahead[step.id].flags == "wk"


def test_secret_values_are_in_no_plan() -> None:
    secret = body("Secret", "t/s", stringData={"p": "CANARY"})
    _, found = one_step(secret, ABSENT)
    assert "CANARY" not in plan_text(found, verbose=True) + plan_json(found)
    assert "Q0FOQVJZ" not in plan_text(found, verbose=True) + plan_json(found)
    assert found.steps[0].wanted == ""
