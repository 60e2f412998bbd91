"""Charts in a registry: the version that a range means, by tags, and the layer that holds the archive.

Source: Helm v3 `registry`: a `+` of a version is a `_` in its tag.
"""

from __future__ import annotations

from dataclasses import dataclass

from applier.agent.helm.chart_server import MAX_CHART
from applier.agent.source import semver
from applier.agent.source.registry import Registry, RegistryError

CHART_LAYERS = (
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    "application/tar+gzip",
)


class MissingError(Exception):
    """A chart or a version that is not there: the sentence."""


@dataclass(frozen=True, slots=True)
class RegistryChart:
    """One chart of a registry."""

    registry: Registry
    name: str

    def version(self, wanted: str) -> str:
        """The highest version that a range allows; a version as it is. Raises: MissingError, RegistryError."""
        wanted = wanted or "*"
        versions = [tag.replace("_", "+") for tag in self.registry.tags()]
        if wanted in versions:
            return wanted
        try:
            allowed = semver.parse_range(wanted)
        except ValueError as problem:
            raise MissingError(str(problem)) from None
        found = [
            (version.order, text)
            for text in versions
            if (version := semver.parse(text)) is not None and allowed.admits(version)
        ]
        if not found:
            raise MissingError(f"could not locate a version matching provided version string {wanted}")
        return max(found)[1]

    def archive(self, version: str) -> bytes:
        """The packed chart. Raises: RegistryError."""
        manifest = self.registry.manifest(version.replace("+", "_"))
        for layer in manifest.layers:
            if layer.media_type in CHART_LAYERS:
                return self.registry.blob(layer, MAX_CHART)
        raise RegistryError(f"the artifact of '{self.name}' holds no chart")
