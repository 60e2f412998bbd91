"""Render all folders listed in a file: `one_process.py WORKERS FILE`. Prints the digest of each text, a line each."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import kbuild


def main(workers: str, listed: str) -> None:
    """Render with so many workers (1: all in this process, 0: one per processor)."""
    for outcome in kbuild.render_many(Path(listed).read_text().splitlines(), workers=int(workers) or None):
        print(hashlib.sha256(outcome.to_yaml().encode()).hexdigest())


if __name__ == "__main__":
    main(*sys.argv[1:])
