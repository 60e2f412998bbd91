"""How a source object reaches its registry: credentials of Secrets and of a ServiceAccount, certificates, the provider.

Source: source-controller v1 `internal/helm/getter`, `OCIRepositoryReconciler.keychain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.helm.source_run import FETCH_FAILED, SourceError, secret_data
from applier.agent.runtime import durations
from applier.agent.source import credentials
from applier.agent.source.registry import NOBODY, Login, Registry, RegistryError, login_of
from applier.cluster.api import Collection
from applier.failures import ApplierError
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cluster.reader import Reader
    from applier.model.ids import Body

ACCOUNTS = Collection("", "v1", "serviceaccounts", "ServiceAccount")
DOCKER_CONFIG = ".dockerconfigjson"
_CERTIFICATES = ("ca.crt", "tls.crt", "tls.key")


def registry_of(reader: Reader, body: Body, url: str) -> Registry:
    """The repository of a registry that a source names. Raises: SourceError."""
    spec, namespace = body.get("spec") or {}, str(body["metadata"]["namespace"])
    if spec.get("provider", "generic") != "generic":
        sentence = f"the provider '{spec['provider']}' is not supported by this agent"
        raise SourceError(FETCH_FAILED, "InvalidProviderConfiguration", sentence, is_final=True)
    if spec.get("proxySecretRef"):
        sentence = "spec.proxySecretRef of a registry is not supported by this agent"
        raise SourceError(FETCH_FAILED, "InvalidProviderConfiguration", sentence, is_final=True)
    found = Registry(url, insecure=bool(spec.get("insecure")), timeout_s=durations.seconds(str(spec.get("timeout") or "60s")))  # fmt: skip
    found.login = _login(reader, namespace, spec, found.host)
    if spec.get("certSecretRef"):
        data = secret_data(reader, namespace, str(spec["certSecretRef"]["name"]))
        found.trust = credentials.trust_of({name: value for name, value in data.items() if name in _CERTIFICATES})
    return found


def _login(reader: Reader, namespace: str, spec: Mapping[str, Any], host: str) -> Login:
    """Raises: SourceError."""
    names = [str(spec["secretRef"]["name"])] if spec.get("secretRef") else []
    if spec.get("serviceAccountName"):
        names += _pull_secrets(reader, namespace, str(spec["serviceAccountName"]))
    for name in names:
        data = secret_data(reader, namespace, name)
        try:
            found = _of_secret(data, host)
        except RegistryError as problem:
            sentence = f"failed to configure credentials of secret '{namespace}/{name}': {problem}"
            raise SourceError(FETCH_FAILED, "AuthenticationFailed", sentence) from None
        if found.username:
            return found
    return NOBODY


def _of_secret(data: Mapping[str, bytes], host: str) -> Login:
    """Raises: RegistryError."""
    if DOCKER_CONFIG in data:
        return login_of(data[DOCKER_CONFIG], host)
    texts = {name: data.get(name, b"").decode("utf-8", "replace") for name in ("username", "password")}
    if bool(texts["username"]) != bool(texts["password"]):
        raise RegistryError("username and password must both be set, or neither")
    return Login(**texts)


def _pull_secrets(reader: Reader, namespace: str, name: str) -> list[str]:
    """Raises: SourceError."""
    try:
        found = reader.get(ACCOUNTS._replace(namespace=namespace), name)
    except ApplierError as problem:
        raise SourceError(FETCH_FAILED, "AuthenticationFailed", str(problem)) from None
    if isinstance(found, Absent):
        sentence = f"failed to get service account '{namespace}/{name}': serviceaccounts \"{name}\" not found"
        raise SourceError(FETCH_FAILED, "AuthenticationFailed", sentence)
    return [str(one["name"]) for one in found.get("imagePullSecrets") or () if one.get("name")]
