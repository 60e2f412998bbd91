"""A strategic merge that tells a trace what it does to comments and styles.

Source: kyaml v0.21.1 merge2 `Merger.SetComments`, walk `setAssociativeSequenceElements`.
"""

from __future__ import annotations

from kbuild.merge.strategic import Merger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.documents.trace import Trace
    from kbuild.merge.strategic import Known
    from kbuild.model.scalars import Body, Json
    from kbuild.schema.schema import Node, Schema


class TracedMerger(Merger):
    """The same merge, told."""

    __slots__ = ("trace",)

    def __init__(self, schema: Schema, known: Known | None, trace: Trace) -> None:
        super().__init__(schema, known)
        self.trace = trace

    def merge(self, base: Json, patch: Json, node: Node | None) -> Json:
        """The value of a field or element that both sides have; a list that is merged is a new one, in the old style."""
        style = self.trace.style_of(base)
        value = super().merge(base, patch, node)
        return self._relisted(value, node, style)

    def merge_maps(self, base: Body, patch: Body, node: Node | None) -> Body:
        """Merge field by field; comments of the patch's map replace those of the base's."""
        self.trace.comment(base, patch)
        return super().merge_maps(base, patch, node)

    def settle(self, base: Json, node: Node | None) -> Json:
        """The value of what only the base has."""
        style = self.trace.style_of(base)
        return self._relisted(super().settle(base, node), node, style)

    def settle_patch(self, patch: Json, node: Node | None, *, is_added: bool = False) -> Json:
        """The value of a part of an adopted patch; a list that is added to a map of the base is no flow collection."""
        style = "" if is_added else self.trace.style_of(patch)
        return self._relisted(super().settle_patch(patch, node, is_added=is_added), node, style)

    def _relisted(self, value: Json, node: Node | None, style: str) -> Json:
        """A value; where it is a list that is merged by keys, the trace knows it as a new one."""
        if type(value) is list and node is not None and node.keys is not None:
            self.trace.relist(value, style)
        return value
