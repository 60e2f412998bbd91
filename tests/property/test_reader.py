"""Documents in every style: both readers give the same body, and a build of it is the reference's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from generated import assert_agree, examples
from hypothesis import assume, given
from hypothesis import strategies as st

from kbuild.documents import compose, reader
from kbuild.documents.lines import Declined
from kbuild.documents.reader import Memo
from kbuild.model.errors import KbuildError
from kbuild.model.scalars import OddKey, Quoted, Scalar

# A node is a list of lines and whether it can stand on the line of its key or dash.
Node = tuple[list[str], bool]
COMMENTS = st.sampled_from(["", "", "", "", " # c", "  #"])
SCALARS = st.one_of(
    st.sampled_from(
        ["a", "b c", "1", "1.0", "0x1F", "true", "null", "~", "", "2020-01-01", "a: b", "a:b", "x #y", "x#y", "- a", "'q'", "'it''s'", '"d"', '"a\\tb"',
         '"a\\', "'open", "[a, b]", "{a: b, c: [d]}", "{}", "[]", "[a", "{a: b}}", "*x", "&x a", "!!str 1", "!t a", "|", ">", "%a", "@a", "`a", "?", "? a",
         "a\tb", "\ta", "a ", "é", "\U0001f600", "a, b", "-", "--- a", "<<", "1_000", ".5"]
    ),
    st.text("ab:#-?'\"[]{},&*!|>%@ \t0\\", min_size=1, max_size=8),
)  # fmt: skip
KEYS = st.one_of(
    st.sampled_from(
        ["a", "b", "c", "d", "key", "a b", "'q'", '"d"', "1", "true", "<<", "a:b", "? x", "-a", "é", "&k a", ""]
    ),
    st.text("abc-. ", min_size=1, max_size=5),
)
HEADERS = st.sampled_from(["|", ">", "|-", ">-", "|+", ">+", "|2", "|1-", "| # c", "|x"])


def indented(lines: list[str], by: int) -> list[str]:
    return [" " * by + line if line else line for line in lines]


@st.composite
def blocks(draw: st.DrawFn) -> Node:
    """A block scalar."""
    texts = draw(st.lists(st.sampled_from(["a", " b", "", "  c", "# d", "- e", "f: g", "\th", "---"]), max_size=4))
    return [draw(HEADERS), *indented(texts, draw(st.sampled_from([1, 2, 2, 2, 3])))], True


@st.composite
def scalars(draw: st.DrawFn) -> Node:
    """A scalar, now and then over several lines."""
    lines = [draw(SCALARS) + draw(COMMENTS)]
    if draw(st.integers(0, 5)) == 0:
        lines += indented(draw(st.lists(SCALARS, max_size=2)), draw(st.sampled_from([1, 2, 4])))
    return lines, True


def children(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    @st.composite
    def maps(draw: st.DrawFn) -> Node:
        lines: list[str] = []
        for _ in range(draw(st.integers(1, 4))):
            node, on_line = draw(inner)
            head = f"{draw(KEYS)}:"
            if on_line:
                lines += [f"{head} {node[0]}", *node[1:]]
            else:
                lines += [head + draw(COMMENTS), *indented(node, draw(st.sampled_from([0, 2, 2, 2, 1, 4])))]
        return lines, False

    @st.composite
    def lists(draw: st.DrawFn) -> Node:
        lines: list[str] = []
        for _ in range(draw(st.integers(1, 4))):
            node, on_line = draw(inner)
            if on_line or draw(st.booleans()):
                lines += [f"- {node[0]}", *(node[1:] if on_line else indented(node[1:], 2))]
            else:
                lines += ["-" + draw(COMMENTS), *indented(node, draw(st.sampled_from([2, 2, 3, 1])))]
        return lines, False

    return st.one_of(maps(), lists())


NODES = st.recursive(st.one_of(scalars(), scalars(), blocks()), children, max_leaves=10)
NOISE = st.lists(st.sampled_from(["", "# c", "  # c", "   ", "\t"]), max_size=2)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A resource whose spec is any node."""
    node, on_line = draw(NODES)
    spec = (
        [f"spec: {node[0]}", *node[1:]] if on_line else ["spec:", *indented(node, draw(st.sampled_from([0, 2, 2, 3])))]
    )
    lines = ["apiVersion: example.com/v1", "kind: A", "metadata:", "  name: a", *draw(NOISE), *spec, *draw(NOISE)]
    end = draw(st.sampled_from(["\n", "\n", "", "\n\n", "\n...\n", "\r\n"]))
    return "\n".join(lines) + end


def typed(value: Any) -> Any:
    """A body with everything that equality of str, bool and int does not see."""
    if isinstance(value, dict):
        return [(typed(key), typed(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, OddKey):
        return ("odd", value.text, value.tag, value.duplicate)
    if isinstance(value, Scalar):
        return ("scalar", value.text, value.tag, value.quoted)
    return ("quoted" if isinstance(value, Quoted) else type(value).__name__, str(value))


@examples(500)
@given(text=documents())
def test_both_readers_read_the_same(text: str) -> None:
    try:
        fast = reader.build(text, Memo().resources)
    except Declined:
        assume(False)
    assert typed(fast) == typed(compose.compose(text))


@examples(500)
@given(text=documents())
def test_the_fast_reader_reads_nothing_that_is_an_error(text: str) -> None:
    try:
        compose.compose(text)
    except KbuildError:
        with pytest.raises(Declined):
            reader.build(text, Memo().resources)


@pytest.mark.differential
@examples(200)
@given(text=documents())
def test_documents_are_read_as_by_the_reference(oracle, tmp_path: Path, text: str) -> None:
    assert_agree(oracle, tmp_path / "t", {"kustomization.yaml": "resources:\n- r.yaml\n", "r.yaml": text})


@pytest.mark.differential
@examples(60)
@given(node=NODES)
def test_kustomizations_are_read_as_by_the_reference(oracle, tmp_path: Path, node: Node) -> None:
    text = json.dumps({"resources": ["r.yaml"]})[1:-1].replace('"resources": ', "resources: ") + "\ncommonAnnotations:"
    lines = node[0]
    text += f" {lines[0]}\n" + "\n".join(lines[1:]) if node[1] else "\n" + "\n".join(indented(lines, 2))
    resource = "kind: A\nmetadata:\n  name: a\n"
    assert_agree(oracle, tmp_path / "t", {"kustomization.yaml": text + "\n", "r.yaml": resource})
