"""namePrefix and nameSuffix.

Source: kustomize v5.8.1 `PrefixTransformer`, `SuffixTransformer`, `PrefixSuffixTransformer`.
"""

from __future__ import annotations

from kbuild.documents.history import check_metadata, store_previous_id
from kbuild.documents.resolve import ABSENT, plain, untagged, untagged_set
from kbuild.fields.spec import field_specs, has_annotations, may_rename
from kbuild.fields.walk import SCALAR, Plans, scalar_setter, visit
from kbuild.model.errors import ConfigurationError
from kbuild.model.resource import INTERNAL, mark
from kbuild.model.resources import check_histories
from kbuild.model.scalars import UNTAGGED, Scalar, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kbuild.fields.spec import FieldSpec
    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json

_NAME = "metadata/name"


def is_skipped(group: str, kind: str) -> bool:
    """Whether a kind's names are never changed."""
    return kind in ("CustomResourceDefinition", "Namespace") or (
        kind == "APIService" and group == "apiregistration.k8s.io"
    )


class _Affix:
    """Adds a text before (`key` is `prefix`) or behind (`suffix`) names."""

    key: str

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        if type(config.get(self.key)) is not str or type(config.get("fieldSpecs")) is not tuple:
            from kbuild.fields.yaml_structs import decode_affix

            config = decode_affix(getattr(config, "written", config), self.key)
        if config.get("fieldSpecs") is None:
            raise ConfigurationError("fieldSpecs is not expected to be nil")
        self.text = config.get(self.key) or ""
        specs = field_specs(config["fieldSpecs"])
        self.specs = Plans(specs, SCALAR)
        self.renames = may_rename([spec for spec in specs if spec.path != _NAME]) or has_annotations(specs)
        self.only_names = all(spec.path == _NAME for spec in specs)
        self.counters = context.counters

    def joined(self, old: str) -> str:
        """The new name."""
        return self.text + old if self.key == "prefix" else old + self.text

    def transform(self, resources: Resources) -> None:
        """Change names. Mutates: bodies, histories, prefixes and suffixes. Raises: FieldError."""
        setter = scalar_setter(self.renamed if self.only_names else self.changed)
        if self.text:
            check_histories(resources)
        for resource in resources.items:
            found = resource.id
            kind = resource.history[0][2] if resource.history else found.kind
            if is_skipped(found.group, kind):
                continue
            plan = self.specs.plan(found, kind)
            self.counters.visits += len(plan.specs)
            if self.renames or kind != found.kind:
                self.transform_one(resource, plan.specs, resources)
                continue
            for spec in plan.specs:
                if spec.path == _NAME:
                    self.note(resource)
            plan.visit(resource, setter)
            resources.touched(resource)

    def transform_one(self, resource: Resource, specs: Iterable[FieldSpec], resources: Resources) -> None:
        """Field by field, where one may decide about the next: a field belongs to the original kind and to the current one."""
        setter = scalar_setter(self.changed)
        for spec in specs:
            if spec.path == _NAME:
                self.note(resource)
            now = resource.id
            if spec.selects(now.group, now.version, now.kind):
                visit(resource, spec, setter, SCALAR)
                resources.touched(resource)

    def changed(self, old: Json) -> Json:
        """What becomes of a scalar."""
        if old is ABSENT:
            return untagged(self.joined(""))
        return untagged_set(old, self.joined(text_of(old)))

    def renamed(self, old: Json) -> Json:
        """What becomes of a name; that one with a prefix or suffix has no tag is known without being told."""
        found = self.changed(old)
        if type(found) is Scalar and found.tag == UNTAGGED and type(plain(found.text)) is str:
            return found.text
        return found

    def note(self, resource: Any) -> None:
        """Remember the change in the resource's history."""
        if self.text:
            check_metadata(resource)
            (resource.prefixes if self.key == "prefix" else resource.suffixes).append(self.text)
            mark(resource, f"{INTERNAL}{self.key}es")
            store_previous_id(resource)


class PrefixTransformer(_Affix):
    """The namePrefix step. Config: prefix, fieldSpecs. Raises: ConfigurationError, without fieldSpecs."""

    key = "prefix"


class SuffixTransformer(_Affix):
    """The nameSuffix step. Config: suffix, fieldSpecs. Raises: ConfigurationError, without fieldSpecs."""

    key = "suffix"


class PrefixSuffixTransformer:
    """Both steps in one configuration. Config: prefix, suffix, fieldSpecs."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.steps = [PrefixTransformer(config, context), SuffixTransformer(config, context)]

    def transform(self, resources: Resources) -> None:
        """Prefix, then suffix. Mutates: as the steps do."""
        for step in self.steps:
            step.transform(resources)
