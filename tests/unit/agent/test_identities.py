"""Identity tokens: which are trusted, whose keys are fetched and when, and what receivers make of them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from issuer import Issuer, encoded

from applier.agent.notification.id_tokens import bearer, check, keys_of
from applier.agent.notification.identities import google_push, identity, problem_with
from applier.agent.notification.key_sets import AGAIN_S, KEPT_S, KeySets
from applier.agent.notification.receivers import refusal_of
from applier.agent.notification.signatures import RefusedError
from applier.agent.runtime.serving import Asked

NOW = time.time()
MAIL = {"aud": "me", "email": "push@example.test", "email_verified": True}
SECRET = {"email": "push@example.test", "audience": "me"}


class FakeClock:
    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> float:
        return NOW

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.close()


def asked(token: str, body: Any = b"{}") -> Asked:
    return Asked("POST", "/hook/x", "", {"authorization": f"Bearer {token}", "content-type": "application/json"}, body)


def checked(issuer: Issuer, token: str) -> None:
    keys = keys_of(issuer.key_set())
    check(bearer(f"Bearer {token}"), keys.get, issuers=[issuer.url], audience="me", now_s=NOW)


@pytest.mark.parametrize("claims", [{"aud": "me"}, {"aud": ["you", "me"]}, {"aud": "me", "nbf": NOW + 200}])
def test_a_token_of_the_issuer_for_us_is_trusted(issuer: Issuer, claims: dict[str, Any]) -> None:
    checked(issuer, issuer.token(**claims))


@pytest.mark.parametrize(
    ("claims", "header", "sentence"),
    [
        ({"aud": "you"}, {}, "not for 'me'"), ({}, {}, "not for 'me'"), ({"aud": "me", "exp": NOW - 1}, {}, "has expired"),
        ({"aud": "me", "exp": None}, {}, "has expired"), ({"aud": "me", "exp": True}, {}, "has expired"),
        ({"aud": "me", "nbf": NOW + 400}, {}, "not valid yet"), ({"aud": "me", "iss": "http://other"}, {}, "issuer is 'http://other'"),
        ({"aud": "me"}, {"alg": "none"}, "not signed with RS256"), ({"aud": "me"}, {"alg": "HS256"}, "not signed with RS256"),
        ({"aud": "me"}, {"kid": "unknown"}, "not its issuer's"),
    ],
)  # fmt: skip
def test_other_tokens_are_refused(
    issuer: Issuer, claims: dict[str, Any], header: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        checked(issuer, issuer.token(header, **claims))


def test_a_changed_token_and_a_foreign_key_are_refused(issuer: Issuer) -> None:
    head, claims, signature = issuer.token(aud="me").split(".")
    other = Issuer()
    forged = other.token({"kid": "one"}, aud="me", iss=issuer.url)
    other.close()
    changed = encoded(json.dumps({"iss": issuer.url, "aud": "me", "exp": NOW + 9_999}).encode())
    for token in (
        f"{head}.{changed}.{signature}",
        forged,
        f"{head}.{claims}.{signature[:-4]}",
        f"{head}.{claims}.",
        f"{head}.{claims}.AAAA",
    ):
        with pytest.raises(RefusedError, match="not its issuer's"):
            checked(issuer, token)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a.b", "Bearer a.b.c", "Bearer e30.W10.", "Bearer !.!.!"]
)
def test_what_is_no_token_is_refused(header: str) -> None:
    with pytest.raises(RefusedError):
        bearer(header)


def test_keys_that_cannot_be_used_are_left_out(issuer: Issuer) -> None:
    good = issuer.key_set()["keys"][0]
    bad = [
        {**good, "kty": "EC"},
        {**good, "use": "enc"},
        {**good, "n": encoded(b"\x01" * 128)},
        {**good, "e": "AQ"},
        {**good, "n": "!"},
        {},
        1,
    ]
    assert list(keys_of({"keys": [*bad, good]})) == ["one"]
    assert keys_of({"keys": None}) == keys_of([]) == {}


def test_keys_are_kept_and_fetched_again_for_an_unknown_one_but_not_often() -> None:
    issuer, clock = Issuer(), FakeClock()
    sets = KeySets(clock)
    documents = ["/.well-known/openid-configuration", "/keys"]
    assert [sets.key(issuer.url, "one") is not None for _ in range(3)] == [True] * 3
    assert issuer.asked == documents
    issuer.new_key("two")
    assert sets.key(issuer.url, "two") is None
    clock.time += AGAIN_S
    assert sets.key(issuer.url, "two") is not None
    assert issuer.asked == documents * 2
    clock.time += KEPT_S
    sets.key(issuer.url, "two")
    assert issuer.asked == documents * 3
    issuer.name = "http://somebody.else"
    clock.time += KEPT_S
    with pytest.raises(RefusedError, match="is about another one"):
        sets.key(issuer.url, "two")
    issuer.close()
    with pytest.raises(RefusedError, match="cannot be had"):
        KeySets(clock).key(issuer.url, "one")


def test_a_push_of_googles_registry_is_unwrapped(issuer: Issuer) -> None:
    event = {"action": "INSERT", "digest": "d", "tag": "t", "more": 1}
    body = json.dumps({"message": {"data": base64.b64encode(json.dumps(event).encode()).decode()}}).encode()
    keys = KeySets(FakeClock()).key
    found = google_push(asked(issuer.token(**MAIL), body), SECRET, keys, NOW, issuer.url)
    assert found == {"action": "INSERT", "digest": "d", "tag": "t"}
    for claims, secret, sent in (
        ({**MAIL, "email": "other@example.test"}, SECRET, body), ({**MAIL, "email_verified": False}, SECRET, body),
        ({**MAIL, "email_verified": "true"}, SECRET, body), (MAIL, {"audience": "me"}, body), (MAIL, {"email": MAIL["email"]}, body),
        (MAIL, SECRET, b"{}"), (MAIL, SECRET, b'{"message":{"data":"!"}}'),
    ):  # fmt: skip
        with pytest.raises(RefusedError):
            google_push(asked(issuer.token(**claims), sent), secret, keys, NOW, issuer.url)


def provider(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    return {
        "issuerURL": issuer.url, "audience": "me",
        "variables": [{"name": "own", "expression": "claims.repository.startsWith('acme/')"}],
        "validations": [{"expression": "vars.own && claims.ref == 'refs/heads/main'", "message": "only main of acme"}], **changes,
    }  # fmt: skip


def test_claims_decide_who_is_let_in(issuer: Issuer) -> None:
    keys = KeySets(FakeClock()).key
    good = {"aud": "me", "repository": "acme/shop", "ref": "refs/heads/main"}
    assert identity(asked(issuer.token(**good)), [provider(issuer)], keys, NOW)["repository"] == "acme/shop"
    for claims, others, sentence in (
        ({**good, "ref": "refs/heads/x"}, {}, "token validation failed: only main of acme"), ({"aud": "me"}, {}, "no such field"),
        (good, {"audience": "you"}, "not for 'you'"), (good, {"validations": []}, "token validation failed"),
        (good, {"issuerURL": "http://other"}, "no oidcProvider configured"),
    ):  # fmt: skip
        with pytest.raises(RefusedError, match=sentence):
            identity(asked(issuer.token(**claims)), [provider(issuer, **others)], keys, NOW)


def test_receivers_whose_issuers_make_no_sense_are_refused(issuer: Issuer) -> None:
    assert problem_with([provider(issuer)]) == ""
    for providers, sentence in (
        ([], "no oidcProviders"), ([provider(issuer, issuerURL="ftp://x")], "must start with"), ([provider(issuer, audience="")], "audience"),
        ([provider(issuer, validations=[])], "at least one validation"), ([provider(issuer)] * 2, "duplicate issuerURL"),
    ):  # fmt: skip
        assert sentence in problem_with(providers)
    spec = {
        "type": "generic-oidc",
        "oidcProviders": [provider(issuer, validations=[{"expression": "a(", "message": "m"}])],
    }
    assert (refusal_of(spec) or ("", ""))[0] == "InvalidCELExpression"
    assert (refusal_of({"type": "generic-oidc"}) or ("", ""))[0] == "ValidationFailed"
