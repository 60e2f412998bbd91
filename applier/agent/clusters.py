"""The clusters that objects are applied to: the agent's own, as itself or as a ServiceAccount, and others by kubeconfig."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from applier.agent.account_tokens import AccountTokens
from applier.agent.runtime.kinds import SECRETS
from applier.cluster.cluster import of_connection
from applier.cluster.kubeconfig import Choice, merged
from applier.cluster.kubeconfig import connect as connection_of
from applier.failures import ErrorClass, error
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cluster.cluster import Cluster
    from applier.cluster.connection import Connection
    from applier.model.ids import Body

MAX_CLUSTERS = 200
_KEYS = ("value", "value.yaml")
_FOREIGN: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "users": frozenset(["exec", "auth-provider", "tokenFile", "client-key", "client-certificate"]),
        "clusters": frozenset(["certificate-authority"]),
    }
)


@dataclass(slots=True)
class Clusters:
    """Gives the cluster that a Kustomization is for. Safe to use from several threads."""

    own: Cluster
    connection: Connection
    default_account: str = ""
    tokens: AccountTokens = field(init=False)
    _known: dict[tuple[str, str], Cluster] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.tokens = AccountTokens(self.own.exchange, self.own.reader)

    def of(self, body: Body) -> Cluster:
        """The cluster of an object's spec, as the account that it names. Raises: ApplierError."""
        text, user = self._place(body)
        if not text and not user:
            return self.own
        name = (hashlib.sha256(text).hexdigest() if text else "", user)
        with self._lock:
            known = self._known.get(name)
        if known is not None:
            return known
        made = of_connection(self._connection(text, user), {})
        with self._lock:
            if len(self._known) >= MAX_CLUSTERS:
                self._known.clear()
            return self._known.setdefault(name, made)

    def connection_of(self, body: Body) -> Connection:
        """The same as a connection, for programs that make their own requests. Raises: ApplierError."""
        return self._connection(*self._place(body))

    def _place(self, body: Body) -> tuple[bytes, str]:
        """(the text of a kubeconfig, empty for the agent's own; the user to act as). Raises: ApplierError."""
        spec, namespace = body.get("spec") or {}, str(body["metadata"]["namespace"])
        account = str(spec.get("serviceAccountName") or self.default_account)
        user = f"system:serviceaccount:{namespace}:{account}" if account else ""
        config = spec.get("kubeConfig")
        return (self._kubeconfig(namespace, config) if config else b""), user

    def _connection(self, text: bytes, user: str) -> Connection:
        """Raises: ApplierError."""
        connection = _connection(text) if text else self.connection
        return replace(connection, impersonation=(("Impersonate-User", user),)) if user else connection

    def _kubeconfig(self, namespace: str, config: Any) -> bytes:
        """The text of a kubeconfig in a Secret, or of one that a ConfigMap stands for. Raises: ApplierError."""
        if config.get("configMapRef"):
            return self.tokens.kubeconfig(namespace, str(config["configMapRef"]["name"]))
        reference = config.get("secretRef") or {}
        name, key = str(reference.get("name") or ""), str(reference.get("key") or "")
        found = self.own.reader.get(SECRETS._replace(namespace=namespace), name)
        if isinstance(found, Absent):
            raise error(
                ErrorClass.NOT_FOUND,
                f"unable to read KubeConfig secret '{namespace}/{name}' error: secrets \"{name}\" not found",
            )
        data = found.get("data") or {}
        text = next((data[one] for one in ([key] if key else _KEYS) if one in data), None)
        if text is None:
            wanted = key or "value"
            raise error(
                ErrorClass.CONFIGURATION,
                f"KubeConfig secret '{namespace}/{name}' does not contain a '{wanted}' key with data",
            )
        return base64.b64decode(text)


def _connection(text: bytes) -> Connection:
    """The connection of a kubeconfig's text, which must stand for itself. Raises: ApplierError."""
    descriptor, path = tempfile.mkstemp(prefix="kbuild-", suffix=".kubeconfig")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
        _check(merged([path], must_exist=True) or {})
        return replace(connection_of(Choice(kubeconfig=path), {}), reload=None)
    finally:
        Path(path).unlink(missing_ok=True)


def _check(config: Mapping[str, Any]) -> None:
    """Raises: ApplierError, where a kubeconfig would run a program or read a file of the agent's machine."""
    for section, names in _FOREIGN.items():
        for entry in (config.get(section) or {}).values():
            for name in sorted(names & entry.keys()):
                sentence = f"the kubeconfig names '{name}', which only its own machine has"
                raise error(ErrorClass.CONFIGURATION, sentence)
