"""patchesJson6902.

Source: kustomize v5.8.1 `PatchJson6902Transformer`.
"""

from __future__ import annotations

from kbuild.fields.selector import Selector
from kbuild.fields.targets import apply_json_patch
from kbuild.merge import json_patch
from kbuild.model.errors import ConfigurationError, KbuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resources import Resources


class PatchJson6902Transformer:
    """One entry. Config: target, path, jsonOp. Raises: ConfigurationError, PatchError, KbuildError."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        target, path, text = config.get("target") or {}, config.get("path") or "", str(config.get("jsonOp") or "")
        self.target = Selector(target)
        if not target.get("name"):
            raise ConfigurationError("must specify the target name")
        if not path and not text:
            raise ConfigurationError("empty file path and empty jsonOp")
        if path and text:
            raise ConfigurationError("must specify a file path or jsonOp, not both")
        if path:
            text = context.read(path).decode("utf-8", "replace")
            if not text:
                raise ConfigurationError(f"patch file '{path}' empty seems to be empty")
        try:
            self.operations = json_patch.parse(text)
        except KbuildError as error:
            raise error if error.reason.startswith("yaml: ") else error.within(f"decoding {text}") from None
        if not self.operations:
            raise ConfigurationError(f"patch appears to be empty; file={path}, JsonOp={as_json(text)}")

    def transform(self, resources: Resources) -> None:
        """Run the operations on all selected resources. Mutates: bodies. Raises: KbuildError."""
        for resource in self.target.select(resources):
            apply_json_patch(resource, self.operations)
            resources.touched(resource)


def as_json(text: str) -> str:
    """The patch's text as JSON, as the reference shows it."""
    if text.startswith("["):
        return text
    from kbuild.documents.config import read_config
    from kbuild.documents.gojson import dumps

    return dumps(read_config(text))
