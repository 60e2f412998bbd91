"""`patchesJson6902`: JSON patches for a named target.

Source: kustomize v5.8.1 `PatchJson6902Transformer`.
"""

from __future__ import annotations

from kbuild.documents.config import patch_text
from kbuild.fields.selector import Selector
from kbuild.merge import json_patch
from kbuild.merge.resource_patch import apply_json
from kbuild.model.errors import ConfigurationError, KbuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resources import Resources


class PatchJson6902Transformer:
    """Config: target (a selector with a name), path or jsonOp."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.context = context
        self.target: dict[str, Any] = config.get("target") or {}
        if not self.target.get("name"):
            raise ConfigurationError("must specify the target name")
        path, text = str(config.get("path") or ""), str(config.get("jsonOp") or "")
        if not path and not text:
            raise ConfigurationError("empty file path and empty jsonOp")
        if path and text:
            raise ConfigurationError("must specify a file path or jsonOp, not both")
        if path:
            text = patch_text(context.read(path))
            if not text:
                raise ConfigurationError(f"patch file '{path}' empty seems to be empty")
        self.operations = self._decode(text, path)

    def _decode(self, text: str, path: str) -> list[json_patch.Operation]:
        """The operations of the text. Raises: KbuildError."""
        value: Any = None
        shown = text
        if not text.startswith("["):
            from kbuild.documents.gojson import dumps

            value = json_patch.read_yaml(text, self.context.memo)
            shown = dumps(value)
        try:
            operations = json_patch.decode(json_patch.read_json(text) if shown is text else value)
        except KbuildError as error:
            raise error.within(f"decoding {shown}") from None
        if not operations:
            raise ConfigurationError(f"patch appears to be empty; file={path}, JsonOp={shown}")
        return operations

    def transform(self, resources: Resources) -> None:
        """Apply the patch. Mutates: bodies. Raises: KbuildError."""
        known = json_patch.Strings()
        for resource in Selector(self.target).select(resources, self.context.counters):
            apply_json(
                resource,
                self.operations,
                has_annotations=resource.has_build_annotations,
                known=known,
                forgives=False,
                trace=self.context.memo.trace,
            )
            resources.touched(resource)
