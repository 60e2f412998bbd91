"""replacements: a field of one resource (or a given text) copied into fields of others.

Source: kustomize v5.8.1 `ReplacementTransformer`, `filters/replacement`.
"""

from __future__ import annotations

from kbuild.documents.annotations import annotated, put_back, take_back
from kbuild.documents.resolve import text_set, untagged, untagged_set
from kbuild.fields.paths import LIST, MAP, MISSING, SCALAR, find_place, match, smart_split
from kbuild.fields.selector import Selector, check_labels, read_selectors
from kbuild.fields.structured import set_inside
from kbuild.fields.walk import CREATED
from kbuild.model.errors import ConfigurationError, CrashError, KbuildError, NoTargetError, ReplacementError, YamlError
from kbuild.model.ids import effective_namespace, gvk_text
from kbuild.model.quote import go_quote
from kbuild.model.resource import TORN, forget_build
from kbuild.model.scalars import copy_body, is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.documents.trace import Trace
    from kbuild.model.context import Context
    from kbuild.model.ids import ObjectId
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json

_DEFAULT_PATH = "metadata.name"
_NOTHING = "runtime error: invalid memory address or nil pointer dereference"


class ReplacementTransformer:
    """All entries of the field. Config: replacements (each inline, or `path` to a file with one or several).

    Raises: ConfigurationError, KbuildError.
    """

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.is_latest, self.counters, self.trace = context.is_latest, context.counters, context.memo.trace
        self.entries: list[dict[str, Any]] = []
        # Of each, which entry of the field it comes from.
        self.numbers: list[int] = []
        for number, entry in enumerate(config.get("replacements") or ()):
            path = entry.get("path")
            if path and (entry.get("source") is not None or entry.get("targets")):
                raise ConfigurationError("cannot specify both path and inline replacement")
            found = read_entries(path, context) if path else [entry]
            self.entries += found
            self.numbers += [number] * len(found)

    def transform(self, resources: Resources) -> None:
        """Make the replacements in order. Mutates: bodies. Raises: ReplacementError, NoTargetError, KbuildError."""
        finder = Finder(resources, self.counters, splits_inside=self.is_latest, trace=self.trace)
        check_histories(resources, self.entries)
        for number, entry in zip(self.numbers, self.entries, strict=True):
            try:
                replace(entry, finder)
            except KbuildError as error:
                raise error.below(number) from None


def replace(entry: dict[str, Any], finder: Finder) -> None:
    """Make one replacement. Mutates: bodies. Raises: ReplacementError, NoTargetError, KbuildError."""
    check_ends(entry)
    value = source_value(entry, finder)
    for target in entry["targets"]:
        if target is None:
            raise CrashError(_NOTHING)
        replace_in_target(target, value, finder)


def check_ends(entry: dict[str, Any]) -> None:
    """Raise ReplacementError where a replacement has no source or no targets."""
    if (entry.get("source") is None and entry.get("sourceValue") is None) or entry.get("targets") is None:
        raise ReplacementError("replacements must specify a source and at least one target")


def check_histories(resources: Resources, entries: list[dict[str, Any]]) -> None:
    """Raise ReplacementError where a history cannot be read: every replacement asks for those of all resources."""
    if any(resource.torn for resource in resources.items) and entries:
        check_ends(entries[0])
        has_source = entries[0].get("source") is not None
        raise ReplacementError(f"{'error getting node IDs: ' if has_source else ''}{TORN}")


def read_entries(path: str, context: Context) -> list[dict[str, Any]]:
    """The entries of a file: one map or a list. Raises: ConfigurationError, KbuildError."""
    from kbuild.documents.config import read_config
    from kbuild.fields.structs import decode_loosely

    content = context.read(path)
    try:
        values = read_config(content, context.memo)
    except YamlError as error:
        raise error.within("error converting YAML to JSON") from None
    if type(values) is list:
        return [{} if entry is None else decode_loosely(entry, "Replacement") for entry in values]
    if type(values) is dict:
        return [decode_loosely(values, "Replacement")]
    kind = {str: "string", bool: "bool", type(None): "invalid"}.get(type(values), "float64")
    raise ConfigurationError(f"unsupported replacement type encountered within replacement path: {kind}")


class Finder:
    """Resources by what selectors say literally: by name through the shared index, by kind through one of its own.

    `splits_inside` lets the delimiter of a target work inside structured texts, as in later versions (ADR 0017); `trace` is
    told which scalars took over a text only.
    """

    def __init__(
        self, resources: Resources, counters: Counters, *, splits_inside: bool, trace: Trace | None = None
    ) -> None:
        self.resources, self.counters, self.splits_inside, self.trace = resources, counters, splits_inside, trace
        self._kinds: dict[str, list[Resource]] | None = None
        self._unchecked: list[Resource] = resources.items

    def check_labels(self) -> None:
        """Raise CrashError where labels of any resource cannot be read: every target asks for those of all; once is enough."""
        unchecked, self._unchecked = self._unchecked, []
        for resource in unchecked:
            check_labels(resource)

    def named(self, name: str, kind: str) -> list[Resource]:
        """The resources that ever had a name, or else a kind; all where neither is given."""
        if name:
            return self._counted(self.resources.named(name))
        return self._counted(self.of_kind(kind) if kind else self.resources.items)

    def of_kind(self, kind: str) -> list[Resource]:
        """The resources that have or ever had a kind, in order."""
        if self._kinds is None:
            self._kinds = {}
            for resource in self.resources.items:
                for known in {found.kind: None for found in resource.all_ids()}:
                    self._kinds.setdefault(known, []).append(resource)
        return self._kinds.get(kind, [])

    def selected(self, select: Selector) -> list[Resource]:
        """The resources that a target selector can mean."""
        names, kinds = select.name.texts, select.kind.texts
        if names is not None and len(names) == 1:
            return self._counted(self.resources.named(names[0]))
        if kinds is not None and len(kinds) == 1:
            return self._counted(self.of_kind(kinds[0]))
        return self._counted(self.resources.items)

    def _counted(self, candidates: list[Resource]) -> list[Resource]:
        self.counters.matches += len(candidates)
        return candidates

    def changed(self, resource: Resource) -> None:
        """Take note of a written resource: its id may have changed."""
        before = resource.id
        self.resources.touched(resource)
        if resource.id.kind != before.kind:
            self._kinds = None


def texts_of(selector: Mapping[str, Any]) -> dict[str, str]:
    """A selector's texts by lower-case name."""
    return {key.lower(): str(value) for key, value in selector.items() if value is not None and type(value) is not dict}


def shown_selector(texts: Mapping[str, str]) -> str:
    """An id as the reference prints a selector's."""
    gvk = gvk_text(texts.get("group", ""), texts.get("version", ""), texts.get("kind", ""))
    return f"{gvk}/{texts.get('name') or '[noName]'}.{texts.get('namespace') or '[noNs]'}"


def source_value(entry: dict[str, Any], finder: Finder) -> Callable[[], Json]:
    """What gives the value to copy: the reference reads the source's field each time, and may have written to it meanwhile.

    Raises: KbuildError.
    """
    source: Any = entry.get("source")
    if entry.get("sourceValue") is not None:
        if source is not None:
            raise ReplacementError("value and resource selectors are mutually exclusive")
        given = untagged(str(entry["sourceValue"]))
        return lambda: given
    texts = texts_of(source)
    resource = source_resource(texts, source, finder)
    path = texts.get("fieldpath") or _DEFAULT_PATH
    parts = smart_split(path)
    is_whole = not any(part.strip() for part in parts)
    body = annotated(resource) if is_whole or means_annotations(parts) else resource.body
    try:
        place = find_place(body, parts)
    except KbuildError as error:
        error.holder = resource
        raise error.within("error looking up replacement source").see("from", resource.position) from None
    value = MISSING if place is None else place[0][place[1]]
    if place is None or is_null(value) or value in ({}, []):
        reason = f"fieldPath `{path}` is missing for replacement source {shown_selector(texts)}"
        raise ReplacementError(reason).see("from", resource.position)
    holder, key = place
    options = source.get("options") or {}
    if options.get("delimiter"):
        part = refined(value, options)
        return lambda: part
    return lambda: holder[key]


def means_annotations(parts: list[str]) -> bool:
    """Whether a path means annotations of a resource, among which the reference keeps its own."""
    return parts[0] in ("metadata", "*") and (len(parts) == 1 or parts[1] in ("annotations", "*"))


def source_resource(texts: dict[str, str], source: dict[str, Any], finder: Finder) -> Resource:
    """The one resource that a source names. Raises: NoTargetError, ReplacementError."""
    found = [
        resource
        for resource in finder.named(texts.get("name", ""), texts.get("kind", ""))
        if any(selected_by(candidate, texts) for candidate in resource.all_ids())
    ]
    if len(found) == 1:
        return found[0]
    shown = ":".join(
        part for part in (shown_selector(texts), texts.get("fieldpath", ""), shown_options(source)) if part
    )
    if found:
        raise ReplacementError(f"multiple matches for selector {shown}")
    raise NoTargetError(f"nothing selected by {shown}")


def selected_by(found: ObjectId, texts: Mapping[str, str]) -> bool:
    """Whether an id has the given parts; namespaces are compared by effect."""
    if texts.get("name") and texts["name"] != found.name:
        return False
    wanted, written = texts.get("namespace", ""), found.namespace
    # What is cluster-scoped is none here: its written namespace counts.
    if wanted and effective_namespace(wanted, cluster_scoped=False) != effective_namespace(
        written, cluster_scoped=False
    ):
        return False
    parts = (("group", found.group), ("version", found.version), ("kind", found.kind))
    return all(not texts.get(name) or texts[name] == value for name, value in parts)


def shown_options(source: dict[str, Any]) -> str:
    """Field options as the reference prints them with a selector."""
    options = source.get("options") or {}
    delimiter, create = options.get("delimiter") or "", bool(options.get("create"))
    if not delimiter and not create:
        return ""
    return f"{delimiter}({options.get('index') or 0}), create={'true' if create else 'false'}"


def refined(value: Json, options: dict[str, Any]) -> Json:
    """The part of the source that its options ask for. Raises: ReplacementError."""
    if type(value) is dict or type(value) is list:
        raise ReplacementError("delimiter option can only be used with scalar nodes")
    text, index = text_of(value), int(options.get("index") or 0)
    pieces = text.split(options["delimiter"])
    if not 0 <= index < len(pieces):
        raise ReplacementError(f"options.index {index} is out of bounds for value {text}")
    return text_set(value, pieces[index])


def replace_in_target(target: dict[str, Any], value: Callable[[], Json], finder: Finder) -> None:
    """Write into every resource that a target selects and does not reject. Mutates: bodies. Raises: KbuildError."""
    if target.get("select") is None:
        raise ReplacementError("target must specify resources to select")
    try:
        select = Selector(target["select"])
        rejects = [(Selector(reject), reject) for reject in checked(target.get("reject"))]
    except KbuildError as error:
        raise error.within("error creating target selector") from None
    paths = target.get("fieldPaths") or [_DEFAULT_PATH]
    finder.check_labels()
    read_selectors(select, [reject for reject, _ in rejects], finder.resources)
    for resource in list(finder.selected(select)):
        if is_selected(resource, select, rejects):
            options = target.get("options") or {}
            write(resource, paths, Write(value, options, options if finder.splits_inside else {}, finder.trace))
            finder.changed(resource)


def checked(rejects: list[Any] | None) -> list[Any]:
    """What a target rejects. Raises: CrashError, for a null."""
    if rejects and None in rejects:
        raise CrashError(_NOTHING)
    return rejects or []


def is_selected(resource: Resource, select: Selector, rejects: list[tuple[Selector, Any]]) -> bool:
    """Whether a target means a resource. Raises: ConfigurationError, for unreadable label selectors."""
    if not (select.matches_annotations(resource) and select.matches_labels(resource)):
        return False
    ids = resource.all_ids()
    for reject, config in rejects:
        by_labels = config.get("annotationSelector") or config.get("labelSelector")
        if by_labels and reject.matches_annotations(resource) and reject.matches_labels(resource):
            return False
    for reject, config in rejects:
        by_id = any(config.get(part) for part in ("group", "version", "kind", "name", "namespace"))
        if by_id and any(matches_id(reject, found) for found in ids):
            return False
    return any(matches_id(select, found) for found in ids)


def matches_id(selector: Selector, found: ObjectId) -> bool:
    """Whether kind, name and written namespace of one id match."""
    return (
        selector.matches_gvk(found.group, found.version, found.kind)
        and selector.matches_name(found.name)
        and selector.matches_namespace(found.namespace)
    )


class Write:
    """What is written, and how.

    Shape: `value()` is the value; `options` are the target's, `inside` those for structured texts; `trace` is told of scalars
    of which only the text is written.
    """

    __slots__ = ("inside", "options", "trace", "value")

    def __init__(
        self, value: Callable[[], Json], options: dict[str, Any], inside: dict[str, Any], trace: Trace | None
    ) -> None:
        self.value, self.options, self.inside, self.trace = value, options, inside, trace


def write(resource: Resource, paths: list[str], wanted: Write) -> None:
    """Write at each path of one resource. Mutates: its body. Raises: ReplacementError, FieldError."""
    for path in paths:
        parts = smart_split(path)
        is_open = means_annotations(parts) and put_back(resource)
        write_at(resource, path, parts, wanted)
        if is_open:
            take_back(resource)


def write_at(resource: Resource, path: str, parts: list[str], wanted: Write) -> None:
    """Write a value at one path. Mutates: the resource's body. Raises: ReplacementError, FieldError."""
    kind = type(wanted.value())
    made = MAP if kind is dict else LIST if kind is list else SCALAR
    create = made if wanted.options.get("create") else ""
    if len(parts) > 1 and set_inside(
        resource.body, parts, create, lambda holder, key: put(holder, key, wanted.value(), wanted.inside)
    ):
        return
    sentence = f"unable to find {'or create ' if create else ''}field {go_quote(path)} in replacement target"
    try:
        places = match(resource.body, parts, create)
    except KbuildError as error:
        error.holder = resource
        raise error.within(sentence).see("onto", resource.position) from None
    if not places:
        raise ReplacementError(sentence).see("onto", resource.position)
    for holder, key in places:
        old = holder[key]
        put(holder, key, wanted.value(), wanted.options)
        is_name = parts == ["metadata", "name"]
        if tuple(parts) in resource.untagged or (is_name and (resource.prefixes or resource.suffixes)):
            # What was written without a tag is typed anew.
            holder[key] = untagged_set(holder[key], text_of(holder[key]))
        if wanted.trace is not None:
            wanted.trace.follow(old, holder[key])
        if parts[0] == "metadata" and parts[1:] in ([], ["annotations"]):
            forget_build(resource)
        if resource.twins:
            resource.follow_twins()


def put(holder: Any, key: Any, value: Json, options: dict[str, Any]) -> None:
    """Write one place: a scalar takes over the text only, anything else the whole value.

    Mutates: the holder. Raises: ReplacementError.
    """
    old = holder[key]
    is_scalar = type(old) is not dict and type(old) is not list
    text = text_of(value)
    delimiter = options.get("delimiter")
    if delimiter:
        if not is_scalar:
            raise ReplacementError("delimiter option can only be used with scalar nodes")
        pieces = text_of(old).split(delimiter)
        index = int(options.get("index") or 0)
        if index < 0:
            pieces.insert(0, text)
        elif index >= len(pieces):
            pieces.append(text)
        else:
            pieces[index] = text
        text = delimiter.join(pieces)
    if not is_scalar:
        holder[key] = copy_body(value)
    elif old is CREATED:
        holder[key] = untagged(text)
    else:
        holder[key] = text_set(old, text)
