"""A small API server in memory that speaks through the applier's transport: enough of server-side apply for tests of the executor.

It knows a few kinds, resource versions, uids, preconditions, one field manager's managedFields, finalizers and field conflicts.
What matters about a real server is tested against a real one (tests/scenario).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from applier.cluster.transport import Request, Response

# plural -> (group, kind, namespaced)
KINDS = {
    "namespaces": ("", "Namespace", False),
    "configmaps": ("", "ConfigMap", True),
    "secrets": ("", "Secret", True),
    "leases": ("coordination.k8s.io", "Lease", True),
    "roles": ("rbac.authorization.k8s.io", "Role", True),
}
Body = dict[str, Any]
Fault = Callable[[Request], Response | None]


class FakeApi:
    """The server, and the transport to it. `fault` may answer (or raise) instead of it; `sent` has every request."""

    def __init__(self) -> None:
        self.objects: dict[str, Body] = {}
        self.sent: list[Request] = []
        self.fault: Fault = lambda _: None
        self.owners: dict[tuple[str, str], str] = {}  # (path, field) -> another manager
        self._versions = count(1)
        self._lock = Lock()

    @property
    def writes(self) -> list[Request]:
        """What was sent to change something."""
        return [one for one in self.sent if one.method != "GET" and "reviews" not in one.path]

    def send(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            self.sent.append(request)
            answer = self.fault(request)
            return answer if answer is not None else self._answer(request)

    def open(self, request: Request) -> Any:
        """A watch that ends at once: what waits must look again."""
        self.sent.append(request)
        return EndedStream()

    def put(self, plural: str, body: Body) -> Body:
        """Put an object there, as somebody else does."""
        path = place(plural, body["metadata"].get("namespace", ""), body["metadata"]["name"])
        return self._store(path, {**body, "metadata": dict(body["metadata"])})

    def _answer(self, request: Request) -> Response:
        if request.path in ("/api", "/apis"):
            return reply(discovery(request.path))
        if "reviews" in request.path:
            rule = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
            return reply({"status": {"resourceRules": [rule], "allowed": True}}, 201)
        found = self.objects.get(request.path)
        if request.method == "GET":
            return self._list(request.path) if request.path.rpartition("/")[2] in KINDS else reply_or_missing(found)
        body = json.loads(request.body or b"null")
        if request.method == "POST":
            return self._post(f"{request.path}/{body['metadata']['name']}", body)
        if request.method == "PATCH":
            return self._apply(request, body, found)
        if found is None:
            return missing()
        return self._put(request.path, body, found) if request.method == "PUT" else self._delete(request, body, found)

    def _list(self, path: str) -> Response:
        plural = path.rpartition("/")[2]
        _, slash, space = path.removesuffix(f"/{plural}").partition("/namespaces/")
        items = [
            body
            for key, body in sorted(self.objects.items())
            if key.rpartition("/")[0].endswith(f"/{plural}") and (not slash or f"/namespaces/{space}/" in key)
        ]
        return reply({"kind": "List", "metadata": {"resourceVersion": "1"}, "items": items})

    def _post(self, path: str, body: Body) -> Response:
        if path in self.objects:
            return status(409, "AlreadyExists", "already exists")
        return reply(self._store(path, body), 201)

    def _put(self, path: str, body: Body, found: Body) -> Response:
        if body["metadata"].get("resourceVersion") != found["metadata"]["resourceVersion"]:
            return status(409, "Conflict", "the object has been modified")
        return reply(self._store(path, body, found))

    def _delete(self, request: Request, options: Body, found: Body) -> Response:
        wanted = options["preconditions"]
        if any(found["metadata"][key] != value for key, value in wanted.items()):
            return status(409, "Conflict", "the UID in the precondition does not match the UID in record")
        if found["metadata"].get("finalizers"):
            found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            return reply(found)
        del self.objects[request.path]
        return reply({"kind": "Status", "status": "Success"})

    def _apply(self, request: Request, body: Body, found: Body | None) -> Response:
        query = parse_qs(request.query)
        uid = body["metadata"].pop("uid", "")
        if uid and found is None:
            return status(409, "Conflict", "uid mismatch: no existing object was found")
        if uid and found is not None and uid != found["metadata"]["uid"]:
            return status(422, "Invalid", "", [{"field": "metadata.uid", "message": "field is immutable"}])
        taken = [field for (path, field), _ in self.owners.items() if path == request.path]
        if taken and query["force"] == ["false"]:
            message = 'conflict with "{}" using v1'
            causes = [
                {"reason": "FieldManagerConflict", "field": f, "message": message.format(self.owners[request.path, f])}
                for f in taken
            ]
            return status(409, "Conflict", "Apply failed", causes)
        if found is not None and found.get("immutable") and body.get("data") != found.get("data"):
            cause = {
                "reason": "FieldValueForbidden",
                "field": "data",
                "message": "field is immutable when `immutable` is set",
            }
            return status(422, "Invalid", "", [cause])
        fields = {key: fields_of(value) for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
        marks = {key: fields_of(body["metadata"][key]) for key in ("labels", "annotations") if key in body["metadata"]}
        owned = {f"f:{key}": value for key, value in (*fields.items(), ("metadata", prefixed(marks)))}
        entry = {
            "manager": query["fieldManager"][0],
            "operation": "Apply",
            "apiVersion": body["apiVersion"],
            "fieldsType": "FieldsV1",
            "fieldsV1": owned,
        }
        body["metadata"]["managedFields"] = [entry]
        if "dryRun" in query:
            return reply(body, 200 if found else 201)
        if found is not None and without_counters(found) == without_counters(body):
            return reply(found)
        return reply(self._store(request.path, body, found), 200 if found else 201)

    def _store(self, path: str, body: Body, found: Body | None = None) -> Body:
        version = str(next(self._versions))
        uid = found["metadata"]["uid"] if found else f"uid-{version}"
        body["metadata"].update(resourceVersion=version, uid=uid)
        self.objects[path] = body
        return body


class EndedStream:
    """A watch without events."""

    status = 200

    def lines(self) -> Iterator[bytes]:
        """Nothing."""
        yield from ()

    def close(self) -> None:
        """Nothing to end."""


def prefixed(fields: Body) -> Body:
    return {f"f:{key}": value for key, value in fields.items()}


def fields_of(value: Any) -> Body:
    """FieldsV1 of a value: maps are granular, everything else is one field."""
    return {f"f:{key}": fields_of(item) for key, item in value.items()} if isinstance(value, dict) else {}


def without_counters(body: Body) -> Body:
    metadata = {key: value for key, value in body["metadata"].items() if key not in ("uid", "resourceVersion")}
    return {**body, "metadata": metadata}


def place(plural: str, namespace: str, name: str) -> str:
    """The path of an object."""
    group, _, namespaced = KINDS[plural]
    front = f"/apis/{group}/v1" if group else "/api/v1"
    return f"{front}/namespaces/{namespace}/{plural}/{name}" if namespaced else f"{front}/{plural}/{name}"


def discovery(path: str) -> Body:
    """The aggregated discovery document of the core group, or of the others."""
    groups: dict[str, list[Body]] = {}
    for plural, (group, kind, namespaced) in KINDS.items():
        entry = {"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced" if namespaced else "Cluster"}
        groups.setdefault(group, []).append({**entry, "verbs": ["list"]})
    items = [
        {"metadata": {"name": group}, "versions": [{"version": "v1", "resources": resources}]}
        for group, resources in groups.items()
        if bool(group) == (path == "/apis")
    ]
    return {"kind": "APIGroupDiscoveryList", "items": items}


def reply(body: Any, code: int = 200) -> Response:
    return Response(code, {}, json.dumps(body).encode())


def reply_or_missing(found: Body | None) -> Response:
    return reply(found) if found is not None else missing()


def missing() -> Response:
    return status(404, "NotFound", "not found", None, {"name": "x", "kind": "x"})


def status(
    code: int, reason: str, message: str, causes: list[Body] | None = None, details: Body | None = None
) -> Response:
    """A refusal."""
    found = {**(details or {}), **({"causes": causes} if causes is not None else {})}
    return reply({"kind": "Status", "reason": reason, "message": message, "details": found}, code)
