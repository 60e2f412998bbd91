"""Why an installation does not come up, from its pods; and the order in which is told what was applied."""

from __future__ import annotations

from typing import Any

from applier.cli.setup.rollout import lines, reasons
from applier.model.changes import Change, Outcome
from applier.model.ids import ObjectId
from applier.model.plan import Action


def pod(
    *, waiting: dict[str, str] | None = None, last: dict[str, str] | None = None, unscheduled: str = ""
) -> dict[str, Any]:
    state = {
        "state": {"waiting": waiting} if waiting else {"running": {}},
        "lastState": {"terminated": last} if last else {},
    }
    conditions = (
        [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": unscheduled}]
        if unscheduled
        else []
    )
    return {"status": {"containerStatuses": [state], "conditions": conditions}}


def test_an_image_that_is_nowhere_is_named_once_for_all_pods() -> None:
    missing = {"reason": "ErrImagePull", "message": 'image "kbuild:v1" not found\nand more'}
    assert reasons([pod(waiting=missing), pod(waiting=missing)]) == ['ErrImagePull: image "kbuild:v1" not found']


def test_crashes_and_pods_without_a_node_are_told_and_what_only_takes_time_is_not() -> None:
    crash = pod(last={"reason": "Error", "message": "no\x1b[2J"})
    assert reasons([crash, pod(unscheduled="0/3 nodes are available")]) == [
        "Error: no\\x1b[2J", "Unschedulable: 0/3 nodes are available",
    ]  # fmt: skip
    assert reasons([pod(waiting={"reason": "ContainerCreating"}), pod(), {}]) == []


def test_what_was_applied_is_told_in_fluxs_order_and_words() -> None:
    def change(kind: str, name: str, outcome: Outcome) -> Change:
        return Change(id=ObjectId("", kind, "", name), action=Action.CREATE, outcome=outcome)

    done = [
        change("NetworkPolicy", "a", Outcome.CREATED), change("Deployment", "b", Outcome.MIGRATED),
        change("Namespace", "c", Outcome.UNCHANGED), change("CustomResourceDefinition", "d", Outcome.ADOPTED),
    ]  # fmt: skip
    assert lines(done) == [
        "CustomResourceDefinition/d configured", "Namespace/c unchanged", "Deployment/b configured", "NetworkPolicy/a created",
    ]  # fmt: skip
