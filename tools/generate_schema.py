"""Make `kbuild/schema/builtin_table.py` and `builtin_names.py` from the OpenAPI document that the reference embeds.

Usage: `python tools/generate_schema.py` writes them; `--check` only says whether the committed ones are current
(exit status 1 when they are not). Needs Go and the module `sigs.k8s.io/kustomize/kyaml` in the module cache.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

TABLE = PROJECT / "kbuild" / "schema" / "builtin_table.py"
NAMES = PROJECT / "kbuild" / "schema" / "builtin_names.py"
MODULE, VERSION = "sigs.k8s.io/kustomize/kyaml", "v0.21.1"
OWN_KINDS = ("kustomize.config.k8s.io/v1beta1 Kustomization",)
PROGRAM = Path(__file__).parent / "schema_dump" / "main.go"
OFFLINE = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOSUMDB": "off"}
HEADER = '''"""Merge lists of Kubernetes v1.21.2 and of the reference's own kinds. Made by tools/generate_schema.py: do not edit.

Shape: see `Schema` in kbuild/schema/schema.py.
Source: kyaml v0.21.1, the embedded OpenAPI document.
"""

'''


NAMES_HEADER = '''"""The definitions behind the types of builtin_table.py, for documents that refer to them. Made by tools/generate_schema.py.

Source: kyaml v0.21.1, the embedded OpenAPI document.
"""

'''


class MissingModuleError(Exception):
    """Go or the reference's module is not at hand."""


def module_folder() -> Path:
    """The folder of the reference's module in the module cache. Raises: MissingModuleError."""
    try:
        cache = subprocess.run(["go", "env", "GOMODCACHE"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingModuleError(f"go: {error}") from None
    folder = Path(cache) / f"{MODULE}@{VERSION}"
    if not folder.is_dir():
        raise MissingModuleError(f"{MODULE}@{VERSION} is not in the module cache")
    return folder


def definitions() -> dict[str, Any]:
    """The definitions of the embedded document, decoded by the reference itself. Raises: MissingModuleError."""
    folder = module_folder()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        own = re.sub(r"(?m)^module .*$", "module dump", (folder / "go.mod").read_text())
        (work / "go.mod").write_text(f"{own}\nrequire {MODULE} {VERSION}\nreplace {MODULE} => {folder}\n")
        (work / "go.sum").write_bytes((folder / "go.sum").read_bytes())
        (work / "main.go").write_text(PROGRAM.read_text())
        environment = os.environ | OFFLINE
        done = subprocess.run(
            ["go", "run", "."], cwd=work, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise MissingModuleError(done.stderr.strip())
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table_texts(document: dict[str, Any]) -> tuple[str, str]:
    """The sources of both modules for a map of definitions."""
    from kbuild.schema.extend import Compiler

    compiler = Compiler(document)
    kinds, types = compiler.table()
    lines = [HEADER, f"OWN_KINDS = {OWN_KINDS!r}\n".replace("'", '"'), "# fmt: off\nKINDS = {\n"]
    lines += [f'    "{name}": {number},\n' for name, number in sorted(kinds.items())]
    lines += ["}\nTYPES = (\n"]
    lines += [f'    "{entries_text(entries)}",  # {number}\n' for number, entries in enumerate(types)]
    lines += [")\n# fmt: on\n"]
    names = [f'    "{name}": {number},\n' for name, number in compiler.numbered().items()]
    return "".join(lines), f"{NAMES_HEADER}# fmt: off\nNAMES = {{\n{''.join(names)}}}\n# fmt: on\n"


def entries_text(entries: dict[str, tuple[int, tuple[str, ...] | None]]) -> str:
    """The entries of a type as one text."""
    return " ".join(
        f"{name}={child}" + ("" if keys is None else "*" + ",".join(keys)) for name, (child, keys) in entries.items()
    )


def main(arguments: list[str]) -> int:
    """Write the table, or compare it. Returns the exit status."""
    texts = dict(zip((TABLE, NAMES), table_texts(definitions()), strict=True))
    if "--check" in arguments:
        return 0 if all(path.read_text() == text for path, text in texts.items()) else 1
    for path, text in texts.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
