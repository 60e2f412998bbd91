"""`kbuild status`: the health of everything in an inventory, from one list for each kind and namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier import flow
from applier.cli.health_rules import read_health_rules
from applier.cli.output import Output
from applier.cli.session import cluster_of, inventory_of
from applier.cli.source import read_source
from applier.failures import EXIT_NOT_CURRENT, EXIT_OK
from applier.model.health import Status
from applier.report.safe_text import line as printable

if TYPE_CHECKING:
    from applier.cli.settings import Settings
    from applier.model.health import Health
    from applier.model.ids import ObjectId
    from applier.model.inventory import Inventory

JSON = "json"


def run(settings: Settings) -> int:
    """Show it; returns 0 where everything is Current. Raises: KbuildError, ApplierError."""
    named = settings.text("name") and settings.text("namespace")
    source = read_source(settings) if settings.target and not named else None
    cluster = cluster_of(settings)
    ref = inventory_of(settings, source, cluster)
    rules = read_health_rules(settings.text("health_rules"))
    inventory, verdicts = flow.status(cluster, ref, rules, wait_load_balancers=settings.is_set("wait_lb"))
    out = Output(1)
    if settings.text("output") == JSON:
        out.line(as_json(inventory, verdicts))
    else:
        for line in as_lines(inventory, verdicts):
            out.line(line)
    is_well = all(health.status is Status.CURRENT for health in verdicts.values())
    return EXIT_OK if is_well else EXIT_NOT_CURRENT


def as_lines(inventory: Inventory, verdicts: dict[ObjectId, Health]) -> list[str]:
    """One line for each object, and a sentence about the inventory."""
    header = inventory.header
    current = sum(health.status is Status.CURRENT for health in verdicts.values())
    when = f", last written {header.finished}" if header.finished else ""
    lines = [
        f"{health.status:<12} {object_id}" + _because(health)
        for object_id, health in sorted(
            verdicts.items(), key=lambda found: (found[1].status is Status.CURRENT, found[0])
        )
    ]
    phase = "" if header.phase == "idle" else f"; the last run did not end ({header.phase})"
    return [printable(line) for line in (*lines, f"{inventory.ref}: {current} of {len(verdicts)} Current{when}{phase}")]


def _because(health: Health) -> str:
    words = ": ".join(part for part in (health.reason, health.message or health.note) if part)
    return f"  {words}" if words else ""


def as_json(inventory: Inventory, verdicts: dict[ObjectId, Health]) -> str:
    """The same as a document."""
    import json

    objects = [
        {
            "id": str(object_id), "status": str(health.status), "reason": health.reason, "message": health.message,
            "note": health.note,
        }
        for object_id, health in sorted(verdicts.items())
    ]  # fmt: skip
    header = inventory.header
    return json.dumps(
        {
            "inventory": str(inventory.ref), "phase": header.phase, "finished": header.finished, "result": header.result,
            "objects": objects,
        },
        indent=2,
    )  # fmt: skip
