"""The status page of an agent at work. With KBUILD_PICTURES=FOLDER the page is photographed as status-page.png."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path

import pytest
from agent_bed import AgentBed, until
from browser import browser, chromium


def config_map(name: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})


def page(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
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
    files = {f"{name}/map.yaml": config_map(name) for name in ("infra", "database", "monitoring", "web")}
    commit = repository.commit({**files, "api/map.yaml": "kind: [broken"})
    scene.source(repository)
    common = {"targetNamespace": scene.namespace}
    good = [
        scene.kustomization("infra", path="infra", **common),
        scene.kustomization("database", path="database", dependsOn=[{"name": "infra"}], **common),
        scene.kustomization("monitoring", path="monitoring", dependsOn=[{"name": "infra"}], **common),
        scene.kustomization("web", path="web", dependsOn=[{"name": "database"}], **common),
    ]
    bad = scene.kustomization("api", path="api", dependsOn=[{"name": "database"}], **common)
    late = scene.kustomization("checkout", path="web", dependsOn=[{"name": "api"}, {"name": "web"}], **common)
    scene.kustomization("legacy", path="web", suspend=True, **common)
    for body in good:
        scene.settled(body)
    scene.settled(bad, "False", "BuildFailed")
    scene.settled(late, "False", "DependencyNotReady")
    until(lambda: "1 failing, 1 waiting, 1 suspended, 5 ready" in page(port), lambda: page(port))
    until(lambda: "BuildFailed: " in page(port), lambda: page(port), 20)
    shown = page(port)
    assert f"main@sha1:{commit[:8]}" in shown
    assert f"ConfigMap {scene.namespace}/infra" in shown
    assert f"dependency &#x27;{scene.namespace}/api&#x27; is not ready" in shown
    take_picture(port, tmp_path)


def take_picture(port: int, folder: Path) -> None:
    program, pictures = chromium(), os.environ.get("KBUILD_PICTURES")
    if program is None:
        pytest.skip("chromium is not installed: the page was read, but not drawn")
    with browser(program, folder) as opened:
        opened.size(1200, 900)
        opened.open(f"http://127.0.0.1:{port}/")
        assert opened.value("document.querySelectorAll('svg a').length") == 8
        assert opened.value("document.querySelectorAll('article.failing').length") == 1
        opened.picture(Path(pictures or folder) / "status-page.png")
