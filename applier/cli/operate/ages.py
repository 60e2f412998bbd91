"""How long ago something was, in the few letters of Kubernetes' tables. Source: apimachinery `duration.HumanDuration`."""

from __future__ import annotations

from datetime import datetime

UNKNOWN = "<unknown>"


def moment_of(text: str) -> float | None:
    """Seconds since 1970 of a time in RFC 3339, with or without parts of a second; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo is None else found.timestamp()


def age(text: str, now: float) -> str:
    """The time since a moment."""
    then = moment_of(text)
    return UNKNOWN if then is None else human(now - then)


def human(seconds: float) -> str:
    """A length of time: the larger it is, the fewer details. Units: seconds."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole <= 0:
        return "0s"
    minutes, hours = whole // 60, whole // 3600
    days, years = hours // 24, hours // 24 // 365
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 24 * 8:
        return _pair(days, "d", hours % 24, "h")
    if hours < 24 * 365 * 2:
        return f"{days}d"
    if hours < 24 * 365 * 8:
        return _pair(years, "y", days % 365, "d")
    return f"{years}y"


def _pair(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large}{unit}{small}{small_unit}" if small else f"{large}{unit}"
