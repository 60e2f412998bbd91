"""Values as nodes, in the style and with the comments that they have by now.

Source: kyaml v0.21.1 `FieldSetter`, `ElementSetter`, merge2 `Merger`; go.yaml.in/yaml v3.0.3 `encoder.node`.
"""

from __future__ import annotations

from kbuild.documents.nodes import MAPPING_NODE, NO_COMMENTS, SCALAR_NODE, SEQUENCE_NODE, Node, scalar_tag
from kbuild.documents.resolve import typed, v3_needs_quotes, v3_quoted
from kbuild.documents.trace import Key, is_traceable, written
from kbuild.model.scalars import Quoted, Scalar, is_quoted, is_single, key_text, tag_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.documents.trace import Trace
    from kbuild.model.scalars import Body, Json


_SCALARS = frozenset([str, Quoted, Scalar, int, float, bool, type(None)])


class Anew(dict):  # type: ignore[type-arg]
    """A map that a step wrote anew, whatever it took its values from."""

    __slots__ = ()


class Single(str):
    """A text that is written in single quotes."""

    __slots__ = ()


class Styled:
    """Makes nodes of values that a trace knows. `is_rebuilt` says that they belong to a body that went through JSON."""

    __slots__ = ("is_rebuilt", "trace")

    def __init__(self, trace: Trace) -> None:
        self.trace, self.is_rebuilt = trace, False

    def shown(self, value: Json, place: Node | None = None) -> Node:
        """A value as a node with the style and the comments that it has by now.

        `place` is the node that stood in its place, where one did.
        """
        kind = type(value)
        if kind is not dict and kind is not list and kind is not Anew:
            return self._scalar(value, place)
        fresh = Node(SEQUENCE_NODE if kind is list else MAPPING_NODE, (0, 0))
        own = None if kind is Anew else self.trace.of(value)
        if place is not None and place.kind != fresh.kind:
            place = None
        base = own or place
        if base is not None:
            fresh.style, fresh.tag, fresh.comments = base.style, base.tag, base.comments
        if (
            own is not None
            and place is not None
            and own is not place
            and id(own) in self.trace.adopted
            and place.content
        ):
            # A merge keeps the style of what it sets.
            fresh.style = place.style
        fresh.content = self._items(value, base) if kind is list else self._fields(value, base)
        return fresh

    def _fields(self, value: Body, base: Node | None) -> list[Node]:
        """Keys and values of a map in turn."""
        is_anew = type(value) is Anew
        there: dict[str, list[Key]] = {}
        if base is not None:
            for name, below in zip(base.content[::2], base.content[1::2], strict=True):
                there.setdefault(name.text, []).append(Key(name, below, base))
        content: list[Node] = []
        for key, item in value.items():
            text = key_text(key)
            here = there.get(text)
            known = None if is_anew or type(item) is Anew else self.known(key, item, here)
            if known is None:
                content += (
                    self._key(text),
                    self._scalar(item, None, is_anew=True) if is_anew else self.shown(item),
                )
                continue
            name = known.node.copy()
            if known.around is not base:
                # A key that is added to a map keeps its quotes only.
                name.comments = NO_COMMENTS
            content += (name, self.shown(item, known.value))
        return content

    def _key(self, text: str) -> Node:
        """A key that a step made, or one of a body that went through JSON."""
        if not self.is_rebuilt or not v3_needs_quotes(text):
            return written(text, text, "")
        return written(text, text, "'" if is_single(v3_quoted(text)) else '"')

    def known(self, key: Json, value: Json, here: list[Key] | None) -> Key | None:
        """Where a key stood: it is known itself, or can be none but the first `here` with its text, or one of a patch."""
        found = self.trace.keys.get(id(key))
        if found is not None:
            return found[1]
        if here:
            return here.pop(0)
        text = text_of(value)
        return next((known for known in self.trace.short.get(key, ()) if known.value.text == text), None)

    def _items(self, value: list[Json], base: Node | None) -> list[Node]:
        """The items of a list."""
        there = base.content if base is not None and len(base.content) == len(value) else None
        content: list[Node] = []
        for at, item in enumerate(value):
            place = None
            if there is not None and self.trace.of(item) is None and there[at].text == text_of(item):
                place = there[at]
            content.append(self.shown(item, place))
        return content

    def _scalar(self, value: Json, place: Node | None, *, is_anew: bool = False) -> Node:
        """A scalar."""
        if type(value) is Single:
            is_there = place is not None and place.kind == SCALAR_NODE
            return written(value, str(value), place.style if place is not None and is_there else "'")
        if type(value) not in _SCALARS:
            # A place that a step has made and not filled yet.
            return Node(SCALAR_NODE, (0, 0))
        found = None if is_anew else self.trace.nodes.get(id(value))
        if found is not None:
            return found[1]
        text = text_of(value)
        style = "'" if is_single(value) else '"' if is_quoted(value) else ""
        if style and "\n" in text and style == '"':
            style = "|"
        if place is None or place.kind != SCALAR_NODE:
            return written(value, text, style)
        if (
            not is_traceable(value)
            and place.text == text
            and scalar_tag(place) == tag_of(typed(value))
            and bool(place.style) == is_quoted(value)
        ):
            return place
        fresh = written(value, text, place.style if style and place.style else style)
        if place.tag and scalar_tag(place) == tag_of(typed(value)):
            fresh.tag = place.tag
            fresh.style = fresh.style if is_quoted(value) else place.style
        return fresh
