"""What tests share: the reference's binary, the shared cases where they are beside the checkout, and fixed randomness."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from install_cluster import KUBERNETES, missing
from install_oracle import REFERENCE, oracle_path, oracle_version

import applier
import kbuild

# A control plane, a namespace, a proxy and the command, for tests of the applier.
pytest_plugins = ["bed"]

CHECKOUT = Path(__file__).resolve().parents[1]

settings.register_profile(
    # The same examples on every run; what failed is printed with the lines that replay it.
    "ci",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("search", settings.get_profile("ci"), derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("KBUILD_HYPOTHESIS", "ci"))

Oracle = Callable[..., "subprocess.CompletedProcess[str]"]


def beside(variable: str, name: str) -> Path | None:
    """A folder of shared data: named by the environment, else beside the checkout; None where it is not."""
    path = Path(os.environ.get(variable) or CHECKOUT.parent / "shared" / name)
    return path if path.is_dir() else None


def left_out() -> list[str]:
    """What this run leaves out, a line for each."""
    lines = []
    if oracle_version(oracle_path()) != REFERENCE:
        lines.append(f"left out: tests that run kustomize {REFERENCE} (`make oracle` installs it where Go is present)")
    if missing() and not os.environ.get("KBUILD_TEST_KUBECONFIG"):
        lines.append(f"left out: tests against Kubernetes {KUBERNETES} (`make cluster-programs` builds it where Go is)")
    for variable, name in (("KBUILD_CONFORMANCE", "conformance"), ("KBUILD_CORPORA", "corpora")):
        if beside(variable, name) is None:
            lines.append(f"left out: {name}, which is not beside the checkout ({variable} can name it)")
    return lines


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load the whole project where examples are drawn: they come from the constants of the modules that are loaded too.

    So the examples of a test are the same whether it runs alone, among all others or in a worker.
    """
    if any(is_hypothesis_test(getattr(item, "obj", None)) for item in session.items):
        load_everything()


def load_everything() -> None:
    """Import every module of the packages, the tools and the benchmarks."""
    folders = [str(CHECKOUT / name) for name in ("tools", "benchmarks")]
    names = [found.name for found in pkgutil.iter_modules(folders)]
    for package in (kbuild, applier):
        names += [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    sys.path += folders
    for name in names:
        importlib.import_module(name)
    del sys.path[-len(folders) :]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what was left out, also where `-q` hides the header."""
    for line in left_out():
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def oracle_binary() -> Path:
    """The reference's binary, at the version that kbuild matches."""
    path = oracle_path()
    found = oracle_version(path)
    if found != REFERENCE:
        message = f"needs kustomize {REFERENCE} at {path}, found {found or 'nothing'}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def oracle(oracle_binary: Path) -> Oracle:
    """`oracle(directory, *args)`: runs the reference's build; gives returncode, stdout and stderr as text."""

    def run(directory: str | Path, *args: str) -> subprocess.CompletedProcess[str]:
        command = [oracle_binary, "build", str(directory), *args]
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
        stdout, stderr = done.stdout.decode(), done.stderr.decode()
        return subprocess.CompletedProcess(command, done.returncode, stdout, stderr)

    return run


@pytest.fixture(scope="session")
def conformance_cases() -> Path:
    """The folder of the shared conformance cases."""
    path = beside("KBUILD_CONFORMANCE", "conformance")
    if path is None:
        pytest.skip("the conformance cases are not beside the checkout")
    return path / "cases"


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of the shared real repositories."""
    path = beside("KBUILD_CORPORA", "corpora")
    if path is None:
        pytest.skip("the corpora are not beside the checkout")
    return path
