"""Whether a request to a webhook comes from whom its receiver expects: signatures, tokens, kinds of events.

Comparisons take the same time whatever differs. Source: notification-controller's receiver server, go-github.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from applier.agent.runtime.serving import Asked

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_CDEVENT_CONTEXT = ("version", "id", "source", "type", "timestamp")


class RefusedError(Exception):
    """A request that proves nothing, or is not meant. The sentence is for the log."""


def check(kind: str, asked: Asked, token: str, events: list[str]) -> None:
    """Check a request for a type of receiver. Raises: RefusedError."""
    checker = _checkers().get(kind)
    if checker is None:
        raise RefusedError(f"receiver type '{kind}' not supported")
    event = checker(asked, token)
    if events and event is not None and event.casefold() not in {one.casefold() for one in events}:
        raise RefusedError(f"the event '{event}' is not authorised")


def _checkers() -> Mapping[str, Callable[[Asked, str], str | None]]:
    """For each type, what checks a request and gives the name of its event; None where events have no names."""
    return {
        "generic": lambda _asked, _token: None,
        "generic-hmac": _generic_hmac,
        "github": lambda asked, token: _signed_payload(asked, token, "x-github-event"),
        "bitbucket": lambda asked, token: _signed_payload(asked, token, "x-event-key"),
        "gitlab": _gitlab,
        "harbor": _harbor,
        "dockerhub": _any_json,
        "quay": _any_json,
        "acr": _any_json,
        "nexus": _nexus,
        "cdevents": _cdevents,
    }


def _generic_hmac(asked: Asked, token: str) -> None:
    _check_signature(asked.headers.get("x-signature", ""), asked.body, token)


def _signed_payload(asked: Asked, token: str, event_header: str) -> str:
    """GitHub's and Bitbucket's form: JSON, or a form with JSON in it, signed as a whole."""
    media = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == FORM:
        if not parse_qs(asked.body.decode("utf-8", "replace")).get("payload"):
            raise RefusedError("the form has no payload")
    elif media != JSON:
        raise RefusedError(f"webhook request has unsupported Content-Type '{media}'")
    signature = asked.headers.get("x-hub-signature-256") or asked.headers.get("x-hub-signature", "")
    _check_signature(signature, asked.body, token)
    return asked.headers.get(event_header, "")


def _check_signature(signature: str, body: bytes, token: str) -> None:
    """Raises: RefusedError."""
    name, equals, given = signature.partition("=")
    digest = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}.get(name)
    if not equals or digest is None:
        raise RefusedError("the signature is missing or of an unknown kind")
    if not _equal(hmac.new(token.encode(), body, digest).hexdigest(), given):
        raise RefusedError("the signature is wrong")


def _gitlab(asked: Asked, token: str) -> str:
    if not _equal(token, asked.headers.get("x-gitlab-token", "")):
        raise RefusedError("the X-Gitlab-Token header value does not match the receiver token")
    return asked.headers.get("x-gitlab-event", "")


def _harbor(asked: Asked, token: str) -> None:
    if not _equal(token, asked.headers.get("authorization", "")):
        raise RefusedError("the Harbor Authorization header value does not match the receiver token")


def _nexus(asked: Asked, token: str) -> None:
    given = asked.headers.get("x-nexus-webhook-signature", "")
    if not given:
        raise RefusedError("Nexus signature is missing from header")
    if not _equal(hmac.new(token.encode(), asked.body, hashlib.sha1).hexdigest(), given):
        raise RefusedError("invalid Nexus signature")
    _object(asked.body)


def _any_json(asked: Asked, _token: str) -> None:
    """Types whose senders sign nothing: the path, which the token is part of, is the proof."""
    _object(asked.body)


def _cdevents(asked: Asked, _token: str) -> str:
    event = _object(asked.body)
    context, subject = event.get("context"), event.get("subject")
    if not isinstance(context, dict) or not isinstance(subject, dict) or not subject.get("id"):
        raise RefusedError("unable to validate CDEvent event: context and subject are needed")
    missing = [name for name in _CDEVENT_CONTEXT if not isinstance(context.get(name), str) or not context[name]]
    if missing or not str(context.get("type")).startswith("dev.cdevents."):
        raise RefusedError("unable to validate CDEvent event: its context is not complete")
    return asked.headers.get("ce-type", "")


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises: RefusedError."""
    try:
        found = json.loads(body)
    except ValueError:
        raise RefusedError("cannot decode the payload") from None
    if not isinstance(found, dict):
        raise RefusedError("the payload is no object")
    return found


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
