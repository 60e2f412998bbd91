"""Other clusters that trust ServiceAccounts of this one: a ConfigMap names the cluster, and a token is asked for.

Source: kustomize-controller v1 and fluxcd/pkg `auth/generic`: `spec.kubeConfig.configMapRef` with provider `generic`. The
providers of clouds are refused.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.kinds import CONFIG_MAPS
from applier.cluster.api import Collection
from applier.cluster.exchange import encoded
from applier.cluster.transport import JSON_TYPE, Request
from applier.failures import ErrorClass, error
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cluster.exchange import Exchange
    from applier.cluster.reader import Reader

    Wanted = tuple[str, str, tuple[str, ...]]

ACCOUNTS = Collection("", "v1", "serviceaccounts", "ServiceAccount")
PROVIDER, LIFE_S, USED = "generic", 3600, 0.5


@dataclass(slots=True)
class AccountTokens:
    """Gives kubeconfigs with tokens of ServiceAccounts. Safe to use from several threads; tokens are used half their life."""

    exchange: Exchange
    reader: Reader
    _kept: dict[Wanted, tuple[float, str]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def kubeconfig(self, namespace: str, name: str) -> bytes:
        """The kubeconfig that a ConfigMap stands for. Raises: ApplierError."""
        found = self.reader.get(CONFIG_MAPS._replace(namespace=namespace), name)
        if isinstance(found, Absent):
            raise error(ErrorClass.NOT_FOUND, f"failed to get kubeconfig ConfigMap '{namespace}/{name}': not found")
        data: Mapping[str, str] = found.get("data") or {}
        address, account = data.get("address", ""), data.get("serviceAccountName", "")
        problem = _problem(data, address, account)
        if problem:
            raise error(ErrorClass.CONFIGURATION, f"invalid kubeconfig ConfigMap '{namespace}/{name}': {problem}")
        audiences = tuple(line.strip() for line in data.get("audiences", "").splitlines() if line.strip())
        return _text(address, data.get("ca.crt", ""), self._token((namespace, account, audiences or (address,))))

    def _token(self, wanted: Wanted) -> str:
        """Raises: ApplierError."""
        now = self.exchange.clock.monotonic()
        with self._lock:
            until_s, token = self._kept.get(wanted, (0.0, ""))
        if token and now < until_s:
            return token
        namespace, account, audiences = wanted
        body = {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"audiences": list(audiences), "expirationSeconds": LIFE_S},
        }  # fmt: skip
        path = f"{ACCOUNTS._replace(namespace=namespace).object_path(account)}/token"
        answer, _ = self.exchange.once(Request("POST", path, "", encoded(body), JSON_TYPE), "post")
        token = str(answer["status"]["token"])
        with self._lock:
            self._kept[wanted] = now + LIFE_S * USED, token
        return token


def _problem(data: Mapping[str, str], address: str, account: str) -> str:
    provider = data.get("provider", "")
    if provider != PROVIDER:
        return f"provider '{provider}' is not supported, only '{PROVIDER}' is"
    if not address.startswith("https://"):
        return "'address' must be the https:// address of the cluster"
    return "" if account else "'serviceAccountName' must name a ServiceAccount of the same namespace"


def _text(address: str, authority: str, token: str) -> bytes:
    """A kubeconfig; JSON is YAML."""
    cluster: dict[str, Any] = {"server": address}
    if authority:
        cluster["certificate-authority-data"] = base64.b64encode(authority.encode()).decode()
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "remote", "clusters": [{"name": "remote", "cluster": cluster}],
        "users": [{"name": "remote", "user": {"token": token}}],
        "contexts": [{"name": "remote", "context": {"cluster": "remote", "user": "remote"}}],
    }  # fmt: skip
    return json.dumps(config).encode()
