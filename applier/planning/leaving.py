"""What is stored and no longer desired to steps: delete, keep, drop from the inventory, or leave for another run.

A deletion that would take more with it than it says (a namespace with objects of the set, a definition with resources that
stay) is not planned.
"""

from __future__ import annotations

from collections.abc import Mapping

from applier.inventory.names import mark_of
from applier.inventory.ownership import Removal, release_patch, removal
from applier.model import kinds
from applier.model.desired import Desired
from applier.model.ids import GroupKind, ObjectId
from applier.model.inventory import Entry, InventoryRef
from applier.model.live import Live, Present, Unknown
from applier.model.plan import Action, Edge, EdgeType, Step, Warn
from applier.model.policy import Policy
from applier.model.snapshot import Snapshot
from applier.model.values import annotations_of, at, mapping, text, uid_of
from applier.normalize import wishes
from applier.order.members import Member
from applier.order.phases import phase_of
from applier.order.prune_order import prune_order
from applier.records import replace

PROTECTED = frozenset(["default", "kube-system", "kube-public", "kube-node-lease"])
_NOT_ASKED = Unknown(why="it was not read")


class Leaving:
    """Plans what leaves the set; collects warnings."""

    def __init__(self, snapshot: Snapshot, policy: Policy, ref: InventoryRef, *, is_delete: bool = False) -> None:
        self.snapshot, self.policy, self.ref, self.is_delete = snapshot, policy, ref, is_delete
        self.home = ObjectId("", "Namespace", "", ref.namespace)
        self.mark = policy.mark or mark_of(ref)
        self.entries: Mapping[ObjectId, Entry] = snapshot.inventory.entries if snapshot.inventory is not None else {}
        self.warnings: list[Warn] = []

    def steps(self, desired: Mapping[ObjectId, Desired]) -> list[Step]:
        """One step for each stored id that is not desired, in the order of deletion; the ones without requests last."""
        found: dict[ObjectId, Removal] = {}
        for object_id, entry in sorted(self.entries.items()):
            if object_id not in desired:
                found[object_id] = self._removal(object_id, entry)
        self._spare_containers(found, desired)
        if self.home in found and any(one.action is Action.RETAIN for one in found.values()):
            # The inventory would go with its namespace, and with it what is known of the rest.
            found[self.home] = Removal(Action.RETAIN, "in-use", "not deleted: the inventory in it is still needed")
        deleted = []
        for object_id, one in found.items():
            live = self.snapshot.live.get(object_id)
            if one.action is Action.PRUNE and isinstance(live, Present):
                body = live.body
                depends_on = wishes.dependencies(annotations_of(body))[0]
                deleted.append(Member(object_id, body, tuple(depends_on)))
        order = prune_order(deleted)
        rest = sorted(object_id for object_id in found if object_id not in order.edges)
        for object_id, one in sorted(found.items()):
            if one.warning:
                self.warnings.append(Warn(one.reason, one.warning, object_id))
        places = [one for one in (*order.order, *rest) if one != self.home]
        steps = [self._step(one, found[one], order.edges.get(one, ())) for one in places]
        if self.home in found:
            last = tuple(Edge(one, EdgeType.HEALTHY, "inventory") for one in sorted(places))
            steps.append(self._step(self.home, found[self.home], last if self.home in order.edges else ()))
        return steps

    def _removal(self, object_id: ObjectId, entry: Entry) -> Removal:
        allowed = self.policy.only_namespaces
        place = object_id.name if object_id.group_kind == kinds.NAMESPACE else object_id.namespace
        if allowed and place not in allowed:
            return Removal(Action.RETAIN, "outside-jail", "not deleted: it is outside --only-namespace")
        found = removal(entry, self._live(object_id), self.mark)
        if found.action in (Action.PRUNE, Action.KEEP) and not self.policy.prune:
            return Removal(Action.RETAIN, "prune-off")
        is_protected = object_id.group_kind == kinds.NAMESPACE and object_id.name in PROTECTED
        # Deleting everything ends with the namespace of the inventory, and the inventory with it.
        if found.action is Action.PRUNE and (is_protected or (object_id == self.home and not self.is_delete)):
            return Removal(Action.KEEP, "protected", "not deleted: this namespace is never pruned")
        return found

    def _spare_containers(self, found: dict[ObjectId, Removal], desired: Mapping[ObjectId, Desired]) -> None:
        """Do not delete namespaces and definitions that hold something which stays. Mutates: `found`."""
        staying = [object_id for object_id, one in found.items() if one.action in (Action.KEEP, Action.RETAIN)]
        staying += desired
        namespaces = {object_id.namespace for object_id in staying} - {""}
        stays = {object_id.group_kind for object_id in staying}
        for object_id, one in found.items():
            if one.action is not Action.PRUNE:
                continue
            holds = object_id.group_kind == kinds.NAMESPACE and object_id.name in namespaces
            if holds or (object_id.group_kind == kinds.DEFINITION and self._defined(object_id) in stays):
                found[object_id] = Removal(
                    Action.RETAIN, "in-use", "not deleted: objects that stay would be deleted with it"
                )

    def _defined(self, object_id: ObjectId) -> GroupKind:
        live = self._live(object_id)
        spec = mapping(live.body.get("spec")) if isinstance(live, Present) else {}
        return GroupKind(text(spec.get("group")), text(at(spec, "names", "kind")))

    def _live(self, object_id: ObjectId) -> Live:
        return self.snapshot.live.get(object_id, _NOT_ASKED)

    def _step(self, object_id: ObjectId, one: Removal, edges: tuple[Edge, ...]) -> Step:
        live, entry = self._live(object_id), self.entries[object_id]
        step = Step(
            id=object_id,
            version=entry.version,
            action=one.action,
            direction="prune",
            phase=phase_of(object_id),
            edges=edges,
            entry=entry,
            reason=one.reason,
            timeout_s=self.policy.timeout_s,
        )
        if not isinstance(live, Present):
            return step
        metadata = mapping(live.body.get("metadata"))
        patch = release_patch(live.body, self.mark) if one.action is Action.KEEP else ()
        return replace(
            step,
            uid=uid_of(live.body),
            resource_version=text(metadata.get("resourceVersion")),
            version=text(live.body.get("apiVersion")).rpartition("/")[2] or entry.version,
            action=Action.DROP if one.action is Action.KEEP and not patch else one.action,
            json_patch=patch,
            defines=self._defined(object_id) if object_id.group_kind == kinds.DEFINITION else None,
        )
