"""`kbuild migrate`: versions in files, line by line, and what it does to managed fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from applier.cli.setup import migrate

OLD = """\
apiVersion: source.toolkit.fluxcd.io/v1beta2 # the source
kind: GitRepository
---
- apiVersion: image.toolkit.fluxcd.io/v1beta2
  kind: ImagePolicy
---
apiVersion: v1
kind: ConfigMap
---
apiVersion: source.toolkit.fluxcd.io/v1beta2

kind: Bucket
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
"""
NEW = OLD.replace("io/v1beta2 # the", "io/v1 # the").replace(
    "image.toolkit.fluxcd.io/v1beta2", "image.toolkit.fluxcd.io/v1"
)


@pytest.fixture
def manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a.yaml").write_text(OLD)
    (tmp_path / "in" / "b.tpl").write_text(OLD)
    (tmp_path / "in" / "link.yaml").symlink_to("b.tpl")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "in"


def test_versions_in_files_are_moved(manifests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = "✚ in/deep/a.yaml:1: GitRepository v1beta2 -> v1\n✚ in/deep/a.yaml:4: ImagePolicy v1beta2 -> v1\n"
    start, skipped = "► starting migration of custom resources\n", "⚠️ skipping irregular file in/link.yaml\n"
    assert migrate.migrate(["-f", "in/", "--dry-run"]) == 0
    assert capsys.readouterr().err == f"{start}{skipped}{found}✔ dry-run mode enabled, no changes will be made\n"
    assert (manifests / "deep" / "a.yaml").read_text() == OLD
    assert migrate.migrate(["-f", "in"]) == 1  # nobody is there to agree
    assert capsys.readouterr().err.endswith("✗ aborting\n")
    assert migrate.migrate(["-f", "in", "--yes"]) == 0
    assert capsys.readouterr().err == (
        f"{start}{skipped}{found}✔ file in/deep/a.yaml migrated successfully\n✔ custom resources migrated successfully\n"
    )
    assert (manifests / "deep" / "a.yaml").read_text() == NEW
    assert (manifests / "b.tpl").read_text() == OLD
    assert migrate.migrate(["-f", "in/b.tpl", "-e", ".yaml,.tpl", "-y"]) == 0
    assert (manifests / "b.tpl").read_text() == NEW
    capsys.readouterr()
    assert migrate.migrate(["-f", "in"]) == 0
    assert capsys.readouterr().err == f"{start}{skipped}✔ no custom resources found that require migration\n"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("-f nope", "failed to stat path nope: openat nope: no such file or directory"),
        ("-f ../in", "failed to stat path ../in: it is outside of the working directory"),
        ("-f in/b.tpl", "file in/b.tpl does not match the specified extensions: .yaml, .yml"),
        ("-f in/link.yaml", "file in/link.yaml is irregular"),
        ("-f in --version 1.0", "version 1.0 is not supported, supported versions are: 2.9, 2.8, 2.7, 2.6"),
        ("more", "unknown argument: more"),
    ],
)
def test_what_cannot_be_moved_is_refused(
    line: str, sentence: str, manifests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate.migrate(line.split()) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"✗ {sentence}"


def test_an_older_flux_has_older_kinds_for_images() -> None:
    rows = OLD.split("\n")
    assert [one.row for one in migrate.upgrades_of(rows, migrate.latest_versions("2.6"))] == [0]
    assert ("source.extensions.fluxcd.io", "ArtifactGenerator") not in migrate.latest_versions("2.6")


def test_managed_fields_are_moved_only_where_they_are_old() -> None:
    def body(version: str) -> dict[str, object]:
        return {"metadata": {"resourceVersion": "7", "managedFields": [{"manager": "a", "apiVersion": version}]}}

    assert migrate.managed_change(body("g/v1"), "g/v1") == {}
    assert migrate.managed_change(body("g/v1beta2"), "g/v1") == body("g/v1")
