"""Inventories: their text, their ConfigMaps, damage, ownership, and what happens to what left the set."""

from __future__ import annotations

import base64
import gzip
import json
import random
import uuid
from typing import Any

import pytest
from cluster_values import PART_OF, REF, body, oid

from applier import keys
from applier.failures import ErrorClass
from applier.inventory import codec, configmaps, transitions
from applier.inventory.names import applyset_id, applyset_id_of, mark_of
from applier.inventory.ownership import adoption, owner_of, release_patch, removal
from applier.model.errors import InventoryDamagedError
from applier.model.ids import ObjectId, parse_id
from applier.model.inventory import Entry, Header, Inventory, InventoryRef
from applier.model.live import ABSENT, Live, Present, Unknown
from applier.model.plan import Action

IDS = [
    ("_kube-system__Namespace", ObjectId("", "Namespace", "", "kube-system")),
    ("t_web_apps_Deployment", ObjectId("apps", "Deployment", "t", "web")),
    ("t_c__ConfigMap", ObjectId("", "ConfigMap", "t", "c")),
    (
        "_system__node_rbac.authorization.k8s.io_ClusterRole",
        ObjectId("rbac.authorization.k8s.io", "ClusterRole", "", "system:node"),
    ),
    ("kube-system_a__b____Role", ObjectId("", "Role", "kube-system", "a:b:")),
]


@pytest.mark.parametrize(("text", "object_id"), IDS)
def test_ids_are_written_as_flux_writes_them(text: str, object_id: ObjectId) -> None:
    assert object_id.text == text
    assert parse_id(text) == object_id


@pytest.mark.parametrize("text", ["", "a", "a_b", "a_b_c", "__g_K", "a_b_c_"])
def test_other_texts_are_no_ids(text: str) -> None:
    with pytest.raises(ValueError, match="not an object id"):
        parse_id(text)


def test_the_applyset_id_is_what_kubectl_computes() -> None:
    # sha256("my-applyset.default.Secret.") in URL-safe base64, computed with coreutils and independently of this code.
    assert (
        applyset_id_of("my-applyset", "default", "Secret", "")
        == "applyset-NIUKSvlbuiMBsW8qDf5_h7Od-_GlGJ_IDtWCFYmZQCg-v1"
    )
    assert len(applyset_id(REF)) == 55


def entry(index: int, *, namespace: str = "t") -> Entry:
    randoms = random.Random(index)
    uid = str(uuid.UUID(int=randoms.getrandbits(128), version=4))
    prints = [f"{randoms.getrandbits(48):012x}" for _ in range(2)]
    kind = ("ConfigMap", "Secret", "Service")[index % 3]
    return Entry(ObjectId("", kind, namespace, f"object-{index:05d}"), "v1", uid, "a", *prints)


def entries(count: int) -> dict[ObjectId, Entry]:
    return {one.id: one for one in map(entry, range(count))}


def inventory(count: int, **header: Any) -> Inventory:
    return Inventory(ref=REF, entries=entries(count), header=Header(**header), uid="u", resource_version="7")


def test_entries_are_sorted_lines() -> None:
    some = [
        Entry(oid("ConfigMap t/b"), "v1", "uid", "wx"),
        Entry(oid("ConfigMap t/a"), "v1", "uid", "a", "0123456789ab", "cdef01234567"),
        Entry(oid("ConfigMap t/c"), "v1", "", "w", "0123456789ab", ""),
    ]
    text = codec.encode(some)
    assert text == (
        "t_a__ConfigMap\tv1\tuid\ta\t0123456789abcdef01234567\nt_b__ConfigMap\tv1\tuid\twx\t\nt_c__ConfigMap\tv1\t\tw\t\n"
    )
    assert codec.decode(text) == {one.id: one._replace(wanted="") if one.flags == "w" else one for one in some}
    assert codec.encode(reversed(some)) == text
    assert codec.compress(text) == codec.compress(text)
    assert gzip.decompress(codec.compress(text)).decode() == text


def test_flags_have_one_order() -> None:
    assert Entry(oid("ConfigMap t/b"), flags="w").flagged("xka", "w").flags == "akx"


@pytest.mark.parametrize("line", ["a_b_c_D\tv1\tuid\n", "nonsense\tv1\tu\ta\t\n", "\n"])
def test_other_lines_are_damage(line: str) -> None:
    with pytest.raises(InventoryDamagedError):
        codec.decode(line)


@pytest.mark.parametrize("count", [0, 1, 300, 5_000])
def test_a_head_holds_up_to_thousands_of_entries(count: int) -> None:
    stored = configmaps.bodies(inventory(count, generation=3, run="r", phase="applying"), "1.2.3")
    assert stored.parts == ()
    size = len(json.dumps(stored.head))
    assert size < 300_000
    read = configmaps.read(REF, stored.head, {})
    assert (read.entries, read.uid, read.resource_version) == (entries(count), "u", "7")
    assert (read.header.generation, read.header.phase, read.header.count) == (3, "applying", count)
    assert configmaps.bodies(inventory(count, generation=3, run="r", phase="applying"), "1.2.3") == stored


def test_a_head_is_an_applyset_parent() -> None:
    some = entries(3) | {(other := entry(7, namespace="u")).id: other} | {(ns := Entry(oid("Namespace u"))).id: ns}
    deployment = Entry(oid("apps/Deployment t/web"))
    head = configmaps.bodies(Inventory(ref=REF, entries=some | {deployment.id: deployment}), "1.2.3").head
    assert head["metadata"] == {
        "name": "kbuild.app",
        "namespace": "t",
        "labels": {keys.APPLYSET_ID: PART_OF},
        "annotations": {
            keys.APPLYSET_TOOLING: "kbuild/1.2.3",
            keys.APPLYSET_KINDS: "ConfigMap,Deployment.apps,Namespace,Secret,Service",
            keys.APPLYSET_NAMESPACES: "u",
        },
    }
    assert head["data"]["preview"].splitlines()[0] == "_u__Namespace"


def test_a_large_inventory_is_cut_into_parts() -> None:
    stored = configmaps.bodies(inventory(20_000, generation=9), "1")
    assert [part["metadata"]["name"] for part in stored.parts] == ["kbuild.app.9.0", "kbuild.app.9.1"]
    assert all(part["immutable"] is True for part in stored.parts)
    assert all(len(base64.b64decode(part["binaryData"]["entries"])) <= codec.PART_BYTES for part in stored.parts)
    assert "binaryData" not in stored.head
    parts = {part["metadata"]["name"]: part for part in stored.parts}
    assert configmaps.read(REF, stored.head, parts).entries == entries(20_000)
    with pytest.raises(InventoryDamagedError, match=r"part kbuild\.app\.9\.1 of the inventory is missing"):
        configmaps.read(REF, stored.head, {"kbuild.app.9.0": parts["kbuild.app.9.0"]})
    swapped = {"kbuild.app.9.0": stored.parts[1], "kbuild.app.9.1": stored.parts[0]}
    with pytest.raises(InventoryDamagedError, match="is not what was written"):
        configmaps.read(REF, stored.head, swapped)


def test_parts_without_a_head_are_found() -> None:
    header = configmaps.header_of(configmaps.bodies(inventory(40, generation=2), "1", limit=1_000).head)
    assert len(header.chunks) > 1
    names = ["kbuild.app", "kbuild.app.1.0", "kbuild.app.2.0", "kbuild.app.x.0", "kbuild.app2.1.0", "kbuild.app.1.0.3"]
    assert configmaps.stray_parts(REF, names, header) == ["kbuild.app.1.0"]
    assert configmaps.is_bookkeeping(oid("ConfigMap t/kbuild.app"), REF)
    assert configmaps.is_bookkeeping(oid("ConfigMap t/kbuild.app.1.0"), REF)
    assert not configmaps.is_bookkeeping(oid("ConfigMap u/kbuild.app"), REF)
    assert not configmaps.is_bookkeeping(oid("Secret t/kbuild.app"), REF)


def damaged(how: str) -> dict[str, Any]:
    head = configmaps.bodies(inventory(5), "1").head
    header = json.loads(head["data"]["header"])
    match how:
        case "no header":
            head["data"] = {}
        case "header cut off":
            head["data"]["header"] = head["data"]["header"][:-5]
        case "another format":
            head["data"]["header"] = json.dumps(header | {"v": 2})
        case "wrong digest":
            head["data"]["header"] = json.dumps(header | {"sha256": "0" * 64})
        case "wrong count":
            head["data"]["header"] = json.dumps(header | {"count": 4})
        case "no entries":
            del head["binaryData"]
        case "no base64":
            head["binaryData"]["entries"] = "%%%"
        case "cut off":
            packed = base64.b64decode(head["binaryData"]["entries"])
            head["binaryData"]["entries"] = base64.b64encode(packed[:-20]).decode()
        case "other content":
            head["binaryData"]["entries"] = base64.b64encode(codec.compress("a_b_c_D\t\t\t\t\n")).decode()
    return head


@pytest.mark.parametrize(
    "how",
    [
        "no header",
        "header cut off",
        "another format",
        "wrong digest",
        "wrong count",
        "no entries",
        "no base64",
        "cut off",
        "other content",
    ],
)
def test_damage_is_seen(how: str) -> None:
    with pytest.raises(InventoryDamagedError) as caught:
        configmaps.read(REF, damaged(how), {})
    assert caught.value.exit_code == 1


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MAX_TEXT_BYTES", 1_000)
    with pytest.raises(InventoryDamagedError, match="too large"):
        codec.decompress(gzip.compress(b"x" * 2_000))


def test_an_inventory_is_widened_before_the_first_write_and_never_narrowed() -> None:
    stored = entries(2)
    known = [(one.id, "v1", False) for one in stored.values()]
    assert transitions.widened(stored, known[:1]) is None
    found = transitions.widened(stored, [*known[:1], (oid("Pod t/new"), "v1", True)])
    assert found is not None
    assert set(found) == {*stored, oid("Pod t/new")}
    assert found[oid("Pod t/new")] == Entry(oid("Pod t/new"), "v1", "", "wk")


def test_a_no_op_needs_no_write() -> None:
    idle = inventory(2, phase="idle")
    assert not transitions.needs_final_write(idle, entries(2))
    assert transitions.needs_final_write(idle, entries(3))
    assert transitions.needs_final_write(inventory(2, phase="applying"), entries(2))
    assert transitions.needs_final_write(None, {})
    assert transitions.needs_final_write(Inventory(ref=REF), {})


MARK = mark_of(REF)
MARKS: list[tuple[str, dict[str, Any], str]] = [
    ("our label", {"labels": {keys.PART_OF: PART_OF}}, "ours"),
    ("our label and Flux's", {"labels": {keys.PART_OF: PART_OF, keys.FLUX_NAME: "x"}}, "ours"),
    ("the recorded uid", {"uid": "recorded"}, "ours"),
    ("the recorded uid with a mark", {"uid": "recorded", "labels": {keys.FLUX_NAME: "x"}}, "ours"),
    ("the recorded uid, but another inventory", {"uid": "recorded", "labels": {keys.PART_OF: "b"}, "annotations": {keys.OWNER: "t/b"}}, "inventory t/b"),
    ("another inventory without a readable owner", {"labels": {keys.PART_OF: "applyset-b-v1"}}, "inventory applyset-b-v1"),
    ("nothing", {"uid": "other"}, "none"),
    ("kpt", {"annotations": {keys.OWNING_INVENTORY: "id-1"}}, "kpt inventory id-1"),
    ("Flux", {"labels": {keys.FLUX_NAME: "apps", keys.FLUX_NAMESPACE: "flux-system"}}, "Flux Kustomization flux-system/apps"),
    ("Flux Helm", {"labels": {keys.FLUX_HELM_NAME: "r", keys.FLUX_HELM_NAMESPACE: "n"}}, "Flux HelmRelease n/r"),
    ("Helm", {"annotations": {keys.HELM_RELEASE: "r", keys.HELM_NAMESPACE: "n"}}, "Helm release n/r"),
    ("Argo CD", {"annotations": {keys.ARGO_TRACKING: "guestbook:apps/Deployment:t/web"}}, "Argo CD application guestbook"),
    ("kapp", {"labels": {keys.KAPP_APP: "1700"}}, "kapp app 1700"),
    ("a controller", {"ownerReferences": [{"kind": "ReplicaSet", "name": "web-1", "controller": True}]}, "ReplicaSet web-1"),
    ("an owner that does not control", {"ownerReferences": [{"kind": "X", "name": "y"}]}, "none"),
]  # fmt: skip


@pytest.mark.parametrize(("metadata", "owner"), [case[1:] for case in MARKS], ids=[case[0] for case in MARKS])
def test_owners_are_recognised(metadata: dict[str, Any], owner: str) -> None:
    assert str(owner_of(body("ConfigMap", "t/c", **metadata), MARK, "recorded")) == owner


OURS, NOBODY = {"labels": {keys.PART_OF: PART_OF}}, {"uid": "9"}
FOREIGN = {"annotations": {keys.HELM_RELEASE: "r"}}
ADOPTIONS: list[tuple[dict[str, Any], str, bool, ErrorClass | None, bool]] = [
    (OURS, "never", False, None, False),
    (OURS, "unowned", False, None, False),
    (OURS, "all", False, None, False),
    (NOBODY, "never", False, ErrorClass.UNOWNED, False),
    (NOBODY, "unowned", True, None, False),
    (NOBODY, "all", True, None, False),
    (FOREIGN, "never", False, ErrorClass.OWNED, False),
    (FOREIGN, "unowned", False, ErrorClass.OWNED, False),
    (FOREIGN, "all", True, None, True),
]


@pytest.mark.parametrize(("metadata", "adopt", "adopts", "error", "warns"), ADOPTIONS)
def test_adoption_follows_the_policy(
    metadata: dict[str, Any], adopt: Any, adopts: bool, error: ErrorClass | None, warns: bool
) -> None:
    found = adoption(owner_of(body("ConfigMap", "t/c", **metadata), MARK), adopt)
    assert (found.adopts, found.error, bool(found.warning)) == (adopts, error, warns)


def present(**metadata: Any) -> Live:
    return Present(body=body("ConfigMap", "t/c", **metadata))


REMOVALS: list[tuple[str, Entry, Live, Action, str, bool]] = [
    ("absent", Entry(oid("ConfigMap t/c")), ABSENT, Action.DROP, "gone", False),
    ("ours by label", Entry(oid("ConfigMap t/c")), present(**OURS), Action.PRUNE, "not-desired", False),
    ("ours by uid", Entry(oid("ConfigMap t/c"), uid="9"), present(uid="9"), Action.PRUNE, "not-desired", False),
    ("another uid, no label", Entry(oid("ConfigMap t/c"), uid="8"), present(uid="9"), Action.DROP, "recreated-by-other", True),
    ("no uid, no label", Entry(oid("ConfigMap t/c")), present(uid="9"), Action.RETAIN, "unproved", True),
    ("foreign", Entry(oid("ConfigMap t/c"), uid="8"), present(uid="9", **FOREIGN), Action.DROP, "handed-over", True),
    ("handed over", Entry(oid("ConfigMap t/c"), uid="9"), present(uid="9", labels={keys.PART_OF: "b"}), Action.DROP, "handed-over", True),
    ("unknown", Entry(oid("ConfigMap t/c"), uid="9"), Unknown(why="forbidden"), Action.RETAIN, "unknown", True),
    ("kept by its entry", Entry(oid("ConfigMap t/c"), flags="ak"), present(**OURS), Action.KEEP, "keep-annotation", False),
    (
        "kept by its annotation",
        Entry(oid("ConfigMap t/c")),
        present(**OURS, annotations={keys.HELM_POLICY: "keep"}),
        Action.KEEP,
        "keep-annotation",
        False,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "live", "action", "reason", "warns"), [case[1:] for case in REMOVALS], ids=[case[0] for case in REMOVALS]
)
def test_what_left_the_set_is_deleted_only_when_it_is_proved_ours(
    stored: Entry, live: Live, action: Action, reason: str, warns: bool
) -> None:
    found = removal(stored, live, MARK)
    assert (found.action, found.reason, bool(found.warning)) == (action, reason, warns)


def test_a_kept_object_loses_our_marks() -> None:
    live = body("ConfigMap", "t/c", uid="9", labels={keys.PART_OF: PART_OF}, annotations={keys.OWNER: "t/app"})
    assert release_patch(live, MARK) == (
        {"op": "test", "path": "/metadata/uid", "value": "9"},
        {"op": "remove", "path": "/metadata/labels/applyset.kubernetes.io~1part-of"},
        {"op": "remove", "path": "/metadata/annotations/kbuild.dev~1owner"},
    )
    assert release_patch(body("ConfigMap", "t/c"), MARK) == ()
    assert InventoryRef("t", "app").head_name == "kbuild.app"
