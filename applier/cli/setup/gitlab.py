"""The API of GitLab, as far as a bootstrap needs it: a project is there or made, groups are given access, a deploy key is registered.

Source: GitLab's REST API, version 4.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from applier.cli.operate.words import StoppedError
from applier.cli.setup.forges import Forge

if TYPE_CHECKING:
    from collections.abc import Mapping

# Levels of access by their names here and at GitHub.
_LEVELS: Mapping[str, int] = MappingProxyType(
    {"guest": 10, "pull": 10, "reporter": 20, "triage": 20, "developer": 30, "push": 30, "maintainer": 40, "maintain": 40, "owner": 50, "admin": 50}
)  # fmt: skip


class GitLab(Forge):
    """One account of one server of GitLab. Owners may be groups in groups, `one/two`."""

    @property
    def api(self) -> str:
        """Where the API is."""
        return f"{self.web}/api/v4"

    @property
    def authorization(self) -> dict[str, str]:
        """The header with the token."""
        return {"PRIVATE-TOKEN": self.token}

    def repository(self, owner: str, name: str) -> dict[str, Any] | None:
        """A project; None where there is none, or none that the token may see. Raises: StoppedError."""
        status, found = self.ask("GET", self._project(owner, name), accepted=(200, 404))
        return {**found, "private": found.get("visibility") == "private"} if status == 200 else None

    def create(self, owner: str, name: str, *, is_personal: bool, is_private: bool) -> dict[str, Any]:
        """Make a project. Raises: StoppedError."""
        wanted = {"name": name, "path": name, "visibility": _visibility(is_private=is_private), "initialize_with_readme": True}  # fmt: skip
        if not is_personal:
            wanted["namespace_id"] = self._group(owner)
        return self.ask("POST", "/projects", wanted, accepted=(201,))[1]

    def set_private(self, owner: str, name: str, *, is_private: bool) -> None:
        """Change who sees a project. Raises: StoppedError."""
        self.ask("PUT", self._project(owner, name), {"visibility": _visibility(is_private=is_private)}, accepted=(200,))

    def give_team(self, owner: str, name: str, team: str, permission: str) -> None:
        """Give a group access, unless it has some. Raises: StoppedError."""
        if permission not in _LEVELS:
            raise StoppedError(f"permission '{permission}' is none of {', '.join(_LEVELS)}")
        wanted = {"group_id": self._group(team), "group_access": _LEVELS[permission]}
        project = self.ask("GET", self._project(owner, name), accepted=(200,))[1]
        if all(one.get("group_id") != wanted["group_id"] for one in project.get("shared_with_groups") or ()):
            self.ask("POST", f"{self._project(owner, name)}/share", wanted, accepted=(201,))

    def put_key(self, owner: str, name: str, title: str, key: str, *, is_writing: bool) -> bool:
        """Register a deploy key under a title; returns whether it was not there yet. Raises: StoppedError."""
        place = f"{self._project(owner, name)}/deploy_keys"
        known = self.ask("GET", f"{place}?per_page=100", accepted=(200,))[1].get("items") or []
        wanted = " ".join(key.split()[:2])
        for one in known:
            if one.get("title") == title:
                if " ".join(str(one.get("key")).split()[:2]) == wanted and bool(one.get("can_push")) == is_writing:
                    return False
                self.ask("DELETE", f"{place}/{int(one['id'])}", accepted=(204,))
        self.ask("POST", place, {"title": title, "key": key, "can_push": is_writing}, accepted=(201,))
        return True

    def _group(self, name: str) -> int:
        """The number of a group. Raises: StoppedError."""
        return int(self.ask("GET", f"/groups/{quote(name, safe='')}", accepted=(200,))[1]["id"])

    @staticmethod
    def _project(owner: str, name: str) -> str:
        return f"/projects/{quote(f'{owner}/{name}', safe='')}"


def _visibility(*, is_private: bool) -> str:
    return "private" if is_private else "public"
