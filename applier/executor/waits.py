"""Waiting for objects to become healthy, or to be gone: what is waited for, until when, and what was seen last.

It holds no thread and no request: followers bring sightings, timers bring deadlines, and four callbacks bring the ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from applier.executor.follow import Follower, Seen
from applier.executor.judge import PodsSeen
from applier.executor.looks import Looks
from applier.failures import ErrorClass, Failure
from applier.model import events
from applier.model.changes import Outcome
from applier.model.health import Health, Status
from applier.model.ids import GroupKind
from applier.model.kinds import POD_TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from applier.cluster.api import Collection
    from applier.cluster.reader import Reader
    from applier.executor.graph import Node
    from applier.executor.pool import Timers
    from applier.executor.recorder import Recorder
    from applier.model.ids import Body, ObjectId
    from applier.model.plan import Step

MANY_NAMESPACES = 4
FLAP_S, REJUDGE_S = 2.0, 5.0
FIRST_LOOK_S, NEXT_LOOK_S, LAST_LOOK_S = 20.0, 10.0, 60.0
POD = GroupKind("", "Pod")


class Judge(Protocol):
    """Judges one object's health; `just_written` asks for proof that a controller has seen what was written."""

    def __call__(self, step: Step, body: Body, *, just_written: bool) -> Health:
        """The verdict."""

    def look_at_pods(self, reader: Reader, body: Body, health: Health) -> Health:
        """The verdict with what the pods of a workload say. It sends a request."""


class Ends(Protocol):
    """What happens when a wait ends."""

    def healthy(self, node: Node, waited_s: float, note: str) -> None:
        """The object is Current."""

    def unhealthy(self, node: Node, failure: Failure, outcome: Outcome, waited_s: float) -> None:
        """It will not become Current, or not in time."""

    def gone(self, node: Node, *, replaced: bool) -> None:
        """The object is gone; `replaced`: there is another one in its place."""


@dataclass(slots=True)
class Wait:
    """One wait. `uid` is set where the object shall go away; `written` is the answer to our write, if there was one.

    `body` is what was seen last.
    """

    node: Node
    collection: Collection
    since_s: float
    timeout_s: float
    uid: str = ""
    written: Body | None = None
    health: Health | None = None
    is_suspect: bool = False
    body: Body | None = None
    looks: int = 0


class Waits:
    """All waits of a run. Used from the dispatcher's thread; followers post through `post`."""

    def __init__(
        self, reader: Reader, steps: Iterable[Step], *, timers: Timers, recorder: Recorder, judge: Judge,
        post: Callable[[object], None],
    ) -> None:  # fmt: skip
        self.reader, self.timers, self.recorder, self.judge, self.post = reader, timers, recorder, judge, post
        self.waits: dict[ObjectId, Wait] = {}
        self.latest: dict[ObjectId, Seen] = {}
        self._followers: dict[tuple[Collection, str], Follower] = {}
        self.looks = Looks(post)
        self._wanted: dict[GroupKind, set[ObjectId]] = {}
        for step in steps:
            if step.wait or step.await_gone or step.may_recreate or step.direction == "prune":
                self._wanted.setdefault(step.id.group_kind, set()).add(step.id)

    def for_health(self, node: Node, collection: Collection, body: Body | None, ends: Ends) -> None:
        """Wait until the node's object is Current; `body` is what was just written, None for one left alone."""
        step = node.step
        wait = Wait(node, collection, self.recorder.clock.monotonic(), step.timeout_s, written=body)
        if body is not None:
            newer = self.latest.pop(step.id, None)
            if self.judged(wait, body, ends):
                return
            if newer is not None and not _is_older(newer, wait) and newer.body and self.judged(wait, newer.body, ends):
                return
        self._begin(wait, ends)

    def for_absence(self, node: Node, collection: Collection, uid: str, ends: Ends) -> None:
        """Wait until the object of this uid is gone."""
        timeout_s = node.step.timeout_s or float("inf")
        wait = Wait(node, collection, self.recorder.clock.monotonic(), timeout_s, uid=uid)
        wait.health = Health(status=Status.TERMINATING, reason="Terminating", message="waiting for it to be gone")
        _tell(wait, self.recorder)
        self._begin(wait, ends)

    def seen(self, seen: Seen, ends: Ends) -> None:
        """A follower saw an object."""
        wait = self.waits.get(seen.id)
        if wait is None:
            if seen.body is not None:
                self.latest[seen.id] = seen
            return
        if wait.uid:
            if seen.body is None or seen.body["metadata"].get("uid") != wait.uid:
                del self.waits[seen.id]
                ends.gone(wait.node, replaced=seen.body is not None)
        elif _is_older(seen, wait):
            return
        elif seen.body is None:
            _vanished(wait, self.forget(wait.node), ends)
        elif self.judged(wait, seen.body, ends):
            del self.waits[seen.id]

    def forget(self, node: Node) -> float:
        """Wait no longer; returns how long it was, in seconds."""
        wait = self.waits.pop(node.step.id, None)
        return self.recorder.clock.monotonic() - wait.since_s if wait is not None else 0.0

    def close(self) -> None:
        """Follow nothing any more."""
        for follower in self._followers.values():
            follower.stop()
        self._followers.clear()
        self.looks.close()

    def _begin(self, wait: Wait, ends: Ends) -> None:
        self.waits[wait.node.step.id] = wait
        if not wait.uid:
            look_later(self, wait, ends)
        if wait.timeout_s != float("inf"):
            self.timers.after(wait.timeout_s, lambda: self._expire(wait, ends))
        object_id = wait.node.step.id
        alike = self._wanted.get(object_id.group_kind, set())
        is_spread = len({one.namespace for one in alike}) > MANY_NAMESPACES
        place = wait.collection._replace(namespace="") if is_spread else wait.collection
        follower = self._followers.get((place, ""))
        if follower is None:
            wanted = frozenset(one for one in alike if place.namespace in ("", one.namespace)) | {object_id}
            self._follow((place, ""), wanted)
        elif object_id not in follower.wanted:
            self._follow((wait.collection, object_id.name), frozenset([object_id]))

    def _follow(self, key: tuple[Collection, str], wanted: frozenset[ObjectId]) -> None:
        if key not in self._followers:
            self._followers[key] = Follower(self.reader, key[0], wanted, self.post, self.post)
            self._followers[key].start()

    def pods_seen(self, seen: PodsSeen, ends: Ends) -> None:
        """The pods of a workload were looked at; nothing they say makes it Current."""
        wait = self.waits.get(seen.id)
        if wait is not None and seen.health.status is not Status.CURRENT and self._verdict(wait, seen.health, ends):
            del self.waits[seen.id]

    def judged(self, wait: Wait, body: Body, ends: Ends) -> bool:
        """Judge a sighting; returns whether the wait is over."""
        wait.body = body
        return self._verdict(wait, self.judge(wait.node.step, body, just_written=wait.written is not None), ends)

    def _verdict(self, wait: Wait, health: Health, ends: Ends) -> bool:
        """Take a verdict; returns whether the wait is over."""
        is_new = wait.health is None or (health.status, health.reason, health.message) != (
            wait.health.status, wait.health.reason, wait.health.message,
        )  # fmt: skip
        wait.health = health
        if health.status is Status.CURRENT:
            is_waited_for = wait.node.step.id in self.waits
            waited_s = self.recorder.clock.monotonic() - wait.since_s if is_waited_for else 0.0
            ends.healthy(wait.node, waited_s, health.note)
            return True
        if is_new:
            _tell(wait, self.recorder)
        if health.status is not Status.FAILED:
            wait.is_suspect = False
            return False
        if health.needs_repeat and not wait.is_suspect:
            wait.is_suspect = True
            self.timers.after(FLAP_S, lambda: self._confirm(wait, ends))
            return False
        if health.needs_repeat:
            return False  # the timer confirms it
        ends.unhealthy(wait.node, _unhealthy(health), Outcome.FAILED, self.recorder.clock.monotonic() - wait.since_s)
        return True

    def _confirm(self, wait: Wait, ends: Ends) -> None:
        """A failure of pods counts when it is still there after two seconds."""
        if self.waits.get(wait.node.step.id) is wait and wait.is_suspect and wait.health is not None:
            waited_s = self.forget(wait.node)
            ends.unhealthy(wait.node, _unhealthy(wait.health), Outcome.FAILED, waited_s)

    def _expire(self, wait: Wait, ends: Ends) -> None:
        if self.waits.get(wait.node.step.id) is wait:
            waited_s = self.forget(wait.node)
            ends.unhealthy(wait.node, timed_out(wait), Outcome.TIMEOUT, waited_s)


def look_later(waits: Waits, wait: Wait, ends: Ends) -> None:
    """Time alone changes the verdict on a pod; a workload that takes long is asked for its pods."""
    kind = wait.node.step.id.group_kind
    if kind == POD:
        waits.timers.after(REJUDGE_S, lambda: _look(waits, wait, ends))
    elif kind in POD_TEMPLATES:
        next_s = min(NEXT_LOOK_S * 2.0 ** min(wait.looks - 1, 3), LAST_LOOK_S)
        waits.timers.after(next_s if wait.looks else FIRST_LOOK_S, lambda: _look(waits, wait, ends))


def _look(waits: Waits, wait: Wait, ends: Ends) -> None:
    object_id, body, health = wait.node.step.id, wait.body, wait.health
    if waits.waits.get(object_id) is not wait:
        return
    wait.looks += 1
    if body is not None and object_id.group_kind == POD:
        if waits.judged(wait, body, ends):
            del waits.waits[object_id]
            return
    elif body is not None and health is not None:
        judge, reader = waits.judge, waits.reader
        waits.looks.ask(lambda: PodsSeen(object_id, judge.look_at_pods(reader, body, health)))
    look_later(waits, wait, ends)


def _vanished(wait: Wait, waited_s: float, ends: Ends) -> None:
    """An object that is waited for is gone: well for a Job that cleans up after itself, else a failure."""
    step = wait.node.step
    if _cleans_up(step.body):
        ends.healthy(wait.node, waited_s, "finished and cleaned up")
        return
    failure = Failure(error_class=ErrorClass.NOT_FOUND, message=f"{step.id} was deleted while it was waited for")
    ends.unhealthy(wait.node, failure, Outcome.FAILED, waited_s)


def _tell(wait: Wait, recorder: Recorder) -> None:
    health = wait.health
    assert health is not None
    recorder.tell(
        events.Waiting(
            at_s=recorder.at_s, id=wait.node.step.id, status=health.status, reason=health.reason, message=health.message
        )
    )  # fmt: skip


def _is_older(seen: Seen, wait: Wait) -> bool:
    """Whether a sighting is from before our write. Versions are numbers; where they are not, the clock decides."""
    if wait.written is None:
        return False
    ours = wait.written["metadata"].get("resourceVersion", "")
    version = seen.body["metadata"].get("resourceVersion", "") if seen.body is not None else seen.version
    if ours.isdigit() and version.isdigit():
        return int(version) < int(ours)
    return seen.body is None and seen.asked_s < wait.since_s


def _cleans_up(body: Body | None) -> bool:
    return (
        body is not None
        and body.get("kind") == "Job"
        and (body.get("spec") or {}).get("ttlSecondsAfterFinished") is not None
    )


def _sentence(health: Health) -> str:
    return ": ".join(part for part in (health.reason, health.message) if part) or str(health.status)


def _unhealthy(health: Health) -> Failure:
    return Failure(error_class=ErrorClass.UNHEALTHY, message=_sentence(health))


def timed_out(wait: Wait) -> Failure:
    """The failure of a wait whose time is up, with what was seen last."""
    seconds = f"{wait.timeout_s:g} s"
    goal = "gone" if wait.uid else "Current"
    last = _sentence(wait.health) if wait.health is not None else "it was not seen"
    return Failure(error_class=ErrorClass.WAIT_TIMEOUT, message=f"not {goal} after {seconds}: {last}")
