"""The command lines of the applier: what flags mean, what is refused, and what help says. No cluster is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from applier.cli import flags, pages
from applier.cli.settings import policy_of, read
from applier.cli.source import read_source
from applier.model.policy import Policy
from kbuild import KbuildError, UsageError
from kbuild.cli.help import command_page
from kbuild.cli.main import main

COMMANDS = ("apply", "diff", "status", "delete", "inventory")


def policy(*argv: str) -> Policy:
    return policy_of(read([*argv, "."], flags.APPLY, (1, 1)).values, "shop")


def test_no_flag_is_the_policys_own_default() -> None:
    assert policy() == Policy(namespace="shop")


@pytest.mark.parametrize(
    ("argv", "fields"),
    [
        (("--no-prune",), {"prune": False}),
        (("--prune=false",), {"prune": False}),
        (("--no-wait",), {"wait": False, "timeout_s": 0.0}),
        (("--timeout=90s", "--total-timeout", "1h"), {"timeout_s": 90.0, "total_timeout_s": 3600.0}),
        (("--timeout=0",), {"timeout_s": 0.0}),
        (("--adopt=all", "--recreate", "stateless"), {"adopt": "all", "recreate": "stateless"}),
        (("--allow-prune=40", "--allow-prune=Namespace,Secret"), {"allow_prune": frozenset({"40", "Namespace", "Secret"})}),
        (("--only-namespace=a", "--only-namespace=b"), {"only_namespaces": ("a", "b")}),
        (("-y", "--allow-empty"), {"confirmed": True, "allow_empty": True}),
        (("--force-conflicts", "--concurrency=3"), {"force_conflicts": True, "concurrency": 3}),
        (("--fail-fast=pods", "--wait-lb", "--no-labels"), {"fail_fast_pods": True, "wait_load_balancers": True, "labels": False}),
        (("--cascade=foreground", "--dry-run-first"), {"cascade": "foreground", "dry_run_first": True}),
    ],
)  # fmt: skip
def test_flags_are_fields_of_the_policy(argv: tuple[str, ...], fields: dict[str, Any]) -> None:
    found = policy(*argv)
    assert {name: getattr(found, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--adopt=some", "."], "--adopt must be 'never', 'unowned' or 'all'"),
        (["--timeout=soon", "."], "--timeout=soon is no time"),
        (["--concurrency=0", "."], "--concurrency must be a number from 1 on"),
        (["--dry-run=maybe", "."], "--dry-run must be"),
        (["--forceconflicts", "."], "unknown flag: --forceconflicts"),
        ([], "specify one DIR, FILE or -"),
        (["a", "b"], "specify one DIR, FILE or -"),
    ],
)
def test_a_wrong_command_line_is_refused(argv: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        policy_of(read(argv, flags.APPLY, (1, 1)).values, "shop")


def test_a_wrong_command_line_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["apply", "--adopt=some", "."]) == 2
    assert main(["diff", "--adopt=some", "."]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "specify what to do with the inventory"),
        (["--name", "show"], "specify what to do with the inventory"),
        (["import", "flux"], "specify what to import"),
        (["import", "nobody", "a/b"], "specify what to import"),
        (["show", "more"], "unknown argument: more"),
    ],
)
def test_the_inventory_command_says_what_it_needs(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inventory", *argv]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", ["build", "diff", "delete"])
def test_a_flux_noun_that_is_not_supported_is_no_folder(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "artifact", "apps"]) == 1
    assert "written ./artifact" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_is_in_the_help(name: str) -> None:
    page = command_page(name)
    missing = [flag.name for flag in pages.FLAGS[name] if f"--{flag.name}" not in page]
    assert missing == []
    assert all(len(line) <= 100 for line in page.splitlines())


@pytest.mark.parametrize("name", COMMANDS)
def test_no_flag_is_there_twice(name: str) -> None:
    names = [flag.name for flag in pages.FLAGS[name]]
    shorts = [flag.short for flag in pages.FLAGS[name] if flag.short]
    assert len(names) == len(set(names))
    assert len(shorts) == len(set(shorts))


def source_of(target: Path, *argv: str) -> Any:
    return read_source(read([str(target), *argv], flags.APPLY, (1, 1)))


def test_a_folder_is_rendered_and_names_its_inventory(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(
        "metadata: {name: shop}\nnamespace: prod\nnamePrefix: a-\nresources: [x.yaml]\n"
    )
    (tmp_path / "x.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    found = source_of(tmp_path)
    assert (found.name, found.namespace) == ("shop", "prod")
    assert [document.body["metadata"]["name"] for document in found.documents] == ["a-x"]
    assert found.documents[0].position.startswith(str(tmp_path / "x.yaml") + ":1")


def test_a_file_is_not_rendered(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}))
    found = source_of(file)
    assert (found.name, found.namespace) == ("", "")
    assert [document.body["metadata"]["name"] for document in found.documents] == ["x"]


def test_the_digest_does_not_depend_on_the_order(tmp_path: Path) -> None:
    parts = [f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}}}\n" for number in range(3)]
    digests = set()
    for order in ((0, 1, 2), (2, 1, 0)):
        file = tmp_path / "set.yaml"
        file.write_text("---\n".join(parts[number] for number in order))
        digests.add(source_of(file).digest)
    assert len(digests) == 1


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KbuildError):
        source_of(tmp_path / "missing.yaml")
