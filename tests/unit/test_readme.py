"""README.md is true: its sessions give what it shows, its examples run, its links lead somewhere."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import support_table

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "README.md").read_text()
SESSIONS = re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
SCRATCH = "/tmp/kbuild-readme"
MARK = "@@ next @@"


def commands_of(session: str) -> list[tuple[str, str]]:
    """(command, what it prints) of a session."""
    pieces = re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]
    return [(command, output) for command, _, output in (piece.partition("\n") for piece in pieces)]


def test_the_sessions_give_what_is_shown(tmp_path: Path) -> None:
    missing = [tool for tool in ("bash", "diff", "grep", "head", "mkdir", "rm") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"the sessions need {missing}")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for session in SESSIONS:
        steps = commands_of(session)
        script = "".join(f"{command}\necho '{MARK}'\n" for command, _ in steps).replace(SCRATCH, str(tmp_path / "x"))
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1\n{script}"],
            cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.stdout.split(f"{MARK}\n")[:-1] == [output for _, output in steps]


def test_the_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    test = doctest.DocTestParser().get_doctest("\n".join(EXAMPLES), {}, "README.md", None, 0)
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
    assert result.attempted > 8
    assert result.failed == 0


def test_the_table_of_what_is_supported_and_its_page_are_current() -> None:
    assert support_table.write(check=True) == [], "run `make table`"


def test_every_make_target_that_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", TEXT))
    assert named <= targets
    assert {"demo", "test", "golden", "bench"} <= named


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md", "docs/behaviour.md"])
def test_links_lead_somewhere(page: str) -> None:
    path = CHECKOUT / page
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", path.read_text()) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_decision_that_is_referred_to_is_written_down() -> None:
    numbers = {path.name[:4] for path in (CHECKOUT / "docs" / "adr").glob("*.md")}
    places = [CHECKOUT / "docs" / "architecture.md", *(CHECKOUT / "kbuild").rglob("*.py")]
    found = set()
    for path in places:
        found |= set(re.findall(r"(?:ADRs? |adr/)(\d{4})", path.read_text()))
    assert found - numbers == set()
