"""`kbuild install`: the agent's controllers into a cluster, or their manifests to standard output.

Source: flux2 v2.9, `install`: its words, flags and exit statuses.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from applier.agent.assembly import CONTROLLERS, EVERY_CONTROLLER
from applier.agent.install import manifests
from applier.agent.install.components import (
    EVERY,
    FLUX,
    IMAGE,
    MANAGED_BY,
    PART_OF,
    USUAL,
    VERSION,
    Installation,
    UnknownComponentError,
    components,
)
from applier.cli.operate.words import ACTION, GENERATING, SUCCESS, WAITING, StoppedError, say
from applier.cli.setup import rollout
from applier.cli.setup.kinds import DEFINITIONS
from applier.cli.setup.line import COMMON, guarded
from applier.keys import FLUX_NAME
from applier.model.live import Absent
from kbuild import __version__
from kbuild.cli.flags import BOOL, LIST, TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.cli.setup.line import Line
    from applier.cluster.cluster import Cluster

_NAMES, _USUAL = (",".join(found.name for found in group) for group in (EVERY, USUAL))
COMPONENT_FLAGS = (
    Flag("components", LIST, f"which controllers, comma-separated (default {_USUAL})", placeholder="NAMES"),
    Flag("components-extra", LIST, "further controllers: helm-controller", placeholder="NAMES"),
)
INSTALL_FLAGS = (
    Flag("version", TEXT, f"version of the controllers, which is the image's tag (default v{__version__})", short="v", placeholder="VERSION"),
    *COMPONENT_FLAGS,
    Flag("registry", TEXT, f"registry that the image {IMAGE} is pulled from (default: none, the image is on the nodes)", placeholder="REGISTRY"),
    Flag("image", TEXT, "the whole name of the image, instead of registry and version", placeholder="IMAGE"),
    Flag("image-pull-secret", TEXT, "Secret of the namespace with the registry's credentials", placeholder="NAME"),
    Flag("watch-all-namespaces", BOOL, "reconcile in all namespaces (the default); =false: in the installation's only"),
    Flag("network-policy", BOOL, "deny what need not reach the controllers (the default)"),
    Flag("log-level", TEXT, "'debug', 'info' (the default) or 'error'", placeholder="LEVEL", choices=("debug", "info", "error")),
    Flag("cluster-domain", TEXT, "internal domain of the cluster (default cluster.local)", placeholder="DOMAIN"),
    Flag("toleration-keys", LIST, "taints that the controllers tolerate, comma-separated", placeholder="KEYS"),
)  # fmt: skip
FLAGS = (
    Flag("export", BOOL, "print the manifests and change nothing"),
    *INSTALL_FLAGS,
    Flag("force", BOOL, "also where another tool manages the installation"),
    *COMMON,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What a cluster says about its installation. Shape: empty texts for what is not known."""

    version: str = ""
    distribution: str = ""
    managed_by: str = ""
    is_bootstrapped: bool = False


def install(argv: Sequence[str]) -> int:
    """`kbuild install`; returns the exit status."""
    return guarded("install", argv, FLAGS, _install)


def installation_of(line: Line) -> Installation:
    """What the flags ask for. Raises: StoppedError."""
    names = line.items("components") or [found.name for found in USUAL if found.controller in CONTROLLERS]
    try:
        chosen = components([*names, *line.items("components_extra")], EVERY_CONTROLLER)
    except UnknownComponentError as problem:
        raise StoppedError(str(problem)) from None
    version = f"v{line.text('version', __version__).removeprefix('v')}"
    registry = line.text("registry").rstrip("/")
    return Installation(
        namespace=line.namespace,
        components=chosen,
        version=version,
        image=line.text("image") or f"{registry}{'/' if registry else ''}{IMAGE}:{version}",
        image_pull_secret=line.text("image_pull_secret"),
        watch_all_namespaces=line.is_on("watch_all_namespaces", default=True),
        network_policy=line.is_on("network_policy", default=True),
        log_level=line.text("log_level", "info"),
        cluster_domain=line.text("cluster_domain", "cluster.local"),
        toleration_keys=tuple(line.items("toleration_keys")),
    )


def installed(cluster: Cluster) -> Installed | None:
    """What is installed; None where there is no installation. Raises: ApplierError."""
    found = cluster.reader.get(DEFINITIONS, "gitrepositories.source.toolkit.fluxcd.io")
    if isinstance(found, Absent):
        return None
    labels = found["metadata"].get("labels") or {}
    version = str(labels.get(VERSION) or "")
    return Installed(
        version=version,
        distribution="-".join(filter(None, [str(labels.get(PART_OF) or FLUX), version])),
        managed_by=str(labels.get(MANAGED_BY) or ""),
        is_bootstrapped=bool(labels.get(FLUX_NAME)),
    )


def _install(line: Line) -> int:
    line.no_words()
    plan = installation_of(line)
    if line.is_on("export"):
        sys.stdout.write(manifests.text(plan))
        return 0
    _check_present(line, installed(line.cluster))
    say(GENERATING, "generating manifests")
    bodies = manifests.manifests(plan)
    say(SUCCESS, "manifests build completed")
    say(ACTION, f"installing components in {plan.namespace} namespace")
    for text in rollout.apply(line.cluster, bodies, plan.namespace, line.timeout_s):
        sys.stderr.write(f"{text}\n")
    say(WAITING, "verifying installation")
    names = [found.name for found in plan.components]
    if not rollout.wait_for_deployments(line.cluster, plan.namespace, names, line.timeout_s):
        raise StoppedError("install failed")
    say(SUCCESS, "install finished")
    return 0


def _check_present(line: Line, present: Installed | None) -> None:
    """Leave an installation alone that somebody else looks after. Raises: StoppedError."""
    if present is None:
        return
    if present.is_bootstrapped:
        version = f" {present.version}" if present.version else ""
        raise StoppedError(
            f"this cluster has already been bootstrapped with Flux{version}! Please use 'kbuild bootstrap' to upgrade"
        )
    if present.managed_by not in ("", FLUX) and not line.is_on("force"):
        raise StoppedError(
            f"the installation is managed by {present.managed_by}: upgrade it there, or take it over with --force"
        )
