"""Resources as the items of a list for a function: printed by the reference's older writer, read and printed by the newer.

What was printed keeps its styles and gets unfolded; annotations that were set in between stand behind the others, in
single quotes.
Source: kyaml v0.21.1 `kio.ByteReader`, `ByteWriter`, `yaml.SetAnnotation`.
"""

from __future__ import annotations

from kbuild.documents.scalar_style import DOUBLE, LITERAL, PLAIN, SINGLE, has_special, literal, one_line, style_of
from kbuild.documents.writer import Pen, exact, shown_key
from kbuild.model.scalars import Quoted, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kbuild.model.scalars import Body, Json


class Styled(str):
    """A text with a style of its own."""

    __slots__ = ("style",)

    def __new__(cls, text: str, style: int) -> Styled:
        self = str.__new__(cls, text)
        self.style = style
        return self

    style: int


class ListPen(Pen):
    """A text of items being written; its memo tables serve all of them."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        # Printed plain by the older writer, a merge key for the newer reader.
        self.texts["<<"] = " !!merge <<\n"

    def item(self, body: Body, appended: Mapping[str, str], lead: str = "") -> str:
        """One resource with more annotations. `lead` stands before the first line, its width in blanks before the others.

        Raises: OutputError.
        """
        self.out = []
        indent = " " * len(lead)
        try:
            self.map(self.arranged(body, appended), indent)
        except ValueError:
            self.out = []
            self.map(self.arranged(exact(body), appended), indent)
        text = "".join(self.out)
        return lead + text[len(lead) :]

    def arranged(self, body: Body, appended: Mapping[str, str]) -> Body:
        """The body with the annotations in the order in which they are to be printed."""
        meta = body.get("metadata")
        if type(meta) is not dict or not appended:
            return body
        given = meta.get("annotations")
        annotations = {key: given[key] for key in self.sorted_keys(given)} if type(given) is dict else {}
        for key, text in appended.items():
            # One that is there keeps its style, unless that is plain.
            style = style_of(text_of(annotations[key])) if key in annotations else SINGLE
            annotations[key] = text if style == PLAIN else Styled(text, style)
        order = [*self.sorted_keys({key: 0 for key in meta if key != "annotations" or given}), "annotations"]
        meta = {key: meta[key] for key in dict.fromkeys(order) if key != "annotations"} | {"annotations": annotations}
        keys = tuple(annotations)
        self.orders[keys] = [(key, shown_key(key)) for key in keys]
        if not given:
            self.orders[tuple(meta)] = [(key, shown_key(key)) for key in meta]
        self.levels.clear()
        return {**body, "metadata": meta}

    def sorted_keys(self, value: Body) -> list[str]:
        """The keys of a map in the order of the older writer."""
        keys = tuple(value)
        return [key for key, _ in self.orders.get(keys) or self.order(keys)]

    def text(self, prefix: str, text: str, indent: str) -> None:
        """A string whose layout depends on the place: nothing is folded."""
        style = self.styles[text]
        text = str(text)
        shown = literal(text, indent) if style == LITERAL else one_line(text, style) + "\n"
        self.out.append(f"{prefix} {shown}")

    def leaf(self, prefix: str, value: Json, indent: str) -> None:
        """Any scalar after a prefix."""
        if type(value) is not Styled:
            super().leaf(prefix, Quoted(value) if isinstance(value, str) else value, indent)
            return
        style = DOUBLE if "\n" in value or has_special(value) else value.style
        self.out.append(f"{prefix} {one_line(str(value), style)}\n")
