"""`patches`: strategic merge and JSON patches, with or without a target.

Source: kustomize v5.8.1 `PatchTransformer`.
"""

from __future__ import annotations

from kbuild.documents.config import patch_text
from kbuild.documents.history import store_previous_id
from kbuild.fields.selector import Selector, selector_text
from kbuild.merge import json_patch
from kbuild.merge.resource_patch import StrategicPatch, apply_json, find_target
from kbuild.model.errors import ConfigurationError, KbuildError, PatchError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources


class PatchTransformer:
    """Config: path or patch, target (a selector), options (allowNameChange, allowKindChange)."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.context = context
        self.target: dict[str, Any] | None = config.get("target")
        patch, path = str(config.get("patch") or "").strip(), str(config.get("path") or "")
        if bool(patch) == bool(path):
            reason = "patch and path can't be set at the same time" if path else "must specify one of patch and path in"
            shown = _config_text(config)
            raise ConfigurationError(f"{reason}\n{shown}")
        self.source = f"[path: {go_quote(path)}]" if path else f"[patch: {go_quote(patch)}]"
        text: str | bytes = patch
        if path:
            try:
                text = context.read(path)
            except KbuildError as error:
                raise error.within(f"failed to get the patch file from path({path})") from None
        # A patch in the kustomization itself is where its entry is.
        self.file = context.beside(path) if path else ""
        self.operations: list[json_patch.Operation] | None = None
        self.documents: list[StrategicPatch] = []
        try:
            self._parse(text, self.file)
        except KbuildError as error:
            reason = f"unable to parse SM or JSON patch from {self.source}"
            raise PatchError(reason, error.position, error.reason) from None
        options = config.get("options") or {}
        for document in self.documents:
            allowed = (options.get(name) is True for name in ("allowNameChange", "allowKindChange"))
            document.allow(name=next(allowed), kind=next(allowed))

    def _parse(self, text: str | bytes, file: str) -> None:
        """Take the text as a strategic patch, else as a JSON patch. Raises: KbuildError, the strategic reading's."""
        if looks_like_json_patch(text):
            self.operations = self._operations(text)
            if self.operations:
                return
            self.operations = None
        try:
            trace = self.context.memo.trace
            self.documents = [StrategicPatch(resource, trace) for resource in self.context.parse(text, file)]
        except KbuildError as error:
            try:
                self.operations = self._decoded(text)
            except KbuildError:
                raise error from None

    def _operations(self, text: str | bytes) -> list[json_patch.Operation] | None:
        try:
            return self._decoded(text)
        except KbuildError:
            return None

    def _decoded(self, text: str | bytes) -> list[json_patch.Operation] | None:
        """The operations; None for a null, which patches nothing. Raises: KbuildError, also for no text."""
        decoded = text if isinstance(text, str) else patch_text(text)
        if not decoded:
            raise PatchError("empty json patch operations")
        return json_patch.parse(decoded, self.context.memo)

    def transform(self, resources: Resources) -> None:
        """Apply the patch. Mutates: bodies and histories. Raises: KbuildError."""
        if self.documents:
            if self.target is not None:
                self._merge_selected(resources, self.target)
            else:
                self._merge_named(resources)
        elif self.operations is not None:
            self._apply_operations(resources)

    def _merge_selected(self, resources: Resources, target: dict[str, Any]) -> None:
        if len(self.documents) > 1:
            raise PatchError(
                "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: "
                + self.source
            )
        try:
            selected = Selector(target).select(resources, self.context.counters)
        except KbuildError as error:
            raise error.within(
                f"unable to find patch target {go_quote(selector_text(target))} in `resources`"
            ) from None
        patch = self.documents[0]
        patch.repeats = len(selected) > 1
        for resource in selected:
            self._merge(patch.selecting(), resource, resources)
        resources.check_unique()

    def _merge_named(self, resources: Resources) -> None:
        for patch in self.documents:
            self.context.ask(patch.resource)
            try:
                resource = find_target(resources, patch.resource)
            except KbuildError as error:
                shown = go_quote(str(patch.resource.original_id))
                raise error.within(f"no resource matches strategic merge patch {shown}") from None
            self._merge(patch, resource, resources)

    def _merge(self, patch: StrategicPatch, resource: Resource, resources: Resources) -> None:
        patch.apply(resource, self.context.schema(), self.context.counters)  # type: ignore[arg-type]
        resources.touched(resource)

    def _apply_operations(self, resources: Resources) -> None:
        if self.target is None:
            raise ConfigurationError(f"must specify a target for JSON patch {self.source}")
        operations = self.operations
        assert operations is not None
        known, trace = json_patch.Strings(), self.context.memo.trace
        for resource in Selector(self.target).select(resources, self.context.counters):
            store_previous_id(resource)
            try:
                apply_json(resource, operations, has_annotations=True, known=known, forgives=True, trace=trace)
            except KbuildError as error:
                raise (error.at(self.file, 1, 1) if self.file else error) from None
            resources.touched(resource)


def looks_like_json_patch(text: str | bytes) -> bool:
    """Whether a text starts as a list, which no resource does."""
    start = (text if isinstance(text, str) else patch_text(text[:200])).lstrip()
    return start.startswith(("[", "- ", "-\n"))


def _config_text(config: dict[str, Any]) -> str:
    """The entry as the reference prints it, without empty fields; a plugin's configuration as its file has it."""
    from kbuild.documents.writer import marshal

    written = getattr(config, "written", None)
    if written is not None:
        return marshal(written)
    kept: dict[str, Any] = {}
    for name, value in config.items():
        if type(value) is dict:
            kept[name] = {key: item for key, item in value.items() if item}
        elif value:
            kept[name] = value
    return marshal(kept) if kept else "{}\n"
