"""The status page of an agent at work. With KBUILD_PICTURES=FOLDER the page is photographed as status-page.png."""

from __future__ import annotations

import base64
import http.client
import json
import os
from pathlib import Path

import pytest
from agent_bed import AgentBed, until
from browser import browser, chromium


def config_map(name: str, **data: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


def page(port: int, query: str = "") -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/{query}")
    answer = connection.getresponse()
    assert answer.status == 200
    text = answer.read().decode()
    connection.close()
    return text


def test_page(scene: AgentBed, tmp_path: Path) -> None:
    """What runs, fails, waits and is suspended. The test's name is the namespace in the picture."""
    agent = scene.start(page_address="127.0.0.1:0")
    port = agent.servers["page"].port
    assert "no sources and no Kustomizations yet" in page(port)
    repository = scene.repository()
    files = {f"{name}/map.yaml": config_map(name) for name in ("infra", "database", "monitoring", "web", "checkout")}
    repository.commit({**files, "api/map.yaml": "kind: [broken", "legacy/map.yaml": config_map("legacy", size="small")})
    source = scene.source(repository)
    common = {"targetNamespace": scene.namespace}
    good = [
        scene.kustomization("infra", path="infra", **common),
        scene.kustomization("database", path="database", dependsOn=[{"name": "infra"}], **common),
        scene.kustomization("monitoring", path="monitoring", dependsOn=[{"name": "infra"}], **common),
        scene.kustomization("web", path="web", dependsOn=[{"name": "database"}], **common),
    ]
    bad = scene.kustomization("api", path="api", dependsOn=[{"name": "database"}], **common)
    late = scene.kustomization("checkout", path="checkout", dependsOn=[{"name": "api"}, {"name": "web"}], **common)
    old = scene.kustomization("legacy", path="legacy", **common)
    for body in (*good, old):
        scene.settled(body)
    scene.kube.merge(old, {"spec": {"suspend": True}})
    commit = repository.commit({"legacy/map.yaml": config_map("legacy", size="large", colour="blue")})
    scene.handled(source)
    scene.settled(bad, "False", "BuildFailed")
    scene.settled(late, "False", "DependencyNotReady")
    until(lambda: "1 failing, 1 waiting, 1 suspended, 5 ready" in page(port), lambda: page(port))
    until(lambda: "BuildFailed" in page(port), lambda: page(port), 20)
    # Each is told of the new revision by itself.
    until(lambda: page(port).count(commit[:8]) > 10, lambda: page(port))
    until(
        lambda: "<strong>changed</strong>" in page(port) and "<strong>created</strong>" in page(port),
        lambda: page(port),
        40,
    )
    shown = page(port)
    assert f"main@sha1:{commit[:8]}" in shown
    assert f"ConfigMap {scene.namespace}/infra" in shown
    assert f"dependency &#x27;{scene.namespace}/api&#x27; is not ready" in shown
    take_picture(port, tmp_path)


def card_of(text: str, name: str) -> str:
    """The card of a Kustomization."""
    return text.partition(f'<article id="kustomization.{name}"')[2].partition("</article>")[0]


def test_what_is_pending(scene: AgentBed) -> None:
    """The next revision of a suspended Kustomization and the drift of a ready one, field by field, without secrets."""
    port = scene.start(page_address="127.0.0.1:0").servers["page"].port
    repository = scene.repository()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"word": "hushhush"}}
    text = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "text"},
        "data": {"size": "small", "word": "${word}"},
    }
    repository.commit({"a.yaml": json.dumps(text), "b.yaml": json.dumps(secret), "c.yaml": config_map("old")})
    source = scene.source(repository)
    scene.kube.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "vars", "namespace": scene.namespace}, "stringData": {"word": "silence1"}})  # fmt: skip
    build = {"substituteFrom": [{"kind": "Secret", "name": "vars"}]}
    body = scene.kustomization(targetNamespace=scene.namespace, postBuild=build)
    scene.settled(body)
    own = f"{scene.namespace}.web"
    until(lambda: "Compare with the cluster" in card_of(page(port), own), lambda: page(port))
    asked = f"?pending={scene.namespace}/web"
    assert "Nothing differs from the cluster at main@sha1:" in card_of(page(port, asked), own)

    live = scene.kube.live({**text, "metadata": {"name": "text", "namespace": scene.namespace}})
    assert live is not None
    scene.kube.merge(live, {"data": {"size": "large"}}, manager="kubectl-edit")
    shown = until(lambda: drifted(page(port, asked), own), lambda: page(port, asked), 60)
    assert "data.size\n± value change\n- large\n+ small</pre>" in shown

    scene.kube.merge(body, {"spec": {"suspend": True}})
    secret["stringData"], text["data"] = {"word": "hushagain"}, {"size": "small", "word": "${word} twice"}
    commit = repository.commit({"a.yaml": json.dumps(text), "b.yaml": json.dumps(secret), "c.yaml": None, "d.yaml": config_map("new")})  # fmt: skip
    scene.handled(source)
    shown = until(lambda: at_commit(page(port), own, commit), lambda: page(port), 60)
    for found in (
        f"ConfigMap/{scene.namespace}/text <strong>changed</strong>", f"Secret/{scene.namespace}/key <strong>changed</strong>",
        f"ConfigMap/{scene.namespace}/new <strong>created</strong>", f"ConfigMap/{scene.namespace}/old <strong>deleted</strong>",
        "+ ***** twice", "*** (after)",
    ):  # fmt: skip
        assert found in shown, found
    assert "silence1" not in shown
    assert "hush" not in shown
    assert base64.b64encode(b"hushagain").decode() not in shown
    names = {one["metadata"]["name"] for one in scene.kube.list("v1", "ConfigMap", scene.namespace)}
    assert "new" not in names, "looking writes nothing"
    assert "old" in names


def drifted(text: str, own: str) -> str:
    shown = card_of(text, own)
    return shown if "<strong>changed</strong>" in shown else ""


def at_commit(text: str, own: str, commit: str) -> str:
    shown = card_of(text, own)
    return shown if f"The next run at main@sha1:{commit[:8]}" in shown else ""


def take_picture(port: int, folder: Path) -> None:
    program, pictures = chromium(), os.environ.get("KBUILD_PICTURES")
    if program is None:
        pytest.skip("chromium is not installed: the page was read, but not drawn")
    with browser(program, folder) as opened:
        opened.size(1200, 1300)
        opened.open(f"http://127.0.0.1:{port}/")
        assert opened.value("document.querySelectorAll('svg a').length") == 8
        assert opened.value("document.querySelectorAll('article.failing').length") == 1
        opened.picture(Path(pictures or folder) / "status-page.png")
