"""Write the expectations of the golden cases again, from the reference and from nothing else.

    regenerate_golden.py [--check] [TEXT]     (only cases whose name holds TEXT; --check writes nothing)

Nothing is written when the reference is missing or has another version, nor for a case where it does not agree with
itself in three runs. Cases of the later version are left out where that one is not installed. kbuild's own output never
becomes an expectation. The table of what is supported and its page follow.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

import support_table
from golden_cases import FILES, Case, all_cases, ask
from install_oracle import LATEST, REFERENCE, oracle_path, oracle_version

RUNS = 3


def answer(case: Case) -> dict[str, str] | str:
    """What the reference gives each time; a text that says why there is no such thing."""
    try:
        runs = [ask(case) for _ in range(RUNS)]
    except RuntimeError as error:
        return str(error)
    return runs[0] if all(run == runs[0] for run in runs) else "the reference does not agree with itself"


def write(case: Case, found: dict[str, str]) -> bool:
    """Make the folder's expectations what was found; returns whether anything changed."""
    changed = False
    for file in FILES:
        path = case.folder / file
        if file not in found:
            changed |= path.exists()
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes().decode() != found[file]:
            path.write_bytes(found[file].encode())
            changed = True
    return changed


def main() -> int:
    """Regenerate or check; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the golden expectations again, from the reference.")
    parser.add_argument("text", nargs="?", default="")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something would change")
    options = parser.parse_args()
    binary = oracle_path()
    version = oracle_version(binary)
    if version != REFERENCE:
        print(f"{binary}: needs kustomize {REFERENCE}, found {version or 'nothing'}; nothing written", file=sys.stderr)
        return 1
    versions = [REFERENCE]
    if oracle_version(oracle_path(LATEST)) == LATEST:
        versions.append(LATEST)
    else:
        print(f"left out: cases of kustomize {LATEST} (`make oracle-latest` installs it)", file=sys.stderr)
    cases = [case for case in all_cases() if options.text in case.name and case.version in versions]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(answer, cases))
    problems = [f"{case.name}: {found}" for case, found in zip(cases, answers, strict=True) if isinstance(found, str)]
    changed = []
    for case, found in zip(cases, answers, strict=True):
        if isinstance(found, str):
            continue
        now = {file: case.expected(file) for file in FILES if (case.folder / file).exists()}
        if now != found and (options.check or write(case, found)):
            changed.append(case.name)
    for line in problems + [f"{'differs' if options.check else 'written'}: {name}" for name in changed]:
        print(line)
    if not options.check:
        support_table.write()
    print(f"{len(cases)} cases, {sum(case.fails for case in cases)} of them errors; {len(changed)} changed")
    return 1 if problems or (options.check and changed) else 0


if __name__ == "__main__":
    sys.exit(main())
