"""labels and commonLabels.

Source: kustomize v5.8.1 `LabelTransformer`, `filters/labels`.
"""

from __future__ import annotations

from kbuild.fields.spec import field_specs, may_rename
from kbuild.fields.walk import MAP, EntrySetter, Plans, text_map, write_entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resources import Resources


class LabelTransformer:
    """Writes labels at the fields of its specs, in the order of sorted keys. Config: labels, fieldSpecs."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        labels = text_map(config.get("labels"))
        self.setters = [EntrySetter(key, labels[key]) for key in sorted(labels)]
        specs = field_specs(config.get("fieldSpecs"))
        self.specs, self.renames = Plans(specs, MAP), may_rename(specs)
        self.counters = context.counters

    def transform(self, resources: Resources) -> None:
        """Write the labels. Mutates: the bodies. Raises: FieldError."""
        for resource in resources.items if self.setters else ():
            plan = self.specs.plan(resource.id)
            self.counters.visits += len(plan.specs)
            write_entries(self.setters, resource, plan)
            if self.renames:
                resources.touched(resource)
