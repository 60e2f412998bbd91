"""ValueAddTransformer: writes a value, or a part of a path, into fields of selected resources.

Source: kustomize v5.8.1 `ValueAddTransformer`, `filters/valueadd`, kyaml v0.21.1 `filesys.InsertPathPart`.
"""

from __future__ import annotations

from kbuild.documents.resolve import plain_or_block, untagged_set
from kbuild.fields.selector import Selector
from kbuild.fields.spec import split_path
from kbuild.fields.walk import wrong_kind
from kbuild.model.errors import ConfigurationError
from kbuild.model.scalars import is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources


class ValueAddTransformer:
    """Config: value (default: the folder's name), targets (selector, fieldPath, filePathPosition), targetFilePath."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.value = str(config.get("value") or "").strip() or context.file.rpartition("/")[0].rpartition("/")[2]
        self.targets = list(config.get("targets") or ())
        if config.get("targetFilePath"):
            from kbuild.documents.config import read_config

            more = read_config(context.read(config["targetFilePath"]), context.memo) or {}
            self.targets += more.get("targets") or ()
        if not self.targets:
            raise ConfigurationError("must specify at least one target")
        for target in self.targets:
            if not target.get("fieldPath"):
                raise ConfigurationError("fieldPath cannot be empty")
            position = target.get("filePathPosition") or 0
            if position < 0:
                raise ConfigurationError(f"value of FilePathPosition ({position}) cannot be negative")

    def transform(self, resources: Resources) -> None:
        """Write the value. Mutates: the bodies. Raises: FieldError."""
        for target in self.targets:
            chosen = Selector(target["selector"]).select(resources) if target.get("selector") else resources.items
            for resource in list(chosen):
                self.write(resource, target)
                resources.touched(resource)

    def write(self, resource: Resource, target: dict[str, Any]) -> None:
        """Write into one resource. Mutates: its body. Raises: FieldError."""
        if target["fieldPath"] == "metadata/namespace" and resource.id.cluster_scoped:
            return
        holder: Any = resource.body
        *outer, name = split_path(target["fieldPath"])
        for part in outer:
            if type(holder) is not dict:
                raise wrong_kind("MappingNode", holder)
            if holder.get(part) is None or is_null(holder[part]):
                holder[part] = {}
            holder = holder[part]
        if type(holder) is not dict:
            raise wrong_kind("MappingNode", holder)
        old = holder.get(name)
        if type(old) is dict or type(old) is list:
            raise wrong_kind("ScalarNode", old)
        position = target.get("filePathPosition") or 0
        before = "" if old is None else text_of(old)
        text = insert_part(before, position - 1, self.value) if position else self.value
        holder[name] = plain_or_block(text) if old is None else untagged_set(old, text)


def insert_part(path: str, position: int, part: str) -> str:
    """A path with one more part at a position (0 is in front); at or behind the end it is appended."""
    is_absolute = path.startswith("/")
    parts = [piece for piece in path.split("/") if piece]
    parts.insert(min(position, len(parts)), part)
    return ("/" if is_absolute else "") + "/".join(parts)
