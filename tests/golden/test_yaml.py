"""Scalars and documents of every kind in every place where YAML is read: output or error as the reference's."""

from __future__ import annotations

import pytest
from yaml_cases import PLACES, expected, files, names, sources

import kbuild


def answer(place: str, source: str) -> str:
    """`=` and the output, or `!` and the error, of kbuild."""
    fs = kbuild.MemoryFileSystem({f"/case/{name}": text for name, text in files(place, source).items()})
    try:
        return "=" + kbuild.render("/case", fs=fs).to_yaml()
    except kbuild.KbuildError as error:
        return "!" + str(error).replace("/case", "{root}").rstrip("\n")


@pytest.mark.parametrize("place", PLACES)
def test_every_text_gives_what_the_reference_gives(place: str) -> None:
    wrong = [
        f"{name}: {source!r}\n  reference: {wanted!r}\n  kbuild:    {found!r}"
        for name, source, wanted in zip(names(place), sources(place), expected(place), strict=True)
        if (found := answer(place, source)) != wanted
    ]
    assert not wrong, "\n".join(wrong)


def test_the_set_is_as_large_as_it_says() -> None:
    sizes = {place: len(expected(place)) for place in PLACES}
    assert sizes.pop("schema") >= 70
    assert min(sizes.values()) >= 200
    assert sizes["value"] >= 750
    refused = sum(text[0] == "!" for place in sizes for text in expected(place))
    assert 2000 < refused < sum(sizes.values()) / 2
