"""S79 to S88: what is noticed without asking the server, what differs, and what status says."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import pytest
from bed import Bed, Plane
from kube import Object, eventually
from objects import config_map, custom, deployment, job, named, resource_definition, role, secret, service, stateful_set

NO_WAIT = "--no-wait"


def three_hundred() -> list[Object]:
    """300 objects of four kinds."""
    bodies = [config_map(f"c-{number}") for number in range(150)]
    bodies += [secret(f"s-{number}") for number in range(50)]
    bodies += [service(f"v-{number}") for number in range(50)]
    return bodies + [role(f"r-{number}") for number in range(50)]


def versions(bed: Bed) -> dict[tuple[str, str], str]:
    """The resourceVersion of every object of those kinds, the inventory's too."""
    kinds = [("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("rbac.authorization.k8s.io/v1", "Role")]
    return {
        (kind, item["metadata"]["name"]): item["metadata"]["resourceVersion"]
        for version, kind in kinds
        for item in bed.kube.list(version, kind, bed.namespace)
    }


def test_s79_an_unchanged_set_is_read_and_nothing_else(bed: Bed) -> None:
    bodies = three_hundred()
    bed.set_up(*bodies)
    before = versions(bed)
    done = bed.apply(*bodies).expect(0)
    assert set(done.outcomes().values()) == {"unchanged"}
    assert {one.method for one in bed.proxy.log} == {"GET"}
    assert len(bed.proxy.log) <= 4 + 3, bed.requests()
    assert versions(bed) == before


def tricky() -> list[Object]:
    """Objects whose live form differs from what was sent: quantities, defaulted ports, defaults inside atomic values."""
    resources = {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": "0.5", "memory": "0.5Gi"}}
    field = {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    ports = [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]
    container = {
        "resources": resources,
        "env": [{"name": "A", "value": "b"}, field],
        "ports": ports,
        "args": ["x", "y"],
    }
    volume = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    volume["spec"]["resources"] = {"requests": {"storage": "0.5Gi"}}
    store = stateful_set("store", replicas=0)
    store["spec"]["volumeClaimTemplates"] = [volume]
    policy = {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}], "policyTypes": ["Ingress"]}
    limits = {"limits": [{"type": "Container", "default": {"cpu": "1000m"}, "defaultRequest": {"cpu": "0.5"}}]}
    template = {"spec": {"template": job("x")["spec"]["template"]}}
    return [
        deployment("web", replicas=0, container=container),
        service("web"),
        named("v1", "Service", "headless", spec={"clusterIP": "None", "ports": [{"port": 80}], "selector": {"a": "b"}}),
        store,
        named("networking.k8s.io/v1", "NetworkPolicy", "n", spec=policy),
        named("v1", "LimitRange", "limits", spec=limits),
        named("v1", "ResourceQuota", "quota", spec={"hard": {"cpu": "1000", "memory": "1024Gi"}}),
        named("batch/v1", "CronJob", "often", spec={"schedule": "0 0 1 1 *", "jobTemplate": template}),
        secret("s", {"key": "value"}),
        config_map("m", {"text": "one\ntwo\n"}),
    ]


def test_s80_defaults_and_quantities_are_no_changes(bed: Bed) -> None:
    bodies = tricky()
    bed.set_up(*bodies, flags=[NO_WAIT])
    bed.set_up(*bodies, flags=[NO_WAIT])
    bed.apply(*bodies, flags=[NO_WAIT]).expect(0)
    assert [str(one) for one in bed.proxy.writes] == []


def without_fingerprints(bed: Bed) -> None:
    """Take the fingerprints out of the inventory, as if another tool had written it."""
    from hashlib import sha256

    head = bed.inventory()
    assert head is not None
    text = gzip.decompress(base64.b64decode(head["binaryData"]["entries"])).decode()
    bare = "".join("\t".join([*line.split("\t")[:4], ""]) + "\n" for line in text.splitlines())
    header = json.loads(head["data"]["header"])
    header["sha256"] = sha256(bare.encode()).hexdigest()
    packed = base64.b64encode(gzip.compress(bare.encode(), mtime=0)).decode()
    bed.kube.merge(head, {"binaryData": {"entries": packed}, "data": {"header": json.dumps(header)}})


def test_s81_lost_fingerprints_are_made_again(bed: Bed) -> None:
    bodies = tricky()
    bed.set_up(*bodies, flags=[NO_WAIT])
    without_fingerprints(bed)
    done = bed.apply(*bodies, flags=[NO_WAIT]).expect(0)
    assert set(done.outcomes().values()) == {"unchanged"}
    patched = [one.name for one in bed.applies()]
    assert len(patched) == len(set(patched)) <= len(bodies)
    bed.proxy.clear()
    bed.apply(*bodies, flags=[NO_WAIT]).expect(0)
    assert [str(one) for one in bed.proxy.writes] == []


def test_s83_a_list_in_another_order_is_a_change(bed: Bed) -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]
    bed.set_up(deployment("web", replicas=0, container={"env": env}), flags=[NO_WAIT])
    done = bed.apply(deployment("web", replicas=0, container={"env": env[::-1]}), flags=[NO_WAIT]).expect(0)
    assert done.outcomes() == {"Deployment/web": "configured"}
    live = bed.live(deployment("web"))
    assert live is not None
    assert [entry["name"] for entry in live["spec"]["template"]["spec"]["containers"][0]["env"]] == ["B", "A"]


def test_s84_what_others_own_is_no_difference(bed: Bed) -> None:
    body = deployment("web", replicas=0, container={"env": [{"name": "A", "value": "1"}]})
    bed.set_up(body, flags=[NO_WAIT])
    env = {"name": "main", "env": [{"name": "EXTRA", "value": "2"}]}
    foreign = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"example.com/note": "x"}},
        "spec": {"template": {"spec": {"containers": [env]}}},
    }
    bed.kube.apply(bed.owned(foreign), "other")
    condition = {"type": "Strange", "status": "True"}
    bed.kube.merge(bed.owned(body), {"status": {"conditions": [condition]}}, sub="status")
    done = bed.run("diff", str(bed.write(body))).expect(0)
    assert done.stdout == ""
    assert bed.proxy.writes == []


def test_s85_a_diff_shows_every_sort_of_change_and_writes_nothing(bed: Bed) -> None:
    wish = {"annotations": {"kbuild.dev/recreate": "true"}}
    old = [config_map("changed"), config_map("drifted"), config_map("gone"), job("again", of=wish)]
    bed.set_up(*old, flags=[NO_WAIT])
    bed.kube.merge(bed.owned(config_map("drifted")), {"data": {"key": "by hand"}}, manager="kubectl-edit")
    bed.kube.create(bed.owned(config_map("adopted")))
    new = [
        config_map("created"),
        config_map("changed", {"key": "new"}),
        config_map("drifted"),
        job("again", of=wish, annotations={"version": "2"}),
        config_map("adopted"),
    ]
    file = str(bed.write(*new))
    done = bed.run("diff", file, "--diff=server", "--recreate=listed").expect(1)
    shown = [line for line in done.stdout.splitlines() if re.match(r"[+~±\->^=?] \S+ ", line)]
    signs = {re.search(rf"{bed.namespace}/(\S+)", line)[1]: line[0] for line in shown}  # type: ignore[index]
    assert signs == {"created": "+", "changed": "~", "drifted": "~", "again": "±", "adopted": ">", "gone": "-"}
    assert "drift" in done.stdout
    assert bed.proxy.writes == []
    order = [re.search(rf"{bed.namespace}/(\S+)", line)[1] for line in shown]  # type: ignore[index]
    bed.proxy.clear()
    bed.run("apply", file, "--recreate=listed", "--no-wait", "--concurrency=1").expect(0)
    written = [one.name for one in bed.member_writes if one.status < 300]
    assert list(dict.fromkeys(written)) == order
    bed.run("diff", file, "--diff=server").expect(0)


def test_s85_local_and_server_diffs_agree_on_what_differs(bed: Bed) -> None:
    bed.set_up(config_map("a", {"x": "1", "y": "2"}))
    file = str(bed.write(config_map("a", {"x": "3", "y": "2"})))
    for flags in ([], ["--diff=server"]):
        done = bed.run("diff", file, *flags).expect(1)
        assert re.search(r'^-\s+x: "?1"?$', done.stdout, re.MULTILINE), done.stdout
        assert re.search(r'^\+\s+x: "?3"?$', done.stdout, re.MULTILINE), done.stdout
    bed.run("diff", str(bed.folder / "missing.yaml")).expect(2)


def test_s86_an_instance_of_a_definition_of_the_set_is_shown_as_new(bed: Bed) -> None:
    group = f"{bed.namespace}.example.com"
    bodies = [resource_definition("Widget", group), custom("Widget", group, "w")]
    done = bed.run("diff", str(bed.write(*bodies)), "--diff=server").expect(1)
    assert re.search(r"^\+ .*Widget", done.stdout, re.MULTILINE)
    assert bed.proxy.writes == []


def rewriting_policy(bed: Bed) -> list[Object]:
    """A policy that puts another registry into images of Deployments of the test's namespace."""
    mutation = (
        "Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: "
        "object.spec.template.spec.containers.map(c, Object.spec.template.spec.containers{name: c.name, "
        'image: "mirror.invalid/" + c.image.replace("mirror.invalid/", "")})}}}}'
    )
    policy = named(
        "admissionregistration.k8s.io/v1",
        "MutatingAdmissionPolicy",
        bed.namespace,
        spec={
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["deployments"],
                    }
                ]
            },
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": mutation}}],
        },
    )
    binding = named(
        "admissionregistration.k8s.io/v1",
        "MutatingAdmissionPolicyBinding",
        bed.namespace,
        spec={
            "policyName": bed.namespace,
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": bed.namespace}}},
        },
    )
    return [bed.cleaned(policy), bed.cleaned(binding)]


def test_s87_a_webhook_that_rewrites_our_field_makes_no_endless_change(bed: Bed, own_plane: Plane) -> None:
    for body in rewriting_policy(bed):
        bed.kube.create(body)
    probe = bed.owned(deployment("probe", replicas=0))

    def rewrites() -> bool:
        made = bed.kube.apply(probe, "probe", dry_run=True)
        return str(made["spec"]["template"]["spec"]["containers"][0]["image"]).startswith("mirror.invalid/")

    assert eventually(rewrites, 20)
    body = deployment("web", replicas=0)
    bed.set_up(body, flags=[NO_WAIT])
    bed.set_up(body, flags=[NO_WAIT])
    done = bed.apply(body, flags=[NO_WAIT]).expect(0)
    assert done.outcomes() == {"Deployment/web": "unchanged"}
    assert bed.applies() == []


def test_s88_status_tells_what_is_not_well(bed: Bed, own_plane: Plane) -> None:
    bed.set_up(deployment("web"), config_map("a"))
    bed.run("status", "-o", "json").expect(0)
    sick = deployment("web", annotations={"testbed.invalid/fate": "crash"})
    bed.apply(sick, config_map("a"), flags=[NO_WAIT]).expect(0)
    assert eventually(lambda: len(bed.kube.list("v1", "Pod", bed.namespace)) == 2)
    done = bed.run("status").expect(11)
    assert "web" in done.text
    bed.name = "nothing"
    done = bed.run("status").expect(1)
    assert "nothing" in done.text


@pytest.mark.parametrize("verb", ["status", "diff"])
def test_reading_commands_write_nothing(verb: str, bed: Bed) -> None:
    body = config_map("a")
    bed.set_up(body)
    arguments: list[Any] = [str(bed.write(body))] if verb == "diff" else []
    bed.run(verb, *arguments).expect(0)
    assert bed.proxy.writes == []
    assert bed.proxy.find("", "/leases") == []
