"""Scalars of every look, in every place: the type that is read and the text that is printed are the reference's."""

from __future__ import annotations

from pathlib import Path

import pytest
from generated import assert_agree, built, examples
from hypothesis import given
from hypothesis import strategies as st

from kbuild.model.errors import KbuildError

DIGITS = st.text("0123456789", min_size=1, max_size=22)
SIGN = st.sampled_from(["", "", "-", "+"])
WORDS = st.sampled_from(
    [
        "true",
        "True",
        "TRUE",
        "tRue",
        "false",
        "yes",
        "Yes",
        "YES",
        "no",
        "on",
        "off",
        "y",
        "Y",
        "n",
        "N",
        "null",
        "Null",
        "NULL",
        "nULL",
        "~",
        ".inf",
        "-.Inf",
        "+.INF",
        ".nan",
        ".NaN",
        "inf",
        "NaN",
        "<<",
        "=",
        "-",
        "--",
        "a:",
        ":a",
        "a:b",
        "a#b",
        "#a",
        "?a",
        "-a",
        "@",
        "%a",
        "...",
        "---",
        ".",
        "..",
        "+",
        "0x",
        "0o",
        "0b",
        "1e",
        "e1",
        "1_",
        "_1",
        "1__0",
        "0x_1",
        "0x1p-2",
        "12e03",
        "1.e1",
        "08",
        "09",
        "00",
        "-0",
        "1:30",
        "1:60",
        "12:30:45",
        "190:20:30.15",
        "-1:30",
        "v1.2",
        "1.2.3",
        "nginx:1.29",
        "http://a/b",
        "a@b",
    ]
)
INTEGERS = st.builds(
    lambda sign, base, digits: sign + base + digits,
    SIGN,
    st.sampled_from(["", "", "0", "0o", "0x", "0b", "0X"]),
    DIGITS,
)
UNDERSCORED = st.builds(lambda sign, text: sign + text, SIGN, st.text("0123456789_.eE+-", min_size=1, max_size=9))
FLOATS = st.builds(
    lambda sign, whole, point, rest, exponent: sign + whole + point + rest + exponent,
    SIGN,
    st.text("0123456789", max_size=12),
    st.sampled_from([".", ".", ""]),
    st.text("0123456789", max_size=8),
    st.one_of(st.just(""), st.builds("{}{}{}".format, st.sampled_from("eE"), SIGN, st.integers(0, 330))),
).filter(lambda text: text.strip("+-"))
DATES = st.builds(
    "{:04}-{}-{}{}".format,
    st.integers(1, 9999),
    st.sampled_from(["01", "1", "12", "13", "00"]),
    st.sampled_from(["01", "1", "28", "29", "30", "31", "32"]),
    st.sampled_from(
        ["", "T10:20:30Z", " 10:20:30", "t1:2:3Z", "T10:20:30", "T10:20:30.5+02:00", " 10:20:30Z", "T25:00:00Z"]
    ),
)
PLAIN = st.text("ab1.-_:/@ ,#'\"é漢\U0001f600{}[]&*!|>%\\~=", min_size=1, max_size=12)
BARE = st.one_of(WORDS, INTEGERS, UNDERSCORED, FLOATS, DATES, PLAIN)
SINGLE = st.one_of(BARE, st.text("a '\"\\\té\u2028\ufeff\x85", max_size=8)).map(
    lambda text: "'" + text.replace("'", "''") + "'"
)
ESCAPES = st.sampled_from(
    [
        "\\n",
        "\\t",
        "\\r",
        "\\0",
        "\\x01",
        "\\e",
        "\\u00e9",
        "\\u2028",
        "\\N",
        "\\_",
        "\\U0001F600",
        "\\\\",
        '\\"',
        " ",
        "a",
        "-",
        "\\a",
    ]
)
DOUBLE = st.one_of(
    st.lists(ESCAPES, max_size=8).map("".join), BARE.filter(lambda text: '"' not in text and "\\" not in text)
).map(lambda text: f'"{text}"')
TAGGED = st.builds(
    "{} {}".format,
    st.sampled_from(["!!str", "!!int", "!!float", "!!bool", "!!null", "!a", "!!timestamp"]),
    st.one_of(BARE, SINGLE),
)
SOURCES = st.one_of(BARE, BARE, SINGLE, DOUBLE, TAGGED)
BATCH = st.lists(SOURCES, min_size=1, max_size=12)

HEAD = "apiVersion: example.com/v1\nkind: A\nmetadata:\n  name: a\n"
ONE = {"kustomization.yaml": "resources:\n- r.yaml\n"}


def as_values(sources: list[str]) -> str:
    return "spec:\n" + "".join(f"  k{number:02}: {source}\n" for number, source in enumerate(sources))


def as_items(sources: list[str]) -> str:
    return "spec:\n" + "".join(f"- {source}\n" for source in sources)


def as_annotations(sources: list[str]) -> str:
    return "  annotations:\n" + "".join(f"    k{number:02}: {source}\n" for number, source in enumerate(sources))


def as_flow(sources: list[str]) -> str:
    return "spec: [" + ", ".join(sources) + "]\n"


def as_keys(sources: list[str]) -> str:
    return "spec:\n" + "".join(f"- {source}: v\n" for source in sources)


PLACES = (as_values, as_items, as_annotations, as_flow, as_keys)


@pytest.mark.differential
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@examples(60)
@given(sources=BATCH)
def test_scalars_are_read_and_printed_as_by_the_reference(oracle, tmp_path: Path, place, sources: list[str]) -> None:
    assert_agree(oracle, tmp_path / "t", {**ONE, "r.yaml": HEAD + place(sources)})


@pytest.mark.differential
@examples(60)
@given(sources=st.lists(BARE, min_size=1, max_size=8))
def test_scalars_of_a_kustomization_are_those_of_yaml_1_1(oracle, tmp_path: Path, sources: list[str]) -> None:
    lines = "".join(f"  k{number}: {source}\n" for number, source in enumerate(sources))
    files = {"kustomization.yaml": f"resources:\n- r.yaml\ncommonAnnotations:\n{lines}", "r.yaml": HEAD}
    assert_agree(oracle, tmp_path / "t", files)


@examples(200)
@given(sources=BATCH)
def test_what_was_printed_is_printed_the_same_again(sources: list[str]) -> None:
    try:
        printed = built({**ONE, "r.yaml": HEAD + as_values(sources)})
    except KbuildError:
        return
    assert built({**ONE, "r.yaml": printed}) == printed
