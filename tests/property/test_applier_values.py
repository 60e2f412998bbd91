"""Laws of the applier's pure half: anything can come in, nothing but its own errors comes out, and no secret does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cluster_values import REF, body, discovery
from hypothesis import given, settings
from hypothesis import strategies as st

from applier.fields.fingerprint import owned_print
from applier.fields.migration import migrated_fields, needs_migration
from applier.fields.quantity import equal
from applier.fields.walk import walk
from applier.health import Facts, evaluate
from applier.health.cel import CelError
from applier.health.cel import evaluate as value_of
from applier.health.cel_parser import CelSyntaxError, parse
from applier.inventory import codec
from applier.inventory.ownership import owner_of
from applier.model.desired import Document
from applier.model.errors import CycleError, InputError
from applier.model.ids import ObjectId, parse_id
from applier.model.inventory import FLAGS, Entry
from applier.model.live import Present
from applier.model.mark import Mark
from applier.model.plan import EdgeType
from applier.model.policy import Policy
from applier.model.snapshot import Snapshot
from applier.normalize import normalize
from applier.order.apply_order import apply_order
from applier.order.members import Member
from applier.order.prune_order import prune_order
from applier.planning import plan
from applier.report.diff_text import diff_text
from applier.report.masking import masked_pair
from applier.report.plan_json import plan_json
from applier.report.plan_text import plan_text

WORDS = st.sampled_from(
    ["metadata", "name", "namespace", "spec", "status", "conditions", "type", "template", "containers", "data", "a", "labels",
     "annotations", "managedFields", "fieldsV1", "f:a", "k:{", "v:1", ".", "ownerReferences", "replicas", "volumes", "env"]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=8)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=25,
)
OBJECTS = st.dictionaries(WORDS, VALUES, max_size=6)
KINDS = st.sampled_from(
    ["v1 Pod", "v1 Service", "v1 Secret", "v1 ConfigMap", "v1 Namespace", "v1 PersistentVolumeClaim", "apps/v1 Deployment", "apps/v1 StatefulSet",
     "apps/v1 DaemonSet", "apps/v1 ReplicaSet", "batch/v1 Job", "batch/v1 CronJob", "policy/v1 PodDisruptionBudget", "x.org/v1 Custom",
     "apiextensions.k8s.io/v1 CustomResourceDefinition", "rbac.authorization.k8s.io/v1 RoleBinding", "networking.k8s.io/v1 Ingress",
     "autoscaling/v2 HorizontalPodAutoscaler", "gateway.networking.k8s.io/v1 Gateway", "gateway.networking.k8s.io/v1 HTTPRoute",
     "apiregistration.k8s.io/v1 APIService", "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration"]
)  # fmt: skip
TYPED = st.builds(lambda kind, rest: {**rest, "apiVersion": kind.split()[0], "kind": kind.split()[1]}, KINDS, OBJECTS)
NAMED = st.builds(
    lambda found, name: {**found, "metadata": {"name": name, "namespace": "t", "uid": "u"}},
    TYPED,
    st.sampled_from("abcd"),
)
NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.:-]{0,20}[a-z0-9])?", fullmatch=True).filter(lambda name: "::" not in name)


@given(NAMES, st.sampled_from(["", "t"]), st.sampled_from(["", "apps", "x.org"]))
def test_ids_survive_their_text(name: str, namespace: str, group: str) -> None:
    one = ObjectId(group, "Kind", namespace, name)
    assert parse_id(one.text) == one


@given(
    st.dictionaries(
        NAMES, st.tuples(st.text("abc0", max_size=4), st.sets(st.sampled_from(FLAGS)), st.booleans()), max_size=20
    ),
    st.integers(20, 400),
)
def test_entries_survive_their_text_in_any_number_of_parts(
    found: dict[str, tuple[str, set[str], bool]], limit: int
) -> None:
    entries = {}
    for name, (uid, flags, printed) in found.items():
        one = ObjectId("", "ConfigMap", "t", name)
        prints = ("0" * 12, "f" * 12) if printed else ("", "")
        entries[one] = Entry(one, "v1", uid, "", *prints).flagged("".join(flags))
    text = codec.encode(entries.values())
    assert codec.decode(text) == entries
    parts = codec.parts(text, limit)
    assert "".join(parts) == text
    assert [codec.decompress(codec.compress(part)) for part in parts] == parts


@given(st.lists(VALUES | TYPED, max_size=5))
@settings(max_examples=80)
def test_any_documents_are_objects_or_problems(values: list[Any]) -> None:
    try:
        found = normalize([Document(value) for value in values], discovery(), Policy(), REF).desired
    except InputError as problem:
        told = problem.problems
    else:
        again = normalize([Document(one.body) for one in found], discovery(), Policy(), REF).desired
        assert [one.body for one in again] == [one.body for one in found]
        return
    assert told


@given(TYPED, st.booleans())
@settings(max_examples=120)
def test_any_object_has_a_health_and_an_owner(value: dict[str, Any], written: bool) -> None:
    found = evaluate(value, Facts(written=written, observed_before=written, now_s=0.0))
    assert found.status
    assert owner_of(value, Mark({"x": "y"}, {})).relation in ("ours", "none", "foreign")


@given(OBJECTS, OBJECTS, OBJECTS)
@settings(max_examples=120)
def test_any_field_set_gives_a_verdict(payload: dict[str, Any], live: dict[str, Any], fields: dict[str, Any]) -> None:
    assert walk(payload, live, fields, "").same in (True, False)
    entry = {"manager": "kbuild", "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}
    other = {"manager": "kubectl", "operation": "Update", "apiVersion": "v1", "fieldsV1": fields}
    whole = {**live, "metadata": {"managedFields": [entry, other], "annotations": {}}}
    assert len(owned_print(whole, "kbuild", "v1")) == 12
    assert needs_migration(whole, "kbuild", "v1", ("v1",))
    assert json.dumps(migrated_fields(whole, "kbuild", "v1", ("v1",)))


@given(LEAVES, LEAVES)
def test_quantities_are_equal_both_ways(one: Any, other: Any) -> None:
    assert equal(one, other) == equal(other, one)


EXPRESSIONS = st.text("abs. ()[]'\"=!<>&|?:+-,01", max_size=30) | st.lists(
    st.sampled_from(["has(a.b)", "a", "a.b", "==", "'x'", "&&", "||", "!", "(", ")", "a.exists(e, e == 1)", "[1, 2]", "in", "size(a)", "? 1 : 2", "-1"]), max_size=8
).map(" ".join)  # fmt: skip


@given(EXPRESSIONS, st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2))
@settings(max_examples=300)
def test_any_expression_has_a_value_or_an_error_of_its_own(source: str, names: dict[str, Any]) -> None:
    try:
        value_of(parse(source), names)
    except (CelSyntaxError, CelError):
        return


@given(st.lists(NAMED, max_size=6), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=6))
@settings(max_examples=80)
def test_an_order_keeps_every_edge_or_names_a_cycle(values: list[dict[str, Any]], pairs: list[tuple[int, int]]) -> None:
    bodies = {(one["apiVersion"], one["kind"], one["metadata"]["name"]): one for one in values}
    found = [json.loads(json.dumps(one)) for one in bodies.values()]
    for one, other in pairs:
        if one < len(found) and other < len(found):
            target = found[other]
            group = target["apiVersion"].rpartition("/")[0]
            notes = found[one]["metadata"].setdefault("annotations", {})
            notes["kbuild.dev/depends-on"] = (
                f"{group}/namespaces/t/{target['kind']}/{target['metadata']['name']}@applied"
            )
    documents = [Document(one) for one in found]
    try:
        desired = normalize(documents, discovery(), Policy(labels=False), REF).desired
        order = apply_order([Member(one.id, one.body, one.depends_on) for one in desired])
    except (CycleError, InputError):
        return
    place = {one: index for index, one in enumerate(order.order)}
    assert len(place) == len(desired)
    for one, edges in order.edges.items():
        assert all(place[edge.target] < place[one] for edge in edges)
    assert all(edge.type is EdgeType.SOFT for _, edge in order.dropped)
    backwards = prune_order([Member(one.id, one.body, one.depends_on) for one in desired])
    place = {one: index for index, one in enumerate(backwards.order)}
    assert all(place[edge.target] < place[one] for one, edges in backwards.edges.items() for edge in edges)


@given(TYPED, OBJECTS)
@settings(max_examples=80)
def test_any_live_object_can_be_planned_and_shown(value: dict[str, Any], live: dict[str, Any]) -> None:
    value = {**value, "metadata": {"name": "x", "namespace": "t"}}
    try:
        (one,) = normalize([Document(value)], discovery(), Policy(), REF).desired
    except (InputError, ValueError):
        return
    held = {
        **live,
        "apiVersion": one.body["apiVersion"],
        "kind": one.id.kind,
        "metadata": {"uid": "u", "managedFields": live.get("managedFields")},
    }
    snapshot = Snapshot(live={one.id: Present(body=held)}, discovery=discovery())
    found = plan((one,), snapshot, Policy(adopt="all"), REF)
    assert plan_text(found, verbose=True)
    assert json.loads(plan_json(found))["steps"]
    assert list(diff_text(found, snapshot))


SECRETS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.from_regex(r"CANARY[0-9]{1,6}", fullmatch=True), max_size=3
)


@given(SECRETS, SECRETS)
def test_masks_let_nothing_of_a_secret_through(before: dict[str, str], after: dict[str, str]) -> None:
    pair = masked_pair(body("Secret", "t/s", data=before), body("Secret", "t/s", data=after), "Secret")
    assert "CANARY" not in json.dumps(pair)
    assert (pair[0]["data"] == pair[1]["data"]) == (before == after)
    with pytest.raises(KeyError):
        _ = pair[0]["stringData"]
