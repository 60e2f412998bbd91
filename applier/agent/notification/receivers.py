"""Receiver: the path of its webhook in the status, for as long as its token can be read.

Source: notification-controller v1, as recorded.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from applier.agent.notification.identities import OIDC, expressions_of, problem_with
from applier.agent.runtime import durations
from applier.agent.runtime.conditions import FALSE, PROGRESSING_WITH_RETRY, READY, RECONCILING, TRUE
from applier.agent.runtime.controller import NOT_BY_ITSELF, WITH_BACKOFF, Again, Run
from applier.agent.runtime.events import ERROR, INFO
from applier.agent.runtime.kinds import SECRETS
from applier.agent.runtime.life import live
from applier.agent.runtime.reconciling import generation, handshake
from applier.agent.runtime.writes import has_finalizer
from applier.failures import ApplierError
from applier.health.cel_parser import CelSyntaxError, parse
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.runtime.conditions import Conditions
    from applier.agent.runtime.reconciling import Surroundings
    from applier.cluster.reader import Reader
    from applier.model.ids import Body

PREFIX = "/hook/"
DEFAULT_INTERVAL = "10m"
SUCCEEDED, NO_TOKEN, FAILED = "Succeeded", "TokenNotFound", "Failed"
BAD_EXPRESSION, INVALID = "InvalidCELExpression", "ValidationFailed"


class TokenError(Exception):
    """A token that cannot be read."""


def secret_of(reader: Reader, receiver: Body) -> dict[str, str]:
    """The texts of a receiver's Secret, with the token; an empty token for a type that needs none.

    Raises: TokenError, ApplierError.
    """
    spec, namespace = receiver.get("spec") or {}, str(receiver["metadata"]["namespace"])
    if spec.get("type") == OIDC:
        return {"token": ""}
    name = str((spec.get("secretRef") or {}).get("name") or "")
    if not name:
        raise TokenError("spec.secretRef is missing")
    found = reader.get(SECRETS._replace(namespace=namespace), name)
    if isinstance(found, Absent):
        raise TokenError(f"unable to read token from secret '{namespace}/{name}' error: secrets \"{name}\" not found")
    data = {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in (found.get("data") or {}).items()}
    if not data.get("token"):  # an empty one would let everybody in
        raise TokenError(f"invalid '{namespace}/{name}' secret data: required fields 'token'")
    return data


def path_of(token: str, name: str, namespace: str) -> str:
    """The path of a webhook: only who knows the token can tell it."""
    return PREFIX + hashlib.sha256(f"{token}{name}{namespace}".encode()).hexdigest()


class Receivers:
    """Reconciles Receiver objects."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    def reconcile(self, run: Run) -> Again:
        """One run. Raises: ApplierError, where the status cannot be written."""
        return live(self.around, run.key, lambda body: self._measured(run, body), self._let_go)

    def _let_go(self, body: Body) -> Again:
        """Raises: ApplierError."""
        if has_finalizer(body):
            self.around.writer.remove_finalizer(self.around.collection, body)
        return NOT_BY_ITSELF

    def _measured(self, run: Run, body: Body) -> Again:
        """Raises: ApplierError."""
        again = self._work(body)
        labels = {"kind": "Receiver", "name": run.key.name, "namespace": run.key.namespace}
        self.around.metrics.observe("gotk_reconcile_duration_seconds", labels, run.elapsed_s())
        return again

    def _work(self, body: Body) -> Again:
        """Raises: ApplierError."""
        spec: Mapping[str, Any] = body.get("spec") or {}
        conditions = self.around.conditions(body)
        refusal = refusal_of(spec)
        if refusal is not None:
            conditions.failed(*refusal, is_final=True)
            self._write(body, conditions, {"webhookPath": None, "observedGeneration": generation(body)})
            self.around.event(body, ERROR, *refusal)
            return NOT_BY_ITSELF
        try:
            token = secret_of(self.around.cluster.reader, body)["token"]
        except (TokenError, ApplierError) as problem:
            conditions.set(RECONCILING, TRUE, PROGRESSING_WITH_RETRY, "Reconciliation in progress")
            conditions.set(READY, FALSE, NO_TOKEN, str(problem))
            self._write(body, conditions, {"webhookPath": None})
            self.around.event(body, ERROR, FAILED, str(problem))
            return WITH_BACKOFF
        path = path_of(token, str(body["metadata"]["name"]), str(body["metadata"]["namespace"]))
        conditions.succeeded(SUCCEEDED, f"Receiver initialized for path: {path}")
        self._write(body, conditions, {"webhookPath": path, "observedGeneration": generation(body)})
        interval = durations.seconds(str(spec.get("interval") or DEFAULT_INTERVAL))
        self.around.event(body, INFO, SUCCEEDED, f"Reconciliation finished, next run in {durations.text_of(interval)}")
        return Again(self.around.spread(interval))

    def _write(self, body: Body, conditions: Conditions, status: Mapping[str, Any]) -> None:
        self.around.write(body, {**status, **handshake(body), "conditions": conditions.as_list()})


def refusal_of(spec: Mapping[str, Any]) -> tuple[str, str] | None:
    """Reason and message for a spec that only a new one can mend, None for one that is good."""
    if spec.get("type") == OIDC and (problem := problem_with(spec.get("oidcProviders") or [])):
        return INVALID, problem
    for expression in expressions(spec):
        try:
            parse(expression)
        except CelSyntaxError as problem:
            return BAD_EXPRESSION, f"failed to parse the CEL expression '{expression}': {problem}"
    return None


def expressions(spec: Mapping[str, Any]) -> list[str]:
    """Every filter of a spec."""
    found = [spec.get("resourceFilter"), *(entry.get("filter") for entry in spec.get("resources") or ())]
    return [str(one) for one in found if one] + expressions_of(spec.get("oidcProviders") or [])
