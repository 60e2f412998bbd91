"""What the help pages of the operator's commands say, which flags they list, and which nouns complete them. Loaded only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.cli.operate import build, debug, diff, events, get, kinds, logs, reconcile, stats, toggle, trace, tree

if TYPE_CHECKING:
    from collections.abc import Mapping

_GET = """\
Show the agent's resources: revision, whether they are suspended, whether they are ready, and why not.

Columns are those of Flux's command. A resource that was suspended with a reason or an end says so behind its message.

\b
Examples:
  kbuild get kustomizations
  kbuild get sources git -A
  kbuild get all --status-selector ready=false       what fails, of every kind
  kbuild get ks -w                                   go on and show every change
  kbuild get ks -o json | jq '.items[].status'       for scripts
"""

_RECONCILE = """\
Have a source or a Kustomization reconciled now, and wait for the end of the run.

The command ends as soon as the run has: with the revision, or with status 1 and the message of what failed.

\b
Examples:
  kbuild reconcile source git shop
  kbuild reconcile kustomization web --with-source   fetch first, then apply that
"""

_SUSPEND = """\
Put resources on hold: nothing is fetched, applied or reverted until they are resumed. What is deployed stays.

\b
Examples:
  kbuild suspend kustomization web
  kbuild suspend source git --all
  kbuild suspend ks web --reason 'moving the database' --until 2h      it goes on by itself
"""

_RESUME = """\
Take suspended resources up again, and wait for the run of a single one, or of all with --wait.

\b
Examples:
  kbuild resume kustomization web
  kbuild resume ks --all --wait
"""

_EVENTS = """\
Show what happened to the agent's resources, the oldest first. For a named Kustomization that includes its source.

\b
Examples:
  kbuild events
  kbuild events --for Kustomization/web -w
  kbuild events -A --types Warning
"""

_LOGS = """\
Show what the controllers wrote, a line for each, of one pod per controller.

Of an agent that runs outside of the cluster the server knows no logs: name the file that its standard error goes to.

\b
Examples:
  kbuild logs --follow --level=info
  kbuild logs --level error --kind Kustomization --name web
  kbuild logs --since 10m -A
  kbuild agent 2>agent.log &  kbuild logs --file agent.log -f
"""

_TREE = """\
Show what a Kustomization holds, and what Kustomizations and Helm releases in it hold in turn.

\b
Examples:
  kbuild tree kustomization flux-system
  kbuild tree ks flux-system --compact               Flux's own resources only
  kbuild tree ks web -o json
"""

_TRACE = """\
Show which Kustomization or Helm release manages an object, and which commit it came from. Pods are followed to their owners.

\b
Examples:
  kbuild trace -n apps deployment web
  kbuild trace -n apps pod/web-7c5d cm/settings
  kbuild trace web --kind Deployment --api-version apps/v1 -n apps
"""

_STATS = """\
Count the agent's resources by kind: those that run, fail, are suspended, and how much their artifacts take.

\b
Examples:
  kbuild stats
  kbuild stats -A -o json
"""

_DEBUG = """\
Show what goes into a Kustomization's post-build substitution or a release, its status, or the history of its runs.

Variables and values are those of ConfigMaps, Secrets and the spec, merged. Values of Secrets are not hidden.

\b
Examples:
  kbuild debug kustomization web --show-vars
  kbuild debug ks web --show-history
  kbuild debug helmrelease shop --show-values
"""

_ENVSUBST = """\
Print standard input with variables of the environment put in, as post-build substitution does.

\b
Examples:
  region=eu-1 kbuild envsubst < deployment.yaml
  kbuild envsubst --strict < deployment.yaml         a variable without value and default is an error
  kbuild debug ks web --show-vars > web.env && env $(cat web.env) kbuild envsubst < deployment.yaml
"""

_BUILD = """\
Print what the agent would apply for a Kustomization, built from local files: overrides, variables and owner labels included.

\b
Examples:
  kbuild build kustomization web --path ./deploy
  kbuild build ks web --path ./deploy --kustomization-file web.yaml --dry-run      without a cluster
  kbuild build ks all --path ./clusters/prod -r --local-sources GitRepository/flux-system/shop=.

\b
A folder of that name is written ./kustomization. Encrypted values are shown as **SOPS**.
"""

_DIFF = """\
Show what local files would change in the cluster, by the server's dry run, and what would be deleted.

\b
Examples:
  kbuild diff kustomization web --path ./deploy
  kbuild diff ks web --path ./deploy --kustomization-file web.yaml

\b
Exit status: 0 nothing differs, 1 something does, 2 an error. A folder of that name is written ./kustomization.
"""

PAGES = {
    "get": _GET, "reconcile": _RECONCILE, "suspend": _SUSPEND, "resume": _RESUME, "events": _EVENTS, "logs": _LOGS,
    "tree": _TREE, "trace": _TRACE, "stats": _STATS, "debug": _DEBUG, "envsubst": _ENVSUBST,
}  # fmt: skip
FLAGS = {
    "get": get.FLAGS, "reconcile": reconcile.FLAGS, "suspend": toggle.SUSPEND_FLAGS, "resume": toggle.RESUME_FLAGS,
    "events": events.FLAGS, "logs": logs.FLAGS, "tree": tree.FLAGS, "trace": trace.FLAGS, "stats": stats.FLAGS,
    "debug": debug.FLAGS, "envsubst": debug.ENVSUBST_FLAGS,
}  # fmt: skip
_NOUN = "kustomization|source git|… NAME"
ARGUMENTS = {
    "get": "sources git|kustomizations|…|all [NAME...]", "reconcile": _NOUN, "suspend": f"{_NOUN}...",
    "resume": f"{_NOUN}...", "events": "", "logs": "", "tree": "kustomization NAME", "trace": "NAME | KIND/NAME...",
    "stats": "", "debug": "kustomization|helmrelease NAME", "envsubst": "",
}  # fmt: skip
# Completion names the kinds that the agent has controllers for; the commands take those for images as well.
_SERVED = tuple(noun for noun in kinds.EVERY if noun not in kinds.IMAGES.values())
_EVERY = tuple(noun.words for noun in _SERVED)
_TOGGLED = tuple(noun.words for noun in _SERVED if noun.suspends)
NOUNS = {
    "get": (*_EVERY, "source all", "all"),
    "reconcile": tuple(noun.words for noun in _SERVED if noun.reconciles),
    "suspend": _TOGGLED,
    "resume": _TOGGLED,
    "tree": ("kustomization",),
    "debug": ("kustomization", "helmrelease"),
}


def object_names(given: tuple[str, ...], flags: Mapping[str, Any]) -> list[str]:
    """The names of the cluster's objects that may follow a noun."""
    from applier.cli.operate import completing

    return completing.names(given, flags)


for _verb, _page, _flags in (("build", _BUILD, build.FLAGS), ("diff", _DIFF, diff.FLAGS)):
    for _word in ("kustomization", "kustomizations", "ks"):
        PAGES[f"{_verb} {_word}"], FLAGS[f"{_verb} {_word}"] = _page, _flags
        ARGUMENTS[f"{_verb} {_word}"] = "kustomization NAME"
