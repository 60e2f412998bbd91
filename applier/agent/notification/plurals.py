"""The kinds that alerts and receivers may name, as collections of the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.agent.runtime.kinds import SOURCE
from applier.cluster.api import Collection

if TYPE_CHECKING:
    from collections.abc import Mapping

_IMAGE = "image.toolkit.fluxcd.io"


def _plurals() -> Mapping[str, str]:
    return {
        "Bucket": "buckets",
        "GitRepository": "gitrepositories",
        "Kustomization": "kustomizations",
        "HelmRelease": "helmreleases",
        "HelmChart": "helmcharts",
        "HelmRepository": "helmrepositories",
        "ImageRepository": "imagerepositories",
        "ImagePolicy": "imagepolicies",
        "ImageUpdateAutomation": "imageupdateautomations",
        "OCIRepository": "ocirepositories",
        "ArtifactGenerator": "artifactgenerators",
        "ExternalArtifact": "externalartifacts",
    }


def default_version(kind: str) -> str:
    """The apiVersion of a kind where a receiver names none: known for sources only, as in Flux."""
    if kind == "ImageRepository":
        return f"{_IMAGE}/v1"
    sources = ("Bucket", "GitRepository", "HelmChart", "HelmRepository", "OCIRepository")
    return f"{SOURCE}/v1" if kind in sources else ""


def collection_of(api_version: str, kind: str, namespace: str) -> Collection | None:
    """The collection of a kind in a namespace, None for a kind that is not known."""
    plural = _plurals().get(kind)
    group, slash, version = api_version.partition("/")
    if plural is None or not slash:
        return None
    return Collection(group, version, plural, kind, namespace)
