"""A user's health rules: read once, before any write, and asked for every new state of an object.

Source: Flux `healthCheckExprs`; a missing field is not true here, with a note, where Flux reports an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from applier.health.conditions import current, failed, in_progress, status_of
from applier.model.errors import InputError, Problem
from applier.model.health import Health, HealthRule
from applier.model.ids import Body, GroupKind, ObjectId
from applier.model.plan import Step
from applier.model.values import at
from applier.records import record

if TYPE_CHECKING:
    from applier.health.cel_parser import Node


@record
class Rule:
    """Parsed expressions for one kind or object. `None` stands for an expression that was not given."""

    current: Node
    in_progress: Node | None = None
    failed: Node | None = None

    def evaluate(self, body: Body) -> Health:
        """The verdict: `in_progress`, `failed`, `current` in this order; nothing true means in progress."""
        generation, observed = at(body, "metadata", "generation"), status_of(body).get("observedGeneration")
        if isinstance(observed, int) and isinstance(generation, int) and observed != generation:
            return in_progress("LatestGenerationNotObserved", f"generation {generation}, observed {observed}")
        notes: list[str] = []
        if self.in_progress is not None and _holds(self.in_progress, body, notes):
            return in_progress("RuleInProgress", "the rule says that it is in progress")
        if self.failed is not None and _holds(self.failed, body, notes):
            return failed("RuleFailed", "the rule says that it failed")
        if _holds(self.current, body, notes):
            return current()
        return in_progress("RuleNotMet", "; ".join(notes) or "the rule is not met yet")


def _holds(node: Node, body: Body, notes: list[str]) -> bool:
    """Whether an expression is true; one that cannot be evaluated is not. Mutates: `notes`."""
    from applier.health.cel import CelError, is_true

    try:
        return is_true(node, body)
    except CelError as error:
        if str(error) not in notes:
            notes.append(str(error))
        return False


class Rules(NamedTuple):
    """All rules of a run. Shape: those of single objects come before those of their kind."""

    by_kind: Mapping[GroupKind, Rule] = {}
    by_object: Mapping[ObjectId, Rule] = {}

    def of(self, object_id: ObjectId) -> tuple[Rule, ...]:
        """The rules for one object, the first of which decides."""
        if not self.by_kind and not self.by_object:
            return ()
        rule = self.by_object.get(object_id) or self.by_kind.get(object_id.group_kind)
        return (rule,) if rule is not None else ()


def read_rules(given: Iterable[HealthRule], wishes: Iterable[tuple[ObjectId, str]] = ()) -> Rules:
    """Parse the rules of a policy and the expressions that objects carry themselves.

    Raises: InputError, with a problem for each expression that cannot be read.
    """
    problems: list[Problem] = []
    by_kind = {one.kind: rule for one in given if (rule := _rule(one, f"rule for {one.kind}", problems)) is not None}
    by_object = {}
    for object_id, expression in wishes:
        own = HealthRule(kind=object_id.group_kind, current=expression)
        rule = _rule(own, "", problems, object_id)
        if rule is not None:
            by_object[object_id] = rule
    if problems:
        raise InputError("health rules cannot be read:", problems)
    return Rules(by_kind, by_object)


def rules_of_steps(given: Iterable[HealthRule], steps: Iterable[Step]) -> Rules:
    """The rules of a plan. Raises: InputError."""
    return read_rules(given, ((step.id, step.wait_for) for step in steps if step.wait_for))


def _rule(given: HealthRule, where: str, problems: list[Problem], object_id: ObjectId | None = None) -> Rule | None:
    from applier.health.cel_parser import CelSyntaxError, parse

    parsed: dict[str, Node] = {}
    for name in ("current", "in_progress", "failed"):
        expression = getattr(given, name)
        if not expression and name != "current":
            continue
        try:
            parsed[name] = parse(expression)
        except CelSyntaxError as error:
            prefix = f"{where}, {name}: " if where else "wait-for: "
            problems.append(Problem(f"{prefix}{error}", object_id=object_id))
    return Rule(**parsed) if "current" in parsed else None
