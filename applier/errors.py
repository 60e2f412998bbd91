"""The one module that reads refusals: status, reason, causes and wording of an answer, mapped to a `Failure`.

No other module looks at a status code or at the wording of a server's message. The order of the tests matters: a type error
of the manifests comes as a 500, and a wrong uid reads like an immutable field.
Source: kube-apiserver 1.33 and 1.36, checked on real servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from applier.failures import Conflict, ErrorClass, Failure, TransportError
from applier.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGE_LIMIT = 2_000  # characters of a server's sentence that are kept


def of_transport(problem: TransportError) -> Failure:
    """The failure that a missing answer is."""
    kind = ErrorClass.CONNECTION if problem.refused else ErrorClass.TRANSIENT
    return Failure(error_class=kind, message=str(problem), lost=problem.lost)


@record
class Answer:
    """What `classify` has to know about a refused request.

    Shape: `status` is the decoded `Status` object, or None where the body was none, and `text` the body as it came;
    `kind` is that of the object written; `sensitive` keeps values out of messages; `is_json_patch` marks our own
    JSON Patch, whose `test` operations fail when somebody was faster.
    """

    code: int
    status: Mapping[str, Any] | None
    text: str = ""
    retry_after_s: float = 0.0
    kind: str = ""
    sensitive: bool = False
    is_json_patch: bool = False

    @property
    def message(self) -> str:
        """The server's sentence."""
        found = str((self.status or {}).get("message") or "") or self.text.strip()
        return found or f"the server answered with status {self.code}"

    @property
    def reason(self) -> str:
        """The machine-readable word, or `""`."""
        return str((self.status or {}).get("reason") or "")

    @property
    def details(self) -> Mapping[str, Any]:
        """The `details` of the Status, or an empty mapping."""
        found = (self.status or {}).get("details")
        return found if isinstance(found, dict) else {}

    @property
    def causes(self) -> tuple[Mapping[str, Any], ...]:
        """The causes, each with `reason`, `field` and `message` where the server gave them."""
        found = self.details.get("causes")
        return tuple(cause for cause in found if isinstance(cause, dict)) if isinstance(found, list) else ()


def classify(answer: Answer) -> Failure:
    """The failure that an answer with a status of 400 or more means; the tests run in the order of the table."""
    error_class = _error_class(answer)
    conflicts = tuple(_conflict(cause) for cause in answer.causes) if error_class is ErrorClass.CONFLICT else ()
    return Failure(
        error_class=error_class,
        message=_sentence(answer, error_class, conflicts),
        hint=_scale_hint(conflicts) or _merge_key_hint(answer),
        conflicts=conflicts,
        fields=tuple(str(cause.get("field") or "") for cause in answer.causes if cause.get("field")),
        retry_after_s=answer.retry_after_s,
        slow_down=answer.code == 429,
    )


def _error_class(answer: Answer) -> ErrorClass:
    message = answer.message.lower()
    if answer.code < 500 and _is_denial(message):
        return ErrorClass.DENIED  # with whatever status the webhook or the policy chose
    by_code = _BY_CODE.get(answer.code)
    found = by_code(answer, message) if by_code is not None else None
    if found is not None:
        return found
    if "request is too large" in message:
        return ErrorClass.TOO_LARGE
    return ErrorClass.TRANSIENT if answer.code >= 500 or answer.code == 408 else ErrorClass.INVALID


def _is_denial(message: str) -> bool:
    by_webhook = "admission webhook" in message and "denied the request" in message
    return by_webhook or ("validatingadmissionpolicy" in message and "denied request" in message)


def _of_bad_request(_answer: Answer, _message: str) -> ErrorClass:
    return ErrorClass.BAD_INPUT


def _of_conflict(answer: Answer, message: str) -> ErrorClass:
    if any(cause.get("reason") == "FieldManagerConflict" for cause in answer.causes):
        return ErrorClass.CONFLICT
    if "uid mismatch" in message or "uid in the precondition" in message:
        return ErrorClass.REPLACED
    return ErrorClass.RACE


def _of_invalid(answer: Answer, _message: str) -> ErrorClass:
    causes = answer.causes
    if any(cause.get("field") == "metadata.uid" for cause in causes):
        return ErrorClass.REPLACED
    if answer.is_json_patch and not causes:
        return ErrorClass.RACE
    if causes and all(_is_size_limit(cause) for cause in causes):
        return ErrorClass.TOO_LARGE
    if causes and all(is_immutable_cause(answer.kind, cause) for cause in causes):
        return ErrorClass.IMMUTABLE
    return ErrorClass.INVALID


def _is_size_limit(cause: Mapping[str, Any]) -> bool:
    """The limit of what a ConfigMap or a Secret may hold; other texts that are too long are wrong by themselves."""
    return cause.get("reason") == "FieldValueTooLong" and "1048576" in str(cause.get("message"))


def _of_server_error(_answer: Answer, message: str) -> ErrorClass | None:
    # A wrong type, an unknown field and a duplicate key of a list come as 500: the manifests are wrong, not the server.
    if message.startswith("failed to create typed patch object"):
        return ErrorClass.BAD_INPUT
    return _of_webhook(message)


def _of_unavailable(answer: Answer, message: str) -> ErrorClass | None:
    if answer.status is None and message == "service unavailable":
        return ErrorClass.KIND_UNKNOWN
    return _of_webhook(message)


def _of_webhook(message: str) -> ErrorClass | None:
    if "failed calling webhook" in message or ("conversion webhook" in message and "failed" in message):
        return ErrorClass.WEBHOOK_UNAVAILABLE
    return None


def _of_unauthorized(_answer: Answer, _message: str) -> ErrorClass:
    return ErrorClass.AUTH


def _of_forbidden(answer: Answer, message: str) -> ErrorClass:
    if any(cause.get("reason") == "NamespaceTerminating" for cause in answer.causes):
        return ErrorClass.NAMESPACE_TERMINATING
    if "exceeded quota" in message:
        return ErrorClass.QUOTA
    return ErrorClass.FORBIDDEN


def _of_missing(answer: Answer, _message: str) -> ErrorClass:
    details = answer.details
    if answer.status is None or not details:
        return ErrorClass.KIND_MISSING
    return ErrorClass.NAMESPACE_MISSING if details.get("kind") == "namespaces" else ErrorClass.NOT_FOUND


def _of_gone(_answer: Answer, _message: str) -> ErrorClass:
    return ErrorClass.EXPIRED


def _of_size(_answer: Answer, _message: str) -> ErrorClass:
    return ErrorClass.TOO_LARGE


def _of_haste(_answer: Answer, _message: str) -> ErrorClass:
    return ErrorClass.TRANSIENT


_BY_CODE: Final = {
    400: _of_bad_request,
    401: _of_unauthorized,
    403: _of_forbidden,
    404: _of_missing,
    409: _of_conflict,
    410: _of_gone,
    413: _of_size,
    422: _of_invalid,
    429: _of_haste,
    500: _of_server_error,
    503: _of_unavailable,
}

# kind -> (prefixes of the cause's field, part of the cause's message), in lower case. Seen on 1.33.
_WORKLOAD = ((("spec.selector",), "field is immutable"),)
_ROLE_REF = ((("roleref",), "cannot change roleref"),)
_DATA = (("data", "binarydata", "immutable"), "field is immutable when `immutable` is set")
_IMMUTABLE: Final = {
    "Deployment": _WORKLOAD,
    "DaemonSet": _WORKLOAD,
    "ReplicaSet": _WORKLOAD,
    "StatefulSet": ((("spec",), "updates to statefulset spec for fields other than"),),
    "Job": ((("spec.template", "spec.selector", "spec.completions"), "field is immutable"),),
    "Pod": ((("spec",), "pod updates may not change fields other than"),),
    "Service": ((("spec.clusterips[0]",), "may not change once set"),),
    "PersistentVolumeClaim": ((("spec",), "spec is immutable after creation except"),),
    "ConfigMap": (_DATA,),
    "Secret": (_DATA, (("type",), "field is immutable")),
    "RoleBinding": _ROLE_REF,
    "ClusterRoleBinding": _ROLE_REF,
    "StorageClass": ((("",), "are forbidden"), (("",), "field is immutable")),  # until 1.33, and 1.36
    "PriorityClass": ((("value",), "may not be changed in an update"),),
}
_SHRINKING = "field can not be less than"


def is_immutable_cause(kind: str, cause: Mapping[str, Any]) -> bool:
    """True where a cause of a 422 says that the field may not change once the object exists.

    Fields of `metadata` never count: a wrong uid reads the same. Unknown kinds (custom resources) are judged by their
    rule's message alone.
    """
    field, message = str(cause.get("field") or "").lower(), str(cause.get("message") or "").lower()
    if field.startswith("metadata.") or _SHRINKING in message:
        return False
    rules = _IMMUTABLE.get(kind)
    if rules is None:
        return "immutable" in message
    return any(text in message and field.startswith(prefixes) for prefixes, text in rules)


def _conflict(cause: Mapping[str, Any]) -> Conflict:
    """Reads `conflict with "kubectl" with subresource "scale" using apps/v1`."""
    words = str(cause.get("message") or "").split('"')
    manager = words[1] if len(words) > 1 else ""
    subresource = words[3] if len(words) > 3 and "subresource" in words[2] else ""
    return Conflict(path=str(cause.get("field") or ""), manager=manager, subresource=subresource)


def _sentence(answer: Answer, error_class: ErrorClass, conflicts: tuple[Conflict, ...]) -> str:
    if error_class is ErrorClass.CONFLICT:
        return "; ".join(f"{found.path} is owned by {_manager(found)}" for found in conflicts)
    if answer.sensitive and answer.causes:
        return "; ".join(f"{cause.get('field')}: {cause.get('reason')}" for cause in answer.causes)
    if answer.sensitive and answer.code in (400, 422, 500):
        return f"the server refused it ({answer.reason or answer.code}); its message may quote values and is not shown"
    return answer.message[:MESSAGE_LIMIT]


def _manager(found: Conflict) -> str:
    return f'"{found.manager}"' + (f" (through the {found.subresource} subresource)" if found.subresource else "")


def _scale_hint(conflicts: tuple[Conflict, ...]) -> str:
    if any(found.subresource == "scale" or found.path == ".spec.replicas" for found in conflicts):
        return "an autoscaler may own the replicas: remove spec.replicas from the manifests, or force with --force-conflicts"
    return ""


def _merge_key_hint(answer: Answer) -> str:
    """Renaming a port keeps the old entry, whose key is port and protocol: the server then sees a duplicate name."""
    if answer.kind == "Service" and any(cause.get("reason") == "FieldValueDuplicate" for cause in answer.causes):
        return "renamed ports keep their old entry for a moment: apply once without the old port, then with the new one"
    return ""


def is_expired(status: Mapping[str, Any]) -> bool:
    """Whether the ERROR event of a watch says that its version is gone."""
    return status.get("code") == 410 or status.get("reason") in ("Expired", "Gone")
