"""What an error shows of a value or its lines, as the reference has them: in the style of the files.

A body knows only values. A build that failed with such a value runs once more, with a trace of where its values come from,
unless that would run programs or fetch anything again; then the files are looked into for an equal value.
Decision: docs/adr/0072-build-again-to-show-a-value.md.
"""

from __future__ import annotations

from kbuild.load import tree
from kbuild.model.errors import KbuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kbuild.documents.commented import Document
    from kbuild.documents.nodes import Node
    from kbuild.documents.trace import Trace
    from kbuild.load.root import Access
    from kbuild.model.errors import Position
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Body, Json

    Repeat = Callable[[Trace], list[Resource]]


_MOST_FILES = 200


def show(error: KbuildError, access: Access, repeat: Repeat | None) -> None:
    """Let an error of a build show what it shows as it is written by then; `repeat` builds again. Mutates: `error`."""
    reason = None
    if repeat is not None and is_repeatable(access):
        reason = traced(error, repeat, traces(error, access))
    if reason is not None:
        error.reason = reason
    else:
        show_as_written(error, access)


def restate(error: KbuildError, access: Access, repeat: Repeat | None, number: int) -> None:
    """The same for an error of printing the resource of a number. Mutates: `error`."""
    from kbuild.documents.annotations import final_body
    from kbuild.documents.as_written import replaced
    from kbuild.documents.node_text import encode
    from kbuild.documents.styled import Anew
    from kbuild.documents.trace import Trace
    from kbuild.documents.v3text import dumps

    trace = Trace(traces(error, access))
    try:
        resources = [] if repeat is None or not is_repeatable(access) else repeat(trace)
    except (KbuildError, RecursionError):
        # A result may be printed long after its build, when its files are no longer there.
        resources = []
    if number >= len(resources):
        show_as_written(error, access, is_final=True)
        return
    resource = resources[number]
    body = final_body(resource.body)
    meta = body.get("metadata")
    if type(meta) is dict and "annotations" in meta:
        body = {**body, "metadata": {**meta, "annotations": Anew(meta["annotations"])}}
    document = document_of(body, resource, trace)
    assert document.root is not None
    if error.doubled is not None:
        error.reason = with_lines_of(document, error)
    if error.shown is not None:
        shown = encode(document.root, document.head, document.foot)
        error.reason = replaced(error.reason, dumps(error.shown), shown)


def is_repeatable(access: Access) -> bool:
    """Whether a build ran nothing and fetched nothing."""
    return not (access.counters.remotes or access.counters.programs or access.clones)


def document_of(body: Body, resource: Resource, trace: Trace) -> Document:
    """A resource's document as the reference writes it, with a body that it has."""
    from kbuild.documents.commented import Document
    from kbuild.documents.styled import Styled

    styled = Styled(trace)
    styled.is_rebuilt = resource.is_rebuilt
    return Document(styled.shown(body), *trace.heads.get(id(trace.of(resource.body)), ()))


def with_lines_of(document: Document, error: KbuildError) -> str:
    """An error's reason with the lines on which equal keys, or a block that starts with a tab, stand in a document."""
    from kbuild.documents.as_written import replaced
    from kbuild.documents.layout import lines_for, lines_in

    assert error.doubled is not None
    plain, shown = lines_in(error.reason, error.doubled), lines_for(error.reason, document)
    # Where the annotations were written anew there may be none any more.
    return replaced(error.reason, plain, shown) if plain and shown else error.reason


def traces(error: KbuildError, access: Access) -> frozenset[str]:
    """The files whose resources are traced: none, for all, or those that the error is about where there are many."""
    if access.counters.reads <= _MOST_FILES:
        return frozenset()
    places = [error.position, *(place for _, place in error.related)]
    if error.holder is not None:
        places.append(error.holder.position)
    return frozenset(place.file for place in places)


def traced(error: KbuildError, repeat: Repeat, files: frozenset[str]) -> str | None:
    """The reason with the value in its own style, or its lines, found by another build; None where that cannot say."""
    from kbuild.documents.as_written import held
    from kbuild.documents.trace import Trace

    trace = Trace(files)
    try:
        repeat(trace)
    except RecursionError:
        return None
    except KbuildError as again:
        if before(again.reason) != before(error.reason):
            return None
        if again.shown is not None:
            return in_style(again, trace)
        if again.doubled is not None and again.holder is not None:
            return with_lines_of(document_of(held(again.holder), again.holder, trace), again)
    return None


def before(reason: str) -> str:
    """A reason up to the value that it shows: where that came through JSON, its keys are in another order now."""
    return reason.partition("node contents:")[0]


def in_style(error: KbuildError, trace: Trace) -> str | None:
    """The reason of a traced build's error with the value that it shows in its own style; None where nothing is known of it."""
    from kbuild.documents.as_written import held, replaced
    from kbuild.documents.node_text import encode
    from kbuild.documents.styled import Styled
    from kbuild.documents.v3text import dumps

    found, holder, styled = error.shown, error.holder, Styled(trace)
    plain = dumps(found)
    node = None
    if error.whole is not None:
        node = node_in(styled.shown(error.whole), error.whole, found)
    if node is None and holder is not None:
        styled.is_rebuilt = holder.is_rebuilt
        node = node_in(styled.shown(held(holder)), holder.body, found)
    if node is not None:
        return replaced(error.reason, plain, encode(node))
    root = trace.of(found)
    if root is None:
        return None
    return replaced(error.reason, plain, encode(styled.shown(found), *trace.heads.get(id(root), ())))


def node_in(root: Node, whole: Body, found: Json) -> Node | None:
    """The node of a value that is somewhere in a body; None where it is not, or is nowhere in the body's node."""
    from kbuild.documents.as_written import path_of, step_into

    path = path_of(whole, found)
    return None if path is None else step_into(root, whole, path)[0]


def show_as_written(error: KbuildError, access: Access, *, is_final: bool = False) -> None:
    """Let an error show a value in the style of its file, where that is at hand; `is_final` for one of printing.

    Mutates: `error`.
    """
    from kbuild.documents.as_written import as_written, with_lines
    from kbuild.documents.config import read_config

    places = [error.position, *(place for _, place in error.related)]
    reason: str | None = None
    if error.doubled is not None:
        for place in places:
            text, holder = text_at(place, access), error.holder
            reason = reason or with_lines(error.reason, error.doubled, place, text, is_final=is_final, holder=holder)
    if reason is not None or error.shown is None:
        error.reason = reason or error.reason
        return
    texts: list[str] = []
    for place in places:
        text = text_at(place, access)
        texts.append(text)
        if place.file.rpartition("/")[2] in tree.NAMES:
            fields = read_config(text)
            patches = fields.get("patches") if type(fields) is dict else None
            texts += [str(entry.get("patch") or "") for entry in patches or () if type(entry) is dict]
            old = fields.get("patchesStrategicMerge") if type(fields) is dict else None
            texts += [entry for entry in old or () if type(entry) is str]
    error.reason = as_written(error.reason, error.shown, texts, error.whole)


def text_at(place: Position, access: Access) -> str:
    """The file of a place, empty where it is not at hand."""
    try:
        return access.fs.read(place.file).decode("utf-8", "replace") if place else ""
    except OSError:
        return ""
