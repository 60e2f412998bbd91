"""What is built can be installed and used: an empty environment outside the checkout, without network."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from kbuild.version import VERSION

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("packaging")
DEMO = CHECKOUT / "testdata" / "demo" / "overlays" / "prod"

BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: proxy
        image: proxy:1
      - name: web
        image: web:1
"""
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        env:
        - name: A
          value: b
"""
# What kustomize v5.8.1 prints for these: the patched container comes first, the other one is kept.
MERGED = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - env:
        - name: A
          value: b
        image: web:1
        name: web
      - image: proxy:1
        name: proxy
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run without anything of the checkout in the environment; returns standard output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, CHECKOUT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an empty environment with the wheel and none of its dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder, cwd=folder)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "--no-index", "--no-deps", wheel, cwd=folder)
    return folder / "bin"


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    (tmp_path / "kustomization.yaml").write_text("resources: [base.yaml]\npatches: [{path: patch.yaml}]\n")
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "patch.yaml").write_text(PATCH)
    return tmp_path


def test_the_wheel_has_the_code_the_tables_and_the_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name == f"kbuild-{VERSION}-py3-none-any.whl"
    for name in (
        "kbuild/py.typed",
        "applier/py.typed",
        "kbuild/schema/builtin_table.py",
        "kbuild/schema/reference_specs.py",
    ):
        assert name in names
    assert f"kbuild-{VERSION}.data/scripts/kbuild" in names
    assert f"kbuild-{VERSION}.dist-info/licenses/LICENSE" in names
    modules = {
        str(path.relative_to(CHECKOUT))
        for top in ("kbuild", "applier")
        for path in (CHECKOUT / top).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert modules <= set(names)
    assert [
        name for name in names if name.split("/")[0] not in ("kbuild", "applier") and ".dist-info/" not in name
    ] == [f"kbuild-{VERSION}.data/scripts/kbuild"]


def test_the_sdist_has_what_is_needed_to_test_it(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE", "tools/kbuild.script", "tests/conftest.py"):
        assert name in names
    for folder in ("testdata/golden", "testdata/demo", "docs/adr", "benchmarks"):
        files = {
            str(path.relative_to(CHECKOUT))
            for path in (CHECKOUT / folder).rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
        assert files - names == set()


@pytest.mark.parametrize("command", [["kbuild"], ["python", "-m", "kbuild"]], ids=["script", "module"])
def test_the_installed_command_merges(environment: Path, overlay: Path, command: list[str]) -> None:
    program, *arguments = command
    assert run(environment / program, *arguments, "render", overlay, cwd=environment) == MERGED


def test_the_expectation_is_the_references(oracle, overlay: Path) -> None:
    assert oracle(overlay).stdout == MERGED


def test_the_installed_library_renders_and_is_typed(environment: Path, overlay: Path) -> None:
    code = (
        "import kbuild, pathlib, sys; home = pathlib.Path(kbuild.__file__).parent; "
        f"assert not home.is_relative_to({str(CHECKOUT)!r}); assert (home / 'py.typed').exists(); "
        "print(kbuild.render(sys.argv[1]).to_yaml(), end='')"
    )
    assert run(environment / "python", "-c", code, overlay, cwd=overlay) == MERGED


def test_the_installed_command_renders_the_demo_as_the_checkout_does(environment: Path) -> None:
    here = run(sys.executable, "-m", "kbuild", "render", DEMO, cwd=CHECKOUT)
    assert run(environment / "kbuild", "render", DEMO, cwd=environment) == here


def test_the_installed_command_says_its_version(environment: Path) -> None:
    assert run(environment / "kbuild", "--version", cwd=environment).startswith(f"kbuild {VERSION} ")
