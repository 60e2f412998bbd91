"""Write what the reference makes of the scalars and documents of `testdata/yaml`.

    regenerate_yaml.py [--check] [PLACE ...]     (--check writes nothing)

Only the reference's answers are written; nothing is when it is missing or has another version.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from install_oracle import REFERENCE, oracle_path, oracle_version
from yaml_cases import EXPECTED, PLACES, expected, files, sources


def answer(binary: Path, place: str, source: str) -> str:
    """`=` and the output, or `!` and the error, of the reference."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files(place, source).items():
            (Path(folder) / name).write_bytes(text.encode())
        done = subprocess.run([binary, "build", folder], capture_output=True, check=False, timeout=60)
        if done.returncode == 0:
            return "=" + done.stdout.decode()
        error = done.stderr.decode()
        if "panic: " in error:
            return "!" + sentence(error)
        return "!" + error[error.find("Error: ") + 7 :].replace(str(Path(folder).resolve()), "{root}").rstrip("\n")


def sentence(error: str) -> str:
    """What the reference crashes with, with the one of two words that kbuild has: the reference chooses at random."""
    found = error.partition("panic: ")[2].partition("\n\ngoroutine ")[0].removesuffix(" [recovered]")
    return found.replace("json: unable to unmarshal", "json: cannot unmarshal")


def main() -> int:
    """Regenerate or check; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write what the reference makes of the texts of testdata/yaml.")
    parser.add_argument("places", nargs="*", metavar="PLACE", help=f"of {', '.join(PLACES)}; default: all")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something would change")
    options = parser.parse_args()
    binary = oracle_path()
    if oracle_version(binary) != REFERENCE:
        print(f"{binary}: needs kustomize {REFERENCE}; nothing written", file=sys.stderr)
        return 1
    changed = 0
    for place in options.places or PLACES:
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(partial(answer, binary, place), sources(place)))
        path = EXPECTED / f"{place}.json"
        if path.exists() and found == expected(place):
            continue
        changed += 1
        if not options.check:
            EXPECTED.mkdir(exist_ok=True)
            path.write_text(json.dumps(found, indent=0) + "\n")
        print(f"{place}: {len(found)} answers, {sum(text[0] == '!' for text in found)} of them errors")
    return 1 if changed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
