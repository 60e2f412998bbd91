"""Documents to desired objects: payloads, namespaces, wishes, and every problem at once."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cluster_values import PART_OF, REF, body, discovery, normalized

import kbuild
from applier import keys
from applier.model.desired import Document
from applier.model.errors import InputError
from applier.model.policy import Policy
from applier.normalize import Normalized, documents, normalize

CUSTOM = "example.org/v1/Widget"
PLAIN = Policy(labels=False)


def run(*bodies: Any, policy: Policy = PLAIN, extra: str = "") -> Normalized:
    return normalize([Document(one, f"f.yaml:{n}") for n, one in enumerate(bodies, 1)], discovery(extra), policy, REF)


def problems(*bodies: Any, policy: Policy = PLAIN) -> list[str]:
    with pytest.raises(InputError) as caught:
        run(*bodies, policy=policy)
    assert caught.value.exit_code == 2
    return [str(problem) for problem in caught.value.problems]


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CLEANED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("status goes", body("Pod", "t/a", status={"phase": "x"}), body("Pod", "t/a")),
    ("server fields go", body("Pod", "t/a", uid="1", generation=2, managedFields=[]), body("Pod", "t/a")),
    (
        "the client's annotation goes, others stay",
        body("Pod", "t/a", annotations={keys.LAST_APPLIED: "{}", "x": "y"}),
        body("Pod", "t/a", annotations={"x": "y"}),
    ),
    ("and takes the map along", body("Pod", "t/a", annotations={keys.LAST_APPLIED: "{}"}), body("Pod", "t/a")),
    (
        "stringData becomes data and wins",
        body("Secret", "t/s", data={"a": b64("old"), "b": b64("2")}, stringData={"a": "new"}),
        body("Secret", "t/s", data={"a": b64("new"), "b": b64("2")}),
    ),
    ("base64 loses line breaks", body("Secret", "t/s", data={"a": "aGVs\nbG8="}), body("Secret", "t/s", data={"a": "aGVsbG8="})),
    (
        "binaryData as well",
        body("ConfigMap", "t/s", binaryData={"a": "aGVs\n bG8=\n"}),
        body("ConfigMap", "t/s", binaryData={"a": "aGVsbG8="}),
    ),
    ("a config map's data is text", body("ConfigMap", "t/s", data={"a": "x\ny"}), body("ConfigMap", "t/s", data={"a": "x\ny"})),
    (
        "empty collections go, markers stay",
        body("apps/v1/Deployment", "t/d", annotations={}, spec={"selector": {}, "template": {"spec": {"volumes": [], "securityContext": {}}}}),
        body("apps/v1/Deployment", "t/d", spec={"selector": {}, "template": {"spec": {"securityContext": {}}}}),
    ),
    (
        "empty subjects go",
        body("rbac.authorization.k8s.io/v1/RoleBinding", "t/r", subjects=[]),
        body("rbac.authorization.k8s.io/v1/RoleBinding", "t/r"),
    ),
    ("empty rules of a role go", body("rbac.authorization.k8s.io/v1/Role", "t/r", rules=[]), body("rbac.authorization.k8s.io/v1/Role", "t/r")),
    (
        "what is empty in a custom resource stays",
        body(CUSTOM, "t/c", spec={"env": [], "data": {}}, labels={}),
        body(CUSTOM, "t/c", spec={"env": [], "data": {}}),
    ),
    (
        "text and numbers are kept apart",
        body("Service", "t/s", spec={"ports": [{"port": 80, "targetPort": "80"}]}),
        body("Service", "t/s", spec={"ports": [{"port": 80, "targetPort": "80"}]}),
    ),
    (
        "placeholder CA bundles go",
        body("admissionregistration.k8s.io/v1/MutatingWebhookConfiguration", "w", webhooks=[{"name": "a", "clientConfig": {"caBundle": "Cg=="}}]),
        body("admissionregistration.k8s.io/v1/MutatingWebhookConfiguration", "w", webhooks=[{"name": "a", "clientConfig": {}}]),
    ),
    (
        "real ones stay",
        body("apiregistration.k8s.io/v1/APIService", "w", spec={"caBundle": b64("cert")}),
        body("apiregistration.k8s.io/v1/APIService", "w", spec={"caBundle": b64("cert")}),
    ),
    ("the default namespace is filled in", body("ConfigMap", "c"), body("ConfigMap", "default/c")),
    ("a cluster-scoped object has none", body("Namespace", "x/n"), body("Namespace", "n")),
    (
        "owners without a uid go",
        body("Pod", "t/a", ownerReferences=[{"name": "o"}, {"name": "p", "uid": "7"}]),
        body("Pod", "t/a", ownerReferences=[{"name": "p", "uid": "7"}]),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), [case[1:] for case in CLEANED], ids=[case[0] for case in CLEANED])
def test_a_payload_holds_what_is_ours(given: dict[str, Any], expected: dict[str, Any]) -> None:
    before = repr(given)
    (desired,) = run(given, extra="example.org/v1 Widget").desired
    assert desired.body == expected
    assert repr(given) == before
    (again,) = run(desired.body, extra="example.org/v1 Widget").desired
    assert again.body == expected


def test_labels_name_the_inventory() -> None:
    (desired,) = run(body("ConfigMap", "t/c", labels={"a": "b"}), policy=Policy()).desired
    assert desired.body["metadata"]["labels"] == {"a": "b", keys.PART_OF: PART_OF}
    assert desired.body["metadata"]["annotations"] == {keys.OWNER: "t/app"}


def test_the_namespace_of_a_custom_resource_follows_its_definition() -> None:
    def definition(scope: str) -> dict[str, Any]:
        spec = {"group": "example.org", "names": {"kind": "Widget"}, "scope": scope}
        return body("apiextensions.k8s.io/v1/CustomResourceDefinition", "widgets.example.org", spec=spec)

    policy = Policy(labels=False, namespace="shop")
    assert run(definition("Namespaced"), body(CUSTOM, "w"), policy=policy).desired[1].id.namespace == "shop"
    assert run(definition("Cluster"), body(CUSTOM, "x/w"), policy=policy).desired[1].id.namespace == ""
    assert run(body(CUSTOM, "w"), policy=policy).desired[0].id.namespace == ""


WRONG: list[tuple[str, list[Any], list[str]]] = [
    ("no map", [["a"]], ["f.yaml:1: is no object: a map with apiVersion, kind and metadata is needed"]),
    ("no kind", [{"apiVersion": "v1", "metadata": {"name": "a"}}], ["f.yaml:1: has no kind"]),
    ("no version", [{"kind": "Pod", "metadata": {"name": "a"}}], ["f.yaml:1: Pod a: has no apiVersion"]),
    ("no name", [{"apiVersion": "v1", "kind": "Pod"}], ["f.yaml:1: Pod has no metadata.name"]),
    (
        "a generated name",
        [{"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}}],
        ["f.yaml:1: Pod a-: has generateName; an object that is applied again needs a fixed name"],
    ),
    ("a path", [body("ConfigMap", "t/c", uid="1") | {"metadata": {"name": "../x"}}], ["f.yaml:1: ConfigMap ../x: has a name that cannot be part of a request path"]),
    (
        "a namespace that is none",
        [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "../x"}}],
        ["f.yaml:1: Pod ../x/a: has the illegal namespace '../x'"],
    ),
    (
        "two versions of one object, and a problem elsewhere",
        [body("apps/v1/Deployment", "t/a"), body("apps/v1beta1/Deployment", "t/a"), ["x"]],
        [
            "f.yaml:3: is no object: a map with apiVersion, kind and metadata is needed",
            "f.yaml:2: apps/Deployment t/a: is there more than once, first at f.yaml:1",
        ],
    ),
    ("null in a list", [body("Pod", "t/a", spec={"x": [1, None]})], ["f.yaml:1: Pod t/a: spec.x[1] is null; a list cannot hold null"]),
    ("no base64", [body("Secret", "t/a", data={"k": "§secret§"})], ["f.yaml:1: Secret t/a: data.k is not base64"]),
    (
        "a hook",
        [body("batch/v1/Job", "t/j", annotations={"helm.sh/hook": "pre-install"})],
        ["f.yaml:1: batch/Job t/j: is a hook (helm.sh/hook); hooks are not run: --ignore-hooks leaves it out"],
    ),
    (
        "another inventory's label",
        [body("Pod", "t/a", labels={keys.PART_OF: "applyset-x-v1"})],
        ["f.yaml:1: Pod t/a: carries the label applyset.kubernetes.io/part-of of another inventory"],
    ),
    (
        "the inventory itself",
        [body("ConfigMap", "t/kbuild.app"), body("ConfigMap", "t/kbuild.app.1.0"), body("coordination.k8s.io/v1/Lease", "t/kbuild.app")],
        [
            "f.yaml:1: ConfigMap t/kbuild.app: is the inventory t/app itself",
            "f.yaml:2: ConfigMap t/kbuild.app.1.0: is the inventory t/app itself",
            "f.yaml:3: coordination.k8s.io/Lease t/kbuild.app: is the inventory t/app itself",
        ],
    ),
    (
        "wrong dependencies, each with its index",
        [body("Pod", "t/a", annotations={keys.CONFIG_DEPENDS_ON: "a/b/c/d, /x//y,/Kind/a,/Kind/a,g//n"})],
        [
            "f.yaml:1: Pod t/a: annotation config.kubernetes.io/depends-on: entry 0 ('a/b/c/d') is neither group/Kind/name nor group/namespaces/namespace/Kind/name",
            "f.yaml:1: Pod t/a: annotation config.kubernetes.io/depends-on: entry 1 ('/x//y') is neither group/Kind/name nor group/namespaces/namespace/Kind/name",
            "f.yaml:1: Pod t/a: annotation config.kubernetes.io/depends-on: entry 3 ('/Kind/a') is a duplicate",
            "f.yaml:1: Pod t/a: annotation config.kubernetes.io/depends-on: entry 4 ('g//n') has an empty kind",
        ],
    ),
    (
        "a timeout that is none",
        [body("Pod", "t/a", annotations={keys.TIMEOUT: "soon"})],
        ["f.yaml:1: Pod t/a: annotation kbuild.dev/timeout: not a duration: 'soon' (write 90s, 5m or 1h30m)"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_everything_wrong_is_told(given: list[Any], expected: list[str]) -> None:
    assert problems(*given) == expected


def test_a_jail_holds_namespaces_and_refuses_the_cluster() -> None:
    jail = Policy(labels=False, only_namespaces=("t",))
    given = [
        body("Pod", "u/a"),
        body("rbac.authorization.k8s.io/v1/ClusterRole", "r"),
        body("Namespace", "u"),
        body("Pod", "t/ok"),
        body("Namespace", "t"),
    ]
    assert problems(*given, policy=jail) == [
        "f.yaml:1: Pod u/a: is not in t (--only-namespace)",
        "f.yaml:2: rbac.authorization.k8s.io/ClusterRole r: is cluster-scoped, which --only-namespace forbids",
        "f.yaml:3: Namespace u: is not in t (--only-namespace)",
    ]


def test_lists_are_expanded_with_their_positions() -> None:
    inner = {"apiVersion": "v1", "kind": "ConfigMapList", "items": [body("ConfigMap", "t/b")]}
    found = run({"apiVersion": "v1", "kind": "List", "items": [body("ConfigMap", "t/a"), inner]}).desired
    assert [(str(one.id), one.position) for one in found] == [
        ("ConfigMap t/a", "f.yaml:1 (items[0])"),
        ("ConfigMap t/b", "f.yaml:1 (items[1]) (items[0])"),
    ]


def test_what_is_left_out_is_said() -> None:
    hook = body("batch/v1/Job", "t/j", annotations={"argocd.argoproj.io/hook": "Sync"})
    odd = body(
        "ConfigMap",
        "t/c",
        annotations={
            "kapp.k14s.io/change-rule.x": "upsert after upserting g",
            "argocd.argoproj.io/sync-wave": "1",
            "n": None,
        },
    )
    desired, warnings = run(hook, odd, policy=Policy(labels=False, ignore_hooks=True))
    assert [str(one.id) for one in desired] == ["ConfigMap t/c"]
    assert [(one.code, one.message) for one in warnings] == [
        ("hook-left-out", "argocd.argoproj.io/hook is set: the object is left out"),
        ("null-dropped", "metadata.annotations.n is null and is left out"),
        ("not-honoured", "annotation kapp.k14s.io/change-rule.x has no effect on the order"),
        ("not-honoured", "annotation argocd.argoproj.io/sync-wave has no effect on the order"),
    ]


WISHES: list[tuple[dict[str, str], str, Any]] = [
    ({"kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent"}, "mode", "create-only"),
    ({"kustomize.toolkit.fluxcd.io/ssa": "Ignore"}, "mode", "ignore"),
    ({"kustomize.toolkit.fluxcd.io/ssa": "Merge"}, "mode", "merge"),
    ({"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}, "mode", "ignore"),
    ({"client.lifecycle.config.k8s.io/mutation": "ignore"}, "mode", "create-only"),
    ({"kustomize.toolkit.fluxcd.io/force": "enabled"}, "recreate", True),
    ({"kbuild.dev/recreate": "true"}, "recreate", True),
    ({"kbuild.dev/recreate": "false"}, "recreate", False),
    ({"kbuild.dev/prune": "disabled"}, "keep", True),
    ({"kustomize.toolkit.fluxcd.io/prune": "disabled"}, "keep", True),
    ({"client.lifecycle.config.k8s.io/deletion": "detach"}, "keep", True),
    ({"cli-utils.sigs.k8s.io/on-remove": "keep"}, "keep", True),
    ({"helm.sh/resource-policy": "keep"}, "keep", True),
    ({"argocd.argoproj.io/sync-options": "A=b, Prune=false"}, "keep", True),
    ({"argocd.argoproj.io/sync-options": "Prune=true"}, "keep", False),
    ({"kbuild.dev/timeout": "1h2m3.5s"}, "timeout_s", 3723.5),
    ({"kbuild.dev/timeout": "90"}, "timeout_s", 90.0),
]


@pytest.mark.parametrize(("annotations", "field", "expected"), WISHES)
def test_annotations_are_wishes(annotations: dict[str, str], field: str, expected: Any) -> None:
    (desired,) = normalized([body("ConfigMap", "t/c", annotations=annotations)])
    assert getattr(desired, field) == expected


def test_dependencies_are_read_in_both_forms() -> None:
    value = "apps/namespaces/t/Deployment/d, /Namespace/n"
    own = "/namespaces/t/ConfigMap/c@applied"
    (desired,) = normalized([body("Pod", "t/a", annotations={keys.CONFIG_DEPENDS_ON: value, keys.DEPENDS_ON: own})])
    assert [(str(one.id), one.applied) for one in desired.depends_on] == [
        ("apps/Deployment t/d", False),
        ("Namespace n", False),
        ("ConfigMap t/c", True),
    ]


def test_streams_and_renders_give_positions() -> None:
    stream = "# first\napiVersion: v1\nkind: A\nmetadata: {name: a}\n---\n{kind: B}\n"
    assert [(one.body["kind"], one.position) for one in documents.of_stream(stream, "-")] == [
        ("A", "-:1"),
        ("B", "-:6"),
    ]
    files = {
        "/a/kustomization.yaml": "resources: [x.yaml]",
        "/a/x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    }
    (found,) = documents.of_result(kbuild.render("/a", fs=kbuild.MemoryFileSystem(files)))
    assert found.body["metadata"] == {"name": "a"}
    assert found.position.startswith("/a/x.yaml:1")
    with pytest.raises(kbuild.YamlError) as caught:
        documents.of_stream("a: [", "-")
    assert caught.value.file == "-"
