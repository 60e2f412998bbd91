"""`kbuild get NOUN [NAME…]`: objects of one kind, of all sources, or of all kinds, once or as they change."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import kbuild
from applier.cli.operate import kinds, tables, watching
from applier.cli.operate.call import BASIC, EVERYWHERE, SELECTOR, TIMEOUT, Call, check_words, guarded
from applier.cli.operate.words import FAILURE, StoppedError, say
from applier.failures import ApplierError
from kbuild.cli.flags import BOOL, TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.cli.operate.kinds import Noun
    from applier.model.ids import Body

FLAGS = (
    EVERYWHERE,
    SELECTOR,
    Flag("status-selector", TEXT, "only objects with a condition, such as ready=false or ready!=true", placeholder="TYPE=STATUS"),
    Flag("no-header", BOOL, "no titles above the columns"),
    Flag("show-source", BOOL, "name the source of each Kustomization or HelmRelease"),
    Flag("watch", BOOL, "go on and show every change", short="w"),
    Flag("output", TEXT, "'json' or 'yaml': whole objects for scripts, 'name': names alone (default: a table)",
         short="o", placeholder="FORM", choices=("json", "yaml", "name")),
    Flag("timeout", TEXT, "with --watch, how long to go on (default: until stopped)", placeholder=TIMEOUT.placeholder),
    *BASIC,
)  # fmt: skip


def run(argv: Sequence[str]) -> int:
    """`kbuild get sources git|kustomizations|all [NAME…]`."""
    return guarded("get", argv, FLAGS, _get)


def _get(call: Call) -> int:
    several, names = _several(call.words)
    if several:
        return _get_several(call, several, names)
    found = kinds.read_noun(call.words)
    if found is None:
        check_words(call.words)
        raise StoppedError(f"say what to get: {kinds.nouns_text()}, sources all, images all or all")
    noun, names = found
    if call.values.get("watch"):
        _watch(call, noun, names)
        raise StoppedError("timed out waiting for the condition")
    bodies = _named(call, noun, call.objects(noun), names)
    if not bodies:
        raise StoppedError(f"no {noun.kind} objects found in {call.where} namespace")
    kept = _kept(call, noun, bodies)
    if call.values.get("output"):
        _print_objects(call, [(noun, body) for body in kept])
    else:
        sys.stdout.write(_table(call, noun, kept, ""))
    return 0


def _several(words: list[str]) -> tuple[tuple[Noun, ...], list[str]]:
    """The kinds that `all`, `sources all` and `images all` mean, none for other words; and the names behind them."""
    if words[:1] == [kinds.ALL]:
        return kinds.EVERY, words[1:]
    if words[1:2] == [kinds.ALL] and kinds.GROUPS.get(words[0]) in (kinds.SOURCES, kinds.IMAGES):
        return tuple(kinds.GROUPS[words[0]].values()), words[2:]
    return (), []


def _get_several(call: Call, nouns: tuple[Noun, ...], names: list[str]) -> int:
    """One table per kind that has objects; kinds that are not installed are left out, and a name that a kind lacks is told."""
    if call.values.get("watch"):
        raise StoppedError("expected a single resource type, but found all")
    status = 0
    every = []
    for noun, bodies in zip(nouns, call.of_each(nouns), strict=True):
        if isinstance(bodies, ApplierError):
            say(FAILURE, str(bodies))
            status = 1
            continue
        if bodies is None:
            continue
        kept = _kept(call, noun, _named_or_told(call, noun, bodies, names))
        every += [(noun, body) for body in kept]
        if bodies and not call.values.get("output") and (kept or not (names or call.values.get("status_selector"))):
            sys.stdout.write(_table(call, noun, kept, noun.prefix) + "\n")
    if call.values.get("output"):
        _print_objects(call, every)
    return status


def _named_or_told(call: Call, noun: Noun, bodies: list[Body], names: list[str]) -> list[Body]:
    """Those with one of the names; where one is missing it is told, and none are meant."""
    try:
        return _named(call, noun, bodies, names)
    except StoppedError as problem:
        say(FAILURE, str(problem))
        return []


def _named(call: Call, noun: Noun, bodies: list[Body], names: list[str]) -> list[Body]:
    """Those with one of the names, in their order. Raises: StoppedError, for a name that is not there."""
    if not names:
        return bodies
    found = []
    for name in dict.fromkeys(names):
        mine = [body for body in bodies if body["metadata"]["name"] == name]
        if not mine:
            raise StoppedError(f"{noun.kind} object '{name}' not found in {call.where} namespace")
        found += mine
    return found


def _kept(call: Call, noun: Noun, bodies: list[Body]) -> list[Body]:
    """Those that the status selector leaves. Raises: StoppedError."""
    text = call.values.get("status_selector")
    if not text:
        return bodies
    try:
        wanted = tables.status_filter(str(text))
    except tables.SelectorError as problem:
        raise StoppedError(str(problem)) from None
    return [body for body in bodies if tables.selected(body, wanted, noun)]


def _shape(call: Call, noun: Noun) -> tables.Shape:
    return tables.Shape(call.everywhere, bool(call.values.get("show_source")) and noun in kinds.APPLIERS)


def _table(call: Call, noun: Noun, bodies: list[Body], prefix: str) -> str:
    shape = _shape(call, noun)
    rows = [tables.row(noun, body, shape, prefix) for body in bodies]
    return tables.table([] if call.values.get("no_header") else tables.header(noun, shape), rows)


def _print_objects(call: Call, found: list[tuple[Noun, Body]]) -> None:
    """Whole objects without what only the server needs, or their names."""
    form = call.values["output"]
    if form == "name":
        sys.stdout.write("".join(f"{noun.prefix}{body['metadata']['name']}\n" for noun, body in found))
        return
    bodies = [_plain(body) for _, body in found]
    if form == "yaml":
        sys.stdout.write(kbuild.to_yaml(bodies) if bodies else "")
        return
    print(json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies}, indent=2, ensure_ascii=False))


def _plain(body: Body) -> dict[str, Any]:
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    return {**body, "metadata": metadata}


def _watch(call: Call, noun: Noun, names: list[str]) -> None:
    """The table, and from then on a row for every change. Raises: StoppedError, ApplierError."""
    shape = _shape(call, noun)
    titles = [] if call.values.get("no_header") else tables.header(noun, shape)
    bodies = call.objects(noun)
    known = [body for body in bodies if not names or body["metadata"]["name"] in names]
    rows = [tables.row(noun, body, shape) for body in _kept(call, noun, known)]
    sys.stdout.write(tables.table(titles, rows))
    sys.stdout.flush()
    widths = tables.widths_of([titles, *rows] if titles else rows)
    shown = {watching.mark(body): tables.row(noun, body, shape) for body in bodies}
    for body in watching.changes(call, noun.collection):
        cells = tables.row(noun, body, shape)
        wanted = not names or body["metadata"]["name"] in names
        if wanted and shown.get(watching.mark(body)) != cells and _kept(call, noun, [body]):
            sys.stdout.write(tables.table([], [cells], widths))
            sys.stdout.flush()
        shown[watching.mark(body)] = cells
