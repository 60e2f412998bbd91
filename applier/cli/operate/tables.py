"""Objects as tables: columns padded and joined by tabs, hashes cut, lines of a message on rows of their own.

Source: flux2 v2.9, its printed tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.conditions import READY, find
from applier.agent.runtime.kinds import GIT_REPOSITORIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HASH = re.compile(r"[0-9a-f]{40,128}")
_SHORT = 8
WAITING = "waiting to be reconciled"


class SelectorError(ValueError):
    """A status selector that cannot be read: the sentence."""


def cut_hashes(text: str) -> str:
    """A text with every long hash cut to eight digits."""
    return _HASH.sub(lambda found: found[0][:_SHORT], text)


def revision_of(body: Mapping[str, Any]) -> str:
    """The revision of a source's artifact, or the one that was applied."""
    status = body.get("status") or {}
    if body.get("kind") == GIT_REPOSITORIES.kind:
        return str((status.get("artifact") or {}).get("revision") or "")
    return str(status.get("lastAppliedRevision") or "")


def source_of(body: Mapping[str, Any]) -> str:
    """`Kind/namespace/name` of an object's source."""
    reference = (body.get("spec") or {}).get("sourceRef") or {}
    namespace = reference.get("namespace") or body["metadata"].get("namespace")
    return f"{reference.get('kind')}/{namespace}/{reference.get('name')}"


def ready_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """(status, message) of an object's Ready."""
    found = find(body, READY)
    return ("False", WAITING) if found is None else (str(found.get("status")), str(found.get("message") or ""))


def row(body: Mapping[str, Any], *, name: str, with_namespace: bool, with_source: bool) -> list[str]:
    """The cells of one object."""
    status, message = ready_of(body)
    suspended = str(bool((body.get("spec") or {}).get("suspend")))
    cells = [name, *([source_of(body)] if with_source else []), cut_hashes(revision_of(body)), suspended, status]
    front = [str(body["metadata"].get("namespace") or "")] if with_namespace else []
    return [*front, *cells, cut_hashes(message)]


def header(*, with_namespace: bool, with_source: bool) -> list[str]:
    """The titles of the columns."""
    titles = ["NAME", *(["SOURCE"] if with_source else []), "REVISION", "SUSPENDED", "READY", "MESSAGE"]
    return [*(["NAMESPACE"] if with_namespace else []), *titles]


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; no titles for one without header. A line break in a cell goes on in a row of its own."""
    lines = [line for cells in rows for line in _broken(cells)]
    every = [list(titles), *lines] if titles else lines
    widths = [max(len(line[at]) for line in every) for at in range(len(every[0]))] if every else []
    printed = []
    for number, line in enumerate(every):
        text = "\t".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        printed.append(text if titles and not number else text + "\t")
    return "".join(f"{line}\n" for line in printed)


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


def selected(body: Mapping[str, Any], wanted: tuple[str, bool, str]) -> bool:
    """Whether a condition of an object is as a selector says."""
    kind, must_be, status = wanted
    conditions = (body.get("status") or {}).get("conditions") or ()
    found = next((str(c.get("status")).lower() for c in conditions if str(c.get("type")).lower() == kind), "")
    return (found == status) == must_be if found else not must_be
