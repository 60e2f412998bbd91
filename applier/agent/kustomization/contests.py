"""Objects that several Kustomizations want: who has one keeps it, who wants it too says so, and nobody writes in turns.

An object is its owner's while its labels name the owner and the owner still lists and wants it. Whoever else builds it
leaves it alone and claims it; when the owner lets go, a claimed object is handed over instead of being deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from applier import keys
from applier.agent.runtime.queue import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from applier.model.ids import Body, ObjectId

MAX_NAMED = 5


@dataclass(slots=True)
class Contests:
    """Which Kustomization claims which object of another one. Safe to use from several threads.

    Shape: claims are known to this process only; after a start each Kustomization makes its own again.
    """

    _claims: dict[Key, Mapping[ObjectId, Key]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def claim(self, key: Key, owners: Mapping[ObjectId, Key]) -> set[Key]:
        """Set all that a Kustomization claims, each with its owner; returns the owners for whom that is news."""
        with self._lock:
            before = self._claims.pop(key, {})
            if owners:
                self._claims[key] = dict(owners)
        changed = set(before.items()) ^ set(owners.items())
        return {owner for _, owner in changed}

    def against(self, key: Key) -> dict[ObjectId, Key]:
        """What others claim of a Kustomization's objects, with who claims it."""
        with self._lock:
            return {
                object_id: claimant
                for claimant, claims in sorted(self._claims.items())
                for object_id, owner in claims.items()
                if owner == key
            }


def owner_in(body: Body | None, own: Key) -> Key | None:
    """The other Kustomization that an object's labels name, None for none."""
    labels = ((body or {}).get("metadata") or {}).get("labels") or {}
    name, namespace = labels.get(keys.FLUX_NAME), labels.get(keys.FLUX_NAMESPACE)
    if not name or not namespace or (name, namespace) == (own.name, own.namespace):
        return None
    return Key(str(namespace), str(name))


def listed(body: Body) -> frozenset[str]:
    """The ids in a Kustomization's inventory, as they are written there."""
    entries = ((body.get("status") or {}).get("inventory") or {}).get("entries") or ()
    return frozenset(str(entry.get("id")) for entry in entries)


def is_same_cluster(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two Kustomizations apply to the same cluster, as their kubeconfigs say."""
    configs = []
    for body in (one, other):
        config = (body.get("spec") or {}).get("kubeConfig")
        configs.append((body["metadata"]["namespace"], config) if config else None)
    return configs[0] == configs[1]


def sentence(left: Mapping[ObjectId, Key], claimed: Mapping[ObjectId, Key]) -> str:
    """What the message of Ready says about contests, empty for none."""
    found = [f"; left to Kustomization {owner}, which has them: {names}" for owner, names in _by_key(left)]
    found += [f"; wanted by Kustomization {other} as well: {names}" for other, names in _by_key(claimed)]
    return "".join(found)


def _by_key(owners: Mapping[ObjectId, Key]) -> Iterable[tuple[Key, str]]:
    by_key: dict[Key, list[ObjectId]] = {}
    for object_id, key in sorted(owners.items()):
        by_key.setdefault(key, []).append(object_id)
    for key, ids in sorted(by_key.items()):
        more = f" and {len(ids) - MAX_NAMED} more" if len(ids) > MAX_NAMED else ""
        yield key, ", ".join(f"{one.kind}/{one.path}" for one in ids[:MAX_NAMED]) + more
