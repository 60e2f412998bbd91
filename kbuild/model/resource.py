"""One desired thing in a build: its body, and beside it what the reference hides in annotations.

Source: kustomize api v0.21.1 `resource.Resource`; the internal annotations of kustomize.md 1.5 are attributes here.
"""

from __future__ import annotations

from kbuild.model.errors import UNKNOWN, CrashError, Position
from kbuild.model.ids import (
    CLUSTER_SCOPED,
    CLUSTER_SCOPED_NAMESPACE,
    DEFAULT_NAMESPACE,
    ObjectId,
    split_api_version,
)
from kbuild.model.scalars import copy_body, is_null, known_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Body, Json

INTERNAL = "internal.config.kubernetes.io/"
# In `marks`: how many annotations a generated resource began with.
GENERATED = ""
TORN = "number of previous names, number of previous namespaces, number of previous kinds not equal"
_NAMES, _NAMESPACES, _KINDS = (f"{INTERNAL}previous{part}" for part in ("Names", "Namespaces", "Kinds"))
UNSPECIFIED, CREATE, REPLACE, MERGE = "unspecified", "create", "replace", "merge"


class Twins:
    """One scalar in several maps of a resource: the reference put the same node into them, so a write to one is a write to all.

    Shape: `places` are (map, key) in the order of a walk with sorted keys; `value` is what all of them hold.
    """

    __slots__ = ("places", "value")

    def __init__(self, places: list[tuple[Body, Json]], value: Json) -> None:
        self.places, self.value = places, value

    def follow(self) -> None:
        """Give every place the value that was last written to one of them. Mutates: the maps."""
        value = self.value
        for holder, key in self.places:
            if holder.get(key) is not value:
                break
        else:
            return
        self.places = [place for place in self.places if place[1] in place[0]]
        for holder, key in self.places:
            # What only got quotes is no write, where another place has a new text.
            if holder[key] is not value and (self.value is value or text_of(holder[key]) != text_of(value)):
                self.value = holder[key]
        if self.value is not value:
            for holder, key in self.places:
                holder[key] = self.value


class Resource:
    """A resource of a build; equal only to itself.

    Shape: `body` is a map of plain values (model/scalars.py) or None once a patch deleted it. `id` is the current
    id, kept in step by `refresh`. `history` holds one `(name, effective namespace, kind)` for each earlier id, oldest
    first, and `behavior` is empty for what no generator made. `prefixes` and `suffixes` are in the order they were added (innermost first). `origin` and
    `transformations` are plain values, or texts that are not read yet, used only with `buildMetadata`. `twins` are scalars that stand in several maps;
    whoever writes to a scalar calls `follow_twins` (the fold does after every transformer). `allowed` are the options of
    patches that the reference notes on it, `referrers` the resources whose references name it; `torn` says that the
    history cannot be read any more, `is_nameless` that it was stored without a name, as what `nameless` lists. `position` is where the document starts.
    `serial` orders resources inside one `Resources`. `hidden` holds internal annotations that have no attribute here: the
    build ignores them, functions see them. `from_plugin` says that a function or plugin wrote it last. `untagged` are the paths of
    fields that a step wrote without a tag, so that a new text there is typed anew. `is_rebuilt` says that a JSON patch made the body
    anew, without the styles and comments of its file. `marks` are the annotations that the reference keeps here, in the order in
    which they came, each with the number of other annotations that there were then; what it sorted meanwhile is left out, but for
    how many GENERATED ones there were. `place` is how many
    fields of the metadata stood before these where there were no annotations before.
    """

    __slots__ = (
        "_id_source",
        "allowed",
        "behavior",
        "body",
        "from_plugin",
        "helm_generated",
        "hidden",
        "history",
        "id",
        "is_nameless",
        "is_rebuilt",
        "marks",
        "nameless",
        "needs_hash",
        "origin",
        "place",
        "position",
        "prefixes",
        "referenced_by_vars",
        "referrers",
        "scopes",
        "serial",
        "suffixes",
        "torn",
        "transformations",
        "twins",
        "untagged",
    )

    def __init__(
        self,
        body: Body,
        *,
        scopes: frozenset[tuple[str, str]] = CLUSTER_SCOPED,
        position: Position = UNKNOWN,
        needs_hash: bool = False,
        behavior: str = "",
    ) -> None:
        self.body = body
        self.scopes = scopes
        self.position = position
        self.needs_hash = needs_hash
        self.behavior = behavior
        self.history: list[tuple[str, str, str]] = []
        self.prefixes: list[str] = []
        self.suffixes: list[str] = []
        self.origin: Json = None
        self.transformations: Json = []
        self.helm_generated = self.from_plugin = False
        self.hidden: dict[str, str] = {}
        self.referenced_by_vars: list[str] = []
        self.twins: list[Twins] = []
        self.allowed: tuple[str, ...] = ()
        self.referrers: list[ObjectId] = []
        self.torn = self.is_nameless = self.is_rebuilt = False
        self.nameless: tuple[tuple[str, str], ...] = ()
        self.untagged: frozenset[tuple[str, ...]] = frozenset()
        self.marks: dict[str, int] = {}
        self.serial, self.place = 0, 1 << 30
        self._id_source: tuple[Json, Json, Json, Json] | None = None
        self.id = self._read_id()

    def _read_id(self) -> ObjectId:
        """The id that the body has: the known one where all four values in the body are still the same objects."""
        body = self.body
        if not body:
            self._id_source = None
            return ObjectId("", "", "", "", "")
        api_version, kind, meta = body.get("apiVersion"), body.get("kind"), body.get("metadata")
        name, namespace = (meta.get("name"), meta.get("namespace")) if type(meta) is dict else (None, None)
        known = self._id_source
        if known is not None and api_version is known[0] and kind is known[1]:
            if name is known[2] and namespace is known[3]:
                return self.id
            group, version, kind_text, _, _, is_cluster_scoped = self.id
        else:
            # A null is a version or kind of its own, by its text.
            api_text = text_of(api_version) if "apiVersion" in body else ""
            kind_text = text_of(kind) if "kind" in body else ""
            group, version = split_api_version(api_text)
            is_cluster_scoped = (api_text, kind_text) in self.scopes
        self._id_source = (api_version, kind, name, namespace)
        name_text = name if type(name) is str else known_text(name)
        namespace_text = namespace if type(namespace) is str else known_text(namespace)
        # Ids are made for every resource again and again: without the call in between.
        return tuple.__new__(
            ObjectId, (group, version, kind_text, name_text, namespace_text, is_cluster_scoped)
        )  # fmt: skip

    def refresh(self) -> bool:
        """Read the current id from the body again; returns whether it changed.

        Call `Resources.touched(resource)` instead where the resource is in one.
        """
        fresh = self._read_id()
        if fresh is self.id or fresh == self.id:
            return False
        self.id = fresh
        return True

    def rescope(self, scopes: frozenset[tuple[str, str]]) -> None:
        """Take another set of what is cluster-scoped. Mutates: the id; call `Resources.touched` where it is in one."""
        self.scopes, self._id_source = scopes, None
        self.refresh()

    def follow_twins(self) -> None:
        """Carry writes to a scalar over to the other maps that hold it. Mutates: `body`."""
        for twins in self.twins:
            twins.follow()

    def store_previous_id(self) -> None:
        """Append the current id to the history. Mutates: a `body` without metadata.

        The reference keeps names, namespaces and kinds in lists of their own and adds nothing for an empty text; a
        history whose lists differ in length cannot be read any more, one without names is none.
        """
        history = self.history
        _, _, kind, name, namespace, is_cluster_scoped = self.id
        if is_null(self.body.get("metadata")):
            # The reference writes the history there.
            self.body["metadata"] = {}
        if not name:
            self.torn = self.torn or bool(history)
            self.is_nameless = True
            self.nameless = (*self.nameless, (self.id.effective_namespace, kind))
            mark(self, _NAMESPACES, _KINDS)
            return
        if _KINDS not in self.marks:
            mark(self, _NAMES, _NAMESPACES, _KINDS)
        if history:
            self.torn = self.torn or not kind or "" in history[-1]
        if is_cluster_scoped:
            namespace = CLUSTER_SCOPED_NAMESPACE
        self.torn = self.torn or self.is_nameless or not name.count(",") == kind.count(",") == namespace.count(",")
        history.append((name, namespace or DEFAULT_NAMESPACE, kind))

    def previous_ids(self) -> list[ObjectId]:
        """The ids of the history, oldest first; group and version are always the current ones. Raises: CrashError."""
        if self.torn:
            raise CrashError(TORN)
        group, version = self.id.group, self.id.version
        return [ObjectId(group, version, kind, name, namespace) for name, namespace, kind in self.history]

    def all_ids(self) -> list[ObjectId]:
        """The history, then the current id. Raises: CrashError."""
        return [*self.previous_ids(), self.id]

    @property
    def original_id(self) -> ObjectId:
        """The first id this resource had. Raises: CrashError."""
        if self.torn:
            raise CrashError(TORN)
        if not self.history:
            return self.id
        name, namespace, kind = self.history[0]
        return ObjectId(self.id.group, self.id.version, kind, name, namespace)

    @property
    def has_build_annotations(self) -> bool:
        """Whether the reference would hold internal annotations here, so that `metadata.annotations` exists for it."""
        return bool(
            self.history
            or self.prefixes
            or self.suffixes
            or self.needs_hash
            or self.behavior
            or self.origin is not None
            or self.transformations != []
            or self.helm_generated
            or self.hidden
        )

    def build_annotations(self) -> dict[str, str]:
        """The internal annotations that the reference keeps on the resource during a build, but for origins."""
        names, namespaces, kinds = zip(*self.history, strict=True) if self.history else ((), (), ())
        if self.nameless:
            namespaces += tuple(namespace for namespace, _ in self.nameless)
            kinds += tuple(kind for _, kind in self.nameless)
        found = {
            "generatorBehavior": self.behavior,
            "helm-generated": "true" if self.helm_generated else "",
            "needsHashSuffix": "enabled" if self.needs_hash else "",
            "prefixes": ",".join(self.prefixes),
            "previousKinds": ",".join(filter(None, kinds)),
            "previousNames": ",".join(filter(None, names)),
            "previousNamespaces": ",".join(namespaces),
            "refBy": ",".join(map(str, self.referrers)),
            "suffixes": ",".join(self.suffixes),
            **dict.fromkeys(self.allowed, "enabled"),
        }
        return {**self.hidden, **{INTERNAL + name: text for name, text in found.items() if text}}

    def copy(self) -> Resource:
        """A deep copy: nothing mutable is shared, neither with this one nor inside."""
        twin = Resource.__new__(Resource)
        for name in Resource.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.body = copy_body(self.body)
        twin.history, twin.prefixes, twin.suffixes = [*self.history], [*self.prefixes], [*self.suffixes]
        steps = self.transformations
        twin.transformations = steps if type(steps) is str else [*steps]
        twin.hidden, twin.marks = {**self.hidden}, {**self.marks}
        twin.referenced_by_vars = [*self.referenced_by_vars]
        twin.twins = self._copied_twins(twin.body) if self.twins else []
        twin.referrers = [*self.referrers]
        return twin

    def _copied_twins(self, body: Body) -> list[Twins]:
        """The twins of this resource in a copy of its body."""
        maps: dict[int, Json] = {id(holder): None for twins in self.twins for holder, _ in twins.places}
        _find_copies(self.body, body, maps)
        found = [([(maps[id(holder)], key) for holder, key in twins.places], twins.value) for twins in self.twins]
        return [Twins([place for place in places if place[0] is not None], value) for places, value in found]

    def __repr__(self) -> str:
        return f"Resource({self.id})"


def _find_copies(value: Json, copy: Json, maps: dict[int, Json]) -> None:
    """Find the copies of some maps of a value, by identity. Mutates: `maps`."""
    if type(value) is dict:
        if id(value) in maps:
            maps[id(value)] = copy
        pairs = zip(value.values(), copy.values(), strict=True)
    else:
        pairs = zip(value, copy, strict=True)
    for item, twin in pairs:
        if type(item) is dict or type(item) is list:
            _find_copies(item, twin, maps)


def mark(resource: Resource, *names: str) -> None:
    """Note that the reference writes annotations now, which come behind those that are there. Mutates: `resource`."""
    meta = resource.body.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    count = len(annotations) if type(annotations) is dict else 0
    if annotations is None and not resource.marks and type(meta) is dict:
        resource.place = len(meta)
    for name in names:
        resource.marks.setdefault(name, count)


def part_annotations(resource: Resource) -> None:
    """All annotations were written anew: what stands there stands nowhere else now. Mutates: the body and its twins."""
    resource.follow_twins()
    meta = resource.body.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    for twins in resource.twins:
        twins.places = [place for place in twins.places if place[0] is not annotations]


def mark_generated(resource: Resource) -> None:
    """Note how many annotations a generated resource begins with, and where. Mutates: `resource`."""
    meta = resource.body["metadata"]
    resource.marks = {GENERATED: len(meta.get("annotations") or ())}
    resource.place = list(meta).index("annotations") if "annotations" in meta else len(meta)


def forget_build(resource: Resource) -> None:
    """Lose what the reference keeps in annotations, because a step wrote these anew. Mutates: `resource`."""
    resource.history, resource.prefixes, resource.suffixes, resource.transformations = [], [], [], []
    resource.needs_hash = resource.helm_generated = resource.torn = resource.is_nameless = False
    resource.hidden, resource.allowed, resource.referrers, resource.nameless = {}, (), [], ()
    resource.marks = {}
    resource.behavior, resource.origin = "", None
