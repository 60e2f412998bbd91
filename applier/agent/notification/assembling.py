"""The notification controller put together: event endpoint, alerts and providers, deliveries, receivers and their webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from applier.agent.notification.delivery import Delivery
from applier.agent.notification.duplicates import Duplicates
from applier.agent.notification.hooks import Hooks
from applier.agent.notification.intake import Intake
from applier.agent.notification.key_sets import KeySets
from applier.agent.notification.outbox import Outbox
from applier.agent.notification.receivers import PREFIX, Receivers
from applier.agent.notification.transitions import Transitions
from applier.agent.runtime.controller import Controller
from applier.agent.runtime.events import ERROR, Happening
from applier.agent.runtime.informer import Informer, key_of
from applier.agent.runtime.kinds import ALERTS, NOTIFICATION, PROVIDERS, RECEIVERS
from applier.agent.runtime.logs import Subject
from applier.agent.runtime.queue import Key, Queue
from applier.agent.runtime.unit import Names, unit

if TYPE_CHECKING:
    from pathlib import Path

    from applier.agent.runtime.events import Recorder
    from applier.agent.runtime.serving import Asked, Reply
    from applier.agent.runtime.unit import Shared, Unit
    from applier.cluster.api import Collection
    from applier.model.ids import Body

    Routes = dict[tuple[str, str], Callable[[Asked], Reply]]

NAME = "notification-controller"
NAMES = Names(controller=NAME, manager=NAME)
GRACE_S = 20.0
NO_ANNOTATIONS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationOptions:
    """How notifications are dealt with.

    Shape: `namespace` is the one that is watched, empty for all; `folder` keeps what is not delivered yet. Units: seconds.
    """

    folder: Path
    namespace: str = ""
    cross_namespace: bool = True
    window_s: float = 300.0
    concurrency: int = 32
    concurrent_receivers: int = 2


@dataclass(slots=True)
class Notifications:
    """The parts of the notification controller in one process. Shape: `event_routes` and `hook_routes` are for servers."""

    shared: Shared
    options: NotificationOptions
    recorder: Recorder
    receivers: Unit = field(init=False)
    alerts: Informer = field(init=False)
    providers: Informer = field(init=False)
    intake: Intake = field(init=False)
    hooks: Hooks = field(init=False)
    outbox: Outbox = field(init=False)
    transitions: Transitions = field(init=False)
    deliveries: Controller = field(init=False)

    def __post_init__(self) -> None:
        shared, options = self.shared, self.options
        reader, clock = shared.cluster.reader, shared.clock
        self.alerts, self.providers = self._view(ALERTS), self._view(PROVIDERS)
        self.outbox = Outbox(options.folder / "waiting", self._note)
        self.transitions = Transitions(options.folder / "failing.json", self._note)
        queue = Queue(clock.monotonic)
        delivery = Delivery(
            reader=reader, clock=clock, outbox=self.outbox, queue=queue, is_ready=self.is_ready,
            provider_of=lambda letter: self.providers.get(Key(letter.namespace, letter.provider)),
            alert_of=lambda letter: self.alerts.get(Key(letter.namespace, letter.alert)), tell=self._tell,
        )  # fmt: skip
        self.deliveries = Controller("deliveries", queue, delivery.run, self._crashed, options.concurrency)
        self.intake = Intake(
            reader=reader, clock=clock, alerts=self.alerts, providers=self.providers, outbox=self.outbox, queue=queue,
            duplicates=Duplicates(clock.monotonic, options.window_s), transitions=self.transitions, log=shared.log,
            tell=self._tell, cross_namespace=options.cross_namespace,
        )  # fmt: skip
        receivers = RECEIVERS._replace(namespace=options.namespace)
        self.receivers = unit(
            replace(shared, selector=""), receivers, NAMES, lambda around: Receivers(around).reconcile,
            concurrency=options.concurrent_receivers, recorder=self.recorder,
        )  # fmt: skip
        around = self.receivers.around
        self.hooks = Hooks(
            reader=reader, writer=around.writer, receivers=around.informer, log=shared.log, clock=clock, keys=KeySets(clock),
            cross_namespace=options.cross_namespace, wake=self.receivers.queue.add,
        )  # fmt: skip

    @property
    def event_routes(self) -> Routes:
        """What the event endpoint answers; anything but an event is a bad request."""
        return {("POST", "/"): self.intake.serve, ("GET", "/"): self.intake.serve}

    @property
    def hook_routes(self) -> Routes:
        """What the webhook server answers."""
        return {(method, PREFIX): self.hooks.serve for method in ("POST", "GET", "PUT")}

    def is_ready(self) -> bool:
        """Whether alerts and providers are known."""
        return self.alerts.synced.is_set() and self.providers.synced.is_set()

    def start(self) -> None:
        """Begin: with what an earlier process has left."""
        self.shared.metrics.gauge(
            "kbuild_notifications_waiting",
            "Notifications that are not delivered yet.",
            lambda: float(self.outbox.count()),
        )
        lanes = self.outbox.open()
        self.transitions.open()
        self.alerts.start()
        self.providers.start()
        self.receivers.start()
        for lane in lanes:
            self.deliveries.queue.add(lane)
        self.deliveries.start()

    def stop(self, grace_s: float) -> bool:
        """End; what is not delivered stays on disk. Returns whether all runs ended in time."""
        self.alerts.stop()
        self.providers.stop()
        ended = self.receivers.stop(grace_s)
        return self.deliveries.stop(min(grace_s, GRACE_S)) and ended

    def _view(self, collection: Collection) -> Informer:
        own = collection._replace(namespace=self.options.namespace)
        return Informer(self.shared.cluster.reader, own, lambda _old, _new: None, note=self._note)

    def _note(self, line: str) -> None:
        self.shared.log.write("error", line)

    def _tell(self, alert: Body, reason: str, sentence: str, annotations: Mapping[str, str] = NO_ANNOTATIONS) -> None:
        """Warn on an alert, and in the log."""
        happening = Happening(body=alert, severity=ERROR, reason=reason, message=sentence, metadata=annotations)
        self.recorder.record(happening)
        subject = Subject("alert", NOTIFICATION, "Alert", key_of(alert))
        self.shared.log.write("error", reason, subject, error=sentence)

    def _crashed(self, lane: Key, problem: BaseException) -> None:
        self._note(f"the delivery to {lane.namespace} ended early: {type(problem).__name__}")
