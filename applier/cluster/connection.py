"""A connection as a value: where the API server is, how it is trusted, and who we are to it.

Both ways to a connection end here: the direct one (`kubeconfig`) and the one through the official package (`official`).
Secrets are fields that never print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.records import field, record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOOPBACK = ("localhost", "127.", "::1", "[::1]")


@record
class Connection:
    """How to reach one API server as one user.

    Shape: `ca`, `client_certificate` and `client_key` are PEM texts, `authorization` the whole header value,
    `impersonation` header names and values, `namespace` the context's. `reload` reads the same sources again.
    """

    server: str
    context: str = ""
    cluster: str = ""
    user: str = ""
    namespace: str = ""
    ca: bytes = b""
    verify: bool = True
    tls_server_name: str = ""
    proxy: str = ""
    impersonation: tuple[tuple[str, str], ...] = ()
    authorization: str = field(default="", repr=False)
    client_certificate: bytes = field(default=b"", repr=False)
    client_key: bytes = field(default=b"", repr=False)
    reload: Callable[[], Connection] | None = field(default=None, repr=False, compare=False)

    def refresh(self) -> Connection:
        """The connection with credentials read again: a rotated token file, an expired exec credential.

        Raises: ApplierError, where they cannot be had.
        """
        return self if self.reload is None else self.reload()


def environment_proxy(server: str, environment: Mapping[str, str]) -> str:
    """The proxy that the environment asks for, or `""`. Loopback servers never have one, as in Go's own rule."""
    scheme, _, rest = server.partition("://")
    host = rest.partition("/")[0].rpartition("@")[2]
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name.startswith(_LOOPBACK):
        return ""
    upper, lower = f"{scheme.upper()}_PROXY", f"{scheme.lower()}_proxy"
    proxy = environment.get(upper) or environment.get(lower) or ""
    if not proxy or _is_exempt(name, environment.get("NO_PROXY") or environment.get("no_proxy") or ""):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_exempt(host: str, rules: str) -> bool:
    for rule in (part.strip().lower() for part in rules.split(",")):
        if rule == "*":
            return True
        if "/" in rule:
            if _in_network(host, rule):
                return True
            continue
        name = rule.partition(":")[0].lstrip("*").lstrip(".")
        if name and (host == name or host.endswith("." + name)):
            return True
    return False


def _in_network(host: str, rule: str) -> bool:
    from ipaddress import ip_address, ip_network

    try:
        return ip_address(host) in ip_network(rule, strict=False)
    except ValueError:
        return False
