"""Records: what frozen dataclasses with keywords do, made more cheaply."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import pytest

from applier.records import field, names_of, record, replace


@record
class Plain:
    """A value."""

    kind: ClassVar[str] = "plain"
    name: str
    count: int = 1
    more: Mapping[str, int] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    note: str = field(default="", compare=False)
    needed: str = field(repr=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reference:
    """The same as a dataclass."""

    kind: ClassVar[str] = "plain"
    name: str
    count: int = 1
    more: Mapping[str, int] = dataclasses.field(default_factory=dict)
    secret: str = dataclasses.field(default="", repr=False)
    note: str = dataclasses.field(default="", compare=False)
    needed: str = dataclasses.field(repr=False)


def test_values_and_defaults() -> None:
    one = Plain(name="a", needed="n")
    assert (one.kind, one.name, one.count, one.more, one.secret, one.needed) == ("plain", "a", 1, {}, "", "n")
    assert one.more is not Plain(name="a", needed="n").more
    assert names_of(one) == tuple(known.name for known in dataclasses.fields(Reference))


@pytest.mark.parametrize("given", [{}, {"name": "a"}, {"needed": "n"}, {"name": "a", "needed": "n", "other": 1}])
def test_wrong_names_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="Plain: missing or unknown"):
        Plain(**given)  # type: ignore[arg-type]


def test_nothing_can_be_changed() -> None:
    one = Plain(name="a", needed="n")
    with pytest.raises(AttributeError, match="cannot be changed"):
        one.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="cannot be changed"):
        del one.count
    assert one == Plain(name="a", needed="n")


@pytest.mark.parametrize(
    "changed", [{"name": "b"}, {"count": 2}, {"secret": "s"}, {"note": "x"}, {"more": {"a": 1}}, {}]
)
def test_equality_and_text_are_those_of_dataclasses(changed: dict[str, object]) -> None:
    given: dict[str, object] = {"name": "a", "needed": "n", "secret": "hidden"}
    one, other = Plain(**given), Plain(**given | changed)  # type: ignore[arg-type]
    reference, other_reference = Reference(**given), Reference(**given | changed)  # type: ignore[arg-type]
    assert (one == other) is (reference == other_reference)
    assert repr(other) == repr(other_reference).replace("Reference", "Plain")
    assert "hidden" not in repr(one)
    assert one != reference


def test_equal_values_have_equal_hashes() -> None:
    one = Plain(name="a", needed="n", more=(), note="x")  # type: ignore[arg-type]
    other = Plain(name="a", needed="n", more=(), note="y")  # type: ignore[arg-type]
    assert hash(one) == hash(other)
    assert len({one, other}) == 1


def test_copies_with_changes_by_either_function() -> None:
    one = Plain(name="a", needed="n", count=5)
    for copy in (replace, dataclasses.replace):
        other = copy(one, name="b")
        assert type(other) is Plain
        assert (other.name, other.count, other.needed) == ("b", 5, "n")
    assert dataclasses.is_dataclass(one)
    assert dataclasses.asdict(one) == dataclasses.asdict(Reference(name="a", needed="n", count=5))
    with pytest.raises(TypeError):
        replace(one, other=1)


def test_a_record_is_described_once() -> None:
    """Describing it makes a class, which takes a millisecond: `dataclasses.replace` asks each time."""

    @record
    class Own:
        name: str

    assert dataclasses.fields(Own)[0] is dataclasses.fields(Own)[0]
    assert dataclasses.replace(Own(name="a"), name="b") == Own(name="b")
