"""Other tools' inventories to entries, and entries to theirs; refused where taking over would be a fight or a loss."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from cluster_values import REF, body, discovery, oid

from applier.failures import ApplierError, ErrorClass
from applier.inventory import exports, imports
from applier.inventory.names import applyset_id_of
from applier.model.ids import GroupKind, parse_id
from applier.model.inventory import Entry

FLUX = "kustomize.toolkit.fluxcd.io/v1/Kustomization"
STATUS = {
    "inventory": {
        "entries": [
            {"id": "t_web_apps_Deployment", "v": "v1"},
            {"id": "_system__node_rbac.authorization.k8s.io_ClusterRole", "v": "v1"},
        ]
    }
}
HELD = {
    oid("apps/Deployment t/web"): Entry(oid("apps/Deployment t/web"), "v1"),
    oid("rbac.authorization.k8s.io/ClusterRole system:node"): Entry(
        oid("rbac.authorization.k8s.io/ClusterRole system:node"), "v1"
    ),
}


def flux(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return body(FLUX, "flux-system/apps", spec={"suspend": True, "prune": False} | spec, status=status or STATUS)


def test_a_suspended_kustomization_is_read() -> None:
    assert imports.from_flux(flux()) == HELD
    assert imports.from_flux(flux(prune=True, deletionPolicy="Orphan")) == HELD


REFUSED: list[tuple[dict[str, Any], ErrorClass, str]] = [
    (flux(suspend=False), ErrorClass.CONFIRMATION, "is not suspended"),
    (flux(prune=True), ErrorClass.CONFIRMATION, "would delete its objects"),
    (flux({"inventory": {"entries": [{"id": "nonsense"}]}}), ErrorClass.INVENTORY, "not an object id: 'nonsense'"),
]


@pytest.mark.parametrize(("given", "error_class", "words"), REFUSED)
def test_a_kustomization_that_goes_on_is_refused(given: dict[str, Any], error_class: ErrorClass, words: str) -> None:
    with pytest.raises(ApplierError, match=words) as caught:
        imports.from_flux(given)
    assert caught.value.error_class is error_class


def test_kpt_keeps_ids_as_keys() -> None:
    labels = {"cli-utils.sigs.k8s.io/inventory-id": "x"}
    given = body("ConfigMap", "t/inventory", labels=labels, data={"t_c__ConfigMap": '{"actuation": "Succeeded"}'})
    assert imports.from_kpt(given) == {oid("ConfigMap t/c"): Entry(oid("ConfigMap t/c"))}
    with pytest.raises(ApplierError, match="no label"):
        imports.from_kpt(body("ConfigMap", "t/c", data={}))


def test_applysets_of_kubectl_are_searched_by_their_label() -> None:
    set_id = applyset_id_of("set", "t", "Secret", "")
    notes = {
        "applyset.kubernetes.io/tooling": "kubectl/v1.33",
        "applyset.kubernetes.io/contains-group-kinds": "ConfigMap,Deployment.apps",
    }
    found = imports.of_applyset(
        body("Secret", "t/set", labels={"applyset.kubernetes.io/id": set_id}, annotations=notes)
    )
    assert found.selector == f"applyset.kubernetes.io/part-of={set_id}"
    assert found.kinds == (GroupKind("", "ConfigMap"), GroupKind("apps", "Deployment"))
    mine = body("ConfigMap", "t/c", uid="7", labels={"applyset.kubernetes.io/part-of": set_id})
    assert imports.from_members([mine, body("ConfigMap", "t/ignored-selector")], found) == {
        oid("ConfigMap t/c"): Entry(oid("ConfigMap t/c"), "v1", "7")
    }
    with pytest.raises(ApplierError, match="its tooling is 'kbuild/1'"):
        imports.of_applyset(
            body(
                "Secret",
                "t/set",
                labels={"applyset.kubernetes.io/id": set_id},
                annotations={"applyset.kubernetes.io/tooling": "kbuild/1"},
            )
        )
    with pytest.raises(ApplierError, match="no annotation"):
        imports.of_applyset(body("Secret", "t/set"))


def test_apps_of_kapp_name_their_label_and_kinds() -> None:
    spec = {
        "labelKey": "kapp.k14s.io/app",
        "labelValue": "17",
        "usedGKs": [{"Group": "apps", "Kind": "Deployment"}, {"Group": "", "Kind": "Secret"}],
    }
    found = imports.of_kapp(body("ConfigMap", "t/app", data={"spec": json.dumps(spec)}))
    assert found == imports.Search("kapp.k14s.io/app", "17", (GroupKind("", "Secret"), GroupKind("apps", "Deployment")))
    for wrong in ("{", "{}", json.dumps({"labelKey": "x"})):
        with pytest.raises(ApplierError, match="is no inventory that can be imported"):
            imports.of_kapp(body("ConfigMap", "t/app", data={"spec": wrong}))


MANIFEST = """\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r, namespace: wrong}
---
apiVersion: example.org/v1
kind: Widget
metadata: {name: w}
---
- no object
"""


def release(version: int, status: str = "deployed", kind: str = "Secret") -> dict[str, Any]:
    document = json.dumps({"name": "shop", "namespace": "t", "info": {"status": status}, "manifest": MANIFEST}).encode()
    value = base64.b64encode(gzip.compress(document))
    if kind == "Secret":
        value = base64.b64encode(value)
    return body(
        kind,
        f"t/sh.helm.release.v1.shop.v{version}",
        labels={"owner": "helm", "version": str(version)},
        data={"release": value.decode()},
    )


def test_helm_releases_hold_their_manifest() -> None:
    newest = imports.newest_release([release(9), release(10, kind="ConfigMap"), body("Secret", "t/other")])
    assert newest["metadata"]["labels"]["version"] == "10"
    for kind in ("Secret", "ConfigMap"):
        assert sorted(map(str, imports.from_helm(release(1, kind=kind), discovery()))) == [
            "apps/Deployment t/web", "example.org/Widget w", "rbac.authorization.k8s.io/ClusterRole r",
        ]  # fmt: skip
    with pytest.raises(ApplierError, match="is pending-upgrade"):
        imports.from_helm(release(1, "pending-upgrade"), discovery())
    with pytest.raises(ApplierError, match="no readable Helm release"):
        imports.from_helm(body("Secret", "t/x", data={"release": "AAAA"}), discovery())
    with pytest.raises(ApplierError, match="no such Helm release"):
        imports.newest_release([])


def test_exports_are_what_the_others_read() -> None:
    assert imports.from_flux(flux({"inventory": exports.to_flux(HELD)})) == HELD
    assert set(imports.from_kpt(exports.to_kpt(HELD, REF))) == set(HELD)
    names = exports.to_list(HELD)
    assert names == sorted(names)
    assert {parse_id(name) for name in names} == set(HELD)
    assert exports.to_kpt({}, REF)["metadata"] == {
        "name": "app",
        "namespace": "t",
        "labels": {"cli-utils.sigs.k8s.io/inventory-id": "t-app"},
    }
