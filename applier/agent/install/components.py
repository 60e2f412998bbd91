"""What can be installed: the controllers by the names that Flux gives them, and how an installation may differ.

Source: flux2 v2.9, `install` and its defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

INSTANCE, PART_OF, VERSION = "app.kubernetes.io/instance", "app.kubernetes.io/part-of", "app.kubernetes.io/version"
COMPONENT, MANAGED_BY = "app.kubernetes.io/component", "app.kubernetes.io/managed-by"
FLUX = "flux"
DEFAULT_NAMESPACE = "flux-system"
IMAGE = "kbuild"


class UnknownComponentError(ValueError):
    """A component that there is none of: the sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One controller.

    Shape: `controller` is its word for `kbuild agent --controllers`, `group` the API group whose kinds come with it, `ports`
    its container's own besides metrics and probes.
    """

    name: str
    controller: str
    group: str
    ports: tuple[tuple[str, int], ...] = ()
    is_storing: bool = False
    is_critical: bool = True
    requests_cpu: str = "100m"


SOURCE = Component(
    name="source-controller", controller="source", group="source.toolkit.fluxcd.io", ports=(("http", 9090),),
    is_storing=True, requests_cpu="50m",
)  # fmt: skip
KUSTOMIZE = Component(name="kustomize-controller", controller="kustomize", group="kustomize.toolkit.fluxcd.io")
HELM = Component(name="helm-controller", controller="helm", group="helm.toolkit.fluxcd.io")
NOTIFICATION = Component(
    name="notification-controller", controller="notification", group="notification.toolkit.fluxcd.io",
    ports=(("http", 9090), ("http-webhook", 9292)), is_critical=False,
)  # fmt: skip
EVERY = (SOURCE, KUSTOMIZE, HELM, NOTIFICATION)
USUAL = (SOURCE, KUSTOMIZE, NOTIFICATION)


def components(names: Iterable[str], controllers: Collection[str]) -> tuple[Component, ...]:
    """Components by name, in the order in which they are installed; `controllers` are those that the agent has.

    Raises: UnknownComponentError.
    """
    wanted = list(dict.fromkeys(names))
    known = {found.name: found for found in EVERY if found.controller in controllers}
    for name in wanted:
        if name not in known:
            raise UnknownComponentError(f"component {name} is not available, choose from: {', '.join(known)}")
    if SOURCE.name not in wanted:
        raise UnknownComponentError(f"component {SOURCE.name} is required: the others work on what it fetches")
    return tuple(found for found in EVERY if found.name in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What shall be installed, and how. Shape: `version` with a leading `v`; `image` whole, with its tag."""

    namespace: str = DEFAULT_NAMESPACE
    components: tuple[Component, ...] = USUAL
    version: str
    image: str
    image_pull_secret: str = ""
    watch_all_namespaces: bool = True
    network_policy: bool = True
    log_level: str = "info"
    cluster_domain: str = "cluster.local"
    toleration_keys: tuple[str, ...] = ()

    def labels(self, component: str = "") -> dict[str, str]:
        """The labels that everything of an installation carries."""
        own = {COMPONENT: component} if component else {}
        return {**own, INSTANCE: self.namespace, PART_OF: FLUX, VERSION: self.version}

    def address(self, service: str) -> str:
        """The name that a Service of the installation has inside the cluster; the last dot ends the search for others."""
        return f"{service}.{self.namespace}.svc.{self.cluster_domain}."
