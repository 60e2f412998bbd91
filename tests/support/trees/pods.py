"""Random pod specs and the workloads around them."""

from __future__ import annotations

from typing import Any

from trees.choice import Choice
from trees.words import CLUSTER_NAMES, IMAGES, LABEL_KEYS, LABEL_VALUES, NAMES, TEXTS
from trees.yaml_text import Raw

Map = dict[str, Any]


def reference(choice: Choice) -> Map:
    """An object that names another one."""
    return {"name": choice.one(NAMES)}


def env(choice: Choice) -> Map:
    """An environment variable."""
    name = choice.one(("A", "B", "C", "PATH"))
    kind = choice.number(0, 4)
    if kind < 2:
        return {"name": name, "value": choice.one(TEXTS)}
    if kind == 2:
        return {"name": name, "valueFrom": {"configMapKeyRef": {**reference(choice), "key": choice.one(("a", "b"))}}}
    if kind == 3:
        return {"name": name, "valueFrom": {"secretKeyRef": {**reference(choice), "key": "k", "optional": True}}}
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


def port(choice: Choice) -> Map:
    """A container's port."""
    found: Map = {"containerPort": choice.one((80, 8080, 443))}
    if choice.chance(0.4):
        found["protocol"] = choice.one(("TCP", "UDP"))
    if choice.chance(0.4):
        found["name"] = choice.one(("http", "https"))
    return found


def container(choice: Choice) -> Map:
    """A container."""
    found: Map = {"name": choice.one(("main", "side", "init", "nginx")), "image": choice.one(IMAGES)}
    if choice.chance(0.4):
        found["env"] = [env(choice) for _ in range(choice.number(1, 3))]
    if choice.chance(0.2):
        found["envFrom"] = [choice.one(({"configMapRef": reference(choice)}, {"secretRef": reference(choice)}))]
    if choice.chance(0.3):
        found["ports"] = [port(choice) for _ in range(choice.number(1, 3))]
    if choice.chance(0.3):
        found[choice.one(("command", "args"))] = [choice.one(TEXTS) for _ in range(choice.number(0, 3))]
    if choice.chance(0.2):
        found["volumeMounts"] = [
            {"name": choice.one(("v", "w")), "mountPath": f"/{choice.one(('a', 'b', '$(VAR_A)'))}"}
        ]
    if choice.chance(0.2):
        found["resources"] = {
            "limits": {"cpu": choice.one((1, "500m", 0.5)), "memory": Raw(choice.one(("1Gi", "1e3", "128974848")))}
        }
    if choice.chance(0.1):
        found["livenessProbe"] = {"httpGet": {"path": "/", "port": choice.one((80, "http"))}}
    if choice.chance(0.05):
        found["volumeDevices"] = [{"name": "v", "devicePath": "/dev/x"}]
    if choice.chance(0.04):
        del found[choice.one(("name", "image"))]
    return found


def volume(choice: Choice) -> Map:
    """A volume."""
    sources: tuple[Map, ...] = (
        {"configMap": reference(choice)},
        {"secret": {"secretName": choice.one(NAMES)}},
        {"persistentVolumeClaim": {"claimName": choice.one(NAMES)}},
        {"emptyDir": {}},
        {"projected": {"sources": [{"configMap": reference(choice)}, {"secret": reference(choice)}]}},
        {"nfs": {"server": choice.one(("nfs", "$(VAR_A)")), "path": "/"}},
        {"image": {"reference": choice.one(IMAGES)}},
    )
    return {"name": choice.one(("v", "w", "x")), **choice.one(sources)}


def pod_spec(choice: Choice) -> Map:
    """A pod spec."""
    spec: Map = {"containers": [container(choice) for _ in range(choice.number(1, 3))]}
    if choice.chance(0.2):
        spec["initContainers"] = [container(choice)]
    if choice.chance(0.4):
        spec["volumes"] = [volume(choice) for _ in range(choice.number(1, 3))]
    for name, value in (
        ("serviceAccountName", choice.one((*NAMES, "default"))),
        ("priorityClassName", choice.one(CLUSTER_NAMES)),
        ("nodeSelector", {"disk": "ssd"}),
        ("tolerations", [{"key": "a", "operator": "Exists"}]),
        ("imagePullSecrets", [reference(choice)]),
        ("hostAliases", [{"ip": "1.2.3.4", "hostnames": ["a"]}]),
        ("restartPolicy", "Never"),
        ("affinity", affinity(choice)),
        ("topologySpreadConstraints", [spread(choice) for _ in range(choice.number(1, 2))]),
    ):
        if choice.chance(0.12):
            spec[name] = value
    return spec


def selector(choice: Choice) -> Map:
    """A label selector."""
    found: Map = {"matchLabels": labels(choice)}
    if choice.chance(0.1):
        found = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
    return found


def affinity(choice: Choice) -> Map:
    """Pod affinities."""
    rule = {"labelSelector": selector(choice), "topologyKey": "zone"}
    kind = choice.one(("podAffinity", "podAntiAffinity"))
    if choice.chance(0.5):
        return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}
    return {kind: {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": rule}]}}


def spread(choice: Choice) -> Map:
    """A topology spread constraint."""
    found: Map = {"maxSkew": 1, "topologyKey": choice.one(("zone", "host")), "labelSelector": selector(choice)}
    if choice.chance(0.7):
        found["whenUnsatisfiable"] = choice.one(("DoNotSchedule", "ScheduleAnyway"))
    return found


def labels(choice: Choice) -> Map:
    """Labels."""
    return {key: choice.one(LABEL_VALUES) for key in choice.some(LABEL_KEYS, 1, 2)}


def template(choice: Choice) -> Map:
    """A pod template."""
    found: Map = {"spec": pod_spec(choice)}
    if choice.chance(0.7):
        found["metadata"] = {"labels": labels(choice)}
        if choice.chance(0.3):
            found["metadata"]["annotations"] = {"note": choice.one(TEXTS), "n": choice.one(TEXTS)}
    return found


def workload(kind: str, choice: Choice) -> Map:
    """What a workload has beside its metadata."""
    if kind == "Pod":
        return {"spec": pod_spec(choice)}
    if kind == "PodTemplate":
        return {"template": template(choice)}
    spec: Map = {"template": template(choice)}
    if kind == "CronJob":
        job: Map = {"spec": spec}
        if choice.chance(0.3):
            job["metadata"] = {"labels": labels(choice)}
        if choice.chance(0.3):
            spec["selector"] = selector(choice)
        return {"spec": {"schedule": "* * * * *", "jobTemplate": job}}
    if kind == "ReplicationController":
        spec["selector"] = labels(choice)
    elif choice.chance(0.7):
        spec["selector"] = selector(choice)
    if choice.chance(0.5):
        spec["replicas"] = choice.one((1, 3, "3", Raw("0"), Raw("1.0")))
    if kind == "StatefulSet":
        spec["serviceName"] = choice.one(NAMES)
        if choice.chance(0.5):
            spec["volumeClaimTemplates"] = [claim_template(choice) for _ in range(choice.number(1, 2))]
    if choice.chance(0.1):
        spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": choice.one((1, "25%"))}}
    return {"spec": spec}


def claim_template(choice: Choice) -> Map:
    """A volume claim template."""
    found: Map = {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": choice.one(CLUSTER_NAMES)}}
    if choice.chance(0.7):
        found["metadata"] = {"name": choice.one(("data", "log"))}
    return found
