"""replicas.

Source: kustomize v5.8.1 `ReplicaCountTransformer`, `filters/replicacount`.
"""

from __future__ import annotations

from kbuild.documents.resolve import ABSENT
from kbuild.fields.spec import field_specs, may_rename
from kbuild.fields.walk import SCALAR, scalar_setter, visit
from kbuild.model.errors import NoTargetError
from kbuild.model.ids import gvk_text
from kbuild.model.resources import check_histories
from kbuild.model.scalars import Quoted, is_quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json


class ReplicaCountTransformer:
    """Sets the count of the resources that ever had a name. Config: replica (name, count), fieldSpecs."""

    def __init__(self, config: dict[str, Any], _context: Context) -> None:
        replica = config.get("replica") or {}
        self.name, self.count = str(replica.get("name") or ""), int(replica.get("count") or 0)
        self.specs = field_specs(config.get("fieldSpecs"))
        self.renames = may_rename(self.specs)

    def changed(self, old: Json) -> Json:
        """The count, quoted where the old one was."""
        return Quoted(str(self.count)) if old is not ABSENT and is_quoted(old) else self.count

    def transform(self, resources: Resources) -> None:
        """Set the count. Mutates: the bodies. Raises: NoTargetError, when nothing has the name; FieldError; CrashError."""
        if self.specs:
            check_histories(resources)
        setter, found = scalar_setter(self.changed), False
        renamed: list[Resource] = []
        for spec in self.specs:
            for resource in resources.named(self.name):
                ids = resource.all_ids()
                if any(i.name == self.name and spec.selects(i.group, i.version, i.kind) for i in ids):
                    found = True
                    now = resource.id
                    if spec.selects(now.group, now.version, now.kind):
                        visit(resource, spec, setter, SCALAR)
                        renamed += [resource] if self.renames else []
            for resource in renamed:
                resources.touched(resource)
            renamed.clear()
        if not found:
            kinds = " ".join(gvk_text(spec.group, spec.version, spec.kind) for spec in self.specs)
            reason = f"resource with name {self.name} does not match a config with the following GVK [{kinds}]"
            raise NoTargetError(reason).advise(self.nearest(resources))

    def nearest(self, resources: Resources) -> str:
        """A hint: a resource with a count that has a similar name."""
        from difflib import get_close_matches

        counted = [item.id for item in resources.items if any(spec.selects(*item.id[:3]) for spec in self.specs)]
        close = get_close_matches(self.name, [found.name for found in counted], 1)
        return f"did you mean {close[0]}?" if close else ""
