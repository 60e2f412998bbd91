"""Values of every shape: keys in order, strings quoted, folded and escaped as by the reference, and read back the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from generated import assert_agree, examples
from hypothesis import given
from hypothesis import strategies as st

from kbuild.counters import Counters
from kbuild.documents.generic import to_output_values
from kbuild.documents.reader import Memo, read_documents
from kbuild.documents.writer import write

WORDS = st.sampled_from(
    ["a", "word", "it's", 'say "hi"', "x:", "-", "#c", "# c", "...", "---", "[", "{}", "é漢", "\U0001f600", "\u2028", "\ufeff", "\xa0", "\x85",
     "\t", "1", "true", "null", "~", "https://example.com/a/very/long/path/that/goes/on/and/on/without/any/space/in/it", "longer-word-of-letters"]
)  # fmt: skip
GAPS = st.sampled_from([" ", " ", " ", " ", "  ", "\n", "\n\n", "", " \n", "\n "])
TEXTS = st.one_of(
    st.lists(st.builds("{}{}".format, WORDS, GAPS), max_size=16).map("".join),
    st.lists(st.builds("{}{}".format, WORDS, st.just(" ")), min_size=8, max_size=30).map(
        lambda parts: "".join(parts).rstrip()
    ),
    st.text("ab \n\t'\":-#\\", max_size=12),
)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e7, 1e7, allow_nan=False, width=32),
)
# Keys of letters only, or such that differ before any digit: the order of others is random in the reference.
KEYS = st.sampled_from(
    [
        "a",
        "b",
        "aB",
        "ab",
        "B",
        "a-b",
        "a.b",
        "a/b",
        "a_b",
        "yes",
        "n",
        "null",
        "é",
        "x y",
        "x: y",
        "'q",
        "z" * 130,
        "two\nlines",
        "",
    ]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=14,
)
SPECS = st.dictionaries(KEYS, VALUES, max_size=6)


def as_json(spec: dict[str, Any]) -> str:
    """A resource as JSON that is YAML: characters above U+FFFF are raw, since YAML knows no pairs of surrogates."""
    text = json.dumps(
        {"apiVersion": "example.com/v1", "kind": "A", "metadata": {"name": "a"}, "spec": spec}, ensure_ascii=False
    )
    for char in ("\u2028", "\ufeff", "\xa0", "\x85"):
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


@pytest.mark.differential
@examples(150)
@given(spec=SPECS)
def test_values_are_printed_as_by_the_reference(oracle, tmp_path: Path, spec: dict[str, Any]) -> None:
    assert_agree(oracle, tmp_path / "t", {"kustomization.yaml": "resources:\n- r.yaml\n", "r.yaml": as_json(spec)})


@pytest.mark.differential
@examples(60)
@given(data=st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXTS, min_size=1))
def test_generated_texts_are_printed_as_by_the_reference(oracle, tmp_path: Path, data: dict[str, str]) -> None:
    files = {f"f/{name}": text for name, text in data.items()}
    kustomization = {"configMapGenerator": [{"name": "m", "files": list(files)}]}
    assert_agree(oracle, tmp_path / "t", {"kustomization.yaml": json.dumps(kustomization), **files})


@examples(300)
@given(spec=SPECS)
def test_what_was_printed_is_read_back_with_the_same_values(spec: dict[str, Any]) -> None:
    body = {"kind": "A", "metadata": {"name": "a"}, "spec": spec}
    text = write([body])
    ((again, _),) = read_documents(text, Memo(), Counters())
    assert to_output_values(again) == to_output_values(body)
    assert write([again]) == text
