"""Strategic merge: a patch laid over a resource, map by map, lists by schema.

The reference walks the whole resource even for a patch of one label, and that walk has effects of its own: every
merged list is normalised, a field whose value is an empty null goes away, a plain `yes` gets quotes. So there are three
walks here: `merge` (base and patch), `settle` (only the base is there) and `adopt` (only the patch is).
Source: kyaml v0.21.1 `merge2.Merge`, `walk.Walker`, `yaml.FieldSetter`, with lists prepended.
"""

from __future__ import annotations

from kbuild.documents.resolve import _OLD_BOOLS, block, folded, is_folded, is_yaml11_non_string, tagged
from kbuild.documents.resolve import key as untagged_key
from kbuild.model.errors import PatchError
from kbuild.model.scalars import (
    NULL,
    STR,
    UNTAGGED,
    OddKey,
    Quoted,
    Scalar,
    copy_body,
    is_null,
    is_quoted,
    is_tagged,
    key_text,
    requoted,
    tag_of,
    text_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.counters import Counters
    from kbuild.documents.trace import Trace
    from kbuild.model.scalars import Body, Json
    from kbuild.schema.schema import Node, Schema

ABSENT = object()
DIRECTIVE = "$patch"
DELETE, REPLACE, MERGE = "delete", "replace", "merge"
_KIND_NAMES: dict[object, str] = {dict: "MappingNode", list: "SequenceNode"}


class Known:
    """What merges with one patch find out once.

    Shape: `unsafe` says of texts whether a YAML 1.1 parser takes them for something else than strings; `orders` has the
    fields of a map of the patch in their order, and `adopted` what becomes of a value that a base lacks: by the identity
    of the patch's map (and of the schema's node), which is kept beside so that nothing else can get that identity.
    """

    __slots__ = ("adopted", "orders", "unsafe")

    def __init__(self) -> None:
        self.unsafe = Unsafe()
        self.orders: dict[int, tuple[Body, list[str | OddKey]]] = {}
        self.adopted: dict[tuple[int, int], tuple[Body, Node | None, Json]] = {}


class Unsafe(dict[str, bool]):
    """Texts, and whether a YAML 1.1 parser takes them for something else than strings; found out on demand."""

    __slots__ = ()

    def __missing__(self, text: str) -> bool:
        found = self[text] = (text < ":" or text in _OLD_BOOLS) and is_yaml11_non_string(text)
        return found


def merge(
    base: Body,
    patch: Body,
    schema: Schema,
    counters: Counters,
    known: Known | None = None,
    *,
    trace: Trace | None = None,
) -> Body | None:
    """The base with the patch merged into it; None when the patch deletes it.

    `known` is what several merges with one patch share. `trace` is told what becomes of comments and styles.
    Mutates: `base` and `known`, never `patch`. Raises: PatchError.
    """
    merger = Merger(schema, known)
    if trace is not None:
        from kbuild.merge.traced import TracedMerger

        merger = TracedMerger(schema, known, trace)
    strategy = directive(patch)
    counters.merges += 1
    if strategy == DELETE:
        return None
    if strategy != REPLACE:
        merger.merge_maps(base, patch, None)
    else:
        # The reference loses what a whole-resource replacement yields, but not its errors.
        merger.settle_patch(copy_body(patch), merger.node_of(patch))
    counters.visits += merger.visits
    return base


class Merger:
    """One merge. `visits` counts the maps seen; bodies on the base's side are changed in place."""

    __slots__ = ("_repeats", "_schema", "_unsafe", "known", "lists", "visits")

    def __init__(self, schema: Schema, known: Known | None = None) -> None:
        from kbuild.merge import associative

        self._schema, self.lists = schema, associative
        self.known, self._repeats = known or Known(), known is not None
        self._unsafe = self.known.unsafe
        self.visits = 0

    def merge(self, base: Json, patch: Json, node: Node | None) -> Json:
        """The value of a field or element that both sides have (ABSENT: it is removed). Raises: PatchError."""
        kind = type(base)
        if base is patch and (kind is dict or kind is list):
            return self.settle_patch(base, node)
        if patch is None or (type(patch) is Scalar and is_null(patch)):
            return ABSENT
        if base is None or (kind is Scalar and is_null(base)):
            return self.adopt(patch, node) if type(patch) in _KIND_NAMES else restyled(base, patch)
        if kind is dict:
            if type(patch) is not dict:
                raise wrong_kind("MappingNode", patch)
            strategy = directive(patch)
            if strategy == DELETE:
                return ABSENT
            if strategy == REPLACE:
                return self.adopt(patch, node)
            return self.merge_maps(base, patch, node)
        if kind is list:
            if type(patch) is not list:
                raise wrong_kind("SequenceNode", patch)
            if node is None or node.keys is None:
                return copy_body(patch)
            return self.lists.merge_lists(base, patch, node, self)
        if type(patch) in _KIND_NAMES:
            raise wrong_kind("ScalarNode", patch)
        return restyled(base, patch)

    def merge_maps(self, base: Body, patch: Body, node: Node | None) -> Body:
        """Merge field by field, in the order of the keys' texts; fields of the base alone are settled."""
        self.visits += 1
        node = node or self.node_of(base) or self.node_of(patch)
        if "" in base:
            raise wrong_kind("ScalarNode", base)
        done: Body | set[str | OddKey] = patch
        for key in self._fields_of(patch, base):
            value = patch[key]
            own: str | OddKey | None = key
            if key not in base:
                own = _same_text(base, key)
                if own is not None:
                    done = {*done, own}
            child = None if node is None else node.fields.get(key_text(key), node.other)
            if own is None:
                value = self.adopt_known(value, child)
                if value is not ABSENT:
                    # The reference adds a key by its text, without its tag.
                    base[untagged_key(key.text) if type(key) is OddKey else key] = value
                continue
            value = self.merge(base[own], value, child)
            if value is ABSENT:
                remove(base, own)
            else:
                base[own] = value
        self._settle_fields(base, node, done)
        return base

    def _fields_of(self, patch: Body, base: Body) -> list[str | OddKey]:
        """The fields of a map of the patch that are merged, in order. Raises: PatchError, for one without a name."""
        found = self.known.orders.get(id(patch))
        if found is None:
            keys = sorted(patch, key=key_text)
            if keys and not key_text(keys[0]):
                raise wrong_kind("ScalarNode", base)
            keys = [key for key in keys if key != DIRECTIVE and not _is_repeated(key)]
            found = self.known.orders[id(patch)] = patch, keys
        return found[1]

    def settle(self, base: Json, node: Node | None) -> Json:
        """The value of what only the base has. Mutates: `base`."""
        kind = type(base)
        if kind is dict:
            self.visits += 1
            self._settle_fields(base, node or self.node_of(base), ())
        elif kind is list:
            if node is not None and node.keys is not None:
                return self.lists.settle_list(base, node, self)
        elif kind is Scalar and base.tag == NULL and not base.text:
            return ABSENT
        return base

    def _settle_fields(self, base: Body, node: Node | None, done: Body | set[str | OddKey] | tuple[()]) -> None:
        if "" in base:
            # The reference takes a field without a name for the map itself.
            raise wrong_kind("ScalarNode", base)
        unsafe = self._unsafe
        dropped = []
        for key, value in base.items():
            kind = type(value)
            if kind is str:
                if unsafe[value] and key not in done and not _is_repeated(key):
                    base[key] = Quoted(value)
            elif (kind is dict or kind is list or kind is Scalar) and key not in done and not _is_repeated(key):
                child = None if node is None else node.fields.get(key, node.other)
                if kind is dict:
                    self.visits += 1
                    self._settle_fields(value, child or self.node_of(value), ())
                    continue
                settled = self.settle(value, child)
                if settled is ABSENT:
                    dropped.append(key)
                elif kind is Scalar:
                    base[key] = self._requoted(settled)
                elif settled is not value:
                    base[key] = settled
        for key in dropped:
            remove(base, key)

    def adopt_known(self, patch: Json, node: Node | None) -> Json:
        """The same as `adopt` of a part of the patch itself, with what earlier merges found out. Raises: PatchError."""
        if type(patch) is not dict or not self._repeats:
            return self.adopt(patch, node)
        key = id(patch), id(node)
        found = self.known.adopted.get(key)
        if found is None:
            found = self.known.adopted[key] = patch, node, self.adopt(patch, node)
        return copy_body(found[2])

    def adopt(self, patch: Json, node: Node | None) -> Json:
        """The value of what only the patch has, as a copy: nulls dropped, directives carried out. Raises: PatchError."""
        if type(patch) is not dict:
            return ABSENT if is_null(patch) else self.settle_patch(copy_body(patch), node, is_added=True)
        strategy = text_of(patch[DIRECTIVE]) if DIRECTIVE in patch else MERGE
        if strategy == DELETE:
            return ABSENT
        patch = copy_body(patch)
        if strategy in (REPLACE, MERGE):
            patch.pop(DIRECTIVE, None)
        self._settle_patch_fields(patch, node)
        return patch

    def settle_patch(self, patch: Json, node: Node | None, *, is_added: bool = False) -> Json:
        """The value of a part of an adopted patch. `is_added` says that a list has no counterpart in the base.

        Mutates: `patch`. Raises: PatchError.
        """
        kind = type(patch)
        if kind is dict:
            strategy = directive(patch)
            # The reference takes out a directive that it follows, also of what stays in spite of it.
            patch.pop(DIRECTIVE, None)
            if strategy == DELETE:
                return ABSENT
            self._settle_patch_fields(patch, node)
        elif kind is list:
            if node is not None and node.keys is not None:
                return self.lists.settle_patch_list(patch, node, self, is_added=is_added)
        elif is_null(patch):
            return ABSENT
        elif kind is str and self._unsafe[patch]:
            return Quoted(patch)
        elif kind is Scalar:
            return self._requoted(patch)
        return patch

    def _requoted(self, value: Scalar) -> Json:
        """A scalar without a tag is written as a string by now."""
        return Quoted(value.text) if value.tag == UNTAGGED and is_yaml11_non_string(value.text) else value

    def _settle_patch_fields(self, patch: Body, node: Node | None) -> None:
        self.visits += 1
        node = node or self.node_of(patch)
        for key in sorted(patch, key=key_text):
            if not key_text(key):
                raise wrong_kind("ScalarNode", patch)
            if _is_repeated(key):
                continue
            child = None if node is None else node.fields.get(key_text(key), node.other)
            value = self.settle_patch(patch[key], child)
            if value is ABSENT:
                remove(patch, key)
            else:
                patch[key] = value

    def node_of(self, body: Body) -> Node | None:
        """The node of a map that names its own kind: the whole resource, or one embedded where nothing is known."""
        if "kind" not in body or "apiVersion" not in body:
            return None
        kind, version = body["kind"], body["apiVersion"]
        if is_null(kind) or is_null(version):
            return None
        return self._schema.root(text_of(version), text_of(kind))


def directive(patch: Body) -> str:
    """The strategy that a map of a patch asks for. Raises: PatchError, for an unknown one."""
    if DIRECTIVE not in patch:
        return MERGE
    strategy = text_of(patch[DIRECTIVE])
    if strategy not in (DELETE, REPLACE, MERGE):
        raise unknown_strategy(strategy)
    return strategy


def _is_repeated(key: str | OddKey) -> bool:
    """Whether a map has used the key before: the reference walks the first use only."""
    return type(key) is OddKey and key.duplicate


def _same_text(body: Body, key: str | OddKey) -> str | OddKey | None:
    """The key of a map that has the same text, where one of the two is no ordinary string."""
    text = key_text(key)
    if type(key) is OddKey and text in body:
        return text
    for own in body:
        if type(own) is OddKey and own.text == text:
            return own
    return None


def remove(body: Body, key: str | OddKey) -> None:
    """Remove a field; a second use of the same key is then its first."""
    del body[key]
    for other in body:
        if type(other) is OddKey and other.duplicate and other.text == key_text(key):
            entries = [(other.text if name is other else name, value) for name, value in body.items()]
            body.clear()
            body.update(entries)
            return


def restyled(base: Json, patch: Json) -> Json:
    """A scalar of the patch with the quoting of the one that it replaces."""
    quoted = is_quoted(base)
    if is_folded(base) and tag_of(patch) == STR:
        return folded(text_of(patch))
    if isinstance(patch, str):
        return requoted(base, patch) if quoted else block(patch) if patch[:1] == "\t" and "\n" in patch else str(patch)
    if not quoted and type(patch) is not Scalar:
        return patch
    tag = tag_of(patch)
    if tag == UNTAGGED:
        return requoted(base, patch.text) if quoted else patch
    if tag == STR and not quoted:
        return patch if "\n" in patch.text and patch.text[0] == "\t" else patch.text
    if quoted and tag == STR:
        return requoted(base, text_of(patch))
    return tagged(text_of(patch), tag, quoted=quoted, explicit=is_tagged(base))


def wrong_kind(expected: str, found: Json) -> PatchError:
    """The error for a value of another shape than the base's."""
    from kbuild.documents.v3text import dumps

    actual = _KIND_NAMES.get(type(found), "ScalarNode")
    error = PatchError(f"wrong node kind: expected {expected} but got {actual}: node contents:\n{dumps(found)}")
    error.shown = found
    return error


def unknown_strategy(strategy: str) -> PatchError:
    """The error for a directive that does not exist."""
    return PatchError(f"unknown patch strategy '{strategy}'")
