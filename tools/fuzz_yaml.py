"""Look for YAML that kbuild reads otherwise than the reference, or by one of its readers otherwise than by the other.

    fuzz_yaml.py [--seed N] [--texts N] [--builds N]

Prints each difference, cut down; the exit status is 1 when there was one. `KBUILD_CORPORA` may name a folder whose YAML
files are edited, too.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from install_oracle import REFERENCE, oracle_path, oracle_version
from yaml_fuzz import Builds, Texts, build_differences, reader_differences


def main() -> int:
    """Look; returns the exit status."""
    parser = argparse.ArgumentParser(description="Look for YAML that is read differently.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=100_000, help="texts for the two readers")
    parser.add_argument("--builds", type=int, default=2_000, help="builds by kbuild and by the reference")
    options = parser.parse_args()
    corpora = os.environ.get("KBUILD_CORPORA")
    start, count = time.monotonic(), 0
    texts = Texts(Random(options.seed), Path(corpora) if corpora else None)  # noqa: S311
    for found in reader_differences(texts, options.texts):
        print(found, flush=True)
        count += 1
    binary = oracle_path()
    builds = options.builds if oracle_version(binary) == REFERENCE else 0
    with tempfile.TemporaryDirectory() as folder:
        for found in build_differences(texts, Builds(binary, Path(folder).resolve()), builds):
            print(found, flush=True)
            count += 1
    taken = time.monotonic() - start
    print(f"seed {options.seed}: {options.texts} texts, {builds} builds, {count} differences in {taken:.0f} s")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
