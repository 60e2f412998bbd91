"""URLs as Go's `net/url` reads and prints them: which texts are http(s) URLs, and what a request asks for. Pure.

Source: Go 1.24 `url.Parse`, `url.ParseRequestURI`, `URL.String`, `URL.RequestURI`.
"""

from __future__ import annotations

_HEX = frozenset("0123456789abcdefABCDEF")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
_IN_PATH = _UNRESERVED | frozenset("$&+,/:;=@")
_AS_WRITTEN = _IN_PATH | frozenset("!'()*[]%")
_IN_QUERY = frozenset(map(chr, range(0x21, 0x7F)))
_IN_HOST = _UNRESERVED | frozenset("!$&'()*+,;=:[]<>\"")
_IN_USER = _UNRESERVED | frozenset("!$&'()*+,;=:%@")
_USER_PRINTED = _UNRESERVED | frozenset("$&+,;=")


class HttpUrl:
    """An http(s) URL.

    Shape: `host` with its port as written; `path` and `query` as they are sent; `user` and `password` decoded, None for
    none; `opaque` is what stands for all of that where no `//` follows the scheme.
    """

    __slots__ = ("host", "opaque", "password", "path", "query", "scheme", "user")

    def __init__(self, scheme: str, host: str = "", path: str = "", query: str = "") -> None:
        self.scheme, self.host, self.path, self.query = scheme, host, path, query
        self.user: str | None = None
        self.password: str | None = None
        self.opaque = ""

    def shown(self) -> str:
        """The URL as messages print it: normalised, without the password."""
        query = self.query
        if self.opaque:
            return f"{self.scheme}:{self.opaque}{query}"
        user = "" if self.user is None else _escaped(self.user, _USER_PRINTED)
        if self.password is not None:
            user += ":***"
        return f"{self.scheme}://{user}{'@' if self.user is not None else ''}{self.host}{self.path}{query}"

    def request(self) -> str:
        """The URL without user, for a request."""
        query = _escaped(self.query.partition("#")[0], _IN_QUERY)
        return f"{self.scheme}://{self.host}{self.path or '/'}{query}"


def is_http(text: str) -> bool:
    """Whether the reference takes a path for an http(s) URL."""
    # Almost nothing starts like this.
    return text[:4].lower() == "http" and parse(text.partition("#")[0]) is not None


def parse(text: str) -> HttpUrl | None:
    """The http(s) URL that a text is, None where it is none. Nothing after `#` is taken for a fragment."""
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() not in ("http", "https") or any(char < " " or char == "\x7f" for char in text):
        return None
    rest, mark, query = rest.partition("?")
    url = HttpUrl(scheme.lower(), query=mark + query)
    if not rest.startswith("/"):
        url.opaque = rest
        return url
    path = rest
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        path = slash + path
        if not _take_authority(url, authority):
            return None
    escaped = escaped_path(path)
    if escaped is None:
        return None
    url.path = escaped
    return url


def _take_authority(url: HttpUrl, text: str) -> bool:
    """Read `user:password@host:port`; returns whether it is well-formed. Mutates: `url`."""
    user, at, host = text.rpartition("@")
    if not _is_host(host):
        return False
    url.host = _escaped(_unescaped(host) or "", _IN_HOST)
    if not at:
        return True
    if any(char not in _IN_USER for char in user):
        return False
    name, colon, password = user.partition(":")
    url.user, url.password = _unescaped(name), _unescaped(password) if colon else None
    return url.user is not None and not (colon and url.password is None)


def _is_host(host: str) -> bool:
    if host.startswith("["):
        _, bracket, port = host.rpartition("]")
        if not bracket:
            return False
    else:
        at = host.rfind(":")
        port = host[at:] if at >= 0 else ""
    digits = port[1:]
    if port and (port[0] != ":" or not (digits == "" or (digits.isascii() and digits.isdigit()))):
        return False
    plain = _unescaped(host)
    return plain is not None and all(char in _IN_HOST or not char.isascii() for char in plain)


def escaped_path(path: str) -> str | None:
    """A path as it is sent, None for a broken escape: as written if that is possible, else escaped anew."""
    plain = _unescaped(path)
    if plain is None:
        return None
    return path if all(char in _AS_WRITTEN for char in path) else _escaped(plain, _IN_PATH)


def _escaped(text: str, allowed: frozenset[str]) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return "".join([chr(byte) if chr(byte) in allowed else f"%{byte:02X}" for byte in data])


def _unescaped(text: str) -> str | None:
    """The text with its escapes decoded, None for a broken one."""
    first, *rest = text.split("%")
    data = first.encode("utf-8", "surrogateescape")
    for part in rest:
        if len(part) < 2 or part[0] not in _HEX or part[1] not in _HEX:
            return None
        data += bytes([int(part[:2], 16)]) + part[2:].encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "surrogateescape")
