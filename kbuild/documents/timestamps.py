"""YAML timestamps: the four forms that the reference reads as dates, and the text it prints for them.

Source: go.yaml.in/yaml v3.0.3 `allowedTimestampFormats`; Go `time.Parse`; RFC 3339 with nanoseconds.
"""

from __future__ import annotations

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse(text: str) -> str | None:
    """The RFC 3339 text of a timestamp, or None. Units: fractions of up to nine digits are kept."""
    year = text[:4]
    month, rest = _number(text[5:])
    if month is None or not rest.startswith("-"):
        return None
    day, rest = _number(rest[1:])
    if day is None or not 1 <= month <= 12 or not 1 <= day <= _last_day(int(year), month):
        return None
    date = f"{year}-{month:02d}-{day:02d}"
    if not rest:
        return f"{date}T00:00:00Z"
    zoned = rest[0] in "Tt"
    if not zoned and rest[0] != " ":
        return None
    # Go lets one space of a layout stand for any number of them.
    clock = _clock(rest[1:] if zoned else rest.lstrip(" "))
    if clock is None:
        return None
    time, rest = clock
    zone = _zone(rest) if zoned else ("Z" if not rest else None)
    return None if zone is None else f"{date}T{time}{zone}"


def _number(text: str) -> tuple[int | None, str]:
    """One or two digits at the start, and what follows."""
    count = 0
    while count < 2 and count < len(text) and text[count] in "0123456789":
        count += 1
    return (int(text[:count]), text[count:]) if count else (None, text)


def _last_day(year: int, month: int) -> int:
    leap = month == 2 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    return 29 if leap else _DAYS[month - 1]


def _clock(text: str) -> tuple[str, str] | None:
    """`hh:mm:ss[.fraction]` normalised, and what follows."""
    hour, text = _number(text)
    if hour is None or hour > 23 or not text.startswith(":"):
        return None
    minute, text = _number(text[1:])
    if minute is None or minute > 59 or not text.startswith(":"):
        return None
    second, text = _number(text[1:])
    if second is None or second > 59:
        return None
    fraction = ""
    if text[:1] in (".", ",") and text[1:2] and text[1] in "0123456789":
        end = 1
        while end < len(text) and text[end] in "0123456789":
            end += 1
        fraction, text = text[1:end][:9].rstrip("0"), text[end:]
    tail = f".{fraction}" if fraction else ""
    return f"{hour:02d}:{minute:02d}:{second:02d}{tail}", text


def _zone(text: str) -> str | None:
    """`Z` or `±hh:mm`, normalised."""
    if text == "Z":
        return "Z"
    if len(text) != 6 or text[0] not in "+-" or text[3] != ":":
        return None
    hours, minutes = text[1:3], text[4:6]
    if not (hours + minutes).isdigit() or int(hours) > 24 or int(minutes) > 60:
        return None
    total = int(hours) * 60 + int(minutes)
    return f"{text[0]}{total // 60:02d}:{total % 60:02d}" if total else "Z"
