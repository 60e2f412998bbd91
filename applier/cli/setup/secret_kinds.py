"""The Secrets that `create secret` makes besides those for Git: for charts, TLS, proxies, registries, webhooks and GitHub Apps.

Source: flux2 v2.9 `create secret …`, as recorded.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets as random
from typing import TYPE_CHECKING, Any

from applier.agent.install.notification_kinds import RECEIVER_TYPES
from applier.cli.operate.words import StoppedError
from applier.cli.setup import secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.cli.setup.line import Line

    Object = dict[str, Any]

WEBHOOK = "notification.toolkit.fluxcd.io/webhook"
_APP_FIELDS = (
    ("app_id", "githubAppID"),
    ("app_installation_owner", "githubAppInstallationOwner"),
    ("app_installation_id", "githubAppInstallationID"),
)


def helm(line: Line, name: str) -> Object:
    """Credentials for a repository of charts. Raises: StoppedError."""
    return _of_charts(line, name, _tls_files(line))


def of_repository(line: Line, name: str) -> Object | None:
    """The Secret of a HelmRepository, from the flags of `create source helm`; None without credentials. Raises: StoppedError."""
    files = (
        _file(line, "ca_file", "unable to read TLS CA file"),
        _file(line, "cert_file", "failed to read cert file"),
        _file(line, "key_file", "failed to read key file"),
    )
    found = _of_charts(line, name, files)
    return found if "stringData" in found else None


def _of_charts(line: Line, name: str, files: tuple[str, str, str]) -> Object:
    """Raises: StoppedError."""
    ca, certificate, key = files
    if certificate or key:
        return _tls(line, name, ca, certificate, key)
    user = _user(line)
    if user:
        return _secret(line, name, {**user, **({"ca.crt": ca} if ca else {})}, "kubernetes.io/basic-auth")
    return _tls(line, name, ca, "", "") if ca else _secret(line, name, {}, "")


def tls(line: Line, name: str) -> Object:
    """A pair of certificate and key, an authority, or both. Raises: StoppedError."""
    return _tls(line, name, *_tls_files(line))


def proxy(line: Line, name: str) -> Object:
    """The address of a proxy, and who we are there. Raises: StoppedError."""
    address = line.text("address")
    if not address:
        raise StoppedError("address is required")
    return _secret(line, name, {"address": address, **_user(line)}, "Opaque")


def oci(line: Line, name: str) -> Object:
    """Credentials for a registry. Raises: StoppedError."""
    for flag in ("url", "username", "password"):
        if not line.text(flag):
            raise StoppedError(f"--{flag} is required")
    user = {"username": line.text("username"), "password": line.text("password")}
    word = base64.b64encode(f"{user['username']}:{user['password']}".encode()).decode()
    config = {"auths": {line.text("url"): {**user, "auth": word}}}
    text = json.dumps(config, indent=2, ensure_ascii=False)
    return _secret(line, name, {".dockerconfigjson": text}, "kubernetes.io/dockerconfigjson")


def receiver(line: Line, name: str) -> Object:
    """The token of a Receiver, with the address of its webhook as an annotation. Raises: StoppedError."""
    kind, host = line.text("type"), line.text("hostname")
    if kind and kind not in RECEIVER_TYPES:
        known = ", ".join(RECEIVER_TYPES)
        raise StoppedError(
            f'invalid argument "{kind}" for "--type" flag: receiver type \'{kind}\' is not supported, must be one of: {known}'
        )
    for flag, value in (("type", kind), ("hostname", host)):
        if not value:
            raise StoppedError(f"--{flag} is required")
    email = line.text("email_claim")
    if kind == "gcr" and not email:
        raise StoppedError("--email-claim is required for gcr receiver type")
    token = line.text("token") or random.token_hex(32)
    url = f"https://{host}{webhook_path(token, name, line.namespace)}"
    claims = {"email": email, "audience": line.text("audience_claim", url)} if kind == "gcr" else {}
    found = _secret(line, name, {"token": token, **claims}, "")
    found["metadata"]["annotations"] = {WEBHOOK: url}
    return found


def webhook_path(token: str, name: str, namespace: str) -> str:
    """The path of a Receiver's webhook."""
    return f"/hook/{hashlib.sha256(f'{token}{name}{namespace}'.encode()).hexdigest()}"


def github_app(line: Line, name: str) -> Object:
    """The key of a GitHub App. Raises: StoppedError."""
    key = _file(line, "app_private_key", "unable to read private key file", is_needed=True)
    found = {field: line.text(flag) for flag, field in _APP_FIELDS}
    if not found["githubAppID"]:
        raise StoppedError("githubAppID is required")
    if bool(found["githubAppInstallationID"]) == bool(found["githubAppInstallationOwner"]):
        raise StoppedError("exactly one of githubAppInstallationOwner or githubAppInstallationID must be provided")
    values = {**found, "githubAppPrivateKey": key, "githubAppBaseURL": line.text("app_base_url")}
    return _secret(line, name, {field: value for field, value in values.items() if value}, "Opaque")


BY_NOUN: Mapping[str, Callable[[Line, str], Object]] = {
    "secret helm": helm, "secret tls": tls, "secret proxy": proxy, "secret oci": oci, "secret receiver": receiver,
    "secret githubapp": github_app,
}  # fmt: skip


def _user(line: Line) -> dict[str, str]:
    """User and password, empty where neither is given. Raises: StoppedError, for one alone."""
    found = {"username": line.text("username"), "password": line.text("password")}
    if not any(found.values()):
        return {}
    for field, value in found.items():
        if not value:
            raise StoppedError(f"{field} is required")
    return found


def _tls_files(line: Line) -> tuple[str, str, str]:
    """(authority, certificate, key) as texts. Raises: StoppedError."""
    return (
        _file(line, "ca_crt_file", "unable to read TLS CA file"),
        _file(line, "tls_crt_file", "failed to read cert file"),
        _file(line, "tls_key_file", "failed to read key file"),
    )


def _tls(line: Line, name: str, ca: str, certificate: str, key: str) -> Object:
    """Raises: StoppedError."""
    if certificate and not key:
        raise StoppedError("found certificate but missing private key")
    if key and not certificate:
        raise StoppedError("found private key but missing certificate")
    if not (ca or certificate):
        raise StoppedError("no CA certificate or client certificate pair found")
    values = {"ca.crt": ca, "tls.crt": certificate, "tls.key": key}
    kind = "kubernetes.io/tls" if certificate else "Opaque"
    return _secret(line, name, {field: value for field, value in values.items() if value}, kind)


def _file(line: Line, flag: str, failure: str, *, is_needed: bool = False) -> str:
    """The text of the file that a flag names, empty without one. Raises: StoppedError."""
    path = line.text(flag)
    if not path and not is_needed:
        return ""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        raise StoppedError(f"{failure}: {path} is no text") from None
    except OSError as problem:
        raise StoppedError(f"{failure}: open {path}: {(problem.strerror or 'it cannot be read').lower()}") from None


def _secret(line: Line, name: str, values: Mapping[str, str], kind: str) -> Object:
    found = secrets.secret(name, line.namespace, values, line.pairs("label"))
    if not values:
        del found["stringData"]
    return {**found, "type": kind} if kind else found
