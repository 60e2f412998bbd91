"""`kbuild debug kustomization|helmrelease NAME` and `kbuild envsubst`: what goes into a build, and what a substitution makes of a text."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from applier.agent.helm import values as release_values
from applier.agent.kustomization import variables
from applier.agent.kustomization.build import VariablesError
from applier.agent.kustomization.substitution import SubstitutionError, substitute
from applier.cli.operate import kinds
from applier.cli.operate.call import SHARED, Call, guarded
from applier.cli.operate.words import StoppedError
from applier.report import plain_yaml
from kbuild.cli.flags import BOOL, Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from applier.cli.operate.kinds import Noun
    from applier.model.ids import Body

FLAGS = (
    Flag("show-vars", BOOL, "of a Kustomization: the variables of post-build substitution, merged; values of Secrets are not hidden"),
    Flag("show-values", BOOL, "of a HelmRelease: the values, merged; those of Secrets are not hidden"),
    Flag("show-status", BOOL, "the status"),
    Flag("show-history", BOOL, "the history of its runs"),
    *SHARED,
)  # fmt: skip
ENVSUBST_FLAGS = (Flag("strict", BOOL, "variables without value and default are an error"), SHARED[-1])
_DOCUMENTATION = "https://fluxcd.io/flux/components"
_PAGES = {
    kinds.KUSTOMIZATION.kind: ("kustomize/kustomizations", "kustomization-status"),
    kinds.RELEASE.kind: ("helm/helmreleases", "helmrelease-status"),
}


def run(argv: Sequence[str]) -> int:
    """`kbuild debug kustomization NAME --show-vars|--show-status|--show-history`; a HelmRelease has --show-values."""
    return guarded("debug", argv, FLAGS, _debug)


def envsubst(argv: Sequence[str]) -> int:
    """`kbuild envsubst`: standard input with the environment's variables put in."""
    return guarded("envsubst", argv, ENVSUBST_FLAGS, _envsubst)


def _debug(call: Call) -> int:
    noun, names = call.noun_and_names()
    if noun not in kinds.APPLIERS:
        raise StoppedError("only a Kustomization or a HelmRelease can be debugged")
    if len(names) != 1:
        raise StoppedError(f"accepts 1 arg(s), received {len(names)}")
    own = "vars" if noun is kinds.KUSTOMIZATION else "values"
    parts = ("status", own, "history")
    chosen = [part for part in parts if call.values.get(f"show_{part}")]
    if len(chosen) != 1:
        raise StoppedError(f"exactly one of --show-status, --show-{own}, or --show-history must be set")
    rows = _SHOWN[chosen[0]](call, noun, call.need(noun, names[0]))
    sys.stdout.write("".join(f"{row}\n" for row in rows))
    return 0


def _status(_call: Call, noun: Noun, body: Body) -> list[str]:
    page, anchor = _PAGES[noun.kind]
    status = body.get("status") or {}
    return [
        f"# Status documentation: {_DOCUMENTATION}/{page}/#{anchor}",
        *(plain_yaml.lines(status) if status else ["{}"]),
    ]


def _history(_call: Call, noun: Noun, body: Body) -> list[str]:
    found = (body.get("status") or {}).get("history") or []
    page = _PAGES[noun.kind][0]
    return [
        f"# History documentation: {_DOCUMENTATION}/{page}/#history",
        *(plain_yaml.lines(found) if found else ["[]"]),
    ]


def _vars(call: Call, _noun: Noun, body: Body) -> list[str]:
    """Raises: StoppedError."""
    try:
        found = variables.read(call.cluster.reader, call.namespace, body.get("spec") or {}, set())
    except VariablesError as problem:
        raise StoppedError(str(problem)) from None
    return [f"{name}={value}" for name, value in sorted(found.items())]


def _values(call: Call, _noun: Noun, body: Body) -> list[str]:
    """Raises: StoppedError."""
    try:
        found = release_values.read(call.cluster.reader, call.namespace, body.get("spec") or {}, set())
    except release_values.ValuesError as problem:
        raise StoppedError(str(problem)) from None
    return plain_yaml.lines(found) if found else ["{}"]


_SHOWN: Mapping[str, Callable[[Call, Noun, Body], list[str]]] = {
    "status": _status, "history": _history, "vars": _vars, "values": _values,
}  # fmt: skip


def _envsubst(call: Call) -> int:
    if call.words:
        raise StoppedError(f"unexpected argument: {call.words[0]}")
    try:
        sys.stdout.write(substitute(sys.stdin.read(), os.environ, is_strict=bool(call.values.get("strict"))))
    except SubstitutionError as problem:
        raise StoppedError(str(problem)) from None
    except UnicodeDecodeError:
        raise StoppedError("standard input is no UTF-8") from None
    return 0
