"""Everything that the reference does is held by golden cases or by tests that are named: `testdata/topics.toml`."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import support_table
from golden_cases import all_cases
from support_table import Topic

CHECKOUT = Path(__file__).resolve().parents[2]
TOPICS = support_table.topics()
NAMES = [case.name for case in all_cases()]


def title(topic: Topic) -> str:
    return topic.title


@pytest.mark.parametrize("topic", TOPICS, ids=title)
def test_every_claim_and_every_test_of_a_topic_exists(topic: Topic) -> None:
    assert [pattern for pattern in topic.claims if not any(fnmatchcase(name, pattern) for name in NAMES)] == []
    for test in topic.tests:
        file, _, function = test.partition("::")
        tree = ast.parse((CHECKOUT / file).read_text())
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert any(name.startswith("test_") for name in functions)
        assert not function or function in functions, test


def test_no_topic_is_empty() -> None:
    empty = [topic.title for topic, cases in support_table.by_topic() if not cases and not topic.tests]
    assert empty == []


def test_every_golden_case_has_a_topic() -> None:
    held = {case.name for _, cases in support_table.by_topic() for case in cases}
    assert [name for name in NAMES if name not in held] == []


def test_parts_are_whole() -> None:
    parts = [topic.part for topic in TOPICS]
    starts = [part for before, part in zip(["", *parts], parts, strict=False) if part != before]
    assert len(set(starts)) == len(starts)


def test_titles_are_given_once() -> None:
    assert len({topic.title for topic in TOPICS}) == len(TOPICS)
