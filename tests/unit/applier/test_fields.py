"""Field ownership: fingerprints, the walk that proves sameness, differences, taking over, conflicts and recreation."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import apply_model
import pytest
from cluster_values import body, normalized

from applier import keys
from applier.failures import Conflict
from applier.fields import migration, quantity
from applier.fields.conflicts import judge
from applier.fields.differences import changed_paths, last_writer
from applier.fields.fingerprint import digest, owned_print, projected, wanted_print
from applier.fields.managed import applied_fields, leaves, managers, restricted, union, without
from applier.fields.recreate import may_recreate, probe
from applier.fields.walk import walk
from applier.model.policy import Policy

LEAF: dict[str, Any] = {}


def managed(fields: dict[str, Any], manager: str = "kbuild", operation: str = "Apply", **rest: str) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **rest,
    }


def k(**key: Any) -> str:
    return "k:" + json.dumps(key, separators=(",", ":"))


QUANTITIES = [
    ("1000m", "1", True), ("0.5", "500m", True), ("1024Mi", "1Gi", True), (1, "1", True), ("1e3", "1k", True), ("1E3", "1000", True),
    ("100M", "100Mi", False), ("1", "2", False), ("x", "1", False), (True, "1", False), ("", "0", False), ("1.5Gi", "1536Mi", True),
    ("5e-10", "5e-10", True), ("0.1n", "0.10n", False), ("-1", "-1000m", True), ("1Ki", "1024", True), (None, "0", False),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), QUANTITIES)
def test_quantities_are_compared_as_numbers(one: Any, other: Any, same: bool) -> None:
    assert quantity.equal(one, other) is same
    assert quantity.equal(other, one) is same


# (what it shows, group, payload, live, owned set, paths that differ, paths that are unsure)
WALKS: list[tuple[str, str, Any, Any, Any, list[str], list[str]]] = [
    ("the same", "", {"data": {"a": "1"}}, {"data": {"a": "1", "b": "2"}}, {"f:data": {"f:a": LEAF}}, [], []),
    ("another value", "", {"data": {"a": "1"}}, {"data": {"a": "2"}}, {"f:data": {"f:a": LEAF}}, [".data.a"], []),
    ("removed from the payload", "", {"data": {"a": "1"}}, {"data": {"a": "1", "b": "2"}}, {"f:data": {"f:a": LEAF, "f:b": LEAF}}, [".data.b"], []),
    ("not owned yet, other value", "", {"data": {"a": "1", "b": "2"}}, {"data": {"a": "1"}}, {"f:data": {"f:a": LEAF}}, [".data.b"], []),
    ("not owned yet, same value", "", {"data": {"a": "1", "b": "2"}}, {"data": {"a": "1", "b": "2"}}, {"f:data": {"f:a": LEAF}}, [], [".data.b"]),
    ("gone from the live object", "", {"data": {"a": "1"}}, {}, {"f:data": {"f:a": LEAF}}, [".data"], []),
    ("text is no number", "", {"data": {"a": "1"}}, {"data": {"a": 1}}, {"f:data": {"f:a": LEAF}}, [".data.a"], []),
    ("a boolean is no number", "", {"data": {"a": True}}, {"data": {"a": 1}}, {"f:data": {"f:a": LEAF}}, [".data.a"], []),
    ("a boolean in a list is no number", "apps", {"args": [True]}, {"args": [1]}, {"f:args": LEAF}, [], [".args"]),
    ("a boolean in a map is no number", "apps", {"selector": {"a": True}}, {"selector": {"a": 1}}, {"f:selector": LEAF}, [], [".selector"]),
    ("an atomic list", "apps", {"args": ["a", "b"]}, {"args": ["a", "b"]}, {"f:args": LEAF}, [], []),
    ("an atomic list with defaults inside", "", {"items": [{"a": 1}]}, {"items": [{"a": 1, "b": 2}]}, {"f:items": LEAF}, [], [".items"]),
    ("an equal map that may be an empty one of ours", "x.org", {"spec": {"a": {"b": 1}}}, {"spec": {"a": {"b": 1}}}, {"f:spec": {"f:a": LEAF}}, [], [".spec.a"]),
    ("an empty marker", "", {"spec": {"emptyDir": {}}}, {"spec": {"emptyDir": {}}}, {"f:spec": {"f:emptyDir": LEAF}}, [], []),
    ("an empty list that the server dropped", "", {"spec": {"x": []}}, {"spec": {}}, {"f:spec": {"f:x": LEAF}}, [], []),
    ("a quantity", "", {"limits": {"cpu": "1000m"}}, {"limits": {"cpu": "1"}}, {"f:limits": {"f:cpu": LEAF}}, [], []),
    ("a quantity of a custom resource", "x.org", {"limits": {"cpu": "1000m"}}, {"limits": {"cpu": "1"}}, {"f:limits": {"f:cpu": LEAF}}, [".limits.cpu"], []),
    ("a label is no quantity", "", {"labels": {"storage": "1.0"}}, {"labels": {"storage": "1"}}, {"f:labels": {"f:storage": LEAF}}, [".labels.storage"], []),
    ("an environment variable is no quantity", "", {"env": [{"name": "A", "value": "1.0"}]}, {"env": [{"name": "A", "value": "1"}]}, {"f:env": {k(name="A"): {".": LEAF, "f:name": LEAF, "f:value": LEAF}}}, ['.env[name="A"].value'], []),
    ("a defaulted key", "", {"ports": [{"containerPort": 80}]}, {"ports": [{"containerPort": 80, "protocol": "TCP"}]}, {"f:ports": {k(containerPort=80, protocol="TCP"): {".": LEAF, "f:containerPort": LEAF}}}, [], []),
    ("a key that is no longer given", "", {"ports": [{"containerPort": 80}]}, {"ports": [{"containerPort": 80, "protocol": "UDP"}]}, {"f:ports": {k(containerPort=80, protocol="UDP"): {".": LEAF, "f:containerPort": LEAF, "f:protocol": LEAF}}}, ['.ports[containerPort=80,protocol="UDP"].protocol'], []),
    ("two candidates for a key", "", {"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]}, {"ports": []}, {"f:ports": {k(containerPort=80, protocol="UDP"): {".": LEAF}}}, [".ports[0]", ".ports[1]"], ['.ports[containerPort=80,protocol="UDP"]']),
    ("a new item", "", {"env": [{"name": "A"}, {"name": "B"}]}, {"env": [{"name": "A"}]}, {"f:env": {k(name="A"): {".": LEAF, "f:name": LEAF}}}, [".env[1]"], []),
    ("somebody's item between ours", "", {"env": [{"name": "A"}, {"name": "B"}]}, {"env": [{"name": "A"}, {"name": "X"}, {"name": "B"}]}, {"f:env": {k(name="A"): {".": LEAF, "f:name": LEAF}, k(name="B"): {".": LEAF, "f:name": LEAF}}}, [], []),
    ("another order", "", {"env": [{"name": "B"}, {"name": "A"}]}, {"env": [{"name": "A"}, {"name": "B"}]}, {"f:env": {k(name="A"): {".": LEAF, "f:name": LEAF}, k(name="B"): {".": LEAF, "f:name": LEAF}}}, [".env"], []),
    ("a set", "", {"finalizers": ["a"]}, {"finalizers": ["b", "a"]}, {"f:finalizers": {'v:"a"': LEAF}}, [], []),
    ("a set that lost one", "", {"finalizers": ["a"]}, {"finalizers": ["b"]}, {"f:finalizers": {'v:"a"': LEAF}}, [".finalizers"], []),
    ("a list by position", "", {"l": [1]}, {"l": [1]}, {"f:l": {"i:0": LEAF}}, [], [".l"]),
    ("another shape", "", {"x": "text"}, {"x": {"a": 1}}, {"f:x": {"f:a": LEAF}}, [".x"], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("group", "payload", "live", "fields", "differs", "unsure"), [c[1:] for c in WALKS], ids=[c[0] for c in WALKS]
)
def test_sameness_is_proved_or_not(
    group: str, payload: Any, live: Any, fields: Any, differs: list[str], unsure: list[str]
) -> None:
    found = walk(payload, live, fields, group)
    assert (list(found.differs), list(found.unsure)) == (differs, unsure)


def test_metadata_that_is_never_recorded_does_not_count() -> None:
    payload = body("ConfigMap", "t/c", labels={"a": "b"}, data={"x": "y"})
    fields = {"f:metadata": {"f:labels": {".": LEAF, "f:a": LEAF}}, "f:data": {"f:x": LEAF}}
    live = body("ConfigMap", "t/c", labels={"a": "b", "other": "c"}, uid="1", data={"x": "y"})
    assert walk(payload, live, fields, "").same


def test_only_one_entry_of_ours_in_this_version_counts() -> None:
    ours, other = managed({"f:data": LEAF}), managed({"f:x": LEAF}, "other")
    scale, old = managed({"f:y": LEAF}, subresource="scale"), managed({"f:z": LEAF}) | {"apiVersion": "v1beta1"}
    live = body("ConfigMap", "t/c", managedFields=[other, scale, old, ours])
    assert applied_fields(live, "kbuild", "v1") == {"f:data": LEAF}
    assert applied_fields(body("ConfigMap", "t/c", managedFields=[ours, ours]), "kbuild", "v1") is None
    assert applied_fields(body("ConfigMap", "t/c"), "kbuild", "v1") is None


def test_a_projection_is_what_is_owned_in_live_order() -> None:
    fields = {
        "f:env": {k(name="B"): {".": LEAF, "f:name": LEAF}, k(name="A"): {".": LEAF, "f:value": LEAF}},
        "f:args": LEAF,
        "f:set": {'v:"x"': LEAF},
        "f:gone": LEAF,
    }
    live = {
        "env": [{"name": "A", "value": "1"}, {"name": "C"}, {"name": "B", "value": "2"}],
        "args": [1, {"a": 2}],
        "set": ["x"],
        "more": 1,
    }
    assert projected(live, fields) == {
        "f:env": [{"f:value": "1"}, {"f:name": "B"}],
        "f:args": [1, {"a": 2}],
        "f:set": [["x"], ['v:"x"']],
    }


def test_fingerprints_are_stable_and_see_every_owned_change() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1}) != digest({"a": 1, "b": [2, 1]})
    assert len(wanted_print({"a": "ä\ud800"})) == 12
    live = body("ConfigMap", "t/c", data={"a": "1", "b": "2"}, managedFields=[managed({"f:data": {"f:a": LEAF}})])
    before = owned_print(live, "kbuild", "v1")
    assert before == owned_print(live | {"data": {"a": "1", "b": "other"}}, "kbuild", "v1")
    assert before != owned_print(live | {"data": {"a": "2", "b": "2"}}, "kbuild", "v1")
    assert owned_print(live, "kbuild", "v2") == ""


def random_payload(randoms: random.Random) -> dict[str, Any]:
    def words(count: int) -> list[str]:
        return randoms.sample("abcdefgh", count)

    containers = [
        {
            "name": name,
            "image": randoms.choice(["x:1", "x:2"]),
            "args": words(2),
            "env": [{"name": one, "value": randoms.choice(["1", "2"])} for one in words(randoms.randint(1, 4))],
            "ports": [
                {"containerPort": port} | ({"protocol": "UDP"} if randoms.random() < 0.3 else {})
                for port in randoms.sample([80, 81, 82], 2)
            ],
            "resources": {"limits": {"cpu": randoms.choice(["1", "500m"])}},
        }
        for name in words(randoms.randint(1, 3))
    ]
    spec: dict[str, Any] = {
        "replicas": randoms.randint(1, 3),
        "containers": containers,
        "nodeSelector": {"disk": "ssd"},
    }
    if randoms.random() < 0.5:
        spec["paused"] = False
    return {
        "metadata": {"labels": dict.fromkeys(words(3), "v"), "finalizers": words(2)},
        "spec": spec,
        "data": dict.fromkeys(words(2), "1"),
    }


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a value."""
    found = []
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            found.append((value, key))
            found += places(item)
    return found


def mutate(value: Any, randoms: random.Random) -> None:
    """One small change somewhere: another scalar, something removed or added, another order."""
    container, key = randoms.choice(places(value))
    held = container[key]
    how = randoms.randrange(4)
    if isinstance(held, list) and how < 2 and len(held) > 1:
        randoms.shuffle(held)
    elif isinstance(held, (dict, list)):
        if (
            isinstance(held, dict)
            and held
            and all(isinstance(one, str) for one in held.values())
            and "name" not in held
        ):
            held[randoms.choice("abcdefgh")] = randoms.choice(["1", "2", "v"])
        elif isinstance(held, list) and held and isinstance(held[0], str):
            held.append(randoms.choice("ijkl"))
    elif isinstance(held, bool):
        container[key] = not held
    elif key not in ("name", "containerPort", "protocol"):
        container[key] = held + 1 if isinstance(held, int) else randoms.choice(["1", "2", "v", "x:1"])
    if (
        how == 3
        and isinstance(container, dict)
        and key not in ("name", "containerPort", "metadata", "spec", "containers")
    ):
        container.pop(key, None)


def one_round(seed: int) -> tuple[bool, bool]:
    """Whether the walk says the same, and whether an apply would really change nothing."""
    randoms = random.Random(seed)
    payload = random_payload(randoms)
    live, owned = apply_model.apply({}, payload, {})
    for _ in range(randoms.randrange(3)):
        changed = copy.deepcopy(live)
        mutate(changed, randoms)
        owned, live = apply_model.update(live, changed, owned), changed
    for _ in range(randoms.randrange(3)):
        mutate(payload, randoms)
    after, fields = apply_model.apply(live, payload, owned)
    return walk(payload, live, owned, "").same, (after, fields) == (live, owned)


def test_nothing_is_called_the_same_that_an_apply_would_change() -> None:
    rounds = [one_round(seed) for seed in range(2_000)]
    wrong = [seed for seed, (said, really) in enumerate(rounds) if said and not really]
    assert wrong == []
    assert sum(said for said, _ in rounds) > 400, "the walk must prove something"


def test_the_walk_proves_what_is_built_in_and_unchanged() -> None:
    for seed in range(50):
        payload = random_payload(random.Random(seed))
        live, owned = apply_model.apply({}, payload, {})
        assert walk(payload, live, owned, "").paths == ()


CHANGED: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ({"spec": {"a": 1}}, {"spec": {"a": 1}}, ()),
    ({"spec": {"a": 1}, "status": {"x": 1}}, {"spec": {"a": 1}}, ()),
    ({"spec": {"a": 1}}, {"spec": {"a": 2, "b": 3}}, (".spec.a", ".spec.b")),
    ({"l": [{"name": "x", "v": 1}]}, {"l": [{"name": "x", "v": 2}, {"name": "y"}]}, ('.l[name="x"].v', '.l[name="y"]')),
    ({"l": [{"name": "x"}, {"name": "y"}]}, {"l": [{"name": "y"}, {"name": "x"}]}, (".l",)),
    ({"l": [1, 2]}, {"l": [1, 3]}, (".l[1]",)),
    ({"l": [1, 2]}, {"l": [1]}, (".l",)),
    ({"x": 1}, {"x": True}, (".x",)),
    ({"metadata": {"resourceVersion": "1", "labels": {"a": "b"}}}, {"metadata": {"resourceVersion": "2"}}, (".metadata.labels",)),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "paths"), CHANGED)
def test_changed_paths_leave_out_what_the_server_counts(before: Any, after: Any, paths: tuple[str, ...]) -> None:
    assert changed_paths(before, after) == paths


def test_the_last_writer_of_a_path_is_named() -> None:
    fields = {"f:spec": {"f:replicas": LEAF}}
    live = body("X", "t/x", managedFields=[
        managed(fields), managed(fields, "edit", "Update", time="2026-01-02T00:00:00Z"), managed(fields, "old", "Update", time="2026-01-01T00:00:00Z"),
    ])  # fmt: skip
    found = last_writer(live, ".spec.replicas", "kbuild")
    assert found is not None
    assert (found.name, found.time) == ("edit", "2026-01-02T00:00:00Z")
    assert last_writer(live, ".spec.paused", "kbuild") is None
    assert list(leaves({"f:a": {".": LEAF, k(name="x"): {".": LEAF, "f:b": LEAF}}, "f:s": {'v:"y"': LEAF}})) == [
        '.a[name="x"].b',
        '.s[="y"]',
    ]


def test_sets_are_joined_and_taken_apart() -> None:
    one = {"f:a": {".": LEAF, "f:x": LEAF}, "f:b": LEAF}
    other = {"f:a": {"f:y": LEAF}, "f:c": LEAF}
    assert union(one, other) == {"f:a": {".": LEAF, "f:x": LEAF, "f:y": LEAF}, "f:b": LEAF, "f:c": LEAF}
    assert without(union(one, other), one) == {"f:a": {"f:y": LEAF}, "f:c": LEAF}
    assert restricted({"f:l": {k(name="x", protocol="TCP"): {".": LEAF, "f:v": LEAF}, k(name="z"): LEAF}, "f:s": {"v:1": LEAF}}, {"l": [{"name": "x", "v": 1}], "s": [1]}) == {
        "f:l": {k(name="x", protocol="TCP"): {".": LEAF, "f:v": LEAF}}, "f:s": {"v:1": LEAF},
    }  # fmt: skip


def test_client_side_apply_is_folded_in_and_edits_stay() -> None:
    fields = {
        "f:data": {"f:a": LEAF, "f:edited": LEAF},
        "f:metadata": {"f:annotations": {f"f:{keys.LAST_APPLIED}": LEAF}},
    }
    client = managed(fields, "kubectl-client-side-apply", "Update")
    scaler = managed({"f:spec": {"f:replicas": LEAF}}, "kubectl", "Update", subresource="scale")
    live = body(
        "ConfigMap",
        "t/c",
        uid="7",
        annotations={keys.LAST_APPLIED: json.dumps({"data": {"a": "1"}})},
        managedFields=[client, scaler],
    )
    live["metadata"]["resourceVersion"] = "5"
    patch = migration.migration_patch(live, "kbuild", "v1", ("v1",))
    assert [one["op"] for one in patch] == ["test", "test", "replace", "remove"]
    assert patch[2]["value"] == [
        managed({"f:data": {"f:a": LEAF}}),
        managed({"f:data": {"f:edited": LEAF}}, "kubectl-client-side-apply", "Update"),
        scaler,
    ]
    assert patch[3]["path"] == "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"


def test_former_appliers_are_folded_in_whole() -> None:
    flux = managed({"f:data": {"f:a": LEAF}}, "kustomize-controller")
    ours, peer = managed({"f:data": {"f:b": LEAF}}), managed({"f:x": LEAF}, "other")
    live = body("ConfigMap", "t/c", managedFields=[ours, flux, peer])
    assert migration.migrated_fields(live, "kbuild", "v1", ("v1",)) == [
        managed({"f:data": {"f:a": LEAF, "f:b": LEAF}}),
        peer,
    ]
    assert (
        migration.migration_patch(body("ConfigMap", "t/c", managedFields=[ours, peer]), "kbuild", "v1", ("v1",)) == ()
    )
    assert [one.name for one in managers(live)] == ["kbuild", "kustomize-controller", "other"]


def test_versions_that_are_no_longer_served_are_rewritten() -> None:
    old = managed({"f:spec": LEAF}) | {"apiVersion": "example.org/v1beta1"}
    peer = managed({"f:x": LEAF}, "peer", "Update") | {"apiVersion": "example.org/v1beta1"}
    live = body("example.org/v1/Widget", "t/w", managedFields=[old, peer])
    assert not migration.needs_migration(live, "kbuild", "example.org/v1", ("v1", "v1beta1"))
    assert migration.needs_migration(live, "kbuild", "example.org/v1", ("v1",))
    found = migration.migrated_fields(live, "kbuild", "example.org/v1", ("v1",))
    assert [one["apiVersion"] for one in found] == ["example.org/v1", "example.org/v1"]


CONFLICTS: list[tuple[list[Conflict], Policy, bool, int]] = [
    ([Conflict(path=".spec.x", manager="other")], Policy(), False, 1),
    ([Conflict(path=".spec.x", manager="other")], Policy(force_conflicts=True), True, 0),
    ([Conflict(path=".spec.x", manager="kubectl-edit")], Policy(), True, 0),
    ([Conflict(path=".spec.x", manager="kubectl-edit"), Conflict(path=".y", manager="other")], Policy(), False, 1),
    ([Conflict(path=".spec.replicas", manager="kubectl", subresource="scale")], Policy(), False, 1),
    ([Conflict(path=".spec.x", manager="other")], Policy(takeover=("other",)), True, 0),
    ([], Policy(), False, 0),
]  # fmt: skip


@pytest.mark.parametrize(("conflicts", "policy", "force", "peers"), CONFLICTS)
def test_people_are_overruled_and_peers_are_not(
    conflicts: list[Conflict], policy: Policy, force: bool, peers: int
) -> None:
    found = judge(conflicts, policy)
    assert (found.force, len(found.peers)) == (force, peers)


RECREATE: list[tuple[dict[str, Any], dict[str, bool]]] = [
    (body("apps/v1/Deployment", "t/d"), {"never": False, "listed": False, "stateless": True, "all": True}),
    (body("apps/v1/Deployment", "t/d", annotations={keys.RECREATE: "true"}), {"never": False, "listed": True, "stateless": True, "all": True}),
    (body("apps/v1/StatefulSet", "t/s"), {"never": False, "listed": False, "stateless": False, "all": True}),
    (body("PersistentVolumeClaim", "t/s", annotations={keys.RECREATE: "true"}), {"never": False, "listed": True, "stateless": True, "all": True}),
    (body("Secret", "t/s", type="kubernetes.io/service-account-token"), {"never": False, "listed": False, "stateless": False, "all": True}),
    (body("Service", "t/s", spec={"type": "LoadBalancer"}), {"never": False, "listed": False, "stateless": False, "all": True}),
    (body("Service", "t/s"), {"never": False, "listed": False, "stateless": True, "all": True}),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), RECREATE)
def test_recreation_is_allowed_by_the_policy_and_the_object(given: dict[str, Any], expected: dict[Any, bool]) -> None:
    (desired,) = normalized([given])
    assert {how: may_recreate(desired, Policy(recreate=how)) for how in expected} == expected


def test_a_probe_has_a_name_of_its_own() -> None:
    assert probe(body("Pod", "t/web"))["metadata"] == {"name": "web-kbuild-probe", "namespace": "t"}
    assert len(probe(body("Pod", f"t/{'x' * 60}"))["metadata"]["name"]) == 63
