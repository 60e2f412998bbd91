"""Addresses and paths of an API server, without `urllib.parse`, whose import takes as long as several small lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.cluster.kubeconfig import configuration_error

if TYPE_CHECKING:
    from applier.cluster.connection import Connection

_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535

_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def quoted(text: str, safe: str = "") -> str:
    """A text as one part of a path or a query: everything but letters, digits, `-._~` and what is `safe` is encoded."""
    data, kept = text.encode(), _SAFE + safe.encode()
    if not data.translate(None, kept):
        return text
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in data)


class Address:
    """Where a server is. Shape: `host` without brackets, `path` below which everything is, without `/` at its end."""

    __slots__ = ("authority", "host", "path", "port", "scheme")

    def __init__(self, scheme: str, authority: str, host: bytes, port: int, path: str) -> None:
        self.scheme, self.authority, self.host, self.port, self.path = scheme, authority, host, port, path


def address_of(connection: Connection) -> Address:
    """The address of a connection's server. Raises: ApplierError, where it is none."""
    scheme, separator, rest = connection.server.partition("://")
    authority, slash, path = rest.partition("/")
    authority = authority.rpartition("@")[2]
    scheme = scheme.lower()
    if authority.startswith("["):
        host, bracket, port = authority[1:].partition("]")
        is_whole = bool(bracket) and port[:1] in ("", ":")
        port = port[1:]
    else:
        host, _, port = authority.partition(":")
        is_whole = True
    is_number = port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT
    is_path = path.isascii() and path.isprintable() and not set(path) & set(" ?#")
    if not (separator and host and is_whole and scheme in _PORTS and is_path and (is_number or not port)):
        raise _no_address(connection)
    try:
        name = host.encode("ascii") if host.isascii() else host.encode("idna")
    except UnicodeError:
        raise _no_address(connection) from None
    if not name.decode().isprintable() or b" " in name:
        raise _no_address(connection)
    shown = authority if host.isascii() else authority.replace(host, name.decode())
    return Address(scheme, shown, name, int(port or _PORTS[scheme]), (slash + path).rstrip("/"))


def _no_address(connection: Connection) -> Exception:
    return configuration_error(f'"{connection.server}" is not the address of an API server')
