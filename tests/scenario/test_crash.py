"""S32 to S40: a run that is killed anywhere, and the run after it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any

import pytest
from bed import Bed, Plane
from faults import Delay, Exchange
from killing import PARTS, SOAK, Tally, check_converged, count_requests, kill_points, names, run_killed, uids
from kube import eventually
from objects import config_map, deployment, job, namespace
from sets import REMOVED, forty, twelve, twelve_changed

SAMPLE = int(os.environ.get("KBUILD_KILL_POINTS", "4"))  # of each kind of run and moment
RESUME = ("--break-lock", "--recreate=listed", "-o", "json")


def fresh(bed: Bed, number: int) -> str:
    """Go on in a new namespace; returns its name, which makes names of what is in no namespace unique."""
    stem = bed.namespace.partition(".")[0][:40].rstrip("-")
    bed.namespace = f"{stem}-{os.urandom(2).hex()}-{number}"
    bed.kube.create(namespace(bed.namespace))
    return bed.namespace


def tidy(bed: Bed, bodies: list[Any]) -> None:
    """Delete what a step left outside of its namespace, and the namespace."""
    for body in [*bodies, namespace(bed.namespace)]:
        if body["kind"] in ("CustomResourceDefinition", "Namespace"):
            bed.kube.delete(body)


def check_no_op(bed: Bed, *arguments: str) -> None:
    """Another run writes nothing at all."""
    bed.proxy.clear()
    bed.run("apply", *arguments).expect(0)
    assert [str(one) for one in bed.proxy.writes] == []


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("moment", ["answered", "held", "before"])
def test_s32_s33_a_first_run_killed_at_any_request(moment: Any, part: int, bed: Bed, own_plane: Plane) -> None:
    tag = fresh(bed, 0)
    total = count_requests(bed, "apply", str(bed.write(*twelve(tag))), "-o", "json")
    tidy(bed, twelve(tag))
    tally = Tally(f"first run, {moment}", total)
    for number in kill_points(total, SAMPLE, part):
        tag = fresh(bed, number)
        bodies = twelve(tag)
        file = str(bed.write(*bodies))
        tally.add(run_killed(bed, number, moment, "apply", file))
        before = dict(uids(bed, bodies))
        bed.run("apply", file, *RESUME).expect(0)
        check_converged(bed, bodies)
        assert before.items() <= dict(uids(bed, bodies)).items()
        check_no_op(bed, file, *RESUME)
        tidy(bed, bodies)
    tally.tell()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("moment", ["answered", "held"])
def test_s34_an_update_killed_at_any_request(moment: Any, part: int, bed: Bed, own_plane: Plane) -> None:
    tag = fresh(bed, 0)
    old, new = twelve(tag), twelve_changed(tag)
    gone = [body for body in old if (body["kind"], body["metadata"]["name"]) in REMOVED]
    bed.set_up(*old)
    file = str(bed.write(*new))
    total = count_requests(bed, "apply", file, *RESUME)
    tally = Tally(f"update, {moment}", total)
    for number in kill_points(total, SAMPLE, part):
        bed.set_up(*old, flags=["--break-lock"])
        file = str(bed.write(*new))
        tally.add(run_killed(bed, number, moment, "apply", file))
        bed.run("apply", file, *RESUME).expect(0)
        check_converged(bed, new, gone)
        check_no_op(bed, file, *RESUME)
    tidy(bed, old)
    tally.tell()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("moment", ["answered", "held"])
def test_s35_a_deletion_killed_at_any_request(moment: Any, part: int, bed: Bed, own_plane: Plane) -> None:
    tag = fresh(bed, 0)
    bed.set_up(*twelve(tag))
    total = count_requests(bed, "delete", "--yes", "-o", "json")
    tally = Tally(f"deletion, {moment}", total)
    for number in kill_points(total, SAMPLE, part):
        tag = fresh(bed, number)
        bodies = twelve(tag)
        bed.set_up(*bodies)
        tally.add(run_killed(bed, number, moment, "delete", "--yes"))
        bed.run("delete", "--yes", "--break-lock", "-o", "json").expect(0)
        assert dict(uids(bed, bodies)) == {}
        assert bed.inventory() is None
        assert bed.lease() is None
        tidy(bed, bodies)
    tally.tell()


def test_s36_killed_between_deletion_and_creation(bed: Bed, own_plane: Plane) -> None:
    wish = {"annotations": {"kbuild.dev/recreate": "true"}}
    bed.set_up(job("once", of=wish))
    changed = job("once", of=wish, annotations={"version": "2"})
    file = str(bed.write(changed))

    def is_deletion(exchange: Exchange) -> bool:
        return exchange.method == "DELETE" and exchange.name == "once"

    assert run_killed(bed, is_deletion, "answered", "apply", file, "--recreate=listed")
    bed.run("apply", file, *RESUME).expect(0)
    check_converged(bed, [changed])


@pytest.mark.skipif(not SOAK and os.environ.get("CI") != "true", reason="waits out a lease: in CI and in a soak")
def test_s37_the_lock_of_a_dead_run_is_waited_out(bed: Bed) -> None:
    file = str(bed.write(*(config_map(f"c-{number}") for number in range(5))))
    assert run_killed(bed, lambda exchange: exchange.name == "c-2", "answered", "apply", file)
    assert bed.lease() is not None
    begun = time.monotonic()
    bed.run("apply", file, "-o", "json").expect(0)
    assert time.monotonic() - begun < 60


def test_s37_the_lock_of_a_dead_run_can_be_broken(bed: Bed) -> None:
    bodies = [config_map(f"c-{number}") for number in range(5)]
    file = str(bed.write(*bodies))
    assert run_killed(bed, lambda exchange: exchange.name == "c-2", "answered", "apply", file)
    assert bed.lease() is not None
    begun = time.monotonic()
    bed.run("apply", file, "-o", "json", "--break-lock").expect(0)
    assert time.monotonic() - begun < 12  # a lease lasts longer
    check_converged(bed, bodies)


def test_s38_what_a_dead_run_created_is_pruned(bed: Bed) -> None:
    bed.set_up(config_map("a"))
    file = str(bed.write(config_map("a"), config_map("new")))
    assert run_killed(bed, lambda exchange: exchange.name == "new", "held", "apply", file)
    assert bed.live(config_map("new")) is not None
    bed.apply(config_map("a"), flags=["--break-lock"]).expect(0)
    check_converged(bed, [config_map("a")], [config_map("new")])


def start_waiting(bed: Bed) -> subprocess.Popen[str]:
    """A run that waits for what never becomes ready."""
    never = deployment("web", annotations={"testbed.invalid/fate": "never"})
    process = bed.start("apply", str(bed.write(never, config_map("a"))))
    assert eventually(lambda: bed.applies("web") and bed.applies("web")[0].status == 201)
    time.sleep(1)
    return process


def test_s39_an_interrupt_ends_a_run_in_order(bed: Bed, own_plane: Plane) -> None:
    process = start_waiting(bed)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    bed.ended(process, 20).expect(130)
    assert time.monotonic() - begun < 15
    assert set(bed.entries()) == {"Deployment/web", "ConfigMap/a"}
    assert bed.header()["phase"] == "idle"
    assert bed.lease() is None


def test_s39_an_interrupt_before_the_first_write_writes_nothing(bed: Bed) -> None:
    bed.proxy.add(Delay(4), "GET", "/configmaps[?]limit")
    process = bed.start("apply", str(bed.write(config_map("a"))))
    assert eventually(lambda: bed.proxy.find("GET", f"/configmaps/kbuild.{bed.name}"))
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    done = bed.ended(process, 20).expect(130)
    assert "stopped before anything was written" in done.text
    assert bed.proxy.writes == []


def test_s39_a_term_signal_ends_a_run_in_order(bed: Bed, own_plane: Plane) -> None:
    process = start_waiting(bed)
    process.send_signal(signal.SIGTERM)
    bed.ended(process, 20).expect(143)
    assert set(bed.entries()) == {"Deployment/web", "ConfigMap/a"}
    assert bed.lease() is None


def test_s39_a_second_interrupt_ends_it_at_once(bed: Bed, own_plane: Plane) -> None:
    from faults import Hold

    process = start_waiting(bed)
    bed.proxy.add(Hold(20), "PUT", f"configmaps/kbuild.{bed.name}")
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = bed.ended(process, 20)
    assert time.monotonic() - begun < 8
    assert done.code in (130, -signal.SIGINT)
    assert "Traceback" not in done.text
    bed.proxy.clear()
    bed.apply(deployment("web"), config_map("a"), flags=["--break-lock"]).expect(0)
    check_converged(bed, [deployment("web"), config_map("a")])


@pytest.mark.parametrize("output", ["log", "events", "json"])
def test_s40_a_closed_output_is_no_crash(output: str, bed: Bed) -> None:
    bodies = [config_map(f"c-{number}") for number in range(30)]
    process = bed.start("apply", str(bed.write(*bodies)), "-o", output)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert "Traceback" not in said
    assert set(bed.entries()) >= {f"{kind}/{name}" for kind, name in labelled_maps(bed)}
    bed.apply(*bodies, flags=["--break-lock"]).expect(0)
    check_converged(bed, bodies)


def labelled_maps(bed: Bed) -> set[tuple[str, str]]:
    found = bed.kube.list("v1", "ConfigMap", bed.namespace, "applyset.kubernetes.io/part-of")
    return {("ConfigMap", item["metadata"]["name"]) for item in found}


def other(version: int) -> int:
    return 3 - version


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("moment", ["answered", "held", "before"])
def test_forty_objects_of_many_kinds_survive_a_kill_at_any_request(
    moment: Any, part: int, bed: Bed, own_plane: Plane
) -> None:
    """Renames, removals, changes and a recreate in both directions: every kill point converges, nothing is orphaned."""
    tag = fresh(bed, 0)
    sets = {version: forty(tag, version) for version in (1, 2)}
    flags = (*RESUME, "--allow-prune=all")
    bed.set_up(*sets[1])
    totals = {version: count_requests(bed, "apply", str(bed.write(*sets[version])), *flags) for version in (2, 1)}
    tally = Tally(f"forty objects, {moment}", max(totals.values()))
    for number in kill_points(max(totals.values()), (SAMPLE + 1) // 2, part):
        for version, total in totals.items():
            desired, old = sets[version], sets[other(version)]
            gone = [body for body in old if names([body]) <= names(old) - names(desired)]
            kept = [body for body in desired if body["kind"] != "Job" and names([body]) <= names(old)]
            uids_before = dict(uids(bed, kept))
            file = str(bed.write(*desired))
            if number <= total:
                tally.add(run_killed(bed, number, moment, "apply", file, *flags))
            bed.run("apply", file, *flags).expect(0)
            check_converged(bed, desired, gone)
            assert uids_before.items() <= dict(uids(bed, desired)).items(), (
                f"deleted though desired, killed at {number}"
            )
            check_no_op(bed, file, *flags)
    bed.run("delete", "--yes", "-o", "json").expect(0)
    assert dict(uids(bed, [*sets[1], *sets[2]])) == {}
    tally.tell()
