"""Laws of reading and writing YAML, on random texts that are the same in every run."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yaml_fuzz import Builds, Texts, build_differences, exact, reader_differences, readers_differ
from yaml_texts import Grammar, edited, torture_scalars

import kbuild
from kbuild.counters import Counters
from kbuild.documents.reader import Memo, read_documents

SCALARS = torture_scalars()


def test_the_fast_reader_says_what_the_full_parser_says_or_nothing() -> None:
    assert not list(reader_differences(Texts(Random(20)), 20_000))


@given(st.randoms(use_true_random=False), st.booleans())
def test_the_readers_agree_on_what_hypothesis_finds(random: Random, is_config: bool) -> None:
    text = edited(random, Grammar(random, SCALARS).document(), random.randint(0, 2))
    assert readers_differ(text, is_config=is_config) is None


@pytest.mark.differential
def test_random_texts_build_as_the_reference_builds_them(oracle_binary: Path, tmp_path: Path) -> None:
    assert not list(build_differences(Texts(Random(21)), Builds(oracle_binary, tmp_path), 300))


def test_what_is_printed_reads_as_what_was_printed() -> None:
    """Building a build's output again changes nothing."""
    texts = Texts(Random(22))
    count = 0
    for _ in range(3000):
        first = built(texts.any())
        # A text of more than one line may start with a tab when it is read again, and then fails.
        if first is not None and "\t" not in first:
            assert built(first) == first
            count += 1
    assert count > 300


def built(text: str) -> str | None:
    fs = kbuild.MemoryFileSystem({"/case/kustomization.yaml": "resources: [r.yaml]\n", "/case/r.yaml": text})
    try:
        return kbuild.render("/case", fs=fs).to_yaml()
    except kbuild.KbuildError:
        return None


def test_lines_that_were_read_before_do_not_change_what_is_read() -> None:
    texts, memo = Texts(Random(23)), Memo()
    for _ in range(3000):
        text = texts.any()
        try:
            fresh = exact([body for body, _ in read_documents(text, Memo(), Counters())])
        except kbuild.KbuildError:
            continue
        assert exact([body for body, _ in read_documents(text, memo, Counters())]) == fresh, text
