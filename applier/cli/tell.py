"""How a run is told: live on a terminal, a line for each change elsewhere, or as data.

Data goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from applier.cli.output import Output
from applier.report.safe_text import line as safe_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from applier.cli.live import Live
    from applier.cli.settings import Settings
    from applier.cluster.cluster import Cluster
    from applier.flow import Prepared
    from applier.model.changes import ChangeSet
    from applier.model.events import Event
    from applier.report.log_text import LogText

TABLE, LOG, JSON, EVENTS, NAME, YAML, PLAN = "table", "log", "json", "events", "name", "yaml", "plan"


class Teller:
    """Tells one run in one form. A context: leaving it takes the live region away."""

    def __init__(self, form: str, *, verbose: bool = False) -> None:
        self.form, self.verbose = form, verbose
        self.out, self.error = Output(1), Output(2)
        self.colour = self.error.is_terminal and not os.environ.get("NO_COLOR")
        self._log: LogText | None = None
        self._live: Live | None = None
        self._introduced = self._began = False

    def __enter__(self) -> Self:
        if self.error.is_terminal and self.form not in (LOG, EVENTS):
            self._go_live()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _go_live(self) -> None:
        from applier.cli.live import Live

        self._live = Live(2, colour=self.colour)
        self._live.start()

    def introduce(self, prepared: Prepared, cluster: Cluster) -> None:
        """Say which cluster it is, before a first apply to a terminal."""
        if self._introduced or not self.error.is_terminal or prepared.plan.stored is not None:
            return
        self._introduced = True
        self.note(f"first apply of {prepared.plan.ref}: {len(prepared.plan.steps)} objects to {cluster.name}")

    def take(self, event: Event) -> None:
        """An event of the run."""
        if self._live is not None:
            self._live.take(event)
        if self.form == EVENTS:
            self._event_line(event)
        elif self.form == LOG:
            self._log_line(event)
        else:
            self._warn(event)

    def _log_line(self, event: Event) -> None:
        if self._log is None:
            from applier.report.log_text import LogText

            self._log = LogText(show_unchanged=self.verbose)
        text = self._log.line(event)
        if text is not None:
            self.out.line(text)

    def _warn(self, event: Event) -> None:
        from applier.model.events import Warned

        if isinstance(event, Warned):
            self.note(f"warning: {event.message}")

    def _event_line(self, event: Event) -> None:
        from applier.report.run_json import event_line, schema_line

        if not self._began:
            self._began = True
            self.out.line(schema_line())
        self.out.line(event_line(event))

    def note(self, text: str) -> None:
        """A line for a person."""
        if self._live is not None:
            self._live.above(text)
        else:
            self.error.line(safe_line(text))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While a person is asked."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        yield
        if live is not None:
            self._go_live()

    def finish(self, changes: ChangeSet) -> None:
        """What is told when the run has ended."""
        if self.form in (JSON, YAML):
            self.out.write(as_document(changes, self.form))
        elif self.form == NAME:
            from applier.report.table_text import names_text

            self.out.write("".join(f"{text}\n" for text in names_text(changes)))
        elif self.form == TABLE:
            from applier.report.table_text import table_text

            width = os.get_terminal_size(1).columns if self.out.is_terminal else 120
            rows = table_text(changes, width=max(width, 40), show_unchanged=self.verbose)
            self.out.write("".join(f"{text}\n" for text in rows))


def as_document(changes: ChangeSet, form: str) -> str:
    """A run as JSON or YAML."""
    from applier.report.run_json import changes_document, changes_json

    if form == JSON:
        return changes_json(changes) + "\n"
    import kbuild

    return kbuild.to_yaml([changes_document(changes)])


def teller_for(settings: Settings) -> Teller:
    """The teller that the flags ask for."""
    form = settings.text("output") or (TABLE if Output(1).is_terminal else LOG)
    return Teller(form, verbose=settings.is_set("verbose"))
