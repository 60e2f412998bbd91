"""The status page: what it says about objects, the drawing, the markup, and what a browser makes of it."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from browser import Browser, browser, chromium

from applier.agent.kustomization.comparing import Difference
from applier.agent.kustomization.pending import Pending
from applier.agent.page import graph
from applier.agent.page.html import POLICY, SIGNS, page
from applier.agent.page.looking import FRESH_S, KEPT, Looker
from applier.agent.page.model import Card, Overview, Told, card_id, overview, unsettled, with_changes
from applier.agent.page.serving import StatusPage, by_card
from applier.agent.runtime.queue import Key
from applier.agent.runtime.serving import Reply, Server
from applier.clock import SystemClock

OLD, NEW = (f"main@sha1:{digit * 40}" for digit in "01")
WEB = card_id("Kustomization", "apps", "web")


def body(kind: str, name: str, status: str, reason: str = "R", message: str = "m", **parts: Any) -> dict[str, Any]:
    group = "source" if kind == "GitRepository" else "kustomize"
    condition = {"type": "Ready", "status": status, "reason": reason, "message": message, "observedGeneration": 1}
    return {
        "apiVersion": f"{group}.toolkit.fluxcd.io/v1", "kind": kind,
        "metadata": {"name": name, "namespace": "apps", "generation": 1, **parts.pop("metadata", {})},
        "spec": parts.pop("spec", {}), "status": {"conditions": [condition], **parts},
    }  # fmt: skip


def source(revision: str = NEW, url: str = "https://git:secret@git.example.test/shop.git") -> dict[str, Any]:
    return body(
        "GitRepository", "shop", "True", spec={"url": url, "ref": {"branch": "main"}}, artifact={"revision": revision}
    )


def kustomization(name: str, status: str = "True", *leans_on: str, revision: str = NEW, **parts: Any) -> dict[str, Any]:
    spec = {
        "sourceRef": {"kind": "GitRepository", "name": "shop"}, "dependsOn": [{"name": one} for one in leans_on],
        **parts.pop("spec", {}),
    }  # fmt: skip
    return body("Kustomization", name, status, spec=spec, lastAppliedRevision=revision, **parts)


def some() -> Overview:
    """One of each state."""
    entries = [{"id": f"apps_web{number}_apps_Deployment", "v": "v1"} for number in range(3)]
    return overview(
        [source()],
        [
            kustomization("infra", inventory={"entries": entries}),
            kustomization("db", "True", "infra"),
            kustomization("web", "False", "db", "infra", reason="HealthCheckFailed", message="<b>timeout</b> & more", revision=OLD),
            kustomization("api", "Unknown", "db"),
            kustomization("edge", "False", "web", "nowhere", reason="DependencyNotReady"),
            kustomization("old", spec={"suspend": True}, metadata={"annotations": {"kbuild.dev/suspended-reason": "moving"}}),
        ],
        {WEB: [Told("2026-01-01T00:00:00Z", is_warning=True, reason="HealthCheckFailed", message=f"at {OLD}", count=3)]},
        "2026-01-01T00:01:00Z",
    )  # fmt: skip


def test_states_are_told_apart_and_what_needs_a_look_comes_first() -> None:
    found = some()
    assert [(card.name, card.state) for card in found.kustomizations] == [
        ("web", "failing"), ("api", "working"), ("edge", "waiting"), ("old", "suspended"), ("db", "ready"), ("infra", "ready"),
    ]  # fmt: skip
    assert found.counts() == {"failing": 1, "working": 1, "waiting": 1, "suspended": 1, "ready": 3}


def test_what_is_not_applied_yet_is_pending() -> None:
    web, infra = (next(card for card in some().kustomizations if card.name == name) for name in ("web", "infra"))
    assert (web.pending, infra.pending) == (f"{OLD} to {NEW}", "")
    (changed,) = overview([], [kustomization("a", metadata={"generation": 2})], {}, "now").kustomizations
    assert changed.pending == "a new spec"


def test_columns_follow_dependencies_and_a_cycle_comes_last() -> None:
    found = overview(
        [source()], [kustomization("c", "True", "b"), kustomization("b", "True", "a"), kustomization("a"),
                     kustomization("x", "True", "y"), kustomization("y", "True", "x")], {}, "now",
    )  # fmt: skip
    columns = graph.columns([*found.sources, *found.kustomizations])
    assert [[card.name for card in column] for column in columns] == [["shop"], ["a"], ["b"], ["c"], ["x", "y"]]
    drawn = ET.fromstring(graph.drawing([*found.sources, *found.kustomizations], SIGNS))
    assert len(drawn.findall(".//a")) == 6
    assert len(drawn.findall(".//g/path")) == 5, "one line from the source, two dependencies, two of the cycle"


def test_the_drawing_grows_as_its_cards_do() -> None:
    cards = [
        Card(
            id=str(at),
            kind="Kustomization",
            namespace="n",
            name=f"k{at}",
            state="ready",
            message="",
            leans_on=(str(at - 1),),
        )
        for at in range(2_000)
    ]
    assert len(graph.columns(cards)) == 2_000
    assert "too many to draw" in page(Overview(now="now", sources=(), kustomizations=tuple(cards)))


def test_texts_cannot_become_markup_and_credentials_are_not_shown() -> None:
    shown = page(some())
    assert "&lt;b&gt;timeout&lt;/b&gt; &amp; more" in shown
    assert "<b>" not in shown
    assert "https://git.example.test/shop.git" in shown
    assert "secret" not in shown
    assert "0" * 40 not in shown


def test_everything_has_its_place_in_the_page() -> None:
    shown = page(some())
    assert "<title>1 failing, 1 working, 1 waiting, 1 suspended, 3 ready · kbuild agent</title>" in shown
    assert f'<a href="#{card_id("Kustomization", "apps", "db")}">db</a>' in shown
    assert "kustomization.apps.nowhere (missing)" in shown
    assert "<dt>Suspended because</dt><dd>moving</dd>" in shown
    assert "<summary>3 objects</summary>" in shown
    assert "HealthCheckFailed (3 times): at main@sha1:00000000</li>" in shown
    ids = re.findall(r' id="([^"]+)"', shown)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', shown)) <= set(ids)
    assert "no sources and no Kustomizations yet" in page(overview([], [], {}, "now"))


ROWS = ("", "spec.replicas", "± value change", "- <3>", "+ 4", "")
CHANGE = Pending(
    NEW,
    (Difference("Deployment/apps/web", "drifted", ROWS), Difference("Service/apps/web", "created"), Difference("Job/apps/x", "deleted")),
    "ConfigMap/apps/c dry-run failed (Invalid): <bad>",
)  # fmt: skip


def test_what_the_next_run_changes_is_shown_field_by_field() -> None:
    web = Key("apps", "web")
    shown = page(with_changes(some(), {web: CHANGE, Key("apps", "db"): Pending(NEW)}))
    assert "<summary>The next run at main@sha1:11111111: 1 changed, 1 created, 1 deleted</summary>" in shown
    assert "<li>Deployment/apps/web <strong>changed</strong>" in shown
    assert "spec.replicas\n± value change\n- &lt;3&gt;\n+ 4</pre>" in shown
    assert "dry-run failed (Invalid): &lt;bad&gt;" in shown
    assert "<p>Nothing differs from the cluster at main@sha1:11111111.</p>" in shown
    assert '<a href="?pending=apps/infra#kustomization.apps.infra">Compare with the cluster</a>' in shown
    assert "Compare with the cluster" not in page(some()), "nobody is there who could"


def test_a_long_difference_is_cut() -> None:
    many = tuple(Difference(f"ConfigMap/apps/c{at}", "drifted", ("row",) * 1_000) for at in range(1_000))
    shown = page(with_changes(some(), {Key("apps", "web"): Pending(NEW, many)}))
    assert "and 800 more lines" in shown
    assert "<li>and 800 more</li>" in shown
    assert "1000 changed" in shown


def test_what_is_not_as_it_shall_be_is_looked_at() -> None:
    assert unsettled(some()) == [Key("apps", name) for name in ("web", "api", "edge", "old")]


class Looks:
    """Looks that take as long as a test wants. Shape: `asked` in the order of asking."""

    def __init__(self) -> None:
        self.asked: list[Key] = []
        self.crashes: list[Key] = []
        self.now, self.may_end = 100.0, Event()
        self.may_end.set()
        self.looker = Looker(self.look, lambda: self.now, lambda key, _problem: self.crashes.append(key))

    def look(self, key: Key) -> Pending | None:
        self.asked.append(key)
        self.may_end.wait(10)
        if key.name == "broken":
            raise ValueError("a bug")
        return None if key.name == "gone" else Pending(key.name)


def test_looks_are_kept_for_a_while() -> None:
    looks, keys = Looks(), [Key("n", name) for name in ("a", "gone", "broken", "b")]
    for _ in range(2):
        assert looks.looker.found(keys, 10) == {keys[0]: Pending("a"), keys[3]: Pending("b")}
    assert looks.asked == keys
    assert looks.crashes == [keys[2]]
    looks.now += FRESH_S
    assert looks.looker.found(keys[:1], 10) == {keys[0]: Pending("a")}
    assert looks.asked == [*keys, keys[0]]


def test_nobody_waits_longer_than_asked_and_nothing_is_looked_at_twice() -> None:
    looks, key = Looks(), Key("n", "a")
    looks.may_end.clear()
    assert looks.looker.found([key], 0.0) == {}
    assert looks.looker.found([key], 0.0) == {}
    looks.may_end.set()
    assert looks.looker.found([key], 10) == {key: Pending("a")}
    assert looks.asked == [key]


def test_old_looks_are_forgotten() -> None:
    looks = Looks()
    keys = [Key("n", str(number)) for number in range(KEPT + 1)]
    looks.looker.found(keys[:-1], 10)
    looks.looker.found(keys[-1:], 10)
    assert looks.looker.found(keys, 0.0).keys() >= set(keys[1:])
    assert len(looks.asked) <= KEPT + 2


def test_events_belong_to_cards_and_the_newest_come_first() -> None:
    involved = {"kind": "Kustomization", "namespace": "apps", "name": "web"}
    bodies = [
        {
            "involvedObject": involved,
            "lastTimestamp": f"2026-01-0{day}",
            "type": "Normal",
            "reason": "R",
            "message": "m",
        }
        for day in (1, 3, 2)
    ]
    assert [told.when for told in by_card(bodies)[WEB]] == ["2026-01-03", "2026-01-02", "2026-01-01"]


class View:
    def __init__(self, *bodies: dict[str, Any]) -> None:
        self.bodies = list(bodies)

    def all(self) -> list[dict[str, Any]]:
        return self.bodies


class Events:
    def __init__(self) -> None:
        self.asked = 0

    def read(self, _request: Any, _name: str) -> Any:
        self.asked += 1
        return {"items": []}


@pytest.fixture
def served() -> Iterator[tuple[Server, Events]]:
    events: Any = Events()
    views: Any = (View(source()), View({**source(), "kind": "OCIRepository"})), View(kustomization("web"))
    server = Server("127.0.0.1:0", StatusPage(events, SystemClock(), *views).routes)
    server.start()
    yield server, events
    server.stop()


def test_the_page_is_read_only_and_forbids_whatever_is_not_in_it(served: tuple[Server, Events]) -> None:
    server, events = served
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    found = {}
    for method, path in (
        ("GET", "/"),
        ("GET", "/?refresh=1"),
        ("GET", "/?refresh=x"),
        ("POST", "/"),
        ("GET", "/x"),
        ("HEAD", "/"),
    ):
        connection.request(method, path)
        answer = connection.getresponse()
        found[method, path] = (answer.status, answer.read().decode())
        if answer.status == 200:
            assert answer.headers["Content-Security-Policy"] == POLICY
            assert answer.headers["Cache-Control"] == "no-store"
    assert [status for status, _ in found.values()] == [200, 200, 200, 405, 404, 200]
    assert '<meta http-equiv="refresh" content="5">' in found["GET", "/?refresh=1"][1]
    assert "http-equiv" not in found["GET", "/?refresh=x"][1]
    assert 'id="ocirepository.apps.shop"' in found["GET", "/"][1]
    assert events.asked == 3, "three kinds, once for all requests of some seconds"
    connection.close()


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = chromium()
    if program is None:
        pytest.skip("chromium is not installed")
    with browser(program, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def shown(chrome: Browser) -> Iterator[Browser]:
    headers = {"Content-Security-Policy": POLICY}
    reply = Reply(200, page(some()).encode(), "text/html; charset=utf-8", headers)
    server = Server("127.0.0.1:0", {("GET", "/"): lambda _: reply})
    server.start()
    chrome.size(1200, 900)
    chrome.open(f"http://127.0.0.1:{server.port}/")
    yield chrome
    server.stop()


def test_a_browser_loads_the_page_alone_and_applies_its_style(shown: Browser) -> None:
    others = [url for url in shown.requested() if not url.endswith(("/", "/favicon.ico"))]
    assert others == []
    assert shown.value("getComputedStyle(document.querySelector('.cards')).display") == "grid"
    assert shown.value("document.querySelectorAll('svg a').length") == 7


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_nothing_but_the_drawing_is_wider_than_the_window(shown: Browser, width: int) -> None:
    shown.size(width, 800)
    assert shown.value("document.documentElement.scrollWidth") <= width
    assert shown.value("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


@pytest.mark.parametrize("dark", [False, True])
def test_texts_stand_out_from_what_is_behind_them(shown: Browser, dark: bool) -> None:
    """Contrasts of at least 4.5, as WCAG 2.2 asks for (1.4.3)."""
    shown.size(1200, 900, dark=dark)
    names = ("text", "quiet", "link", "failing", "working", "waiting", "suspended", "ready")
    for name in names:
        for behind in ("page", "card"):
            one, other = (luminance(shown, part) for part in (name, behind))
            contrast = (max(one, other) + 0.05) / (min(one, other) + 0.05)
            assert contrast >= 4.5, (name, behind, contrast)


def luminance(shown: Browser, name: str) -> float:
    text = str(shown.value(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()"))
    digits = text[1:] if len(text) == 7 else "".join(digit * 2 for digit in text[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_screen_reader_finds_everything_by_its_name(shown: Browser) -> None:
    tree = shown.tree()
    assert [name for role, name in tree if role == "heading"] == [
        "kbuild agent", "Dependencies", "Kustomizations",
        *(f"{name} in apps" for name in ("web", "api", "edge", "old", "db", "infra")), "Sources", "shop in apps",
    ]  # fmt: skip
    articles = [name for role, name in tree if role == "article"]
    assert articles[:2] == ["web in apps", "api in apps"]
    links = [name for role, name in tree if role == "link"]
    assert links[0] == "Skip to the Kustomizations"
    assert "Kustomization apps/web: failing" in links
    assert all(links)
    assert shown.value("document.documentElement.lang") == "en"


def test_keys_reach_the_skip_link_first_and_the_drawing_can_be_scrolled(shown: Browser) -> None:
    for kind in ("keyDown", "keyUp"):
        shown.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert shown.value("document.activeElement.className") == "skip"
    assert shown.value("document.querySelector('.scroll').tabIndex") == 0


def test_a_picture_can_be_taken(shown: Browser, tmp_path: Path) -> None:
    shown.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
