"""S82: the verdict that nothing has to be sent is never wrong, over random changes of what is desired and of what is live."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from bed import Bed
from killing import SEED, SOAK
from kube import JSON_PATCH, Kube, KubeError, Object, eventually
from objects import custom, deployment, job, named, resource_definition, role, role_binding, service, stateful_set

from applier.fields.fingerprint import owned_print, wanted_print
from applier.fields.managed import applied_fields
from applier.fields.walk import walk

MANAGER = "kbuild"
ROUNDS = 28 if SOAK else 14
IDENTITY = ("apiVersion", "kind", "status")
UNCOMPARED = ("resourceVersion", "generation", "managedFields", "creationTimestamp", "uid", "selfLink")


def many_kinds(group: str) -> list[Object]:
    """Objects of 18 kinds with defaults, quantities, sets, keyed and atomic lists."""
    resources = {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": "0.5", "memory": "0.5Gi"}}
    field = {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    container = {
        "resources": resources,
        "args": ["x", "y"],
        "env": [{"name": "A", "value": "b"}, {"name": "B", "value": "$(A)"}, field],
        "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP", "name": "dns"}],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "w", "mountPath": "/w", "readOnly": True}],
        "securityContext": {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}},
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5},
    }
    volumes = [
        {"name": "v", "emptyDir": {}},
        {"name": "w", "configMap": {"name": "m", "items": [{"key": "a", "path": "b"}]}},
    ]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "x", "operator": "In", "values": ["1", "2"]}]}
    ]}}}  # fmt: skip
    spread = [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]
    web = deployment(
        "web",
        replicas=0,
        container=container,
        volumes=volumes,
        affinity=affinity,
        topologySpreadConstraints=spread,
        tolerations=[{"key": "a", "operator": "Exists"}],
    )
    store = stateful_set("store", replicas=0)
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "0.5Gi"}}},
    }
    store["spec"]["volumeClaimTemplates"] = [claim]
    template = {"spec": {"template": job("x")["spec"]["template"]}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    ingress = {"rules": [{"host": "a.example.com", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    ]}}]}  # fmt: skip
    spec = {"size": 1, "text": "1000m", "list": [{"name": "a", "x": 1}, {"name": "b"}], "map": {"k": "v"}, "none": {}}
    return [
        web,
        store,
        named("v1", "ConfigMap", "m", data={"a": "1", "b": "two\nlines\n"}, labels={"x": "y"}, finalizers=["example.com/one", "example.com/two"]),
        named("v1", "Secret", "s", data={"a": "dmFsdWU=", "b": "eA=="}),
        service("web"),
        named("v1", "Service", "headless", spec={"clusterIP": "None", "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}], "selector": {"a": "b"}}),
        named("v1", "ServiceAccount", "sa", imagePullSecrets=[{"name": "x"}], secrets=[{"name": "y"}]),
        named("v1", "LimitRange", "limits", spec={"limits": [{"type": "Container", "default": {"cpu": "1000m"}, "defaultRequest": {"cpu": "0.5"}}]}),
        named("v1", "ResourceQuota", "quota", spec={"hard": {"cpu": "1000", "memory": "1024Gi"}}),
        named("networking.k8s.io/v1", "NetworkPolicy", "n", spec={"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}], "policyTypes": ["Ingress"]}),
        named("networking.k8s.io/v1", "Ingress", "i", spec=ingress),
        named("policy/v1", "PodDisruptionBudget", "p", spec={"minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}}),
        named("autoscaling/v2", "HorizontalPodAutoscaler", "h", spec={"scaleTargetRef": target, "maxReplicas": 3, "metrics": [metric]}),
        named("batch/v1", "CronJob", "c", spec={"schedule": "0 0 1 1 *", "jobTemplate": template}),
        job("j", of={"labels": {"a": "b"}}, annotations={"testbed.invalid/fate": "never"}),
        role("r"),
        role_binding("b", "r", account="sa"),
        custom("Widget", group, "w", spec),
    ]  # fmt: skip


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place below the root of an object, but for its identity."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        place = (*at, key)
        if place[:2] in (("metadata", "name"), ("metadata", "namespace")) or place[0] in IDENTITY:
            continue
        if place != ("metadata",):
            yield place
        yield from paths(below, place)


def look(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


def other_scalar(value: Any, dice: random.Random) -> Any:
    """Something else that could stand in its place; for quantities also the same in other words."""
    words: dict[Any, list[Any]] = {
        "1000m": ["1", "1.0", "2"],
        "0.5": ["500m", "0.50", 0.5],
        "1024Mi": ["1Gi", "1073741824"],
        "0.5Gi": ["512Mi"],
    }
    if value in words and not isinstance(value, bool):
        return dice.choice(words[value])
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + dice.choice((1, -1, 0))
    return dice.choice((f"{value}x", value, "", "x"))


def mutate(body: Object, dice: random.Random) -> Object:
    """A copy with a random change that is one."""
    for _ in range(50):
        changed = tried(body, dice)
        if changed != body:
            break
    return changed


def tried(body: Object, dice: random.Random) -> Object:
    """A copy after one random attempt at a change: another scalar, a removal, an addition, another order, an item twice, something empty."""
    changed: Object = copy.deepcopy(body)
    place = dice.choice(list(paths(changed)))
    parent, key = look(changed, place[:-1]), place[-1]
    value = parent[key]
    sort = dice.choice(("set", "set", "remove", "add", "order", "twice", "empty"))
    if sort == "set" and not isinstance(value, dict | list):
        parent[key] = other_scalar(value, dice)
    elif sort == "remove":
        del parent[key]
    elif sort == "add" and isinstance(value, dict):
        value[dice.choice(("extra", "x", "protocol", "name"))] = dice.choice(("TCP", "x", {}, [], 1))
    elif sort == "order" and isinstance(value, list):
        dice.shuffle(value)
    elif sort == "twice" and isinstance(value, list) and value:
        value.append(copy.deepcopy(dice.choice(value)))
    elif sort == "empty" and isinstance(value, dict | list):
        parent[key] = type(value)()
    return changed


def comparable(body: Object) -> Object:
    """Without what the server counts and what is reported."""
    rest = {key: value for key, value in body.items() if key != "status"}
    return {**rest, "metadata": {key: value for key, value in body["metadata"].items() if key not in UNCOMPARED}}


def verdicts(payload: Object, live: Object, wanted: str, owned: str) -> Iterator[str]:
    """The tiers that say that nothing has to be sent."""
    if wanted_print(payload) == wanted and owned and owned_print(live, MANAGER, payload["apiVersion"]) == owned:
        yield "fingerprint"
    fields = applied_fields(live, MANAGER, payload["apiVersion"])
    if fields is not None and walk(payload, live, fields, payload["apiVersion"].rpartition("/")[0]).same:
        yield "walk"


def would_change(kube: Kube, payload: Object, live: Object) -> bool | None:
    """What the server says to the payload: None where it refuses it."""
    try:
        answer = kube.apply(payload, MANAGER, dry_run=True)
    except KubeError:
        return None
    return comparable(answer) != comparable(live)


def settled(kube: Kube, payload: Object, live: Object, wanted: str, owned: str) -> tuple[list[str], bool | None]:
    """Our verdicts and the server's about the same live object: controllers may change it in between."""
    while True:
        changes = would_change(kube, payload, live)
        after = kube.live(payload) or live
        if after["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]:
            return list(verdicts(payload, live, wanted, owned)), changes
        live = after


def edit_live(kube: Kube, body: Object, live: Object, dice: random.Random) -> None:
    """Somebody else changes the live object; what the server refuses is no change."""
    changed = mutate(live, dice)
    patch = [
        {"op": "replace", "path": f"/{key}", "value": changed[key]}
        for key in changed
        if key not in ("metadata", "status")
    ]
    for key in ("labels", "annotations"):
        if key in changed["metadata"]:
            patch.append({"op": "add", "path": f"/metadata/{key}", "value": changed["metadata"][key]})
    try:
        kube.request("PATCH", kube.path_of(body) + "?fieldManager=somebody", patch, JSON_PATCH)
    except KubeError:
        return


def one_round(kube: Kube, body: Object, dice: random.Random, count: Counter[str]) -> None:
    """Apply, change one side, and compare the verdicts with the server's."""
    try:
        live = kube.apply(body, MANAGER)
    except KubeError:
        # What somebody else left behind cannot be applied over.
        kube.delete(body)
        live = kube.apply(body, MANAGER)
    wanted, owned = wanted_print(body), owned_print(live, MANAGER, body["apiVersion"])
    payload = body
    if dice.random() < 0.5:
        payload = mutate(body, dice)
    else:
        edit_live(kube, body, live, dice)
        live = kube.live(body) or live
    said, changes = settled(kube, payload, live, wanted, owned)
    count["refused" if changes is None else "changes" if changes else "same"] += 1
    if not changes and changes is not None and not said:
        count["asked without need"] += 1
    count["said same"] += bool(said)
    assert not (said and changes is not False), f"{said}: {payload}\n{live}"


@pytest.mark.parametrize("part", range(8 if SOAK else 2))
def test_s82_same_is_only_said_of_what_is_the_same(part: int, bed: Bed) -> None:
    group = f"{bed.namespace}.example.com"
    definition = bed.cleaned(resource_definition("Widget", group))
    bed.kube.create(definition)
    dice = random.Random(SEED * 100 + part)
    count: Counter[str] = Counter()

    assert eventually(lambda: bed.kube.raw("GET", f"/apis/{group}/v1/widgets")[0] == 200)
    for body in many_kinds(group):
        mine = bed.owned(body)
        for _ in range(ROUNDS):
            one_round(bed.kube, mine, dice, count)
    print(dict(count))
    assert count["said same"] > 5
