"""The command as a user meets it: help, versions, mistakes in the first word, completion, pipes, signals, progress."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kbuild.cli.progress import sentence
from kbuild.counters import Counters
from kbuild.version import REFERENCE, VERSION

CHECKOUT = Path(__file__).resolve().parents[2]
DEMO = CHECKOUT / "testdata" / "demo" / "overlays" / "prod"
COMMAND = [sys.executable, "-m", "kbuild"]


def run(*arguments: str, cwd: Path = CHECKOUT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def many_config_maps(folder: Path, count: int) -> Path:
    """A kustomization whose output is longer than any pipe holds."""
    text = "".join(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{i}\ndata:\n  a: {'x' * 60}\n---\n" for i in range(count)
    )
    (folder / "all.yaml").write_text(text)
    (folder / "kustomization.yaml").write_text("resources: [all.yaml]\nnamePrefix: p-\n")
    return folder


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_the_overview_shows_every_command_and_an_example(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("render", "build", "version", "completion", "kbuild render overlays/prod"):
        assert word in done.stdout


@pytest.mark.parametrize("arguments", [("render", "--help"), ("build", "-h"), ("help", "render")])
def test_the_page_of_render_teaches_with_examples(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Examples:" in done.stdout
    assert "--load-restrictor NAME" in done.stdout


def test_help_knows_every_flag_that_render_takes() -> None:
    from kbuild.cli.render import FLAGS

    page = run("render", "--help").stdout
    assert [flag.name for flag in FLAGS if f"--{flag.name}" not in page] == []


@pytest.mark.parametrize("arguments", [("version",), ("--version",)])
def test_versions_name_the_reference(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).stdout == f"kbuild {VERSION} (kustomize {REFERENCE})\n"


@pytest.mark.parametrize(
    "arguments", [("version", "-o", "json"), ("version", "--output=json"), ("--version", "-ojson")]
)
def test_versions_for_scripts_are_json(arguments: tuple[str, ...]) -> None:
    found = json.loads(run(*arguments).stdout)
    assert (found["kbuild"], found["kustomize"]) == (VERSION, REFERENCE)


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ((), f"kbuild: v{VERSION}\n"),
        (("-o", "yaml"), f"kbuild: v{VERSION}\n"),
        (("-o", "json"), f'{{\n  "kbuild": "v{VERSION}"\n}}\n'),
    ],
)
def test_the_version_of_the_client_is_shown_as_flux_shows_its_own(form: tuple[str, ...], wanted: str) -> None:
    assert run("version", "--client", *form).stdout == wanted


MISTAKES = [
    (("rendr", "x"), 'Error: unknown command "rendr" for "kbuild"', "did you mean `kbuild render`?"),
    (("tests",), 'Error: unknown command "tests" for "kbuild"', "did you mean `kbuild render tests`?"),
    (("xyzzy",), 'Error: unknown command "xyzzy" for "kbuild"', "kbuild --help"),
    (("--output", "x"), "Error: unknown flag: --output", "flags follow the command"),
    (("render", "--outptu"), "Error: unknown flag: --outptu", "did you mean --output?"),
    (("render", "a", "b"), "Error: specify one path to kustomization.yaml", ""),
    (("render", "--reorder"), "Error: flag needs an argument: --reorder", ""),
    (("render", "--reorder="), "Error: illegal flag value --reorder ; legal values: [legacy none]", ""),
    (("render", "--reorder", "x"), "Error: illegal flag value --reorder x; legal values: [legacy none]", ""),
    (("version", "x"), "Error: unknown argument: x", ""),
    (("version", "-o", "yaml"), "Error: --output must be 'text' or 'json', not 'yaml'", ""),
    (("help", "xyzzy"), 'Error: unknown command "xyzzy" for "kbuild"', ""),
    (("completion", "tcsh"), "Error: specify one shell: bash, zsh, fish", ""),
    (
        ("build", "image", "apps"),
        "Error: `kbuild build image NAME` is not supported by this version of kbuild",
        "./image",
    ),
]


@pytest.mark.parametrize(("arguments", "error", "hint"), MISTAKES, ids=lambda value: " ".join(value)[:30])
def test_a_mistake_gets_one_sentence_and_a_hint(arguments: tuple[str, ...], error: str, hint: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == error
    assert hint in done.stderr


def test_an_error_names_file_line_and_column_first_and_ends_with_the_sentence_of_the_reference(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("namePrefix: a-\nresourcs: [x.yaml]\n")
    done = run("render", ".", cwd=tmp_path)
    first, *_, last = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert first.strip() == "at kustomization.yaml:2:1"
    assert last.startswith("Error: invalid Kustomization: ") or 'unknown field "resourcs"' in last


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_has_a_completion_script(shell: str) -> None:
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("no bash here")
    done = run("completion", shell)
    assert done.returncode == 0
    assert "_KBUILD_COMPLETE" in done.stdout


COMPLETIONS = [
    ("kbuild ren", "1", ["render"]),
    ("kbuild render --load-r", "2", ["--load-restrictor"]),
    ("kbuild render --reorder ", "3", ["legacy", "none"]),
    ("kbuild completion ", "2", ["bash", "zsh", "fish"]),
]


@pytest.mark.parametrize(("words", "at", "expected"), COMPLETIONS, ids=str)
def test_commands_flags_and_values_complete(words: str, at: str, expected: list[str]) -> None:
    done = run(_KBUILD_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=at)
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == expected


def test_bash_completes_with_the_script(tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("no bash here")
    (tmp_path / "kbuild").write_text(f'#!/bin/sh\nexec {sys.executable} -m kbuild "$@"\n')
    (tmp_path / "kbuild").chmod(0o755)
    script = (
        'eval "$(kbuild completion bash)"\n'
        "COMP_WORDS=(kbuild render --reorder l) COMP_CWORD=3 COMPREPLY=()\n"
        '_kbuild_completion kbuild && echo "${COMPREPLY[*]}"\n'
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "legacy\n", "")


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    folder = many_config_maps(tmp_path, 2000)
    command = f"{sys.executable} -m kbuild render {folder} | head -1; echo ${{PIPESTATUS[0]}}"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "apiVersion: v1\n141\n"
    assert done.stderr == ""


# An interrupt is taken even where whoever runs the tests ignores it.
WAITING = """
import signal
import time
from kbuild.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
def wait(argv):
    print("ready", flush=True)
    time.sleep(30)
main.main = wait
main.entry()
"""


def test_ctrl_c_ends_it_quietly_and_by_the_signal() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (-signal.SIGINT, "", "")


SLOW = """
import time
from kbuild import build as passes
from kbuild.cli.main import entry
real = passes.build
def slow(*arguments, counters, **rest):
    end = time.monotonic() + 1.4
    while time.monotonic() < end:
        pass
    return real(*arguments, counters=counters, **rest)
passes.build = slow
entry()
"""


def on_a_terminal(code: str, *arguments: str) -> tuple[str, str]:
    """(standard output, what a terminal as standard error shows)."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=slave, text=True,
        env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    stdout, _ = process.communicate(timeout=60)
    os.close(slave)
    shown = b""
    try:
        while piece := os.read(master, 4096):
            shown += piece
    except OSError:  # the other end is closed
        pass
    os.close(master)
    return stdout, shown.decode()


def test_long_work_shows_progress_on_a_terminal_and_wipes_it() -> None:
    stdout, shown = on_a_terminal(SLOW, "render", str(DEMO))
    assert stdout == run("render", str(DEMO)).stdout
    assert "rendering ... 1 s" in shown
    assert shown.endswith("\r\x1b[K")


def test_quick_work_shows_nothing_on_a_terminal() -> None:
    stdout, shown = on_a_terminal("from kbuild.cli.main import entry; entry()", "render", str(DEMO))
    assert stdout.startswith("apiVersion:")
    assert shown == ""


def test_progress_says_what_was_done() -> None:
    counters = Counters()
    counters.reads = 120
    assert sentence(counters, 3.2) == "rendering ... 3 s, 120 files"
    counters.merges = 80
    assert sentence(counters, 12) == "rendering ... 12 s, 120 files, 80 merges"
    counters.remotes = 2
    assert sentence(counters, 12) == "rendering ... 12 s, 120 files, 2 remote sources, 80 merges"


def test_output_goes_to_a_file_or_a_folder(tmp_path: Path) -> None:
    printed = run("render", str(DEMO)).stdout
    (tmp_path / "out").mkdir()
    assert run("render", str(DEMO), "-o", str(tmp_path / "all.yaml")).stdout == ""
    assert run("render", str(DEMO), "-o", str(tmp_path / "out")).stdout == ""
    assert (tmp_path / "all.yaml").read_text() == printed
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(files) == printed.count("---\n") + 1
    assert "apps_v1_deployment_prod-api.yaml" in files


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
@pytest.mark.parametrize("arguments", [("render", str(DEMO)), ("version",), ("help",)])
def test_output_that_nothing_takes_is_an_error_in_the_words_of_the_reference(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kbuild", *arguments], cwd=CHECKOUT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "Error: write /dev/stdout: no space left on device\n")


AT_THE_END = "import atexit; atexit.register(print, 'end'); from kbuild.cli.main import entry; entry()"


def test_what_waits_for_the_end_of_the_process_still_runs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END, "version"], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True
    )  # fmt: skip
    assert done.stdout.endswith("\nend\n")


def test_a_profiler_gets_its_turn() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cProfile", "-m", "kbuild", "version"], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True
    )  # fmt: skip
    assert "function calls" in done.stdout
