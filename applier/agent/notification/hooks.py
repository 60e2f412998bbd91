"""Webhooks: a request that proves where it comes from asks for a run of each resource that its receiver names.

Source: notification-controller's receiver server, as recorded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from applier.agent.notification import identities, signatures
from applier.agent.notification.plurals import collection_of, default_version
from applier.agent.notification.receivers import TokenError, path_of, secret_of
from applier.agent.notification.signatures import RefusedError
from applier.agent.runtime.conditions import READY, TRUE, find
from applier.agent.runtime.informer import key_of
from applier.agent.runtime.kinds import NOTIFICATION, REQUESTED_AT
from applier.agent.runtime.logs import Subject
from applier.agent.runtime.serving import Asked, Reply
from applier.cluster.api import Listing
from applier.failures import ApplierError
from applier.health.cel import CelError, is_true
from applier.health.cel_parser import CelSyntaxError, parse
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.notification.key_sets import KeySets
    from applier.agent.runtime.informer import Informer
    from applier.agent.runtime.logs import Log
    from applier.agent.runtime.queue import Key
    from applier.agent.runtime.writes import OwnWriter
    from applier.clock import Clock
    from applier.cluster.api import Collection
    from applier.cluster.reader import Reader
    from applier.model.ids import Body

ALL = "*"


class AnnotateError(Exception):
    """A resource that no run can be asked for."""


@dataclass(slots=True)
class Hooks:
    """Answers requests to webhooks. Safe to use from several threads. `wake` has a receiver reconciled at once."""

    reader: Reader
    writer: OwnWriter
    receivers: Informer
    log: Log
    clock: Clock
    keys: KeySets
    cross_namespace: bool = True
    wake: Callable[[Key], None] = lambda _key: None

    def serve(self, asked: Asked) -> Reply:
        """200 done, 400 refused, 404 no such path, 503 suspended or not ready, 500 a resource that cannot be annotated."""
        receiver = next((body for body in self.receivers.all() if _path(body) == asked.path), None)
        if receiver is None:
            return Reply(HTTPStatus.NOT_FOUND)
        spec, subject = receiver.get("spec") or {}, _subject(receiver)
        ready = find(receiver, READY)
        if spec.get("suspend") or ready is None or ready.get("status") != TRUE:
            why = "receiver is suspended" if spec.get("suspend") else "receiver is not ready"
            self.log.write("error", why, subject, error="unable to process request")
            return Reply(HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            names = self._check(receiver, spec, asked)
        except (RefusedError, TokenError) as problem:
            self.log.write("error", "unable to validate payload", subject, error=str(problem))
            return Reply(HTTPStatus.BAD_REQUEST)
        except ApplierError as problem:
            self.log.write("error", "unable to read the token", subject, error=str(problem))
            return Reply(HTTPStatus.INTERNAL_SERVER_ERROR)
        done = [self._notify(receiver, entry, names, subject) for entry in spec.get("resources") or ()]
        return Reply(HTTPStatus.OK if all(done) else HTTPStatus.INTERNAL_SERVER_ERROR)

    def _check(self, receiver: Body, spec: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
        """Check a request; returns what filters know about it by name. Raises: RefusedError, TokenError, ApplierError."""
        secret, own = secret_of(self.reader, receiver), key_of(receiver)
        if path_of(secret["token"], own.name, own.namespace) != asked.path:
            self.wake(own)
            raise RefusedError("the token has changed, and so does the path")
        kind, now_s = str(spec.get("type")), self.clock.now()
        if kind == identities.GCR:
            return {"req": identities.google_push(asked, secret, self.keys.key, now_s)}
        if kind == identities.OIDC:
            claims = identities.identity(asked, spec.get("oidcProviders") or [], self.keys.key, now_s)
            return {"req": _request(asked, spec), "claims": claims}
        signatures.check(kind, asked, secret["token"], [str(one) for one in spec.get("events") or ()])
        return {"req": _request(asked, spec)}

    def _notify(self, receiver: Body, entry: Mapping[str, Any], names: Mapping[str, Any], subject: Subject) -> bool:
        """Ask for a run of the resources of one entry; returns whether that went well."""
        spec = receiver.get("spec") or {}
        filters = [str(one) for one in (spec.get("resourceFilter"), entry.get("filter")) if one]
        try:
            for collection, body in self._resources(key_of(receiver).namespace, entry):
                if all(_passes(one, body, names) for one in filters):
                    self._annotate(collection, body)
                    self.log.write("info", f"resource '{_name(body)}' annotated", subject)
        except (AnnotateError, ApplierError, CelError, CelSyntaxError) as problem:
            self.log.write("error", "unable to request reconciliation", subject, error=str(problem))
            return False
        return True

    def _resources(self, own: str, entry: Mapping[str, Any]) -> list[tuple[Collection, Body]]:
        """The objects of an entry. Raises: AnnotateError, ApplierError."""
        kind, name = str(entry.get("kind")), str(entry.get("name"))
        namespace = str(entry.get("namespace") or own)
        if namespace != own and not self.cross_namespace:
            raise AnnotateError(f"{kind} '{namespace}/{name}': cross-namespace references have been blocked")
        version = str(entry.get("apiVersion") or default_version(kind))
        if not version:
            raise AnnotateError(f'apiVersion must be specified for kind "{kind}"')
        collection = collection_of(version, kind, namespace)
        if collection is None:
            raise AnnotateError(f"no such kind: {kind} of {version}")
        if name == ALL:
            return [(collection, body) for body in self._labelled(collection, entry)]
        found = self.reader.get(collection, name)
        if isinstance(found, Absent):
            raise AnnotateError(f"unable to read {kind} '{namespace}/{name}' error: not found")
        return [(collection, found)]

    def _labelled(self, collection: Collection, entry: Mapping[str, Any]) -> list[Body]:
        """The objects with an entry's labels. Raises: AnnotateError, ApplierError."""
        labels = entry.get("matchLabels")
        if labels is None:
            raise AnnotateError("matchLabels field not set when using wildcard '*' as name")
        listing = self.reader.list(collection, selector=",".join(f"{name}={value}" for name, value in labels.items()))
        assert isinstance(listing, Listing)
        if not listing.bodies:
            raise AnnotateError(
                f"no '{collection.kind}' resources found with matching labels in '{collection.namespace}'"
            )
        return list(listing.bodies)

    def _annotate(self, collection: Collection, body: Body) -> None:
        """Ask for a run. Raises: ApplierError."""
        now = datetime.fromtimestamp(self.clock.now(), UTC).isoformat().replace("+00:00", "Z")
        self.writer.merge(collection, body, {"metadata": {"annotations": {REQUESTED_AT: now}}})


def _request(asked: Asked, spec: Mapping[str, Any]) -> Any:
    """The body of a request as filters see it: an empty object unless it is JSON. Raises: RefusedError."""
    media = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    has_filters = spec.get("resourceFilter") or any(entry.get("filter") for entry in spec.get("resources") or ())
    if media != signatures.JSON or not has_filters:
        return {}
    try:
        return json.loads(asked.body)
    except ValueError:
        raise RefusedError("failed to parse request body as JSON") from None


def _passes(expression: str, body: Body, names: Mapping[str, Any]) -> bool:
    """Whether a filter lets an object pass. Raises: CelError, CelSyntaxError."""
    seen = {name: body[name] for name in ("apiVersion", "kind", "metadata") if name in body}
    return is_true(parse(expression), {"res": seen, **names})


def _path(receiver: Body) -> str:
    return str((receiver.get("status") or {}).get("webhookPath") or "")


def _subject(receiver: Body) -> Subject:
    return Subject("receiver", NOTIFICATION, "Receiver", key_of(receiver))


def _name(body: Body) -> str:
    metadata = body["metadata"]
    return f"{body.get('kind')}/{metadata['name']}.{metadata.get('namespace')}"
