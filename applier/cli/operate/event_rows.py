"""Core events as rows: which are shown, when they were last seen, in which order.

Source: flux2 v2.9 `events`, kubectl `events`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.cli.operate import ages, kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TITLES = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")
TYPES = ("Normal", "Warning")


def header(*, with_namespace: bool) -> list[str]:
    """The titles of the columns."""
    return [*(["NAMESPACE"] if with_namespace else []), *TITLES]


def is_shown(event: Mapping[str, Any], types: Iterable[str]) -> bool:
    """Whether an event is about one of Flux's kinds and of one of the types, none for any."""
    wanted = [one.lower() for one in types]
    kind = str((event.get("involvedObject") or {}).get("kind") or "")
    return kinds.of_kind(kind) is not None and (not wanted or str(event.get("type")).lower() in wanted)


def seen(event: Mapping[str, Any]) -> float:
    """When an event was last seen, in seconds since 1970."""
    series = event.get("series") or {}
    text = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return ages.moment_of(str(text or "")) or 0.0


def last_seen(event: Mapping[str, Any], now: float) -> str:
    """`9m34s`, or `7m59s (x5 over 8m21s)`."""
    first = ages.age(str(event.get("eventTime") or event.get("firstTimestamp") or ""), now)
    series = event.get("series")
    if series:
        return f"{ages.age(str(series.get('lastObservedTime') or ''), now)} (x{series.get('count')} over {first})"
    count = int(event.get("count") or 0)
    return f"{ages.age(str(event.get('lastTimestamp') or ''), now)} (x{count} over {first})" if count > 1 else first


def row(event: Mapping[str, Any], now: float, *, with_namespace: bool) -> list[str]:
    """The cells of one event."""
    subject = event.get("involvedObject") or {}
    front = [str(event["metadata"].get("namespace") or "")] if with_namespace else []
    name = f"{subject.get('kind')}/{subject.get('name')}"
    return [
        *front, last_seen(event, now), str(event.get("type") or ""), str(event.get("reason") or ""), name,
        str(event.get("message") or ""),
    ]  # fmt: skip


def rows(
    events: Sequence[Mapping[str, Any]], types: Iterable[str], now: float, *, with_namespace: bool
) -> list[list[str]]:
    """The rows of all events that are shown, the oldest first."""
    wanted = tuple(types)
    shown = sorted((event for event in events if is_shown(event, wanted)), key=seen)
    return [row(event, now, with_namespace=with_namespace) for event in shown]
