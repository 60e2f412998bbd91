"""Which quotes a text stood in: both readers know, and what copies or replaces it keeps them."""

from __future__ import annotations

import pytest

from kbuild.counters import Counters
from kbuild.documents.compose import compose
from kbuild.documents.reader import Memo, read_documents
from kbuild.documents.resolve import string_set, text_set, untagged, untagged_set, v3_quoted
from kbuild.documents.v3text import dumps
from kbuild.model.scalars import Quoted, is_single, single

TEXT = """\
a: 'x'
b: "x"
c:
- 'x'
- "x"
d: {e: 'x', f: ["x", 'x']}
g: 'x

  y'
h: "x

  y"
"""


def singles(body: dict[str, object]) -> list[bool]:
    """Of every scalar in order, whether it stood in single quotes."""
    found = []
    rest: list[object] = [body]
    while rest:
        value = rest.pop(0)
        if isinstance(value, dict):
            rest[:0] = value.values()
        elif isinstance(value, list):
            rest[:0] = value
        else:
            found.append(is_single(value))
    return found


def test_both_readers_know_single_quotes() -> None:
    wanted = [True, False, True, False, True, False, True, True, False]
    [(fast, _)] = read_documents(TEXT, Memo(), Counters())
    assert singles(fast) == wanted
    assert singles(compose(TEXT)) == wanted


@pytest.mark.parametrize("write", [string_set, text_set, untagged_set])
def test_another_text_keeps_the_quotes(write: object) -> None:
    assert callable(write)
    assert is_single(write(single("old"), "new"))
    assert not is_single(write(Quoted("old"), "new"))


def test_a_text_without_a_tag_is_quoted_as_it_needs() -> None:
    assert [dumps(untagged(text)) for text in ("k: v", "1", "v")] == ["'k: v'\n", "1\n", "v\n"]


def test_a_json_patch_writes_single_quotes_unless_the_type_needs_double_ones() -> None:
    assert [is_single(v3_quoted(text)) for text in ("a: b", "- a", "1", "yes", "")] == [True, True, False, False, False]
