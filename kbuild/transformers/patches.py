"""patches: strategic merge and JSON patches, told apart by what parses.

Source: kustomize v5.8.1 `PatchTransformer`.
"""

from __future__ import annotations

from kbuild.fields.selector import Selector
from kbuild.fields.targets import apply_json_patch, apply_strategic, find_by_id
from kbuild.merge import json_patch
from kbuild.model.errors import ConfigurationError, KbuildError, PatchError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources


class PatchTransformer:
    """One `patches` entry. Config: path, patch, target, options (allowNameChange, allowKindChange).

    Raises: ConfigurationError, PatchError.
    """

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.context = context
        self.target = None if config.get("target") is None else Selector(config["target"])
        options = config.get("options") or {}
        self.allows = (bool(options.get("allowNameChange")), bool(options.get("allowKindChange")))
        self.text, self.source = self.read(config)
        self.file = config.get("path") or ""
        self.strategic: list[Resource] = []
        self.operations: list[dict[str, Any]] = []
        self.parse()

    def read(self, config: dict[str, Any]) -> tuple[str, str]:
        """The patch's text and where it is from, for messages. Raises: ConfigurationError, KbuildError."""
        patch, path = str(config.get("patch") or "").strip(), config.get("path") or ""
        if bool(patch) == bool(path):
            from kbuild.documents.writer import marshal

            shown = marshal({key: value for key, value in sorted(config.items()) if value not in (None, "", {})})
            if not patch:
                raise ConfigurationError(f"must specify one of patch and path in\n{shown}")
            raise ConfigurationError(f"patch and path can't be set at the same time\n{shown}")
        if patch:
            return patch, f"[patch: {go_quote(patch)}]"
        try:
            data = self.context.read(path)
        except KbuildError as error:
            raise error.within(f"failed to get the patch file from path({path})") from None
        return data.decode("utf-8", "surrogateescape"), f"[path: {go_quote(path)}]"

    def parse(self) -> None:
        """Take the text as either kind of patch. Raises: PatchError, when it is neither or both."""
        errors: list[KbuildError] = []
        file = self.context.file.rpartition("/")[0] + "/" + self.file if self.file else self.context.file
        try:
            self.strategic = self.context.parse(self.text.encode("utf-8", "surrogateescape"), file)
        except KbuildError as error:
            errors.append(error)
        if not self.strategic:
            try:
                if not self.text:
                    raise PatchError("empty json patch operations")
                self.operations = json_patch.parse(self.text)
            except KbuildError as error:
                errors.append(error)
        if len(errors) == 2:
            place = errors[0].position
            raise PatchError(f"unable to parse SM or JSON patch from {self.source}", place, errors[0].reason)

    def transform(self, resources: Resources) -> None:
        """Patch what the target or the patch itself names. Mutates: bodies and histories. Raises: KbuildError."""
        if self.strategic:
            if self.target is not None:
                self.patch_selected(resources, self.target)
            else:
                self.patch_named(resources)
        elif self.operations:
            self.patch_json(resources)

    def patch_selected(self, resources: Resources, target: Selector) -> None:
        """One strategic merge patch on all selected resources. Mutates: their bodies. Raises: KbuildError."""
        if len(self.strategic) > 1:
            raise PatchError(
                "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field: "
                + self.source
            )
        try:
            selected = target.select(resources)
        except KbuildError as error:
            raise error.within(f"unable to find patch target {go_quote(str(target))} in `resources`") from None
        for resource in selected:
            apply_strategic(resource, self.strategic[0], self.context, self.allows, is_targeted=True)
            resources.touched(resource)
        resources.drop_empty()
        resources.check_unique()

    def patch_named(self, resources: Resources) -> None:
        """Each patch on the one resource that it names. Mutates: bodies. Raises: KbuildError."""
        for patch in self.strategic:
            try:
                resource = find_by_id(resources, patch)
            except KbuildError as error:
                shown = go_quote(str(patch.original_id))
                raise error.within(f"no resource matches strategic merge patch {shown}") from None
            apply_strategic(resource, patch, self.context, self.allows, is_targeted=False)
            resources.touched(resource)

    def patch_json(self, resources: Resources) -> None:
        """The operations on all selected resources. Mutates: bodies and histories. Raises: KbuildError."""
        if self.target is None:
            raise PatchError(f"must specify a target for JSON patch {self.source}")
        for resource in self.target.select(resources):
            resource.store_previous_id()
            apply_json_patch(resource, self.operations)
            resources.touched(resource)
