"""What an installation is made of: the same text each time, rights for every call, pods that the strictest policy admits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import kbuild
from applier.agent.assembly import CONTROLLERS
from applier.agent.install import components, manifests
from applier.agent.install.components import EVERY, NOTIFICATION, SOURCE, USUAL, Installation
from applier.agent.install.definitions import definitions
from applier.agent.install.rbac import controller_rules
from applier.agent.install.workloads import arguments
from applier.agent.runtime import kinds
from applier.agent.runtime.events import EVENTS
from applier.agent.runtime.leadership import LEASES
from applier.cli import agent
from kbuild.cli.flags import parse

Object = dict[str, Any]
PLAN = Installation(version="v1.2.3", image="registry.example.test/kbuild:v1.2.3", components=EVERY)
RUN = tuple(found for found in EVERY if found.controller in CONTROLLERS)


def of_kind(kind: str, plan: Installation = PLAN) -> list[Object]:
    return [body for body in manifests.manifests(plan) if body["kind"] == kind]


def names(kind: str, plan: Installation = PLAN) -> list[str]:
    return [body["metadata"]["name"] for body in of_kind(kind, plan)]


def pods(plan: Installation = PLAN) -> Iterator[tuple[str, Object]]:
    for body in of_kind("Deployment", plan):
        yield body["metadata"]["name"], body["spec"]["template"]["spec"]


def test_everything_that_flux_installs_has_the_name_that_it_has_there() -> None:
    found = [f"{body['kind']}/{body['metadata']['name']}" for body in manifests.manifests(PLAN)]
    assert [name for name in found if not name.startswith("CustomResourceDefinition")] == [
        "Namespace/flux-system",
        "NetworkPolicy/allow-egress", "NetworkPolicy/allow-scraping", "NetworkPolicy/allow-webhooks",
        "ResourceQuota/critical-pods-flux-system",
        "ClusterRole/crd-controller-flux-system", "ClusterRole/flux-edit-flux-system", "ClusterRole/flux-view-flux-system",
        "ClusterRoleBinding/cluster-reconciler-flux-system", "ClusterRoleBinding/crd-controller-flux-system",
        "ServiceAccount/source-controller", "Service/source-controller", "Deployment/source-controller",
        "ServiceAccount/kustomize-controller", "Deployment/kustomize-controller",
        "ServiceAccount/helm-controller", "Deployment/helm-controller",
        "ServiceAccount/notification-controller", "Service/notification-controller", "Service/webhook-receiver",
        "Deployment/notification-controller",
    ]  # fmt: skip
    assert set(names("CustomResourceDefinition")) == {f"{one.plural}.{one.group}" for one in definitions()}


def test_the_text_is_the_same_each_time_and_reads_back_as_the_objects() -> None:
    text = manifests.text(PLAN)
    assert text == manifests.text(PLAN)
    assert text.splitlines()[2:4] == [
        "# Version: v1.2.3",
        "# Components: source-controller,kustomize-controller,helm-controller,notification-controller",
    ]
    assert kbuild.read_documents(text) == manifests.manifests(PLAN)


def test_everything_carries_the_labels_that_tools_look_for() -> None:
    for body in manifests.manifests(PLAN):
        labels = body["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "flux"
        assert labels["app.kubernetes.io/instance"] == "flux-system"
        assert labels["app.kubernetes.io/version"] == "v1.2.3"
    for body in of_kind("Deployment"):
        pod = body["spec"]["template"]["metadata"]["labels"]
        assert pod["app"] == body["metadata"]["name"]
        assert pod.items() >= body["spec"]["selector"]["matchLabels"].items()
        assert pod["app.kubernetes.io/part-of"] == "flux"


@pytest.mark.parametrize("component", RUN, ids=lambda one: one.name)
def test_the_program_takes_its_arguments_and_listens_where_probes_and_services_look(component: Any) -> None:
    plan = Installation(version="v1", image="i", components=RUN)
    body = next(one for one in of_kind("Deployment", plan) if one["metadata"]["name"] == component.name)
    container = body["spec"]["template"]["spec"]["containers"][0]
    assert container["command"][:2] == ["kbuild", "agent"]
    values, words = parse([*container["command"][2:], *container["args"]], agent.FLAGS, pytest.fail)
    assert not words
    inside = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "RUNTIME_NAMESPACE": "flux-system"}
    options = agent.options_of(values, inside)
    assert options.controllers == (component.controller,)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert options.health_address == f":{ports['healthz']}"
    assert options.metrics_address == f":{ports['http-prom']}"
    assert {container[probe]["httpGet"]["port"] for probe in ("livenessProbe", "readinessProbe")} == {"healthz"}
    services = [one for one in of_kind("Service") if one["spec"]["selector"]["app"] == component.name]
    assert {one["spec"]["ports"][0]["targetPort"] for one in services} == {name for name, _ in component.ports}
    assert all(name in ports for name, _ in component.ports)
    if component is SOURCE:
        assert options.storage_address == f":{ports['http']}"
        assert options.events_url == "http://notification-controller.flux-system.svc.cluster.local./"
        assert options.advertised == "source-controller.$(RUNTIME_NAMESPACE).svc.cluster.local."
    if component is NOTIFICATION:
        assert options.events_address == f":{ports['http']}"
        assert options.receiver_address == f":{ports['http-webhook']}"


def test_the_order_of_arguments_is_that_which_patches_count_on() -> None:
    assert arguments(PLAN, SOURCE) == [
        "--events-addr=http://notification-controller.flux-system.svc.cluster.local./",
        "--watch-all-namespaces=true", "--log-level=info", "--log-encoding=json", "--enable-leader-election",
        "--storage-path=/data", "--storage-adv-addr=source-controller.$(RUNTIME_NAMESPACE).svc.cluster.local.",
    ]  # fmt: skip
    assert arguments(PLAN, NOTIFICATION) == ["--watch-all-namespaces=true", "--log-level=info", "--log-encoding=json"]
    alone = Installation(version="v1", image="i", components=(SOURCE,))
    assert arguments(alone, SOURCE)[0] == "--watch-all-namespaces=true"


def test_no_rollout_waits_for_a_pod_that_waits_for_it() -> None:
    """Only what is ready without leading may be replaced by a pod that is started beside it."""
    for body in of_kind("Deployment"):
        container = body["spec"]["template"]["spec"]["containers"][0]
        serves = {port["name"] for port in container["ports"]} & {"http", "http-webhook"}
        leads = "--enable-leader-election" in container["args"]
        assert (body["spec"].get("strategy") == {"type": "Recreate"}) == bool(serves and leads), body["metadata"][
            "name"
        ]


def test_pods_are_as_the_strictest_policy_wants_them() -> None:
    for name, pod in pods():
        assert pod["serviceAccountName"] == name
        container = pod["containers"][0]
        context = container["securityContext"]
        assert context["runAsNonRoot"]
        assert context["readOnlyRootFilesystem"]
        assert not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {mount["name"] for mount in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
        assert all("emptyDir" in volume for volume in pod["volumes"])
        assert {*container["resources"]} == {"limits", "requests"}


def allows(rules: list[Object], group: str, resource: str, verb: str) -> bool:
    def has(words: list[str], word: str) -> bool:
        return "*" in words or word in words

    return any(
        has(rule.get("apiGroups", []), group) and has(rule.get("resources", []), resource) and has(rule["verbs"], verb)
        for rule in rules
    )


def test_every_api_that_the_controllers_call_is_permitted() -> None:
    rules = controller_rules([found.group for found in EVERY])
    own = [value for value in vars(kinds).values() if isinstance(value, type(LEASES))]
    assert kinds.GIT_REPOSITORIES in own
    for place in own:
        if place.group:
            verbs = ("get", "list", "watch", "patch")
            assert all(allows(rules, place.group, place.plural, verb) for verb in verbs), place
            assert allows(rules, place.group, f"{place.plural}/status", "patch")
        else:
            assert all(allows(rules, "", place.plural, verb) for verb in ("get", "list", "watch")), place
    assert all(allows(rules, "", EVENTS.plural, verb) for verb in ("create", "patch"))
    assert all(allows(rules, LEASES.group, LEASES.plural, verb) for verb in ("get", "create", "update"))
    # What only those may do that apply what is in Git.
    assert not allows(rules, "apps", "deployments", "patch")
    assert not allows(rules, "", "secrets", "create")
    bound = {body["metadata"]["name"]: body for body in of_kind("ClusterRoleBinding")}
    admins = bound["cluster-reconciler-flux-system"]
    assert admins["roleRef"]["name"] == "cluster-admin"
    assert [one["name"] for one in admins["subjects"]] == ["kustomize-controller", "helm-controller"]
    everybody = bound["crd-controller-flux-system"]
    assert {one["name"] for one in everybody["subjects"]} == {*names("ServiceAccount")}


def test_an_installation_for_one_namespace_has_no_right_outside() -> None:
    plan = Installation(version="v1", image="i", watch_all_namespaces=False, namespace="team")
    assert not of_kind("ClusterRoleBinding", plan)
    assert all(body["metadata"]["namespace"] == "team" for body in of_kind("RoleBinding", plan))
    assert all("--watch-all-namespaces=false" in pod["containers"][0]["args"] for _, pod in pods(plan))


def test_switches_and_names_do_what_they_say() -> None:
    plan = Installation(
        version="v1", image="i", network_policy=False, toleration_keys=("node.example.test/infra",), image_pull_secret="pull",
        cluster_domain="home.arpa", namespace="gitops", log_level="debug",
    )  # fmt: skip
    assert not of_kind("NetworkPolicy", plan)
    assert names("ClusterRole", plan)[0] == "crd-controller-gitops"
    assert "helm-controller" not in names("Deployment", plan)
    assert not [name for name in names("CustomResourceDefinition", plan) if "helm.toolkit" in name]
    for _, pod in pods(plan):
        assert pod["tolerations"] == [{"key": "node.example.test/infra", "operator": "Exists"}]
        assert pod["imagePullSecrets"] == [{"name": "pull"}]
        assert "--log-level=debug" in pod["containers"][0]["args"]
    assert arguments(plan, SOURCE)[0] == "--events-addr=http://notification-controller.gitops.svc.home.arpa./"


def test_components_are_installed_in_one_order_and_unknown_ones_are_refused() -> None:
    every = ("source", "kustomize", "helm", "notification")
    assert components.components(["notification-controller", "source-controller"], every) == (SOURCE, NOTIFICATION)
    assert [found.name for found in USUAL] == ["source-controller", "kustomize-controller", "notification-controller"]
    for name, known in (("image-reflector-controller", every), ("helm-controller", every[:2])):
        with pytest.raises(
            components.UnknownComponentError, match=f"component {name} is not available, choose from: s"
        ):
            components.components(["source-controller", name], known)
    with pytest.raises(components.UnknownComponentError, match="source-controller is required"):
        components.components(["kustomize-controller"], every)
