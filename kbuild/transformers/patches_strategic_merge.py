"""patchesStrategicMerge: paths or inline documents.

Source: kustomize v5.8.1 `PatchStrategicMergeTransformer`.
"""

from __future__ import annotations

from kbuild.fields.targets import apply_strategic, find_by_id
from kbuild.model.errors import ConfigurationError, KbuildError, YamlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources


class PatchStrategicMergeTransformer:
    """All entries of the field. Config: paths, patches (a text). Raises: ConfigurationError, KbuildError."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.context = context
        paths, text = config.get("paths") or [], str(config.get("patches") or "")
        if not paths and not text:
            raise ConfigurationError("empty file path and empty patch content")
        self.patches: list[Resource] = []
        for entry in paths:
            self.patches += self.load(entry)
        if text:
            self.patches += context.parse(text, context.file)
        if not self.patches:
            raise ConfigurationError(f"patch appears to be empty; files=[{' '.join(paths)}], Patch={text}")

    def load(self, entry: str) -> list[Resource]:
        """An entry as inline documents, else as a file. Raises: KbuildError."""
        try:
            return self.context.parse(entry, self.context.file)
        except KbuildError:
            data = self.context.read(entry)
        file = self.context.file.rpartition("/")[0] + "/" + entry
        try:
            return self.context.parse(data, file)
        except YamlError as error:
            error.reason = f"MalformedYAMLError: {error.reason} in File: {entry}"
            raise

    def transform(self, resources: Resources) -> None:
        """Merge each patch into the resource it names. Mutates: bodies. Raises: KbuildError."""
        for patch in self.patches:
            resource = find_by_id(resources, patch)
            apply_strategic(resource, patch, self.context, (False, False), is_targeted=True)
            resources.touched(resource)
            resources.drop_empty()
            resources.check_unique()
