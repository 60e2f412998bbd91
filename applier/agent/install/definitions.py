"""CustomResourceDefinitions from kinds and their schemas.

Source: the API groups of Flux v2: names, versions, printer columns, validation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.install import helm_kinds, kustomize_kinds, notification_kinds, source_kinds

if TYPE_CHECKING:
    from applier.agent.install.schemas import Schema

    Column = tuple[str, str, str]  # name, type, path

AGE: Column = ("Age", "date", ".metadata.creationTimestamp")
READY: Column = ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status')
STATUS: Column = ("Status", "string", '.status.conditions[?(@.type=="Ready")].message')
URL: Column = ("URL", "string", ".spec.url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a kind. Shape: `status` None for a kind without one."""

    name: str
    spec: Schema
    status: Schema | None
    columns: tuple[Column, ...]
    deprecation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One kind. Shape: the first version is the one that is stored."""

    group: str
    kind: str
    plural: str
    versions: tuple[Version, ...]
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    def body(self, labels: dict[str, str]) -> dict[str, Any]:
        """The CustomResourceDefinition."""
        name = f"{self.plural}.{self.group}"
        annotations = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": name, "labels": labels, "annotations": annotations},
            "spec": {
                "group": self.group,
                "names": {
                    "kind": self.kind,
                    "listKind": f"{self.kind}List",
                    "plural": self.plural,
                    "singular": self.kind.lower(),
                    **({"shortNames": list(self.short)} if self.short else {}),
                    **({"categories": list(self.categories)} if self.categories else {}),
                },
                "scope": "Namespaced",
                "versions": [_version(self.kind, found, is_stored=not at) for at, found in enumerate(self.versions)],
            },
        }


def _version(kind: str, found: Version, *, is_stored: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": found.spec,
    }
    if found.status is not None:
        properties["status"] = found.status
    columns = [{"name": name, "type": kind_, "jsonPath": path} for name, kind_, path in found.columns]
    return {
        "name": found.name,
        "served": True,
        "storage": is_stored,
        **({"deprecated": True, "deprecationWarning": found.deprecation} if found.deprecation else {}),
        **({"subresources": {"status": {}}} if found.status is not None else {}),
        "additionalPrinterColumns": columns,
        "schema": {
            "openAPIV3Schema": {"description": f"{kind} of Flux v2.", "type": "object", "properties": properties}
        },
    }


def _one(name: str, spec: Schema, status: Schema | None, *columns: Column) -> tuple[Version, ...]:
    return (Version(name=name, spec=spec, status=status, columns=columns),)


def definitions() -> list[Definition]:
    """All kinds that the agent knows."""
    source, kustomize = "source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"
    helm, notification = "helm.toolkit.fluxcd.io", "notification.toolkit.fluxcd.io"
    sources, appliers = ("all", "fluxcd", "fluxcd-sources"), ("all", "fluxcd", "fluxcd-appliers")
    notifications = ("all", "fluxcd", "fluxcd-notifications")
    return [
        Definition(
            group=source, kind="GitRepository", plural="gitrepositories", short=("gitrepo",), categories=sources,
            versions=_one("v1", source_kinds.git_repository(), source_kinds.git_repository_status(), URL, AGE, READY, STATUS),
        ),
        Definition(
            group=source, kind="OCIRepository", plural="ocirepositories", short=("ocirepo",), categories=sources[2:],
            versions=_one("v1", source_kinds.oci_repository(), source_kinds.oci_repository_status(), URL, READY, STATUS, AGE),
        ),
        Definition(
            group=source, kind="HelmRepository", plural="helmrepositories", short=("helmrepo",), categories=sources[2:],
            versions=_one("v1", source_kinds.helm_repository(), source_kinds.indexed_status(), URL, AGE, READY, STATUS),
        ),
        Definition(
            group=source, kind="HelmChart", plural="helmcharts", short=("hc",), categories=sources[2:],
            versions=_one(
                "v1", source_kinds.helm_chart(), source_kinds.helm_chart_status(),
                ("Chart", "string", ".spec.chart"), ("Version", "string", ".spec.version"),
                ("Source Kind", "string", ".spec.sourceRef.kind"), ("Source Name", "string", ".spec.sourceRef.name"),
                AGE, READY, STATUS,
            ),
        ),
        Definition(
            group=kustomize, kind="Kustomization", plural="kustomizations", short=("ks",), categories=appliers,
            versions=_one("v1", kustomize_kinds.kustomization(), kustomize_kinds.kustomization_status(), AGE, READY, STATUS),
        ),
        Definition(
            group=helm, kind="HelmRelease", plural="helmreleases", short=("hr",), categories=appliers,
            versions=_one("v2", helm_kinds.helm_release(), helm_kinds.helm_release_status(), AGE, READY, STATUS),
        ),
        *(
            Definition(
                group=notification, kind=kind, plural=plural, categories=notifications,
                versions=(
                    Version(name="v1beta3", spec=make(is_beta=True), status=None, columns=(AGE,)),
                    Version(name="v1", spec=make(is_beta=False), status=None, columns=(AGE,)),
                ),
            )
            for kind, plural, make in (
                ("Provider", "providers", notification_kinds.provider), ("Alert", "alerts", notification_kinds.alert),
            )
        ),
        Definition(
            group=notification, kind="Receiver", plural="receivers", categories=notifications[2:],
            versions=_one("v1", notification_kinds.receiver(), notification_kinds.receiver_status(), AGE, READY, STATUS),
        ),
    ]  # fmt: skip
