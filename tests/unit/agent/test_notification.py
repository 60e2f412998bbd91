"""Notifications apart from payloads: events, matching, repetitions, metadata, what is kept, signatures, delivery."""

from __future__ import annotations

import base64
import hmac
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from applier.agent.notification import event as events
from applier.agent.notification import matching, metadata, signatures
from applier.agent.notification.delivery import Delivery, masked
from applier.agent.notification.destinations import read as destination_of
from applier.agent.notification.duplicates import Duplicates
from applier.agent.notification.event import Event, EventError
from applier.agent.notification.intake import Intake
from applier.agent.notification.matching import Patterns
from applier.agent.notification.outbox import MAX_WAITING, Letter, Outbox
from applier.agent.notification.senders import is_for
from applier.agent.notification.sending import SetupError
from applier.agent.notification.signatures import RefusedError
from applier.agent.notification.transitions import Transitions
from applier.agent.runtime.controller import NOT_BY_ITSELF, Again, Run
from applier.agent.runtime.logs import Log
from applier.agent.runtime.posting import HttpPoster
from applier.agent.runtime.queue import Key, Queue
from applier.agent.runtime.serving import Asked
from applier.model.live import ABSENT

GROUP = "kustomize.toolkit.fluxcd.io"


class FakeClock:
    def __init__(self) -> None:
        self.time = 1_000.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> float:
        return 1_700_000_000.0 + self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def event(message: str = "m", severity: str = "info", name: str = "web", **values: Any) -> Event:
    involved = {"kind": "Kustomization", "namespace": "apps", "name": name, "uid": "1", "apiVersion": f"{GROUP}/v1"}
    return Event(
        involved=involved, severity=severity, timestamp="2026-01-01T00:00:00Z", message=message,
        **{"reason": "R", "controller": "c", **values},
    )  # fmt: skip


def alert(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a", "namespace": "apps"}, "spec": {"providerRef": {"name": "p"}, **spec}}


def test_an_event_is_written_as_it_was_read() -> None:
    document = {
        "involvedObject": {"kind": "Kustomization", "namespace": "apps", "name": "web", "apiVersion": f"{GROUP}/v1"},
        "severity": "info", "timestamp": "2026-01-01T00:00:00Z", "message": "m", "reason": "R", "metadata": {"a": "b"},
        "reportingController": "c", "action": "Apply", "relatedObject": {"kind": "GitRepository", "name": "shop"},
    }  # fmt: skip
    assert events.read(json.dumps(document).encode()).document() == document


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b'"x"', b'{"timestamp":"2026-01-01T00:00:00"}', b'{"timestamp":"2026-01-01T00:00:00Z","message":1}', b'{"timestamp":""}',
     b'{"timestamp":"2026-01-01T00:00:00Z","metadata":{"a":1}}', b'{"timestamp":"2026-01-01T00:00:00Z","involvedObject":[]}'],
)  # fmt: skip
def test_what_is_no_event_is_refused(document: bytes) -> None:
    with pytest.raises(EventError):
        events.read(document)


@pytest.mark.parametrize(
    "text", ["2026-01-01T02:00:00.123456789+02:00", "2026-01-01T00:00:00.9Z", "2026-01-01T00:00:00Z"]
)
def test_times_are_in_utc_and_whole_seconds(text: str) -> None:
    found = events.read(json.dumps({"timestamp": text}).encode())
    assert found.timestamp == "2026-01-01T00:00:00Z"


def test_severity_reason_and_digest_do_not_tell_events_apart_but_revisions_do() -> None:
    key = event().key()
    assert event(severity="error", reason="Other", metadata={f"{GROUP}/digest": "d"}).key() == key
    others = [
        event("n"),
        event(name="x"),
        *(event(metadata={f"{GROUP}/{n}": "1"}) for n in ("revision", "originRevision", "token")),
    ]
    assert len({one.key() for one in others} | {key}) == 6


def test_a_key_is_new_again_after_the_window() -> None:
    clock = FakeClock()
    seen = Duplicates(clock.monotonic)
    assert seen.is_new("a")
    clock.time += 299
    assert not seen.is_new("a")
    clock.time += 1
    assert seen.is_new("a")
    seen.forget("a")
    assert seen.is_new("a")


@pytest.mark.parametrize(
    ("source", "fits"),
    [
        ({"kind": "Kustomization", "name": "*"}, True), ({"kind": "Kustomization", "name": "web"}, True),
        ({"kind": "Kustomization", "name": "other"}, False), ({"kind": "GitRepository", "name": "*"}, False),
        ({"kind": "Kustomization", "name": "*", "namespace": "else"}, False),
        ({"kind": "Kustomization", "name": "*", "matchLabels": {"a": "b"}}, True),
        ({"kind": "Kustomization", "name": "*", "matchLabels": {"a": "c"}}, False),
        ({"kind": "Kustomization", "name": "web", "matchLabels": {"a": "c"}}, True),
    ],
)  # fmt: skip
def test_sources_name_objects(source: dict[str, Any], fits: bool) -> None:
    assert matching.names_object(alert(eventSources=[source]), event(), lambda _: {"a": "b", "x": "y"}) is fits


@pytest.mark.parametrize(
    ("wanted", "severity", "fits"),
    [("", "trace", True), ("info", "error", True), ("error", "error", True), ("error", "info", False), ("error", "trace", False)],
)  # fmt: skip
def test_severities(wanted: str, severity: str, fits: bool) -> None:
    assert matching.wants_severity({"eventSeverity": wanted}, event(severity=severity)) is fits


@pytest.mark.parametrize(
    ("included", "excluded", "wanted", "problems"),
    [
        ([], [], True, 0), (["^a"], [], True, 0), (["^b"], [], False, 0), (["^b", "c$"], [], True, 0), ([], ["b"], False, 0),
        (["a"], ["(?i)B"], False, 0), (["[x"], [], False, 1), (["[x", "abc"], ["(?=a)"], True, 2), ([], [r"\Aabc\z"], False, 0),
    ],
)  # fmt: skip
def test_lists_of_expressions(included: list[str], excluded: list[str], wanted: bool, problems: int) -> None:
    verdict = matching.wants_message({"inclusionList": included, "exclusionList": excluded}, "abc", Patterns())
    assert (verdict.is_wanted, len(verdict.problems)) == (wanted, problems)


def test_metadata_is_made_of_four_places_the_last_one_wins_and_clashes_are_named() -> None:
    given = {
        f"{GROUP}/revision": "r", f"{GROUP}/checksum": "c", f"{GROUP}/digest": "d", f"{GROUP}/token": "t", "other/x": "y",
        "event.toolkit.fluxcd.io/team": "mine",
    }  # fmt: skip
    spec = {"eventMetadata": {"team": "alert", "revision": "alert", "summary": "s1"}, "summary": "s2"}
    found, clashes = metadata.combined(event(metadata=given), spec)
    assert found == {"team": "alert", "revision": "r", "summary": "s2"}
    assert clashes == {
        "team": "involved object annotations, Alert object .spec.eventMetadata",
        "revision": "Alert object .spec.eventMetadata, involved object controller metadata",
        "summary": "Alert object .spec.eventMetadata, Alert object .spec.summary",
    }


@pytest.mark.parametrize(
    ("kind", "update", "change", "plain", "error"),
    [
        ("slack", False, True, True, True), ("generic", True, True, True, True), ("github", True, False, False, True),
        ("githubpullrequestcomment", False, True, False, False),
    ],
)  # fmt: skip
def test_types_are_told_what_they_are_for(kind: str, update: bool, change: bool, plain: bool, error: bool) -> None:
    assert is_for(kind, event(metadata={f"{GROUP}/commit_status": "update"})) is update
    assert is_for(kind, event(metadata={"event.toolkit.fluxcd.io/change_request": "7"})) is change
    assert is_for(kind, event()) is plain
    assert is_for(kind, event(severity="error")) is error


def letter(message: str = "m", provider: str = "p", name: str = "web") -> Letter:
    return Letter(
        namespace="apps", alert="a", provider=provider, event=event(message, name=name), since_s=1_700_000_000.0
    )


def test_letters_outlive_the_process_in_their_order_and_only_we_can_read_them(tmp_path: Path) -> None:
    notes: list[str] = []
    first = Outbox(tmp_path / "waiting", notes.append)
    assert first.open() == []
    assert [first.add(letter(text)) for text in ("1", "2")] == [1, 2]
    assert first.add(letter("3", name="other")) == 1
    (tmp_path / "waiting" / "0000000000000009.json").write_text("{")
    (tmp_path / "waiting" / "0000000000000008.new").write_text("{")
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "waiting").glob("*[123].json"))
    second = Outbox(tmp_path / "waiting", notes.append)
    lanes = second.open()
    assert [lane.name for lane in lanes] == ["a/Kustomization/apps/web", "a/Kustomization/apps/other"]
    assert notes == ["a kept notification cannot be read: JSONDecodeError"]
    found = second.first(lanes[0])
    assert found is not None
    assert (found.event.message, found.event) == ("1", event("1"))
    assert second.remove(found)
    later = second.first(lanes[0])
    assert later is not None
    assert not second.remove(later)
    assert second.first(lanes[0]) is None
    assert [path.name for path in (tmp_path / "waiting").iterdir()] == ["0000000000000003.json"]


def test_without_a_disk_letters_are_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    notes: list[str] = []
    outbox = Outbox(tmp_path / "file" / "waiting", notes.append)
    assert outbox.open() == []
    assert outbox.add(letter()) == 1
    found = outbox.first(letter().lane)
    assert found is not None
    outbox.remove(found)
    assert notes[0].startswith("notifications cannot be kept on disk")


def test_there_is_an_end_to_what_is_kept(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, lambda _: None)
    outbox._count = MAX_WAITING
    assert outbox.add(letter()) == 0


def test_failures_are_told_once_until_they_are_over_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "failing.json"
    states = Transitions(path, lambda _: None)
    states.open()
    failure, success = event(severity="error", reason="BuildFailed"), event("done", reason="ReconciliationSucceeded")
    assert states.recovered(alert(), success, 0.0) is None
    assert not states.is_known(alert(), failure)
    states.failed(alert(), failure, 10.0)
    states.failed(alert(), failure, 20.0)
    again = Transitions(path, lambda _: None)
    again.open()
    assert again.is_known(alert(), failure)
    assert not again.is_known(alert(), event(severity="error", reason="HealthCheckFailed"))
    assert not again.is_known(
        alert(), event(severity="error", reason="BuildFailed", metadata={f"{GROUP}/revision": "2"})
    )
    recovery = again.recovered(alert(), success, 70.4)
    assert recovery is not None
    assert recovery.message == "Recovered from BuildFailed after 1m0s: done"
    assert again.recovered(alert(), success, 80.0) is None
    assert json.loads(path.read_text()) == {}


TOKEN = "s3cr3t"


def sign(body: bytes, digest: str, key: str = TOKEN) -> str:
    return hmac.new(key.encode(), body, digest).hexdigest()


def asked(body: bytes = b"{}", **headers: str) -> Asked:
    return Asked("POST", "/hook/x", "", {name.replace("_", "-"): value for name, value in headers.items()}, body)


JSON = {"content_type": "application/json"}
FORM = b"payload=%7B%7D"
CDEVENT = json.dumps(
    {"context": {"version": "0.4.1", "id": "1", "source": "/s", "type": "dev.cdevents.change.merged.0.2.0",
                 "timestamp": "2026-01-01T00:00:00Z"}, "subject": {"id": "x", "content": {}}}
).encode()  # fmt: skip
GOOD = [
    ("generic", asked(b"anything")),
    ("generic-hmac", asked(x_signature=f"sha1={sign(b'{}', 'sha1')}")),
    ("generic-hmac", asked(x_signature=f"sha256={sign(b'{}', 'sha256')}")),
    ("generic-hmac", asked(x_signature=f"sha512={sign(b'{}', 'sha512')}")),
    ("github", asked(x_hub_signature_256=f"sha256={sign(b'{}', 'sha256')}", x_github_event="push", **JSON)),
    ("github", asked(x_hub_signature=f"sha1={sign(b'{}', 'sha1')}", x_github_event="push", **JSON)),
    ("github", asked(FORM, x_hub_signature_256=f"sha256={sign(FORM, 'sha256')}", x_github_event="Push",
                     content_type="application/x-www-form-urlencoded")),
    ("bitbucket", asked(x_hub_signature=f"sha256={sign(b'{}', 'sha256')}", x_event_key="push", **JSON)),
    ("gitlab", asked(x_gitlab_token=TOKEN, x_gitlab_event="push")),
    ("harbor", asked(authorization=TOKEN)),
    ("dockerhub", asked(b'{"push_data":{"tag":"1"}}')),
    ("quay", asked(b'{"docker_url":"x"}')),
    ("acr", asked(b'{"action":"push"}')),
    ("nexus", asked(x_nexus_webhook_signature=sign(b"{}", "sha1"))),
    ("cdevents", asked(CDEVENT, ce_type="push")),
]  # fmt: skip
BAD = [
    ("generic-hmac", asked()),
    ("generic-hmac", asked(x_signature=sign(b"{}", "sha256"))),
    ("generic-hmac", asked(x_signature=f"md5={sign(b'{}', 'md5')}")),
    ("generic-hmac", asked(x_signature=f"sha256={sign(b'{}', 'sha256', 'other')}")),
    ("github", asked(x_hub_signature_256=f"sha256={sign(b'{}', 'sha256')}", x_github_event="push")),
    ("github", asked(x_hub_signature_256=f"sha256={sign(b'{}', 'sha256')}", x_github_event="issues", **JSON)),
    ("github", asked(b"x=y", x_hub_signature_256=f"sha256={sign(b'x=y', 'sha256')}", content_type="application/x-www-form-urlencoded")),
    ("bitbucket", asked(x_hub_signature=f"sha256={sign(b'{ }', 'sha256')}", x_event_key="push", **JSON)),
    ("gitlab", asked(x_gitlab_token="s3cr3", x_gitlab_event="push")),
    ("gitlab", asked(x_gitlab_token=TOKEN, x_gitlab_event="issue")),
    ("harbor", asked()),
    ("dockerhub", asked(b"{")),
    ("quay", asked(b"[]")),
    ("nexus", asked()),
    ("nexus", asked(x_nexus_webhook_signature="0")),
    ("cdevents", asked(b'{"context":{}}', ce_type="push")),
    ("cdevents", asked(CDEVENT, ce_type="pull")),
    ("gcr", asked()),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "request_"), GOOD, ids=[kind for kind, _ in GOOD])
def test_requests_that_prove_where_they_come_from_pass(kind: str, request_: Asked) -> None:
    signatures.check(kind, request_, TOKEN, ["ping", "push"])


@pytest.mark.parametrize(("kind", "request_"), BAD, ids=[kind for kind, _ in BAD])
def test_requests_that_do_not_are_refused(kind: str, request_: Asked) -> None:
    with pytest.raises(RefusedError):
        signatures.check(kind, request_, TOKEN, ["ping", "push"])


class Endpoint(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers))  # type: ignore[attr-defined]
        statuses: list[int] = self.server.statuses  # type: ignore[attr-defined]
        self.send_response(statuses.pop(0) if statuses else 200)
        self.end_headers()


@pytest.fixture
def endpoint() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.statuses, server.seen = [], []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Secrets:
    def __init__(self, **secrets: dict[str, str]) -> None:
        self.secrets = secrets

    def get(self, _collection: Any, name: str) -> Any:
        found = self.secrets.get(name)
        if found is None:
            return ABSENT
        return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in found.items()}}


class Desk:
    """A delivery with one letter, to an endpoint whose answers a test sets."""

    def __init__(self, folder: Path, endpoint: ThreadingHTTPServer, statuses: list[int], **spec: Any) -> None:
        endpoint.statuses = statuses  # type: ignore[attr-defined]
        self.clock, self.told = FakeClock(), []
        self.clock.time = 0.0
        address = f"http://127.0.0.1:{endpoint.server_port}/hook"
        provider = {
            "metadata": {"name": "p", "namespace": "apps"},
            "spec": {"type": "generic", "address": address, **spec},
        }
        self.outbox = Outbox(folder, lambda _: None)
        self.delivery = Delivery(
            reader=Secrets(),  # type: ignore[arg-type]
            clock=self.clock, outbox=self.outbox, queue=Queue(self.clock.monotonic), provider_of=lambda _: provider,
            alert_of=lambda _: alert(), tell=lambda _alert, _reason, sentence: self.told.append(sentence),
        )  # fmt: skip
        self.outbox.add(letter())

    def attempt(self) -> Again:
        return self.delivery.run(Run(key=letter().lane, slots=threading.Semaphore()))

    def attempts(self) -> list[float | None]:
        """The pause before each further attempt, until there is none."""
        found: list[float | None] = []
        while True:
            again = self.attempt()
            found.append(again.after_s)
            if again.after_s is None:
                return found
            self.clock.time += again.after_s


def test_pauses_double_within_the_timeout_and_then_between_rounds(
    tmp_path: Path, endpoint: ThreadingHTTPServer
) -> None:
    desk = Desk(tmp_path, endpoint, [500] * 9)
    assert desk.attempts()[:9] == [2.0, 4.0, 8.0, 30.0, 2.0, 4.0, 8.0, 60.0, 2.0]
    assert len(desk.told) == 1
    assert desk.told[0].endswith("request failed with status code 500: ; tried again in 30s")
    assert list(tmp_path.iterdir()) == []


def test_a_letter_is_given_up_in_the_end(tmp_path: Path, endpoint: ThreadingHTTPServer) -> None:
    desk = Desk(tmp_path, endpoint, [503] * 1000)
    pauses = desk.attempts()
    assert [one for one in pauses if one is not None and one >= 30] == [30, 60, 120, 240, 480, 900, 900]
    assert len(desk.told) == 2
    assert desk.told[1].endswith("; given up")
    assert desk.outbox.count() == 0


@pytest.mark.parametrize("status", [400, 404, 501])
def test_a_refusal_is_not_repeated(tmp_path: Path, endpoint: ThreadingHTTPServer, status: int) -> None:
    desk = Desk(tmp_path, endpoint, [status])
    assert desk.attempt() == NOT_BY_ITSELF
    assert len(desk.told) == 1
    assert desk.outbox.count() == 0


@pytest.mark.parametrize("status", [429, 500, 502])
def test_what_may_pass_is_repeated(tmp_path: Path, endpoint: ThreadingHTTPServer, status: int) -> None:
    desk = Desk(tmp_path, endpoint, [status])
    assert desk.attempts() == [2.0, None]
    assert desk.told == []


def test_nobody_listening_may_pass_and_shows_no_path(tmp_path: Path, endpoint: ThreadingHTTPServer) -> None:
    desk = Desk(tmp_path, endpoint, [], address="http://127.0.0.1:1/services/SECRET", timeout="1s")
    assert desk.attempt() == Again(30.0)
    assert "connection refused" in desk.told[0]
    assert "SECRET" not in desk.told[0]


def test_of_one_provider_only_so_many_are_at_work_and_a_parked_lane_is_woken(
    tmp_path: Path, endpoint: ThreadingHTTPServer
) -> None:
    delivery = Desk(tmp_path, endpoint, []).delivery
    lanes = [Key("apps/p", str(number)) for number in range(6)]
    assert [delivery._enter(lane) for lane in lanes] == [True] * 4 + [False] * 2
    assert delivery._enter(Key("apps/other", "0"))
    delivery._leave(lanes[0])
    assert delivery.queue.get() == lanes[4]


def test_secrets_of_a_provider(tmp_path: Path) -> None:
    provider = {
        "metadata": {"name": "p", "namespace": "apps", "uid": "u"},
        "spec": {"type": "generic", "address": "https://spec.example.test", "username": "spec", "timeout": "3s",
                 "secretRef": {"name": "s"}, "certSecretRef": {"name": "c"}, "proxySecretRef": {"name": "x"}},
    }  # fmt: skip
    reader: Any = Secrets(
        s={"address": "https://secret.example.test\n", "token": "t", "username": "u", "password": "p", "headers": "A: b\nC: 1\n"},
        c={"caFile": "ca", "tls.crt": "crt", "tls.key": "key"}, x={"address": "http://proxy:3128", "username": "a@b", "password": "p:q"},
    )  # fmt: skip
    found = destination_of(reader, provider)
    assert (found.address, found.token, found.username, found.password) == (
        "https://secret.example.test",
        "t",
        "u",
        "p",
    )
    assert (found.headers, found.timeout_s) == ({"A": "b", "C": "1"}, 3.0)
    assert found.trust.authority == b"ca"
    assert (found.trust.certificate, found.trust.key) == (b"crt", b"key")
    assert found.trust.proxy == "http://a%40b:p%3Aq@proxy:3128"


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [({"type": "nats", "address": "x"}, "not supported"), ({"type": "slack"}, "no address"),
     ({"type": "generic", "address": "x", "secretRef": {"name": "s"}}, "failed to read headers")],
)  # fmt: skip
def test_providers_without_sense(spec: dict[str, Any], sentence: str) -> None:
    reader: Any = Secrets(s={"headers": "- a\n"})
    with pytest.raises(SetupError, match=sentence):
        destination_of(reader, {"metadata": {"name": "p", "namespace": "apps"}, "spec": spec})


def test_the_longest_secret_is_masked_first() -> None:
    assert masked("see /a/b/c and /a", {"/a", "/a/b/c"}) == "see ***** and *****"


def test_a_proxy_is_asked_with_its_credentials(tmp_path: Path, endpoint: ThreadingHTTPServer) -> None:
    proxy = f"http://a%40b:p%3Aq@127.0.0.1:{endpoint.server_port}"
    desk = Desk(tmp_path, endpoint, [], address="http://hooks.example.test/x", proxy=proxy)
    assert desk.attempt() == NOT_BY_ITSELF
    ((path, headers),) = endpoint.seen  # type: ignore[attr-defined]
    assert path == "http://hooks.example.test/x"
    assert headers["Proxy-Authorization"] == "Basic " + base64.b64encode(b"a@b:p:q").decode()


def test_a_message_that_makes_no_sense_holds_up_nobody(tmp_path: Path, endpoint: ThreadingHTTPServer) -> None:
    desk = Desk(tmp_path, endpoint, [], address="http://[hooks/x")
    assert desk.attempt() == NOT_BY_ITSELF
    assert desk.told == ["failed to send notification for Kustomization/apps/web: ValueError"]


def test_events_of_another_process_are_posted_until_they_are_taken(endpoint: ThreadingHTTPServer) -> None:
    endpoint.statuses = [202, 429, 400, 500]  # type: ignore[attr-defined]
    post = HttpPoster(f"http://127.0.0.1:{endpoint.server_port}/")
    assert [post(b"{}") for _ in range(4)] == [True, True, True, False]
    assert not HttpPoster("http://127.0.0.1:1/")(b"{}")


class View:
    """An informer that knows what a test says."""

    def __init__(self, *bodies: dict[str, Any], is_synced: bool = True) -> None:
        self.bodies, self.synced = list(bodies), threading.Event()
        if is_synced:
            self.synced.set()

    def all(self) -> list[dict[str, Any]]:
        return self.bodies

    def get(self, key: Key) -> dict[str, Any] | None:
        return next((body for body in self.bodies if body["metadata"]["name"] == key.name), None)


class Reception:
    """An intake for one alert and one provider."""

    def __init__(self, folder: Path, spec: dict[str, Any], provider: dict[str, Any], **options: Any) -> None:
        self.clock, self.told = FakeClock(), []
        self.outbox = Outbox(folder / "waiting", lambda _: None)
        self.outbox.open()
        sources = [{"kind": "Kustomization", "name": "*", "namespace": "apps"}]
        views: Any = (
            View(alert(eventSources=sources, **spec)),
            View({"metadata": {"name": "p", "uid": "u-1"}, "spec": provider}),
        )
        self.intake = Intake(
            reader=Secrets(), clock=self.clock, alerts=options.pop("alerts", views[0]), providers=views[1],  # type: ignore[arg-type]
            duplicates=Duplicates(self.clock.monotonic), outbox=self.outbox, queue=Queue(self.clock.monotonic),
            transitions=Transitions(folder / "failing.json", lambda _: None), log=Log("error", io.StringIO()),
            tell=lambda _alert, reason, sentence, _: self.told.append((reason, sentence)), **options,
        )  # fmt: skip

    def take(self, told: Event) -> int:
        return self.intake.take(json.dumps(told.document()).encode())

    def letters(self) -> list[Letter]:
        return [letter for lane in self.outbox._lanes.values() for letter in lane]


def test_an_event_becomes_a_letter_with_its_lane(tmp_path: Path) -> None:
    desk = Reception(tmp_path, {"eventMetadata": {"a": "b"}}, {"type": "generic"})
    assert desk.take(event("one")) == 202
    assert desk.take(event("one")) == 429
    assert desk.intake.post(json.dumps(event("one").document()).encode())
    (letter_,) = desk.letters()
    assert (letter_.event.message, letter_.event.metadata, letter_.status_id) == ("one", {"a": "b"}, "")
    assert desk.intake.queue.get() == letter_.lane == Key("apps/p", "a/Kustomization/apps/web")


def test_what_cannot_be_kept_is_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Reception(tmp_path, {}, {"type": "generic"})
    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "add", lambda *_: 1 / 0)
        assert not desk.intake.post(json.dumps(event().document()).encode())
    assert desk.take(event()) == 202


def test_before_alerts_are_known_events_come_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("applier.agent.notification.intake.SYNC_PATIENCE_S", 0.01)
    desk = Reception(tmp_path, {}, {"type": "generic"}, alerts=View(is_synced=False))
    assert desk.take(event()) == 503
    assert not desk.intake.post(json.dumps(event().document()).encode())
    assert desk.intake.serve(Asked("POST", "/other", "", {})).status == 404


def test_sources_of_other_namespaces_can_be_blocked(tmp_path: Path) -> None:
    spec = {"eventSources": [{"kind": "Kustomization", "name": "*", "namespace": "elsewhere"}]}
    foreign = event()
    foreign = Event(
        **{
            **{name: getattr(foreign, name) for name in foreign.__slots__},
            "involved": {**foreign.involved, "namespace": "elsewhere"},
        }
    )
    for allowed in (True, False):
        desk = Reception(tmp_path / str(allowed), {}, {"type": "generic"}, cross_namespace=allowed)
        desk.intake.alerts.all()[0]["spec"] |= spec
        assert desk.take(foreign) == 202
        assert len(desk.letters()) == allowed


@pytest.mark.parametrize(
    ("expression", "status_id", "problem"),
    [
        ("", "kustomization/web/u", ""),
        ("event.involvedObject.name + '/' + provider.metadata.name + '/' + alert.metadata.name", "web/p/a", ""),
        ("event.nope", "", "no such field: nope"), ("1", "", "the expression is no text but int"), ("a(", "", "column"),
    ],
)  # fmt: skip
def test_ids_of_commit_statuses(tmp_path: Path, expression: str, status_id: str, problem: str) -> None:
    desk = Reception(tmp_path, {}, {"type": "github", "commitStatusExpr": expression})
    desk.take(event(severity="error"))
    assert [letter_.status_id for letter_ in desk.letters()] == ([status_id] if status_id else [])
    assert problem in "".join(sentence for _, sentence in desk.told)
    assert bool(desk.told) is bool(problem)


def test_what_has_no_room_is_told(tmp_path: Path) -> None:
    desk = Reception(tmp_path, {}, {"type": "generic"})
    desk.outbox._count = MAX_WAITING
    assert desk.take(event()) == 202
    assert [reason for reason, _ in desk.told] == ["NotificationDispatchFailed"]


@pytest.mark.parametrize(
    ("provider", "again", "sentence"),
    [
        (None, Again(30.0), "failed to read provider"),
        ({"type": "generic", "suspend": True}, NOT_BY_ITSELF, ""),
        ({"type": "generic", "secretRef": {"name": "later"}}, Again(30.0), 'secrets "later" not found'),
        ({"type": "unheard-of", "address": "x"}, NOT_BY_ITSELF, "provider unheard-of not supported"),
        ({"type": "slack", "address": "x"}, NOT_BY_ITSELF, "invalid Slack hook URL"),
        ({"type": "github", "address": "https://github.com/a/b", "token": "x"}, NOT_BY_ITSELF, "must be specified"),
    ],
)  # fmt: skip
def test_letters_whose_provider_is_not_as_it_should_be(
    tmp_path: Path, endpoint: ThreadingHTTPServer, provider: dict[str, Any] | None, again: Again, sentence: str
) -> None:
    desk = Desk(tmp_path, endpoint, [], timeout="1s")
    body = (
        None
        if provider is None
        else {"metadata": {"name": "p", "namespace": "apps"}, "spec": {"timeout": "1s", **provider}}
    )
    desk.delivery.provider_of = lambda _: body
    found = desk.attempt()
    if body is None:  # without a provider its timeout is the usual one
        assert found == Again(2.0)
        desk.clock.time += 20
        found = desk.attempt()
    assert found == again
    assert sentence in "".join(desk.told)
    assert bool(desk.told) is bool(sentence)


def test_letters_of_an_alert_that_is_gone_or_suspended_are_dropped(
    tmp_path: Path, endpoint: ThreadingHTTPServer
) -> None:
    for number, found in enumerate((None, alert(suspend=True))):
        desk = Desk(tmp_path / str(number), endpoint, [])
        (tmp_path / str(number)).mkdir(exist_ok=True)
        desk.delivery.alert_of = lambda _, found=found: found  # type: ignore[misc]
        assert desk.attempt() == NOT_BY_ITSELF
        assert desk.outbox.count() == 0
    assert endpoint.seen == []  # type: ignore[attr-defined]


def test_nothing_is_delivered_before_alerts_are_known(tmp_path: Path, endpoint: ThreadingHTTPServer) -> None:
    desk = Desk(tmp_path, endpoint, [])
    desk.delivery.is_ready = lambda: False
    assert desk.attempt() == Again(0.2)
    assert desk.outbox.count() == 1
