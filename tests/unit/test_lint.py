"""`kbuild lint`: each rule on the smallest tree that breaks it, and the forms of its output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kbuild
from kbuild.cli.main import main
from kbuild.lint.check import lint
from kbuild.lint.findings import RULES, Finding, reaches
from kbuild.lint.report import render

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: app, image: nginx}]
      volumes:
      - configMap: {name: settings}
        name: settings
"""
WIDGET = """\
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec:
  parts: [{name: a}, {name: b}]
"""
PATCH = WIDGET.replace("[{name: a}, {name: b}]", "[{name: b, size: 1}]")


def found(files: dict[str, str], *paths: str, **options: object) -> list[Finding]:
    fs = kbuild.MemoryFileSystem({f"/r/{name}": text for name, text in files.items()})
    return lint(paths or ("/r",), fs=fs, options=kbuild.Options(**options))


def shown(files: dict[str, str], *paths: str) -> list[str]:
    return [f"{f.file.removeprefix('/r/')}:{f.line}:{f.column} {f.rule}" for f in found(files, *paths)]


CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "nothing is wrong": ({"kustomization.yaml": "resources: [w.yaml]", "w.yaml": WIDGET}, []),
    "an unknown field": (
        {"kustomization.yaml": "resources: [w.yaml]\nnamePrefx: a-", "w.yaml": WIDGET},
        ["kustomization.yaml:2:1 build-fails", "kustomization.yaml:2:1 invalid-field"],
    ),
    "every unknown field": (
        {"kustomization.yaml": "patches:\n- path: p\n  targt: {kind: A}\n  target: {knd: A}"},
        [
            "kustomization.yaml:3:3 invalid-field",
            "kustomization.yaml:4:12 build-fails",
            "kustomization.yaml:4:12 invalid-field",
        ],
    ),
    "a wrong type": (
        {"kustomization.yaml": "resources: w.yaml\nlabels: [{pairs: {a: 1}}]"},
        [
            "kustomization.yaml:1:1 invalid-field",
            "kustomization.yaml:2:19 build-fails",
            "kustomization.yaml:2:19 invalid-field",
        ],
    ),
    "no YAML": ({"kustomization.yaml": "resources: [\n"}, ["kustomization.yaml:2:1 build-fails"]),
    "old spellings": (
        {
            "kustomization.yaml": "bases: [base]\ncommonLabels: {a: b}\nconfigMapGenerator:\n- name: s\n  env: s.env\n",
            "s.env": "a=b",
            "base/kustomization.yaml": "resources: [w.yaml]",
            "base/w.yaml": WIDGET,
        },
        [f"kustomization.yaml:{place} deprecated-field" for place in ("1:1", "2:1", "5:3")],
    ),
    "other case": (
        {"kustomization.yaml": "Resources: [w.yaml]", "w.yaml": WIDGET},
        ["kustomization.yaml:1:1 field-spelling"],
    ),
    "patches that hit nothing": (
        {
            "kustomization.yaml": (
                "resources: [w.yaml]\npatches:\n- path: p.yaml\n  target: {kind: Gadget}\n"
                "- patch: '- {op: remove, path: /spec}'\n  target: {kind: Widget, name: v}\n"
                "patchesJson6902:\n- patch: '- {op: remove, path: /spec}'\n  target: {name: v}\n"
            ),
            "w.yaml": WIDGET,
            "p.yaml": PATCH,
        },
        [
            "kustomization.yaml:3:3 patch-matches-nothing",
            "kustomization.yaml:5:3 patch-matches-nothing",
            "kustomization.yaml:7:1 deprecated-field",
            "kustomization.yaml:8:3 patch-matches-nothing",
        ],
    ),
    "an image that nothing has": (
        {"kustomization.yaml": "resources: [w.yaml]\nimages:\n- name: nginx\n- name: ngin\n", "w.yaml": WEB},
        ["kustomization.yaml:4:3 image-matches-nothing"],
    ),
    "an image of an earlier entry": (
        {
            "kustomization.yaml": "resources: [w.yaml]\nimages:\n- {name: nginx, newName: a}\n- {name: a, newTag: '1'}\n",
            "w.yaml": WEB,
        },
        [],
    ),
    "replacement targets": (
        {
            "kustomization.yaml": (
                "resources: [w.yaml]\nreplacements:\n- path: r.yaml\n- source: {kind: Widget}\n  targets:\n"
                "  - select: {kind: Widget}\n  - select: {kind: Gadget}\n- path: r.yaml\n"
            ),
            "w.yaml": WIDGET,
            "r.yaml": "source: {kind: Widget}\ntargets: [{select: {kind: Gizmo}}]\n",
        },
        [f"kustomization.yaml:{place} replacement-matches-nothing" for place in ("3:3", "7:5", "8:3")],
    ),
    "a list of a custom resource": (
        {"kustomization.yaml": "resources: [w.yaml]\npatches:\n- path: p.yaml\n", "w.yaml": WIDGET, "p.yaml": PATCH},
        ["kustomization.yaml:3:3 list-replaced"],
    ),
    "a list with all that was there": (
        {
            "kustomization.yaml": "resources: [w.yaml]\npatches:\n- path: p.yaml\n",
            "w.yaml": WIDGET,
            "p.yaml": WIDGET.replace("{name: b}]", "{name: b}, {name: c}]"),
        },
        [],
    ),
    "a list that is said to be replaced": (
        {
            "kustomization.yaml": "resources: [w.yaml]\npatches:\n- path: p.yaml\n",
            "w.yaml": WIDGET,
            "p.yaml": PATCH.replace("[{", "[{$patch: replace}, {"),
        },
        [],
    ),
    "a list of a known kind": (
        {
            "kustomization.yaml": "resources: [w.yaml]\npatchesStrategicMerge: [p.yaml]\n",
            "w.yaml": WEB,
            "p.yaml": WEB.replace("image: nginx", "args: [a]"),
        },
        ["kustomization.yaml:2:1 deprecated-field"],
    ),
    "a name in another namespace": (
        {
            "kustomization.yaml": "resources: [w.yaml]\nconfigMapGenerator: [{name: settings}]\n",
            "w.yaml": WEB.replace("{name: web}", "{name: web, namespace: prod}"),
        },
        ["w.yaml:9:21 unresolved-name"],
    ),
    "a file that nothing uses": (
        {
            "kustomization.yaml": "resources: [w.yaml]",
            "w.yaml": WIDGET,
            "patches/old.yaml": "a",
            "notes.md": "a",
            ".hidden.yaml": "a",
            "charts/web/Chart.yaml": "a",
            "charts/web/values.yaml": "a",
        },
        ["patches/old.yaml:1:1 unused-file"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rule_finds(name: str) -> None:
    files, expected = CASES[name]
    assert shown(files) == expected


def test_every_rule_has_a_case() -> None:
    assert {line.split()[1] for _, lines in CASES.values() for line in lines} == set(RULES)


def test_a_component_is_judged_by_all_that_use_it() -> None:
    component = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\npatches:\n- {path: p.yaml, target: {kind: Widget}}\n"
    files = {
        "component/kustomization.yaml": component,
        "component/p.yaml": PATCH.replace("parts: [{name: b, size: 1}]", "size: 1"),
        "a/kustomization.yaml": "resources: [web.yaml]\ncomponents: [../component]",
        "a/web.yaml": WEB,
        "b/kustomization.yaml": "resources: [w.yaml]\ncomponents: [../component]",
        "b/w.yaml": WIDGET,
    }
    assert shown(files) == []
    assert shown(files, "/r/a") == ["component/kustomization.yaml:4:3 patch-matches-nothing"]


def test_a_base_that_builds_only_in_an_overlay_is_no_failure() -> None:
    base = "resources: [w.yaml]\npatches: [{path: p.yaml}]"
    files = {
        "base/kustomization.yaml": "resources: [web.yaml]\nconfigMapGenerator: [{name: settings}]",
        "base/web.yaml": WEB.replace("{name: web}", "{name: web, namespace: prod}"),
        "overlay/kustomization.yaml": "namespace: prod\nresources: [../base]",
        "broken/kustomization.yaml": base,
        "broken/w.yaml": WIDGET,
        "broken/p.yaml": PATCH.replace("name: w}", "name: v}"),
        "user/kustomization.yaml": "resources: [../broken]",
    }
    assert shown(files) == ["broken/p.yaml:1:1 build-fails"]


def test_rules_can_be_chosen() -> None:
    files, _ = CASES["a wrong type"]
    fs = kbuild.MemoryFileSystem({f"/r/{name}": text for name, text in files.items()})
    rules = {f.rule for f in lint(["/r"], fs=fs, options=kbuild.Options(), rules=["build-fails"])}
    assert rules == {"build-fails"}


def test_a_path_that_is_no_folder_is_refused() -> None:
    with pytest.raises(kbuild.MissingFileError, match="'/r/no' is not a folder"):
        found({"kustomization.yaml": ""}, "/r/no")


def test_severities_are_ordered() -> None:
    note = Finding("f", 1, 1, "image-matches-nothing", "m")
    assert [reaches(note, severity) for severity in ("error", "warning", "note")] == [False, False, True]


def text_of(form: str) -> str:
    findings = found(CASES["old spellings"][0])
    return render(findings, form, lambda path: path.removeprefix("/r/"), "1.0.0")


def test_text_has_place_severity_and_hint() -> None:
    lines = text_of("text").splitlines()
    assert lines[0] == 'kustomization.yaml:1:1: warning: "bases" is deprecated [deprecated-field]'
    assert lines[1] == "  hint: use `resources`"
    assert lines[-1] == "3 warnings"
    assert render([], "text", str, "1") == "nothing found\n"


def test_json_has_all_fields() -> None:
    value = json.loads(text_of("json"))
    assert value["summary"] == {"error": 0, "warning": 3, "note": 0}
    assert value["findings"][2] == {
        "file": "kustomization.yaml", "line": 5, "column": 3, "severity": "warning", "rule": "deprecated-field",
        "message": '"env" is deprecated', "hint": "use `envs`",
    }  # fmt: skip


def test_sarif_names_rules_and_regions() -> None:
    run = json.loads(text_of("sarif"))["runs"][0]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == set(RULES)
    result = run["results"][0]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "deprecated-field"
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "kustomization.yaml"}, "region": {"startLine": 1, "startColumn": 1}}


def test_the_command_exits_by_severity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [w.yaml]\nimages: [{name: nope}]\n")
    (tmp_path / "w.yaml").write_text(WIDGET)
    assert main(["lint", str(tmp_path)]) == 0
    assert "1 note" in capsys.readouterr().out
    assert main(["lint", str(tmp_path), "--severity", "note", "-o", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["summary"]["note"] == 1
    assert main(["lint", str(tmp_path), "--rule", "nope"]) == 1
    assert "illegal flag value --rule nope" in capsys.readouterr().err
