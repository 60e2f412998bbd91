"""A registry of OCI artifacts over HTTP: tags, manifests and blobs; tokens are asked for where the registry wants them.

Everything that is named by a digest is verified. Credentials go to the registry, and to where it sends for tokens; never to
where a blob is kept. Source: OCI distribution-spec v1.1, and the token authentication of Docker's registry.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from applier.agent.runtime.fetching import USUAL, Answer, FetchError, Question, ask, pool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.fetching import Trust

SCHEME = "oci://"
ORIGIN_SOURCE, ORIGIN_REVISION = "org.opencontainers.image.source", "org.opencontainers.image.revision"
MAX_MANIFEST, MAX_TAGS, MAX_PAGES, MAX_REDIRECTS = 4 << 20, 16 << 20, 100, 5
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_REDIRECTS = (301, 302, 303, 307, 308)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"')
_PUBLIC = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


class RegistryError(Exception):
    """Something that cannot be had: the sentence. `is_denied` says that the credentials do not do."""

    def __init__(self, sentence: str, *, is_denied: bool = False) -> None:
        super().__init__(sentence)
        self.is_denied = is_denied


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an artifact. Units: `size` bytes."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """An artifact: its digest, its layers and what is noted about it."""

    digest: str
    layers: tuple[Layer, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Login:
    """User and password, empty for nobody."""

    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def header(self) -> str:
        """The value of the Authorization header, empty for nobody."""
        if not self.username:
            return ""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


NOBODY = Login()


@dataclass(slots=True)
class Registry:
    """One repository of a registry. Shape: `insecure` is without TLS. Units: `timeout_s` seconds for each request."""

    url: str
    login: Login = NOBODY
    trust: Trust = USUAL
    insecure: bool = False
    timeout_s: float = 60.0
    _authorization: str = ""

    @property
    def host(self) -> str:
        """Host and port, as credentials name them."""
        return urlsplit(self.url).netloc

    @property
    def _base(self) -> str:
        parts = urlsplit(self.url)
        if not self.url.startswith(SCHEME) or not parts.hostname or not parts.path.strip("/") or "@" in parts.netloc:
            raise RegistryError(f"URL must be in format 'oci://<domain>/<org>/<repo>', not '{self.url}'")
        name = parts.path.strip("/")
        host = _PUBLIC.get(parts.netloc, parts.netloc)
        if host != parts.netloc and "/" not in name:
            name = f"library/{name}"
        return f"{'http' if self.insecure else 'https'}://{host}/v2/{name}"

    def tags(self) -> list[str]:
        """Every tag. Raises: RegistryError."""
        found: list[str] = []
        url = f"{self._base}/tags/list?n=1000"
        for _ in range(MAX_PAGES):
            answer = self._get(url, "", MAX_TAGS)
            names = _object(answer.body).get("tags")
            found += [str(name) for name in names] if isinstance(names, list) else []
            target, _, rest = answer.headers.get("link", "").partition(">")
            if 'rel="next"' not in rest:
                return found
            url = urljoin(url, target.lstrip("<"))
            if _origin(url) != _origin(self._base):
                break
        raise RegistryError("the registry has too many tags")

    def manifest(self, reference: str) -> Manifest:
        """The artifact of a tag or a digest. Raises: RegistryError."""
        url = f"{self._base}/manifests/{quote(reference, safe=':')}"
        answer = self._get(url, ", ".join(_MANIFESTS), MAX_MANIFEST)
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        if _DIGEST.fullmatch(reference) and digest != reference:
            raise RegistryError(f"the registry's manifest is not that of the digest '{reference}'")
        body = _object(answer.body)
        if not isinstance(body.get("layers"), list):
            raise RegistryError("the manifest is none of an artifact: it has no layers")
        try:
            layers = tuple(Layer(str(one["mediaType"]), str(one["digest"]), int(one["size"])) for one in body["layers"])
        except (KeyError, TypeError, ValueError):
            raise RegistryError("the layers of the manifest cannot be read") from None
        notes = body.get("annotations")
        annotations = {str(name): str(value) for name, value in notes.items()} if isinstance(notes, dict) else {}
        return Manifest(digest, layers, annotations)

    def blob(self, layer: Layer, at_most: int) -> bytes:
        """The bytes of a layer. Raises: RegistryError, also where they are others than its digest says."""
        if not _DIGEST.fullmatch(layer.digest):
            raise RegistryError(f"digest '{layer.digest}' is not supported")
        if layer.size > at_most:
            raise RegistryError(f"the layer has more than {at_most} bytes")
        data = self._get(f"{self._base}/blobs/{layer.digest}", "", at_most).body
        if len(data) > at_most or f"sha256:{hashlib.sha256(data).hexdigest()}" != layer.digest:
            raise RegistryError(f"the registry's blob is not that of the digest '{layer.digest}'")
        return data

    def _get(self, url: str, accept: str, at_most: int) -> Answer:
        """Raises: RegistryError."""
        answer = self._followed(url, accept, at_most)
        if answer.status == 401 and self._log_in(answer.headers.get("www-authenticate", "")):
            answer = self._followed(url, accept, at_most)
        if answer.status != 200:
            raise RegistryError(f"GET {url}: {_said(answer)}", is_denied=answer.status in (401, 403))
        return answer

    def _followed(self, url: str, accept: str, at_most: int) -> Answer:
        """Raises: RegistryError."""
        own = _origin(url)
        for _ in range(MAX_REDIRECTS + 1):
            headers = {"Accept": accept} if accept else {}
            if self._authorization and _origin(url) == own:
                headers["Authorization"] = self._authorization
            answer = self._ask(Question(url=url, headers=headers, timeout_s=self.timeout_s, at_most=at_most))
            target = answer.headers.get("location", "") if answer.status in _REDIRECTS else ""
            if not target:
                return answer
            url = urljoin(url, target)
            if urlsplit(url).scheme not in (("http", "https") if self.insecure else ("https",)):
                break
        raise RegistryError("the registry leads to where nothing may be fetched from")

    def _log_in(self, challenge: str) -> bool:
        """Answer the registry's question who we are; False where there is nothing to answer. Raises: RegistryError."""
        kind, _, rest = challenge.partition(" ")
        if kind.lower() == "basic":
            self._authorization = self.login.header
            return bool(self._authorization)
        facts = dict(_PARAMETER.findall(rest))
        realm = facts.pop("realm", "")
        if kind.lower() != "bearer" or urlsplit(realm).scheme not in (
            ("http", "https") if self.insecure else ("https",)
        ):
            return False
        query = urlencode({name: value for name, value in facts.items() if name in ("service", "scope")})
        headers = {"Authorization": self.login.header} if self.login.username else {}
        url = f"{realm}{'&' if '?' in realm else '?'}{query}"
        answer = self._ask(Question(url=url, headers=headers, timeout_s=self.timeout_s, at_most=1 << 20))
        if answer.status != 200:
            raise RegistryError(f"GET {realm}: {_said(answer)}", is_denied=True)
        body = _object(answer.body)
        token = body.get("token") or body.get("access_token")
        self._authorization = f"Bearer {token}"
        return bool(token)

    def _ask(self, question: Question) -> Answer:
        try:
            with pool(self.trust) as connections:
                return ask(connections, question)
        except FetchError as problem:
            raise RegistryError(f'Get "{question.url.partition("?")[0]}": {problem}') from None


def login_of(config: bytes, host: str) -> Login:
    """What a Docker configuration says about a registry. Raises: RegistryError."""
    known = _object(config).get("auths")
    for name, entry in known.items() if isinstance(known, dict) else ():
        place = urlsplit(name if "://" in name else f"//{name}").netloc
        if _PUBLIC.get(host, host) != _PUBLIC.get(place, place) or not isinstance(entry, dict):
            continue
        if entry.get("username"):
            return Login(str(entry["username"]), str(entry.get("password") or ""))
        try:
            user, _, password = base64.b64decode(str(entry.get("auth") or "")).decode().partition(":")
        except ValueError:
            raise RegistryError("the Docker configuration cannot be read") from None
        return Login(user, password)
    return NOBODY


def _object(data: bytes) -> dict[str, Any]:
    """Raises: RegistryError."""
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RegistryError("the answer is no JSON object")
    return found


def _said(answer: Answer) -> str:
    """A refusal in the registry's words, where it has some."""
    try:
        first = json.loads(answer.body)["errors"][0]
        return f"{first['code']}: {first['message']}"
    except (ValueError, LookupError, TypeError):
        return f"unexpected status code {answer.status}"


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
