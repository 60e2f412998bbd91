"""namePrefix and nameSuffix.

Source: kustomize v5.8.1 `PrefixTransformer`, `SuffixTransformer`, `PrefixSuffixTransformer`.
"""

from __future__ import annotations

from kbuild.documents.history import check_metadata, store_previous_id
from kbuild.documents.resolve import ABSENT, plain_or_block, untagged_set
from kbuild.fields.spec import field_specs
from kbuild.fields.walk import SCALAR, Plans, scalar_setter
from kbuild.model.errors import ConfigurationError
from kbuild.model.resource import INTERNAL, mark
from kbuild.model.resources import check_histories
from kbuild.model.scalars import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json


def is_skipped(group: str, kind: str) -> bool:
    """Whether a kind's names are never changed."""
    return kind in ("CustomResourceDefinition", "Namespace") or (
        kind == "APIService" and group == "apiregistration.k8s.io"
    )


class _Affix:
    """Adds a text before (`key` is `prefix`) or behind (`suffix`) names."""

    key: str

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        if config.get("fieldSpecs") is None:
            raise ConfigurationError("fieldSpecs is not expected to be nil")
        self.text = str(config.get(self.key) or "")
        self.specs = Plans(field_specs(config["fieldSpecs"]), SCALAR)
        self.counters = context.counters

    def joined(self, old: str) -> str:
        """The new name."""
        return self.text + old if self.key == "prefix" else old + self.text

    def transform(self, resources: Resources) -> None:
        """Change names. Mutates: bodies, histories, prefixes and suffixes. Raises: FieldError."""
        setter = scalar_setter(self.changed)
        if self.text:
            check_histories(resources)
        for resource in resources.items:
            found = resource.id
            kind = resource.history[0][2] if resource.history else found.kind
            if is_skipped(found.group, kind):
                continue
            plan = self.specs.plan(found, kind)
            self.counters.visits += len(plan.specs)
            for spec in plan.specs:
                if spec.path == "metadata/name":
                    self.note(resource)
            plan.visit(resource, setter)
            resources.touched(resource)

    def changed(self, old: Json) -> Json:
        """What becomes of a scalar."""
        if old is ABSENT:
            return plain_or_block(self.joined(""))
        return untagged_set(old, self.joined(text_of(old)))

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
