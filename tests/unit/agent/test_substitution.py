"""Post-build substitution by the table of the syntax, and builds from an artifact's files."""

from __future__ import annotations

from typing import Any

import pytest

import kbuild
from applier.agent.kustomization import kfile
from applier.agent.kustomization.artifacts import ROOT
from applier.agent.kustomization.asked import AskedFileSystem, answers_same
from applier.agent.kustomization.build import (
    PathError,
    VariablesError,
    build,
    folder_of,
    objects,
)
from applier.agent.kustomization.kfile import BuildError
from applier.agent.kustomization.substitution import SubstitutionError, check_names, substitute
from applier.agent.source.archive import Entry


def file_system(files: dict[str, Entry]) -> kbuild.MemoryFileSystem:
    return kbuild.MemoryFileSystem({f"{ROOT}/{path}": entry.data or b"" for path, entry in files.items()})


VARIABLES = {"v": "hello.world.txt", "e": "", "n": "42", "u": "äöü", "b": "B", "path": "a/b/c"}

TABLE = [
    ("${v}", "hello.world.txt"), ("$v", "$v"), ("a $ b", "a $ b"), ("$", "$"),
    ("${x:-d}", "d"), ("${x:=d}", "d"), ("${x=d}", "d"), ("${e:-d}", "d"), ("${v:-d}", "hello.world.txt"),
    ("${e}", ""), ("${x:-}", ""), ("${x:-a b}", "a b"), ("${x:-${v}}", "hello.world.txt"), ("${x:=${y:-z}}", "z"),
    ("${#v}", "15"), ("${#u}", "6"), ("${v^}", "Hello.world.txt"), ("${v^^}", "HELLO.WORLD.TXT"), ("${b,}", "b"),
    ("${b,,}", "b"), ("${v:6}", "world.txt"), ("${v:6:5}", "world"), ("${v:6:-4}", "world"), ("${v:x}", "hello.world.txt"),
    ("${v:-3}", "hello.world.txt"), ("${x:-3}", "3"), ("${v: -3}", "hello.world.txt"), ("${v#*.}", "world.txt"), ("${v##*.}", "txt"), ("${v%.*}", "hello.world"),
    ("${v%%.*}", "hello"), ("${v/o/0}", "hell0.world.txt"), ("${v//o/0}", "hell0.w0rld.txt"), ("${v/#hello/bye}", "bye.world.txt"),
    ("${v/%txt/md}", "hello.world.md"), ("${path//\\//-}", "a-b-c"), ("${v/*/x}", "hello.world.txt"),
    ("$${v}", "${v}"), ("a $$ b", "a $ b"), ("$$${v}", "$hello.world.txt"), ("${x:+d}", "d"), ("${x:?d}", "d"),
    ("${v} and ${n}", "hello.world.txt and 42"), ("no variables", "no variables"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TABLE, ids=[text for text, _ in TABLE])
def test_a_row_of_the_table(text: str, expected: str) -> None:
    assert substitute(text, VARIABLES) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("${x}", 'variable not set (strict mode): "x"'), ("${#x}", 'variable not set (strict mode): "x"'),
        ("${foo-bar.baz}", "missing closing brace"), ("${v", "missing closing brace"), ("${x-d}", "missing closing brace"),
        ("${x+d}", "missing closing brace"), ("${v:-a", "missing closing brace"), ("${", "unable to parse variable name"),
        ("${ v}", "unable to parse variable name"), ("${v }", "missing closing brace"), ("${v/a}", "bad substitution"),
        ("${1}", "unable to parse variable name"), ("${x:-" * 200 + "d" + "}" * 200, "bad substitution"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(SubstitutionError) as caught:
        substitute(text, VARIABLES)
    assert str(caught.value) == sentence


def test_an_unset_variable_is_empty_where_that_is_allowed() -> None:
    assert substitute("[${x}]", {}, is_strict=False) == "[]"


def test_a_name_that_no_expression_can_mean_is_refused() -> None:
    with pytest.raises(SubstitutionError, match=r"'a-b' var name is invalid, must match"):
        check_names({"a": "1", "a-b": "2"})


def test_the_spec_is_merged_into_an_existing_file() -> None:
    existing = {
        "resources": ["web.yaml", "cm.yaml"],
        "namePrefix": "old-",
        "images": [{"name": "nginx", "newTag": "1", "newName": "n"}],
    }
    spec = {
        "targetNamespace": "team", "namePrefix": "q-", "images": [{"name": "nginx", "digest": "sha256:1"}, {"name": "b", "newName": "c"}],
        "patches": [{"patch": "p", "target": {"kind": "K"}}], "components": ["../c", "gone"], "ignoreMissingComponents": True,
        "buildMetadata": ["originAnnotations"],
    }  # fmt: skip
    found = kfile.merged(existing, spec, lambda path: path == "../c")
    assert found == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["web.yaml", "cm.yaml"],
        "namePrefix": "q-", "namespace": "team", "patches": [{"patch": "p", "target": {"kind": "K"}}], "components": ["../c"],
        "images": [{"name": "nginx", "newName": "n", "digest": "sha256:1"}, {"name": "b", "newName": "c"}],
        "buildMetadata": ["originAnnotations"],
    }  # fmt: skip


@pytest.mark.parametrize("path", ["https://example.test/x", "/abs", "git@example.test:x"])
def test_a_component_from_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(BuildError, match="must be local and relative"):
        kfile.components({"components": [path]}, lambda _: True)


MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  k: ${{v}}\n"


def files(**texts: str) -> dict[str, Entry]:
    return {
        path.replace("__", "/").replace("_yaml", ".yaml"): Entry(path, text.encode()) for path, text in texts.items()
    }


SOURCE = files(
    app__a_yaml=MAP.format("a"), app__sub__kustomization_yaml="resources: [b.yaml]\nnamePrefix: x-",
    app__sub__b_yaml=MAP.format("b"), app__comment_yaml="# nothing\n", other__c_yaml="a: 1\n", empty__note="x",
)  # fmt: skip


def built(path: str, **spec: Any) -> Any:
    fs = file_system(SOURCE)
    return build(folder_of(path, fs), fs, spec)


def test_a_path_without_a_file_is_generated_and_overridden() -> None:
    result = built("./app", namePrefix="p-", nameSuffix="-s", targetNamespace="apps")
    assert [str(found.name) for found in result.ids()] == ["p-a-s", "p-x-b-s"]
    assert {found.namespace for found in result.ids()} == {"apps"}


def test_nothing_at_all_is_built_from_an_empty_folder() -> None:
    assert built("empty").to_dicts() == []


@pytest.mark.parametrize("path", ["nope", "../../etc", "app/a.yaml"])
def test_a_path_that_is_not_there_is_told(path: str) -> None:
    with pytest.raises(PathError, match="kustomization path not found: stat /source/"):
        built(path)


def test_what_is_no_manifest_names_its_file() -> None:
    with pytest.raises(
        BuildError, match=r"failed to decode Kubernetes YAML from other/c.yaml: missing Resource metadata"
    ):
        built("other")


def test_a_failed_build_names_no_folder_of_ours() -> None:
    fs = file_system(files(kustomization_yaml="resources: [missing.yaml]"))
    with pytest.raises(BuildError) as caught:
        build(folder_of(".", fs), fs, {})
    assert str(caught.value).startswith("kustomize build failed: accumulating resources: ")
    assert "/source" not in str(caught.value)


def test_variables_are_replaced_where_there_are_any() -> None:
    def spec(**post: Any) -> dict[str, Any]:
        return {"postBuild": {"substitute": {}, **post}}

    result = built("app")
    with_value = objects(result, spec(), lambda: {"v": "1"}, is_strict=True)
    assert [body["data"]["k"] for body in with_value] == [1, 1]
    assert objects(result, spec(), dict, is_strict=True)[0]["data"] == {"k": "${v}"}
    assert objects(result, {}, dict, is_strict=True)[0]["data"] == {"k": "${v}"}
    with pytest.raises(BuildError) as caught:
        objects(result, spec(substituteStrategy="Always"), dict, is_strict=True)
    assert str(caught.value) == (
        "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: variable substitution failed: variable not set"
        ' (strict mode): "v"'
    )


def test_variables_that_cannot_be_had_name_the_object() -> None:
    def missing() -> dict[str, str]:
        raise VariablesError("substitute from 'ConfigMap/x' error: configmaps \"x\" not found")

    with pytest.raises(
        BuildError, match=r"post build failed for 'ConfigMap.v1.\[noGrp\]/a': substitute from 'ConfigMap/x'"
    ):
        objects(built("app"), {"postBuild": {"substituteFrom": []}}, missing, is_strict=True)


def test_an_object_can_opt_out() -> None:
    text = MAP.format("a").replace(
        "name: a\n", "name: a\n  annotations:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\n"
    )
    fs = file_system(files(a_yaml=text))
    found = objects(
        build(folder_of(".", fs), fs, {}), {"postBuild": {"substitute": {"v": "1"}}}, lambda: {"v": "1"}, is_strict=True
    )
    assert found[0]["data"]["k"] == "${v}"


def test_a_build_is_the_same_while_only_files_change_that_it_never_asked_about() -> None:
    asked = AskedFileSystem(file_system(SOURCE))
    build(folder_of("app", asked), asked, {})
    assert answers_same(file_system(SOURCE), asked.answers)
    assert answers_same(file_system({**SOURCE, "other/c.yaml": Entry("other/c.yaml", b"b: 2")}), asked.answers)
    for path, content in {"app/a.yaml": b"c", "app/new.yaml": b"", "app/kustomization.yaml": b"resources: []"}.items():
        assert not answers_same(file_system({**SOURCE, path: Entry(path, content)}), asked.answers), path
    assert not answers_same(file_system({}), asked.answers)
