"""Every build whose expectation the reference wrote and that the library can do: golden, recorded and YAML cases, as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml_cases
from golden_cases import GOLDEN, all_cases, normal
from install_oracle import REFERENCE
from recorded_cases import RECORDED, read

# No text of a case has this in it.
ROOT = "/of-the-case"


@dataclass(frozen=True, slots=True)
class Build:
    """One case. Shape: `files` are in memory below ROOT, or None for the folder `path` on the disk; `options` are fields of
    `Options` and their values; `expected` is as `outcome` gives it, `warnings` are the lines of standard error before an error,
    or None where they were not recorded.
    """

    name: str
    path: str
    files: dict[str, str] | None
    options: tuple[tuple[str, Any], ...]
    expected: str
    warnings: str | None = None


def builds() -> list[Build]:
    """Every case that the library can build."""
    return [*golden_builds(), *recorded_builds(), *yaml_builds()]


def golden_builds() -> Iterator[Build]:
    """The golden cases without flags; not those where Go itself crashes, which have no sentence."""
    for case in all_cases():
        text = case.expected("expected-error.txt")
        if len(case.oracle_arguments) != 2 or text.startswith("panic: runtime error"):
            continue
        warnings: str | None = case.expected("expected-warnings.txt")
        if text.startswith("panic: "):
            # Of a crash the lines before it were not kept.
            warnings, error = None, text.removeprefix("panic: ")
        elif case.fails:
            warnings, _, error = text.partition("Error: ")
        expected = f"!{error.rstrip()}" if case.fails else f"={case.expected('expected.yaml')}"
        options = () if case.version == REFERENCE else (("compat", "latest"),)
        path = str(case.folder / case.oracle_arguments[1])
        yield Build(case.name, path, None, options, expected, warnings)


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


def outcome(case: Build) -> str:
    """`=` and the output, or `!` and the error; before them, where warnings were recorded, those."""
    from kbuild.build import build
    from kbuild.load.filesystem import DiskFileSystem
    from kbuild.load.overlay_fs import MemoryFileSystem
    from kbuild.model.errors import KbuildError
    from kbuild.options import Options

    files = None if case.files is None else {f"{ROOT}/{name}": text for name, text in case.files.items()}
    fs = DiskFileSystem() if files is None else MemoryFileSystem(files)
    lines: list[str] = []
    try:
        found = "=" + build(case.path, fs=fs, options=Options(**dict(case.options)), warn=lines.append).to_yaml()
    except KbuildError as error:
        found = "!" + error.reason.replace(ROOT, "{root}").rstrip("\n")
    if case.files is None:
        found = normal(found, GOLDEN / case.name)
    warned = "".join(f"{line}\n" for line in lines)
    return found if case.warnings is None else normal(warned, GOLDEN / case.name) + found


def passes(build: Build) -> bool:
    """Whether a case comes out as expected."""
    try:
        return outcome(build).rstrip("\n") == ((build.warnings or "") + build.expected).rstrip("\n")
    except Exception:  # noqa: BLE001 - a mutant may break anything
        return False
