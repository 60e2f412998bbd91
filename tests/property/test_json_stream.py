"""Streams of JSON: the scanner's documents are those of the YAML reader, or it declines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import kbuild
from kbuild.load import json_stream
from kbuild.load.texts import _positioned_yaml

PLAIN = st.none() | st.booleans() | st.integers(-1000, 1000) | st.text("ab:#-'\"\\{}[]&*!|>%@,? ~<\n", max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(st.characters(codec="utf-8"), max_size=12)
    | st.sampled_from(
        ["<<", "~", ".inf", "0x1F", "2001-01-01", "null", "y", "# no", "a: b", "---", "{", "a/b", "x" * 600]
    )
)
KEYS = st.sampled_from(["a", "b", "", "<<", "1", "null", "y", "a b", "k" * 600, "k" * 1100]) | st.text(max_size=4)
PLAIN_KEYS = st.sampled_from(["a", "b", "", "1", "null", "y", "a b", "-", "? a", "#"])


def values(scalars: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values of some scalars, nested."""
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
    )


BODIES = st.dictionaries(PLAIN_KEYS, values(PLAIN, PLAIN_KEYS), max_size=4)
ODD_BODIES = st.dictionaries(KEYS, values(SCALARS, KEYS), max_size=4)
FORMS: list[dict[str, Any]] = [
    {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}, {"indent": 2, "sort_keys": True}, {"indent": "\t"},
]  # fmt: skip


@st.composite
def streams(draw: st.DrawFn) -> str:
    """JSON documents behind each other, now and then with a character too many, too few, or another one."""
    separator = draw(
        st.sampled_from(
            ["\n---\n", "\n---\n", "\n---\n", "\n\n---\n", "\n", "\n--- \n", "\n---\n---\n", "\n# x\n---\n"]
        )
    )
    bodies = draw(st.lists(draw(st.sampled_from([BODIES, BODIES, BODIES, ODD_BODIES])), min_size=1, max_size=3))
    text = separator.join(json.dumps(body, **draw(st.sampled_from(FORMS))) for body in bodies)
    text = (
        draw(st.sampled_from(["", "", "---\n", "\n", "# x\n"]))
        + text
        + draw(st.sampled_from(["", "\n", "\n", "\n---\n", " "]))
    )
    if draw(st.booleans()):
        at = draw(st.integers(0, len(text)))
        piece = draw(
            st.sampled_from(["", "\n", "\n :", "\t", "\\", "/", "0", "-", ",", '"', "#", " ", "&a ", "!x ", "'"])
        )
        text = text[:at] + piece + text[at + draw(st.integers(0, 1)) :]
    return text


def texts_of(value: Any) -> str:
    """A value with its types and the order of its keys."""
    return repr(value)


@given(streams())
@example('{"a": 1}\n')
@example('{"a"\n: 1}\n')
@example('{"a": "\\/"}\n')
@example('{"a": -0}\n')
@example('{"a": 1, "a": 1}\n')
@example('{"a": 10000000000000000000000}\n')
def test_the_scanner_reads_what_the_yaml_reader_reads(text: str) -> None:
    found = json_stream.read(text)
    if found is None:
        return
    expected = [(body, place.line) for body, place in _positioned_yaml(text, "x")]
    assert texts_of(found) == texts_of(expected)


def test_streams_that_tools_write_are_taken() -> None:
    text = '---\n{\n "b": [1, null, true],\n "a": {"x": "y: \\"z\\"\\n"}\n}\n---\n{}\n'
    assert json_stream.read(text) == [({"a": {"x": 'y: "z"\n'}, "b": [1, None, True]}, 1), ({}, 7)]
    assert [place.line for _, place in kbuild.read_positioned(text.encode(), "x")] == [1, 7]


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n", "[1]\n", '{"a": 1.5}\n', '{"a": NaN}\n', '{"\\u0061": 1}\n', '{"a": "é"}\n', '{"a":\t1}\n',
        '{"a": 1} # x\n', '{"a": 1}\n...\n', '{"a": 1}\n--- {"b": 2}\n', '{"<<": {"a": 1}}\n', '{"a": 1}\r\n',
        '{"a": ' * 100_000,
    ],
)  # fmt: skip
def test_everything_else_is_left_to_the_yaml_reader(text: str) -> None:
    assert json_stream.read(text) is None
