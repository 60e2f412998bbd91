"""Where GitHub's API is for a repository, and how it is spoken to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from applier.agent.notification.sending import SetupError, bearer, repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.notification.sending import Destination


@dataclass(frozen=True, slots=True)
class GitHubApi:
    """GitHub's API for one repository: the URL of the repository, that of the API, and the headers of each request."""

    url: str
    root: str
    headers: Mapping[str, str]


def github_api(destination: Destination) -> GitHubApi:
    """GitHub's API: its own host for github.com, below `/api/v3` everywhere else. Raises: SetupError."""
    if not destination.token:
        raise SetupError("github token or github app details must be specified")
    found = repository(destination.address)
    owner, name = found.parts(2)
    root = "https://api.github.com" if found.is_github else f"{found.host}/api/v3"
    headers = {
        "Accept": "application/vnd.github.v3+json",
        "X-GitHub-Api-Version": "2022-11-28",
        **bearer(destination.token),
    }
    return GitHubApi(f"{root}/repos/{owner}/{name}", root, headers)
