"""The image's recipe, read: what it copies is there, what the agent runs is installed, and it runs as nobody."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def instructions() -> list[tuple[str, str]]:
    """(keyword, rest) of each instruction, continued lines joined."""
    text = (CHECKOUT / "Containerfile").read_text()
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", plain)
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def of_last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(at for at, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def ignored() -> list[str]:
    return [line for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line.startswith("!")]


def test_what_is_copied_is_there_and_is_sent_to_the_builder() -> None:
    sources = []
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            sources += rest.split()[:-1]
    assert {"pyproject.toml", "kbuild", "applier", "tools/kbuild.script"} <= {*sources}
    allowed = [line[1:] for line in ignored()]
    for source in sources:
        assert (CHECKOUT / source).exists(), source
        assert any(fnmatch(source, pattern) for pattern in allowed), source


def test_what_the_project_reads_for_its_wheel_is_copied() -> None:
    """`pyproject.toml` names files of its own; without them no wheel is made."""
    text = (CHECKOUT / "pyproject.toml").read_text()
    copied = " ".join(rest for word, rest in instructions() if word == "COPY")
    for name in re.findall(r'(?:readme|license-files) = \[?"([^"]+)"', text) + re.findall(r'"(tools/[^"]+)" = "', text):
        assert name in copied, name


def test_the_programs_that_the_agent_runs_are_installed() -> None:
    installs = [rest for word, rest in of_last_stage() if word == "RUN" and "apt-get install" in rest]
    assert len(installs) == 1
    assert {"git", "openssh-client", "ca-certificates"} <= {*installs[0].split()}


def test_it_runs_as_nobody_and_writes_nothing() -> None:
    stage = dict(of_last_stage())
    user = stage["USER"].split(":")
    assert all(part.isdigit() and int(part) > 0 for part in user)
    assert "PYTHONDONTWRITEBYTECODE=1" in stage["ENV"]
    assert "compileall" in " ".join(rest for word, rest in instructions() if word == "RUN")
    assert stage["ENTRYPOINT"] == '["kbuild"]'


def test_both_stages_have_the_same_python() -> None:
    """The environment of the first one points at the interpreter of the second."""
    images = {rest.split()[0] for word, rest in instructions() if word == "FROM"}
    assert len(images) == 1


def test_what_is_copied_is_enough_to_build_what_is_installed(tmp_path: Path) -> None:
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            for source in sources:
                place = tmp_path / (target if target != "./" else source)
                place.parent.mkdir(parents=True, exist_ok=True)
                whole = CHECKOUT / source
                ignore = shutil.ignore_patterns("__pycache__")
                shutil.copytree(whole, place, ignore=ignore) if whole.is_dir() else shutil.copy(whole, place)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path / "out"),
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    names = zipfile.ZipFile(next((tmp_path / "out").glob("*.whl"))).namelist()
    assert "applier/cli/agent.py" in names
    assert any(name.endswith("/scripts/kbuild") for name in names)
