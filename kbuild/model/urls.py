"""Why Go takes a text for no URL.

Source: Go 1.24 `net/url`, `parse`.
"""

from __future__ import annotations

from kbuild.model.quote import go_quote

_HEX = frozenset("0123456789abcdefABCDEF")
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_IN_SCHEME = _LETTERS | frozenset("0123456789+-.")
_IN_HOST = _LETTERS | frozenset("0123456789-_.~!$&'()*+,;=:[]<>\"")


def url_problem(text: str) -> str:
    """Why a text without a fragment is no URL, `""` where it is one."""
    if any(char < " " or char == "\x7f" for char in text):
        return "net/url: invalid control character in URL"
    scheme, rest = _scheme(text)
    if scheme is None:
        return "missing protocol scheme"
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        if scheme:
            return ""
        if ":" in rest.partition("/")[0]:
            return "first path segment in URL cannot contain colon"
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        host, slash, path = rest[2:].partition("/")
        return _host_problem(host.rpartition("@")[2]) or escape_problem(slash + path)
    return escape_problem(rest)


def _scheme(text: str) -> tuple[str | None, str]:
    """(scheme, what is behind it); None for a colon with nothing before it."""
    for at, char in enumerate(text):
        if char == ":":
            return (text[:at], text[at + 1 :]) if at else (None, text)
        if char not in _IN_SCHEME or (not at and char not in _LETTERS):
            break
    return "", text


def _host_problem(host: str) -> str:
    """Why a host with its port is none."""
    if host.startswith("[") and "]" not in host:
        return "missing ']' in host"
    colon = host.rfind(":", host.rfind("]") + 1)
    if colon >= 0 and host[colon + 1 :].strip("0123456789"):
        return f"invalid port {go_quote(host[colon:])} after host"
    bad = next((char for char in host if char < "\x80" and char not in _IN_HOST and char != "%"), "")
    return f"invalid character {go_quote(bad)} in host name" if bad else ""


def escape_problem(text: str) -> str:
    """What is wrong with the escapes of a path or fragment, `""` for nothing."""
    at = text.find("%")
    while at >= 0:
        if len(text) < at + 3 or not _HEX.issuperset(text[at + 1 : at + 3]):
            return f"invalid URL escape {go_quote(text[at : at + 3])}"
        at = text.find("%", at + 3)
    return ""
