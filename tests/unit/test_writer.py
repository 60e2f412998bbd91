"""How values are printed. Every expectation was taken from a run of kustomize v5.8.1."""

from __future__ import annotations

import pytest

from kbuild.documents.key_order import ordered
from kbuild.documents.resolve import plain
from kbuild.documents.writer import marshal, write
from kbuild.model.errors import OutputError
from kbuild.model.scalars import BINARY, INT, NULL, STR, OddKey, Quoted, Scalar

HEAD = {"kind": "A", "metadata": {"name": "a"}}


def printed(value: object) -> str:
    """What stands after `k:` in a resource of which nothing else is printed after it."""
    text = write([{**HEAD, "k": value}])
    return text.partition("k:")[2].partition("\nkind: A\n")[0].removeprefix(" ")


PLAIN = [
    ("true", "true"), ("True", "true"), ("TRUE", "true"), ("False", "false"),
    ("yes", '"yes"'), ("Yes", '"Yes"'), ("YES", '"YES"'), ("no", '"no"'), ("on", '"on"'), ("off", '"off"'),
    ("y", '"y"'), ("Y", '"Y"'), ("n", '"n"'), ("N", '"N"'),
    ("null", "null"), ("Null", "null"), ("NULL", "null"), ("~", "null"), ("", "null"),
    ("123", "123"), ("+123", "123"), ("-123", "-123"), ("0", "0"), ("-0", "0"), ("00", "0"), ("0123", "83"),
    ("0777", "511"), ("0o17", "15"), ("0x1F", "31"), ("-0x1f", "-31"), ("0b101", "5"), ("-0b11", "-3"),
    ("1_000", "1000"), ("1_0.5", "10.5"), ("08", "8"), ("09", "9"), ("089", "89"), ("00o7", "00o7"),
    ("1.0", "1"), ("5.", "5"), ("1.0e0", "1"), ("1.50", "1.5"), ("+1.5", "1.5"), (".5", "0.5"),
    ("1e3", "1000"), ("1E3", "1000"), ("1e+3", "1000"), ("1e-3", "0.001"), ("1.5e10", "15000000000"),
    ("1e20", "1e+20"), ("1e21", "1e+21"), ("1e400", "1e400"), ("123456789012345678", "123456789012345678"),
    ("9223372036854775808", "9223372036854775808"), ("18446744073709551615", "18446744073709551615"),
    ("18446744073709551616", "1.8446744073709552e+19"), ("-9223372036854775809", "-9.223372036854776e+18"),
    ("-9223372036854775808", "-9223372036854775808"), ("123456789012345678901234567890", "1.2345678901234568e+29"),
    ("0.00001", "1e-05"), ("0.000001", "1e-06"), ("0.0000001", "1e-07"), ("100000000000000000000", "1e+20"),
    ("3.14159265358979323846", "3.141592653589793"), ("999999.5", "999999.5"), ("1000000.5", "1.0000005e+06"),
    ("12345678.9", "1.23456789e+07"), ("0.0001", "0.0001"), ("1e15", "1000000000000000"), ("-0.0", "0"),
    ("2020-01-01", '"2020-01-01T00:00:00Z"'), ("2020-1-1", '"2020-01-01T00:00:00Z"'),
    ("2020-01-01 10:20:30.5", '"2020-01-01T10:20:30.5Z"'), ("2020-01-01  10:20:30", '"2020-01-01T10:20:30Z"'),
    ("2020-01-01T10:20:30.123456789+02:00", '"2020-01-01T10:20:30.123456789+02:00"'),
    ("2020-01-01T10:20:30+12:60", '"2020-01-01T10:20:30+13:00"'), ("2020-13-01", "2020-13-01"),
    ("1:30", '"1:30"'), ("12:30:45", '"12:30:45"'), ("-1:30", '"-1:30"'), ("190:20:30.15", '"190:20:30.15"'),
    ("1:60", "1:60"), ("<<", "<<"), ("=", "="), ("---a", "'---a'"), ("?a", "?a"), (":a", ":a"), ("-a", "-a"),
    ("--", "--"), ("a:b", "a:b"), ("a#b", "a#b"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), PLAIN, ids=[source or "empty" for source, _ in PLAIN])
def test_plain_scalars(source: str, expected: str) -> None:
    assert printed(plain(source)) == expected


DOUBLE = [
    "",
    "123",
    "true",
    "null",
    "~",
    "yes",
    "y",
    "on",
    "0x1f",
    "0o17",
    "0b1",
    "0777",
    "08",
    "1e3",
    "12e03",
    "1_000",
    "1_",
    "1__0",
    ".5",
    "5.",
    ".1_0",
    "+1",
    "-1",
    "1:30",
    "1:2:3",
    "12:34:56.7",
    "2020-01-01",
    "2020-1-1",
    "2020-01-01T00:00:00Z",
    "2020-01-01 10:20:30",
    "1.20",
    "0.1",
    ".inf",
    ".NaN",
    "18446744073709551616",
    "1.e1",
    "1e5_0",
    "+_1",
    "1._0",
    "0b-0",
    "1_:30",
]
BARE = [
    "1:60",
    "0x",
    "0b2",
    "0o9",
    "_1",
    "1e",
    "e1",
    "0x1p-2",
    ".0x1",
    "2020-13-45",
    "2020-02-30",
    "1.2.3",
    "v1.2",
    "NaN",
    "inf",
    "Infinity",
    "nULL",
    "tRue",
    "1e400",
    ".",
    "..",
    "+",
    "<<",
    "=",
    "a,b",
    "it's",
    'say "hi"',
    "\\",
    "-a",
    "a:b",
    ".1_",
    "._1",
    ".e1",
    "00x1",
    "00o7",
    "12e",
    "+-1",
    "1,000",
    "2020-01-01T00:00:00",
    "2020-01-01 00:00:00Z",
    "a{b}",
    "x]",
    "é",
    "漢",
    "a\xa0b",
    "\u200b",
    "\ue000",
    "�",
    ":a",
    "?a",
]
SINGLE = [
    " a",
    "a ",
    "   ",
    "Y ",
    "a: b",
    "a:",
    ":",
    "a #b",
    "#",
    "?",
    "? a",
    "-",
    "- a",
    "[",
    "]",
    "{}",
    ",",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "!!str",
    "...",
    "...a",
    "--- a",
    "---",
    '"',
]
ESCAPED = [
    ("a\tb", '"a\\tb"'), ("a\r\nb", '"a\\r\\nb"'), ("a😀", '"a\\U0001F600"'), ("a\ufeff", '"a\\uFEFF"'),
    ("\ufeffab c é", '"\\uFEFF\\x61\\x62\\x20\\x63\\x20\\xE9"'), ("\x01", '"\\x01"'), ("\x00", '"\\0"'),
    ("\x1b", '"\\e"'), ("\x07\x08\x0b\x0c", '"\\a\\b\\v\\f"'), ("\u2028", "'\u2028'"), ("a\u2029b", "'a\u2029  b'"),
    ("a\u2029 b", '"a\\P b"'), ("'", "''''"), ("a\x85b", "a b"), ("a \x85 \x85b", '"a\\nb"'), ('"\t\\', '"\\"\\t\\\\"'),
]  # fmt: skip


@pytest.mark.parametrize("text", DOUBLE, ids=repr)
def test_texts_that_would_be_read_as_another_type_are_double_quoted(text: str) -> None:
    assert printed(Quoted(text)) == f'"{text}"'


@pytest.mark.parametrize("text", BARE, ids=repr)
def test_texts_that_need_no_quotes(text: str) -> None:
    assert printed(Quoted(text)) == text


@pytest.mark.parametrize("text", SINGLE, ids=repr)
def test_texts_with_indicators_are_single_quoted(text: str) -> None:
    assert printed(Quoted(text)) == f"'{text}'"


@pytest.mark.parametrize(("text", "expected"), ESCAPED, ids=[repr(text) for text, _ in ESCAPED])
def test_rare_characters(text: str, expected: str) -> None:
    # A literal after a raw U+0085 is the one of these that is printed on two lines.
    assert printed(Quoted(text)) == (expected if expected != '"a\\nb"' else "|-\n  a\n  b")


LITERAL = [
    ("a\n", "|\n  a"), ("\n", "|2+\n"), ("a\nb\n\n", "|+\n  a\n  b\n"), (" a\nb", "|2-\n   a\n  b"),
    ("a \nb", '"a \\nb"'), ("a\n\tb", '"a\\n\\tb"'), ("---\na\n", "|\n  ---\n  a"), ("\n\n\na", "|2-\n\n\n\n  a"),
    ("a\n\n\n\nb", "|-\n  a\n\n\n\n  b"), ("a\nb ", '"a\\nb "'), ("a\n b", "|-\n  a\n   b"), ("x" * 99 + " y\nz", f"|-\n  {'x' * 99} y\n  z"),
    ("a\u2028b\nc", "|-\n  a\u2028  b\n  c"), ("1\n", "|\n  1"), ("# a\n", "|\n  # a"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LITERAL, ids=[repr(text[:12]) for text, _ in LITERAL])
def test_texts_with_line_breaks(text: str, expected: str) -> None:
    assert printed(Quoted(text)) == expected


LETTERS = "x" * 77
FOLDED = [
    (f"{LETTERS} b c", f"{LETTERS} b\n  c"),
    (f"{LETTERS}x b c", f"{LETTERS}x\n  b c"),
    (f"{LETTERS}x  b c", f"{LETTERS}x  b\n  c"),
    (f"- {LETTERS} b", f"'- {LETTERS}\n  b'"),
    (f"'{LETTERS} b'", f"'''{LETTERS}\n  b'''"),
    (f"\t{LETTERS}  b", f'"\\t{LETTERS}\n  \\ b"'),
    (f"{LETTERS}xxx ", f"'{LETTERS}xxx '"),
    (f"{LETTERS}xxx/y", f"{LETTERS}xxx/y"),
]


@pytest.mark.parametrize(("text", "expected"), FOLDED, ids=range(len(FOLDED)))
def test_long_texts_are_folded(text: str, expected: str) -> None:
    assert printed(Quoted(text)) == expected


def test_a_text_in_a_list_is_folded_to_the_dash() -> None:
    assert printed([Quoted(f"{LETTERS}xx b c")]) == f"\n- {LETTERS}xx\n  b c"


LAYOUT = [
    ({"b": {"c": 1}, "a": []}, "\n  a: []\n  b:\n    c: 1"),
    ([[1, [2, {}]], {"a": 1, "b": {"c": [3]}}, None, "", []], '\n- - 1\n  - - 2\n    - {}\n- a: 1\n  b:\n    c:\n    - 3\n- null\n- ""\n- []'),
    ({}, "{}"),
    ([Scalar("0x10", INT), Scalar("aGk=", BINARY), Scalar("12", "!foo")], '\n- 16\n- hi\n- "12"'),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), LAYOUT, ids=range(len(LAYOUT)))
def test_layout(value: object, expected: str) -> None:
    assert printed(value) == expected


LONG = "k" * 129
KEYS = [
    ({"y": 1, "1": 1, "a b": 1, "": 1}, '\n  "": 1\n  "1": 1\n  a b: 1\n  "y": 1'),
    ({"é" * 64: 1}, f"\n  {'é' * 64}: 1"),
    ({"é" * 65: 1}, f"\n  ? {'é' * 65}\n  : 1"),
    ({LONG: {"z": 1, "y": [2]}}, f'\n  ? {LONG}\n  : "y":\n    - 2\n    z: 1'),
    ({LONG: [1, 2]}, f"\n  ? {LONG}\n  : - 1\n    - 2"),
    ({"a\nb": Quoted("c\nd")}, "\n  ? |-\n    a\n    b\n  : |-\n    c\n    d"),
    ({"a\rb": 1}, '\n  ? "a\\rb"\n  : 1'),
    ({"x" * 60 + " " + "y" * 60 + " z": 1}, f"\n  {'x' * 60} {'y' * 60} z: 1"),
]


@pytest.mark.parametrize(("value", "expected"), KEYS, ids=range(len(KEYS)))
def test_keys(value: object, expected: str) -> None:
    assert printed(value) == expected


def test_key_order() -> None:
    keys = [
        "",
        "-x",
        ".x",
        "_x",
        "1",
        "2",
        "10",
        "A",
        "B",
        "a",
        "a-b",
        "a.b",
        "a/b",
        "a_b",
        "a1",
        "a2",
        "aB",
        "ab",
        "b",
        "z",
        "é",
    ]
    assert ordered(reversed(keys)) == tuple(keys)


def test_key_order_compares_digits_from_the_first_difference() -> None:
    assert ordered(["a2", "a01", "a1b", "a1"]) == ("a1", "a1b", "a01", "a2")
    assert ordered(["x10", "x9"]) == ("x9", "x10")
    assert ordered(["a100", "a10", "a1"]) == ("a1", "a10", "a100")


META = [
    ({"kind": "A"}, "kind: A\nmetadata: {}\n"),
    ({"kind": "AList", "metadata": Scalar("~", NULL)}, "kind: AList\nmetadata: null\n"),
    ({"metadata": {"name": "a", "annotations": {}}}, "metadata:\n  name: a\n"),
    ({"metadata": {"name": "a", "annotations": None}}, "metadata:\n  name: a\n"),
    ({"metadata": {"name": "a", "annotations": "x"}}, "metadata:\n  name: a\n"),
    (
        {"metadata": {"annotations": {"a": Scalar("1.0", "!!float"), "b": None, "c": [1], "d": True, "e": Scalar("", NULL)}}},
        'metadata:\n  annotations:\n    a: "1.0"\n    b: "null"\n    c: ""\n    d: "true"\n    e: ""\n',
    ),
    ({"metadata": {"annotations": {"a": "x", OddKey("a", STR, duplicate=True): 2}}}, 'metadata:\n  annotations:\n    a: "2"\n'),
    ({"metadata": {"annotations": {"a": "b"}, OddKey("annotations", STR, duplicate=True): {"c": 1}}},
     'metadata:\n  annotations:\n    a: b\n    c: "1"\n'),
    ({"metadata": {"labels": {"a": 1}}, OddKey("1", INT): 2}, '"1": 2\nmetadata:\n  labels:\n    a: 1\n'),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), META, ids=range(len(META)))
def test_metadata(body: dict[object, object], expected: str) -> None:
    before = repr(body)
    assert write([body]) == expected
    assert repr(body) == before


META_GO = '"kind":"A", "metadata":map[string]interface {}{"name":"a"}'
FAILURES = [
    ({"k": float("-inf"), "a": plain("2020-01-01")},
     f'map[string]interface {{}}{{"a":time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC), "k":-Inf, {META_GO}}}: '
     "json: unsupported value: -Inf"),
    ({"k": Quoted("\x7f")}, f'map[string]interface {{}}{{"k":"\\x7f", {META_GO}}}: yaml: control characters are not allowed'),
    ({"k": {OddKey("1", INT): 2}},
     f'map[string]interface {{}}{{"k":map[interface {{}}]interface {{}}{{1:2}}, {META_GO}}}: '
     "json: unsupported type: map[interface {}]interface {}"),
    ({"k": Scalar("abc", INT)}, "map[string]interface {}(nil): yaml: cannot decode !!str `abc` as a !!int"),
    ({"k": Scalar("a===", BINARY)}, "map[string]interface {}(nil): yaml: !!binary value contains invalid base64 data"),
    ({"k": {"a": 1, "b": Quoted("x\ny"), OddKey("a", STR, duplicate=True): 2}},
     'map[string]interface {}(nil): yaml: unmarshal errors:\n  line 9: mapping key "a" already defined at line 5'),
    ({"k" * 1023: 1},
     f'map[string]interface {{}}{{"kind":"A", "{"k" * 1023}":1, "metadata":map[string]interface {{}}{{"name":"a"}}}}: '
     "yaml: did not find expected ',' or '}'"),
    ({"metadata": {"name": "a", "annotations": {"123": "x"}}},
     'map[string]interface {}{"kind":"A", "metadata":map[string]interface {}{"annotations":map[interface {}]interface {}'
     '{123:"x"}, "name":"a"}}: json: unsupported type: map[interface {}]interface {}'),
    ({"metadata": Quoted("foo")},
     "failed to clean up origin tracking annotations: wrong node kind: expected MappingNode but got ScalarNode: node contents:\n"
     '"foo"\n'),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "reason"), FAILURES, ids=range(len(FAILURES)))
def test_what_cannot_be_printed(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(OutputError) as caught:
        write([{**HEAD, **fields}])
    assert caught.value.reason == reason


def test_resources_are_separated_and_none_is_nothing() -> None:
    assert write([]) == ""
    assert write([HEAD, HEAD]) == "kind: A\nmetadata:\n  name: a\n---\nkind: A\nmetadata:\n  name: a\n"


def test_a_resource_that_fails_the_fast_pass_leaves_no_trace_of_it() -> None:
    odd = {"a": 1, "k": Quoted("a\x85b"), **HEAD}
    assert write([HEAD, odd]) == f"{write([HEAD])}---\na: 1\nk: a b\nkind: A\nmetadata:\n  name: a\n"


def test_nesting_beyond_the_interpreters_limit() -> None:
    value: object = 1
    for _ in range(2000):
        value = {"a": value}
    text = write([{"k": value, "kind": "A", "metadata": {}}])
    assert text.startswith("k:\n  a:\n    a:\n")
    assert f"\n{' ' * 4000}a: 1\n" in text


MARSHALLED = [
    ("a", "a\n"), (None, "null\n"), ({}, "{}\n"), ([], "[]\n"), ("a\nb", "|-\n  a\n  b\n"), (1.0, "1\n"), ("", '""\n'),
    ([1, {"a": 2}], "- 1\n- a: 2\n"), ({"b": {"d": "1", "c": True}, "a": ["x"]}, 'a:\n- x\nb:\n  c: true\n  d: "1"\n'),
    ({"annotations": {"1": 2}}, 'annotations:\n  "1": 2\n'),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), MARSHALLED, ids=range(len(MARSHALLED)))
def test_marshal(value: object, expected: str) -> None:
    assert marshal(value) == expected
