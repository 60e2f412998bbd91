"""Failures as values: the classes a caller decides by, and one table of what each class means.

`MEANING` gives every class its number of repeats, its exit status, its condition and its hint. Which failure an answer of
the API server is, is decided in `applier/errors.py` and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from applier import keys
from applier.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EXIT_OK, EXIT_ERROR, EXIT_INPUT, EXIT_FAILED, EXIT_FORBIDDEN, EXIT_LOCKED, EXIT_CONFIRM = 0, 1, 2, 3, 4, 5, 6
EXIT_NOT_CURRENT = 11
EXIT_INTERRUPTED, EXIT_TERMINATED = 130, 143

ALWAYS: Final = 1_000_000  # repeat until the object's own time is up


class ErrorClass(StrEnum):
    """What kind of failure it is."""

    CONFLICT = "conflict"
    REPLACED = "replaced"
    RACE = "race"
    IMMUTABLE = "immutable"
    INVALID = "invalid"
    BAD_INPUT = "bad-input"
    TOO_LARGE = "too-large"
    KIND_UNKNOWN = "kind-unknown"
    KIND_MISSING = "kind-missing"
    NOT_FOUND = "not-found"
    NAMESPACE_MISSING = "namespace-missing"
    NAMESPACE_TERMINATING = "namespace-terminating"
    WEBHOOK_UNAVAILABLE = "webhook-unavailable"
    QUOTA = "quota"
    DENIED = "denied"
    FORBIDDEN = "forbidden"
    AUTH = "auth"
    EXPIRED = "expired"
    TRANSIENT = "transient"
    CONNECTION = "connection"
    CONFIGURATION = "configuration"
    UNHEALTHY = "unhealthy"
    WAIT_TIMEOUT = "wait-timeout"
    APPLY_TIMEOUT = "apply-timeout"
    OWNED = "owned-by"
    UNOWNED = "exists-unowned"
    LOCKED = "locked"
    INVENTORY = "inventory"
    CONFIRMATION = "needs-confirmation"
    CANCELLED = "cancelled"


class Meaning(NamedTuple):
    """What follows from a class. `repeats`: how often the same request may be sent again; `stalled`: waiting cannot help."""

    repeats: int
    exit_code: int
    reason: str
    stalled: bool = False
    hint: str = ""


MEANING: Final[Mapping[ErrorClass, Meaning]] = {
    ErrorClass.CONFLICT: Meaning(
        0, EXIT_FAILED, "FieldManagerConflict", True,
        "drop these fields from the manifests, or take them over with --force-conflicts",
    ),
    ErrorClass.REPLACED: Meaning(0, EXIT_FAILED, "ObjectReplaced", hint="somebody recreated the object meanwhile; run again"),
    ErrorClass.RACE: Meaning(5, EXIT_FAILED, "Conflict"),
    ErrorClass.IMMUTABLE: Meaning(
        0, EXIT_FAILED, "ImmutableField", True,
        "the object must be deleted and created again: --recreate=stateless, or --recreate=listed and the annotation"
        f' {keys.RECREATE}: "true"',
    ),
    ErrorClass.INVALID: Meaning(0, EXIT_FAILED, "Invalid", True),
    ErrorClass.BAD_INPUT: Meaning(0, EXIT_INPUT, "BadInput", True),
    ErrorClass.TOO_LARGE: Meaning(0, EXIT_INPUT, "TooLarge", True, "an object may hold about 1 MiB; split it"),
    ErrorClass.KIND_UNKNOWN: Meaning(
        ALWAYS, EXIT_ERROR, "APIUnavailable", hint="run again; if it stays so, `kubectl get apiservices` shows which API is down"
    ),
    ErrorClass.KIND_MISSING: Meaning(
        ALWAYS, EXIT_FAILED, "KindMissing", hint="the cluster does not serve this kind; is its CustomResourceDefinition installed?"
    ),
    ErrorClass.NOT_FOUND: Meaning(0, EXIT_FAILED, "NotFound"),
    ErrorClass.NAMESPACE_MISSING: Meaning(
        ALWAYS, EXIT_FAILED, "NamespaceMissing", hint="add the Namespace to the manifests, or create it"
    ),
    ErrorClass.NAMESPACE_TERMINATING: Meaning(ALWAYS, EXIT_FAILED, "NamespaceTerminating"),
    ErrorClass.WEBHOOK_UNAVAILABLE: Meaning(
        ALWAYS, EXIT_FAILED, "WebhookUnavailable", hint="the pods behind the webhook do not answer"
    ),
    ErrorClass.QUOTA: Meaning(3, EXIT_FAILED, "QuotaExceeded"),
    ErrorClass.DENIED: Meaning(0, EXIT_FAILED, "AdmissionDenied", True),
    ErrorClass.FORBIDDEN: Meaning(0, EXIT_FORBIDDEN, "Forbidden", True),
    ErrorClass.AUTH: Meaning(1, EXIT_FORBIDDEN, "Unauthorized", hint="the credentials were refused; log in again"),
    ErrorClass.EXPIRED: Meaning(0, EXIT_ERROR, "Expired"),
    ErrorClass.TRANSIENT: Meaning(ALWAYS, EXIT_FAILED, "Unavailable"),
    ErrorClass.CONNECTION: Meaning(ALWAYS, EXIT_ERROR, "ConnectionFailed", hint="is the cluster running, and is this the right context?"),
    ErrorClass.CONFIGURATION: Meaning(0, EXIT_ERROR, "Configuration", True),
    ErrorClass.UNHEALTHY: Meaning(0, EXIT_FAILED, "HealthCheckFailed"),
    ErrorClass.WAIT_TIMEOUT: Meaning(0, EXIT_FAILED, "WaitTimeout"),
    ErrorClass.APPLY_TIMEOUT: Meaning(0, EXIT_FAILED, "ApplyTimeout"),
    ErrorClass.OWNED: Meaning(0, EXIT_FAILED, "OwnedByOther", True, "take it over with --adopt=all"),
    ErrorClass.UNOWNED: Meaning(0, EXIT_FAILED, "ExistsUnowned", True, "adopt it with --adopt=unowned"),
    ErrorClass.LOCKED: Meaning(0, EXIT_LOCKED, "Locked", hint="wait for the other run with --lock-timeout=5m"),
    ErrorClass.INVENTORY: Meaning(0, EXIT_ERROR, "InventoryDamaged", True, "`kbuild inventory rebuild` restores it from the labels"),
    ErrorClass.CONFIRMATION: Meaning(0, EXIT_CONFIRM, "NeedsConfirmation", True),
    ErrorClass.CANCELLED: Meaning(0, EXIT_INTERRUPTED, "Cancelled"),
}  # fmt: skip


@record
class Condition:
    """A status condition, in the words that Flux and kstatus use."""

    type: str
    status: str
    reason: str
    message: str


@record
class Conflict:
    """A field that another manager owns. `path` is the server's spelling, such as `.spec.replicas`."""

    path: str
    manager: str
    subresource: str = ""


@record
class Failure:
    """One failure as a value.

    Units: `retry_after_s` in seconds, 0 where the server named none. Shape: `lost` is true where the request may have
    been carried out although no answer came; `fields` are the paths the server named, without values.
    """

    error_class: ErrorClass
    message: str
    hint: str = ""
    conflicts: tuple[Conflict, ...] = ()
    fields: tuple[str, ...] = ()
    retry_after_s: float = 0.0
    lost: bool = False
    slow_down: bool = False

    @property
    def repeats(self) -> int:
        """How often the request may be sent again."""
        return MEANING[self.error_class].repeats

    @property
    def exit_code(self) -> int:
        """The exit status of a run in which this was the worst failure."""
        return MEANING[self.error_class].exit_code

    @property
    def advice(self) -> str:
        """One hint for a person, or `""`."""
        return self.hint or MEANING[self.error_class].hint

    @property
    def condition(self) -> Condition:
        """The condition that says this on an object: `Stalled` where waiting cannot help, else not `Ready`."""
        meaning = MEANING[self.error_class]
        kind, status = ("Stalled", "True") if meaning.stalled else ("Ready", "False")
        return Condition(type=kind, status=status, reason=meaning.reason, message=self.message)


class ApplierError(Exception):
    """A run, or a request, that cannot go on. `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure

    @property
    def error_class(self) -> ErrorClass:
        """What a caller decides by."""
        return self.failure.error_class

    def __str__(self) -> str:
        return self.failure.message


class TransportError(Exception):
    """No usable answer came. `lost`: the request may have reached the server. `refused`: nobody listens there."""

    def __init__(self, message: str, *, lost: bool, refused: bool = False) -> None:
        super().__init__(message)
        self.lost, self.refused = lost, refused


def error(error_class: ErrorClass, message: str, hint: str = "") -> ApplierError:
    """An error of ours, ready to be raised."""
    return ApplierError(Failure(error_class=error_class, message=message, hint=hint))


def worst(codes: Iterable[int]) -> int:
    """The exit status of a run with several failures: an outage tells less than a refusal, and input errors come first.

    The order is that of what has to be repaired first: rights, input, lock, connection, then single objects.
    """
    found = frozenset(codes)
    return next((code for code in _URGENCY if code in found), EXIT_OK)


_URGENCY = (
    EXIT_INTERRUPTED, EXIT_TERMINATED, EXIT_LOCKED, EXIT_CONFIRM, EXIT_FORBIDDEN, EXIT_INPUT, EXIT_ERROR, EXIT_FAILED,
)  # fmt: skip
