"""Frozen values with named fields, for modules that every run loads.

To a type checker a record is a frozen dataclass with keywords only, and `dataclasses.replace`, `fields` and `asdict` take
it; but making the class costs a tenth, and `dataclasses` itself is not imported: docs/adr/0071-records-instead-of-dataclasses.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar, dataclass_transform

    Class = TypeVar("Class", bound=type[Any])
    Value = TypeVar("Value")
else:

    def dataclass_transform(**_options):
        """At run time, nothing."""
        return lambda decorator: decorator


_MISSING = object()


class _Field:
    """How a field is unusual."""

    __slots__ = ("default", "factory", "is_compared", "is_shown")

    def __init__(self, default: object, factory: Callable[[], object] | None, *, repr: bool, compare: bool) -> None:  # noqa: A002
        self.default, self.factory, self.is_shown, self.is_compared = default, factory, repr, compare


def field(
    *,
    default: Any = _MISSING,
    default_factory: Callable[[], Any] | None = None,
    repr: bool = True,  # noqa: A002  (the names of dataclasses)
    compare: bool = True,
) -> Any:
    """A field with a default that is made anew, or one that is not shown or compared."""
    return _Field(default, default_factory, repr=repr, compare=compare)


class _Shape:
    """What a record class knows of its fields."""

    __slots__ = ("annotations", "factories", "given", "names", "required")

    def __init__(self, annotations: Mapping[str, str], given: Mapping[str, object]) -> None:
        self.annotations = {name: text for name, text in annotations.items() if not text.startswith("ClassVar")}
        self.given = {name: given[name] for name in self.annotations if name in given}
        self.names = frozenset(self.annotations)
        unusual = {name: one for name, one in self.given.items() if type(one) is _Field}
        self.factories = tuple((name, one.factory) for name, one in unusual.items() if one.factory is not None)
        bare = {name for name, one in unusual.items() if one.factory is None and one.default is _MISSING}
        self.required = self.names - (self.given.keys() - bare)

    def compared(self) -> list[str]:
        """The names that count for equality."""
        return [name for name in self.annotations if self._rule(name).is_compared]

    def shown(self) -> list[str]:
        """The names that may be printed."""
        return [name for name in self.annotations if self._rule(name).is_shown]

    def _rule(self, name: str) -> _Field:
        found = self.given.get(name)
        return found if type(found) is _Field else _USUAL


_USUAL = _Field(_MISSING, None, repr=True, compare=True)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def record(cls: Class) -> Class:
    """Make a class with annotated fields a record. Defaults are attributes of the class."""
    shape = _Shape(cls.__annotations__, vars(cls))
    for name, one in shape.given.items():
        if type(one) is _Field:
            if one.default is _MISSING:
                delattr(cls, name)
            else:
                setattr(cls, name, one.default)
    own: Any = cls
    own.__record__ = shape
    own.__init__, own.__setattr__, own.__delattr__ = _init, _refuse, _refuse
    own.__eq__, own.__hash__, own.__repr__ = _equal, _hash, _text
    own.__dataclass_fields__ = _FIELDS
    return cls


def replace(one: Value, **changes: Any) -> Value:
    """The same record with other values in some fields."""
    return type(one)(**{**vars(one), **changes})


def names_of(one: object) -> tuple[str, ...]:
    """The fields of a record, in their order."""
    shape: _Shape = one.__record__  # type: ignore[attr-defined]
    return tuple(shape.annotations)


def _init(self: Any, **given: Any) -> None:
    shape = self.__record__
    if not shape.required <= given.keys() <= shape.names:
        wrong = sorted(shape.required - given.keys()) or sorted(given.keys() - shape.names)
        raise TypeError(f"{type(self).__name__}: missing or unknown: {', '.join(wrong)}")
    values = self.__dict__
    for name, make in shape.factories:
        if name not in given:
            values[name] = make()
    values.update(given)


def _refuse(self: Any, name: str, _value: object = None) -> None:
    raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")


def _equal(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    names = self.__record__.compared()
    mine, theirs = ([getattr(one, name) for name in names] for one in (self, other))
    return mine == theirs


def _hash(self: Any) -> int:
    return hash(tuple(getattr(self, name) for name in self.__record__.compared()))


def _text(self: Any) -> str:
    inner = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__record__.shown())
    return f"{type(self).__qualname__}({inner})"


class _Fields:
    """The fields as `dataclasses` describes them, for those who ask."""

    def __get__(self, _one: object, owner: Any) -> dict[str, Any]:
        import dataclasses

        described = []
        for name, text in owner.__record__.annotations.items():
            given = owner.__record__.given.get(name, _MISSING)
            rule = given if type(given) is _Field else _Field(given, None, repr=True, compare=True)
            options: dict[str, Any] = {"repr": rule.is_shown, "compare": rule.is_compared}
            if rule.factory is not None:
                options["default_factory"] = rule.factory
            elif rule.default is not _MISSING:
                options["default"] = rule.default
            described.append((name, text, dataclasses.field(**options)))
        made: Any = dataclasses.make_dataclass(owner.__name__, described, kw_only=True)
        found: dict[str, Any] = made.__dataclass_fields__
        owner.__dataclass_fields__ = found  # described once: making a class takes a millisecond
        return found


_FIELDS = _Fields()
