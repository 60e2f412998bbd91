"""ValueAddTransformer: writes a value, or a part of a path, into fields of selected resources.

Source: kustomize v5.8.1 `ValueAddTransformer`, `filters/valueadd`, kyaml v0.21.1 `filesys.InsertPathPart`.
"""

from __future__ import annotations

from posixpath import normpath

from kbuild.documents.resolve import ABSENT, string_set, untagged, untagged_set
from kbuild.fields.paths import find_or_make
from kbuild.fields.selector import Selector
from kbuild.fields.spec import FieldSpec, split_path
from kbuild.fields.subjects import BINDINGS, DEFAULT_ONLY, set_subjects
from kbuild.fields.walk import SCALAR, scalar_setter, visit, wrong_kind
from kbuild.model.errors import ConfigurationError, CrashError, FieldError, YamlError
from kbuild.model.scalars import is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json

_NAMESPACE = FieldSpec("", "", "", "metadata/namespace", True)


class ValueAddTransformer:
    """Config: value (default: the folder's name), targets (selector, fieldPath, filePathPosition), targetFilePath."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.value = str(config.get("value") or "").strip() or context.file.rpartition("/")[0].rpartition("/")[2]
        self.targets = list(config.get("targets") or ())
        if config.get("targetFilePath"):
            self.targets += read_targets(config["targetFilePath"], context)
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
                try:
                    self.write(resource, target)
                except FieldError as error:
                    error.holder = resource
                    raise
                resources.touched(resource)

    def write(self, resource: Resource, target: dict[str, Any]) -> None:
        """Write into one resource. Mutates: its body. Raises: FieldError; CrashError, for a place in nothing."""
        if target["fieldPath"] == _NAMESPACE.path:
            self.write_namespace(resource)
            return
        place = find_or_make(resource.body, split_path(target["fieldPath"]))
        position = target.get("filePathPosition") or 0
        if place is None:
            if position:
                raise CrashError("runtime error: invalid memory address or nil pointer dereference")
            return
        holder, key = place
        old = holder[key]
        if type(old) is dict or type(old) is list:
            raise wrong_kind("ScalarNode", old)
        text = insert_part("" if old is ABSENT else text_of(old), position - 1, self.value) if position else self.value
        holder[key] = untagged(text) if old is ABSENT else untagged_set(old, text)

    def write_namespace(self, resource: Resource) -> None:
        """Write a namespace, as the namespace step does it. Mutates: the body. Raises: FieldError."""

        def changed(old: Json) -> Json:
            return string_set(ABSENT if is_null(old) else old, self.value)

        setter = scalar_setter(changed)
        if not resource.id.cluster_scoped:
            visit(resource, _NAMESPACE, setter, SCALAR)
        if resource.id.kind in BINDINGS:
            set_subjects(resource, DEFAULT_ONLY, setter)


def read_targets(path: str, context: Context) -> list[dict[str, Any]]:
    """The targets in a file. Raises: KbuildError."""
    from kbuild.fields.structs import decode_loosely, read_typed

    try:
        values = read_typed(context.read(path), context.memo, "")
    except YamlError as error:
        raise error.within("error converting YAML to JSON") from None
    found = {} if values is None else decode_loosely(values, "")
    return found.get("targets") or []


def insert_part(path: str, position: int, part: str) -> str:
    """A path with one more part at a position (0 is in front); at or behind the end it is appended."""
    is_absolute = path.startswith("/")
    parts = path.removeprefix("/").split("/") if path.strip("/") else []
    parts.insert(min(position, len(parts)), part)
    joined = normpath("/".join(piece for piece in parts if piece))
    return ("/" if is_absolute else "") + (joined[1:] if joined.startswith("//") else joined)
