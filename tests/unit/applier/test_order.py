"""Who waits for whom: inferred edges, depends-on, cycles, and the order of writing and deleting."""

from __future__ import annotations

import random
from typing import Any

import pytest
from cluster_values import body, normalized, oid

from applier import keys
from applier.model.errors import CycleError
from applier.model.plan import Edge, EdgeType
from applier.order.apply_order import apply_order, external
from applier.order.graph import Edges, Ordered, _topological, knots, ordered
from applier.order.members import Member
from applier.order.phases import phase_of, sort_key
from applier.order.prune_order import prune_order

RBAC = "rbac.authorization.k8s.io/v1"
HOOKS = "admissionregistration.k8s.io/v1"
APPS = "apps/v1"


def members(bodies: list[dict[str, Any]]) -> list[Member]:
    return [Member(one.id, one.body, one.depends_on) for one in normalized(bodies, extra="example.org/v1 Widget")]


def edges_of(found: Ordered) -> set[str]:
    return {
        f"{one} -{edge.type}-> {edge.target} ({edge.reason})" for one, edges in found.edges.items() for edge in edges
    }


def workload(
    path: str, kind: str = f"{APPS}/Deployment", labels: dict[str, str] | None = None, **pod: Any
) -> dict[str, Any]:
    return body(kind, path, spec={"template": {"metadata": {"labels": labels or {}}, "spec": pod}})


def crd(kind: str = "Widget", **spec: Any) -> dict[str, Any]:
    names = {"group": "example.org", "names": {"kind": kind}, "scope": "Namespaced"}
    return body("apiextensions.k8s.io/v1/CustomResourceDefinition", f"{kind.lower()}s.example.org", spec=names | spec)


def service(path: str, **selector: str) -> dict[str, Any]:
    return body("Service", path, spec={"selector": selector})


SET = "ConfigMap t/c"
CASES: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    ("a namespace", [body("ConfigMap", "t/c"), body("Namespace", "t")], ["ConfigMap t/c -A-> Namespace t (namespace)"]),
    (
        "a definition",
        [body("example.org/v1/Widget", "t/w"), crd()],
        ["example.org/Widget t/w -H-> apiextensions.k8s.io/CustomResourceDefinition widgets.example.org (crd)"],
    ),
    (
        "a role and an account",
        [
            body(f"{RBAC}/RoleBinding", "t/b", roleRef={"kind": "Role", "name": "r"}, subjects=[{"kind": "ServiceAccount", "name": "s"}]),
            body(f"{RBAC}/ClusterRoleBinding", "b", roleRef={"kind": "ClusterRole", "name": "r"}, subjects=[{"kind": "ServiceAccount", "name": "s", "namespace": "t"}]),
            body(f"{RBAC}/Role", "t/r"), body(f"{RBAC}/ClusterRole", "r"), body("ServiceAccount", "t/s"),
        ],
        [
            "rbac.authorization.k8s.io/RoleBinding t/b -A-> rbac.authorization.k8s.io/Role t/r (roleRef)",
            "rbac.authorization.k8s.io/RoleBinding t/b -S-> ServiceAccount t/s (subject)",
            "rbac.authorization.k8s.io/ClusterRoleBinding b -A-> rbac.authorization.k8s.io/ClusterRole r (roleRef)",
            "rbac.authorization.k8s.io/ClusterRoleBinding b -S-> ServiceAccount t/s (subject)",
        ],
    ),
    (
        "aggregated roles",
        [
            body(f"{RBAC}/ClusterRole", "all", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "1"}}]}),
            body(f"{RBAC}/ClusterRole", "one", labels={"a": "1"}), body(f"{RBAC}/ClusterRole", "two", labels={"a": "2"}),
        ],
        ["rbac.authorization.k8s.io/ClusterRole all -S-> rbac.authorization.k8s.io/ClusterRole one (aggregation)"],
    ),
    (
        "what a pod needs",
        [
            workload(
                "t/d", serviceAccountName="s", priorityClassName="p", imagePullSecrets=[{"name": "pull"}],
                initContainers=[{"envFrom": [{"configMapRef": {"name": "init"}}]}],
                containers=[{"env": [{"valueFrom": {"secretKeyRef": {"name": "key", "optional": True}}}, {"name": "plain", "value": "1"}]}],
                volumes=[
                    {"configMap": {"name": "vol"}}, {"secret": {"secretName": "cert"}}, {"persistentVolumeClaim": {"claimName": "data"}},
                    {"projected": {"sources": [{"configMap": {"name": "vol"}}, {"secret": {"name": "key"}}]}}, {"emptyDir": {}},
                ],
            ),
            *(body("ConfigMap", f"t/{name}") for name in ("init", "vol", "other")),
            *(body("Secret", f"t/{name}") for name in ("pull", "key", "cert")),
            body("ServiceAccount", "t/s"), body("PersistentVolumeClaim", "t/data"), body("scheduling.k8s.io/v1/PriorityClass", "p"),
        ],
        [
            "apps/Deployment t/d -A-> ServiceAccount t/s (serviceAccount)",
            "apps/Deployment t/d -A-> scheduling.k8s.io/PriorityClass p (priorityClass)",
            "apps/Deployment t/d -A-> Secret t/pull (imagePullSecret)",
            "apps/Deployment t/d -A-> ConfigMap t/init (envFrom)",
            "apps/Deployment t/d -A-> Secret t/key (volume)",
            "apps/Deployment t/d -A-> ConfigMap t/vol (volume)",
            "apps/Deployment t/d -A-> Secret t/cert (volume)",
            "apps/Deployment t/d -A-> PersistentVolumeClaim t/data (volume)",
        ],
    ),
    (
        "what is optional is only preferred",
        [workload("t/d", containers=[{"envFrom": [{"configMapRef": {"name": "c", "optional": True}}]}]), body("ConfigMap", "t/c")],
        ["apps/Deployment t/d -S-> ConfigMap t/c (envFrom)"],
    ),
    (
        "a cron job's pods",
        [
            body("batch/v1/CronJob", "t/j", spec={"jobTemplate": {"spec": {"template": {"spec": {"serviceAccountName": "s"}}}}}),
            body("ServiceAccount", "t/s", secrets=[{"name": "x"}]), body("Secret", "t/x"),
        ],
        ["batch/CronJob t/j -A-> ServiceAccount t/s (serviceAccount)", "ServiceAccount t/s -S-> Secret t/x (secrets)"],
    ),
    (
        "storage",
        [
            body("PersistentVolumeClaim", "t/p", spec={"storageClassName": "fast", "volumeName": "v"}),
            body("PersistentVolume", "v", spec={"storageClassName": "fast"}), body("storage.k8s.io/v1/StorageClass", "fast"),
            body(f"{APPS}/StatefulSet", "t/s", spec={"serviceName": "head", "volumeClaimTemplates": [{"spec": {"storageClassName": "fast"}}]}),
            service("t/head", app="x"),
        ],
        [
            "PersistentVolumeClaim t/p -A-> storage.k8s.io/StorageClass fast (storageClass)",
            "PersistentVolumeClaim t/p -A-> PersistentVolume v (volumeName)",
            "PersistentVolume v -A-> storage.k8s.io/StorageClass fast (storageClass)",
            "apps/StatefulSet t/s -A-> Service t/head (serviceName)",
            "apps/StatefulSet t/s -A-> storage.k8s.io/StorageClass fast (storageClass)",
        ],
    ),
    (
        "services are preferred before the pods they select",
        [workload("t/d", labels={"app": "x", "tier": "web"}), service("t/yes", app="x"), service("t/no", app="x", tier="db"), service("u/other", app="x")],
        ["apps/Deployment t/d -S-> Service t/yes (service)"],
    ),
    (
        "a webhook needs its service, the pods behind it and its certificate",
        [
            body(f"{HOOKS}/ValidatingWebhookConfiguration", "w", annotations={"cert-manager.io/inject-ca-from": "t/cert"}, webhooks=[{"clientConfig": {"service": {"namespace": "t", "name": "s"}}}]),
            service("t/s", app="x"), workload("t/d", labels={"app": "x"}), workload("t/e", labels={"app": "y"}),
            body("cert-manager.io/v1/Certificate", "t/cert"),
        ],
        [
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration w -A-> Service t/s (service)",
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration w -H-> apps/Deployment t/d (behind the service)",
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration w -H-> cert-manager.io/Certificate t/cert (inject-ca-from)",
            "apps/Deployment t/d -S-> Service t/s (service)",
        ],
    ),
    (
        "an API service likewise",
        [body("apiregistration.k8s.io/v1/APIService", "v1.x.org", spec={"service": {"namespace": "t", "name": "s"}}), service("t/s", app="x"), workload("t/d", labels={"app": "x"})],
        [
            "apiregistration.k8s.io/APIService v1.x.org -A-> Service t/s (service)",
            "apiregistration.k8s.io/APIService v1.x.org -H-> apps/Deployment t/d (behind the service)",
            "apps/Deployment t/d -S-> Service t/s (service)",
        ],
    ),
    (
        "converted resources need their converter",
        [
            crd(conversion={"webhook": {"clientConfig": {"service": {"namespace": "t", "name": "s"}}}}),
            body("example.org/v1/Widget", "t/w"), service("t/s", app="x"), workload("t/d", labels={"app": "x"}),
        ],
        [
            "example.org/Widget t/w -H-> apiextensions.k8s.io/CustomResourceDefinition widgets.example.org (crd)",
            "example.org/Widget t/w -H-> Service t/s (conversion webhook)",
            "example.org/Widget t/w -H-> apps/Deployment t/d (conversion webhook)",
            "apps/Deployment t/d -S-> Service t/s (service)",
        ],
    ),
    (
        "scalers and budgets come after what they watch",
        [
            body("autoscaling/v2/HorizontalPodAutoscaler", "t/h", spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}),
            body("keda.sh/v1alpha1/ScaledObject", "t/k", spec={"scaleTargetRef": {"name": "d"}}),
            body("policy/v1/PodDisruptionBudget", "t/b", spec={"selector": {"matchLabels": {"app": "x"}}}),
            workload("t/d", labels={"app": "x"}),
        ],
        [
            "autoscaling/HorizontalPodAutoscaler t/h -S-> apps/Deployment t/d (scaleTargetRef)",
            "keda.sh/ScaledObject t/k -S-> apps/Deployment t/d (scaleTargetRef)",
            "policy/PodDisruptionBudget t/b -S-> apps/Deployment t/d (selector)",
        ],
    ),
    (
        "routes come after what they lead to",
        [
            body("networking.k8s.io/v1/Ingress", "t/i", spec={"ingressClassName": "n", "tls": [{"secretName": "cert"}], "rules": [{"http": {"paths": [{"backend": {"service": {"name": "s"}}}]}}]}),
            body("networking.k8s.io/v1/IngressClass", "n"), body("Secret", "t/cert"), service("t/s", app="x"),
            body("gateway.networking.k8s.io/v1/Gateway", "t/g", spec={"gatewayClassName": "c", "listeners": [{"tls": {"certificateRefs": [{"name": "cert"}]}}]}),
            body("gateway.networking.k8s.io/v1/GatewayClass", "c"),
            body("gateway.networking.k8s.io/v1/HTTPRoute", "t/r", spec={"parentRefs": [{"name": "g"}], "rules": [{"backendRefs": [{"name": "s"}]}]}),
        ],
        [
            "networking.k8s.io/Ingress t/i -S-> networking.k8s.io/IngressClass n (ingressClass)",
            "networking.k8s.io/Ingress t/i -S-> Secret t/cert (tls)",
            "networking.k8s.io/Ingress t/i -S-> Service t/s (backend)",
            "gateway.networking.k8s.io/Gateway t/g -S-> gateway.networking.k8s.io/GatewayClass c (gatewayClass)",
            "gateway.networking.k8s.io/Gateway t/g -S-> Secret t/cert (tls)",
            "gateway.networking.k8s.io/HTTPRoute t/r -S-> gateway.networking.k8s.io/Gateway t/g (parentRef)",
            "gateway.networking.k8s.io/HTTPRoute t/r -S-> Service t/s (backend)",
        ],
    ),
    (
        "guards come before the pods they guard",
        [workload("t/d"), body("ResourceQuota", "t/q"), body("networking.k8s.io/v1/NetworkPolicy", "t/n"), body("LimitRange", "u/l")],
        ["apps/Deployment t/d -S-> ResourceQuota t/q (guard)", "apps/Deployment t/d -S-> networking.k8s.io/NetworkPolicy t/n (guard)"],
    ),
    (
        "an owner",
        [body("ConfigMap", "t/c", ownerReferences=[{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "1"}]), workload("t/d")],
        ["ConfigMap t/c -A-> apps/Deployment t/d (owner)"],
    ),
    (
        "what an object says itself, in both strengths",
        [
            body("ConfigMap", "t/a", annotations={keys.CONFIG_DEPENDS_ON: "apps/namespaces/t/Deployment/d"}),
            body("ConfigMap", "t/b", annotations={keys.DEPENDS_ON: "apps/namespaces/t/Deployment/d@applied"}),
            workload("t/d"),
        ],
        ["ConfigMap t/a -H-> apps/Deployment t/d (depends-on)", "ConfigMap t/b -A-> apps/Deployment t/d (depends-on)"],
    ),
    ("what is not in the set has no edge", [workload("t/d", serviceAccountName="other", volumes=[{"configMap": None}])], []),
    ("odd bodies have no edges", [workload("t/d", containers="x", volumes=[3]), body(f"{RBAC}/RoleBinding", "t/b", roleRef="x", subjects={})], []),
]  # fmt: skip


@pytest.mark.parametrize(("bodies", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_edges_are_read_from_the_objects(bodies: list[dict[str, Any]], expected: list[str]) -> None:
    found = apply_order(members(bodies))
    assert edges_of(found) == set(expected)
    place = {one: index for index, one in enumerate(found.order)}
    assert len(place) == len(bodies)
    assert all(place[edge.target] < place[one] for one, edges in found.edges.items() for edge in edges)


def test_phases_decide_among_what_is_ready() -> None:
    kinds = [
        "Namespace",
        "example.org/GatewayClass",
        "ConfigMap",
        "apps/Deployment",
        "example.org/Widget",
        "apiregistration.k8s.io/APIService",
    ]
    assert [phase_of(oid(f"{kind} x")) for kind in kinds] == [0, 10, 25, 45, 60, 80]
    bodies = [
        workload("t/b"),
        workload("t/a"),
        body("ConfigMap", "u/c"),
        body("ConfigMap", "t/d"),
        body("Namespace", "z"),
    ]
    order = [str(one) for one in apply_order(members(bodies)).order]
    assert order == ["Namespace z", "ConfigMap t/d", "ConfigMap u/c", "apps/Deployment t/a", "apps/Deployment t/b"]


def everything() -> list[dict[str, Any]]:
    return [body(f"{APPS}/Deployment", f"t/d{n}", spec={}) for n in range(5)] + [
        one for _, bodies, _ in CASES[:-2] for one in bodies if one["kind"] != "Deployment"
    ]


def test_the_order_does_not_depend_on_the_input() -> None:
    unique = {
        (one["kind"], one["apiVersion"], str(one["metadata"].get("namespace")), one["metadata"]["name"]): one
        for one in everything()
    }
    bodies = list(unique.values())
    first = apply_order(members(bodies))
    for seed in range(20):
        random.Random(seed).shuffle(bodies)
        again = apply_order(members(bodies))
        assert (again.order, again.edges) == (first.order, first.edges)


def depends(path: str, *targets: str, kind: str = "ConfigMap") -> dict[str, Any]:
    value = ",".join(f"/namespaces/t/ConfigMap/{target}" for target in targets)
    return body(kind, path, annotations={keys.CONFIG_DEPENDS_ON: value} if targets else {})


def test_all_cycles_are_told_as_their_shortest_paths() -> None:
    ring = [depends("t/a", "b"), depends("t/b", "c"), depends("t/c", "a", "d"), depends("t/d", "a")]
    pair = [depends("t/x", "y"), depends("t/y", "x")]
    with pytest.raises(CycleError) as caught:
        apply_order(members([*ring, *pair, depends("t/free", "a")]))
    assert caught.value.exit_code == 2
    assert [str(one) for one in caught.value.problems] == [
        "ConfigMap t/a (depends-on) → ConfigMap t/b (depends-on) → ConfigMap t/c (depends-on) → ConfigMap t/a",
        "ConfigMap t/x (depends-on) → ConfigMap t/y (depends-on) → ConfigMap t/x",
    ]


def test_an_object_cannot_wait_for_itself() -> None:
    with pytest.raises(CycleError, match=r"ConfigMap t/a \(config.kubernetes.io/depends-on\) → ConfigMap t/a"):
        apply_order(members([depends("t/a", "a")]))


def test_soft_edges_give_way() -> None:
    bodies = [workload("t/d", labels={"app": "x"}), service("t/s", app="x")]
    bodies[1]["metadata"]["annotations"] = {keys.CONFIG_DEPENDS_ON: "apps/namespaces/t/Deployment/d"}
    found = apply_order(members(bodies))
    assert [str(one) for one in found.order] == ["apps/Deployment t/d", "Service t/s"]
    assert [(str(one), str(edge.target), edge.reason) for one, edge in found.dropped] == [
        ("apps/Deployment t/d", "Service t/s", "service")
    ]
    assert edges_of(found) == {"Service t/s -H-> apps/Deployment t/d (depends-on)"}


def test_dependencies_outside_the_set_are_kept_apart() -> None:
    (member,) = members([depends("t/a", "elsewhere")])
    assert [(str(edge.target), edge.type.value) for edge in external(member, frozenset())] == [
        ("ConfigMap t/elsewhere", "H")
    ]
    assert external(member, frozenset([oid("ConfigMap t/elsewhere")])) == ()


def test_operators_are_awaited_on_demand() -> None:
    bodies = [
        body("example.org/v1/Widget", "t/w"),
        workload("op/operator", serviceAccountName="s"),
        workload("op/all", serviceAccountName="admin"),
        workload("t/plain"),
        body(f"{RBAC}/ClusterRole", "r", rules=[{"apiGroups": ["example.org", "apps"]}]),
        body(f"{RBAC}/ClusterRole", "admin", rules=[{"apiGroups": ["*"]}]),
        body(f"{RBAC}/ClusterRoleBinding", "b", roleRef={"kind": "ClusterRole", "name": "r"}, subjects=[{"kind": "ServiceAccount", "name": "s", "namespace": "op"}]),
        body(f"{RBAC}/ClusterRoleBinding", "c", roleRef={"kind": "ClusterRole", "name": "admin"}, subjects=[{"kind": "ServiceAccount", "name": "admin", "namespace": "op"}]),
    ]  # fmt: skip
    edge = "example.org/Widget t/w -S-> apps/Deployment op/operator (operator)"
    assert {one for one in edges_of(apply_order(members(bodies), wait_operators=True)) if "operator)" in one} == {edge}
    assert edge not in edges_of(apply_order(members(bodies)))


def test_a_namespace_with_very_many_guards_keeps_to_the_phases() -> None:
    bodies = [workload(f"t/d{n}") for n in range(101)] + [body("LimitRange", f"t/l{n}") for n in range(100)]
    found = apply_order(members(bodies))
    assert edges_of(found) == set()
    assert found.order[0].kind == "LimitRange"


PRUNED: list[tuple[str, list[dict[str, Any]], list[str]]] = [
    (
        "members before their namespace",
        [body("Namespace", "t"), body("ConfigMap", "t/c"), workload("t/d", volumes=[{"configMap": {"name": "c"}}])],
        ["apps/Deployment t/d", "ConfigMap t/c", "Namespace t"],
    ),
    (
        "webhooks first, custom resources before their definition, operators after what they finish",
        [
            crd(),
            body("example.org/v1/Widget", "t/w") | {"metadata": {"name": "w", "namespace": "t", "finalizers": ["x"]}},
            workload("t/operator", labels={"app": "x"}, serviceAccountName="s"),
            service("t/s", app="x"),
            body("ServiceAccount", "t/s"),
            body(f"{RBAC}/Role", "t/r"),
            body(f"{HOOKS}/ValidatingWebhookConfiguration", "w", webhooks=[{"clientConfig": {"service": {"namespace": "t", "name": "s"}}}]),
        ],
        [
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration w",
            "example.org/Widget t/w",
            "apiextensions.k8s.io/CustomResourceDefinition widgets.example.org",
            "apps/Deployment t/operator",
            "Service t/s",
            "rbac.authorization.k8s.io/Role t/r",
            "ServiceAccount t/s",
        ],
    ),
    ("a cycle is opened along the phases", [depends("t/a", "b"), depends("t/b", "a")], ["ConfigMap t/a", "ConfigMap t/b"]),
]  # fmt: skip


@pytest.mark.parametrize(("bodies", "expected"), [case[1:] for case in PRUNED], ids=[case[0] for case in PRUNED])
def test_deleting_goes_backwards(bodies: list[dict[str, Any]], expected: list[str]) -> None:
    live = [
        Member(one.id, raw, one.depends_on)
        for one, raw in zip(normalized(bodies, extra="example.org/v1 Widget"), bodies, strict=True)
    ]
    found = prune_order(live)
    assert [str(one) for one in found.order] == expected


def test_a_namespace_waits_until_its_members_are_gone() -> None:
    found = prune_order(members([body("Namespace", "t"), body("ConfigMap", "t/c")]))
    assert edges_of(found) == {"Namespace t -H-> ConfigMap t/c (namespace)"}


@pytest.mark.parametrize("seed", range(40))
def test_the_order_of_phases_is_taken_only_where_it_is_the_smallest_one(seed: int) -> None:
    """Where edges agree with the phases nothing is searched; the order is the one that a search finds."""
    chance = random.Random(seed)
    ids = [oid(f"ConfigMap n/c-{number}") for number in range(12)]
    edges: Edges = dict.fromkeys(ids, ())
    for place, one in enumerate(ids[1:], 1):
        backwards = seed % 2 and chance.random() < 0.2
        choices = ids[place + 1 :] if backwards else ids[:place]
        targets = chance.sample(choices, min(len(choices), chance.randrange(3)))
        edges[one] = tuple(Edge(target, EdgeType.SOFT, "test") for target in targets)
    found = ordered(edges, sort_key)
    targets_of = {one: [edge.target for edge in kept] for one, kept in found.edges.items()}
    assert found.order == _topological(targets_of, sort_key)
    assert not knots(targets_of)
    if not found.dropped:
        assert found.edges == edges
