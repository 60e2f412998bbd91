"""The kinds of Flux that the agent reconciles or reads, as collections of the API server."""

from __future__ import annotations

from applier.cluster.api import Collection

SOURCE, KUSTOMIZE = "source.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io"
NOTIFICATION, HELM = "notification.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"

GIT_REPOSITORIES = Collection(SOURCE, "v1", "gitrepositories", "GitRepository")
OCI_REPOSITORIES = Collection(SOURCE, "v1", "ocirepositories", "OCIRepository")
HELM_REPOSITORIES = Collection(SOURCE, "v1", "helmrepositories", "HelmRepository")
HELM_CHARTS = Collection(SOURCE, "v1", "helmcharts", "HelmChart")
KUSTOMIZATIONS = Collection(KUSTOMIZE, "v1", "kustomizations", "Kustomization")
HELM_RELEASES = Collection(HELM, "v2", "helmreleases", "HelmRelease")
ALERTS = Collection(NOTIFICATION, "v1beta3", "alerts", "Alert")
PROVIDERS = Collection(NOTIFICATION, "v1beta3", "providers", "Provider")
RECEIVERS = Collection(NOTIFICATION, "v1", "receivers", "Receiver")
SECRETS = Collection("", "v1", "secrets", "Secret")
CONFIG_MAPS = Collection("", "v1", "configmaps", "ConfigMap")

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
EVENT_PREFIX = "event.toolkit.fluxcd.io/"
