"""What a run knows of other Kustomizations: whether they go on wanting what is theirs, and want what leaves this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.kustomization import applying, contests
from applier.agent.kustomization.dependencies import source_of
from applier.agent.kustomization.preparing import Preparing
from applier.agent.kustomization.triggers import is_ready_at
from applier.agent.runtime.informer import key_of
from applier.agent.runtime.writes import is_deleting
from applier.model.ids import id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from applier.agent.kustomization.attempt import Attempt
    from applier.agent.runtime.queue import Key
    from applier.model.ids import Body, ObjectId


def claims_of(attempt: Attempt) -> applying.Others:
    """What a deletion asks: which objects others claim."""
    return applying.Others(want=lambda ids: claimed(attempt, ids))


def claimed(attempt: Attempt, ids: Sequence[ObjectId]) -> dict[ObjectId, Key]:
    """Which of some objects other Kustomizations claim."""
    claims = attempt.owner.contests.against(attempt.run.key)
    return {object_id: claims[object_id] for object_id in ids if object_id in claims}


class AmongOthers:
    """Answers for one run. Shape: `artifact` is the one that the run builds."""

    def __init__(self, attempt: Preparing, artifact: Mapping[str, Any]) -> None:
        self._attempt, self._artifact = attempt, artifact
        self._key, self._around = attempt.run.key, attempt.around
        self._wanted: dict[Key, frozenset[ObjectId]] = {}
        self._listed: dict[Key, frozenset[str]] = {}

    def asked(self) -> applying.Others:
        """The questions of the applier."""
        return applying.Others(keep=self.keeps, want=self.wanted)

    def keeps(self, owner: Key, object_id: ObjectId) -> bool:
        """Whether another Kustomization has an object and will go on having it."""
        body = self._around.informer.get(owner)
        if body is None or not self._is_rival(body) or object_id.text not in self._listed_by(body):
            return False
        if self._is_sibling(body) and not is_ready_at(body, self._attempt.revision):
            return object_id in self._built(body)
        return True

    def wanted(self, ids: Sequence[ObjectId]) -> dict[ObjectId, Key]:
        """Which of some objects others want: by their claims, or by what they will make of the same artifact."""
        found = claimed(self._attempt, ids)
        rest = [object_id for object_id in ids if object_id not in found]
        for body in self._behind() if rest else ():
            built = self._built(body)
            found |= {object_id: key_of(body) for object_id in rest if object_id in built}
        return found

    def _listed_by(self, body: Body) -> frozenset[str]:
        key = key_of(body)
        if key not in self._listed:
            self._listed[key] = contests.listed(body)
        return self._listed[key]

    def _behind(self) -> Iterable[Body]:
        """The Kustomizations of the same source and cluster that are not at the revision yet."""
        for body in self._around.informer.all():
            is_other = key_of(body) != self._key and self._is_rival(body) and self._is_sibling(body)
            if is_other and not is_ready_at(body, self._attempt.revision):
                yield body

    def _is_rival(self, body: Body) -> bool:
        is_idle = is_deleting(body) or bool((body.get("spec") or {}).get("suspend"))
        return not is_idle and contests.is_same_cluster(body, self._attempt.body)

    def _is_sibling(self, body: Body) -> bool:
        return source_of(body) == source_of(self._attempt.body)

    def _built(self, body: Body) -> frozenset[ObjectId]:
        """The ids of what another Kustomization makes of the artifact; its own run finds the build done."""
        key = key_of(body)
        if key not in self._wanted:
            built = self._attempt.built_for(body, self._artifact)
            self._wanted[key] = frozenset(map(id_of, built.bodies)) if built is not None else frozenset()
        return self._wanted[key]
