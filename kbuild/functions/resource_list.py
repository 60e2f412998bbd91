"""What a function reads and what it answers: a `ResourceList` of annotated items.

Source: kyaml v0.21.1 `runtimeutil.FunctionFilter`, `kio.ByteReader`, `kio.ByteWriter`.
"""

from __future__ import annotations

from kbuild.documents.annotations import final_annotations
from kbuild.documents.reader import read_documents
from kbuild.documents.relisted import ListPen
from kbuild.documents.v3text import dumps
from kbuild.documents.wrapped import is_wrapped, unwrap
from kbuild.functions import reader_annotations as marks
from kbuild.merge.strategic import wrong_kind
from kbuild.model.errors import KbuildError, PluginError, YamlError
from kbuild.model.scalars import Quoted, is_null, key_text, known_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.scalars import Body, Json

_ALWAYS_SET = frozenset((marks.INDEX, marks.OLD_INDEX, marks.ID, marks.OLD_ID, marks.MIGRATION))
LOCAL_CONFIG = "config.kubernetes.io/local-config"


class Item:
    """A resource on its way through a function. Shape: `texts` are all annotations, in order; `body` as it was before."""

    __slots__ = ("body", "printed", "texts")

    def __init__(self, body: Body, printed: dict[Any, Any], texts: dict[str, str]) -> None:
        self.body, self.printed, self.texts = body, printed, texts

    def appended(self) -> dict[str, str]:
        """The annotations that were set after the body was printed."""
        return {key: text for key, text in self.texts.items() if key in _ALWAYS_SET or key not in self.printed}


def item_of(body: Body, more: dict[str, str]) -> Item:
    """An item whose annotations are all texts, with some more, as the reference prints them."""
    meta = meta_of(body)
    printed = final_annotations({**final_annotations(meta.get("annotations")), **more})
    texts = {key_text(key): text for key, text in printed.items()}
    return Item({**body, "metadata": {**meta, "annotations": printed}}, printed, texts)


def config_item(body: Body) -> Item:
    """A configuration as the function gets it: marked as local."""
    meta = meta_of(body)
    annotations = meta.get("annotations")
    printed = annotations if type(annotations) is dict else {}
    texts = {key_text(key): text_of(value) for key, value in printed.items()} | {LOCAL_CONFIG: "true"}
    printed = {key: value for key, value in printed.items() if key != LOCAL_CONFIG}
    return Item({**body, "metadata": {**meta, "annotations": printed}} if printed else body, printed, texts)


def write(items: list[Item], config: Item) -> bytes:
    """The list that a function reads. Raises: OutputError."""
    pen = ListPen()
    shown = [pen.item(item.body, item.appended(), "- ") for item in items]
    listed = "items:\n" + "".join(shown) if shown else "items: []\n"
    config_text = pen.item(config.body, config.appended(), "  ")
    head = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
    return f"{head}{listed}functionConfig:\n{config_text}".encode("utf-8", "surrogatepass")


def read(data: bytes, context: Context) -> list[Item]:
    """What a function wrote, as items. Raises: KbuildError, in the words of the reference."""
    try:
        documents = read_documents(data, context.memo, context.counters)
    except KbuildError as error:
        mark = "MalformedYAMLError: " if isinstance(error, YamlError) else ""
        raise PluginError(f"{mark}{error.reason}") from None
    wrapped = is_wrapped(documents, data)
    bodies = [body for body, _ in unwrap(documents, data) if not is_null(body)]
    items = [_output(body) for body in bodies]
    if not wrapped:
        for index, item in enumerate(items):
            marks.number(item.texts, index)
    return items


def _output(body: Json) -> Item:
    annotations: Json = body
    for name in ("", "metadata", "annotations"):
        if name:
            annotations = annotations.get(name)
        if is_null(annotations):
            annotations = {}
        if type(annotations) is not dict:
            raise wrong_kind("MappingNode", annotations)
    return Item(body, {}, {key_text(key): text_of(value) for key, value in annotations.items()})


def meta_of(body: Body) -> dict[Any, Any]:
    """The metadata of a body, empty where there is none."""
    meta = body.get("metadata")
    return meta if type(meta) is dict else {}


def set_default_path(item: Item, folder: str) -> None:
    """Give an output without a path one. Mutates: its annotations. Raises: PluginError, for one without identity."""
    body = item.body
    meta = meta_of(body)
    kind, name, namespace = (known_text(value) for value in (body.get("kind"), meta.get("name"), meta.get("namespace")))
    if not (kind or known_text(body.get("apiVersion")) or meta or item.texts):
        raise PluginError("missing Resource metadata")
    marks.set_default_path(item.texts, folder, kind=kind, namespace=namespace, name=name)


def documents(items: list[Item]) -> str:
    """Items as the documents that the reference reads its resources from. Raises: OutputError."""
    pen = ListPen()
    texts = []
    for item in items:
        for key in marks.CLEARED:
            item.texts.pop(key, None)
        meta = meta_of(item.body)
        kept = {key: value for key, value in item.printed.items() if key_text(key) in item.texts}
        if item.printed:
            body = {**item.body, "metadata": {**meta, "annotations": kept}}
            texts.append(pen.item(body, item.appended()))
            continue
        annotations = {key: Quoted(text) for key, text in item.texts.items()}
        rest = {key: value for key, value in meta.items() if key_text(key) != "annotations"}
        if annotations or "metadata" in item.body:
            body = {**item.body, "metadata": {**rest, "annotations": annotations} if annotations else rest}
        else:
            body = item.body
        texts.append(dumps(body))
    return "---\n".join(texts)
