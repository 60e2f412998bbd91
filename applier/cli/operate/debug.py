"""`kbuild debug kustomization NAME` and `kbuild envsubst`: what a substitution works with, and what it makes of a text."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from applier.agent.kustomization import variables
from applier.agent.kustomization.build import VariablesError
from applier.agent.kustomization.substitution import SubstitutionError, substitute
from applier.cli.operate import kinds
from applier.cli.operate.call import SHARED, Call, guarded
from applier.cli.operate.words import StoppedError
from applier.report import plain_yaml
from kbuild.cli.flags import BOOL, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = (
    Flag("show-vars", BOOL, "the variables of post-build substitution, merged; values of Secrets are not hidden"),
    Flag("show-status", BOOL, "the status"),
    *SHARED,
)
ENVSUBST_FLAGS = (Flag("strict", BOOL, "variables without value and default are an error"), SHARED[-1])
_DOCUMENTATION = "https://fluxcd.io/flux/components/kustomize/kustomizations/#kustomization-status"


def run(argv: Sequence[str]) -> int:
    """`kbuild debug kustomization NAME --show-vars|--show-status`."""
    return guarded("debug", argv, FLAGS, _debug)


def envsubst(argv: Sequence[str]) -> int:
    """`kbuild envsubst`: standard input with the environment's variables put in."""
    return guarded("envsubst", argv, ENVSUBST_FLAGS, _envsubst)


def _debug(call: Call) -> int:
    noun, names = call.noun_and_names()
    if noun is not kinds.KUSTOMIZATION:
        raise StoppedError("only a Kustomization has variables: kbuild debug kustomization NAME")
    if len(names) != 1:
        raise StoppedError("kustomization name is required")
    if bool(call.values.get("show_vars")) == bool(call.values.get("show_status")):
        raise StoppedError("either --show-status or --show-vars must be set")
    body = call.need(noun, names[0])
    if call.values.get("show_status"):
        rows = [f"# Status documentation: {_DOCUMENTATION}", *plain_yaml.lines(body.get("status") or {})]
    else:
        try:
            found = variables.read(call.cluster.reader, call.namespace, body.get("spec") or {}, set())
        except VariablesError as problem:
            raise StoppedError(str(problem)) from None
        rows = [f"{name}={value}" for name, value in sorted(found.items())]
    sys.stdout.write("".join(f"{row}\n" for row in rows))
    return 0


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
