"""`kbuild reconcile NOUN NAME`: a run now, of the object or of its source first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.cli.operate import kinds, requests
from applier.cli.operate.call import SHARED, Call, guarded
from applier.cli.operate.words import StoppedError
from kbuild.cli.flags import BOOL, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.cli.operate.kinds import Noun
    from applier.model.ids import Body

FORCE_AT, RESET_AT = "reconcile.fluxcd.io/forceAt", "reconcile.fluxcd.io/resetAt"
FLAGS = (
    Flag("with-source", BOOL, "the source first, and the object with what it brings"),
    Flag("force", BOOL, "of a HelmRelease: install or upgrade once, whatever the last outcome"),
    Flag("reset", BOOL, "of a HelmRelease: forget the failures so far"),
    *SHARED,
)


def run(argv: Sequence[str]) -> int:
    """`kbuild reconcile kustomization|source git|… NAME`."""
    return guarded("reconcile", argv, FLAGS, _reconcile)


def _reconcile(call: Call) -> int:
    noun, names = call.noun_and_names()
    if not noun.reconciles:
        raise StoppedError(f"{noun.kind} has no reconciler: there is nothing to wait for")
    if not names:
        raise StoppedError(f"{noun.kind} name is required")
    body = requests.running(call, noun, names[0])
    if call.values.get("with_source"):
        _source_first(call, noun, body)
        # The source's artifact may have started a run already; what counts is the one that is asked for now.
        body = requests.running(call, noun, names[0])
    requests.run_now(call, noun, body, _more(call, noun))
    return 0


def _source_first(call: Call, noun: Noun, body: Body) -> None:
    """Reconcile what an object names as its source; of a release the repository of its chart, then the chart.

    Raises: StoppedError, ApplierError.
    """
    source, namespace, name = _source_of(call, noun, body)
    there = call.elsewhere(namespace)
    found = requests.running(there, source, name)
    if source is kinds.CHART:
        _source_first(there, source, found)
        found = requests.running(there, source, name)
    requests.run_now(there, source, found)


def _source_of(call: Call, noun: Noun, body: Body) -> tuple[Noun, str, str]:
    """(kind, namespace, name) of an object's source. Raises: StoppedError."""
    spec, own = body.get("spec") or {}, str(body["metadata"].get("namespace") or call.namespace)
    reference = spec.get("chartRef") or {}
    if noun is kinds.RELEASE and not reference:
        repository = ((spec.get("chart") or {}).get("spec") or {}).get("sourceRef") or {}
        return kinds.CHART, str(repository.get("namespace") or own), f"{own}-{body['metadata']['name']}"
    for field in noun.source[1:] if not reference else ():
        reference = (reference or spec).get(field) or {}
    kind = str(reference.get("kind") or "")
    source = kinds.of_kind(kind)
    if not noun.source or source is None or not source.reconciles:
        raise StoppedError(f"cannot reconcile source of kind {kind}")
    return source, str(reference.get("namespace") or own), str(reference["name"])


def _more(call: Call, noun: Noun) -> tuple[str, ...]:
    """The further annotations of the request. Raises: StoppedError."""
    found = tuple(key for flag, key in (("force", FORCE_AT), ("reset", RESET_AT)) if call.values.get(flag))
    if found and noun is not kinds.RELEASE:
        raise StoppedError("--force and --reset are for helmrelease")
    return found
