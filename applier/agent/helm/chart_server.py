"""A chart repository over HTTP: its index and its charts. Credentials go to the repository's own host only.

Source: Helm v3 `getter`, source-controller v1; `passCredentials` sends them to other hosts too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from applier.agent.runtime.fetching import FetchError, Question, ask, pool, without_credentials
from applier.agent.source import unpack
from applier.agent.source.archive import ArchiveError
from applier.agent.source.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_INDEX, MAX_CHART, MAX_REDIRECTS = 50 << 20, 100 << 20, 10
ANONYMOUS = Credentials()
_REDIRECTS = (301, 302, 303, 307, 308)


class ServerError(Exception):
    """A file that cannot be had: the sentence."""


@dataclass(frozen=True, slots=True)
class ChartServer:
    """One repository. Units: `timeout_s` seconds per request."""

    url: str
    credentials: Credentials = ANONYMOUS
    timeout_s: float = 60.0
    pass_credentials: bool = False

    def index(self) -> bytes:
        """The bytes of `index.yaml`. Raises: ServerError."""
        return self._get(_below(self.url, "index.yaml"), MAX_INDEX)

    def chart(self, entry: Mapping[str, Any]) -> bytes:
        """The packed chart of an entry of the index. Raises: ServerError, also where its digest is another."""
        urls = entry.get("urls")
        if not isinstance(urls, list) or not urls:
            raise ServerError(f"chart '{entry.get('name')}' has no downloadable URLs")
        url = urljoin(_below(self.url, ""), str(urls[0]))
        if urlsplit(url).scheme not in ("http", "https"):
            raise ServerError(f"scheme '{urlsplit(url).scheme}' of '{without_credentials(url)}' not supported")
        data = self._get(url, MAX_CHART)
        digest = str(entry.get("digest") or "").removeprefix("sha256:")
        if digest:
            try:
                unpack.verify(data, f"sha256:{digest}")
            except ArchiveError:
                raise ServerError(f"the digest of '{without_credentials(url)}' is not that of the index") from None
        return data

    def _get(self, url: str, at_most: int) -> bytes:
        """Raises: ServerError."""
        shown = without_credentials(url)
        try:
            with pool(self.credentials.trust) as connections:
                for _ in range(MAX_REDIRECTS + 1):
                    plain = without_credentials(url)
                    question = Question(
                        url=plain, headers=self._headers(plain), timeout_s=self.timeout_s, at_most=at_most
                    )
                    answer = ask(connections, question)
                    target = answer.headers.get("location", "") if answer.status in _REDIRECTS else ""
                    if not target:
                        break
                    url = urljoin(url, target)
                    if urlsplit(url).scheme not in ("http", "https"):
                        raise ServerError(f"failed to fetch {shown} : it leads to a scheme that is not supported")
                else:
                    raise ServerError(f"failed to fetch {shown} : stopped after {MAX_REDIRECTS} redirects")
        except FetchError as problem:
            raise ServerError(f'Get "{shown}": {problem}') from None
        if answer.status != 200:
            from http.client import responses

            raise ServerError(f"failed to fetch {shown} : {answer.status} {responses.get(answer.status, '')}".rstrip())
        if len(answer.body) > at_most:
            raise ServerError(f"size of {shown} exceeds '{at_most}' bytes limit")
        return answer.body

    def _headers(self, url: str) -> dict[str, str]:
        is_own = _origin(url) == _origin(self.url)
        if self.credentials.authorization and (is_own or self.pass_credentials):
            return {"Authorization": self.credentials.authorization}
        return {}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _below(url: str, name: str) -> str:
    """A file of the repository; a query of its URL stays."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))
