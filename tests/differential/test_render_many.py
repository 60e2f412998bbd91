"""Renders that share files, documents and bases give what each gives alone: texts, errors, warnings, files read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import kbuild

pytestmark = pytest.mark.differential

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
REMOTE = ("http:", "https:", "github.com/", "git@", "ssh:", "helmCharts", "helmChartInflationGenerator", "file://")


def without_time(lines: tuple[str, ...]) -> list[str]:
    return [re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", line) for line in lines]


def is_remote(folder: Path) -> bool:
    texts = [(folder / name).read_text(errors="replace") for name in NAMES if (folder / name).is_file()]
    return any(word in text for text in texts for word in REMOTE)


def folders(top: Path) -> list[str]:
    found = sorted({path.parent for name in NAMES for path in top.rglob(name) if path.is_file()})
    return [str(folder) for folder in found if not is_remote(folder)]


def alone(path: str) -> tuple[Any, ...]:
    try:
        result = kbuild.render(path)
        return (result.to_yaml(), "", "", result.files_read, result.left_out, without_time(result.warnings))
    except kbuild.KbuildError as error:
        return ("", error.reason, f"{type(error).__name__} {error.position} {error.hint} {error.walk}", (), (), None)


def together(paths: list[str], workers: int) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for outcome in kbuild.render_many(paths, workers=workers):
        error = outcome.error
        if error is None:
            found.append((outcome.text, "", "", outcome.files_read, outcome.left_out, without_time(outcome.warnings)))
        else:
            place = f"{type(error).__name__} {error.position} {error.hint} {error.walk}"
            found.append(("", error.reason, place, (), (), None))
    return found


def differences(paths: list[str], workers: int) -> list[str]:
    found = together(paths, workers)
    assert len(found) == len(paths)
    wrong = []
    known: dict[str, tuple[Any, ...]] = {}
    for path, shared in zip(paths, found, strict=True):
        if path not in known:
            known[path] = alone(path)
        for one, other in zip(known[path], shared, strict=True):
            if re.sub(r"0x[0-9a-f]+", "", str(one)) != re.sub(r"0x[0-9a-f]+", "", str(other)):
                wrong.append(f"{path}:\n  alone    {str(one)[:300]}\n  together {str(other)[:300]}")
    return wrong


@pytest.mark.parametrize("workers", [1, 2])
def test_golden_cases_together_are_what_they_are_alone(workers: int) -> None:
    paths = folders(CHECKOUT / "testdata")
    assert len(paths) > 300
    # Backwards as well: then what a folder shares comes from those that use it as a base, and not the other way round.
    wrong = differences([*paths, *reversed(paths)], workers)
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("workers", [1, 2])
def test_real_repositories_together_are_what_they_are_alone(corpora: Path, workers: int) -> None:
    paths = folders(corpora)
    wrong = differences([*paths, *reversed(paths)] if workers == 1 else paths, workers)
    assert not wrong, "\n".join(wrong[:20])
