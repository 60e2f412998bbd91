"""What the help pages of the applier's commands say, and which flags they list. Loaded only when asked for."""

from __future__ import annotations

from applier.cli import agent, flags

_TARGET = """\
DIR is rendered in this process as `kbuild render` does; FILE holds plain manifests, and - reads them from standard input.
"""

_APPLY = f"""\
Apply everything in DIR to the cluster, wait until it is healthy, and delete what left the set.

{_TARGET}
What was applied is remembered in an inventory, a ConfigMap of that name and namespace. Objects are written by server-side
apply, as soon as everything they need is there: namespaces before their members, definitions before their objects, whatever
`config.kubernetes.io/depends-on` says. An unchanged set costs a few reads and no write.

\b
Examples:
  kbuild apply overlays/prod --name shop -n shop
  kbuild apply overlays/prod --dry-run=server         let the server check it, write nothing
  kubectl kustomize . | kbuild apply - --name shop    any manifests
  kbuild apply . --allow-prune=20 -o log              in a pipeline: up to 20 deletions, unasked
  kbuild apply . --only-namespace shop                refuse everything outside of one namespace

\b
What may go wrong, and what to do:
  conflict        another manager owns a field: drop it from the manifests, or --force-conflicts
  immutable       the field cannot change: --recreate=stateless deletes and creates again
  owned-by        the object belongs to another tool: --adopt=all takes it over
  locked          another run has the inventory: --lock-timeout=5m waits for it
  needs a yes     many deletions, or dangerous ones: --yes, or --allow-prune=KIND

\b
Exit status:
  0 done   1 no connection or a broken inventory   2 wrong input   3 some objects failed
  4 rights or credentials are missing   5 locked   6 needs a yes   130, 143 stopped by a signal
"""

_DIFF = f"""\
Show what apply would change, in the order in which it would, and write nothing.

{_TARGET}
Compared are the fields that apply owns, so that defaults, status and other controllers' fields are no differences.
--diff=server asks the server for a dry run of each changed object, which shows webhooks and immutable fields, too. Values of
Secrets are never shown. KBUILD_EXTERNAL_DIFF or KUBECTL_EXTERNAL_DIFF name a program to show differences with.

\b
Examples:
  kbuild diff overlays/prod --name shop -n shop
  kbuild diff overlays/prod --diff=server
  kbuild diff . -o json | jq '.steps[].action'

\b
Exit status: 0 nothing differs, 1 something does, 2 and more an error
"""

_STATUS = """\
Show the health of everything in an inventory, as it is now.

\b
Examples:
  kbuild status --name shop -n shop
  kbuild status overlays/prod -o json

\b
Exit status: 0 all Current, 11 something is not, 1 the cluster or the inventory cannot be read
"""

_DELETE = """\
Delete everything in an inventory, in the reverse of the order of applying, wait until it is gone, and then the inventory.

Objects that carry a keep annotation stay; what somebody else created meanwhile is left alone.

\b
Examples:
  kbuild delete --name shop -n shop
  kbuild delete overlays/prod --yes
  kbuild delete --name shop -n shop --dry-run=client       only show it
"""

_INVENTORY = """\
Work with the inventory, the record of what was applied.

\b
  kbuild inventory show --name shop -n shop               what it holds
  kbuild inventory export --name shop -n shop --format flux
  kbuild inventory import flux NAMESPACE/NAME --name shop -n shop
                                                          take over a suspended Flux Kustomization
  kbuild inventory import kpt|applyset|kapp|helm NAMESPACE/NAME --name shop -n shop
                                                          likewise of what another tool applied
  kbuild inventory rebuild --name shop -n shop            restore it from its members' labels
"""

_AGENT = """\
Reconcile Flux's own resources: fetch Git repositories, build and apply what Kustomizations name, prune, wait, tell.

The resources, statuses and annotations are those of Flux v2, so that manifests written for it and `kubectl get` work
unchanged. It runs outside of a cluster, with a kubeconfig, or inside, where it listens at Flux's usual ports. Its folder is a
cache that may be lost; what it has to remember is in the resources' statuses.

\b
Examples:
  kbuild agent                                everything, in every namespace
  kbuild agent -n team-a                      one namespace
  kbuild agent --controllers source           one controller, as a process of its own
  kbuild agent --once ../shop --path deploy   a folder's repository, once: status 0 where all of it is healthy
  kbuild agent --watch-label-selector sharding.fluxcd.io/key=shard1 --enable-leader-election

\b
Better than Flux on purpose:
  a new revision ends the wait for an old one's health
  a dependent starts as soon as its dependency is ready; a cycle is named
  all refusals of a dry run are told at once, and nothing is written then
  what a run is about to create is in the inventory before it is created
  a commit that would delete half of everything is stopped (--no-prune-guard)
"""

PAGES = {
    "apply": _APPLY, "diff": _DIFF, "status": _STATUS, "delete": _DELETE, "inventory": _INVENTORY, "agent": _AGENT,
}  # fmt: skip
FLAGS = {
    "apply": flags.APPLY,
    "diff": flags.DIFF,
    "status": flags.STATUS,
    "delete": flags.DELETE,
    "inventory": flags.INVENTORY_COMMAND,
    "agent": agent.FLAGS,
}
ARGUMENTS = {
    "apply": "DIR|FILE|-",
    "diff": "DIR|FILE|-",
    "status": "[DIR|FILE|-]",
    "delete": "[DIR|FILE|-]",
    "inventory": "show|import|rebuild|export",
    "agent": "",
}
