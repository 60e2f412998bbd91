"""Receivers whose senders show who they are: Google's registry, and any issuer of identity tokens.

Source: notification-controller's receiver server. Flux lets a Google receiver without e-mail or audience pass; here both are
needed, as its own sources announce it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from applier.agent.notification.id_tokens import bearer, check
from applier.agent.notification.signatures import RefusedError
from applier.health.cel import CelError, evaluate, is_true
from applier.health.cel_parser import parse

if TYPE_CHECKING:
    from applier.agent.notification.id_tokens import Key
    from applier.agent.runtime.serving import Asked

    KeyOf = Callable[[str, str], Key | None]

GCR, OIDC = "gcr", "generic-oidc"
GOOGLE = "https://accounts.google.com"
GOOGLE_NAMES = (GOOGLE, "accounts.google.com")


def google_push(
    asked: Asked, secret: Mapping[str, str], key_of: KeyOf, now_s: float, issuer: str = GOOGLE
) -> dict[str, Any]:
    """Check a push of Google's Pub/Sub; returns the registry's event in it. Raises: RefusedError."""
    for name in ("email", "audience"):
        if not secret.get(name):
            raise RefusedError(f"invalid secret data: required field '{name}' for GCR receiver")
    token = bearer(asked.headers.get("authorization", ""))
    names = GOOGLE_NAMES if issuer == GOOGLE else (issuer,)
    check(token, lambda key_id: key_of(issuer, key_id), issuers=names, audience=secret["audience"], now_s=now_s)
    if token.claims.get("email") != secret["email"] or token.claims.get("email_verified") is not True:
        raise RefusedError("the token is that of another service account")
    try:
        found = json.loads(base64.b64decode(json.loads(asked.body)["message"]["data"]))
    except (ValueError, KeyError, TypeError):
        raise RefusedError("cannot decode GCR webhook payload") from None
    return {name: str(found.get(name) or "") for name in ("action", "digest", "tag")} if isinstance(found, dict) else {}


def identity(asked: Asked, providers: list[Mapping[str, Any]], key_of: KeyOf, now_s: float) -> Mapping[str, Any]:
    """Check a request with an identity token of one of a receiver's issuers; returns its claims. Raises: RefusedError."""
    token = bearer(asked.headers.get("authorization", ""))
    provider = next((one for one in providers if one.get("issuerURL") == token.issuer), None)
    if provider is None:
        raise RefusedError(f"no oidcProvider configured for issuer '{token.issuer}'")
    audience = str(provider.get("audience") or "")
    check(token, lambda key_id: key_of(token.issuer, key_id), issuers=(token.issuer,), audience=audience, now_s=now_s)
    try:
        _validate(provider, token.claims)
    except CelError as problem:
        raise RefusedError(f"failed to evaluate validation: {problem}") from None
    return token.claims


def _validate(provider: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """Raises: RefusedError, CelError."""
    variables: dict[str, Any] = {}
    names = {"claims": claims, "vars": variables}
    for one in provider.get("variables") or ():
        variables[str(one["name"])] = evaluate(parse(str(one["expression"])), names)
    rules = provider.get("validations") or ()
    failures = [str(one.get("message")) for one in rules if not is_true(parse(str(one["expression"])), names)]
    if failures or not rules:
        raise RefusedError(f"token validation failed: {'; '.join(failures)}")


def problem_with(providers: list[Mapping[str, Any]]) -> str:
    """What keeps issuers from being used, empty for nothing; their expressions are another matter."""
    seen: set[str] = set()
    for number, one in enumerate(providers):
        url, where = str(one.get("issuerURL") or ""), f"oidcProviders[{number}]"
        if not url.startswith(("http://", "https://")):
            return f"{where}: issuerURL '{url}' must start with http:// or https://"
        if not one.get("audience"):
            return f"{where}: audience is required"
        if url in seen:
            return f"{where}: duplicate issuerURL '{url}'"
        if not one.get("validations"):
            return f"{where}: at least one validation is required; without one any caller of this issuer is let in"
        seen.add(url)
    return "" if providers else "generic-oidc receiver has no oidcProviders configured"


def expressions_of(providers: list[Mapping[str, Any]]) -> list[str]:
    """Every expression of some issuers."""
    return [
        str(one.get("expression"))
        for provider in providers
        for part in ("variables", "validations")
        for one in provider.get(part) or ()
    ]
