"""A plan as JSON: stable keys, stable order, no bodies, so no values of Secrets.

Nothing in it depends on where objects stood in the input: the same objects in another order give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from applier.model.errors import Problem
from applier.model.ids import ObjectId
from applier.model.plan import Edge, Plan, Step

VERSION = 1


def plan_json(plan: Plan) -> str:
    """The plan as one line of JSON per step inside one document, byte for byte the same for the same plan."""
    document = plan_document(plan)
    steps = document.pop("steps")
    head = json.dumps(document, indent=2)[:-2]
    body = ",\n".join(f"    {json.dumps(step)}" for step in steps)
    return f'{head},\n  "steps": [\n{body}\n  ]\n}}\n' if steps else f'{head},\n  "steps": []\n}}\n'


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as plain values."""
    return {
        "version": VERSION,
        "inventory": str(plan.ref),
        "delete": plan.is_delete,
        "counts": dict(plan.counts),
        "writesInventoryAhead": plan.ahead is not None,
        "warnings": [{"code": one.code, "message": one.message, "id": _id(one.object_id)} for one in plan.warnings],
        "errors": problems(plan.errors),
        "needsConfirmation": problems(plan.needs_yes),
        "droppedEdges": [{"id": one.text, **_edge(edge)} for one, edge in plan.dropped_edges],
        "steps": [step_document(step) for step in plan.steps],
    }


def step_document(step: Step) -> dict[str, Any]:
    """One step as plain values; what is empty is left out."""
    found: dict[str, Any] = {
        "id": step.id.text,
        "version": step.version,
        "action": step.action.value,
        "direction": step.direction,
        "phase": step.phase,
        "reason": step.reason,
        "after": [_edge(edge) for edge in step.edges],
        "external": [_edge(edge) for edge in step.external],
        "fields": list(step.fields),
        "drift": [{"path": one.path, "manager": one.manager, "time": one.time} for one in step.drift],
        "uid": step.uid,
        "migrates": bool(step.json_patch) and step.direction == "apply",
        "awaitGone": step.await_gone,
        "createOnly": step.create_only,
        "force": step.force,
        "mayRecreate": step.may_recreate,
        "wait": step.wait,
        "timeoutSeconds": step.timeout_s if step.wait else 0,
        "status": step.health.status.value if step.health is not None else "",
    }
    return {key: value for key, value in found.items() if value or key in ("id", "action", "direction", "phase")}


def problems(found: Iterable[Problem]) -> list[dict[str, Any]]:
    """Problems as plain values."""
    return [
        {
            "id": _id(one.object_id),
            "class": one.error_class.value,
            "message": one.reason,
            "position": one.position,
            "hint": one.hint,
        }
        for one in found
    ]


def _edge(edge: Edge) -> dict[str, str]:
    return {"id": edge.target.text, "type": edge.type.value, "reason": edge.reason}


def _id(object_id: ObjectId | None) -> str | None:
    return object_id.text if object_id is not None else None
