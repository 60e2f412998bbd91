"""What the operator's commands print besides tables: ages, log lines, trees, reports of differences, suspensions."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from applier import keys
from applier.cli.operate import (
    ages,
    call,
    event_rows,
    kinds,
    log_files,
    log_lines,
    pages,
    releases,
    requests,
    sops_masks,
    stats,
    tables,
    toggle,
    trace_text,
    tree_text,
)
from applier.cli.operate.log_printer import Printer
from applier.cli.operate.words import StoppedError
from applier.model.ids import ObjectId
from applier.report import field_changes
from kbuild.cli.help import next_words
from kbuild.cli.main import flux_verb, main


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"), (-0.5, "0s"), (0, "0s"), (1.9, "1s"), (119, "119s"), (120, "2m"), (574, "9m34s"), (600, "10m"), (10_799, "179m"),
        (10_800, "3h"), (28_740, "7h59m"), (28_800, "8h"), (172_799, "47h"), (172_800, "2d"), (176_400, "2d1h"), (691_200, "8d"),
        (63_071_999, "729d"), (63_072_000, "2y"), (63_158_400, "2y1d"), (252_288_000, "8y"),
    ],
)  # fmt: skip
def test_ages_get_coarser_with_time(seconds: float, text: str) -> None:
    assert ages.human(seconds) == text


def test_moments_in_any_zone_and_none() -> None:
    assert ages.moment_of("2026-01-01T00:00:00Z") == ages.moment_of("2026-01-01T01:00:00+01:00") == 1767225600.0
    assert ages.moment_of("2026-01-01T00:00:00.250Z") == 1767225600.25
    assert [ages.moment_of(text) for text in ("", "now", "2026-01-01T00:00:00")] == [None, None, None]
    assert ages.age("", 0.0) == "<unknown>"


def event(name: str, last: str, **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "apps"}, "type": "Normal", "reason": "Progressing", "message": "m", "firstTimestamp": last,
        "lastTimestamp": last, "count": 1, "involvedObject": {"kind": "Kustomization", "name": name}, **more,
    }  # fmt: skip


def test_events_are_sorted_by_when_they_were_seen_last_and_others_kinds_are_left_out() -> None:
    found = [
        event("b", "2026-01-01T00:01:00Z", count=3, firstTimestamp="2026-01-01T00:00:00Z"),
        event("a", "2026-01-01T00:00:30Z", type="Warning"),
        event("c", "", eventTime="2026-01-01T00:00:10.000000Z", firstTimestamp=None, lastTimestamp=None),
        event(
            "d", "2026-01-01T00:00:00Z", eventTime="2026-01-01T00:00:00.000000Z",
            series={"count": 7, "lastObservedTime": "2026-01-01T00:01:30.000000Z"},
        ),
        event("pod", "2026-01-01T00:00:00Z", involvedObject={"kind": "Pod", "name": "p"}),
    ]  # fmt: skip
    now = 1767225600.0 + 100
    rows = event_rows.rows(found, (), now, with_namespace=True)
    assert [row[1:5:3] for row in rows] == [
        ["90s", "Kustomization/c"], ["70s", "Kustomization/a"], ["40s (x3 over 100s)", "Kustomization/b"],
        ["10s (x7 over 100s)", "Kustomization/d"],
    ]  # fmt: skip
    assert [row[3] for row in event_rows.rows(found, ("WARNING",), now, with_namespace=False)] == ["Kustomization/a"]


LINE = {
    "level": "error", "ts": "2026-01-01T00:00:00.500Z", "msg": "BuildFailed", "controllerKind": "Kustomization", "name": "web",
    "namespace": "apps", "error": "no such file",
}  # fmt: skip


def test_log_lines_in_the_form_of_flux() -> None:
    assert log_lines.text(LINE) == "2026-01-01T00:00:00.500Z error Kustomization/web.apps - BuildFailed no such file"
    started = {"level": "info", "ts": "t", "msg": "started", "error": None}
    assert log_lines.text(started) == "t info  - started "
    assert log_lines.text({**started, "output": "a created\nb created"}) == "t info  - started a created; b created "
    assert log_lines.text({**started, "output": {"a": "created", "b": "unchanged"}}) == "t info  - started a created "
    older = {
        "reconciler kind": "GitRepository",
        "level": "info",
        "ts": "t",
        "msg": "m",
        "name": "shop",
        "namespace": "n",
    }
    assert log_lines.text(older) == "t info GitRepository/shop.n - m "


@pytest.mark.parametrize("line", ["", "plain", '["a"]', '{"a": ', b"E0101 text"])
def test_lines_that_are_no_entries_are_dropped(line: str | bytes) -> None:
    assert log_lines.read(line) is None


@pytest.mark.parametrize(
    ("wanted", "is_kept"),
    [
        ({}, True), ({"level": "error"}, True), ({"level": "info"}, False), ({"kind": "kustomization"}, True),
        ({"kind": "GitRepository"}, False), ({"name": "WEB"}, True), ({"name": "api"}, False), ({"namespace": "apps"}, True),
        ({"namespace": "flux-system"}, False), ({"since": 1767225600.0}, True), ({"since": 1767225601.0}, False),
        ({"level": "error", "kind": "Kustomization", "name": "web", "namespace": "apps"}, True),
    ],
)  # fmt: skip
def test_which_lines_are_wanted(wanted: dict[str, Any], is_kept: bool) -> None:
    assert log_lines.Wanted(**wanted).holds(LINE) == is_kept


def test_files_are_read_to_their_last_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "agent.log"
    lines = [json.dumps({**LINE, "name": f"n-{number}"}) for number in range(5)]
    file.write_text("panic: no entry\n" + "\n".join(lines) + "\n")
    printer = Printer(log_lines.Wanted(level="error"))
    assert log_files.read_files([str(file)], printer, 2, follow=False) == 0
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()] == [
        "Kustomization/n-3.apps", "Kustomization/n-4.apps",
    ]  # fmt: skip
    with pytest.raises(StoppedError, match="nope cannot be read: No such file or directory"):
        log_files.read_files(["nope"], printer, -1, follow=False)


def node(name: str, *children: tree_text.Node) -> tree_text.Node:
    return tree_text.Node(ObjectId("g", "Kind", "ns", name), list(children))


def test_a_tree_is_drawn_with_its_branches() -> None:
    root = node("root", node("a", node("a1", node("a2")), node("b1")), node("c", node("c1")))
    assert list(tree_text.lines(root)) == [
        "Kind/ns/root",
        "├── Kind/ns/a",
        "│   ├── Kind/ns/a1",
        "│   │   └── Kind/ns/a2",
        "│   └── Kind/ns/b1",
        "└── Kind/ns/c",
        "    └── Kind/ns/c1",
    ]
    assert "resources" not in tree_text.value(node("leaf"))
    cluster_wide = tree_text.Node(ObjectId("", "Namespace", "", "apps"))
    assert tree_text.label(cluster_wide.id) == "Namespace/apps"


def test_a_deep_tree_is_drawn() -> None:
    root = node("root")
    inner = root
    for _ in range(5_000):
        inner.children.append(node("x"))
        inner = inner.children[0]
    assert sum(1 for _ in tree_text.lines(root)) == 5_001


def report(before: Any, after: Any) -> str:
    return "\n".join(field_changes.lines(before, after))


def test_equal_objects_have_no_report() -> None:
    assert report({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == ""


def test_values_types_and_entries_that_changed() -> None:
    assert report({"a": 1, "b": {"c": "x"}}, {"a": 2, "b": {"c": "x", "d": 1, "e": {"f": "g"}}}) == (
        "\na\n± value change\n- 1\n+ 2\n\nb\n+ two map entries added:\n  d: 1\n  e:\n    f: g\n"
    )
    assert report({"a": "1", "z": True}, {"a": 1, "z": False}) == (
        "\na\n± type change from string to int\n- 1\n+ 1\n\nz\n± value change\n- true\n+ false\n"
    )
    assert report({"spec": {"a": None, "b": {"c": 1}}}, {"spec": {"a": None}}) == (
        "\nspec\n- one map entry removed:\n  b:\n    c: 1\n"
    )


def test_items_that_have_names_are_named_in_paths() -> None:
    before = {"ports": [{"name": "http", "port": 9899}, {"name": "old", "port": 1}]}
    after = {"ports": [{"name": "http", "port": 9898}, {"name": "new", "port": 2}]}
    assert report(before, after) == (
        "\nports\n- one list entry removed:\n  - name: old\n    port: 1\n+ one list entry added:\n  - name: new\n    port: 2\n"
        "\nports.http.port\n± value change\n- 9899\n+ 9898\n"
    )


def test_items_without_names() -> None:
    assert report({"a": [{"x": 1}]}, {"a": [{"x": 2}]}) == "\na.0.x\n± value change\n- 1\n+ 2\n"
    assert report({"a": [1, 2]}, {"a": [2, 3]}) == (
        "\na\n- one list entry removed:\n  - 1\n+ one list entry added:\n  - 3\n"
    )
    assert report({"a": [1, 2]}, {"a": [2, 1]}).startswith("\na\n⇆ order changed")
    names = ({"a": [{"name": one} for one in text]} for text in ("xy", "yx"))
    assert report(*names) == "\na\n⇆ order changed\n- x, y\n+ y, x\n"
    many = {"a": list(range(200))}
    assert report(many, {"a": [*range(199), "new"]}).count("\n  - ") == 2


def test_texts_of_several_lines_are_compared_by_line() -> None:
    before, after = ({"a": f"one\n{word}\nthree\n"} for word in ("two", "2"))
    assert report(before, after) == (
        "\na\n± value change in multiline text (one insert, one deletion)\n  one\n- two\n+ 2\n  three\n"
    )


def test_encrypted_values_are_masked() -> None:
    mask = base64.b64encode(b"**SOPS**").decode()
    whole = {"kind": "Secret", "data": {"a": "ENC[x]"}, "stringData": {"b": "ENC[y]"}, "sops": {"mac": "ENC[z]"}}
    assert sops_masks.masked(whole) == {"kind": "Secret", "data": {"a": mask}, "stringData": {"b": "**SOPS**"}}
    inner = base64.b64encode(b'{"data": "ENC[x]", "sops": {}}').decode()
    plain = base64.b64encode(b"plain").decode()
    partly = sops_masks.masked({"kind": "Secret", "data": {"a": inner, "b": plain, "c": "%%"}})
    assert partly["data"] == {"a": mask, "b": plain, "c": "%%"}
    assert sops_masks.is_masked(partly)
    assert not sops_masks.is_masked({"kind": "Secret", "data": {"b": plain}})
    docker = sops_masks.masked({**whole, "type": "kubernetes.io/dockerconfigjson"})
    assert docker["stringData"] == {"b": '{"mask":"**SOPS**"}'}
    assert sops_masks.is_masked(docker)
    assert sops_masks.masked({"kind": "HelmRelease", "sops": {}, "spec": {}}) == {"kind": "HelmRelease", "spec": {}}


def kustomization(**spec: Any) -> dict[str, Any]:
    notes = {
        keys.SUSPENDED_BY: "anna", keys.SUSPENDED_REASON: "moving the disk", keys.SUSPENDED_UNTIL: "2030-01-01T00:00:00Z",
    }  # fmt: skip
    return {"kind": "Kustomization", "metadata": {"name": "web", "namespace": "n", "annotations": notes}, "spec": spec}


def test_a_suspension_says_by_whom_until_when_and_why() -> None:
    held = kustomization(suspend=True)
    assert tables.hold_of(held) == "(suspended by anna until 2030-01-01T00:00:00Z: moving the disk)"
    assert tables.row(kinds.KUSTOMIZATION, held)[-1] == f"waiting to be reconciled {tables.hold_of(held)}"
    assert tables.hold_of(kustomization()) == ""  # resumed by another tool, which knows nothing of the notes
    held["metadata"]["annotations"] = {keys.SUSPENDED_REASON: "why"}
    assert tables.hold_of(held) == "(suspended: why)"
    held["metadata"]["annotations"] = {}
    assert tables.hold_of(held) == ""


def test_the_end_of_a_suspension_is_a_time_or_a_moment() -> None:
    assert toggle.moment("2h", 0.0) == "1970-01-01T02:00:00Z"
    assert toggle.moment("2030-01-31T18:00:00Z", 0.0) == "2030-01-31T18:00:00Z"
    for text, reason in (
        ("soon", "neither a time"),
        ("2030-01-31", "neither a time"),
        ("1970-01-01T00:00:00Z", "past"),
        ("-1h", "past"),
    ):
        with pytest.raises(StoppedError, match=reason):
            toggle.moment(text, 10.0)


def test_kinds_without_a_status_are_ready_and_others_wait() -> None:
    alert = {"kind": "Alert", "metadata": {"name": "a", "namespace": "n"}, "spec": {"suspend": True}}
    assert tables.row(kinds.ALERT, alert) == ["a", "True", "True", "Alert is Ready"]
    assert tables.header(kinds.PROVIDER) == ["NAME", "READY", "MESSAGE"]
    wanted = [tables.status_filter(text) for text in ("ready=false", "ready=true", "ready!=true")]
    assert [tables.selected(alert, one, kinds.ALERT) for one in wanted] == [False, True, False]


def test_revisions_and_sources_of_every_kind() -> None:
    place = {"name": "x", "namespace": "n"}
    release = {
        "kind": "HelmRelease", "metadata": place, "status": {"history": [{"chartVersion": "1.2.3"}]},
        "spec": {"chart": {"spec": {"sourceRef": {"kind": "HelmRepository", "name": "repo"}}}},
    }  # fmt: skip
    assert (tables.revision_of(release), tables.source_of(kinds.RELEASE, release)) == ("1.2.3", "HelmRepository/n/repo")
    by_reference = {
        **release,
        "spec": {"chartRef": {"kind": "OCIRepository", "name": "oci", "namespace": "m"}},
        "status": {},
    }
    assert (tables.revision_of(by_reference), tables.source_of(kinds.RELEASE, by_reference)) == (
        "",
        "OCIRepository/m/oci",
    )
    chart = {"kind": "HelmChart", "metadata": place, "status": {"artifact": {"revision": "1.0.0"}}}
    assert tables.revision_of(chart) == "1.0.0"
    assert tables.source_of(kinds.GIT, {"kind": "GitRepository", "metadata": place}) == ""


def test_a_failed_source_says_so_in_a_trace() -> None:
    ready = {"type": "Ready", "status": "False", "message": "gone", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    source = {
        "kind": "GitRepository", "metadata": {"name": "shop", "namespace": "n"}, "status": {"conditions": [ready]},
        "spec": {"url": "https://example.test/a", "ref": {"semver": ">=1", "branch": "main"}},
    }  # fmt: skip
    assert trace_text.text([trace_text.of_source(source)]) == (
        "\nGitRepository:   shop\nNamespace:       n\nURL:             https://example.test/a\nTag:             >=1\n"
        "Status:          Last reconciliation failed at 2026-01-01 00:00:00 +0000 UTC\nMessage:         gone\n"
    )
    assert ("Status", "Unknown") in trace_text.of_applier(kustomization(targetNamespace="t"))


@pytest.mark.parametrize(
    ("size", "text"), [(0, "-"), (1, "1 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1741, "1.7 KiB"), (5 << 20, "5.0 MiB"), (3 << 40, "3.0 TiB")]
)  # fmt: skip
def test_sizes_of_artifacts(size: int, text: str) -> None:
    assert stats.size_text(size) == text


def test_counts_of_a_kind() -> None:
    def body(ready: str, *, suspend: bool = False) -> dict[str, Any]:
        return {
            "spec": {"suspend": suspend},
            "status": {"conditions": [{"type": "Ready", "status": ready}], "artifact": {"size": 5}},
        }

    bodies = [body("True"), body("False"), body("False", suspend=True), {"spec": {}}]
    assert stats.counted("Bucket", bodies) == stats.Count("Bucket", running=3, failing=2, suspended=1, storage=15)


def test_the_objects_of_a_stored_release() -> None:
    manifest = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n# nothing\n"
    packed = gzip.compress(json.dumps({"name": "r", "manifest": manifest}).encode())
    data = base64.b64encode(base64.b64encode(packed)).decode()
    assert [body["metadata"]["name"] for body in releases.manifest_of(data)] == ["a"]
    release = {"metadata": {"namespace": "n"}, "status": {"history": [{"name": "r", "namespace": "m", "version": 3}]}}
    assert releases.place_of(release) == ("m", "sh.helm.release.v1.r.v3")
    assert releases.place_of({"metadata": {"namespace": "n"}}) is None


def test_a_resumed_object_is_handled_once_its_generation_is_observed() -> None:
    handled = requests.observes({"metadata": {"generation": 3}})

    def live(status: str, generation: int, observed: int) -> dict[str, Any]:
        ready = {"type": "Ready", "status": status, "observedGeneration": generation}
        return {"status": {"observedGeneration": observed, "conditions": [ready]}}

    assert not handled({"status": {}})
    assert not handled(live("True", 2, 2))  # of before
    assert not handled(live("True", 3, 2))  # Flux writes the condition first
    assert handled(live("True", 3, 3))
    assert handled(live("False", 3, 2))  # a failure does not advance the status


def test_a_request_s_token_is_a_moment_with_nanoseconds() -> None:
    text = requests.now_text()
    assert len(text.partition(".")[2].rstrip("Z")) >= 9
    assert abs((ages.moment_of(text[:26] + text[29:]) or 0.0) - time.time()) < 60


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ((), ["source", "helmrelease", "kustomization", "receiver"]),
        (("sources",), ["oci", "bucket", "git", "helm", "chart"]),
        (("source",), ["oci", "bucket", "git", "helm", "chart"]),
        (("source", "git"), []),
        (("kustomization",), []),
    ],
)
def test_the_next_word_of_a_noun_is_completed(given: tuple[str, ...], wanted: list[str]) -> None:
    assert next_words(pages.NOUNS["reconcile"], given) == wanted


@pytest.mark.parametrize(
    ("line", "is_flux"),
    [
        ("build kustomization web", True), ("build ks web --path .", True), ("diff --context=c ks web", True), ("build ks --help", True),
        ("build ks", True), ("build ./ks", False), ("build ./ks web", False), ("build ks/", False), ("diff overlays/prod", False), ("render ks web", False),
        ("build -o out", False),
    ],
)  # fmt: skip
def test_a_noun_of_flux_with_a_name_is_one_of_its_verbs(line: str, is_flux: bool) -> None:
    assert bool(flux_verb(line.split())) is is_flux


def test_every_page_lists_flags_of_its_command() -> None:
    for name in pages.PAGES:
        wanted = {"help"} if name == "envsubst" else {"namespace", "context", "help"}
        assert {flag.name for flag in pages.FLAGS[name]} >= wanted
        assert name in pages.ARGUMENTS


def test_variables_of_the_environment_are_put_into_a_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("X", "1")
    monkeypatch.delenv("Y", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO("a: ${X}\nb: ${Y}\nc: ${Y:-2}\n"))
    assert main(["envsubst"]) == 0
    assert capsys.readouterr().out == "a: 1\nb: \nc: 2\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("${Y}"))
    assert main(["envsubst", "--strict"]) == 1
    assert capsys.readouterr() == ("", '✗ variable not set (strict mode): "Y"\n')


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("create so", ["source"]),
        ("get sources g", ["git"]),
        ("bootstrap githu", ["github"]),
        ("tree ", ["kustomization"]),
        ("logs ", []),
    ],
)
def test_nouns_are_completed_on_a_shell_s_request(line: str, wanted: list[str]) -> None:
    words = f"kbuild {line}"
    variables = {"_KBUILD_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    command = [sys.executable, "-c", "from kbuild.cli.main import entry; entry()"]
    done = subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60, check=False
    )
    assert [row.removeprefix("plain,") for row in done.stdout.split()] == wanted, done.stderr


def test_the_namespace_of_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = {"cluster": "c", "user": "u", "namespace": "of-the-context"}
    config = {
        "current-context": "x", "contexts": [{"name": "x", "context": context}], "users": [{"name": "u", "user": {"token": "t"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
    }  # fmt: skip
    (tmp_path / "config").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("FLUX_SYSTEM_NAMESPACE", raising=False)
    assert call.namespace_of({}) == "flux-system"
    monkeypatch.setenv("FLUX_SYSTEM_NAMESPACE", "of-the-environment")
    assert call.namespace_of({}) == "of-the-environment"
    assert call.namespace_of({"ns_follows_kube_context": True}) == "of-the-context"
    assert call.namespace_of({"ns_follows_kube_context": True, "namespace": "given"}) == "given"


def test_a_noun_alone_is_a_folder_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ks").mkdir()
    monkeypatch.chdir(tmp_path)
    assert not flux_verb(["build", "ks"])
    assert flux_verb(["build", "kustomization"])


@pytest.mark.parametrize(
    "line",
    ["get", "get sources", "get images", "suspend", "reconcile source", "export", "delete source", "debug", "tree"],
)
def test_a_line_without_a_noun_shows_the_help(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 0
    assert capsys.readouterr().out.startswith("Usage: ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("get foo", "say what to get: "),
        ("reconcile ks", "Kustomization name is required"),
        ("suspend ks", "kustomization name is required"),
        ("get ks -n BAD_NS", 'namespace must be a valid DNS label: "BAD_NS"'),
        ("reconcile source external a", "ExternalArtifact has no reconciler"),
        ("debug ks", "accepts 1 arg(s), received 0"),
        ("debug ks web", "exactly one of --show-status, --show-vars, or --show-history must be set"),
        (
            "debug hr web --show-values --show-status",
            "exactly one of --show-status, --show-values, or --show-history must be set",
        ),
        ("trace", "either `<resource>/<name>` or `<resource> <name>` is required as an argument"),
        ("build ks", "kustomization name is required"),
        ("get ks --as-user-extra a", "--as-user-extra must be KEY=VALUE, not 'a'"),
    ],
)
def test_wrong_lines_are_refused_in_fluxs_words(line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 1
    assert capsys.readouterr().err.startswith(f"✗ {message}")


def test_the_namespace_of_the_environment_must_be_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLUX_SYSTEM_NAMESPACE", "No!")
    assert call.namespace_of({}) == "flux-system"
    assert capsys.readouterr().err == '⚠️  ignoring invalid FLUX_SYSTEM_NAMESPACE: "No!"\n'
    monkeypatch.setenv("FLUX_SYSTEM_NAMESPACE", "gitops")
    assert call.namespace_of({}) == "gitops"


def test_what_is_said_of_a_run_that_succeeded() -> None:
    ready = {"conditions": [{"type": "Ready", "status": "True", "message": "all well"}]}
    assert tables.success_of(kinds.RECEIVER, {"kind": "Receiver"}) == "Receiver reconciliation completed"
    assert tables.success_of(kinds.ALERT, {"kind": "Alert"}) == "Alert reconciliation completed"
    assert (
        tables.success_of(kinds.IMAGE_REPOSITORY, {"status": {"lastScanResult": {"tagCount": 3}}})
        == "scan fetched 3 tags"
    )
    policy = {"status": {"latestRef": {"name": "ghcr.io/a/b", "tag": "1.2"}}}
    assert tables.success_of(kinds.IMAGE_POLICY, policy) == "selected ref ghcr.io/a/b:1.2"
    assert tables.success_of(kinds.IMAGE_UPDATE, {"status": ready}) == "all well"
    assert tables.success_of(kinds.HELM, {"spec": {"type": "oci"}, "status": ready}) == "all well"
