"""`kbuild get|suspend|resume|reconcile`: the words, columns, signs and exit statuses of Flux' commands.

Where Flux waits for the whole time-out although the run has failed, these say the Ready message and end.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.runtime import durations
from applier.agent.runtime.conditions import TRUE
from applier.agent.runtime.kinds import REQUESTED_AT
from applier.agent.runtime.reconciling import generation, observed
from applier.agent.runtime.writes import OwnWriter
from applier.cli.flags import CONNECTION, HELP
from applier.cli.operate import kinds, tables
from applier.cli.operate.words import ACTION, FAILURE, SUCCESS, WAITING, StoppedError, say
from applier.cli.settings import connection_choice
from applier.cluster.api import Listing
from applier.cluster.cluster import connect
from applier.failures import ApplierError, ErrorClass
from applier.model.live import Absent
from kbuild import KbuildError
from kbuild.cli.flags import BOOL, TEXT, Flag, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from applier.cli.operate.kinds import Noun
    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body

DEFAULT_NAMESPACE = "flux-system"
MANAGER = "flux"
POLL_S = 0.3
NAMESPACE = Flag(
    "namespace",
    TEXT,
    f"namespace of the objects (default $FLUX_SYSTEM_NAMESPACE, then {DEFAULT_NAMESPACE})",
    short="n",
    placeholder="NAMESPACE",
)
EVERYWHERE = Flag("all-namespaces", BOOL, "objects of all namespaces", short="A")
TIMEOUT = Flag("timeout", TEXT, "how long to wait (default 5m)", placeholder="TIME")
EVERY = Flag("all", BOOL, "all objects of the namespace")
GET_FLAGS = (
    NAMESPACE,
    EVERYWHERE,
    Flag("label-selector", TEXT, "only objects with these labels", short="l", placeholder="SELECTOR"),
    Flag("status-selector", TEXT, "only objects with a condition, such as ready=false", placeholder="TYPE=STATUS"),
    Flag("no-header", BOOL, "no titles above the columns"),
    Flag("show-source", BOOL, "name the source of each object"),
    *CONNECTION,
    HELP,
)  # fmt: skip
TOGGLE_FLAGS = (NAMESPACE, EVERY, TIMEOUT, *CONNECTION, HELP)
RECONCILE_FLAGS = (NAMESPACE, TIMEOUT, Flag("with-source", BOOL, "the source first"), *CONNECTION, HELP)


@dataclass(slots=True)
class Call:
    """One command with its line read. Shape: `words` are the arguments behind the verb."""

    values: Mapping[str, Any]
    words: list[str]
    cluster: Cluster
    namespace: str

    @property
    def timeout_s(self) -> float:
        """How long to wait, in seconds. Raises: StoppedError."""
        try:
            return durations.seconds(str(self.values.get("timeout") or "5m"))
        except ValueError as problem:
            raise StoppedError(str(problem)) from None

    def get(self, noun: Noun, name: str) -> Body | None:
        """One object. Raises: ApplierError."""
        found = self.cluster.reader.get(noun.collection._replace(namespace=self.namespace), name)
        return None if isinstance(found, Absent) else found

    def list(self, noun: Noun) -> list[Body]:
        """The objects of the namespace, or of all. Raises: ApplierError."""
        everywhere = bool(self.values.get("all_namespaces"))
        place = noun.collection._replace(namespace="" if everywhere else self.namespace)
        found = self.cluster.reader.list(place, selector=str(self.values.get("label_selector") or ""))
        assert isinstance(found, Listing)
        return sorted(
            found.bodies, key=lambda body: (str(body["metadata"].get("namespace")), str(body["metadata"]["name"]))
        )

    def change(self, noun: Noun, body: Body, change: Mapping[str, Any]) -> Body:
        """Merge into an object. Raises: ApplierError."""
        return OwnWriter(self.cluster.exchange, MANAGER).merge(noun.collection, body, change)


def guarded(name: str, argv: Sequence[str], flags: Sequence[Flag], command: Callable[[Call], int]) -> int:
    """Read the line, connect, run; every failure is one line with Flux's sign, and status 1."""
    try:
        values, words = parse(argv, flags, lambda line: say(ACTION, line))
        if values.get("help"):
            from kbuild.cli.help import command_page

            print(command_page(name), end="")
            return 0
        namespace = str(values.get("namespace") or os.environ.get("FLUX_SYSTEM_NAMESPACE") or DEFAULT_NAMESPACE)
        cluster = connect(connection_choice(values), os.environ)
        return command(Call(values, words, cluster, namespace))
    except (StoppedError, KbuildError, tables.SelectorError) as problem:
        say(FAILURE, str(problem))
    except ApplierError as problem:
        say(FAILURE, str(problem))
    return 1


def get(argv: Sequence[str]) -> int:
    """`kbuild get sources git|kustomizations|all [NAME]`."""
    return guarded("get", argv, GET_FLAGS, _get)


def _get(call: Call) -> int:
    if call.words in ([kinds.ALL], ["sources", kinds.ALL]):
        nouns = [kinds.GIT] if len(call.words) > 1 else [kinds.GIT, kinds.KUSTOMIZATION]
        for noun in nouns:
            bodies = _kept(call, _list_or_nothing(call, noun))
            if bodies:
                sys.stdout.write(_table(call, bodies, f"{noun.kind.lower()}/") + "\n")
        return 0
    found = kinds.read_noun(call.words)
    if found is None:
        raise StoppedError("say what to get: sources git, kustomizations or all")
    noun, names = found
    bodies = call.list(noun)
    if names:
        bodies = [body for body in bodies if body["metadata"]["name"] == names[0]]
        if not bodies:
            raise StoppedError(f"{noun.kind} object '{names[0]}' not found in \"{call.namespace}\" namespace")
    if not bodies:
        raise StoppedError(f'no {noun.kind} objects found in "{call.namespace}" namespace')
    sys.stdout.write(_table(call, _kept(call, bodies), ""))
    return 0


def _list_or_nothing(call: Call, noun: Noun) -> list[Body]:
    """The objects of a kind, none where it is not installed. Raises: ApplierError."""
    try:
        return call.list(noun)
    except ApplierError as problem:
        if problem.error_class in (ErrorClass.KIND_MISSING, ErrorClass.NOT_FOUND):
            return []
        raise


def _kept(call: Call, bodies: list[Body]) -> list[Body]:
    text = call.values.get("status_selector")
    if not text:
        return bodies
    wanted = tables.status_filter(str(text))
    return [body for body in bodies if tables.selected(body, wanted)]


def _table(call: Call, bodies: list[Body], prefix: str) -> str:
    shape = {
        "with_namespace": bool(call.values.get("all_namespaces")),
        "with_source": bool(call.values.get("show_source"))
        and all("sourceRef" in (b.get("spec") or {}) for b in bodies),
    }
    rows = [tables.row(body, name=f"{prefix}{body['metadata']['name']}", **shape) for body in bodies]
    return tables.table([] if call.values.get("no_header") else tables.header(**shape), rows)


def suspend(argv: Sequence[str]) -> int:
    """`kbuild suspend kustomization|source git NAME…`."""
    return guarded("suspend", argv, TOGGLE_FLAGS, lambda call: _toggle(call, suspend=True))


def resume(argv: Sequence[str]) -> int:
    """`kbuild resume kustomization|source git NAME…`."""
    return guarded("resume", argv, TOGGLE_FLAGS, lambda call: _toggle(call, suspend=False))


def _toggle(call: Call, *, suspend: bool) -> int:
    noun, names = _noun_and_names(call)
    if call.values.get("all"):
        names = [str(body["metadata"]["name"]) for body in call.list(noun)]
    status = 0
    for name in names:
        body = call.get(noun, name)
        if body is None:
            sentence = f"{noun.kind} {name} not found" if suspend else f"{noun.kind} object '{name}' not found"
            say(FAILURE, f"{sentence} in {call.namespace} namespace")
            continue
        verb = "suspending" if suspend else "resuming"
        say(ACTION, f"{verb} {noun.human} {name} in {call.namespace} namespace")
        body = call.change(noun, body, {"spec": {"suspend": suspend or None}})
        say(SUCCESS, f"{noun.human} {'suspended' if suspend else 'resumed'}")
        if not suspend and len(names) == 1:
            status = _wait_for_resumed(call, noun, body)
    return status


def _wait_for_resumed(call: Call, noun: Noun, body: Body) -> int:
    say(WAITING, f"waiting for {noun.kind} reconciliation")
    live = _wait(call, noun, body, lambda found: observed(found) >= generation(body))
    say(SUCCESS, f"{noun.kind} {body['metadata']['name']} reconciliation completed")
    say(SUCCESS, f"{noun.revision} {tables.revision_of(live)}")
    return 0


def reconcile(argv: Sequence[str]) -> int:
    """`kbuild reconcile kustomization|source git NAME`."""
    return guarded("reconcile", argv, RECONCILE_FLAGS, _reconcile)


def _reconcile(call: Call) -> int:
    noun, names = _noun_and_names(call)
    if len(names) != 1:
        raise StoppedError(f"{noun.kind} name is required")
    body = _running(call, noun, names[0])
    if call.values.get("with_source") and noun is kinds.KUSTOMIZATION:
        reference = (body.get("spec") or {}).get("sourceRef") or {}
        if reference.get("kind") == kinds.GIT.kind:
            own = Call(call.values, [], call.cluster, str(reference.get("namespace") or call.namespace))
            _run_now(own, kinds.GIT, _running(own, kinds.GIT, str(reference["name"])))
    _run_now(call, noun, body)
    return 0


def _running(call: Call, noun: Noun, name: str) -> Body:
    """An object that is not suspended. Raises: StoppedError."""
    body = call.get(noun, name)
    if body is None:
        raise StoppedError(f'{noun.collection.plural}.{noun.collection.group} "{name}" not found')
    if (body.get("spec") or {}).get("suspend"):
        raise StoppedError("resource is suspended")
    return body


def _run_now(call: Call, noun: Noun, body: Body) -> None:
    """Ask for a run and wait for its end. Raises: StoppedError, with the Ready message of one that failed."""
    name = body["metadata"]["name"]
    say(ACTION, f"annotating {noun.kind} {name} in {call.namespace} namespace")
    token = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime()) + f".{time.time_ns() % 10**9:09d}" + _zone()
    call.change(noun, body, {"metadata": {"annotations": {REQUESTED_AT: token}}})
    say(SUCCESS, f"{noun.kind} annotated")
    say(WAITING, f"waiting for {noun.kind} reconciliation")
    live = _wait(call, noun, body, lambda found: (found.get("status") or {}).get("lastHandledReconcileAt") == token)
    say(SUCCESS, f"{noun.revision} {tables.revision_of(live)}")


def _zone() -> str:
    text = time.strftime("%z")
    return "Z" if text == "+0000" else f"{text[:3]}:{text[3:]}"


def _wait(call: Call, noun: Noun, body: Body, handled: Callable[[Body], bool]) -> Body:
    """Wait until a run was handled; its Ready must be True then. Raises: StoppedError."""
    deadline = time.monotonic() + call.timeout_s
    while True:
        live = call.get(noun, str(body["metadata"]["name"]))
        if live is None:
            raise StoppedError(f"{noun.kind} {body['metadata']['name']} was deleted meanwhile")
        if handled(live):
            status, message = tables.ready_of(live)
            if status == TRUE:
                return live
            if status != "Unknown":
                raise StoppedError(message)
        if time.monotonic() >= deadline:
            raise StoppedError("context deadline exceeded")
        time.sleep(POLL_S)


def _noun_and_names(call: Call) -> tuple[Noun, list[str]]:
    """Raises: StoppedError."""
    found = kinds.read_noun(call.words)
    if found is None or not (found[1] or call.values.get("all")):
        raise StoppedError("say which: kustomization NAME, or source git NAME")
    return found
