"""Regular expressions: every part of their syntax in every frame, matches and errors as the reference's."""

from __future__ import annotations

import json
import time

import pytest
from regenerate_regexp import EXPECTED, patterns, texts

from kbuild.fields.regexp import Regexp, require
from kbuild.model.errors import ConfigurationError


def answer(pattern: str) -> str:
    try:
        found = require(f"^(?:{pattern})$")
    except ConfigurationError as error:
        return f"!{error}"
    return "".join("1" if found.search(text) else "0" for text in texts())


def test_every_expression_matches_or_fails_as_the_reference_does() -> None:
    expected = json.loads(EXPECTED.read_text())
    assert set(expected) == set(patterns())
    wrong = [
        f"{pattern!r}: reference {row!r}, kbuild {found!r}"
        for pattern, row in expected.items()
        if (found := answer(pattern)) != row
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("^(?:(a+)+$b)$", "a" * 50_000, False),
        ("^(?:(a|a)*b)$", "a" * 50_000, False),
        ("^(?:(x+x+)+y)$", "x" * 50_000, False),
        (f"^(?:{'a?' * 100}{'a' * 100})$", "a" * 100, True),
        ("^(?:(a{0,30}){0,30}b)$", "a" * 900, False),
        ("(a|b)*a(a|b){8}c", "ab" * 20_000, False),
    ],
)
def test_no_expression_takes_longer_than_its_text_is_long(pattern: str, text: str, matches: bool) -> None:
    start = time.process_time()
    assert Regexp(pattern).search(text) is matches
    assert time.process_time() - start < 5


@pytest.mark.parametrize("pattern", ["(" * 5000 + ")" * 5000, "(a{0,1000}){1}" * 300, "(((a{10}){10}){10}b){2}"])
def test_too_large_an_expression_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match=r"error parsing regexp: (expression|invalid repeat count)"):
        Regexp(pattern)
