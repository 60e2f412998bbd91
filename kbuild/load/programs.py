"""What Go's standard library says about programs that end badly or take too long."""

from __future__ import annotations


def exit_text(status: int) -> str:
    """How a program ended, as Go words it; `""` for well. A negative status is a signal's number."""
    if status < 0:
        import signal

        name = signal.strsignal(-status) or f"signal {-status}"
        return f"signal: {name.lower()}"
    return f"exit status {status}" if status else ""


def duration_text(seconds: float) -> str:
    """Seconds as Go prints a duration: `27s`, `1m1s`, `500ms`."""
    if seconds < 1:
        for unit, factor in (("ms", 1e3), ("µs", 1e6), ("ns", 1e9)):
            if seconds * factor >= 1:
                return f"{_short(seconds * factor)}{unit}"
        return "0s"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{int(hours)}h" if hours else ""
    text += f"{int(minutes)}m" if hours or minutes else ""
    return f"{text}{_short(rest)}s"


def _short(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".")
