"""Visiting, and where asked for creating, the fields that a field spec names.

A setter is called with the holder (map or list) and the key or index of the field in it.
Source: kustomize v5.8.1 `filters/fieldspec`.
"""

from __future__ import annotations

from kbuild.model.errors import FieldError
from kbuild.model.resource import Twins
from kbuild.model.scalars import Quoted, is_null, is_quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.fields.spec import FieldSpec
    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Json

    Setter = Callable[[Any, Any], None]

SCALAR, MAP = 1, 2
_ANNOTATIONS = "metadata/annotations"


class _Created:
    """Stands for a scalar that was just created and is about to be set."""

    __slots__ = ()


CREATED = _Created()


def visit(resource: Resource, spec: FieldSpec, setter: Setter, create_kind: int = 0) -> None:
    """Call the setter on every field that the spec names in a resource of one of its kinds.

    `create_kind` is what a missing last field is created as, when the spec creates.
    Mutates: the body. Raises: FieldError, naming field and resource.
    """
    try:
        _walk(resource.body, spec, 0, setter, create_kind)
    except FieldError as error:
        # An earlier field of the same step may have been the name.
        resource.refresh()
        error.holder = resource
        frame = f"considering field '{spec.path}' of object {resource.id}"
        raise error.within(frame).at_place(resource.position) from None


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
    name, is_list = spec.segments[at]
    if not name:
        raise FieldError("cannot set or create an empty field name")
    is_last = at + 1 == len(spec.segments)
    item = value.get(name)
    if item is None or is_null(item):
        if is_list:
            # The reference turns a null that ought to be a list into an empty list.
            if name in value:
                value[name] = []
            return
        if not spec.create or not create_kind:
            if is_last and name in value:
                setter(value, name)
            return
        item = value[name] = {} if create_kind == MAP or not is_last else CREATED
    if is_last:
        setter(value, name)
    else:
        _walk(item, spec, at + 1, setter, create_kind)


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

    __slots__ = ("_made", "_path", "_quoted", "_targets", "_unsafe", "key", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        from kbuild.documents.resolve import is_yaml11_non_string, key

        self.name, self.text, self.key = name, text, key(name)
        self._unsafe = is_yaml11_non_string(text)
        self._quoted, self._path = False, ""
        self._made: list[tuple[str, Any]] = []
        self._targets: list[tuple[str, Any]] = []

    def visit_all(self, resource: Resource, specs: list[FieldSpec]) -> list[tuple[str, Any]]:
        """Write the entry at the fields of all specs; returns (path, map) of each field.

        Mutates: body and twins. Raises: FieldError.
        """
        self._quoted = False
        made = self._made = []
        targets = self._targets = []
        for spec in specs:
            self._path = spec.path
            if spec.path == _ANNOTATIONS and resource.has_build_annotations:
                have_annotations(resource)
            visit(resource, spec, self._set, MAP)
        if made:
            self._fill(resource)
        return targets

    def enter_all(self, resource: Resource, targets: list[tuple[str, Any]]) -> None:
        """Write the entry into maps that another entry's visit found. Mutates: body and twins."""
        self._quoted = False
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
            self._quoted = is_quoted(target[self.name])
            target[self.name] = Quoted(self.text) if self._quoted else self.text
        else:
            self._quoted = self._quoted or self._unsafe
            target[self.key] = self.text
            self._made.append((self._path, target))

    def _fill(self, resource: Resource) -> None:
        """Give the entries that were made their common value."""
        value = Quoted(self.text) if self._quoted else self.text
        for _, target in self._made:
            target[self.key] = value
        if len(self._made) > 1:
            self._made.sort(key=lambda made: made[0].split("/"))
            resource.twins.append(Twins([(target, self.key) for _, target in self._made], value))


def have_annotations(resource: Resource) -> None:
    """Where the reference keeps annotations of its own there is a map of them. Mutates: the body."""
    meta = resource.body.get("metadata")
    if type(meta) is dict and type(meta.get("annotations")) not in (dict, list):
        meta["annotations"] = {}


def write_entries(setters: list[EntrySetter], resource: Resource, specs: list[FieldSpec], *, are_apart: bool) -> None:
    """Write several entries, one after the other, at the fields of all specs.

    Where the fields are apart (`fields.spec.are_apart`), the first entry's visit finds the maps for all.
    Mutates: body and twins. Raises: FieldError.
    """
    first, *others = setters
    targets = first.visit_all(resource, specs)
    for setter in others:
        if are_apart:
            setter.enter_all(resource, targets)
        else:
            setter.visit_all(resource, specs)


def text_map(values: Any) -> dict[str, str]:
    """A configuration's map as texts: the reference turns numbers and booleans into strings, null into nothing."""
    from kbuild.documents.gojson import config_text

    return {key: config_text(value) for key, value in (values or {}).items()}
