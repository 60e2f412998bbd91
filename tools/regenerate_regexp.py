"""Write which texts the reference matches with which regular expressions, or how it refuses them.

    regenerate_regexp.py [--check]     (--check writes nothing)

`testdata/regexp/cases.json` has the parts that expressions are made of and the texts, written by hand; `expected.json` maps
each expression to a row of `1` and `0` (one for each text) or to `!` and the error. Each is the name of a patch's target.
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

FOLDER = Path(__file__).resolve().parents[1] / "testdata" / "regexp"
EXPECTED = FOLDER / "expected.json"
_PATCH = '[{"op":"add","path":"/hit","value":true}]'


def texts() -> list[str]:
    """The texts that are matched."""
    return list(json.loads((FOLDER / "cases.json").read_text())["texts"])


def patterns() -> list[str]:
    """The expressions: every part in every frame."""
    cases = json.loads((FOLDER / "cases.json").read_text())
    return [frame.replace("@", part) for frame in cases["frames"] for part in cases["parts"]]


def resource(number: int, text: str) -> str:
    """A resource whose name is a text."""
    name = "".join([f"\\U{ord(char):08x}" for char in text])
    return f'kind: A\napiVersion: v{number}\nmetadata:\n  name: "{name}"\n'


def row(output: str) -> str:
    """`1` for each resource that was hit, `0` for the others, in the order of their numbers."""
    found = {}
    for part in output.split("---\n"):
        head, _, rest = part.partition("\n")
        found[int(head.removeprefix("apiVersion: v"))] = "1" if rest.startswith("hit: true\n") else "0"
    return "".join([found[number] for number in range(len(found))])


def answer(binary: Path, resources: str, pattern: str) -> str:
    """What the reference does with one expression."""
    entry = {"target": {"name": pattern}, "patch": _PATCH}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "r.yaml").write_text(resources)
        (Path(folder) / "kustomization.yaml").write_text(json.dumps({"resources": ["r.yaml"], "patches": [entry]}))
        done = subprocess.run([binary, "build", folder], capture_output=True, check=False, timeout=60)
    if done.returncode == 0:
        return row(done.stdout.decode())
    error = done.stderr.decode()
    return "!" + error[error.find("Error: ") + 7 :].rstrip("\n")


def main() -> int:
    """Regenerate or check; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write what the reference makes of regular expressions.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something would change")
    options = parser.parse_args()
    binary = oracle_path()
    if oracle_version(binary) != REFERENCE:
        print(f"{binary}: needs kustomize {REFERENCE}; nothing written", file=sys.stderr)
        return 1
    resources = "---\n".join([resource(number, text) for number, text in enumerate(texts())])
    asked = patterns()
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(asked, pool.map(partial(answer, binary, resources), asked), strict=True))
    changed = not EXPECTED.exists() or json.loads(EXPECTED.read_text()) != found
    if changed and not options.check:
        EXPECTED.write_text(json.dumps(found, indent=0) + "\n")
    print(f"{len(found)} expressions, {sum(text[0] == '!' for text in found.values())} of them refused")
    return 1 if changed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
