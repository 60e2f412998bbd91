"""A small client of the API server for tests: it sets scenes and looks at what is really there.

It shares nothing with the applier's own client, so that one cannot hide the other's mistakes.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from kbuild.documents.config import read_config

Object = dict[str, Any]
MERGE, APPLY, JSON_PATCH = (
    f"application/{name}" for name in ("merge-patch+json", "apply-patch+yaml", "json-patch+json")
)


class KubeError(Exception):
    """The server refused. `status` is its HTTP status, `body` what it said."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach a server: its address, its authority's file, and a token or a client certificate with its key."""

    server: str
    authority: str
    token: str = ""
    certificate: tuple[str, str] | None = None

    def context(self) -> ssl.SSLContext:
        """What a TLS connection needs."""
        made = ssl.create_default_context(cafile=self.authority)
        if self.certificate is not None:
            made.load_cert_chain(*self.certificate)
        return made


def read_kubeconfig(path: Path, folder: Path) -> Access:
    """The current context of a kubeconfig with a token or a client certificate; embedded data is put into `folder`."""
    config: Any = read_config(path.read_text())

    def named(section: str, name: str, key: str) -> Any:
        return next(entry[key] for entry in config[section] if entry["name"] == name)

    def file(values: Any, key: str) -> str:
        if f"{key}-data" not in values:
            return str(path.parent / values[key])
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as written:
            written.write(base64.b64decode(values[f"{key}-data"]))
        return written.name

    context = named("contexts", config["current-context"], "context")
    cluster, user = named("clusters", context["cluster"], "cluster"), named("users", context["user"], "user")
    has_key = "client-key" in user or "client-key-data" in user
    return Access(
        server=cluster["server"],
        authority=file(cluster, "certificate-authority"),
        token=user.get("token", ""),
        certificate=(file(user, "client-certificate"), file(user, "client-key")) if has_key else None,
    )


class Kube:
    """One connection, for one thread."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.address = urlsplit(access.server)
        self.context = access.context()
        self.connection: http.client.HTTPSConnection | None = None
        self.resources: dict[tuple[str, str], tuple[str, bool]] = {}

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def raw(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json"
    ) -> tuple[int, bytes]:
        """One request; an idle connection that the server closed is opened again."""
        headers = {"Accept": "application/json", "Content-Type": content_type}
        if self.access.token:
            headers["Authorization"] = f"Bearer {self.access.token}"
        data = None if body is None else json.dumps(body)
        for attempt in (1, 2):
            if self.connection is None:
                host, port = self.address.hostname or "", self.address.port or 443
                self.connection = http.client.HTTPSConnection(host, port, context=self.context, timeout=60)
            try:
                self.connection.request(method, path, data, headers)
                answer = self.connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException):
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """One request whose answer is JSON; raises KubeError for an answer that is not 2xx."""
        status, data = self.raw(method, path, body, content_type)
        try:
            value = json.loads(data)
        except ValueError:
            value = data.decode(errors="replace")
        if not 200 <= status < 300:
            raise KubeError(status, value)
        return value

    def resource(self, api_version: str, kind: str) -> tuple[str, bool]:
        """The plural name of a kind, and whether it lives in namespaces."""
        key = (api_version, kind)
        if key not in self.resources:
            for entry in self.request("GET", root(api_version))["resources"]:
                if "/" not in entry["name"]:
                    self.resources[api_version, entry["kind"]] = (entry["name"], entry["namespaced"])
        return self.resources[key]

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "", sub: str = "") -> str:
        """Where an object or a collection is."""
        plural, namespaced = self.resource(api_version, kind)
        parts = [root(api_version)]
        if namespaced and namespace:
            parts += ["namespaces", namespace]
        return "/".join([*parts, plural, *filter(None, (name, sub))])

    def path_of(self, body: Object, sub: str = "") -> str:
        """Where an object with its own version is."""
        meta = body["metadata"]
        return self.path(body["apiVersion"], body["kind"], meta.get("namespace", ""), meta["name"], sub)

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """An object, or None where there is none."""
        try:
            found: Object = self.request("GET", self.path(api_version, kind, namespace, name))
        except KubeError as error:
            if error.status == 404:
                return None
            raise
        return found

    def list(self, api_version: str, kind: str, namespace: str = "", selector: str = "") -> list[Object]:
        """A collection."""
        query = "?" + urlencode({"labelSelector": selector}) if selector else ""
        items: list[Object] = self.request("GET", self.path(api_version, kind, namespace) + query)["items"]
        return items

    def create(self, body: Object) -> Object:
        """Create an object, as a person with kubectl does."""
        place = self.path(body["apiVersion"], body["kind"], body["metadata"].get("namespace", ""))
        made: Object = self.request("POST", f"{place}?fieldManager=kubectl-create", body)
        return made

    def ensure(self, body: Object) -> None:
        """Create an object unless there is one of its name."""
        meta = body["metadata"]
        path = self.path(body["apiVersion"], body["kind"], meta.get("namespace", ""))
        status, data = self.raw("POST", path, body)
        if status not in (201, 409):
            raise KubeError(status, data)

    def apply(self, body: Object, manager: str, *, force: bool = True, sub: str = "", dry_run: bool = False) -> Object:
        """Write an object by server-side apply."""
        query = {"fieldManager": manager, "force": str(force).lower(), **({"dryRun": "All"} if dry_run else {})}
        made: Object = self.request("PATCH", f"{self.path_of(body, sub)}?{urlencode(query)}", body, APPLY)
        return made

    def merge(self, body: Object, patch: Object, *, manager: str = "test", sub: str = "") -> Object:
        """Write parts of an object."""
        query = urlencode({"fieldManager": manager})
        made: Object = self.request("PATCH", f"{self.path_of(body, sub)}?{query}", patch, MERGE)
        return made

    def delete(self, body: Object, *, orphan: bool = False) -> None:
        """Delete an object; one that is not there is no error."""
        try:
            policy = "Orphan" if orphan else "Background"
            self.request("DELETE", self.path_of(body), {"propagationPolicy": policy})
        except KubeError as error:
            if error.status != 404:
                raise

    def live(self, body: Object) -> Object | None:
        """What the server holds of an object."""
        meta = body["metadata"]
        return self.get(body["apiVersion"], body["kind"], meta.get("namespace", ""), meta["name"])


def root(api_version: str) -> str:
    """The path of a group and version."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def eventually(claim: Callable[[], Any], within_s: float = 30.0) -> Any:
    """Ask until the answer is true, and return it; the last answer, which then is false, when time is up."""
    deadline = time.monotonic() + within_s
    while not (answer := claim()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


def ids(bodies: Iterable[Object]) -> set[tuple[str, str, str]]:
    """Kind, namespace and name of each object."""
    return {(body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]) for body in bodies}
