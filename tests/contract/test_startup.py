"""The start-up budget: what a plain render, and what importing the package, may load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
DEMO = CHECKOUT / "testdata" / "demo"

# Built into the interpreter, or measured below 0.2 ms: the price of not writing them again.
ALLOWED = frozenset(
    [
        "__future__",
        "_signal",
        "_operator",
        "_json",
        "errno",
        "binascii",
        "genericpath",
        "posixpath",
        "os",
        "stat",
        "_stat",
        "fcntl",
        "_sha2",
        "_sha256",
    ]
)
# Worth naming: each of these was once found on the path and costs 1 to 40 ms.
NEVER = frozenset(
    [
        "applier",
        "asyncio",
        "base64",
        "click",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "email",
        "enum",
        "fnmatch",
        "functools",
        "git",
        "hashlib",
        "http",
        "importlib.metadata",
        "inspect",
        "json",
        "jsonpatch",
        "jsonschema",
        "kubernetes",
        "logging",
        "pathlib",
        "pathspec",
        "re",
        "ruamel",
        "shutil",
        "socket",
        "string",
        "subprocess",
        "tempfile",
        "threading",
        "typing",
        "urllib",
        "urllib3",
        "yaml",
        "zipfile",
    ]
)

SCRIPT = """
import sys
before = set(sys.modules)
{code}
print("\\n" + "\\x1e" + "\\x1f".join(sorted(set(sys.modules) - before)))
"""


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter loads for some code."""
    command = [sys.executable, "-I", "-c", SCRIPT.format(code=code)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.rpartition("\x1e")[2].strip().split("\x1f")) - {""}


def foreign(names: set[str]) -> set[str]:
    return {name for name in names if name.partition(".")[0] != "kbuild"}


def render(path: str) -> str:
    return f"from kbuild.cli.main import main; assert main(['render', {json.dumps(path)}]) == 0"


@pytest.mark.parametrize("name", ["base"])
def test_a_plain_render_loads_only_what_is_allowed(name: str) -> None:
    names = foreign(loaded(render(str(DEMO / name))))
    assert names <= ALLOWED, sorted(names - ALLOWED)


def test_a_render_with_everything_loads_nothing_heavy() -> None:
    names = loaded(render(str(DEMO / "overlays" / "prod")))
    assert not names & NEVER, sorted(names & NEVER)


def test_importing_the_package_loads_nothing() -> None:
    assert loaded("import kbuild") <= {"kbuild", "__future__"}


def test_help_loads_click_and_no_renderer() -> None:
    names = loaded("from kbuild.cli.main import main; assert main(['render', '--help']) == 0")
    assert "click" in names
    assert not {name for name in names if name.startswith(("kbuild.accumulate", "kbuild.finish", "kbuild.merge"))}


def test_version_loads_next_to_nothing() -> None:
    names = loaded("from kbuild.cli.main import main; assert main(['version']) == 0")
    assert len({name for name in names if name.startswith("kbuild")}) <= 8


def test_the_command_starts_without_a_wrapper_that_imports() -> None:
    script = CHECKOUT / "tools" / "kbuild.script"
    lines = [line for line in script.read_text().splitlines() if line]
    assert lines == ["#!python", "from kbuild.cli.main import entry", "entry()"]


def test_an_apply_loads_nothing_heavy_before_its_first_request() -> None:
    """Every module of the way to the first request is a part of a run that changes nothing, and of its 0.1 s."""
    unreachable = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c"}}],
    }
    code = (
        "import json, os, tempfile; from kbuild.cli.main import main; "
        "place = tempfile.mkdtemp(); config = os.path.join(place, 'config'); "
        f"open(config, 'w').write(json.dumps({unreachable!r})); "
        f"status = main(['apply', {str(DEMO / 'base')!r}, '--name', 'a', '-n', 'b', '--kubeconfig', config]); "
        "assert status == 1, status"
    )
    names = loaded(code)
    assert "applier.cluster.wires" in names
    heavy = {
        "ast", "asyncio", "click", "concurrent", "dataclasses", "datetime", "decimal", "email", "http", "inspect", "ipaddress",
        "jsonschema", "kubernetes", "logging", "requests", "sqlite3", "traceback",
        "urllib", "urllib3", "xml", "yaml", "zipfile",
    }  # fmt: skip
    assert not names & heavy, sorted(names & heavy)
