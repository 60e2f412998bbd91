"""Many renders: what they share, what they do not, processes that die, folders that are found, files that are written."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import kbuild
from kbuild.cli.render_all import output_files
from kbuild.many import workers
from kbuild.many.find import find_roots

CHECKOUT = Path(__file__).resolve().parents[2]
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: b\n"
SMALL = [sys.executable, "-m", "kbuild", "render"]


def maps(count: int, name: str = "c") -> str:
    return "---\n".join(MAP.format(name=f"{name}{index}") for index in range(count))


def overlays(count: int, base: str = "namePrefix: b-\nresources: [maps.yaml]\n", **more: str) -> dict[str, str]:
    """A base of ten maps and so many overlays that each add a prefix."""
    files = {"/base/kustomization.yaml": base, "/base/maps.yaml": maps(10)}
    for index in range(count):
        files[f"/o{index}/kustomization.yaml"] = f"namePrefix: o{index}-\nresources: [../base]\n"
    return files | {f"/{name.replace('__', '/')}.yaml": text for name, text in more.items()}


def together(files: dict[str, str], *paths: str, **options: object) -> list[kbuild.Outcome]:
    fs = kbuild.MemoryFileSystem(files)
    found = list(kbuild.render_many(paths, fs=fs, **options))
    for path, outcome in zip(paths, found, strict=True):
        if outcome.error is None:
            assert outcome.text == kbuild.render(path, fs=fs, **options).to_yaml()
    return found


def on_disk(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def command(*arguments: str, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(
        [*SMALL, *arguments], cwd=cwd, env=environment, input=given, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


def test_a_base_is_read_parsed_and_folded_once() -> None:
    first, second, third = together(overlays(3), "/o0", "/o1", "/o2")
    assert (first.counters["parses"], first.counters["reads"]) == (3, 3)
    assert (second.counters["parses"], second.counters["reads"], second.counters["copies"]) == (1, 1, 10)
    assert second.counters == third.counters
    assert second.files_read == ("/o1/kustomization.yaml", "/base/kustomization.yaml", "/base/maps.yaml")


def test_a_base_that_others_used_is_not_rendered_again() -> None:
    _, base = together(overlays(1), "/o0", "/base")
    assert base.counters["parses"] == 0
    assert base.files_read == ("/base/kustomization.yaml", "/base/maps.yaml")


@pytest.mark.parametrize(
    "base",
    [
        "vars: [{name: V, objref: {apiVersion: v1, kind: ConfigMap, name: c0}}]\nresources: [maps.yaml]\n",
        "openapi: {path: schema.json}\nresources: [maps.yaml]\n",
        "transformers: [prefix.yaml]\nresources: [maps.yaml]\n",
    ],
)
def test_a_base_that_depends_on_more_than_its_files_is_folded_each_time(base: str) -> None:
    prefix = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: x-\nfieldSpecs: [{path: metadata/name}]\n"
    files = overlays(2, base, base__prefix=prefix) | {"/base/schema.json": '{"definitions": {}}'}
    found = together(files, "/o0", "/o1")
    assert [outcome.error for outcome in found] == [None, None]
    # The file of maps is not parsed again, but the base is loaded.
    assert found[1].counters["parses"] > 1


def test_an_overlay_with_origins_shares_documents_and_no_bases() -> None:
    files = overlays(2)
    files["/o1/kustomization.yaml"] += "buildMetadata: [originAnnotations]\n"
    _, second = together(files, "/o0", "/o1")
    assert "path: ../base/maps.yaml" in second.text
    assert second.counters["parses"] == 2


def test_a_cycle_through_a_shared_base_is_found() -> None:
    files = overlays(1) | {
        "/base/kustomization.yaml": "resources: [../o1]\n",
        "/o1/kustomization.yaml": "resources: [m.yaml]\n",
    }
    files["/o1/m.yaml"] = maps(1)
    files["/o0/kustomization.yaml"] = "resources: [../base]\n"
    turned = files | {"/o1/kustomization.yaml": "resources: [../base]\n"}
    assert [outcome.error for outcome in together(files, "/o0", "/o1", "/base")] == [None] * 3
    assert all("cycle detected" in str(outcome.error) for outcome in together(turned, "/o0", "/o1", "/base"))


def test_ignore_rules_of_a_root_hold_for_shared_files() -> None:
    found = together(overlays(2), "/o0", "/o1", ignore=("maps.yaml",))
    assert [len(outcome.text) > 0 for outcome in found] == [True, True]
    files = {
        "/a/kustomization.yaml": "resources: [b]\n",
        "/a/b/kustomization.yaml": "resources: [m.yaml]\n",
        "/a/b/m.yaml": maps(1),
    }
    found = together(files, "/a/b", "/a", ignore=("b/m.yaml",))
    assert [outcome.error is None for outcome in found] == [True, False]


def test_a_failure_stays_with_its_folder() -> None:
    files = overlays(2) | {"/bad/kustomization.yaml": "resources: [missing.yaml]\n"}
    first, bad, last = together(files, "/o0", "/bad", "/o1")
    assert (first.error, last.error) == (None, None)
    assert isinstance(bad.error, kbuild.KbuildError)
    assert (bad.error.file, bad.error.line) == ("/bad/kustomization.yaml", 1)
    with pytest.raises(kbuild.KbuildError, match=r"missing\.yaml"):
        bad.to_yaml()


def test_processes_answer_in_the_order_of_the_folders(tmp_path: Path) -> None:
    files = {f"/f{index}/kustomization.yaml": "resources: [m.yaml]\n" for index in range(12)}
    files |= {f"/f{index}/m.yaml": maps(1 if index % 3 else 300, f"n{index}-") for index in range(12)}
    files["/f4/kustomization.yaml"] = "namePrefx: x\n"
    paths = [str(on_disk(tmp_path, files) / f"f{index}") for index in range(12)]
    found = list(kbuild.render_many(paths, workers=2))
    assert [outcome.path for outcome in found] == paths
    assert [outcome.path for outcome in found if outcome.error is not None] == [paths[4]]
    error = found[4].error
    assert isinstance(error, kbuild.KustomizationError)
    assert (error.file, error.line, error.column) == (f"{paths[4]}/kustomization.yaml", 1, 1)
    assert [outcome.text for outcome in found] == [outcome.text for outcome in kbuild.render_many(paths, workers=1)]


DYING = """
import os, signal, sys
sys.path[:] = {path!r}
from kbuild.many import worker
real = worker.render_one
def fatal(path, *rest):
    if path.endswith("f3"):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(path, *rest)
worker.render_one = fatal
worker.serve()
"""


def test_a_process_that_dies_takes_one_folder_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_PROGRAM", DYING)
    files = {f"/f{index}/kustomization.yaml": "resources: [m.yaml]\n" for index in range(8)}
    on_disk(tmp_path, files | {f"/f{index}/m.yaml": maps(1) for index in range(8)})
    found = list(kbuild.render_many([str(tmp_path / f"f{index}") for index in range(8)], workers=2))
    assert [outcome.error is not None for outcome in found] == [index == 3 for index in range(8)]
    assert str(found[3].error) == "the process that rendered it ended by signal 9"


def test_processes_end_with_the_iteration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    spawn = os.posix_spawn

    def watched(*args: Any, **more: Any) -> int:
        started.append(spawn(*args, **more))
        return started[-1]

    monkeypatch.setattr(os, "posix_spawn", watched)
    on_disk(tmp_path, {"/a/kustomization.yaml": "namePrefix: x\n", "/b/kustomization.yaml": "namePrefix: x\n"})
    found = kbuild.render_many([tmp_path / "a", tmp_path / "b"] * 50, workers=2)
    next(found)
    before = set(os.listdir("/proc/self/fd")) if Path("/proc").exists() else set()
    assert len(started) == 2
    found.close()  # type: ignore[attr-defined]
    for process in started:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)
    assert not before or len(os.listdir("/proc/self/fd")) < len(before)


MEASURE = """
import resource, sys, kbuild
first = None
for number, outcome in enumerate(kbuild.render_many(sys.argv[1:], workers=1)):
    assert outcome.error is None, outcome.error
    if number == 99:
        first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(first, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_thousand_overlays_take_no_more_memory_than_a_hundred(tmp_path: Path) -> None:
    files = {"/base/kustomization.yaml": "resources: [maps.yaml]\n", "/base/maps.yaml": maps(50)}
    for index in range(1000):
        files[f"/o{index:04}/kustomization.yaml"] = f"namePrefix: o{index}-\nresources: [../base, own.yaml]\n"
        files[f"/o{index:04}/own.yaml"] = maps(20, f"own{index}-")
    on_disk(tmp_path, files)
    paths = [str(tmp_path / f"o{index:04}") for index in range(1000)]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths], cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=True
    )  # fmt: skip
    first, last = map(int, done.stdout.split())
    assert last - first < 40 * 1024, (first, last)


def test_a_render_leaves_next_to_nothing_for_the_collector_of_cycles() -> None:
    fs = kbuild.MemoryFileSystem(overlays(1) | {"/base/maps.yaml": maps(500)})
    kbuild.render("/o0", fs=fs).to_yaml()
    gc.collect()
    gc.disable()
    try:
        kbuild.render("/o0", fs=fs).to_yaml()
        assert gc.collect() < 200
    finally:
        gc.enable()


def tree(folder: Path) -> Path:
    files = {
        f"/{name}/kustomization.yaml": "resources: [m.yaml]\n" for name in ("a", "a/b", "c/d/e", ".git/x", "out/z")
    }
    files |= {f"/{name}/m.yaml": maps(2, "m") for name in ("a", "a/b", "c/d/e", ".git/x", "out/z")}
    files["/part/kustomization.yml"] = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n"
    files["/broken/Kustomization"] = "kind: [Component\n"
    on_disk(folder, files)
    (folder / "link").symlink_to(folder / "a")
    return folder


def test_roots_are_folders_with_a_kustomization_file_that_is_no_component(tmp_path: Path) -> None:
    tree(tmp_path)
    found = [os.path.relpath(path, tmp_path) for path in find_roots(str(tmp_path), without=str(tmp_path / "out"))]
    assert found == ["a", "a/b", "broken", "c/d/e"]
    with pytest.raises(kbuild.MissingFileError, match="is no folder"):
        list(find_roots(str(tmp_path / "nothing")))


def test_all_writes_a_file_per_folder_and_reports_failures(tmp_path: Path) -> None:
    tree(tmp_path)
    done = command("--all", "-o", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("broken:\n  at broken/Kustomization:2:1\n")
    assert done.stderr.endswith("\n1 of 4 folders failed\n")
    written = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.yaml"))
    assert written == ["a.yaml", "a/b.yaml", "c/d/e.yaml", "z/kustomization.yaml", "z/m.yaml"]
    for name in ("a", "a/b", "c/d/e"):
        assert (tmp_path / "out" / f"{name}.yaml").read_text() == command(name, cwd=tmp_path).stdout


def test_all_without_an_output_folder_prints_every_result_below_its_name(tmp_path: Path) -> None:
    tree(tmp_path)
    one = kbuild.render(tmp_path / "a").to_yaml()
    done = command("--all", "a", "-j", "1", "-v", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"# a\n{one}---\n# a/b\n{one}")
    assert done.stderr == "0 of 2 folders failed\n"


def test_folders_can_be_listed(tmp_path: Path) -> None:
    tree(tmp_path)
    done = command("--paths-from", "-", "-o", str(tmp_path / "new" / "out"), cwd=tmp_path, given="a/b\n\nc/d/e\na/b\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "new" / "out").rglob("*.yaml")) == ["b.yaml", "e.yaml"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--all", "-j", "none"), "--jobs must be a number from 1 on, not 'none'"),
        (("--paths-from", "missing"), "open missing: no such file or directory"),
        (("--all", "missing"), "'missing' is no folder"),
        (("--paths-from", "same", "-o", "out"), "'a' and '../a' would both be written to 'out/a.yaml'"),
    ],
)
def test_a_mistake_with_many_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], error: str) -> None:
    (tmp_path / "same").write_text("a\n../a\n")
    done = command(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {error}\n")


def test_an_output_that_cannot_be_written_is_a_failure_of_its_folder(tmp_path: Path) -> None:
    tree(tmp_path)
    on_disk(tmp_path, {"/out2/a": "in the way"})
    done = command("--all", "a", "-o", "out2", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "a/b:\nError: mkdir out2/a: file exists\n1 of 2 folders failed\n"
    assert (tmp_path / "out2" / "a.yaml").exists()


def test_files_never_leave_the_output_folder() -> None:
    found = output_files(["../../x", "/etc/y", "./z/../w", "a/b"], "out")
    assert list(found.values()) == ["out/x.yaml", "out/etc/y.yaml", "out/w.yaml", "out/a/b.yaml"]
