"""Words about an event: a status in Markdown, a reason as words.

Source: notification-controller's notifiers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from applier.agent.notification.event import Event


def status_text(event: Event) -> str:
    """An event as a section of Markdown, without the number of the change request."""
    sign = "⚠️" if event.is_error else "ℹ️"
    lines = "".join(
        f"* `{name}`: {value}\n" for name, value in sorted(event.metadata.items()) if name != "change_request"
    )
    subject = f"{event.kind}/{event.namespace}/{event.name}"
    return f"## Flux Status\n\n{sign} {subject}\n\n{event.message}\n\nMetadata:\n{lines}"


def words(reason: str) -> str:
    """A reason in lower-case words: `HealthCheckFailed` is `health check failed`."""
    runs: list[str] = []
    last = 0
    for char in reason:
        kind = _class(char)
        if kind == last:
            runs[-1] += char
        else:
            runs.append(char)
        last = kind
    for at in range(len(runs) - 1):  # an upper-case run gives its last letter to a lower-case run behind it
        if runs[at] and runs[at][0].isupper() and runs[at + 1][0].islower():
            runs[at], runs[at + 1] = runs[at][:-1], runs[at][-1] + runs[at + 1]
    return " ".join(run for run in runs if run).lower()


def _class(char: str) -> int:
    return 1 if char.islower() else 2 if char.isupper() else 3 if char.isdigit() else 4
