"""`kbuild events`: what happened to the agent's resources, once or as it happens."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.events import EVENTS
from applier.cli.operate import event_rows, kinds, tables, watching
from applier.cli.operate.call import BASIC, EVERYWHERE, Call, guarded
from applier.cli.operate.words import FAILURE, StoppedError, say
from applier.cluster.api import Listing
from kbuild.cli.flags import BOOL, LIST, TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.model.ids import Body

FLAGS = (
    EVERYWHERE,
    Flag("for", TEXT, "events of one object and its source (Kustomization/web), or of a kind", placeholder="KIND[/NAME]"),
    Flag("types", LIST, "only Normal, or only Warning (repeatable, or comma-separated)", placeholder="TYPE"),
    Flag("watch", BOOL, "go on and show what happens", short="w"),
    Flag("no-header", BOOL, "no titles above the columns"),
    Flag("output", TEXT, "'json': the events themselves, for scripts", short="o", placeholder="FORM", choices=("json",)),
    Flag("timeout", TEXT, "with --watch, how long to go on (default: until stopped)", placeholder="TIME"),
    *BASIC,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose events are shown: those of a kind, of a name where one is given, in a namespace (empty: any)."""

    kind: str
    name: str
    namespace: str

    def holds(self, event: Body) -> bool:
        """Whether an event is about it."""
        subject = event.get("involvedObject") or {}
        place = subject.get("namespace") or event["metadata"].get("namespace")
        return (
            subject.get("kind") == self.kind
            and self.name in ("", subject.get("name"))
            and self.namespace in ("", place)
        )


def run(argv: Sequence[str]) -> int:
    """`kbuild events [--for KIND/NAME]`."""
    return guarded("events", argv, FLAGS, _events)


def _events(call: Call) -> int:
    if call.words:
        raise StoppedError(f"unexpected argument: {call.words[0]}")
    types = _types(call)
    wanted = _wanted(call)
    spaces = list(dict.fromkeys(one.namespace for one in wanted)) or ["" if call.everywhere else call.namespace]
    with_namespace = call.everywhere or any(space != call.namespace for space in spaces)
    if call.values.get("watch"):
        _watch(call, wanted, types, everywhere=len(spaces) > 1 or with_namespace)
        return 0
    events = [event for space in spaces for event in _list(call, space)]
    kept = [event for event in events if not wanted or any(one.holds(event) for one in wanted)]
    if call.values.get("output"):
        shown = sorted((event for event in kept if event_rows.is_shown(event, types)), key=event_rows.seen)
        print(json.dumps({"apiVersion": "v1", "kind": "List", "items": shown}, indent=2, ensure_ascii=False))
        return 0
    rows = event_rows.rows(kept, types, time.time(), with_namespace=with_namespace)
    if not rows:
        say(FAILURE, "No events found." if call.everywhere else f"No events found in {call.namespace} namespace.")
        return 0
    titles = [] if call.values.get("no_header") else event_rows.header(with_namespace=with_namespace)
    sys.stdout.write(tables.table(titles, rows))
    return 0


def _types(call: Call) -> list[str]:
    """The types to show, none for all. Raises: StoppedError."""
    found = [word for text in call.values.get("types") or () for word in str(text).split(",") if word]
    for word in found:
        if word.lower() not in [one.lower() for one in event_rows.TYPES]:
            raise StoppedError(f"type '{word}' not supported. Supported types are {', '.join(event_rows.TYPES)}")
    return found


def _wanted(call: Call) -> list[Wanted]:
    """What `--for` means: the object, and behind it its source. Raises: StoppedError, ApplierError."""
    text = str(call.values.get("for") or "")
    if not text:
        return []
    kind, _, name = text.partition("/")
    if not kind:
        raise StoppedError("--for selector must be of format <kind>[/<name>]")
    noun = kinds.of_kind(kind)
    if noun is None:
        raise StoppedError(f"'{kind}' is not a recognized Flux kind")
    own = Wanted(noun.kind, name, "" if call.everywhere else call.namespace)
    if not name or call.everywhere:
        return [own]
    body = call.need(noun, name)
    return [own, *_sources(body, noun, call.namespace)]


def _sources(body: Body, noun: kinds.Noun, namespace: str) -> list[Wanted]:
    """What an object is made from: its source; of a release also its chart; of an alert its provider."""
    if noun is kinds.ALERT:
        return [Wanted(kinds.PROVIDER.kind, str(body["spec"]["providerRef"]["name"]), namespace)]
    found = []
    kind, _, rest = tables.source_of(noun, body).partition("/")
    if kind:
        place, _, name = rest.partition("/")
        found.append(Wanted(kind, name, place))
    if noun is kinds.RELEASE and kind:
        found.append(Wanted(kinds.CHART.kind, f"{namespace}-{body['metadata']['name']}", found[0].namespace))
    return found


def _list(call: Call, namespace: str) -> list[Body]:
    """The events of a namespace, empty for all. Raises: ApplierError."""
    found = call.cluster.reader.list(EVENTS._replace(namespace=namespace))
    assert isinstance(found, Listing)
    return list(found.bodies)


def _watch(call: Call, wanted: list[Wanted], types: list[str], *, everywhere: bool) -> None:
    """A row for every event, those that are there first. Raises: StoppedError, ApplierError."""
    values: dict[str, Any] = {**call.values, "all_namespaces": everywhere}
    whole = Call(values, [], call.namespace, call.cluster)
    is_first = not call.values.get("no_header")
    for event in watching.changes(whole, EVENTS):
        if not event_rows.is_shown(event, types) or (wanted and not any(one.holds(event) for one in wanted)):
            continue
        cells = event_rows.row(event, time.time(), with_namespace=everywhere)
        sys.stdout.write(tables.table(event_rows.header(with_namespace=everywhere) if is_first else [], [cells]))
        sys.stdout.flush()
        is_first = False
