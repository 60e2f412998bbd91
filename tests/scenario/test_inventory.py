"""S15 to S31 but for pruning: what the inventory holds and when, and whose objects are whose."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import subprocess
from typing import Any

import pytest
from bed import Bed, Plane
from faults import Answer, Exchange
from install_cluster import cluster_bin
from kube import Object, eventually
from objects import config_map, deployment, namespace, resource_definition, role, role_binding, secret, service_account

from applier.executor.store import Store
from applier.failures import ApplierError
from applier.model.ids import ObjectId
from applier.model.inventory import Entry, Header, InventoryRef

PART_OF = "applyset.kubernetes.io/part-of"


def stored_ids(exchange: Exchange) -> set[str]:
    """The ids in an inventory that a request stores."""
    packed = exchange.json["binaryData"]["entries"]
    return {line.split("\t")[0] for line in gzip.decompress(base64.b64decode(packed)).decode().splitlines()}


def own_writes(bed: Bed) -> list[Exchange]:
    """The requests that stored the inventory's head."""
    return [one for one in bed.proxy.writes if bed.is_own(one) and "/leases" not in one.path and one.method != "DELETE"]


def test_s15_the_inventory_is_written_ahead(bed: Bed) -> None:
    bed.apply(config_map("a"), secret("b"), role("c")).expect(0)
    ahead = own_writes(bed)[0]
    assert ahead.number < bed.applies()[0].number
    assert len(stored_ids(ahead)) == 3


def test_s16_what_left_the_set_is_deleted_by_its_uid(bed: Bed) -> None:
    a, b, c = (config_map(name) for name in "abc")
    bed.set_up(a, b, c)
    live = bed.live(c)
    assert live is not None
    done = bed.apply(a, b).expect(0)
    [deletion] = bed.deletes()
    assert deletion.name == "c"
    assert deletion.json["preconditions"]["uid"] == live["metadata"]["uid"]
    assert done.outcomes()["ConfigMap/c"] == "pruned"
    assert set(bed.entries()) == {"ConfigMap/a", "ConfigMap/b"}


def test_s26_a_damaged_inventory_stops_everything_and_can_be_rebuilt(bed: Bed) -> None:
    bed.set_up(config_map("a"), secret("b"))
    head = bed.inventory()
    assert head is not None
    header = json.loads(head["data"]["header"])
    header["sha256"] = "0" * 64
    bed.kube.merge(head, {"data": {"header": json.dumps(header)}})
    done = bed.apply(config_map("a")).expect(1)
    assert "InventoryDamaged" in done.text
    assert bed.proxy.writes == []
    bed.run("inventory", "rebuild", "--yes").expect(0)
    assert set(bed.entries()) == {"ConfigMap/a", "Secret/b"}
    assert bed.apply(config_map("a")).expect(0).outcomes()["Secret/b"] == "pruned"


def twenty_thousand(mark: str) -> dict[ObjectId, Entry]:
    """So many entries, with uids and fingerprints that do not compress."""
    found = {}
    for number in range(20_000):
        digest = hashlib.sha256(f"{mark} {number}".encode()).hexdigest()
        name = ObjectId("apps", "Deployment", f"team-{number % 50}", f"service-{number}")
        uid = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
        found[name] = Entry(name, "v1", uid, "a", digest[32:44], digest[44:56])
    return found


def store_of(bed: Bed) -> Store:
    """What writes the inventory of a test."""
    from applier.cluster.cluster import connect
    from applier.cluster.kubeconfig import Choice
    from applier.cluster.stored import read_inventory
    from applier.cluster.writer import Writer

    cluster = connect(Choice(kubeconfig=str(bed.kubeconfig)), bed.environment())
    ref = InventoryRef(bed.namespace, bed.name)
    stored = read_inventory(cluster.reader, ref)
    return Store(
        cluster.reader, Writer(cluster.exchange, "kbuild"), ref, stored, retry=lambda call: call(), tool="test"
    )  # type: ignore[arg-type]


def parts_of(bed: Bed) -> set[str]:
    """The names of the parts of the inventory that exist."""
    names = {item["metadata"]["name"] for item in bed.kube.list("v1", "ConfigMap", bed.namespace)}
    return {name for name in names if name.startswith(f"kbuild.{bed.name}.")}


def test_s27_a_large_inventory_is_in_parts(bed: Bed) -> None:
    entries = twenty_thousand("first")
    store_of(bed).write(entries, Header(tool="test"))
    parts = parts_of(bed)
    assert len(parts) == 2
    head = bed.inventory()
    assert head is not None
    assert len(json.dumps(head)) < 1_048_576
    assert dict(store_of(bed).current.entries) == entries
    # The head cannot be written: the parts of the new generation are there, the old inventory is whole.
    bed.proxy.add(Answer(403, "Forbidden", "no"), "PUT", f"configmaps/kbuild.{bed.name}")
    with pytest.raises(ApplierError):
        store_of(bed).write(twenty_thousand("second"), Header(tool="test"))
    bed.proxy.clear()
    assert len(parts_of(bed)) == 4
    assert dict(store_of(bed).current.entries) == entries
    store_of(bed).sweep()
    assert parts_of(bed) == parts


def flux_kustomization(bed: Bed, entries: list[dict[str, str]], **spec: Any) -> Object:
    """Flux's Kustomization with an inventory; its kind is defined for the test."""
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "apps", "namespace": bed.namespace},
        "spec": {
            "interval": "5m",
            "path": "./",
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": "x"},
            **spec,
        },
        "status": {"inventory": {"entries": entries}},
    }


@pytest.fixture
def flux(bed: Bed) -> Bed:
    """A cluster that knows Flux's Kustomization."""
    bed.kube.ensure(resource_definition("Kustomization", "kustomize.toolkit.fluxcd.io"))
    assert eventually(lambda: bed.kube.raw("GET", "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations")[0] == 200)
    return bed


def test_s28_an_inventory_of_flux_is_taken_over(flux: Bed) -> None:
    bed = flux
    labels = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": bed.namespace}
    bodies = [config_map(f"c-{number}", labels=labels) for number in range(6)]
    bodies += [secret("s", labels=labels), service_account("sa", labels=labels)]
    bodies += [role("read:all", labels=labels), role_binding("bind:all", "read:all", account="sa", labels=labels)]
    entries, uids = [], {}
    for body in bodies:
        made = bed.kube.apply(bed.owned(body), "kustomize-controller")
        group, _, version = body["apiVersion"].rpartition("/")
        name = body["metadata"]["name"].replace(":", "__")
        entries.append({"id": f"{bed.namespace}_{name}_{group}_{body['kind']}", "v": version})
        uids[body["kind"], body["metadata"]["name"]] = made["metadata"]["uid"]
    source = bed.kube.create(flux_kustomization(bed, entries))
    bed.kube.merge(source, {"status": {"inventory": {"entries": entries}}}, sub="status")
    reference = f"{bed.namespace}/apps"
    done = bed.run("inventory", "import", "flux", reference)
    assert done.code != 0
    assert "suspend" in done.text
    bed.kube.merge(source, {"spec": {"suspend": True, "prune": False}})
    bed.run("inventory", "import", "flux", reference).expect(0)
    assert len(bed.entries()) == 10
    bed.apply(*bodies, flags=["--adopt=all"]).expect(0)
    assert len(bed.entries()) == 10
    for body in bodies:
        live = bed.live(body)
        assert live is not None
        assert live["metadata"]["uid"] == uids[body["kind"], body["metadata"]["name"]]
        assert "kustomize-controller" not in {entry["manager"] for entry in live["metadata"]["managedFields"]}


def test_s29_members_carry_the_label_of_the_apply_set(bed: Bed) -> None:
    bodies = [config_map("a"), secret("b"), role("c")]
    bed.set_up(*bodies)
    head = bed.inventory()
    assert head is not None
    selector = f"{PART_OF}={head['metadata']['labels']['applyset.kubernetes.io/id']}"
    found = {
        (kind, item["metadata"]["name"])
        for version, kind in (("v1", "ConfigMap"), ("v1", "Secret"), ("rbac.authorization.k8s.io/v1", "Role"))
        for item in bed.kube.list(version, kind, bed.namespace, selector)
    }
    assert found == {("ConfigMap", "a"), ("Secret", "b"), ("Role", "c")}


def test_s29_kubectl_refuses_the_apply_set_of_another_tool(bed: Bed) -> None:
    bed.set_up(config_map("a"))
    command = [
        str(cluster_bin() / "kubectl"),
        *("apply", "--kubeconfig", str(bed.kubeconfig), "-n", bed.namespace, "--server-side", "--prune"),
        *(f"--applyset=configmap/kbuild.{bed.name}", "-f", str(bed.write(config_map("x")))),
    ]
    environment = bed.environment(KUBECTL_APPLYSET="true")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "kbuild" in done.stderr
    assert bed.live(config_map("x")) is None


OWNERS = {
    "kbuild": ({"labels": {PART_OF: "applyset-c29tZXRoaW5nLWVsc2U-v1"}}, "applyset-c29tZXRoaW5nLWVsc2U-v1"),
    "helm": ({"annotations": {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "prod"}}, "shop"),
    "flux": (
        {
            "labels": {
                "kustomize.toolkit.fluxcd.io/name": "apps",
                "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
            }
        },
        "flux-system/apps",
    ),
    "kapp": ({"labels": {"kapp.k14s.io/app": "1700000000"}}, "1700000000"),
}


@pytest.mark.parametrize("owner", OWNERS)
def test_s30_objects_of_others_are_not_touched_unless_asked(owner: str, bed: Bed) -> None:
    marks, shown = OWNERS[owner]
    bed.kube.create(bed.owned(config_map("a", **marks)))
    done = bed.apply(config_map("a", {"key": "new"})).expect(3)
    assert shown in done.text
    assert "owned by" in done.text
    assert bed.member_writes == []
    done = bed.apply(config_map("a", {"key": "new"}), flags=["--adopt=all"]).expect(0)
    assert shown in done.text
    live = bed.live(config_map("a"))
    assert live is not None
    assert live["data"] == {"key": "new"}


def test_s31_an_object_can_move_from_one_set_to_another(bed: Bed) -> None:
    bed.set_up(config_map("moved"), config_map("stays"))
    bed.name = "other"
    bed.apply(config_map("moved"), flags=["--adopt=all"]).expect(0)
    uid = (bed.live(config_map("moved")) or {})["metadata"]["uid"]
    bed.name = "app"
    done = bed.apply(config_map("stays")).expect(0)
    assert "belongs to inventory" in done.text
    live = bed.live(config_map("moved"))
    assert live is not None
    assert live["metadata"]["uid"] == uid
    assert set(bed.entries()) == {"ConfigMap/stays"}


def test_an_inventory_can_live_in_a_namespace_of_the_set(bed: Bed) -> None:
    inner = f"{bed.namespace}-in"
    bed.cleaned(namespace(inner))
    bodies = [namespace(inner), config_map("a", namespace=inner)]
    command = ["--name", "inner", "-n", inner, "-o", "json"]
    bed.command = lambda verb, *arguments: [str(__import__("bed").KBUILD), verb, *arguments, *command]  # type: ignore[method-assign]
    bed.run("apply", str(bed.write(*bodies))).expect(0)
    assert bed.kube.get("v1", "ConfigMap", inner, "kbuild.inner") is not None
    bed.run("apply", str(bed.write(*bodies))).expect(0)


def test_the_lock_is_gone_after_a_run(bed: Bed, own_plane: Plane) -> None:
    bed.apply(deployment("web")).expect(0)
    assert bed.lease() is None
    bed.proxy.clear()
    bed.apply(deployment("web")).expect(0)
    assert bed.proxy.find("", "/leases") == []
