"""Every build whose expectation the reference wrote and that the library can do: golden, recorded and YAML cases, as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml_cases
from golden_cases import GOLDEN, all_cases, normal
from recorded_cases import RECORDED, read

# No text of a case has this in it.
ROOT = "/of-the-case"


@dataclass(frozen=True, slots=True)
class Build:
    """One case. Shape: `files` are in memory below ROOT, or None for the folder `path` on the disk; `expected` as `outcome` gives it."""

    name: str
    path: str
    files: dict[str, str] | None
    options: tuple[tuple[str, Any], ...]
    expected: str


def builds() -> list[Build]:
    """Every case that the library can build."""
    return [*golden_builds(), *recorded_builds(), *yaml_builds()]


def golden_builds() -> Iterator[Build]:
    """The golden cases without flags; not those where Go itself crashes, which have no sentence."""
    for case in all_cases():
        text = case.expected("expected-error.txt")
        if len(case.arguments) != 2 or text.startswith("panic: runtime error"):
            continue
        error = (text.partition("Error: ")[2] or text.removeprefix("panic: ")).removesuffix("\n")
        expected = f"!{error}" if case.fails else f"={case.expected('expected.yaml')}"
        yield Build(case.name, str(case.folder / case.arguments[1]), None, (), expected)


def recorded_builds() -> Iterator[Build]:
    """The recorded builds."""
    for path in sorted(RECORDED.glob("*.jsonl")):
        for number, case in enumerate(read(path)):
            expected = f"={case['output']}" if "output" in case else f"!{case['error']}"
            yield Build(f"{path.stem}-{number}", ROOT, case["input"], (), expected)


def yaml_builds() -> Iterator[Build]:
    """The scalars and documents in all their places."""
    for place in yaml_cases.PLACES:
        for number, (source, expected) in enumerate(
            zip(yaml_cases.sources(place), yaml_cases.expected(place), strict=True)
        ):
            yield Build(f"{place}-{number}", ROOT, yaml_cases.files(place, source), (), expected)


def outcome(build: Build) -> str:
    """`=` and the output, or `!` and the error."""
    import kbuild

    fs = (
        None
        if build.files is None
        else kbuild.MemoryFileSystem({f"{ROOT}/{name}": text for name, text in build.files.items()})
    )
    try:
        return "=" + kbuild.render(build.path, fs=fs).to_yaml()
    except kbuild.KbuildError as error:
        if build.files is not None:
            return "!" + error.reason.replace(ROOT, "{root}").rstrip("\n")
        return "!" + normal(error.reason, GOLDEN / build.name)


def passes(build: Build) -> bool:
    """Whether a case comes out as expected."""
    try:
        return outcome(build).rstrip("\n") == build.expected.rstrip("\n")
    except Exception:  # noqa: BLE001 - a mutant may break anything
        return False
