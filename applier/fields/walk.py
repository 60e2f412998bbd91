"""The walk that proves that an apply would change nothing: the payload against the live object, the owned set as the schema.

It only ever proves sameness. `differs` are paths whose live value is another, `unsure` paths about which the set alone says
nothing (defaults inside atomic values): in either case the server decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from applier.fields import quantity
from applier.fields.managed import Fields, has_key, item_key, item_path, may_have_key
from applier.model.ids import Body
from applier.model.kinds import is_builtin
from applier.model.values import mapping

# What the server never records as owned.
_UNRECORDED = frozenset(
    ["name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields"]
)

# Maps and lists of built-in kinds that are owned as a whole.
ATOMIC = frozenset(
    [
        "accessModes", "add", "allowedTopologies", "args", "command", "configMapKeyRef", "drop", "egress", "externalIPs",
        "fieldRef", "fsGroup", "ingress", "items", "labelSelector", "loadBalancerSourceRanges", "matchExpressions",
        "matchFields", "matchLabels", "metrics", "mountOptions", "namespaceSelector", "namespaces", "nodeSelector",
        "nodeSelectorTerms", "objectSelector", "operations", "podSelector", "policyTypes", "preferredDuringSchedulingIgnoredDuringExecution",
        "requiredDuringSchedulingIgnoredDuringExecution", "resourceFieldRef", "resourceNames", "resources", "roleRef",
        "rules", "scopes", "secretKeyRef", "selector", "sources", "subjects", "supplementalGroups", "sysctls",
        "tolerations", "values", "verbs", "volumeClaimTemplates",
    ]
)  # fmt: skip


class Walk(NamedTuple):
    """The verdict. Shape: paths such as `.spec.template.spec.containers[name="web"].image`."""

    differs: tuple[str, ...]
    unsure: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether it is proved that an apply changes nothing."""
        return not self.differs and not self.unsure

    @property
    def paths(self) -> tuple[str, ...]:
        """Everything that is not proved the same."""
        return self.differs + self.unsure


def walk(payload: Body, live: Body, fields: Fields, group: str) -> Walk:
    """Compare a payload with the live object, field by owned field."""
    walker = _Walker(builtin=is_builtin(group))
    wanted = {key: value for key, value in payload.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = {key: value for key, value in mapping(payload.get("metadata")).items() if key not in _UNRECORDED}
    if metadata:
        wanted["metadata"] = metadata
    walker.visit_map(wanted, live, fields, "", "")
    return Walk(tuple(walker.differs), tuple(walker.unsure))


class _Walker:
    """Collects the paths that are not proved the same."""

    def __init__(self, *, builtin: bool) -> None:
        self.builtin = builtin
        self.differs: list[str] = []
        self.unsure: list[str] = []

    def visit_map(self, wanted: Mapping[str, Any], live: Any, fields: Fields, path: str, parent: str) -> None:
        """A granular map: its keys and the owned ones must be the same."""
        held = mapping(live)
        for step, below in fields.items():
            if step == ".":
                continue
            name = step[2:]
            if step[:2] != "f:":
                self.unsure.append(path)
            elif name not in wanted or (
                name not in held and (wanted[name] or isinstance(wanted[name], (bool, int, float)))
            ):
                self.differs.append(f"{path}.{name}")
            else:
                self.visit(wanted[name], held.get(name), mapping(below), f"{path}.{name}", (parent, name))
        for name, value in wanted.items():
            if f"f:{name}" not in fields:
                same = name in held and same_value(value, held[name])
                (self.unsure if same else self.differs).append(f"{path}.{name}")

    def visit(self, wanted: Any, live: Any, fields: Fields, path: str, keys: tuple[str, str]) -> None:
        """Whatever is below one owned step."""
        if not fields:
            self.visit_leaf(wanted, live, path, keys)
        elif isinstance(wanted, Mapping):
            self.visit_map(wanted, live, fields, path, keys[1])
        elif isinstance(wanted, list) and isinstance(live, list):
            self.visit_list(wanted, live, fields, path)
        else:
            self.differs.append(path)

    def visit_leaf(self, wanted: Any, live: Any, path: str, keys: tuple[str, str]) -> None:
        """A scalar, an atomic value or something empty."""
        compound = isinstance(wanted, (Mapping, list))
        if same_value(wanted, live):
            # The set looks the same for an atomic value and for an empty one that was filled by others since.
            if compound and wanted and not (self.builtin and keys[1] in ATOMIC):
                self.unsure.append(path)
        elif (live is None and not wanted and (compound or (self.builtin and wanted == ""))) or (
            self.builtin and (keys[0] in quantity.HOLDERS or keys in quantity.FIELDS) and quantity.equal(wanted, live)
        ):
            pass
        else:
            (self.unsure if compound and type(wanted) is type(live) else self.differs).append(path)

    def visit_list(self, wanted: list[Any], live: list[Any], fields: Fields, path: str) -> None:
        """A granular list: every item owned, none owned that is not wanted, in an order that the live list keeps."""
        kinds = {step[:2] for step in fields if step != "."}
        if kinds == {"k:"}:
            self.visit_keyed(wanted, live, fields, path)
        elif kinds == {"v:"}:
            self.visit_set(wanted, live, fields, path)
        else:
            self.unsure.append(path)

    def visit_keyed(self, wanted: list[Any], live: list[Any], fields: Fields, path: str) -> None:
        """A list of items with keys."""
        places: list[tuple[int, int]] = []
        matched = set()
        for step, below in fields.items():
            if step == ".":
                continue
            key = item_key(step)
            mine = [index for index, item in enumerate(wanted) if may_have_key(item, key)]
            theirs = [index for index, item in enumerate(live) if has_key(item, key)]
            inner = path + item_path(key)
            if len(mine) > 1 or len(theirs) > 1 or not key:
                self.unsure.append(inner)
            elif not mine or not theirs:
                self.differs.append(inner)
            else:
                matched.add(mine[0])
                places.append((mine[0], theirs[0]))
                self.visit(wanted[mine[0]], live[theirs[0]], mapping(below), inner, ("", ""))
        self.differs += [f"{path}[{index}]" for index in range(len(wanted)) if index not in matched]
        if not _keeps_order(places):
            self.differs.append(path)

    def visit_set(self, wanted: list[Any], live: list[Any], fields: Fields, path: str) -> None:
        """A set of plain values."""
        owned = {step for step in fields if step != "."}
        steps = [f"v:{_compact(item)}" for item in wanted]
        missing = [item for item in wanted if not any(same_value(item, held) for held in live)]
        if set(steps) != owned or missing:
            self.differs.append(path)
        elif not _keeps_order([(index, live.index(item)) for index, item in enumerate(wanted)]):
            self.unsure.append(path)


def _keeps_order(places: list[tuple[int, int]]) -> bool:
    order = [theirs for _, theirs in sorted(places)]
    return all(one < other for one, other in pairwise(order))


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def same_value(one: Any, other: Any) -> bool:
    """Deep equality that keeps booleans and numbers apart."""
    if isinstance(one, Mapping):
        return (
            isinstance(other, Mapping)
            and len(one) == len(other)
            and all(key in other and same_value(value, other[key]) for key, value in one.items())
        )
    if isinstance(one, list):
        return (
            isinstance(other, list)
            and len(one) == len(other)
            and all(same_value(item, held) for item, held in zip(one, other, strict=True))
        )
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
