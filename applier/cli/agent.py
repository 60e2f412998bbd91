"""`kbuild agent`: the controllers of one process, from its flags to its end.

Outside of a cluster it uses a kubeconfig like any command; inside, its service account. SIGTERM and Ctrl-C end it in order:
runs are told to stop, statuses are written, the Lease is given back.
"""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from applier.agent.assembly import CONTROLLERS, EVERY_CONTROLLER, NOTIFICATION, SOURCE, Agent, AgentOptions
from applier.agent.kustomization.attempt import DEPENDENCY_RETRY_S
from applier.agent.kustomization.configs import SELECTOR
from applier.agent.runtime import durations
from applier.agent.runtime.leadership import Leadership
from applier.agent.runtime.logs import LEVELS, Log
from applier.agent.runtime.queue import MAX_DELAY_S, MIN_DELAY_S, Key
from applier.agent.runtime.unit import Rhythm
from applier.cli.flags import CONNECTION, HELP
from applier.cli.settings import duration, read, whole_number
from applier.cli.setup.dev_flags import WITH_ONCE
from applier.cli.signals import ignore_broken_pipes
from applier.cluster.cluster import of_connection
from applier.cluster.kubeconfig import connect
from applier.failures import ApplierError
from kbuild import UsageError
from kbuild.cli.flags import BOOL, TEXT, Flag, one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from applier.cli.settings import Settings

FLAGS = (
    Flag("controllers", TEXT, f"which controllers run here, comma-separated: {', '.join(EVERY_CONTROLLER)} (default {','.join(CONTROLLERS)})", placeholder="NAMES"),
    Flag("watch-namespace", TEXT, "the only namespace that is watched (default: all)", short="n", placeholder="NAMESPACE"),
    Flag("watch-all-namespaces", BOOL, "watch every namespace (the default); =false: only $RUNTIME_NAMESPACE"),
    Flag("watch-label-selector", TEXT, "only objects with these labels, such as sharding.fluxcd.io/key=shard1", placeholder="SELECTOR"),
    Flag("storage-path", TEXT, "folder for artifacts and mirrors; it may be lost at any time (default: the user's cache)", placeholder="DIR"),
    Flag("storage-addr", TEXT, "where artifacts are served (default 127.0.0.1:0; in a cluster :9090)", placeholder="ADDRESS"),
    Flag("storage-adv-addr", TEXT, "the host that artifacts are had from (default: the address they are served at)", placeholder="HOST"),
    Flag("metrics-addr", TEXT, "where metrics are served (default 127.0.0.1:0; in a cluster :8080)", placeholder="ADDRESS"),
    Flag("health-addr", TEXT, "where /healthz and /readyz are served (default 127.0.0.1:0; in a cluster :9440)", placeholder="ADDRESS"),
    Flag("events-addr", TEXT, "where events are taken (default 127.0.0.1:0; in a cluster :9090, beside the source controller :9091), or, as a URL, where they are posted", placeholder="ADDRESS"),
    Flag("receiver-addr", TEXT, "where webhooks of Receivers are served (default 127.0.0.1:0; in a cluster :9292)", placeholder="ADDRESS"),
    Flag("page-addr", TEXT, "where the status page is served, for everybody who can reach it (default 127.0.0.1:0; in a cluster nowhere)", placeholder="ADDRESS"),
    Flag("rate-limit-interval", TEXT, "for how long the same event is taken once only (default 5m)", placeholder="DURATION"),
    Flag("concurrent", TEXT, "how many Kustomizations are at work at once (default 4)", placeholder="NUMBER"),
    Flag("interval-jitter-percentage", TEXT, "by how much intervals differ at random, 0 to 99 (default 5)", placeholder="NUMBER"),
    Flag("requeue-dependency", TEXT, "how often a dependency that is not ready is looked at again (default 30s)", placeholder="DURATION"),
    Flag("min-retry-delay", TEXT, "the first pause after a failure that is tried again with growing pauses (default 750ms)", placeholder="DURATION"),
    Flag("max-retry-delay", TEXT, "the longest such pause (default 15m)", placeholder="DURATION"),
    Flag("watch-configs-label-selector", TEXT, "ConfigMaps and Secrets whose changes make Kustomizations run (default reconcile.fluxcd.io/watch=Enabled)", placeholder="SELECTOR"),
    Flag("default-service-account", TEXT, "act as this account for Kustomizations that name none", placeholder="NAME"),
    Flag("sops-age-secret", TEXT, "Secret in $RUNTIME_NAMESPACE with age keys for Kustomizations whose decryption names none", placeholder="NAME"),
    Flag("no-cross-namespace-refs", BOOL, "refuse sources of other namespaces"),
    Flag("no-prune-guard", BOOL, "delete whatever left Git, however much it is"),
    Flag("lenient-substitution", BOOL, "variables without value and default become empty instead of failing the build"),
    Flag("enable-leader-election", BOOL, "of several replicas only one works, told by a Lease"),
    Flag("log-encoding", TEXT, "'json', the only one", placeholder="FORM", choices=("json",)),
    Flag("log-level", TEXT, "'debug', 'info' (the default) or 'error'", placeholder="LEVEL", choices=LEVELS),
    *WITH_ONCE,
    *CONNECTION,
    HELP,
)  # fmt: skip


def run(argv: Sequence[str]) -> int:
    """Run until told to stop; returns the exit status: 0 stopped, 1 could not start or lost its leadership."""
    ignore_broken_pipes()
    settings = read(argv, FLAGS, (0, 1))
    if settings.is_set("help"):
        from kbuild.cli.help import command_page

        print(command_page("agent"), end="")
        return 0
    if settings.is_set("once"):
        from applier.cli.setup.dev import once

        return once(argv, FLAGS)
    if settings.target:
        raise UsageError(f"unexpected argument: {settings.target}")
    log = Log(str(settings.values.get("log_level") or "info"))
    try:
        return Program(settings, os.environ, log).run()
    except ApplierError as problem:
        log.write("error", "cannot start", error=str(problem))
    except OSError as problem:
        log.write("error", "cannot start", error=f"{problem.strerror}: {problem.filename or ''}".rstrip(": "))
    return 1


@dataclass(slots=True)
class Program:
    """One process. Shape: `environment` tells whether it runs in a cluster."""

    settings: Settings
    environment: Mapping[str, str]
    log: Log
    stopped: Event = field(default_factory=Event)
    status: int = 0

    def run(self) -> int:
        """Start, wait for the end, stop. Raises: ApplierError, OSError, UsageError."""
        options = options_of(self.settings.values, self.environment)
        connection = connect(self.settings.choice, self.environment)
        cluster = of_connection(connection, self.environment, user_agent="kbuild-agent")
        agent = Agent(cluster, connection, options, self.log)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stopped.set())
        leadership = self._leadership(agent)
        agent.serve_probes()
        if leadership is not None:
            leadership.start()
            while not leadership.leading.wait(0.2):
                if self.stopped.is_set():
                    leadership.stop()
                    agent.stop()
                    return 0
        agent.start()
        self.log.write("info", "started", controllers=",".join(options.controllers), cluster=cluster.name)
        self.stopped.wait()
        ended = agent.stop()
        if leadership is not None:
            leadership.stop()
        self.log.write("info", "stopped", orderly=ended)
        return self.status

    def _leadership(self, agent: Agent) -> Leadership | None:
        if not self.settings.is_set("enable_leader_election"):
            return None
        own = self.environment.get("RUNTIME_NAMESPACE") or agent.options.namespace or "flux-system"
        shard = agent.options.selector.partition("=")[2]
        name = "-".join(filter(None, [agent.options.controllers[0], "controller", shard, "leader-election"]))
        identity = f"{socket.gethostname()}_{os.getpid()}_{os.urandom(4).hex()}"
        return Leadership(agent.cluster.exchange, own, name, identity, self._lost)

    def _lost(self) -> None:
        """Another replica may lead by now: nothing may be written any more."""
        self.log.write("error", "leadership is lost")
        self.status = 1
        self.stopped.set()


def options_of(values: Mapping[str, object], environment: Mapping[str, str]) -> AgentOptions:
    """The options that flags stand for; in a cluster the usual addresses are the defaults. Raises: UsageError."""
    is_inside = "KUBERNETES_SERVICE_HOST" in environment
    names = [name for name in str(values.get("controllers") or ",".join(CONTROLLERS)).split(",") if name]
    for name in names:
        one_of(name, EVERY_CONTROLLER, "--controllers")
    home = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    address = _addresses(values, is_inside=is_inside)
    return AgentOptions(
        controllers=tuple(dict.fromkeys(names)),
        namespace=_watched(values, environment),
        selector=str(values.get("watch_label_selector") or ""),
        storage=Path(str(values.get("storage_path") or f"{home}/kbuild/agent")),
        storage_address=address("storage_addr", "9090"),
        advertised=str(values.get("storage_adv_addr") or ""),
        metrics_address=address("metrics_addr", "8080"),
        health_address=address("health_addr", "9440"),
        events_address=address("events_addr", "9091" if SOURCE in names else "9090"),
        receiver_address=address("receiver_addr", "9292"),
        page_address=str(values.get("page_addr") or ("" if is_inside else "127.0.0.1:0")),
        events_url=_events_url(values, environment, names),
        event_window_s=duration(values, "rate_limit_interval", 300.0),
        concurrent_kustomizations=whole_number(values, "concurrent", 4),
        dependency_retry_s=duration(values, "requeue_dependency", DEPENDENCY_RETRY_S),
        rhythm=_rhythm(values),
        configs_selector=str(values.get("watch_configs_label_selector") or SELECTOR),
        default_account=str(values.get("default_service_account") or ""),
        age_secret=_age_secret(values, environment),
        cross_namespace=not values.get("no_cross_namespace_refs"),
        prune_guard=not values.get("no_prune_guard"),
        helm=environment.get("KBUILD_HELM") or "helm",
        strict_substitution=not values.get("lenient_substitution"),
    )


def _age_secret(values: Mapping[str, object], environment: Mapping[str, str]) -> Key | None:
    """The Secret with age keys for everybody, None for none. Raises: UsageError."""
    name, own = str(values.get("sops_age_secret") or ""), environment.get("RUNTIME_NAMESPACE", "")
    if name and not own:
        raise UsageError("--sops-age-secret needs RUNTIME_NAMESPACE in the environment")
    return Key(own, name) if name else None


def _watched(values: Mapping[str, object], environment: Mapping[str, str]) -> str:
    """The one namespace that is watched, empty for all. Raises: UsageError."""
    named = str(values.get("watch_namespace") or "")
    if named or values.get("watch_all_namespaces", True):
        return named
    own = environment.get("RUNTIME_NAMESPACE", "")
    if not own:
        raise UsageError("--watch-all-namespaces=false needs RUNTIME_NAMESPACE in the environment")
    return own


def _rhythm(values: Mapping[str, object]) -> Rhythm:
    """Raises: UsageError."""
    text = str(values.get("interval_jitter_percentage", 5))
    jitter = int(text) if text.isdigit() else 100
    if jitter > 99:
        raise UsageError(f"--interval-jitter-percentage must be a number from 0 to 99, not '{text}'")
    return Rhythm(
        jitter / 100, _delay(values, "min_retry_delay", MIN_DELAY_S), _delay(values, "max_retry_delay", MAX_DELAY_S)
    )


def _delay(values: Mapping[str, object], name: str, default: float) -> float:
    """A pause in seconds, which may be written in milliseconds. Raises: UsageError."""
    text = str(values.get(name) or "")
    try:
        return durations.seconds(text) if text else default
    except ValueError:
        raise UsageError(f"--{name.replace('_', '-')}={text} is no time").advise("write 750ms, 90s or 5m") from None


def _addresses(values: Mapping[str, object], *, is_inside: bool) -> Callable[[str, str], str]:
    def address(name: str, port: str) -> str:
        given = str(values.get(name) or "")
        return given if given and "://" not in given else f":{port}" if is_inside else "127.0.0.1:0"

    return address


def _events_url(values: Mapping[str, object], environment: Mapping[str, str], names: Sequence[str]) -> str:
    """Where events are posted: as the flag says; in a cluster the notification controller, unless it is in this process."""
    given = str(values.get("events_addr") or "")
    if "://" in given:
        return given
    namespace = environment.get("RUNTIME_NAMESPACE")
    if NOTIFICATION in names or not namespace or "KUBERNETES_SERVICE_HOST" not in environment:
        return ""
    return f"http://notification-controller.{namespace}.svc.cluster.local./"
