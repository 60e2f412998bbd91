"""S89 to S99: rights that are missing, input that is wrong, and what must never be shown."""

from __future__ import annotations

import base64
import json
import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest
from bed import Bed, Done, Plane
from kube import eventually
from objects import claim, config_map, deployment, named, namespace, role, secret, service

RBAC = "rbac.authorization.k8s.io"
ALL = ["get", "list", "watch", "create", "update", "patch", "delete"]


def rule(*resources: str, group: str = "", verbs: list[str] | None = None) -> Any:
    return {"apiGroups": [group], "resources": list(resources), "verbs": verbs or ALL}


OWN = (rule("configmaps"), rule("leases", group="coordination.k8s.io"))


def allow(bed: Bed, *rules: Any, user: str = "alice") -> None:
    """Give a user rights in the test's namespace."""
    body = named(f"{RBAC}/v1", "Role", f"rights-of-{user}", namespace=bed.namespace, rules=list(rules))
    bed.kube.create(body)
    reference = {"apiGroup": RBAC, "kind": "Role", "name": f"rights-of-{user}"}
    subject = {"apiGroup": RBAC, "kind": "User", "name": user}
    bed.kube.create(
        named(
            f"{RBAC}/v1",
            "RoleBinding",
            f"rights-of-{user}",
            namespace=bed.namespace,
            roleRef=reference,
            subjects=[subject],
        )
    )


def as_alice(bed: Bed, *bodies: Any, flags: tuple[str, ...] = ()) -> Done:
    """Apply as the user who has no rights but those given."""
    return bed.apply(*bodies, flags=flags, KUBECONFIG=str(bed.config_for("alice")))


def test_s89_missing_rights_are_told_all_at_once(bed: Bed, own_plane: Plane) -> None:
    allow(bed, *OWN, rule("roles", group=RBAC, verbs=["get", "list"]), rule("services", verbs=["get", "list"]))
    bodies = [config_map("a"), role("r"), service("s")]
    done = as_alice(bed, *bodies, flags=("--preflight",)).expect(4)
    for word in ("roles", "services", "patch"):
        assert word in done.text
    assert "kind: Role" in done.text
    assert bed.member_writes == []


def test_s89_without_preflight_the_rest_is_applied(bed: Bed, own_plane: Plane) -> None:
    allow(bed, *OWN, rule("roles", group=RBAC, verbs=["get", "list"]))
    done = as_alice(bed, config_map("a"), role("r")).expect(4)
    assert bed.live(config_map("a")) is not None
    assert done.outcomes() == {"ConfigMap/a": "created", "Role/r": "failed"}


def test_s90_secrets_that_may_not_be_listed_are_asked_for_one_by_one(bed: Bed, own_plane: Plane) -> None:
    bed.set_up(secret("a"), secret("b"))
    allow(bed, *OWN, rule("secrets", verbs=["get", "patch", "create", "watch"]))
    done = as_alice(bed, secret("a"), secret("b")).expect(0)
    assert set(done.outcomes().values()) == {"unchanged"}
    gets = [one for one in bed.proxy.log if one.method == "GET" and "/secrets/" in one.path]
    assert len(gets) >= 2


def test_s90_what_cannot_be_seen_is_not_pruned(bed: Bed, own_plane: Plane) -> None:
    bed.set_up(config_map("a"), secret("b"))
    allow(bed, *OWN)
    done = as_alice(bed, config_map("a"))
    assert done.code in (1, 3, 4), done.text
    assert bed.deletes() == []
    assert "Secret/b" in bed.entries()


def test_s91_a_user_of_one_namespace_can_apply_to_it(bed: Bed, own_plane: Plane) -> None:
    allow(bed, *OWN, rule("services"), rule("deployments", group="apps"), rule("pods", verbs=["get", "list"]))
    as_alice(bed, config_map("a"), service("s"), deployment("web")).expect(0)
    outside = [
        one.path
        for one in bed.proxy.log
        if "/namespaces/" not in one.path and one.path not in ("/api", "/apis", "/version")
    ]
    assert outside == []


def test_s92_without_rights_on_leases_it_goes_on_with_a_warning(bed: Bed, own_plane: Plane) -> None:
    allow(bed, rule("configmaps"))
    done = as_alice(bed, config_map("a")).expect(0)
    assert "lease" in done.text.lower()


def test_s92_without_rights_on_the_inventory_nothing_is_written(bed: Bed, own_plane: Plane) -> None:
    allow(bed, rule("services"), rule("leases", group="coordination.k8s.io"))
    as_alice(bed, service("s")).expect(4)
    assert bed.member_writes == []


def test_s93_the_jail_holds(bed: Bed) -> None:
    other = bed.cleaned(namespace(f"{bed.namespace}-u"))
    bed.kube.create(other)
    outside = config_map("out", namespace=other["metadata"]["name"])
    cluster_role = named(f"{RBAC}/v1", "ClusterRole", bed.namespace, rules=[])
    odd = config_map("odd", namespace="../x")
    jail = f"--only-namespace={bed.namespace}"
    done = bed.apply(config_map("in"), outside, cluster_role, odd, flags=[jail]).expect(2)
    for word in ("out", "ClusterRole", "odd"):
        assert word in done.text
    assert bed.proxy.writes == []


def test_s93_an_entry_outside_of_the_jail_is_never_deleted(bed: Bed) -> None:
    other = bed.cleaned(namespace(f"{bed.namespace}-u"))
    bed.kube.create(other)
    outside = config_map("out", namespace=other["metadata"]["name"])
    bed.set_up(config_map("in"), outside)
    bed.apply(config_map("in"), flags=[f"--only-namespace={bed.namespace}"])
    assert bed.deletes() == []
    assert bed.kube.live(outside) is not None


def test_s94_wrong_identities_are_told_all_at_once(bed: Bed) -> None:
    nameless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}
    generated = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}
    versions = [{**deployment("web"), "apiVersion": f"apps/{version}"} for version in ("v1", "v1beta2")]
    done = bed.apply(config_map("twice"), config_map("twice"), nameless, generated, *versions).expect(2)
    for word in ("twice", "name", "generateName", "web"):
        assert word in done.text
    assert bed.proxy.writes == []


def test_s94_a_list_is_its_items(bed: Bed) -> None:
    bed.apply({"apiVersion": "v1", "kind": "List", "items": [config_map("a"), secret("b")]}).expect(0)
    assert set(bed.entries()) == {"ConfigMap/a", "Secret/b"}


def bad_inputs() -> dict[str, Any]:
    unknown = deployment("web")
    unknown["spec"]["replicass"] = 3
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    return {
        "unknown field": (unknown, "replicass"),
        "wrong type": (deployment("web", replicas="many"), "replicas"),  # type: ignore[arg-type]
        "duplicate name": (deployment("web", container={"env": env}), "env"),
    }


@pytest.mark.parametrize("case", ["unknown field", "wrong type", "duplicate name"])
def test_s95_bad_input_is_told_with_its_place(case: str, bed: Bed) -> None:
    body, path = bad_inputs()[case]
    done = bed.apply(body).expect(2)
    assert path in done.text
    assert "set.yaml" in done.text
    assert len(bed.applies("web")) <= 1


def test_s96_what_is_too_large_is_told_and_the_rest_applied(bed: Bed) -> None:
    done = bed.apply(
        config_map("big", {"x": "y" * 1_100_000}), config_map("huge", {"x": "y" * 3_300_000}), config_map("a")
    )
    assert done.code in (2, 3), done.text
    assert {done.error_class("ConfigMap", name) for name in ("big", "huge")} == {"too-large"}
    assert bed.live(config_map("a")) is not None


CANARY = "canary-4711-do-not-show"


def forms(text: str) -> list[str]:
    """The canary as it could appear: plain and in base64."""
    return [text, base64.b64encode(text.encode()).decode().rstrip("=")]


def check_hidden(bed: Bed, done: Done) -> None:
    for form in forms(CANARY):
        assert form not in done.text, f"{' '.join(done.command)} shows {form}"


@pytest.mark.parametrize("output", ["table", "log", "json", "events", "name", "yaml"])
def test_s97_secrets_are_never_shown(output: str, bed: Bed) -> None:
    first = secret("s", {"password": CANARY})
    check_hidden(bed, bed.run("apply", str(bed.write(first)), "-o", output, "-v").expect(0))
    second = secret("s", {"password": CANARY + "-2", "other": CANARY})
    file = str(bed.write(second))
    for arguments in (
        ["diff", file],
        ["diff", file, "--diff=server"],
        ["apply", file, "-o", output, "-v"],
        ["status", "-v"],
    ):
        check_hidden(bed, bed.run(*arguments))
    check_hidden(bed, bed.run("inventory", "show"))
    head = json.dumps(bed.inventory())
    entries = bed.entries()["Secret/s"]
    assert not any(form in head for form in forms(CANARY))
    assert not any(entries[3:]), f"a fingerprint of a Secret: {entries}"


def test_s97_the_servers_sentences_about_secrets_are_cut(bed: Bed) -> None:
    wrong = named("v1", "Secret", "s", type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": CANARY})
    check_hidden(bed, bed.run("apply", str(bed.write(wrong)), "-v"))
    typed = named("v1", "Secret", "t", stringData={"a": [CANARY]})
    check_hidden(bed, bed.run("apply", str(bed.write(typed)), "-v"))
    invalid = named("v1", "Secret", "u", stringData={f"not a key {CANARY[:0]}!": CANARY})
    check_hidden(bed, bed.run("apply", str(bed.write(invalid)), "-v"))


def test_s98_control_characters_do_not_reach_the_terminal(bed: Bed) -> None:
    bad = config_map("a", {"x": "y"}, annotations={"note": "fine"})
    bad["metadata"]["name"] = "evil\x1b[31m\nname"
    done = bed.run("apply", str(bed.write(bad)))
    assert done.code in (2, 3)
    assert "\x1b" not in done.text
    assert not any(line.startswith("name") for line in done.text.splitlines())


def test_s99_credentials_are_not_logged(bed: Bed, own_plane: Plane) -> None:
    done = bed.run("apply", str(bed.write(config_map("a"))), "-v", "-v").expect(0)
    assert own_plane.tokens["admin"] not in done.text
    assert "Bearer " not in done.text.replace("Bearer ***", "")


def certificate_kubeconfig(bed: Bed, plane: Plane) -> str:
    """A kubeconfig with client certificate and key inside, straight to the server."""

    def data(name: str) -> str:
        return base64.b64encode((plane.folder / name).read_bytes()).decode()

    config = json.loads(plane.kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {"server": plane.access.server, "certificate-authority-data": data("ca.crt")}
    config["users"][0]["user"] = {"client-certificate-data": data("client.crt"), "client-key-data": data("client.key")}
    path = bed.folder / "certificate-kubeconfig"
    path.write_text(json.dumps(config))
    return str(path)


def key_files(folder: Path) -> list[Path]:
    """The files below a folder that hold a private key."""
    return [path for path in folder.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


@pytest.mark.parametrize("ending", ["end", "term"])
def test_s99_key_files_are_private_and_do_not_stay(ending: str, bed: Bed, own_plane: Plane) -> None:
    scratch = bed.folder / "tmp"
    scratch.mkdir()
    config = certificate_kubeconfig(bed, own_plane)
    never = deployment("web", annotations={"testbed.invalid/fate": "never"})
    process = bed.start(
        "apply",
        str(bed.write(never)),
        "--timeout=4s",
        KUBECONFIG=config,
        TMPDIR=str(scratch),
        XDG_RUNTIME_DIR=str(scratch),
    )
    assert eventually(lambda: bed.live(never) is not None)
    for path in key_files(scratch):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    if ending == "term":
        process.send_signal(signal.SIGTERM)
    done = bed.ended(process)
    assert done.code == (143 if ending == "term" else 3), done.text
    assert key_files(scratch) == []


def test_a_claim_that_shrinks_is_invalid_and_never_created_again(bed: Bed, own_plane: Plane) -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "c"}}
    bed.set_up(claim("c", "2Gi"), deployment("web", volumes=[volume]))
    assert (bed.live(claim("c")) or {})["status"]["phase"] == "Bound"
    done = bed.apply(
        claim("c", "1Gi"), deployment("web", volumes=[volume]), flags=["--no-wait", "--recreate=all"]
    ).expect(3)
    assert done.error_class("PersistentVolumeClaim", "c") == "invalid"
    assert bed.deletes() == []
