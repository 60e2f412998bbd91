"""GitHub Apps: a key of the app's becomes a token of one installation, which is used for as long as it lasts.

Source: fluxcd/pkg `git/github`, and GitHub's documentation of its API.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from applier.agent.runtime import rsa_keys
from applier.agent.runtime.fetching import USUAL, FetchError, Question, ask, pool
from applier.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.fetching import Trust

APP_ID, CLIENT_ID, PRIVATE_KEY = "githubAppID", "githubAppClientID", "githubAppPrivateKey"
INSTALLATION_ID, INSTALLATION_OWNER = "githubAppInstallationID", "githubAppInstallationOwner"
BASE_URL, PUBLIC_API = "githubAppBaseURL", "https://api.github.com"
USER = "x-access-token"
CLOCK_SKEW_S, JWT_LIFE_S, SPARE_S = 60, 540, 300
PAGE, MAX_PAGES, MAX_ANSWER = 100, 100, 4 << 20


class AppError(Exception):
    """A token that cannot be had: the sentence, with no key in it."""


@dataclass(frozen=True, slots=True)
class App:
    """An installation of an app, by its id or by whom it is installed for."""

    issuer: str
    key: bytes = field(repr=False)
    installation: str = ""
    owner: str = ""
    api: str = PUBLIC_API

    @property
    def name(self) -> tuple[str, ...]:
        """What tells it from others; nothing of the key can be read in it."""
        return self.issuer, hashlib.sha256(self.key).hexdigest(), self.installation, self.owner.lower(), self.api


def is_app(data: Mapping[str, bytes]) -> bool:
    """Whether a Secret is about an app."""
    return APP_ID in data or CLIENT_ID in data


def app_of(data: Mapping[str, bytes]) -> App:
    """The app that a Secret is about. Raises: AppError."""
    texts = {name: data.get(name, b"").decode("utf-8", "replace").strip() for name in _NAMES}
    issuer = texts[CLIENT_ID] or texts[APP_ID]
    if not issuer:
        raise AppError(f"app ID must be provided to use github app authentication: '{APP_ID}' or '{CLIENT_ID}'")
    if not texts[INSTALLATION_ID] and not texts[INSTALLATION_OWNER]:
        raise AppError(f"app installation must be provided to use github app authentication: '{INSTALLATION_ID}' or '{INSTALLATION_OWNER}'")  # fmt: skip
    if not data.get(PRIVATE_KEY):
        raise AppError(f"private key must be provided to use github app authentication: '{PRIVATE_KEY}'")
    api = (texts[BASE_URL] or PUBLIC_API).rstrip("/")
    if not api.startswith(("https://", "http://")):
        raise AppError(f"'{BASE_URL}' is no URL")
    return App(issuer, data[PRIVATE_KEY], texts[INSTALLATION_ID], texts[INSTALLATION_OWNER], api)


_NAMES = (APP_ID, CLIENT_ID, INSTALLATION_ID, INSTALLATION_OWNER, BASE_URL)


@dataclass(slots=True)
class AppTokens:
    """Gives tokens of installations. Safe to use from several threads."""

    clock: Clock = field(default_factory=SystemClock)
    _kept: dict[tuple[str, ...], tuple[float, str]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def token(self, app: App, trust: Trust = USUAL) -> str:
        """A token that lasts for some minutes at least. Raises: AppError."""
        with self._lock:
            until_s, token = self._kept.get(app.name, (0.0, ""))
        if self.clock.now() < until_s - SPARE_S:
            return token
        until_s, token = self._asked(app, trust)
        with self._lock:
            self._kept[app.name] = until_s, token
        return token

    def _asked(self, app: App, trust: Trust) -> tuple[float, str]:
        """Raises: AppError."""
        api = _Api(app, trust, jwt_of(app, self.clock.now()))
        installation = app.installation or api.installation_of(app.owner)
        answer = api.call("POST", f"/app/installations/{installation}/access_tokens", 201)
        try:
            return datetime.fromisoformat(str(answer["expires_at"])).timestamp(), str(answer["token"])
        except (KeyError, TypeError, ValueError):
            raise AppError("GitHub's answer has no token") from None


def jwt_of(app: App, now_s: float) -> str:
    """The app's own token, signed with its key. Raises: AppError."""
    try:
        key = rsa_keys.read(app.key)
    except rsa_keys.KeyTextError as problem:
        raise AppError(str(problem)) from None
    claims = {"iat": int(now_s) - CLOCK_SKEW_S, "exp": int(now_s) + JWT_LIFE_S, "iss": app.issuer}
    signed = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))  # fmt: skip
    return f"{signed}.{_encoded(key.sign(signed.encode()))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class _Api:
    app: App
    trust: Trust
    jwt: str = field(repr=False)

    def installation_of(self, owner: str) -> str:
        """The installation for a user or an organisation. Raises: AppError."""
        for page in range(1, MAX_PAGES + 1):
            found = self.call("GET", f"/app/installations?per_page={PAGE}&page={page}", 200)
            for one in found if isinstance(found, list) else ():
                if str((one.get("account") or {}).get("login")).lower() == owner.lower():
                    return str(one["id"])
            if not isinstance(found, list) or len(found) < PAGE:
                break
        raise AppError(f"no installation of the app was found for '{owner}'")

    def call(self, method: str, path: str, expected: int) -> Any:
        """Raises: AppError, with GitHub's message."""
        url = f"{self.app.api}{path}"
        headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {self.jwt}"}
        try:
            with pool(self.trust) as connections:
                question = Question(method=method, url=url, headers=headers, timeout_s=30.0, at_most=MAX_ANSWER)
                answer = ask(connections, question)
        except FetchError as problem:
            raise AppError(f'{method} "{url}": {problem}') from None
        try:
            found = json.loads(answer.body)
        except ValueError:
            found = None
        if answer.status != expected:
            said = found.get("message") if isinstance(found, dict) else None
            raise AppError(f'{method} "{url}": {answer.status}{f" {said}" if said else ""}')
        return found
