"""The library: what a program that imports kbuild may rely on."""

from __future__ import annotations

import doctest
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import kbuild

DEMO = Path(__file__).resolve().parents[2] / "testdata" / "demo"

APP = {
    "/app/kustomization.yaml": "namePrefix: demo-\nresources: [all.yaml]\nimages: [{name: nginx, newTag: '1.29'}]\n",
    "/app/all.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      initContainers: [{name: init, image: busybox}]
      containers: [{name: web, image: nginx, args: ["80", 80, 1.0, true, null]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
""",
}


def render(files: dict[str, str | bytes] | dict[str, str], path: str = "/app", **options: object) -> kbuild.Result:
    return kbuild.render(path, fs=kbuild.MemoryFileSystem(files), **options)


def test_the_package_documentation_is_true() -> None:
    failed, tried = doctest.testmod(kbuild)
    assert (failed, tried > 5) == (0, True)


def test_everything_public_is_there_and_listed() -> None:
    for name in kbuild.__all__:
        assert getattr(kbuild, name) is not None
    assert set(kbuild.__all__) <= set(dir(kbuild))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = kbuild.nonsense
    assert isinstance(kbuild.__version__, str)


def test_a_result_is_text_values_ids_and_images() -> None:
    result = render(APP)
    assert result.to_yaml() is result.to_yaml()
    assert result.to_yaml().startswith("apiVersion: v1\nkind: Service\nmetadata:\n  name: demo-web\n")
    assert [str(found.name) for found in result.ids()] == ["demo-web", "demo-web"]
    assert [resource.id.kind for resource in result.resources] == ["Service", "Deployment"]
    assert result.images() == ["busybox", "nginx:1.29"]
    assert result.warnings == ()
    assert result.files_read == ("/app/kustomization.yaml", "/app/all.yaml")
    assert repr(result) == "Result(2 resources)"


def test_values_are_typed_as_a_parser_reads_the_text_and_belong_to_the_caller() -> None:
    result = render(APP)
    first = result.to_dicts()
    arguments = first[1]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert [type(value) for value in arguments] == [str, int, int, bool, type(None)]
    arguments.clear()
    assert result.to_dicts()[1]["spec"]["template"]["spec"]["containers"][0]["args"] != []
    assert "80" in result.to_yaml()


def test_disk_and_memory_give_the_same(tmp_path: Path) -> None:
    files = {str(path): path.read_bytes() for path in DEMO.rglob("*") if path.is_file()}
    target = DEMO / "overlays" / "prod"
    on_disk = kbuild.render(target)
    assert on_disk.to_yaml() == render(files, str(target)).to_yaml()
    assert set(on_disk.files_read) <= set(files)


def test_an_overlay_shows_what_a_change_would_do() -> None:
    target = DEMO / "overlays" / "prod"
    text = (target / "kustomization.yaml").read_text()
    changed = kbuild.OverlayFileSystem(
        kbuild.DiskFileSystem(), {str(target / "kustomization.yaml"): text.replace("prod-", "live-")}
    )
    assert kbuild.render(target, fs=changed).to_yaml() == kbuild.render(target).to_yaml().replace("prod-", "live-")


def test_a_jail_keeps_a_render_inside() -> None:
    fs = kbuild.MemoryFileSystem(
        {
            "/safe/kustomization.yaml": "resources: [../secret]\n",
            "/secret/kustomization.yaml": "resources: [x.yaml]\n",
            "/secret/x.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n",
        }
    )
    assert len(kbuild.render("/safe", fs=fs).resources) == 1
    with pytest.raises(kbuild.KbuildError):
        kbuild.render("/safe", fs=kbuild.JailedFileSystem(fs, "/safe"))


def test_options_and_overrides_are_checked() -> None:
    options = kbuild.Options(load_restrictor="LoadRestrictionsNone")
    outside = {"/app/kustomization.yaml": "resources: [../x.yaml]\n", "/x.yaml": APP["/app/all.yaml"]}
    assert len(render(outside, options=options).resources) == 2
    with pytest.raises(kbuild.RestrictedPathError, match="is not in or below"):
        render(outside, options=options, load_restrictor="LoadRestrictionsRootOnly")
    with pytest.raises(kbuild.UsageError, match="unknown option: colour"):
        render(APP, colour="red")
    with pytest.raises(kbuild.UsageError, match="illegal flag value"):
        render(APP, reorder="random")
    with pytest.raises(AttributeError):
        options.reorder = "legacy"


ERRORS: list[tuple[dict[str, str], type[Exception], tuple[str, int, int]]] = [
    ({"/app/kustomization.yaml": "a: b\n"}, kbuild.KustomizationError, ("/app/kustomization.yaml", 1, 1)),
    ({"/app/kustomization.yaml": "resources: [gone.yaml]\n"}, kbuild.MissingFileError, ("/app/kustomization.yaml", 1, 13)),
    (
        {"/app/kustomization.yaml": "resources: [x.yaml]\n", "/app/x.yaml": "a: b\n\tc: d\n"},
        kbuild.KbuildError,
        ("/app/x.yaml", 2, 1),
    ),
    ({"/else/x.yaml": ""}, kbuild.MissingFileError, ("", 0, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("files", "kind", "place"), ERRORS, ids=["field", "missing", "tab", "no folder"])
def test_an_error_has_its_kind_and_its_place(
    files: dict[str, str], kind: type[kbuild.KbuildError], place: tuple[str, int, int]
) -> None:
    with pytest.raises(kind) as caught:
        render(files)
    error = caught.value
    assert (error.file, error.line, error.column) == place
    assert str(error) == error.reason != ""


def test_an_error_tells_the_way_of_kustomizations_to_it() -> None:
    files = {
        "/app/kustomization.yaml": "resources: [base]\n",
        "/app/base/kustomization.yaml": "resources: [x.yaml]\nnamePrefix: [1]\n",
    }
    with pytest.raises(kbuild.KbuildError) as caught:
        render(files)
    assert caught.value.walk == ("/app", "/app/base")
    assert caught.value.file == "/app/base/kustomization.yaml"


def test_errors_survive_a_trip_to_another_process() -> None:
    error = kbuild.PatchError("no match", kbuild.Position("a.yaml", 3, 4), "look there").within("outer")
    error.walk = ("/a", "/a/b")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kbuild.PatchError
    assert (copy.reason, copy.position, copy.hint, copy.walk) == (error.reason, error.position, error.hint, error.walk)


def test_every_error_is_one_of_ours() -> None:
    for name in kbuild.__all__:
        found = getattr(kbuild, name)
        if name.endswith("Error"):
            assert issubclass(found, kbuild.KbuildError)


def test_a_path_may_be_a_path_object_or_relative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DEMO)
    texts = {kbuild.render(path).to_yaml() for path in ("base", Path("base"), DEMO / "base", str(DEMO / "base"))}
    assert len(texts) == 1
    monkeypatch.chdir(DEMO / "base")
    assert kbuild.render().to_yaml() in texts


def test_nothing_is_printed_and_warnings_are_returned(capfd: pytest.CaptureFixture[str]) -> None:
    files = {**APP, "/app/kustomization.yaml": "resources: [all.yaml]\ncommonLabels: {a: b}\n"}
    result = render(files)
    assert result.warnings[0].startswith("# Warning: 'commonLabels' is deprecated.")
    assert capfd.readouterr() == ("", "")


def test_work_is_counted() -> None:
    counters = render(APP).counters
    assert (counters.reads, counters.merges, counters.copies) == (2, 0, 0)
    assert set(counters.as_dict()) >= {"reads", "parses", "merges", "visits"}


def test_a_type_checker_sees_the_public_names(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(
        "import kbuild\n"
        "result: kbuild.Result = kbuild.render('.', fs=kbuild.MemoryFileSystem({}))\n"
        "fs: kbuild.FileSystem = kbuild.JailedFileSystem(kbuild.DiskFileSystem(), '/')\n"
        "text: str = result.to_yaml()\n"
        "images: list[str] = result.images()\n"
        "name: str = result.resources[0].id.name\n"
        "try:\n    pass\nexcept kbuild.KustomizationError as error:\n    line: int = error.line\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "user.py"]
    environment = {**os.environ, "MYPYPATH": str(DEMO.parents[1])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Success"), done.stdout
