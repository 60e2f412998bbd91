"""What every operator's command shares: its line read, the cluster, objects by noun, and failures as one line.

Progress and errors go to standard error in Flux's signs, tables and YAML to standard output.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.runtime import durations
from applier.agent.runtime.writes import OwnWriter
from applier.cli.flags import FLUX_CONNECTION, HELP
from applier.cli.operate import kinds
from applier.cli.operate.words import ACTION, FAILURE, WARNING, StoppedError, say
from applier.cli.settings import check_choices, connection_choice
from applier.cluster import kubeconfig
from applier.cluster.api import Listing
from applier.cluster.cluster import connect
from applier.cluster.parallel import in_parallel
from applier.failures import ApplierError, ErrorClass
from applier.model.live import Absent
from applier.report.safe_text import line
from kbuild import KbuildError
from kbuild.cli.flags import BOOL, TEXT, Flag, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from applier.cli.operate.kinds import Noun
    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body

DEFAULT_NAMESPACE = "flux-system"
MANAGER = "flux"
TIMEOUT_TEXT = "5m"
AT_ONCE = 8
NAMESPACE = Flag(
    "namespace",
    TEXT,
    f"namespace of the objects (default $FLUX_SYSTEM_NAMESPACE, then {DEFAULT_NAMESPACE})",
    short="n",
    placeholder="NAMESPACE",
)
EVERYWHERE = Flag("all-namespaces", BOOL, "objects of all namespaces", short="A")
TIMEOUT = Flag(
    "timeout", TEXT, f"how long to wait for an end, or for one answer (default {TIMEOUT_TEXT})", placeholder="TIME"
)
EVERY = Flag("all", BOOL, "all objects of the namespace")
SELECTOR = Flag("label-selector", TEXT, "only objects with these labels", short="l", placeholder="SELECTOR")
VERBOSE = Flag("verbose", BOOL, "tell every request, without headers and bodies, on standard error")
FOLLOWS = Flag("ns-follows-kube-context", BOOL, "take the namespace of the kubeconfig's context where -n names none")
BASIC = (NAMESPACE, FOLLOWS, *FLUX_CONNECTION, VERBOSE, HELP)
SHARED = (TIMEOUT, *BASIC)
_SELECTOR_PROBLEM = "unable to parse requirement"
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_MISSING = frozenset({ErrorClass.KIND_MISSING, ErrorClass.NOT_FOUND})


@dataclass(slots=True)
class Call:
    """One command with its line read. Shape: `words` are the arguments behind the verb."""

    values: Mapping[str, Any]
    words: list[str]
    namespace: str
    _cluster: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster, connected to at its first use. Raises: ApplierError, StoppedError."""
        if self._cluster is None:
            self._cluster = connect(
                connection_choice(self.values), os.environ, trace=told if self.values.get("verbose") else None,
                answer_within_s=self.seconds("timeout", "0") if self.values.get("timeout") else 0.0,
            )  # fmt: skip
        return self._cluster

    @property
    def everywhere(self) -> bool:
        """Whether objects of all namespaces are meant."""
        return bool(self.values.get("all_namespaces"))

    @property
    def where(self) -> str:
        """The namespace as sentences name it."""
        return "any" if self.everywhere else f'"{self.namespace}"'

    def seconds(self, name: str, default: str) -> float:
        """A flag's time. Raises: StoppedError."""
        try:
            return durations.seconds(str(self.values.get(name) or default))
        except ValueError as problem:
            text, flag = self.values.get(name) or default, name.replace("_", "-")
            raise StoppedError(f'invalid argument "{text}" for "--{flag}" flag: {problem}') from None

    def elsewhere(self, namespace: str) -> Call:
        """The same call for objects of another namespace."""
        return Call(self.values, [], namespace, self.cluster)

    def get(self, noun: Noun, name: str) -> Body | None:
        """One object. Raises: ApplierError; StoppedError, where the kind is not installed."""
        try:
            found = self.cluster.reader.get(noun.collection._replace(namespace=self.namespace), name)
        except ApplierError as problem:
            if problem.error_class in _MISSING:
                raise missing_kind(self, noun) from None
            raise
        return None if isinstance(found, Absent) else found

    def need(self, noun: Noun, name: str) -> Body:
        """One object that must be there. Raises: StoppedError, ApplierError."""
        body = self.get(noun, name)
        if body is None:
            raise StoppedError(f'{noun.collection.plural}.{noun.collection.group} "{name}" not found')
        return body

    def objects(self, noun: Noun) -> list[Body]:
        """The objects of the namespace, or of all, by namespace and name. Raises: ApplierError; StoppedError, where the kind is not installed."""
        try:
            return _listed(self, noun)
        except ApplierError as problem:
            if problem.error_class in _MISSING:
                raise missing_kind(self, noun) from None
            text = str(self.values.get("label_selector") or "")
            if text and str(problem).startswith(_SELECTOR_PROBLEM):
                quoted = json.dumps(text, ensure_ascii=False)
                raise StoppedError(
                    f"unable to parse label selector: couldn't parse the selector string {quoted}: {problem}"
                ) from None
            raise

    def of_each(self, nouns: Sequence[Noun]) -> list[list[Body] | ApplierError | None]:
        """The objects of several kinds, asked for at the same time; None for those that are not installed."""

        def ask(noun: Noun) -> list[Body] | ApplierError | None:
            try:
                return _listed(self, noun)
            except ApplierError as problem:
                return None if problem.error_class in _MISSING else problem

        self._cluster = self.cluster  # connected once, before the threads
        return in_parallel([lambda noun=noun: ask(noun) for noun in nouns], AT_ONCE)  # type: ignore[misc]

    def change(self, noun: Noun, body: Body, change: Mapping[str, Any]) -> Body:
        """Merge into an object. Raises: ApplierError."""
        return OwnWriter(self.cluster.exchange, MANAGER).merge(noun.collection, body, change)

    def noun_and_names(self) -> tuple[Noun, list[str]]:
        """The noun at the start of the words, and the names behind it. Raises: StoppedError; HelpWantedError, without a word."""
        found = kinds.read_noun(self.words)
        if found is None:
            check_words(self.words)
            raise StoppedError(f"say of which kind: {kinds.nouns_text()}")
        return found


class HelpWantedError(Exception):
    """A line that names nothing to do: like Flux, the command shows its help."""


class MissingKindError(StoppedError):
    """A kind that is not installed: alone, or with all others of its version."""

    def __init__(self, noun: Noun, *, has_group: bool) -> None:
        version = f"{noun.collection.group}/{noun.collection.version}"
        super().__init__(
            f'no matches for kind "{noun.kind}" in version "{version}"'
            if has_group
            else f"unable to retrieve the complete list of server APIs: {version}: no matches for {version}, Resource="
        )


def check_words(words: Sequence[str]) -> None:
    """See that there is a whole noun. Raises: HelpWantedError."""
    if not words or (words[0] in kinds.GROUPS and not words[1:]):
        raise HelpWantedError


def missing_kind(call: Call, noun: Noun) -> MissingKindError:
    """The error for a kind that is not installed. Raises: ApplierError."""
    place = noun.collection
    has_group = any(
        kind.group == place.group and place.version in fact.versions
        for kind, fact in call.cluster.discovery().kinds.items()
    )
    return MissingKindError(noun, has_group=has_group)


def _listed(call: Call, noun: Noun) -> list[Body]:
    """Raises: ApplierError."""
    place = noun.collection._replace(namespace="" if call.everywhere else call.namespace)
    found = call.cluster.reader.list(place, selector=str(call.values.get("label_selector") or ""))
    assert isinstance(found, Listing)
    return sorted(found.bodies, key=_place)


def told(method: str, target: str, status: int, seconds: float) -> None:
    """One request, for a person who wants to see them."""
    say(ACTION, f"{method} {line(target)} {status or 'no answer'} {seconds * 1000:.0f}ms")


def _place(body: Body) -> tuple[str, str]:
    return str(body["metadata"].get("namespace")), str(body["metadata"]["name"])


def namespace_of(values: Mapping[str, Any]) -> str:
    """The namespace that a line means.

    Raises: StoppedError, for what is no name; ApplierError, where the kubeconfig is asked and cannot be read.
    """
    given = values.get("namespace")
    if not given and (values.get("ns_follows_kube_context") or os.environ.get("FLUX_NS_FOLLOWS_KUBE_CONTEXT")):
        given = kubeconfig.connect(connection_choice(values), os.environ).namespace
    named = str(given or _of_environment() or DEFAULT_NAMESPACE)
    if not _LABEL.fullmatch(named):
        raise StoppedError(f'namespace must be a valid DNS label: "{named}"')
    return named


def _of_environment() -> str:
    """The namespace that the environment names; what is no name is told and left out."""
    named = os.environ.get("FLUX_SYSTEM_NAMESPACE") or ""
    if named and not _LABEL.fullmatch(named):
        say(WARNING, f' ignoring invalid FLUX_SYSTEM_NAMESPACE: "{named}"')
        return ""
    return named


def guarded(
    name: str, argv: Sequence[str], flags: Sequence[Flag], command: Callable[[Call], int], *, failure: int = 1
) -> int:
    """Read the line and run; every failure is one line with Flux's sign, and the status `failure`."""
    try:
        values, words = parse(argv, flags, lambda note: say(ACTION, note))
        if values.get("help"):
            return _help(name)
        check_choices(values, flags)
        return command(Call(values, words, namespace_of(values)))
    except HelpWantedError:
        return _help(name)
    except (StoppedError, KbuildError, ApplierError) as problem:
        say(FAILURE, str(problem))
    return failure


def _help(name: str) -> int:
    from kbuild.cli.help import command_page

    print(command_page(name), end="")
    return 0
