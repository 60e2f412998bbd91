"""The runtime of controllers: durations, conditions, queue, runs, informer, events, metrics, servers, leadership."""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import pytest

from applier.agent.runtime import durations
from applier.agent.runtime.conditions import Conditions, find, under_way
from applier.agent.runtime.controller import NOT_BY_ITSELF, WITH_BACKOFF, Again, Controller, Run
from applier.agent.runtime.events import ERROR, INFO, TRACE, Happening, Recorder, core, wire
from applier.agent.runtime.informer import Informer
from applier.agent.runtime.leadership import Leadership
from applier.agent.runtime.logs import Log, Subject
from applier.agent.runtime.metrics import Metrics
from applier.agent.runtime.queue import Key, Queue
from applier.agent.runtime.serving import MAX_BODY, Asked, Reply, Server
from applier.agent.runtime.writes import OwnWriter, has_finalizer
from applier.cluster.api import Collection
from applier.cluster.exchange import Exchange
from applier.cluster.reader import Reader
from applier.cluster.transport import Request, Response

MAPS = Collection("", "v1", "configmaps", "ConfigMap", "")
A, B = Key("ns", "a"), Key("ns", "b")


class FakeClock:
    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.time

    def now(self) -> float:
        return 1_767_225_600.5 + self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1m", 60), ("1h30m", 5400), ("1.5s", 1.5), ("250ms", 0.25), ("0", 0), ("-1s", -1), ("1h0m0s", 3600)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert durations.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "1d", "m", "1m x", "s1"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        durations.seconds(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (600, "10m0s"), (3600, "1h0m0s"), (30, "30s"), (0.452310298, "452.310298ms"), (5.02, "5.02s"),
     (0.0000015, "1.5µs"), (1e-9, "1ns"), (-90, "-1m30s"), (90061.25, "25h1m1.25s")],
)  # fmt: skip
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    assert durations.text_of(seconds) == text


def test_a_transition_time_moves_with_the_status_only() -> None:
    conditions = Conditions([], 1, "t1")
    conditions.set("Ready", "True", "Succeeded", "one")
    later = Conditions(conditions.as_list(), 2, "t2")
    later.set("Ready", "True", "Succeeded", "two")
    assert later.get("Ready") == {
        "lastTransitionTime": "t1", "message": "two", "observedGeneration": 2, "reason": "Succeeded", "status": "True",
        "type": "Ready",
    }  # fmt: skip
    later.set("Ready", "False", "Failed", "three")
    assert later.get("Ready")["lastTransitionTime"] == "t2"


def test_conditions_of_a_run_from_progress_to_failure() -> None:
    conditions = Conditions([], 1, "t")
    conditions.progressing("building", ready="Reconciliation in progress")
    conditions.set("Healthy", "Unknown", "Progressing", "m")
    assert [found["type"] for found in conditions.as_list()] == ["Reconciling", "Ready", "Healthy"]
    conditions.failed("BuildFailed", "no")
    progress = conditions.get("Reconciling")
    assert (progress["reason"], progress["message"]) == ("ProgressingWithRetry", "building")
    conditions.failed("InvalidCELExpression", "never", is_final=True)
    assert [found["type"] for found in conditions.as_list()] == ["Stalled", "Ready", "Healthy"]
    conditions.succeeded("ReconciliationSucceeded", "done")
    assert [found["type"] for found in conditions.as_list()] == ["Ready", "Healthy"]
    assert conditions.is_true("Ready")
    assert find({"status": {"conditions": conditions.as_list()}}, "Ready")["message"] == "done"
    assert find({}, "Ready") is None


def test_a_key_is_worked_on_once_and_again_if_it_changed_meanwhile() -> None:
    queue = Queue(FakeClock().monotonic)
    for key in (A, B, A):
        queue.add(key)
    assert [queue.get(), queue.get(), queue.depth()] == [A, B, 0]
    queue.add(A)
    assert queue.depth() == 0
    queue.done(A)
    assert queue.get() == A


def test_a_delayed_key_comes_when_it_is_due_and_the_earliest_time_counts() -> None:
    clock = FakeClock()
    queue = Queue(clock.monotonic)
    queue.add_after(A, 10)
    queue.add_after(A, 5)
    queue.add_after(A, 20)
    clock.time = 5
    assert queue.get() == A
    queue.done(A)
    clock.time = 30
    queue.add(B)
    assert queue.get() == B
    assert queue.depth() == 0


def test_backoff_doubles_up_to_a_limit_and_is_forgotten() -> None:
    queue = Queue(FakeClock().monotonic, max_delay_s=4)
    assert [queue.add_limited(A) for _ in range(5)] == [0.75, 1.5, 3.0, 4.0, 4.0]
    queue.forget(A)
    assert queue.add_limited(A) == 0.75


def test_a_closed_queue_ends_whoever_waits() -> None:
    queue = Queue(FakeClock().monotonic)
    found: list[Key | None] = [A]
    thread = Thread(target=lambda: found.append(queue.get()))
    thread.start()
    queue.close()
    thread.join(5)
    assert found == [A, None]


class Runs:
    """A controller whose runs are told what to do."""

    def __init__(self, concurrency: int = 1) -> None:
        import time

        self.began: list[Key] = []
        self.go, self.crashes = Event(), []
        self.queue = Queue(time.monotonic, min_delay_s=0.01)
        self.controller = Controller(
            "test", self.queue, self.reconcile, lambda key, error: self.crashes.append((key, error)), concurrency
        )
        self.controller.start()

    def reconcile(self, run: Run) -> Again:
        self.began.append(run.key)
        if run.key.name == "crash" and len(self.began) == 1:
            raise RuntimeError("bug")
        if run.key.name == "wait":
            with run.waiting():
                run.cancelled.wait(5)
            self.why = run.why
        if run.key.name == "block":
            self.go.wait(5)
        return NOT_BY_ITSELF

    def until(self, condition: Any) -> None:
        pause = Event()
        for _ in range(500):
            if condition():
                return
            pause.wait(0.01)
        raise AssertionError(self.began)


def test_a_waiting_run_keeps_nobody_from_work_and_can_be_cancelled() -> None:
    runs = Runs()
    runs.queue.add(Key("ns", "wait"))
    runs.until(lambda: runs.began)
    runs.queue.add(A)
    runs.until(lambda: A in runs.began)
    assert runs.controller.cancel(Key("ns", "wait"), "a new revision")
    runs.until(lambda: not runs.controller.running())
    assert runs.why == "a new revision"
    assert not runs.controller.cancel(A, "nothing runs")
    assert runs.controller.stop(1)


def test_one_run_at_a_time_where_one_is_asked_for() -> None:
    runs = Runs()
    runs.queue.add(Key("ns", "block"))
    runs.until(lambda: runs.began)
    runs.queue.add(A)
    assert not Event().wait(0.1)
    assert A not in runs.began
    runs.go.set()
    runs.until(lambda: A in runs.began)
    assert runs.controller.stop(1)


def test_a_crash_is_told_and_tried_again() -> None:
    runs = Runs()
    runs.queue.add(Key("ns", "crash"))
    runs.until(lambda: len(runs.began) == 2)
    assert [(key.name, str(error)) for key, error in runs.crashes] == [("crash", "bug")]
    assert runs.controller.stop(1)
    assert WITH_BACKOFF.is_limited


class Lines:
    """A watch: lines, then its end."""

    status = 200

    def __init__(self, events: list[Any], hold: Event | None = None) -> None:
        self.events, self.hold, self.closed = events, hold, Event()

    def lines(self) -> Iterator[bytes]:
        for event in self.events:
            yield json.dumps(event).encode()
        if self.hold is not None:
            self.closed.wait(5)

    def close(self) -> None:
        self.closed.set()


class FakeTransport:
    """Answers by method and path; remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Any] = {}
        self.streams: list[Any] = []
        self.asked: list[Request] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        found = self.answers.get((request.method, request.path))
        if callable(found):
            found = found(request)
        if found is None:
            body = {"kind": "Status", "code": 404, "reason": "NotFound", "details": {"name": "x", "kind": "y"}}
            return Response(404, {}, json.dumps(body).encode())
        return Response(200, {}, json.dumps(found).encode())

    def open(self, request: Request) -> Any:
        self.asked.append(request)
        return self.streams.pop(0) if self.streams else Lines([], Event())


def config_map(name: str, version: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": "ns", "name": name, "resourceVersion": str(version), "uid": f"u-{name}"},
    }


def test_an_informer_lists_watches_and_lists_again_after_an_error() -> None:
    transport = FakeTransport()
    lists = iter([[config_map("a", 1), config_map("gone", 1)], [config_map("a", 4), config_map("c", 5)]])
    transport.answers["GET", MAPS.path] = lambda _: {"items": next(lists), "metadata": {"resourceVersion": "9"}}
    transport.streams = [
        Lines(
            [
                {"type": "MODIFIED", "object": config_map("a", 2)},
                {"type": "ADDED", "object": config_map("b", 3)},
                {"type": "BOOKMARK", "object": config_map("", 3)},
                {"type": "DELETED", "object": config_map("b", 3)},
                {"type": "ERROR", "object": {"code": 410}},
            ]
        )
    ]
    seen: list[tuple[str, str]] = []
    done = Event()

    def on_change(old: Any, new: Any) -> None:
        seen.append(tuple("-" if body is None else body["metadata"]["resourceVersion"] for body in (old, new)))
        if len(seen) == 8:
            done.set()

    informer = Informer(Reader(Exchange(transport, FakeClock())), MAPS, on_change, selector="a=b")
    informer.start()
    assert done.wait(5), seen
    assert informer.synced.is_set()
    assert seen == [("-", "1"), ("-", "1"), ("1", "2"), ("-", "3"), ("3", "-"), ("2", "4"), ("-", "5"), ("1", "-")]
    assert {body["metadata"]["name"] for body in informer.all()} == {"a", "c"}
    informer.put(config_map("a", 3))
    assert informer.get(A)["metadata"]["resourceVersion"] == "4"
    informer.put(config_map("a", 7))
    assert informer.get(A)["metadata"]["resourceVersion"] == "7"
    assert "labelSelector=a%3Db" in transport.asked[0].query
    informer.stop()


def test_a_kind_that_is_not_installed_is_an_empty_collection() -> None:
    informer = Informer(Reader(Exchange(FakeTransport(), FakeClock())), MAPS, lambda _old, _new: None)
    informer.start()
    assert informer.synced.wait(5)
    assert informer.all() == []
    informer.stop()


BODY = {
    "apiVersion": "source.toolkit.fluxcd.io/v1",
    "kind": "GitRepository",
    "metadata": {"namespace": "flux-system", "name": "shop", "uid": "u", "resourceVersion": "1"},
}
NEWS = Happening(body=BODY, severity=INFO, reason="NewArtifact", message="stored", metadata={"g/revision": "main@1"})


def test_the_wire_form_of_an_event_has_the_recorded_keys_in_their_order() -> None:
    found = wire(NEWS, 1_767_225_600.0, "source-controller", "pod")
    assert list(found) == [
        "involvedObject", "severity", "timestamp", "message", "reason", "metadata", "reportingController",
        "reportingInstance",
    ]  # fmt: skip
    assert list(found["involvedObject"]) == ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion"]
    assert found["timestamp"] == "2026-01-01T00:00:00Z"
    assert "metadata" not in wire(Happening(body=BODY, severity=ERROR, reason="r", message="m"), 0.0, "c", "i")


def test_a_core_event_warns_of_errors_and_a_trace_has_no_annotations() -> None:
    assert core(NEWS, 0.0, "c", "")["metadata"]["annotations"] == {"g/revision": "main@1"}
    trace = Happening(body=BODY, severity=TRACE, reason="r", message="m", metadata={"a": "b"})
    assert "annotations" not in core(trace, 0.0, "c", "")["metadata"]
    assert core(trace, 0.0, "c", "")["type"] == "Normal"
    assert core(Happening(body=BODY, severity=ERROR, reason="r", message="m"), 0.0, "c", "")["type"] == "Warning"


def test_events_are_counted_up_and_posted_until_taken() -> None:
    transport, posts = FakeTransport(), []
    path = "/api/v1/namespaces/flux-system/events"
    transport.answers["POST", path] = {}

    def post(document: bytes) -> bool:
        posts.append(json.loads(document))
        return len(posts) != 1

    recorder = Recorder(Exchange(transport, FakeClock()), "c", post=post, clock=FakeClock())
    recorder.record(NEWS)
    recorder.record(NEWS)
    recorder.record(Happening(body=BODY, severity=TRACE, reason="r", message="m"))
    recorder.start()
    recorder.stop(5)
    assert [post["message"] for post in posts] == ["stored"] * 3
    methods = [request.method for request in transport.asked]
    assert methods == ["POST", "PATCH", "POST", "POST"]  # the one that cannot be found to be counted up is written anew


def test_log_lines_have_the_keys_that_are_read_back() -> None:
    out = io.StringIO()
    log = Log("info", out, FakeClock())
    subject = Subject("kustomization", "kustomize.toolkit.fluxcd.io", "Kustomization", Key("flux-system", "web"))
    log.write("debug", "not this")
    log.write("error", "failed", subject, error="why", revision=None)
    assert json.loads(out.getvalue()) == {
        "level": "error", "ts": "2026-01-01T00:00:00.500Z", "msg": "failed", "controller": "kustomization",
        "controllerGroup": "kustomize.toolkit.fluxcd.io", "controllerKind": "Kustomization",
        "Kustomization": {"name": "web", "namespace": "flux-system"}, "name": "web", "namespace": "flux-system",
        "error": "why",
    }  # fmt: skip


def test_metrics_are_prometheus_text() -> None:
    metrics = Metrics()
    metrics.describe("gotk_reconcile_duration_seconds", "histogram", "How long a run took.")
    metrics.observe("gotk_reconcile_duration_seconds", {"kind": "K", "name": 'a"b'}, 0.2)
    metrics.add("runs_total", {"kind": "K"}, 2)
    metrics.gauge("depth", "Keys that wait.", lambda: 3)
    text = metrics.text()
    assert 'gotk_reconcile_duration_seconds_bucket{kind="K",name="a\\"b",le="0.1"} 0' in text
    assert 'gotk_reconcile_duration_seconds_bucket{kind="K",name="a\\"b",le="+Inf"} 1' in text
    assert "# TYPE gotk_reconcile_duration_seconds histogram" in text
    assert 'runs_total{kind="K"} 2\n' in text
    assert "depth 3\n" in text
    metrics.drop({"kind": "K"})
    assert "runs_total{" not in metrics.text()


@pytest.fixture
def server() -> Iterator[Server]:
    def crash(_asked: Asked) -> Reply:
        raise RuntimeError("secret")

    made = Server(
        "127.0.0.1:0",
        {
            ("GET", "/healthz"): lambda _: Reply(200, b"ok"),
            ("POST", "/"): lambda asked: Reply(202, asked.body[:4]),
            ("GET", "/file"): lambda _: Reply(file=io.BytesIO(b"x" * 100_000), size=100_000),
            ("GET", "/crash"): crash,
        },
    )
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/healthz", b"", (200, b"ok")),
        ("HEAD", "/healthz", b"", (200, b"")),
        ("POST", "/", b"12345", (202, b"1234")),
        ("PUT", "/", b"", (405, b"")),
        ("GET", "/file", b"", (200, b"x" * 100_000)),
        ("GET", "/crash", b"", (500, b"")),
    ],
)
def test_a_server_answers_by_its_table(
    server: Server, method: str, path: str, body: bytes, expected: tuple[int, bytes]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request(method, path, body)
    response = connection.getresponse()
    assert (response.status, response.read()) == expected
    connection.close()


def test_a_server_takes_no_body_without_bound(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(MAX_BODY + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


class Leases(FakeTransport):
    """One Lease that replicas compete for."""

    def __init__(self) -> None:
        super().__init__()
        self.lease: dict[str, Any] | None = None
        path = "/apis/coordination.k8s.io/v1/namespaces/ns/leases"
        self.answers = {
            ("GET", f"{path}/l"): lambda _: self.lease,
            ("POST", path): self.write,
            ("PUT", f"{path}/l"): self.write,
        }

    def write(self, request: Request) -> dict[str, Any]:
        body = json.loads(request.body or b"")
        version = int(self.lease["metadata"]["resourceVersion"]) if self.lease else 0
        self.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": str(version + 1)}}
        return self.lease


def leader(transport: Leases, identity: str, clock: FakeClock) -> Leadership:
    return Leadership(Exchange(transport, clock), "ns", "l", identity, lambda: None, clock, retry_s=0.01)


def test_a_lease_has_one_holder_until_it_runs_out_by_the_other_ones_clock() -> None:
    transport, clock = Leases(), FakeClock()
    first, second = leader(transport, "first", clock), leader(transport, "second", clock)
    assert first._try()
    assert not second._try()
    clock.time = 34
    assert not second._try()
    assert first._try()  # renewed: a new version starts the other's watch anew
    clock.time = 60
    assert not second._try()
    clock.time = 95
    assert second._try()
    assert transport.lease["spec"]["holderIdentity"] == "second"
    assert transport.lease["spec"]["leaseTransitions"] == 1
    assert not first._try()


def test_a_leader_that_stops_lets_go_of_its_lease() -> None:
    transport, clock = Leases(), FakeClock()
    held = leader(transport, "first", clock)
    held.start()
    assert held.leading.wait(5)
    held.stop()
    assert transport.lease["spec"]["holderIdentity"] == ""
    assert leader(transport, "second", clock)._try()


def test_own_writes_are_merge_patches_under_one_manager() -> None:
    transport = FakeTransport()
    path = "/api/v1/namespaces/ns/configmaps/a"
    body = config_map("a", 3)
    transport.answers = {("PATCH", f"{path}/status"): body, ("PATCH", path): body}
    writer = OwnWriter(Exchange(transport, FakeClock()), "gotk x")
    writer.status(MAPS, body, {"a": 1})
    writer.add_finalizer(MAPS, body)
    held = {**body, "metadata": {**body["metadata"], "finalizers": ["finalizers.fluxcd.io"]}}
    assert has_finalizer(held)
    assert not has_finalizer(body)
    writer.remove_finalizer(MAPS, held)
    sent = [json.loads(request.body or b"") for request in transport.asked]
    assert sent[0] == {"status": {"a": 1}}
    assert sent[1] == {"metadata": {"finalizers": ["finalizers.fluxcd.io"], "resourceVersion": "3"}}
    assert sent[2] == {"metadata": {"finalizers": None, "resourceVersion": "3"}}
    assert {request.query for request in transport.asked} == {"fieldManager=gotk%20x"}


@pytest.mark.parametrize(
    ("before", "has_artifact", "after"),
    [
        ("", False, "building artifact"), ("processing object: new generation -1 -> 1", False, "building artifact"),
        ("", True, "reconciliation in progress"),
        ("processing object: new generation 1 -> 2", True, "processing object: new generation 1 -> 2"),
        ("building artifact: new upstream revision 'a'", False, "building artifact: new upstream revision 'a'"),
    ],
)  # fmt: skip
def test_a_source_that_fails_says_what_was_under_way(before: str, has_artifact: bool, after: str) -> None:
    found = Conditions([], 1, "2026-01-01T00:00:00Z")
    if before:
        found.set("Reconciling", "True", "Progressing", before)
    under_way(found, has_artifact=has_artifact)
    assert (found.get("Reconciling") or {})["message"] == after
