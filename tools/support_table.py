"""The table of what is supported, made from the golden cases and the topics of `testdata/topics.toml`.

    support_table.py [--check | --claims]

Without an option the table between the two marks of README.md and docs/behaviour.md are written again; `--check` only
says whether they are current, `--claims` prints every topic with the claims that hold it.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from golden_cases import Case, all_cases

CHECKOUT = Path(__file__).resolve().parents[1]
TOPICS = CHECKOUT / "testdata" / "topics.toml"
README = CHECKOUT / "README.md"
PAGE = CHECKOUT / "docs" / "behaviour.md"
PAGE_HEAD = """# What the reference does, and where each of it is held

tools/support_table.py writes this page from testdata/topics.toml; tests/golden/test_topics.py and
tests/unit/test_readme.py keep it true: every topic has golden cases or tests, every golden case has a topic. A golden case is named by its claim
(`testdata/golden/<claim>/`), and its expectation was written by kustomize v5.8.1.
"""
# Single facts of other topics that are easy to get wrong: a part of the page, not of the table.
TRAPS = "Traps"
BEGIN, END = "<!-- begin: tools/support_table.py -->\n", "<!-- end: tools/support_table.py -->\n"
_FIELD = re.compile(r"""^["']?([A-Za-z0-9]+)["']?:""", re.MULTILINE)
# Numbers are rounded down to one of these, so that the table changes when the support does.
STEPS = (100, 50, 20, 10, 5, 2, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One behaviour and where it is held. Shape: as an entry of topics.toml."""

    title: str
    part: str
    fields: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    def holds(self, case: Case, fields: set[str]) -> bool:
        """Whether a case with these kustomization fields (in lower case) is about this."""
        return (
            any(field.lower() in fields for field in self.fields)
            or any(word in case.arguments for word in self.flags)
            or any(fnmatchcase(case.name, pattern) for pattern in self.claims)
        )


def topics() -> list[Topic]:
    """Every topic, in order."""
    entries: list[dict[str, Any]] = tomllib.loads(TOPICS.read_text())["topic"]
    return [
        Topic(**{key: value if isinstance(value, str) else tuple(value) for key, value in entry.items()})
        for entry in entries
    ]


def fields_of(case: Case) -> set[str]:
    """The fields of all its kustomization files, in lower case."""
    files = (
        path for path in (case.folder / "input").rglob("*") if path.stem.lower() == "kustomization" and path.is_file()
    )
    return {name.lower() for path in files for name in _FIELD.findall(path.read_text(errors="replace"))}


def by_topic() -> list[tuple[Topic, list[Case]]]:
    """Every topic with its golden cases."""
    cases = [(case, fields_of(case)) for case in all_cases()]
    return [(topic, [case for case, fields in cases if topic.holds(case, fields)]) for topic in topics()]


def about(count: int) -> str:
    """A number, rounded down: `20+`."""
    return next((f"{step}+" if step > 2 else str(step) for step in STEPS if count >= step), "")


def table() -> str:
    """The table as Markdown."""
    lines = ["| What | builds | errors | further tests |", "| --- | ---: | ---: | --- |"]
    for topic, cases in by_topic():
        if topic.part == TRAPS:
            continue
        errors = sum(case.fails for case in cases)
        files = dict.fromkeys(name.partition("::")[0] for name in topic.tests)
        links = ", ".join(f"[{Path(file).stem.removeprefix('test_')}]({file})" for file in files)
        lines.append(f"| {topic.title} | {about(len(cases) - errors)} | {about(errors)} | {links} |")
    return "\n".join(lines) + "\n"


def claims() -> Iterable[str]:
    """Every topic and its claims as lines."""
    for topic, cases in by_topic():
        yield topic.title
        yield from (f"  {case.name.replace('-', ' ')}{' (an error)' if case.fails else ''}" for case in cases)
        yield from (f"  {test}" for test in topic.tests)


def page() -> str:
    """docs/behaviour.md: the topics by part, with every claim and test."""
    lines, part = [PAGE_HEAD], ""
    for topic, cases in by_topic():
        if topic.part != part:
            part = topic.part
            lines += [f"## {part}", ""]
        lines += [f"### {topic.title}", ""]
        lines += [f"- {case.name.replace('-', ' ')}{' (an error)' if case.fails else ''}" for case in cases]
        lines += [f"- [{test.removeprefix('tests/')}](../{test.partition('::')[0]})" for test in topic.tests]
        lines.append("")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """The text with the table of now between the marks. Raises: ValueError, where the marks are missing."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"{README.name} has no marks {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def write(*, check: bool = False) -> list[Path]:
    """Write the table and the page where they are not current, or only look; returns those that were not."""
    wanted = {README: with_table(README.read_text()), PAGE: page()}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale if not check else ():
        path.write_text(wanted[path])
    return stale


def main() -> int:
    """Write, check or print; returns the exit status."""
    parser = argparse.ArgumentParser(description="The table of what is supported, in README.md, and the page.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when they are not current")
    parser.add_argument("--claims", action="store_true", help="print every topic with its claims, and write nothing")
    options = parser.parse_args()
    if options.claims:
        print("\n".join(claims()))
        return 0
    for path in write(check=options.check):
        if options.check:
            print(f"{path.relative_to(CHECKOUT)} is not current: make table", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
