"""`patchesStrategicMerge`: strategic merge patches, each aimed at the resource of its own id.

Source: kustomize v5.8.1 `PatchStrategicMergeTransformer`.
"""

from __future__ import annotations

from kbuild.merge.resource_patch import StrategicPatch, find_target
from kbuild.model.errors import ConfigurationError, KbuildError, YamlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources


class PatchStrategicMergeTransformer:
    """Config: paths (each a path or a patch's text), patches (a text)."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.context = context
        paths, text = list(config.get("paths") or ()), str(config.get("patches") or "")
        if not paths and not text:
            raise ConfigurationError("empty file path and empty patch content")
        found: list[Resource] = []
        for path in paths:
            found += self._load(path)
        if text:
            found += context.parse(text, "")
        if not found:
            raise ConfigurationError(f"patch appears to be empty; files=[{' '.join(paths)}], Patch={text}")
        self.documents = [StrategicPatch(resource, context.memo.trace) for resource in found]

    def _load(self, path: str) -> list[Resource]:
        """The documents of an entry: its own text if that is a patch, else the file. Raises: KbuildError."""
        try:
            return self.context.parse(path, "")
        except KbuildError:
            content = self.context.read(path)
        file = self.context.beside(path)
        try:
            return self.context.parse(content, file)
        except YamlError as error:
            error.reason = f"MalformedYAMLError: {error.reason} in File: {path}"
            raise

    def transform(self, resources: Resources) -> None:
        """Apply the patches. Mutates: bodies. Raises: KbuildError."""
        for patch in self.documents:
            self.context.ask(patch.resource)
            resource = find_target(resources, patch.resource)
            patch.selecting().apply(resource, self.context.schema(), self.context.counters)  # type: ignore[arg-type]
            resources.touched(resource)
            resources.check_unique()
