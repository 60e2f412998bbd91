"""Which paths are git URLs, and how they split into repository and folder. Pure.

Source: kustomize v5.8.1 `git.NewRepoSpecFromURL`.
"""

from __future__ import annotations

from posixpath import isabs, normpath

_SCHEMES = ("ssh://", "https://", "http://", "file://")
FORCED = "git::"


class RepoSpec:
    """A git source: `host` with scheme and user, `repo_path`, the folder `path` in it, and the query's settings.

    Shape: `raw` is the text it was parsed from. Units: `timeout_s` in seconds.
    """

    __slots__ = ("host", "path", "raw", "ref", "repo_path", "submodules", "timeout_s")

    def __init__(self, raw: str, host: str, repo_path: str, path: str) -> None:
        self.raw, self.host, self.repo_path, self.path = raw, host, repo_path, path
        query = raw.partition("?")[2]
        self.ref, self.timeout_s, self.submodules = parse_query(query)

    @property
    def clone_url(self) -> str:
        """What git is given."""
        return self.host + self.repo_path

    @property
    def origin_path(self) -> str:
        """The folder as origin annotations name it; the reference's stand-in for a clone shows where there is none."""
        return normpath(self.path) if self.path else "notCloned"


def parse(text: str) -> RepoSpec | None:
    """The repository that a text names, None when it names none."""
    if isabs(text) or ("/" not in text and ":" not in text):
        return None
    address = text.partition("?")[0]
    if address[:5].lower() == FORCED:
        address = address[5:]
    found = split_host(address)
    if found is None:
        return None
    host, rest = found
    parts = split_path(rest, takes_all=host.startswith("file://"))
    if parts is None:
        return None
    repo_path, path = parts
    cleaned = normpath(path.removeprefix("/")) if path.removeprefix("/") else "."
    if not repo_path or cleaned.split("/")[0] == "..":
        return None
    return RepoSpec(text, host, repo_path, path.removeprefix("/"))


def split_host(text: str) -> tuple[str, str] | None:
    """(scheme, user and host; the rest), None when there is no host."""
    lowered = text.lower()
    scheme = next((prefix for prefix in _SCHEMES if lowered.startswith(prefix)), "")
    text = text[len(scheme) :]
    user, text = split_user(text)
    is_github = text.lower().startswith(("github.com/", "github.com:"))
    is_scp = not scheme and bool(user or is_github)
    if not scheme and not is_scp:
        return None
    if scheme == "file://":
        return scheme, user + text
    at = text.find("/")
    if is_scp:
        colon = text.find(":")
        if at == -1 or 0 < colon < at:
            at = colon
    host, rest = (text[: at + 1], text[at + 1 :]) if at >= 0 else (text, "")
    if is_github:
        if scheme == "ssh://" or user:
            scheme, host = "", "github.com:"
        else:
            scheme, host = "https://", "github.com/"
    return (scheme + user + host, rest) if host else None


def split_user(text: str) -> tuple[str, str]:
    """(`user@` or nothing, the rest)."""
    name, at, rest = text.partition("@")
    if at and name[:1].isascii() and name[:1].isalpha() and name.isascii() and name.replace("-", "").isalnum():
        return name + "@", rest
    return "", text


def split_path(text: str, *, takes_all: bool) -> tuple[str, str] | None:
    """(repository, folder in it), None when there are too few parts."""
    at = text.find("_git/")
    if at >= 0:
        name, *folder = text[at + 5 :].split("/")
        return text[: at + 5] + name, "/".join(folder)
    at = text.find("//")
    if at >= 0:
        return text[:at], text[at + 2 :]
    at = text.find(".git")
    if at >= 0:
        return text[: at + 4], text[at + 4 :]
    if takes_all:
        return text, ""
    parts = text.split("/")
    return ("/".join(parts[:2]), "/".join(parts[2:])) if len(parts) >= 2 else None


def parse_query(query: str) -> tuple[str, float, bool]:
    """(ref, time limit in seconds, whether to clone submodules) of a URL's query; defaults for what is unreadable."""
    ref, timeout_s, submodules = "", 27.0, True
    if not query:
        return ref, timeout_s, submodules
    from urllib.parse import parse_qsl

    if ";" in query or not escapes_are_valid(query):
        return ref, timeout_s, submodules
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, value)
    ref = values.get("ref") or values.get("version", "")
    limit = values.get("timeout", "")
    if limit.isascii() and limit.removeprefix("+").isdigit() and int(limit) > 0:
        timeout_s = float(limit)
    elif limit:
        timeout_s = go_duration(limit) or timeout_s
    flag = values.get("submodules", "")
    if flag in ("0", "f", "F", "false", "FALSE", "False"):
        submodules = False
    return ref, timeout_s, submodules


def escapes_are_valid(query: str) -> bool:
    """Whether every `%` starts an escape of two hexadecimal digits."""
    return all(len(part) > 1 and part[0] in _HEX and part[1] in _HEX for part in query.split("%")[1:])


_HEX = "0123456789abcdefABCDEF"


def go_duration(text: str) -> float:
    """The seconds of a Go duration such as `1m30s`; 0 when it is none or not positive."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    total, rest = 0.0, text
    while rest:
        end = 0
        while end < len(rest) and rest[end] in "0123456789.":
            end += 1
        stop = end
        while stop < len(rest) and rest[stop].isalpha():
            stop += 1
        number, unit = rest[:end], rest[end:stop]
        if not number.strip(".") or number.count(".") > 1 or unit not in units:
            return 0.0
        total += float(number) * units[unit]
        rest = rest[stop:]
    return total
