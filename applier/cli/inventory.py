"""`kbuild inventory show|import|rebuild|export`: look at the record of what was applied, take one over, or repair it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from applier import flow
from applier.cli import flags
from applier.cli.output import Output
from applier.cli.session import cluster_of, guarded, inventory_of
from applier.cluster.foreign import KINDS, read_foreign_inventory
from applier.cluster.rebuild import find_members
from applier.cluster.stored import read_inventory
from applier.failures import EXIT_CONFIRM, EXIT_OK, ErrorClass, error
from applier.inventory import exports
from applier.model.errors import InventoryDamagedError
from applier.report.safe_text import line as printable
from kbuild import UsageError, __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.cli.settings import Settings
    from applier.cluster.cluster import Cluster
    from applier.model.ids import ObjectId
    from applier.model.inventory import Entry, Inventory, InventoryRef

VERBS = ("show", "import", "rebuild", "export")


def run(argv: Sequence[str]) -> int:
    """Run one of the four; returns the exit status."""
    return guarded("inventory", argv, flags.INVENTORY_COMMAND, _run, (0, 3))


def _run(settings: Settings) -> int:
    verb, *rest = settings.words or ("",)
    if verb not in VERBS:
        raise UsageError("specify what to do with the inventory: " + ", ".join(VERBS))
    if verb == "import" and (len(rest) != 2 or rest[0] not in KINDS):
        raise UsageError(f"specify what to import: `kbuild inventory import {'|'.join(KINDS)} NAMESPACE/NAME`")
    if verb != "import" and rest:
        raise UsageError(f"unknown argument: {rest[0]}")
    cluster = cluster_of(settings)
    ref = inventory_of(settings, None, cluster)
    return _import(settings, cluster, ref, rest[0]) if verb == "import" else _COMMANDS[verb](settings, cluster, ref)


def _stored(cluster: Cluster, ref: InventoryRef) -> Inventory:
    inventory = read_inventory(cluster.reader, ref)
    if inventory is None:
        raise error(ErrorClass.INVENTORY, f"there is no inventory {ref}", "`kbuild apply` makes one")
    return inventory


def _show(settings: Settings, cluster: Cluster, ref: InventoryRef) -> int:
    inventory = _stored(cluster, ref)
    out, header = Output(1), inventory.header
    if settings.text("output") == "json":
        entries = [
            {"id": str(entry.id), "version": entry.version, "uid": entry.uid, "flags": entry.flags}
            for entry in sorted(inventory.entries.values())
        ]
        document = {
            "inventory": str(ref), "generation": header.generation, "phase": header.phase, "run": header.run,
            "finished": header.finished, "result": header.result, "entries": entries,
        }  # fmt: skip
        out.line(json.dumps(document, indent=2))
        return EXIT_OK
    state = f"generation {header.generation}, {header.phase}"
    out.line(
        f"{ref}: {len(inventory.entries)} objects, {state}, {header.result or 'no result yet'} {header.finished}".rstrip()
    )
    for entry in sorted(inventory.entries.values()):
        out.line(printable(f"{entry.flags or '-':<5} {entry.id}"))
    return EXIT_OK


def _export(settings: Settings, cluster: Cluster, ref: InventoryRef) -> int:
    inventory = _stored(cluster, ref)
    form = settings.text("format") or settings.text("output", "list")
    if form == "flux":
        text = json.dumps(exports.to_flux(inventory.entries), indent=2)
    elif form == "kpt":
        text = json.dumps(exports.to_kpt(inventory.entries, ref), indent=2)
    else:
        text = "\n".join(exports.to_list(inventory.entries))
    Output(1).line(text)
    return EXIT_OK


def _import(settings: Settings, cluster: Cluster, ref: InventoryRef, kind: str) -> int:
    namespace, slash, name = settings.target.partition("/")
    if not (namespace and slash and name):
        raise UsageError("specify the other inventory as NAMESPACE/NAME")
    entries = read_foreign_inventory(cluster, kind, namespace, name)
    stored = read_inventory(cluster.reader, ref)
    known = stored.entries if stored is not None else {}
    flow.write_inventory(cluster, ref, stored, {**entries, **known}, __version__)
    Output(1).line(
        f"{ref}: {len(entries)} objects of {settings.target} taken in; `kbuild apply --adopt=all` takes them over"
    )
    return EXIT_OK


def _rebuild(settings: Settings, cluster: Cluster, ref: InventoryRef) -> int:
    try:
        stored = read_inventory(cluster.reader, ref)
    except InventoryDamagedError as problem:
        Output(2).line(f"damaged: {problem}")
        stored = flow.damaged_inventory(cluster, ref)
    found = find_members(cluster, ref)
    known = stored.entries if stored is not None else {}
    _print_findings(found.entries, known, found.gaps)
    # An entry is never forgotten here: what is not found may be where we may not look.
    entries = {**known, **found.entries}
    if not settings.is_set("yes"):
        if not sys.stdin.isatty():
            Output(2).line("Error: nothing was written; agree with --yes")
            return EXIT_CONFIRM
        Output(2).write("Store this? [y/N] ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return EXIT_CONFIRM
    flow.write_inventory(cluster, ref, stored, entries, __version__)
    Output(1).line(f"{ref}: {len(entries)} objects stored")
    return EXIT_OK


def _print_findings(found: dict[ObjectId, Entry], known: Mapping[ObjectId, Entry], gaps: tuple[str, ...]) -> None:
    out, error_output = Output(1), Output(2)
    for object_id in sorted(found):
        out.line(printable(f"found {object_id}"))
    for object_id in sorted(set(known) - set(found)):
        out.line(printable(f"kept  {object_id}"))
    for gap in gaps:
        error_output.line(printable(f"warning: not searched: {gap}"))


_COMMANDS = {"show": _show, "export": _export, "rebuild": _rebuild}
