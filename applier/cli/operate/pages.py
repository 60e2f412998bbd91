"""What the help pages of the operator's commands say, and which flags they list. Loaded only when asked for."""

from __future__ import annotations

from applier.cli.operate import commands

_GET = """\
Show the agent's sources and Kustomizations: revision, whether they are suspended, whether they are ready, and why not.

\b
Examples:
  kbuild get kustomizations
  kbuild get sources git -A
  kbuild get all --status-selector ready=false
"""

_RECONCILE = """\
Have a source or a Kustomization reconciled now, and wait for the end of the run.

\b
Examples:
  kbuild reconcile source git shop
  kbuild reconcile kustomization web --with-source
"""

_SUSPEND = """\
Put sources or Kustomizations on hold: nothing is fetched, applied or reverted until they are resumed.

\b
Examples:
  kbuild suspend kustomization web
  kbuild suspend source git --all
"""

_RESUME = """\
Take suspended sources or Kustomizations up again, and wait for the run of a single one.

\b
Examples:
  kbuild resume kustomization web
"""

PAGES = {"get": _GET, "reconcile": _RECONCILE, "suspend": _SUSPEND, "resume": _RESUME}
FLAGS = {
    "get": commands.GET_FLAGS,
    "reconcile": commands.RECONCILE_FLAGS,
    "suspend": commands.TOGGLE_FLAGS,
    "resume": commands.TOGGLE_FLAGS,
}
_NOUN = "kustomization|source git NAME"
ARGUMENTS = {"get": "sources git|kustomizations|all [NAME]", "reconcile": _NOUN, "suspend": _NOUN, "resume": _NOUN}
