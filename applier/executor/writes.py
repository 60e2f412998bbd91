"""What a worker thread does for one step: the requests of one write, from conflict to answer, without waiting for anything.

Waiting (for objects to go, to become healthy, for a repeat) is the dispatcher's; these functions return what they found, or raise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from applier.cluster.cluster import Cluster, collection_of
from applier.failures import ApplierError, Conflict, ErrorClass, Failure, error
from applier.fields.conflicts import judge
from applier.fields.managed import managers
from applier.fields.migration import FIRST_APPLY, migration_patch
from applier.fields.recreate import probe
from applier.inventory.ownership import adoption, owner_of, release_patch
from applier.model.ids import join_api_version
from applier.model.live import Absent
from applier.model.plan import Action
from applier.model.snapshot import KindFact
from applier.records import record

if TYPE_CHECKING:
    from applier.cluster.api import Collection
    from applier.cluster.writer import Writer
    from applier.model.ids import Body
    from applier.model.mark import Mark
    from applier.model.plan import Step
    from applier.model.policy import Policy


@dataclass(slots=True)
class Attempt:
    """What is remembered of a step between its tries. Units: `since_s` is the clock at the first one.

    Shape: `uid` is that of the live object, `""` where there is none (the write then creates); `taken` are the fields
    that conflicts were forced for. `lost` says that an earlier try may have been carried out.
    """

    uid: str
    force: bool = False
    lost: bool = False
    migrated: bool = False
    replanned: bool = False
    recreated: bool = False
    adopted: bool = False
    taken: tuple[Conflict, ...] = ()
    since_s: float = -1.0
    failures: dict[ErrorClass, int] = field(default_factory=dict)
    last: Failure | None = None
    requests_s: float = 0.0


@record
class Wrote:
    """The object was written. `terminating`: it is being deleted, so that the write will be lost with it.

    `owned` is the fingerprint of what the server keeps of ours, empty for Secrets.
    """

    body: Body
    created: bool = False
    terminating: bool = False
    owned: str = ""


@record
class Removed:
    """A deletion was accepted. `gone`: nothing holds the object any more; `reason` says so when nothing was deleted."""

    gone: bool
    action: Action = Action.PRUNE
    reason: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Tools:
    """What writing needs besides the step: the cluster's both halves, the policy, and the mark of our members."""

    cluster: Cluster
    writer: Writer
    policy: Policy
    mark: Mark

    def collection(self, step: Step) -> Collection:
        """Where a step's object is. Raises: ApplierError, where its kind is not served (yet)."""
        fact = self.cluster.discovery().find(step.id.group_kind)
        if not isinstance(fact, KindFact):
            return self.cluster.collection(step.id, step.version)
        if not step.version or step.version in fact.versions or step.direction == "prune":
            return collection_of(fact, step.id.namespace, step.version)
        # An object in a version that is not served must fail as such, not be written in another one.
        found = collection_of(fact, step.id.namespace)
        # Of an object outside of the set no version is wanted: the one that the server prefers does.
        return found._replace(version=step.version or found.version)


def write(tools: Tools, step: Step, attempt: Attempt) -> Wrote:
    """Apply one object as far as it goes without waiting. Mutates: `attempt`. Raises: ApplierError."""
    collection = tools.collection(step)
    if step.json_patch and not attempt.migrated and attempt.uid:
        _migrate(tools, step, collection)
        attempt.migrated = True
    if attempt.lost and not attempt.uid:
        found = _own_creation(tools, step, collection)
        if found is not None:
            return _wrote(found, created=True)
    try:
        wrote = _apply(tools, step, attempt, collection)
        return _fold_first_apply(tools, step, attempt, wrote)
    except ApplierError as problem:
        return _after_refusal(tools, step, attempt, problem)


def _migrate(tools: Tools, step: Step, collection: Collection) -> None:
    """Fold former appliers into us; an object that changed since it was read is read again. Raises: ApplierError."""
    try:
        tools.writer.json_patch(collection, step.id.name, step.json_patch)
    except ApplierError as problem:
        live = tools.cluster.reader.get(collection, step.id.name) if problem.error_class is ErrorClass.RACE else None
        if not isinstance(live, dict) or live["metadata"]["uid"] != step.uid:
            raise  # replaced or gone: the apply that names its uid finds out
        fact = tools.cluster.discovery().find(step.id.group_kind)
        served = fact.versions if isinstance(fact, KindFact) else (collection.version,)
        api_version = join_api_version(collection.group, collection.version)
        patch = migration_patch(live, tools.policy.field_manager, api_version, served, tools.policy.folds)
        if patch:
            tools.writer.json_patch(collection, step.id.name, patch)


def _fold_first_apply(tools: Tools, step: Step, attempt: Attempt, wrote: Wrote) -> Wrote:
    """An object without managers: the server has just given everything on it to `before-first-apply`, and that is folded in."""
    if attempt.migrated or not attempt.uid or all(entry.name != FIRST_APPLY for entry in managers(wrote.body)):
        return wrote
    collection = tools.collection(step)
    api_version = join_api_version(collection.group, collection.version)
    patch = migration_patch(wrote.body, tools.policy.field_manager, api_version, ())
    tools.writer.json_patch(collection, step.id.name, patch)
    attempt.migrated = True
    return _apply(tools, step, attempt, collection)


def _apply(tools: Tools, step: Step, attempt: Attempt, collection: Collection) -> Wrote:
    assert step.body is not None
    body: Body = step.body
    if attempt.uid:
        body = {**body, "metadata": {**body["metadata"], "uid": attempt.uid}}
    written = tools.writer.apply(collection, body, force=attempt.force)
    return _wrote(written.body, created=written.created or (attempt.lost and not attempt.uid))


def _wrote(body: Body, *, created: bool) -> Wrote:
    return Wrote(body=body, created=created, terminating="deletionTimestamp" in body["metadata"])


def _after_refusal(tools: Tools, step: Step, attempt: Attempt, problem: ApplierError) -> Wrote:
    """The refusals that have an answer: conflicts that may be taken, an object that was replaced, an immutable field."""
    failure = problem.failure
    if (
        failure.error_class is ErrorClass.CONFLICT
        and not attempt.force
        and judge(failure.conflicts, tools.policy).force
    ):
        attempt.force, attempt.taken = True, failure.conflicts
        return write(tools, step, attempt)
    if failure.error_class is ErrorClass.REPLACED and not attempt.replanned:
        attempt.replanned = True
        _find_again(tools, step, attempt)
        return write(tools, step, attempt)
    if step.may_recreate and attempt.uid and _asks_for_recreation(tools.policy, failure.error_class):
        return _recreate(tools, step, attempt)
    raise problem


def _asks_for_recreation(policy: Policy, error_class: ErrorClass) -> bool:
    return error_class is ErrorClass.IMMUTABLE or (policy.recreate_on_denied and error_class is ErrorClass.DENIED)


def _find_again(tools: Tools, step: Step, attempt: Attempt) -> None:
    """The object is another one than planned: take the new one, if the policy lets us, or create it if there is none.

    Mutates: `attempt`. Raises: ApplierError, where it belongs to somebody else.
    """
    live = tools.cluster.reader.get(tools.collection(step), step.id.name)
    if isinstance(live, Absent):
        attempt.uid = ""
        return
    verdict = adoption(owner_of(live, tools.mark), tools.policy.adopt)
    if verdict.error is not None:
        raise error(verdict.error, verdict.message)
    attempt.uid, attempt.adopted = live["metadata"]["uid"], verdict.adopts
    attempt.migrated = True  # the patch was made for the object that is gone


def _own_creation(tools: Tools, step: Step, collection: Collection) -> Body | None:
    """The object, if the try whose answer got lost has created it."""
    live = tools.cluster.reader.get(collection, step.id.name)
    if isinstance(live, Absent):
        return None
    entries = live["metadata"].get("managedFields") or ()
    is_ours = any(
        entry.get("manager") == tools.policy.field_manager and entry.get("operation") == "Apply" for entry in entries
    )
    return live if is_ours else None


def _recreate(tools: Tools, step: Step, attempt: Attempt) -> Wrote:
    """Prove that the new object could be created, then delete the old one; the next try creates it.

    Raises: ApplierError, where the probe is refused: nothing is deleted for a specification that cannot be created.
    """
    collection = tools.collection(step)
    assert step.body is not None
    tools.writer.check(collection, probe(step.body), force=False, only_metadata=True)
    # Pods of a StatefulSet stay: the new one adopts them.
    policy = "Orphan" if step.id.kind == "StatefulSet" and step.id.group == "apps" else "Background"
    try:
        tools.writer.delete(collection, step.id.name, attempt.uid, policy=policy)
    except ApplierError as problem:
        if problem.error_class is not ErrorClass.NOT_FOUND:
            raise
    attempt.recreated, attempt.migrated = True, True
    return Wrote(body={"metadata": {"uid": attempt.uid}}, terminating=True)


def remove(tools: Tools, step: Step, attempt: Attempt) -> Removed:
    """Delete one object, or let go of it. Mutates: `attempt`. Raises: ApplierError."""
    collection = tools.collection(step)
    try:
        if step.action is Action.KEEP:
            if step.json_patch:
                tools.writer.json_patch(collection, step.id.name, step.json_patch)
            return Removed(gone=True, action=Action.KEEP)
        answer = tools.writer.delete(collection, step.id.name, attempt.uid, policy=tools.policy.cascade.capitalize())
    except ApplierError as problem:
        return _after_refused_removal(tools, step, attempt, problem)
    is_held = answer.get("kind") != "Status" and "deletionTimestamp" in (answer.get("metadata") or {})
    return Removed(gone=not is_held)


def _after_refused_removal(tools: Tools, step: Step, attempt: Attempt, problem: ApplierError) -> Removed:
    if problem.error_class in (ErrorClass.NOT_FOUND, ErrorClass.NAMESPACE_MISSING):
        return Removed(gone=True, action=step.action, reason="gone")
    may_look = problem.error_class is ErrorClass.REPLACED or (
        step.action is Action.KEEP and problem.error_class is ErrorClass.RACE
    )
    if not may_look or attempt.replanned:
        raise problem
    attempt.replanned = True
    live = tools.cluster.reader.get(tools.collection(step), step.id.name)
    if isinstance(live, Absent):
        return Removed(gone=True, action=step.action, reason="gone")
    if live["metadata"]["uid"] != attempt.uid:
        return Removed(
            gone=True, action=Action.DROP, reason="recreated-by-other",
            warning="not deleted: it was created again by somebody else",
        )  # fmt: skip
    patch = release_patch(live, tools.mark)
    if step.action is Action.KEEP and patch:
        tools.writer.json_patch(tools.collection(step), step.id.name, patch)
    return Removed(gone=True, action=step.action)


def same_content(before: Body, after: Body) -> bool:
    """Whether a write changed nothing that anybody would see.

    Versions, times, managers and the status do not count: the server raises the version of some identical applies.
    """
    return _content(before) == _content(after)


def _content(body: Body) -> dict[str, Any]:
    metadata = {key: value for key, value in body["metadata"].items() if key not in _VOLATILE}
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


_VOLATILE = frozenset({"resourceVersion", "generation", "managedFields"})
