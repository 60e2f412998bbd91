"""Whole runs against a server in memory: what is sent, in which order, and what is stored afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from queue import SimpleQueue
from threading import get_ident
from typing import Any

import pytest
from fake_api import FakeApi, place, status

from applier import flow, keys
from applier.cluster.cluster import Cluster
from applier.cluster.rebuild import find_members
from applier.cluster.stored import read_inventory
from applier.cluster.transport import Request, Response
from applier.executor import quiet
from applier.executor.cancel import Cancellation
from applier.executor.judge import PodsSeen
from applier.executor.lease import Lease
from applier.executor.looks import Looks
from applier.executor.options import Options
from applier.failures import ApplierError, ErrorClass, TransportError
from applier.model.changes import ChangeSet
from applier.model.errors import UnconfirmedError
from applier.model.health import Health, Status
from applier.model.ids import ObjectId
from applier.model.inventory import InventoryRef
from applier.model.policy import Policy
from applier.normalize.documents import of_bodies

REF = InventoryRef("n", "app")
HEAD = place("configmaps", "n", REF.head_name)


class InstantClock:
    """Time passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time_s = 1000.0

    def monotonic(self) -> float:
        return self.time_s

    def now(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds


def cluster_of(api: FakeApi) -> Cluster:
    return Cluster(api, namespace="n")


def config_map(name: str, data: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"a": "1"}, **more}


def wish(*bodies: dict[str, Any], **policy: Any) -> flow.Wish:
    found = Policy(namespace="n", timeout_s=policy.pop("timeout_s", 5.0), **policy)
    return flow.Wish(ref=REF, policy=found, documents=tuple(of_bodies(bodies)))


def apply(api: FakeApi, *bodies: dict[str, Any], events: list[Any] | None = None, **policy: Any) -> ChangeSet:
    take = events.append if events is not None else None
    options = Options(run="run", tool="test")
    return flow.apply(cluster_of(api), wish(*bodies, **policy), options, approve=lambda one: one, on_event=take)


def delete(api: FakeApi) -> ChangeSet:
    found = replace(wish(), is_delete=True)
    return flow.apply(cluster_of(api), found, Options(run="run", tool="test"), approve=lambda one: one)


def outcomes(changes: ChangeSet) -> dict[str, str]:
    return {change.id.name: change.outcome.value for change in changes.changes}


def entries(api: FakeApi) -> set[str]:
    inventory = read_inventory(cluster_of(api).reader, REF)
    return {entry.name for entry in inventory.entries} if inventory is not None else set()


def verbs(api: FakeApi) -> list[str]:
    return [f"{one.method} {one.path.rpartition('/')[2]}" for one in api.writes]


def test_the_inventory_is_written_before_the_first_object_and_after_the_last() -> None:
    api = FakeApi()
    assert outcomes(apply(api, config_map("a"), config_map("b"))) == {"a": "created", "b": "created"}
    assert verbs(api) == [
        "POST leases", "POST configmaps", "PATCH a", "PATCH b", f"PUT {REF.head_name}", f"DELETE {REF.head_name}",
    ]  # fmt: skip
    ahead = json.loads(api.writes[1].body or b"")
    assert json.loads(ahead["data"]["header"])["phase"] == "applying"
    assert json.loads(api.objects[HEAD]["data"]["header"])["phase"] == "idle"
    assert entries(api) == {"a", "b"}


def test_an_unchanged_set_writes_nothing() -> None:
    api = FakeApi()
    apply(api, config_map("a"), config_map("b"))
    api.sent.clear()
    changes = apply(api, config_map("a"), config_map("b"))
    assert outcomes(changes) == {"a": "unchanged", "b": "unchanged"}
    assert changes.exit_code == 0
    assert api.writes == []
    assert len(api.sent) == 4  # two for discovery, the inventory, one list


QUIET = {
    "plain": {},
    "left alone": {"metadata": {"name": "b", "annotations": {keys.FLUX_RECONCILE: "disabled"}}},
    "created only": {"metadata": {"name": "b", "annotations": {keys.FLUX_SSA: "IfNotPresent"}}},
    "a warning": {"metadata": {"name": "b", "annotations": {keys.ARGO_WAVE: "1"}}},
    "a dependency inside": {"metadata": {"name": "b", "annotations": {keys.DEPENDS_ON: "/namespaces/n/ConfigMap/c"}}},
}


@pytest.mark.parametrize("case", QUIET)
@pytest.mark.parametrize("kept", [True, False], ids=["with one that stays", "exact"])
def test_a_quiet_run_tells_what_the_executor_would_tell(case: str, kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi()
    bodies = [config_map("c"), config_map("b", **QUIET[case]), config_map("a")]
    apply(api, *bodies, *([config_map("z")] if kept else []))
    found = []
    for is_quiet in (quiet.is_quiet, lambda _: False):
        monkeypatch.setattr(quiet, "is_quiet", is_quiet)
        api.sent.clear()
        events: list[Any] = []
        changes = apply(api, *bodies, events=events, prune=False)
        assert not api.writes
        told = [replace(event, at_s=0.0) for event in events[:-1]]
        found.append((told, replace(changes, durations_s=dict.fromkeys(changes.durations_s, 0.0)), len(api.sent)))
    assert found[0] == found[1]


def test_only_a_run_without_any_request_is_quiet() -> None:
    api = FakeApi()
    bodies = [config_map("a"), config_map("b")]
    apply(api, *bodies, config_map("y"), config_map("z"))

    def is_quiet(*wanted: dict[str, Any], **policy: Any) -> bool:
        return quiet.is_quiet(flow.prepare(cluster_of(api), wish(*wanted, **policy)).plan)

    assert is_quiet(*bodies, prune=False)
    assert not is_quiet(*bodies)  # one to delete
    assert not is_quiet(config_map("a", {"a": "2"}), config_map("b"), prune=False)
    assert not is_quiet(*bodies, config_map("new"), prune=False)
    outside = config_map("b", metadata={"name": "b", "annotations": {keys.DEPENDS_ON: "/namespaces/n/ConfigMap/y"}})
    apply(api, config_map("a"), outside, config_map("z"), prune=False)
    assert not is_quiet(config_map("a"), outside, prune=False)  # what is outside is waited for
    del api.objects[place("configmaps", "n", "z")]
    assert not is_quiet(*bodies, prune=False)  # the inventory forgets it
    assert not quiet.is_quiet(flow.prepare(cluster_of(api), replace(wish(), is_delete=True)).plan)


def test_what_left_the_set_is_deleted_by_its_uid() -> None:
    api = FakeApi()
    apply(api, config_map("a"), config_map("b"))
    uid = api.objects[place("configmaps", "n", "b")]["metadata"]["uid"]
    api.sent.clear()
    assert outcomes(apply(api, config_map("a"))) == {"a": "unchanged", "b": "pruned"}
    (deletion,) = [one for one in api.writes if one.path.endswith("/b")]
    assert json.loads(deletion.body or b"")["preconditions"] == {"uid": uid}
    assert entries(api) == {"a"}


def test_nothing_is_deleted_after_a_failure() -> None:
    api = FakeApi()
    apply(api, config_map("a"), config_map("b"))

    def refuse(request: Request) -> Response | None:
        return status(422, "Invalid", "wrong", []) if request.method == "PATCH" else None

    api.fault = refuse
    changes = apply(api, config_map("a", {"a": "2"}))
    assert outcomes(changes) == {"a": "failed", "b": "skipped"}
    assert changes.exit_code == 3
    assert entries(api) == {"a", "b"}


def test_a_conflict_with_a_person_is_taken_and_one_with_a_controller_is_not() -> None:
    for manager, outcome in (("kubectl-edit", "configured"), ("controller", "failed")):
        api = FakeApi()
        apply(api, config_map("a"))
        api.owners[place("configmaps", "n", "a"), ".data.a"] = manager
        changes = apply(api, config_map("a", {"a": "2"}))
        assert outcomes(changes) == {"a": outcome}
        assert manager in " ".join((*changes.warnings, *(change.message for change in changes.changes)))


def test_an_object_that_was_replaced_meanwhile_is_looked_at_again() -> None:
    api = FakeApi()
    apply(api, config_map("a"))
    path = place("configmaps", "n", "a")

    def replace_once(request: Request) -> Response | None:
        if request.method == "PATCH" and request.path == path:
            api.fault = lambda _: None
            del api.objects[path]
            api.put("configmaps", {**config_map("a"), "metadata": {"name": "a", "namespace": "n"}})
        return None

    api.fault = replace_once
    changes = apply(api, config_map("a", {"a": "2"}))
    assert changes.exit_code == 0
    assert api.objects[path]["data"] == {"a": "2"}
    assert not [one for one in api.writes if one.method == "DELETE" and one.path == path]


def test_an_immutable_object_is_recreated_only_where_that_is_allowed() -> None:
    api = FakeApi()
    path = place("configmaps", "n", "a")
    apply(api, config_map("a", immutable=True))
    before = api.objects[path]["metadata"]["uid"]
    changes = apply(api, config_map("a", {"a": "2"}, immutable=True))
    assert [change.error_class for change in changes.changes] == [ErrorClass.IMMUTABLE]
    assert api.objects[path]["metadata"]["uid"] == before
    changes = apply(api, config_map("a", {"a": "2"}, immutable=True), recreate="all")
    assert outcomes(changes) == {"a": "recreated"}
    assert api.objects[path]["metadata"]["uid"] != before


def test_nothing_is_deleted_for_a_body_that_cannot_be_created() -> None:
    api = FakeApi()
    path = place("configmaps", "n", "a")
    apply(api, config_map("a", immutable=True))

    def refuse_probes(request: Request) -> Response | None:
        return status(422, "Invalid", "wrong", []) if "dryRun" in request.query else None

    api.fault = refuse_probes
    changes = apply(api, config_map("a", {"a": "2"}, immutable=True), recreate="all")
    assert outcomes(changes) == {"a": "failed"}
    assert path in api.objects


def test_a_lost_answer_is_repeated_and_told_as_creation() -> None:
    api = FakeApi()
    path = place("configmaps", "n", "a")

    def lose_once(request: Request) -> Response | None:
        if request.method == "PATCH":
            api.fault = lambda _: None
            api._answer(request)
            raise TransportError("reset", lost=True)
        return None

    api.fault = lose_once
    events: list[Any] = []
    changes = apply(api, config_map("a"), events=events)
    assert outcomes(changes) == {"a": "created"}
    assert [event.type for event in events if event.type == "retry"] == ["retry"]
    assert len([one for one in api.writes if one.method == "PATCH" and one.path == path]) == 1


def test_a_failed_last_write_of_the_inventory_is_told_and_repaired() -> None:
    api = FakeApi()

    def refuse(request: Request) -> Response | None:
        return status(403, "Forbidden", "no") if request.method == "PUT" and request.path == HEAD else None

    api.fault = refuse
    changes = apply(api, config_map("a"))
    assert (changes.exit_code, outcomes(changes)) == (1, {"a": "created"})
    assert "inventory not finalised" in " ".join(changes.warnings)
    api.fault = lambda _: None
    api.sent.clear()
    assert apply(api, config_map("a")).exit_code == 0
    assert [verb for verb in verbs(api) if "PUT" in verb] == [f"PUT {REF.head_name}"]


def test_deleting_everything_ends_without_inventory_and_lock() -> None:
    api = FakeApi()
    apply(api, config_map("a"), config_map("b"))
    assert outcomes(delete(api)) == {"a": "pruned", "b": "pruned"}
    assert api.objects == {}


def test_what_a_finalizer_holds_stays_in_the_inventory() -> None:
    api = FakeApi()
    apply(api, config_map("a"), config_map("b"))
    api.objects[place("configmaps", "n", "b")]["metadata"]["finalizers"] = ["example.com/hold"]
    changes = apply(api, config_map("a"), timeout_s=0.2)
    assert outcomes(changes) == {"a": "unchanged", "b": "timeout"}
    inventory = read_inventory(cluster_of(api).reader, REF)
    assert inventory is not None
    assert {entry.id.name: entry.flags for entry in inventory.entries.values()} == {"a": "a", "b": "ad"}


def test_an_empty_set_needs_a_yes() -> None:
    api = FakeApi()
    apply(api, config_map("a"))
    api.sent.clear()
    with pytest.raises(UnconfirmedError):
        apply(api)
    assert api.writes == []


def test_a_stop_before_the_first_write_of_an_object_leaves_the_rest() -> None:
    api = FakeApi()
    cancel = Cancellation()

    def stop(request: Request) -> Response | None:
        if request.method == "PATCH":
            cancel.cancel(143)
        return None

    api.fault = stop
    bodies = [config_map(f"c-{number}") for number in range(20)]
    options = Options(run="run", tool="test")
    found = wish(*bodies, concurrency=1)
    changes = flow.apply(cluster_of(api), found, options, approve=lambda one: one, cancel=cancel)
    assert changes.exit_code == 143
    assert outcomes(changes)["c-0"] == "created"
    assert set(outcomes(changes).values()) == {"created", "skipped"}
    assert place("leases", "n", REF.head_name) not in api.objects


def test_a_dependency_outside_of_the_set_that_never_becomes_current_fails_the_run() -> None:
    api = FakeApi()
    apply(api, config_map("a"), config_map("b"))
    api.put("namespaces", {"kind": "Namespace", "metadata": {"name": "other"}, "status": {"phase": "Terminating"}})
    waiting = config_map("c")
    waiting["metadata"]["annotations"] = {"config.kubernetes.io/depends-on": "/Namespace/other"}
    changes = apply(api, config_map("a"), waiting, timeout_s=0.5)
    assert changes.exit_code == 3
    assert outcomes(changes) == {"a": "unchanged", "b": "skipped", "c": "skipped"}
    [failure] = changes.errors
    assert failure.error_class is ErrorClass.WAIT_TIMEOUT
    assert "Namespace other" in failure.message
    assert entries(api) == {"a", "b", "c"}


def test_a_run_whose_time_is_up_says_so_and_deletes_nothing() -> None:
    api, clock = FakeApi(), InstantClock()
    apply(api, config_map("old"))

    def slow(request: Request) -> Response | None:
        clock.sleep(10 if request.method == "PATCH" else 0)
        return None

    api.fault = slow
    found = wish(*(config_map(f"c-{number}") for number in range(5)), concurrency=1, total_timeout_s=15.0)
    options = Options(run="run", tool="test")
    changes = flow.apply(Cluster(api, namespace="n", clock=clock), found, options, approve=lambda one: one)
    assert changes.exit_code == 3
    assert changes.result == "failed"
    assert 1 < list(outcomes(changes).values()).count("created") < 5
    assert outcomes(changes)["old"] == "skipped"
    assert [failure.message for failure in changes.errors] == [
        "the run's time (15 s) was up before everything was done"
    ]


def test_a_stop_before_the_run_begins_writes_nothing() -> None:
    api, cancel = FakeApi(), Cancellation()
    cancel.cancel()
    options = Options(run="run", tool="test")
    with pytest.raises(ApplierError) as caught:
        flow.apply(cluster_of(api), wish(config_map("a")), options, approve=lambda one: one, cancel=cancel)
    assert caught.value.error_class is ErrorClass.CANCELLED
    assert api.writes == []


def test_everyone_who_sleeps_hears_of_a_stop() -> None:
    cancel = Cancellation()
    assert not cancel.wait(0)
    cancel.cancel(143)
    cancel.cancel(130)
    assert cancel.wait(60)
    assert cancel.wait(60)
    assert cancel.exit_code == 143


def test_a_kind_that_cannot_be_searched_for_members_is_named() -> None:
    api = FakeApi()
    apply(api, config_map("a"))
    api.objects[HEAD]["metadata"]["annotations"][keys.APPLYSET_KINDS] = "ConfigMap,Widget.example.com"
    found = find_members(cluster_of(api), REF)
    assert [object_id.name for object_id in found.entries] == ["a"]
    assert found.gaps == ("Widget.example.com: the cluster does not serve it",)


def test_pods_of_many_workloads_are_asked_for_by_one_thread() -> None:
    threads: set[int] = set()
    answers: SimpleQueue[Any] = SimpleQueue()
    seen = PodsSeen(ObjectId("apps", "Deployment", "n", "web"), Health(status=Status.IN_PROGRESS))
    looks = Looks(answers.put)

    def question() -> PodsSeen:
        threads.add(get_ident())
        return seen

    for _ in range(50):
        looks.ask(question)
    looks.close()
    assert [answers.get(timeout=10) for _ in range(50)] == [seen] * 50
    assert len(threads) == 1


def lease_of(api: FakeApi, clock: InstantClock, run: str) -> Lease:
    cluster = Cluster(api, clock=clock)
    from applier.cluster.writer import Writer

    cancel = Cancellation()
    cancel.wait = lambda seconds: clock.sleep(seconds) or False  # type: ignore[method-assign,func-returns-value]
    return Lease(cluster.reader, Writer(cluster.exchange), REF, run, cancel)


def held(api: FakeApi, holder: str) -> None:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 30}
    api.put("leases", {"kind": "Lease", "metadata": {"name": REF.head_name, "namespace": "n"}, "spec": spec})


def test_the_lock_of_a_dead_run_is_taken_after_its_duration() -> None:
    api, clock = FakeApi(), InstantClock()
    held(api, "dead")
    lease = lease_of(api, clock, "me")
    lease.take(0.0, break_lock=False)
    assert 30 <= clock.time_s - 1000 <= 32
    assert lease.is_still_ours()
    lease.release()


def test_the_lock_of_a_dead_run_can_be_broken() -> None:
    api, clock = FakeApi(), InstantClock()
    held(api, "dead")
    lease = lease_of(api, clock, "me")
    lease.take(0.0, break_lock=True)
    assert clock.time_s == 1000
    lease.release()


def test_a_lock_that_another_run_took_meanwhile_is_not_released() -> None:
    api, clock = FakeApi(), InstantClock()
    lease, other = lease_of(api, clock, "me"), lease_of(api, clock, "other")
    lease.take(0.0, break_lock=False)
    other.take(0.0, break_lock=True)
    lease.release()
    assert other.is_still_ours()
    other.release()
    assert place("leases", "n", REF.head_name) not in api.objects


def test_a_lock_that_was_renewed_meanwhile_is_released() -> None:
    api, clock = FakeApi(), InstantClock()
    lease = lease_of(api, clock, "me")
    lease.take(0.0, break_lock=False)
    api.put("leases", api.objects[place("leases", "n", REF.head_name)])  # a renewal whose answer did not come
    lease.release()
    assert place("leases", "n", REF.head_name) not in api.objects


@pytest.mark.parametrize("sign", ["renewed", "released"])
def test_a_living_run_keeps_its_lock(sign: str) -> None:
    api, clock = FakeApi(), InstantClock()
    held(api, "other")
    looks = iter(range(100))

    def live(request: Request) -> Response | None:
        if request.method == "GET" and next(looks) == 5:
            if sign == "renewed":
                held(api, "other")
            else:
                del api.objects[place("leases", "n", REF.head_name)]
        return None

    api.fault = live
    with pytest.raises(ApplierError, match="locked by the run other") as caught:
        lease_of(api, clock, "me").take(0.0, break_lock=False)
    assert caught.value.error_class is ErrorClass.LOCKED
    assert clock.time_s - 1000 < 10


def test_a_lock_is_waited_for_as_long_as_asked() -> None:
    api, clock = FakeApi(), InstantClock()
    held(api, "other")
    looks = iter(range(1000))

    def live(request: Request) -> Response | None:
        number = next(looks) if request.method == "GET" else -1
        if number == 60:
            api.objects.clear()
        elif number > 0 and number % 10 == 0:
            held(api, "other")
        return None

    api.fault = live
    lease = lease_of(api, clock, "me")
    lease.take(120.0, break_lock=False)
    assert 55 <= clock.time_s - 1000 <= 65
    lease.release()
