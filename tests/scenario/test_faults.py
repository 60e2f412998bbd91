"""S41 to S54: everything that can go wrong between the command and the server."""

from __future__ import annotations

import itertools
import json
import stat
import time
from typing import Any

import pytest
from bed import Bed, Plane
from faults import Answer, CutWatch, Delay, Drop, Gone, Half, Hold, ResetAfter, Rewrite
from killing import check_converged
from kube import eventually
from objects import config_map, custom, deployment, resource_definition, role, secret, service

MAPS = [config_map(f"c-{number}") for number in range(100)]
WRITE_PATHS = "namespaces/[^/]+/[^/]+/[^/?]+"


@pytest.mark.parametrize("fault", [Drop(), ResetAfter()], ids=lambda fault: type(fault).__name__)
def test_s41_every_fifth_request_is_reset(fault: Any, bed: Bed) -> None:
    bed.proxy.add(fault, every=5)
    bed.apply(*MAPS).expect(0)
    bed.proxy.rules.rules.clear()
    check_converged(bed, MAPS)
    assert bed.deletes() == []
    for body in MAPS:
        tries = bed.applies(body["metadata"]["name"])
        assert len(tries) <= 1 + sum(bool(one.fault) for one in tries)  # repeated where it was reset, and only there


def test_s42_a_server_that_asks_for_patience_gets_it(bed: Bed) -> None:
    bed.proxy.add(Answer(503, "ServiceUnavailable", "not now", retry_after_s=2), "PATCH", "/c-1[?]", times=3)
    bed.apply(*MAPS[:3]).expect(0)
    tries = bed.applies("c-1")
    assert [one.status for one in tries] == [503, 503, 503, 201]
    assert all(later.started_s - one.ended_s >= 2 for one, later in itertools.pairwise(tries))


def test_s43_a_crowded_server_is_asked_less(bed: Bed) -> None:
    bed.proxy.add(Answer(429, "TooManyRequests", "too many", retry_after_s=1), "PATCH", WRITE_PATHS, chance=0.5)
    bed.proxy.add(Delay(0.05), "PATCH", WRITE_PATHS)
    bed.apply(*MAPS[:40]).expect(0)
    refused = [one for one in bed.applies() if one.status == 429]
    assert refused
    after = [one for one in bed.applies() if one.started_s > refused[0].ended_s + 1]
    assert after
    assert max(at_once(after, one.started_s) for one in after) <= 4


def at_once(exchanges: list[Any], moment_s: float) -> int:
    """How many of the requests were under way at a moment."""
    return sum(one.started_s <= moment_s < one.ended_s for one in exchanges)


def test_s44_a_wrong_type_is_sent_once(bed: Bed) -> None:
    done = bed.apply(deployment("web", replicas="three")).expect(2)  # type: ignore[arg-type]
    assert len(bed.applies("web")) == 1
    assert "bad-input" in done.text


def test_s45_a_list_that_breaks_off_is_not_an_empty_one(bed: Bed) -> None:
    bed.set_up(config_map("a"), config_map("b"), role("r"))
    bed.proxy.add(Half(0.5), "GET", "/roles[?]")
    done = bed.apply(config_map("a"), config_map("b"), flags=["--timeout=5s", "--total-timeout=10s"])
    assert done.code == 1, done.text
    assert bed.deletes() == []
    assert "Role/r" in bed.entries()
    assert len(bed.proxy.find("GET", "/roles[?]")) > 1


def test_s46_a_page_whose_rest_is_gone_is_not_the_list(bed: Bed) -> None:
    bed.set_up(secret("a"), secret("b"))

    def first_page(body: Any) -> Any:
        body["items"] = []
        body["metadata"]["continue"] = "expired"
        return body

    bed.proxy.add(Rewrite(first_page), "GET", "/secrets[?]", times=1, when=lambda one: "continue" not in one.parameters)
    bed.proxy.add(Answer(410, "Expired", "the continue token is too old"), "GET", "/secrets[?].*continue=", times=1)
    done = bed.apply(secret("a"), secret("b")).expect(0)
    assert set(done.outcomes().values()) == {"unchanged"}
    assert bed.deletes() == []
    assert len(bed.proxy.find("GET", "/secrets[?]")) >= 3


@pytest.fixture
def broken_group(bed: Bed) -> str:
    """A group whose server does not answer: an APIService without anything behind it."""
    group = f"broken-{bed.namespace}.example.com"
    spec = {
        "group": group,
        "version": "v1",
        "groupPriorityMinimum": 1000,
        "versionPriority": 15,
        "insecureSkipTLSVerify": True,
        "service": {"namespace": bed.namespace, "name": "nobody"},
    }
    body = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1.{group}"},
        "spec": spec,
    }
    bed.kube.create(bed.cleaned(body))
    assert eventually(lambda: bed.kube.raw("GET", f"/apis/{group}/v1")[0] == 503, 20)
    return group


def test_s47_a_broken_group_disturbs_nobody_else(bed: Bed, broken_group: str) -> None:
    bed.apply(config_map("a"), deployment("web"), flags=["--no-wait"]).expect(0)


def test_s47_ids_of_a_broken_group_stay(bed: Bed) -> None:
    group = f"{bed.namespace}.example.com"
    definition = bed.cleaned(resource_definition("Widget", group))
    bed.kube.create(definition)
    assert eventually(lambda: bed.kube.raw("GET", f"/apis/{group}/v1/widgets")[0] == 200)
    bed.set_up(config_map("a"), custom("Widget", group, "w"))

    def stale(body: Any) -> Any:
        for item in body["items"]:
            if item["metadata"]["name"] == group:
                for version in item["versions"]:
                    version["freshness"] = "Stale"
                    version["resources"] = []
        return body

    bed.proxy.add(Rewrite(stale), "GET", "^/apis[?]")
    bed.proxy.add(Answer(503, text="service unavailable"), "GET", f"/apis/{group}/")
    done = bed.apply(
        config_map("a"), flags=["--timeout=3s", "--total-timeout=6s"], XDG_CACHE_HOME=str(bed.folder / "new")
    )
    assert done.code == 1, done.text
    assert "Widget/w" in bed.entries()
    assert bed.deletes() == []


def test_s48_a_group_that_discovery_forgets_is_not_gone(bed: Bed) -> None:
    group = f"{bed.namespace}.example.com"
    definition = bed.cleaned(resource_definition("Widget", group))
    bed.kube.create(definition)
    assert eventually(lambda: bed.kube.raw("GET", f"/apis/{group}/v1/widgets")[0] == 200)
    bed.set_up(config_map("a"), custom("Widget", group, "w"))

    def without(body: Any) -> Any:
        body["items"] = [item for item in body["items"] if item["metadata"]["name"] != group]
        return body

    bed.proxy.add(Rewrite(without), "GET", "^/apis[?]")
    done = bed.apply(
        config_map("a"), flags=["--timeout=3s", "--total-timeout=6s"], XDG_CACHE_HOME=str(bed.folder / "new")
    )
    assert "Widget/w" in bed.entries(), done.text
    assert bed.deletes() == []


def test_s49_an_answer_that_comes_too_late_is_looked_up(bed: Bed) -> None:
    bed.proxy.add(Hold(25), "PATCH", "/c-1[?]", times=1)
    begun = time.monotonic()
    done = bed.apply(*MAPS[:3], flags=["--request-timeout=2s"]).expect(0)
    assert time.monotonic() - begun < 25  # nobody waited for the answer
    assert done.outcomes()["ConfigMap/c-1"] == "created"
    [sent] = bed.applies("c-1")
    [question] = bed.proxy.find("GET", "/configmaps/c-1[?]")
    assert question.number > sent.number
    check_converged(bed, MAPS[:3])


def test_s50_watches_may_break_in_any_way(bed: Bed, own_plane: Plane) -> None:
    bed.proxy.add(CutWatch(2), path="deployments", times=2)
    bed.proxy.add(Gone(), path="deployments", times=2)
    bed.proxy.add(CutWatch(30, half_a_line=True), path="deployments", times=1)
    late = deployment("web", annotations={"testbed.invalid/ready-after": "9s"})
    begun = time.monotonic()
    bed.apply(late).expect(0)
    took = time.monotonic() - begun
    assert 8 < took < 90
    reads = [one for one in bed.proxy.log if one.method == "GET" and "deployments" in one.path]
    assert len(reads) < 2 * took


def test_s51_slow_requests_are_sent_side_by_side(bed: Bed) -> None:
    bed.proxy.add(Delay(0.2))
    bodies = [config_map(f"c-{number}") for number in range(300)]
    begun = time.monotonic()
    bed.apply(*bodies).expect(0)
    assert time.monotonic() - begun < 300 * 0.2 / 4
    bed.proxy.log.clear()
    begun = time.monotonic()
    bed.apply(*bodies).expect(0)
    took = time.monotonic() - begun
    lists = len(
        {one.path for one in bed.proxy.log if one.path.endswith("s") and one.path.startswith("/api/v1/namespaces")}
    )
    # Besides what the requests take, the start of the program: the machine may be busy.
    assert took < (lists + 3) * 0.2 + 8


def test_s52_a_server_that_comes_back(bed: Bed, own_plane: Plane) -> None:
    process = bed.start("apply", str(bed.write(deployment("web", annotations={"testbed.invalid/ready-after": "4s"}))))
    assert eventually(lambda: bed.applies("web") and bed.applies("web")[0].status == 201)
    own_plane.tell("stop kube-apiserver")
    time.sleep(8)
    own_plane.tell("start kube-apiserver")
    bed.ended(process).expect(0)
    assert bed.header()["phase"] == "idle"


def test_s52_a_server_that_stays_away(bed: Bed) -> None:
    def is_second(exchange: Any) -> bool:
        return exchange.number > 12

    bed.proxy.add(Drop(), when=is_second)
    done = bed.apply(*MAPS[:30], flags=["--timeout=3s", "--total-timeout=6s"])
    assert done.code in (1, 3), done.text
    unfinished = {name for name, outcome in done.outcomes().items() if outcome not in ("created", "unchanged")}
    assert unfinished
    bed.proxy.clear()
    bed.apply(*MAPS[:30], flags=["--break-lock"]).expect(0)
    check_converged(bed, MAPS[:30])


def exec_kubeconfig(bed: Bed, token: str) -> str:
    """A kubeconfig whose user is a program that counts its calls and prints a token."""
    calls = bed.folder / "calls"
    program = bed.folder / "credential"
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}}
    program.write_text(f"#!/bin/sh\necho x >> {calls}\ncat <<'END'\n{json.dumps(answer)}\nEND\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    config = json.loads(bed.kubeconfig.read_text())
    user = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}
    config["users"][0]["user"] = {"exec": user}
    path = bed.folder / "exec-kubeconfig"
    path.write_text(json.dumps(config))
    return str(path)


def test_s53_expired_credentials_are_asked_for_once_more(bed: Bed, own_plane: Plane) -> None:
    pytest.importorskip("kubernetes", reason="exec credentials go through the official package")
    config = exec_kubeconfig(bed, own_plane.tokens["admin"])
    bed.proxy.add(Answer(401, "Unauthorized", "expired"), "PATCH", "/c-2[?]", times=1)
    bed.apply(*MAPS[:5], KUBECONFIG=config).expect(0)
    assert (bed.folder / "calls").read_text().count("x") == 2


def test_s54_an_inventory_that_cannot_be_finished_is_told(bed: Bed) -> None:
    bed.proxy.add(
        Answer(500, "InternalError", "etcdserver: request timed out"),
        path=f"configmaps/kbuild.{bed.name}",
        when=lambda one: one.is_write and bool(bed.applies()),
    )
    done = bed.apply(*MAPS[:3], flags=["--total-timeout=8s"]).expect(1)
    assert "inventory not finalised" in done.text
    assert set(done.outcomes().values()) == {"created"}
    bed.proxy.clear()
    bed.apply(*MAPS[:3], flags=["--break-lock"]).expect(0)
    assert bed.member_writes == []
    puts = [one for one in bed.proxy.writes if "/leases" not in one.path]
    assert len(puts) == 1
    check_converged(bed, MAPS[:3])


def test_a_watch_that_is_forbidden_is_replaced_by_questions(bed: Bed, own_plane: Plane) -> None:
    bed.proxy.add(Answer(403, "Forbidden", "watch is not allowed"), path="deployments", when=lambda one: one.is_watch)
    late = deployment("web", annotations={"testbed.invalid/ready-after": "2s"})
    bed.apply(late, service("web")).expect(0)
