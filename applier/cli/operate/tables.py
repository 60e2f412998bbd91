"""Objects as tables: columns padded and joined by tabs, hashes cut, lines of a message on rows of their own.

Source: flux2 v2.9, its printed tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from applier import keys
from applier.agent.runtime.conditions import READY, find
from applier.cli.operate import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.cli.operate.kinds import Noun

_HASH = re.compile(r"[0-9a-f]{40,128}")
_SHORT = 8
_RECONCILE = "source.extensions.fluxcd.io/reconcile"
WAITING = "waiting to be reconciled"


class Shape(NamedTuple):
    """Which columns there are besides those of the kind."""

    with_namespace: bool = False
    with_source: bool = False


PLAIN = Shape()


class SelectorError(ValueError):
    """A status selector that cannot be read: the sentence."""


def cut_hashes(text: str) -> str:
    """A text with every long hash cut to eight digits."""
    return _HASH.sub(lambda found: found[0][:_SHORT], text)


def revision_of(body: Mapping[str, Any]) -> str:
    """The revision of a source's artifact, or the one that was applied."""
    status = body.get("status") or {}
    kind = body.get("kind")
    if kind == kinds.RELEASE.kind:
        history = status.get("history") or ()
        return str(history[0].get("chartVersion") if history else status.get("lastAttemptedRevision") or "")
    if kind == kinds.KUSTOMIZATION.kind:
        return str(status.get("lastAppliedRevision") or "")
    return str((status.get("artifact") or {}).get("revision") or "")


def success_of(noun: Noun, body: Mapping[str, Any], colon: str = "") -> str:
    """What is said of an object whose run succeeded."""
    status = body.get("status") or {}
    if noun.ready or noun is kinds.RECEIVER:
        return f"{noun.kind} reconciliation completed"
    if noun is kinds.IMAGE_UPDATE or (noun is kinds.HELM and (body.get("spec") or {}).get("type") == "oci"):
        return ready_of(body)[1]
    if noun is kinds.IMAGE_REPOSITORY:
        return f"{noun.revision} {(status.get('lastScanResult') or {}).get('tagCount') or 0} tags"
    if noun is kinds.IMAGE_POLICY:
        ref = status.get("latestRef") or {}
        return f"{noun.revision} {ref.get('name') or ''}:{ref.get('tag') or ''}"
    return f"{noun.revision}{colon} {revision_of(body)}"


def source_of(noun: Noun, body: Mapping[str, Any]) -> str:
    """`Kind/namespace/name` of an object's source, empty where it names none."""
    reference: Any = body
    for name in noun.source:
        reference = (reference or {}).get(name)
    if not reference or not noun.source:
        reference = (body.get("spec") or {}).get("chartRef")
    if not reference:
        return ""
    namespace = reference.get("namespace") or body["metadata"].get("namespace")
    return f"{reference.get('kind')}/{namespace}/{reference.get('name')}"


def ready_of(body: Mapping[str, Any], noun: Noun | None = None) -> tuple[str, str]:
    """(status, message) of an object's Ready."""
    found = find(body, READY)
    if found is not None:
        return str(found.get("status")), str(found.get("message") or "")
    return ("True", noun.ready) if noun is not None and noun.ready else ("False", WAITING)


def hold_of(body: Mapping[str, Any]) -> str:
    """Who put an object on hold, until when and why, in brackets; empty where nobody said."""
    notes = body["metadata"].get("annotations") or {}
    by, until, reason = (notes.get(key) for key in (keys.SUSPENDED_BY, keys.SUSPENDED_UNTIL, keys.SUSPENDED_REASON))
    if not (body.get("spec") or {}).get("suspend") or not (by or until or reason):
        return ""
    words = ["suspended", *([f"by {by}"] if by else []), *([f"until {until}"] if until else [])]
    return f"({' '.join(words)}{f': {reason}' if reason else ''})"


def is_suspended(body: Mapping[str, Any]) -> bool:
    """Whether an object is on hold: by its spec or, for an ArtifactGenerator, by an annotation."""
    if body.get("kind") == kinds.GENERATOR.kind:
        return str((body["metadata"].get("annotations") or {}).get(_RECONCILE)).lower() == "disabled"
    return bool((body.get("spec") or {}).get("suspend"))


def _of_images(status: Mapping[str, Any]) -> dict[str, str]:
    """The cells that only kinds for images have."""
    ref = status.get("latestRef") or {}
    return {
        kinds.IMAGE: str(ref.get("name") or ""),
        kinds.TAG: str(ref.get("tag") or ""),
        kinds.LAST_SCAN: str((status.get("lastScanResult") or {}).get("scanTime") or ""),
        kinds.LAST_RUN: str(status.get("lastAutomationRunTime") or ""),
    }


def row(noun: Noun, body: Mapping[str, Any], shape: Shape = PLAIN, prefix: str = "") -> list[str]:
    """The cells of one object."""
    status, message = ready_of(body, noun)
    hold, cut = hold_of(body), cut_hashes if noun.cuts_hashes else str
    cells = {
        kinds.REVISION: cut(revision_of(body)),
        kinds.SUSPENDED: str(is_suspended(body)),
        kinds.READY: status,
        kinds.MESSAGE: f"{cut(message)} {hold}" if hold else cut(message),
        kinds.SOURCE: source_of(noun, body),
        **_of_images(body.get("status") or {}),
    }
    front = [str(body["metadata"].get("namespace") or "")] if shape.with_namespace else []
    source = [source_of(noun, body)] if shape.with_source else []
    return [*front, prefix + str(body["metadata"]["name"]), *source, *(cells[column] for column in noun.columns)]


def header(noun: Noun, shape: Shape = PLAIN) -> list[str]:
    """The titles of the columns."""
    return [
        *(["NAMESPACE"] if shape.with_namespace else []), "NAME", *(["SOURCE"] if shape.with_source else []), *noun.columns
    ]  # fmt: skip


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], least: Sequence[int] = ()) -> str:
    """A table; no titles for one without header. A line break in a cell goes on in a row of its own.

    `least` are widths that the columns have at least.
    """
    lines = [line for cells in rows for line in _broken(cells)]
    every = [list(titles), *lines] if titles else lines
    widths = widths_of(every, least)
    printed = []
    for number, line in enumerate(every):
        text = "\t".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        # Flux's table writer ends the titles with a blank and every other row with a tab.
        printed.append(text + (" " if titles and not number else "\t"))
    return "".join(f"{line}\n" for line in printed)


def widths_of(lines: Sequence[Sequence[str]], least: Sequence[int] = ()) -> list[int]:
    """How wide each column is."""
    found = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))] if lines else []
    return [max(width, *least[at : at + 1]) if least else width for at, width in enumerate(found)]


def _broken(cells: Sequence[str]) -> list[list[str]]:
    parts = [cell.split("\n") for cell in cells]
    count = max(len(lines) for lines in parts)
    return [[lines[at] if at < len(lines) else "" for lines in parts] for at in range(count)]


def status_filter(text: str) -> tuple[str, bool, str]:
    """(condition type, whether it must be, status) of a selector `type=status`. Raises: SelectorError."""
    kind, equals, status = text.partition("!=") if "!=" in text else text.partition("=")
    if not equals:
        raise SelectorError(f"expected status selector in type=status or type!=status format, but found: {text}")
    return kind.strip().lower(), equals == "=", status.strip().lower()


def selected(body: Mapping[str, Any], wanted: tuple[str, bool, str], noun: Noun | None = None) -> bool:
    """Whether a condition of an object is as a selector says."""
    kind, must_be, status = wanted
    conditions = (body.get("status") or {}).get("conditions") or ()
    found = next((str(c.get("status")).lower() for c in conditions if str(c.get("type")).lower() == kind), "")
    if not found and noun is not None and noun.ready and kind == READY.lower():
        found = "true"
    return (found == status) == must_be if found else not must_be
