"""Whole builds against what the reference gave: every byte of standard output, and the reference's own sentences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from golden_cases import Case, all_cases, normal

import kbuild
from kbuild.cli.main import main

CASES = all_cases()
BUILDS = [case for case in CASES if not case.fails]
ERRORS = [case for case in CASES if case.fails]
SAMPLE = CASES[::12]


def ids(case: Case) -> str:
    return case.name


def run_here(case: Case, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    monkeypatch.chdir(case.folder)
    status = main(case.arguments)
    out, err = capfd.readouterr()
    return status, out, normal(err, case.folder)


def sentence(case: Case) -> tuple[str, str]:
    """(the warnings, the error) of a failing case as the reference printed them.

    Of a crash it is the sentence, which kbuild prints as an error; a crash of Go itself has none to compare.
    """
    text = case.expected("expected-error.txt")
    if text.startswith("panic: "):
        return "", "" if "runtime error" in text else text.removeprefix("panic: ")
    warnings, _, error = text.partition("Error: ")
    return warnings, f"Error: {error}"


@pytest.mark.parametrize("case", BUILDS, ids=ids)
def test_output_is_the_references(
    case: Case, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run_here(case, monkeypatch, capfd)
    assert (status, out) == (0, case.expected("expected.yaml")), err
    assert err == case.expected("expected-warnings.txt")


@pytest.mark.parametrize("case", ERRORS, ids=ids)
def test_error_is_the_references(
    case: Case, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run_here(case, monkeypatch, capfd)
    warnings, error = sentence(case)
    assert (status, out) == (1, "")
    assert err.startswith(warnings)
    assert "Error: " in err
    assert err.endswith(error)


@pytest.mark.parametrize("case", [case for case in BUILDS if len(case.arguments) == 2], ids=ids)
def test_the_library_gives_the_same_text_and_is_repeatable(case: Case) -> None:
    path = case.folder / case.arguments[1]
    first, second = kbuild.render(path), kbuild.render(str(path))
    assert first.to_yaml() == second.to_yaml() == case.expected("expected.yaml")


@pytest.mark.parametrize("case", SAMPLE, ids=ids)
def test_a_process_of_its_own_does_the_same(case: Case) -> None:
    command = [sys.executable, "-m", "kbuild", *case.arguments]
    done = subprocess.run(command, cwd=case.folder, capture_output=True, timeout=60, check=False)
    assert done.stdout.decode() == case.expected("expected.yaml")
    assert done.returncode == (1 if case.fails else 0)
    expected = sentence(case)[1] if case.fails else case.expected("expected-warnings.txt")
    assert normal(done.stderr.decode(), case.folder).endswith(expected)


@pytest.mark.differential
def test_expectations_are_what_the_reference_says_today(oracle_binary: Path) -> None:
    tool = Path(__file__).parents[2] / "tools" / "regenerate_golden.py"
    done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_at_least_a_quarter_of_the_cases_are_errors() -> None:
    assert len(CASES) >= 170
    assert len(ERRORS) * 4 >= len(CASES)


def test_every_case_folder_is_complete() -> None:
    folders = {path.parent.parent for path in Path(CASES[0].folder.parent).glob("*/input/*")}
    assert folders == {case.folder for case in CASES}
    for case in CASES:
        assert case.fails != (case.folder / "expected.yaml").exists(), case.name
