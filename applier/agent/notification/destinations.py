"""Providers as destinations: the spec with the values of its Secrets, read anew for each delivery.

Source: notification-controller's event server.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import kbuild
from applier.agent.notification.senders import UNSUPPORTED_TYPES, WITHOUT_ADDRESS
from applier.agent.notification.sending import Destination, SetupError
from applier.agent.runtime import durations, github_app
from applier.agent.runtime.fetching import Trust
from applier.agent.runtime.kinds import SECRETS
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.github_app import App
    from applier.cluster.reader import Reader
    from applier.model.ids import Body

TIMEOUT_S = 15.0
_PROXY_KEYS = ("address", "username", "password")


class MissingSecretError(Exception):
    """A Secret that is not there, or not yet."""


def read(reader: Reader, provider: Body) -> Destination:
    """The destination of a Provider. Raises: SetupError, MissingSecretError, ApplierError."""
    spec, metadata = provider.get("spec") or {}, provider["metadata"]
    kind, namespace = str(spec.get("type") or ""), str(metadata["namespace"])
    if kind in UNSUPPORTED_TYPES:
        raise SetupError(f"providers of type '{kind}' are not supported")
    data = _secret(reader, namespace, spec.get("secretRef"))
    certificates = _secret(reader, namespace, spec.get("certSecretRef"))
    proxy = _secret(reader, namespace, spec.get("proxySecretRef"))
    address = data.get("address", str(spec.get("address") or "")).strip()
    if not address and kind not in WITHOUT_ADDRESS:
        raise SetupError("provider has no address")
    return Destination(
        type=kind,
        name=str(metadata["name"]),
        uid=str(metadata.get("uid") or ""),
        address=address,
        channel=str(spec.get("channel") or ""),
        username=data.get("username", str(spec.get("username") or "")),
        password=data.get("password", ""),
        token=data.get("token", ""),
        headers=_headers(data.get("headers", "")),
        trust=_trust(certificates, _proxy(proxy) or data.get("proxy", "") or str(spec.get("proxy") or "")),
        timeout_s=timeout_of(spec),
        app=_app(data),
    )


def _app(data: Mapping[str, str]) -> App | None:
    """The GitHub App of a Secret without a token, None for none. Raises: SetupError."""
    raw = {name: value.encode() for name, value in data.items()}
    if data.get("token") or not github_app.is_app(raw):
        return None
    try:
        return github_app.app_of(raw)
    except github_app.AppError as problem:
        raise SetupError(str(problem)) from None


def timeout_of(spec: Mapping[str, Any]) -> float:
    """The time for one delivery in seconds."""
    try:
        return max(durations.seconds(str(spec["timeout"])), 0.1) if spec.get("timeout") else TIMEOUT_S
    except ValueError:
        return TIMEOUT_S


def _secret(reader: Reader, namespace: str, reference: Mapping[str, Any] | None) -> dict[str, str]:
    """The texts of a Secret, none without a reference. Raises: MissingSecretError, ApplierError."""
    if not reference:
        return {}
    name = str(reference.get("name") or "")
    found = reader.get(SECRETS._replace(namespace=namespace), name)
    if isinstance(found, Absent):
        raise MissingSecretError(f'failed to read secret: secrets "{name}" not found')
    data = found.get("data") or {}
    return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in data.items()}


def _headers(text: str) -> dict[str, str]:
    """Headers from a YAML map. Raises: SetupError."""
    if not text.strip():
        return {}
    try:
        documents = kbuild.read_documents(text.encode(), "headers")
    except kbuild.KbuildError:
        documents = []
    found = documents[0] if len(documents) == 1 else None
    if not isinstance(found, dict) or any(isinstance(value, (dict, list)) for value in found.values()):
        raise SetupError("failed to read headers from secret: not a map of texts")
    return {str(name): str(value) for name, value in found.items()}


def _trust(data: Mapping[str, str], proxy: str) -> Trust:
    def either(*names: str) -> bytes:
        return next((data[name].encode() for name in names if data.get(name)), b"")

    return Trust(
        authority=either("ca.crt", "caFile"),
        certificate=either("tls.crt", "certFile"),
        key=either("tls.key", "keyFile"),
        proxy=proxy.strip(),
    )


def _proxy(data: Mapping[str, str]) -> str:
    address, user, password = (data.get(name, "").strip() for name in _PROXY_KEYS)
    if not address or not user:
        return address
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{quote(user, safe='')}:{quote(password, safe='')}@{rest}"
