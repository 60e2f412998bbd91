"""Visiting, and where asked for creating, the fields that a field spec names.

A setter is called with the holder (map or list) and the key or index of the field in it.
Source: kustomize v5.8.1 `filters/fieldspec`.
"""

from __future__ import annotations

from kbuild.fields.spec import ByKind, are_apart, has_annotations, is_unusual
from kbuild.model.errors import FieldError
from kbuild.model.resource import Twins
from kbuild.model.scalars import Quoted, Scalar, is_null, is_quoted, requoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from kbuild.fields.spec import FieldSpec
    from kbuild.model.ids import ObjectId
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Json

    Setter = Callable[[Any, Any], None]
    # branches: name of a field, the number of the spec that ends there or None, what goes on below; and the numbers of the
    # specs of all branches that create what is missing
    Fork = tuple[list[tuple[str, int | None, "Fork"]], list[int]]
    # number of the spec, map and key of the field (None: only `visit` can say), whether it has to be created
    Place = tuple[int, Any, str, bool]

SCALAR, MAP = 1, 2


class _Created:
    """Stands for a scalar that was just created and is about to be set."""

    __slots__ = ()


CREATED = _Created()


def visit(resource: Resource, spec: FieldSpec, setter: Setter, create_kind: int = 0) -> None:
    """Call the setter on every field that the spec names in a resource of one of its kinds.

    `create_kind` is what a missing last field is created as, when the spec creates.
    Mutates: the body. Raises: FieldError, naming field and resource.
    """
    is_lent = spec.is_annotations and resource.has_build_annotations and have_annotations(resource)
    try:
        _walk(resource.body, spec, 0, setter, create_kind)
    except FieldError as error:
        # An earlier field of the same step may have been the name.
        resource.refresh()
        error.holder = resource
        frame = f"considering field '{spec.path}' of object {resource.id}"
        raise error.within(frame).at_place(resource.position) from None
    if is_lent and not resource.body["metadata"]["annotations"]:
        del resource.body["metadata"]["annotations"]


def _walk(value: Json, spec: FieldSpec, at: int, setter: Setter, create_kind: int) -> None:
    kind = type(value)
    if kind is dict:
        _enter_map(value, spec, at, setter, create_kind)
    elif kind is list:
        for item in value:
            if type(item) is dict or not is_null(item):
                try:
                    _walk(item, spec, at, setter, create_kind)
                except FieldError as error:
                    raise error.within(f"visit traversal on path: [{spec.rest(at)}]") from None
    elif not is_null(value):
        raise FieldError("expected sequence or mapping node")


def _enter_map(value: dict[Any, Any], spec: FieldSpec, at: int, setter: Setter, create_kind: int) -> None:
    part, is_list = spec.segments[at]
    name: Any = part
    is_last = at + 1 == len(spec.segments)
    if not spec.is_usual and is_unusual(part):
        name = _unusual(value, part)
        if name == "":
            if is_last:
                setter({"": value}, "")
            else:
                _enter_map(value, spec, at + 1, setter, create_kind)
            return
    item = value.get(name)
    if item is None or is_null(item):
        if is_list:
            # The reference turns a null that ought to be a list into an empty list.
            if name in value:
                value[name] = []
                if is_last:
                    setter(value, name)
            return
        if not spec.create or not create_kind:
            if is_last and name in value:
                setter(value, name)
            return
        if create_kind == MAP or not is_last:
            item = value[name] = {}
        elif item is None and name not in value:
            value[name] = CREATED
    if is_last:
        setter(value, name)
    else:
        _walk(item, spec, at + 1, setter, create_kind)


def _unusual(value: dict[Any, Any], name: str) -> Any:
    """What an unusual part means in a map: the key of a field, `""` for the map itself. Raises: FieldError, mostly."""
    if not name:
        raise FieldError("cannot set or create an empty field name")
    from kbuild.fields.paths import key_in

    part = name.strip()
    try:
        return part and key_in(value, part)
    except FieldError as error:
        raise error.within(f"fieldName: {name}") from None


class Plan:
    """The fields that several specs name in resources of one kind, found in one walk along a tree of their paths.

    Shape: `specs` are in order; `root` is None where they must be visited one by one, because what one of them does may
    change what another one finds; `odd` are the places of specs that the tree leaves out; `has_annotations` says that one means
    the annotations.
    """

    __slots__ = ("create_kind", "has_annotations", "odd", "root", "specs")

    def __init__(self, specs: list[FieldSpec], create_kind: int) -> None:
        self.specs, self.create_kind = specs, create_kind
        self.has_annotations = has_annotations(specs)
        self.root: Fork | None = None
        self.odd: list[Place] = []
        if len({spec.path for spec in specs}) < len(specs) or not are_apart(specs):
            return
        self.root = ([], [])
        for number, spec in enumerate(specs):
            if self._is_odd(spec):
                self.odd.append((number, None, "", True))
            else:
                self._plant(number, spec)

    def _plant(self, number: int, spec: FieldSpec) -> None:
        """Add the path of a spec to the tree. Mutates: `root`."""
        assert self.root is not None
        fork, last = self.root, len(spec.segments) - 1
        for at, (name, _) in enumerate(spec.segments):
            if spec.create and self.create_kind:
                fork[1].append(number)
            below = next((below for known, _, below in fork[0] if known == name), None)
            if below is None:
                below = ([], [])
                fork[0].append((name, number if at == last else None, below))
            fork = below

    def _is_odd(self, spec: FieldSpec) -> bool:
        """Whether a path has an unusual name, ends in a list, has lists and creates what is missing, or is that of annotations."""
        is_creating = spec.create and self.create_kind
        if (
            any(is_unusual(name) or (is_list and is_creating) for name, is_list in spec.segments)
            or spec.segments[-1][1]
        ):
            return True
        return spec.is_annotations

    def places(self, body: Json) -> list[Place] | None:
        """The fields in the order of the specs; None where only `visit`, spec by spec, says what happens."""
        if self.root is None or type(body) is not dict:
            return None
        found = self.odd[:]
        if not self._follow(body, self.root, found):
            return None
        if len(found) > 1:
            found.sort(key=_number)
        return found

    def _follow(self, value: dict[Any, Any], fork: Fork, found: list[Place]) -> bool:
        """Collect the fields below a map; returns False where something unusual is in the way. Mutates: `found`."""
        branches, creating = fork
        for name, number, below in branches:
            item = value.get(name)
            if item is None:
                if name in value:
                    return False
                if number is None:
                    found += [(other, None, name, True) for other in below[1]]
                elif number in creating:
                    found.append((number, value, name, True))
                continue
            kind = type(item)
            if number is not None:
                if (kind is dict) != (self.create_kind == MAP) or kind is list or kind is Scalar:
                    return False
                found.append((number, value, name, False))
            elif kind is dict:
                if not self._follow(item, below, found):
                    return False
            elif kind is not list or below[1] or not self._follow_list(item, below, found):
                return False
        return True

    def _follow_list(self, value: list[Any], fork: Fork, found: list[Place]) -> bool:
        """The same for the entries of a list. Mutates: `found`."""
        return all(type(entry) is dict and self._follow(entry, fork, found) for entry in value)

    def visit(self, resource: Resource, setter: Setter) -> None:
        """Call the setter on every field of all specs. Mutates: the body. Raises: FieldError."""
        places = self.places(resource.body)
        if places is None:
            for spec in self.specs:
                visit(resource, spec, setter, self.create_kind)
            return
        for number, holder, name, is_missing in places:
            if holder is None:
                visit(resource, self.specs[number], setter, self.create_kind)
                continue
            if is_missing:
                holder[name] = {} if self.create_kind == MAP else CREATED
            setter(holder, name)


def _number(place: Place) -> int:
    return place[0]


class Plans(ByKind):
    """Specs by kind, each kind's with the plan to find their fields. `create_kind` is that of `visit`."""

    __slots__ = ("_plans", "create_kind")

    def __init__(self, specs: Iterable[FieldSpec], create_kind: int = 0) -> None:
        super().__init__(specs)
        self.create_kind = create_kind
        self._plans: dict[tuple[str, str, str], Plan] = {}

    def plan(self, found: ObjectId, kind: str = "") -> Plan:
        """The plan for the kind of an id, or for another kind of its group and version."""
        key = (found[0], found[1], kind or found[2])
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = Plan(self.of(*key), self.create_kind)
        return plan


def wrong_kind(expected: str, value: Json) -> FieldError:
    """The error for a node of another shape than a step needs."""
    from kbuild.documents.v3text import dumps

    found = "MappingNode" if type(value) is dict else "SequenceNode" if type(value) is list else "ScalarNode"
    error = FieldError(f"wrong node kind: expected {expected} but got {found}: node contents:\n{dumps(value)}")
    error.shown = value
    return error


def scalar_setter(change: Callable[[Json], Json]) -> Setter:
    """A setter that replaces a scalar by what `change` makes of it; ABSENT stands for one just created."""
    from kbuild.documents.resolve import ABSENT

    def set_scalar(holder: Any, key: Any) -> None:
        old = holder[key]
        if type(old) is dict or type(old) is list:
            raise wrong_kind("ScalarNode", old)
        holder[key] = change(ABSENT if old is CREATED else old)

    return set_scalar


class EntrySetter:
    """A setter that writes a string entry into a map.

    The reference makes the entry's value once for a resource and puts it into every map that lacks the entry. So these
    maps share it from then on (`Twins`), and it takes over the quoting of the entries that were there.
    """

    __slots__ = ("_made", "_parts", "_path", "_targets", "_unsafe", "_value", "key", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        from kbuild.documents.resolve import is_yaml11_non_string, key

        self.name, self.text, self.key = name, text, key(name)
        self._unsafe = is_yaml11_non_string(text)
        # The entry's value as the last map has left it.
        self._value: Json = text
        self._path = ""
        self._made: list[tuple[str, Any]] = []
        self._targets: list[tuple[str, Any]] = []
        self._parts: dict[str, list[str]] = {}

    def visit_all(self, resource: Resource, plan: Plan) -> list[tuple[str, Any]]:
        """Write the entry at the fields of all specs; returns (path, map) of each field.

        Mutates: body and twins. Raises: FieldError.
        """
        self._value = self.text
        made = self._made = []
        targets = self._targets = []
        if plan.has_annotations and resource.has_build_annotations:
            have_annotations(resource)
        places = plan.places(resource.body) if self.name else None
        if places is None:
            places = [(number, None, "", True) for number in range(len(plan.specs))]
        for number, holder, name, is_missing in places:
            spec = plan.specs[number]
            self._path = spec.path
            if holder is None:
                visit(resource, spec, self._set, MAP)
                continue
            if is_missing:
                holder[name] = {}
            target = holder[name]
            targets.append((spec.path, target))
            self._enter(target)
        if made:
            self._fill(resource)
        return targets

    def enter_all(self, resource: Resource, targets: list[tuple[str, Any]]) -> None:
        """Write the entry into maps that another entry's visit found. Mutates: body and twins."""
        self._value = self.text
        made = self._made = []
        for self._path, target in targets:
            self._enter(target)
        if made:
            self._fill(resource)

    def _set(self, holder: Any, at: Any) -> None:
        target = holder[at]
        if is_null(target):
            return
        if type(target) is not dict:
            raise wrong_kind("MappingNode", target)
        if not self.name:
            raise wrong_kind("ScalarNode", target)
        self._targets.append((self._path, target))
        self._enter(target)

    def _enter(self, target: dict[Any, Any]) -> None:
        if self.name in target:
            old = target[self.name]
            self._value = target[self.name] = requoted(old, self.text) if is_quoted(old) else self.text
        else:
            if self._unsafe and type(self._value) is str:
                self._value = Quoted(self.text)
            target[self.key] = self.text
            self._made.append((self._path, target))

    def _fill(self, resource: Resource) -> None:
        """Give the entries that were made their common value."""
        value = self._value
        for _, target in self._made:
            target[self.key] = value
        if len(self._made) > 1:
            self._made.sort(key=self._order)
            resource.twins.append(Twins([(target, self.key) for _, target in self._made], value))

    def _order(self, made: tuple[str, Any]) -> list[str]:
        """What the fields of a resource are sorted by: their paths, part by part."""
        path = made[0]
        found = self._parts.get(path)
        if found is None:
            found = self._parts[path] = path.split("/")
        return found


def have_annotations(resource: Resource) -> bool:
    """Where the reference keeps annotations of its own there is a map of them; whether it was put there. Mutates: the body."""
    meta = resource.body.get("metadata")
    if type(meta) is not dict or type(meta.get("annotations")) in (dict, list):
        return False
    meta["annotations"] = {}
    return True


def write_entries(setters: list[EntrySetter], resource: Resource, plan: Plan) -> None:
    """Write several entries, one after the other, at the fields of all specs.

    Where there is a plan, the first entry's visit finds the maps for all.
    Mutates: body and twins. Raises: FieldError.
    """
    first, *others = setters
    targets = first.visit_all(resource, plan)
    for setter in others:
        if plan.root is not None:
            setter.enter_all(resource, targets)
        else:
            setter.visit_all(resource, plan)


def text_map(values: Any) -> dict[str, str]:
    """A configuration's map as texts: the reference turns numbers and booleans into strings, null into nothing."""
    from kbuild.documents.gojson import config_text

    return {key: config_text(value) for key, value in (values or {}).items()}
