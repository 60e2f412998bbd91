"""A value in an error as its file writes it: the reference prints nodes in their own style, a body knows only values.

Used when a build has failed, so it may read and parse once more. Where it is known whose value it is, what the build has
changed since then is shown changed; otherwise the first equal value of some texts is taken.
Source: kyaml v0.21.1 `RNode.String`, `AnnotationSetter`; go.yaml.in/yaml v3.0.3 encoder.
"""

from __future__ import annotations

from kbuild.documents.anchors import expand
from kbuild.documents.annotations import all_annotations
from kbuild.documents.commented import Document, read_document
from kbuild.documents.compose import value_of
from kbuild.documents.layout import is_kept_whole, item_of, lines_for, lines_in
from kbuild.documents.node_text import encode
from kbuild.documents.nodes import MAPPING_NODE, SCALAR_NODE, SEQUENCE_NODE, Node, scalar_tag
from kbuild.documents.origin_text import ORIGIN_KEY
from kbuild.documents.resolve import ABSENT, string_set, typed
from kbuild.documents.styled import Anew, Single
from kbuild.documents.trace import written
from kbuild.documents.v3text import dumps
from kbuild.model.errors import KbuildError
from kbuild.model.internal_annotations import in_order
from kbuild.model.quote import go_quote
from kbuild.model.resource import GENERATED, INTERNAL
from kbuild.model.scalars import is_null, is_quoted, is_single, key_text, tag_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from kbuild.model.errors import Position
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Body, Json

_BY_PATCH = frozenset([f"{INTERNAL}allowNameChange", f"{INTERNAL}allowKindChange"])
_MOST_QUOTED = 6
_LAST = 1 << 30


def as_written(reason: str, found: Json, texts: list[str], whole: Json = None) -> str:
    """An error's reason with a value in the style of the first of some texts that holds it, in the document `whole` if that is known."""
    path = None if whole is None else path_of(whole, found)
    for text in [] if path is None else texts:
        shown = find(text, whole, path or [])
        if shown is not None:
            return replaced(reason, dumps(found), shown)
    for text in texts:
        shown = find(text, found)
        if shown is not None:
            return replaced(reason, dumps(found), shown)
    return reason


def with_lines(
    reason: str, body: Body, position: Position, text: str, *, is_final: bool, holder: Resource | None = None
) -> str | None:
    """An error's reason about equal keys or a tab with their lines in the text that the reference has now, None where there are none.

    `is_final` says that the annotations were written anew, as they are last; `holder` is the resource, during the build.
    """
    if is_kept_whole(text) and holder is None:
        return None
    document = document_at(text, position.line)
    plain = lines_in(reason, body)
    if not plain or document is None or document.root is None:
        return None
    if not same_head(document.root, body):
        item = item_of(document.root, body)
        if item is None:
            return None
        document = Document(item)
    root = document.root
    assert root is not None
    if is_final:
        for key, value in entries(root):
            if key.text == "metadata" and value.kind == MAPPING_NODE:
                drop(value, "annotations")
    shown = body if holder is None else held(holder)
    lines = lines_for(reason, Document(overlaid(root, shown), document.head, document.foot))
    # Where the annotations were written anew there may be none any more.
    return replaced(reason, plain, lines) if lines else None


def drop(node: Node, text: str) -> None:
    """Take all entries of a key out of a map. Mutates: `node`."""
    node.content = [part for key, value in entries(node) if key.text != text for part in (key, value)]


def same_head(node: Node, body: Body) -> bool:
    """Whether a document is of the same kind."""
    kind = text_of(body.get("kind"))
    return node.kind == MAPPING_NODE and any(key.text == "kind" and item.text == kind for key, item in entries(node))


def replaced(reason: str, plain: str, shown: str) -> str:
    """A reason with another text for a value, however often frames around it were quoted."""
    for _ in range(_MOST_QUOTED):
        if plain in reason:
            head, _, tail = reason.rpartition(plain)
            return head + shown + tail
        plain, shown = go_quote(plain)[1:-1], go_quote(shown)[1:-1]
    return reason


def documents(text: str) -> Iterator[tuple[Document, int]]:
    """The documents of a file, aliases expanded, each with the 1-based line at which its text begins. Raises: KbuildError."""
    from kbuild.documents.reader import split

    for chunk, line in split(text.replace("\r\n", "\n")):
        document = read_document(chunk)
        if document.root is not None:
            document.root = expand(document.root)
            yield document, line


def find(text: str, found: Json, path: Sequence[Json] = ()) -> str | None:
    """The text of what is behind a path in the first node with a value, None where no document has one."""
    try:
        for document, _ in documents(text):
            for node in nodes(document.root):
                if same(node, found):
                    inner, _ = step_into(node, found, [*path])
                    is_root = inner is document.root
                    return encode(inner or node, document.head if is_root else "", document.foot if is_root else "")
    except KbuildError:
        return None
    return None


def document_at(text: str, line: int) -> Document | None:
    """The document that holds a 1-based line; of a list of resources, the one that begins there."""
    last = None
    try:
        for document, start in documents(text):
            if start > line and last is not None:
                break
            last = document
            root = document.root
            for node in nodes(root) if root is not None and "items" in map(key_of, root.content[::2]) else ():
                if node.kind == MAPPING_NODE and node.line + start == line and node is not root:
                    return Document(node)
    except KbuildError:
        return None
    return last


def key_of(node: Node) -> str:
    """The text of a key."""
    return node.text


def nodes(node: Node | None) -> Iterator[Node]:
    """A node and everything below it but keys, in order."""
    if node is None:
        return
    yield node
    for child in node.content[1::2] if node.kind == MAPPING_NODE else node.content:
        yield from nodes(child)


def same(node: Node, found: Json) -> bool:
    """Whether a node has this value."""
    kind = MAPPING_NODE if type(found) is dict else SEQUENCE_NODE if type(found) is list else SCALAR_NODE
    if node.kind != kind:
        return False
    value = value_of(node)
    # Odd keys are equal to nothing but themselves.
    return type(value) is type(found) and (bool(value == found) or dumps(value) == dumps(found))


def path_of(value: Json, found: Json) -> list[Json] | None:
    """The keys and indexes that lead to the very object that is meant."""
    if value is found:
        return []
    pairs = value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
    for key, item in pairs:
        path = path_of(item, found)
        if path is not None:
            return [key, *path]
    return None


def step_into(node: Node, value: Json, path: list[Json]) -> tuple[Node | None, Json]:
    """The node and the value behind a path; no node where the file has none."""
    at: Node | None = node
    for step in path:
        value = value[step]
        if at is None or at.kind == SCALAR_NODE:
            at = None
        elif at.kind == SEQUENCE_NODE:
            at = at.content[step] if type(step) is int and step < len(at.content) else None
        else:
            at = next((item for key, item in entries(at) if key.text == key_text(step)), None)
    return at, value


def entries(node: Node) -> Iterator[tuple[Node, Node]]:
    """The keys of a map's node with their values."""
    return zip(node.content[::2], node.content[1::2], strict=True)


def held(resource: Resource) -> Body:
    """The body with the annotations that the reference keeps on it at this point, each where and as it was written."""
    added = all_annotations(resource)
    meta = resource.body.get("metadata")
    if type(meta) is not dict or not (added or resource.marks):
        return resource.body
    found = meta.get("annotations", {})
    if type(found) is not dict and not is_null(found):
        return resource.body
    annotations: dict[Any, Any] = found if type(found) is dict else {}
    if resource.is_rebuilt or resource.behavior or resource.transformations:
        # Texts without quotes, sorted, and behind them what came later.
        late = {name: at for name, at in resource.marks.items() if at >= 0 and name in added}
        texts = {key_text(key): text_of(value) for key, value in annotations.items()}
        is_sorted = resource.is_rebuilt or resource.transformations
        early = list(texts)[: None if is_sorted else resource.marks.get(GENERATED)]
        first = {name: texts.pop(name) for name in early} | {key: added[key] for key in added if key not in late}
        anew = Anew((name, string_set(ABSENT, first[name])) for name in sorted(first))
        for number, (name, text) in enumerate(texts.items(), len(early)):
            anew.update((mark, in_quotes(mark, added[mark])) for mark, at in late.items() if at <= number)
            anew[name] = string_set(ABSENT, text)
        anew.update((name, in_quotes(name, added[name])) for name in late)
        return {**resource.body, "metadata": with_annotations(resource, meta, anew)}
    origin = {ORIGIN_KEY: added.pop(ORIGIN_KEY)} if ORIGIN_KEY in added else {}
    shown = dict(in_order(resource, annotations | origin, added))
    for name, value in shown.items():
        if name in added or name in resource.marks:
            shown[name] = in_quotes(name, text_of(value))
    return {**resource.body, "metadata": with_annotations(resource, meta, shown)}


def in_quotes(name: str, text: str) -> str:
    """The value of an annotation that the reference adds during a build; what a patch brings has no quotes."""
    return text if name in _BY_PATCH else Single(text)


def with_annotations(resource: Resource, meta: Body, annotations: Body) -> Body:
    """The metadata with annotations, which stand where the first of them came."""
    if resource.transformations:
        rest = {key: value for key, value in meta.items() if key != "annotations"}
        return {**rest, "annotations": annotations}
    if "annotations" in meta:
        if list(meta).index("annotations") <= resource.place:
            return {**meta, "annotations": annotations}
        meta = {key: value for key, value in meta.items() if key != "annotations"}
    fields = list(meta.items())
    fields.insert(resource.place, ("annotations", annotations))
    return dict(fields)


def overlaid(node: Node | None, value: Json) -> Node:
    """A value with the styles and comments of the node that it was read from, where that still says so."""
    kind = dict if type(value) is Anew else type(value)
    if kind is dict or kind is list:
        fresh = Node(MAPPING_NODE if kind is dict else SEQUENCE_NODE, (0, 0))
        original = node if node is not None and node.kind == fresh.kind else None
        if original is not None:
            fresh.style, fresh.tag, fresh.comments = original.style, original.tag, original.comments
        fresh.content = _overlaid_map(original, value) if kind is dict else _overlaid_list(original, value)
        return fresh
    text = str(value) if kind is Single else text_of(value)
    style = "'" if kind is Single or is_single(value) else '"' if is_quoted(value) else ""
    if node is None or node.kind != SCALAR_NODE:
        return written(value, text, style)
    if kind is Single:
        # A text that is there keeps its quotes.
        return node if node.text == text else written(value, text, node.style)
    if style == "'" and node.style != "'":
        # It came with its quotes from elsewhere.
        fresh = written(value, text, style)
        fresh.comments = node.comments
        return fresh
    if node.text == text and scalar_tag(node) == tag_of(typed(value)) and bool(node.style) == is_quoted(value):
        return node
    fresh = written(value, text, node.style if is_quoted(value) and node.style else style)
    fresh.comments = node.comments
    if node.tag and scalar_tag(node) == tag_of(typed(value)):
        fresh.tag = node.tag
        fresh.style = fresh.style if is_quoted(value) else node.style
    return fresh


def _overlaid_map(node: Node | None, value: Body) -> list[Node]:
    old: dict[str, list[tuple[Node, Node]]] = {}
    for key, item in entries(node) if node is not None else ():
        old.setdefault(key.text, []).append((key, item))
    content: list[Node] = []
    for key, item in value.items():
        text = key_text(key)
        known = old.get(text)
        name, below = known.pop(0) if known else (None, None)
        if name is None:
            name = written(text, text, "")
        content += (name, overlaid(below, item))
    return content


def _overlaid_list(node: Node | None, value: list[Json]) -> list[Node]:
    old = node.content if node is not None else []
    if len(old) == len(value):
        return [overlaid(below, item) for below, item in zip(old, value, strict=True)]
    rest = list(old)
    content: list[Node] = []
    for item in value:
        at = next((at for at, below in enumerate(rest) if same(below, item)), _LAST)
        content.append(overlaid(rest.pop(at) if at < _LAST else None, item))
    return content
