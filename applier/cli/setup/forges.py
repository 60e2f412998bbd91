"""The API of GitHub and of Gitea, as far as a bootstrap needs it: a repository is there or made, a deploy key is registered.

The token goes into a header, and nowhere else. Gitea's API has the same paths, fields and statuses for all of this.
Source: GitHub's REST API, version 3, of github.com and of its servers; Gitea's API, version 1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from applier.agent.runtime.fetching import USUAL, FetchError, Question, Trust, ask, pool
from applier.cli.operate.words import StoppedError

if TYPE_CHECKING:
    from collections.abc import Mapping

GITHUB, GITEA, GITLAB = "github", "gitea", "gitlab"
HOSTS = MappingProxyType({GITHUB: "github.com", GITEA: "gitea.com", GITLAB: "gitlab.com"})
MAX_ANSWER, TIMEOUT_S = 4 << 20, 30.0


@dataclass(frozen=True, slots=True)
class Forge:
    """One account of one server. Shape: `web` is the address that people see, without a slash at its end; `kind` is its software."""

    web: str
    token: str = field(repr=False)
    trust: Trust = USUAL
    kind: str = GITHUB

    @property
    def api(self) -> str:
        """Where the API is."""
        if self.kind == GITEA:
            return f"{self.web}/api/v1"
        public = HOSTS[GITHUB]
        return f"https://api.{public}" if self.web == f"https://{public}" else f"{self.web}/api/v3"

    def repository(self, owner: str, name: str) -> dict[str, Any] | None:
        """A repository; None where there is none, or none that the token may see. Raises: StoppedError."""
        status, found = self.ask("GET", f"/repos/{_safe(owner)}/{_safe(name)}", accepted=(200, 404))
        return found if status == 200 else None

    def create(self, owner: str, name: str, *, is_personal: bool, is_private: bool) -> dict[str, Any]:
        """Make a repository. Raises: StoppedError."""
        place = "/user/repos" if is_personal else f"/orgs/{_safe(owner)}/repos"
        wanted = {"name": name, "private": is_private, "auto_init": True}
        return self.ask("POST", place, wanted, accepted=(201,))[1]

    def set_private(self, owner: str, name: str, *, is_private: bool) -> None:
        """Change who sees a repository. Raises: StoppedError."""
        self.ask("PATCH", f"/repos/{_safe(owner)}/{_safe(name)}", {"private": is_private}, accepted=(200,))

    def give_team(self, owner: str, name: str, team: str, permission: str) -> None:
        """Give a team access. Raises: StoppedError."""
        if self.kind == GITEA:
            raise StoppedError(
                "teams of Gitea have access to all repositories of their organisation, or are given it there"
            )
        path = f"/orgs/{_safe(owner)}/teams/{_safe(team)}/repos/{_safe(owner)}/{_safe(name)}"
        self.ask("PUT", path, {"permission": permission}, accepted=(204,))

    def put_key(self, owner: str, name: str, title: str, key: str, *, is_writing: bool) -> bool:
        """Register a deploy key under a title; returns whether it was not there yet. Raises: StoppedError."""
        place = f"/repos/{_safe(owner)}/{_safe(name)}/keys"
        known = self.ask("GET", f"{place}?per_page=100", accepted=(200,))[1].get("items") or []
        wanted = " ".join(key.split()[:2])
        for one in known:
            if one.get("title") == title:
                if " ".join(str(one.get("key")).split()[:2]) == wanted and bool(one.get("read_only")) != is_writing:
                    return False
                self.ask("DELETE", f"{place}/{int(one['id'])}", accepted=(204,))
        self.ask("POST", place, {"title": title, "key": key, "read_only": not is_writing}, accepted=(201,))
        return True

    @property
    def authorization(self) -> dict[str, str]:
        """The header with the token."""
        return {"Authorization": f"token {self.token}"}

    def ask(
        self, method: str, path: str, document: Mapping[str, Any] | None = None, *, accepted: tuple[int, ...]
    ) -> tuple[int, dict[str, Any]]:
        """One request; a list is handed out as `items`. Raises: StoppedError."""
        url = self.api + path
        headers = {"Accept": "application/json", "User-Agent": "kbuild", **self.authorization}
        body = None if document is None else json.dumps(document).encode()
        question = Question(method=method, url=url, headers=headers, body=body, timeout_s=TIMEOUT_S, at_most=MAX_ANSWER)
        try:
            with pool(self.trust) as connections:
                answer = ask(connections, question)
        except FetchError as problem:
            raise StoppedError(f"{method} {url}: {problem}") from None
        try:
            found = json.loads(answer.body) if answer.body else {}
        except ValueError:
            found = {}
        if answer.status not in accepted:
            said = found.get("message") if isinstance(found, dict) else ""
            raise StoppedError(f"{method} {url}: {answer.status} {said or 'the server refused'}")
        return answer.status, found if isinstance(found, dict) else {"items": found}


def _safe(name: str) -> str:
    return quote(name, safe="")
