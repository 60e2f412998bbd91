"""Registries that lie, lead elsewhere or answer nonsense: nothing is taken that is not what its digest says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from applier.agent.runtime.fetching import Answer, Question
from applier.agent.source import registry
from applier.agent.source.registry import Layer, Login, Registry, RegistryError, login_of

BLOB = b"content"
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
Given = Callable[[Question], Answer]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """The questions of a test, which `given` answers."""
    questions: list[Question] = []

    def ask(_connections: Any, question: Question) -> Answer:
        questions.append(question)
        return given(question)

    monkeypatch.setattr(registry, "ask", ask)
    return questions


answers: dict[str, Answer] = {}


@pytest.fixture(autouse=True)
def forget() -> None:
    answers.clear()


def given(question: Question) -> Answer:
    return answers.get(question.url, Answer(404, {}, b"{}"))


def answer(url: str, body: bytes = b"", status: int = 200, **headers: str) -> None:
    answers[url] = Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def one(**more: Any) -> Registry:
    return Registry("oci://r.example.test/acme/shop", **more)


BASE = "https://r.example.test/v2/acme/shop"


def manifest(*layers: dict[str, Any]) -> bytes:
    return json.dumps({"layers": list(layers)}).encode()


def test_a_manifest_and_a_blob_are_what_their_digests_say(asked: list[Question]) -> None:
    text = manifest({"mediaType": "m", "digest": DIGEST, "size": 7})
    own = f"sha256:{hashlib.sha256(text).hexdigest()}"
    answer(f"{BASE}/manifests/latest", text)
    answer(f"{BASE}/manifests/{own}", text)
    answer(f"{BASE}/blobs/{DIGEST}", BLOB)
    found = one().manifest("latest")
    assert (found.digest, found.layers) == (own, (Layer("m", DIGEST, 7),))
    assert one().manifest(own) == found
    assert one().blob(found.layers[0], 100) == BLOB
    answer(f"{BASE}/manifests/{own}", text + b" ")
    with pytest.raises(RegistryError, match="is not that of the digest"):
        one().manifest(own)
    answer(f"{BASE}/blobs/{DIGEST}", b"other")
    with pytest.raises(RegistryError, match="is not that of the digest"):
        one().blob(found.layers[0], 100)
    with pytest.raises(RegistryError, match="more than 5 bytes"):
        one().blob(found.layers[0], 5)
    assert len(asked) == 5, "what is too large is not asked for"


@pytest.mark.parametrize("digest", ["sha256:../../x", "md5:aa", "sha256:AA", ""])
def test_what_is_no_digest_is_asked_for_nowhere(asked: list[Question], digest: str) -> None:
    with pytest.raises(RegistryError, match="is not supported"):
        one().blob(Layer("m", digest, 1), 100)
    assert not asked


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"<html>", "no JSON object"), (b"[]", "no JSON object"), (b"{}", "it has no layers"),
        (b'{"layers": [{"digest": 1}]}', "cannot be read"), (b'{"manifests": []}', "it has no layers"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_manifest_is_told(asked: list[Question], text: bytes, words: str) -> None:
    answer(f"{BASE}/manifests/latest", text)
    with pytest.raises(RegistryError, match=words):
        one().manifest("latest")
    assert len(asked) == 1


def test_credentials_follow_no_redirect_and_nothing_leads_away_from_tls(asked: list[Question]) -> None:
    login = Login("me", "word")
    answer(f"{BASE}/blobs/{DIGEST}", status=401, www_authenticate='Basic realm="x"')
    with pytest.raises(RegistryError) as told:
        one(login=login).blob(Layer("m", DIGEST, 7), 100)
    assert told.value.is_denied
    assert [bool(question.headers) for question in asked] == [False, True]
    asked.clear()
    answer(f"{BASE}/blobs/{DIGEST}", status=302, location="https://cdn.example.test/x")
    answer("https://cdn.example.test/x", BLOB)
    known = one(login=login)
    known._authorization = login.header
    assert known.blob(Layer("m", DIGEST, 7), 100) == BLOB
    assert [question.headers.get("Authorization", "") for question in asked] == [login.header, ""]
    for place in ("http://cdn.example.test/x", "file:///etc/passwd", f"{BASE}/blobs/{DIGEST}"):
        answer(f"{BASE}/blobs/{DIGEST}", status=302, location=place)
        with pytest.raises(RegistryError, match="nothing may be fetched from"):
            one().blob(Layer("m", DIGEST, 7), 100)


def test_a_token_is_asked_for_over_tls_only(asked: list[Question]) -> None:
    for realm in ("http://auth.example.test/token", "file:///etc/passwd", ""):
        answer(f"{BASE}/manifests/latest", status=401, www_authenticate=f'Bearer realm="{realm}",service="s"')
        with pytest.raises(RegistryError) as told:
            one(login=Login("me", "word")).manifest("latest")
        assert told.value.is_denied
    assert all(question.url.startswith(BASE) for question in asked)


def test_pages_of_tags_stay_with_the_registry_and_have_an_end(asked: list[Question]) -> None:
    first = f"{BASE}/tags/list?n=1000"
    answer(first, b'{"tags": ["a"]}', link='<https://evil.example.test/v2/x>; rel="next"')
    with pytest.raises(RegistryError, match="too many tags"):
        one().tags()
    assert len(asked) == 1
    answer(first, b'{"tags": ["a"]}', link=f'<{first}>; rel="next"')
    with pytest.raises(RegistryError, match="too many tags"):
        one().tags()
    assert len(asked) == 1 + registry.MAX_PAGES
    answer(first, b'{"tags": null}')
    assert one().tags() == []


@pytest.mark.parametrize("url", ["oci://host", "oci:///a/b", "oci://me:word@host/a", "https://host/a"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(RegistryError, match="URL must be in format"):
        Registry(url).tags()


def test_docker_hub_is_found_under_its_names(asked: list[Question]) -> None:
    for url in ("oci://docker.io/app", "oci://ghcr.io/app"):
        with pytest.raises(RegistryError):
            Registry(url).manifest("latest")
    assert [question.url for question in asked] == [
        "https://registry-1.docker.io/v2/library/app/manifests/latest", "https://ghcr.io/v2/app/manifests/latest",
    ]  # fmt: skip


def test_a_docker_configuration_names_its_registries() -> None:
    config = json.dumps(
        {"auths": {"https://index.docker.io/v1/": {"auth": "bWU6YTpi"}, "ghcr.io": {"username": "you", "password": "p"}, "x": 1}}
    ).encode()  # fmt: skip
    assert login_of(config, "ghcr.io") == Login("you", "p")
    assert login_of(config, "docker.io") == login_of(config, "index.docker.io")
    assert login_of(config, "other.example.test") == Login()
    assert "p" not in repr(Login("you", "pass"))[len("Login(username='you'") :]
    for text in (b"[]", b"{", b'{"auths": {"ghcr.io": {"auth": "\\u00e9"}}}'):
        with pytest.raises(RegistryError):
            login_of(text, "ghcr.io")
