"""Kustomization texts: what is refused in which words, what is set, what is turned into newer spellings."""

from __future__ import annotations

import pytest

from kbuild.fields.kustomization_fields import GO_TYPES, STRING_TYPES, STRUCTS
from kbuild.load import kustomization_file
from kbuild.model.errors import KbuildError

# name -> (text, sentence); the sentences are those of kustomize v5.8.1 for a file in /app.
REFUSED: dict[str, tuple[str, str]] = {
    "unknown field": ("foo: 1\n", 'invalid Kustomization: json: unknown field "foo"'),
    "first unknown field in sorted order": (
        "zfoo: 1\nafoo: 1\nresources: []\n",
        'invalid Kustomization: json: unknown field "afoo"',
    ),
    "type error before an unknown field": (
        "zfoo: 1\nresources: 3\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.resources of type []string",
    ),
    "unknown field before a type error": (
        "afoo: 1\nresources: 3\n",
        'invalid Kustomization: json: unknown field "afoo"',
    ),
    "unknown field is quoted": ('"a\\tb\\"é": 1\n', 'invalid Kustomization: json: unknown field "a\\tb\\"é"'),
    "unknown nested field": ("images: [{name: a, foo: x}]\n", 'invalid Kustomization: json: unknown field "foo"'),
    "unknown field in a generator": (
        "configMapGenerator: [{name: a, file: x}]\n",
        'invalid Kustomization: json: unknown field "file"',
    ),
    "list from a text": (
        "resources: r.yaml\n",
        "invalid Kustomization: json: cannot unmarshal string into Go struct field Kustomization.resources of type []string",
    ),
    "list of texts from maps": (
        "resources: [{a: b}]\n",
        "invalid Kustomization: json: cannot unmarshal object into Go struct field Kustomization.resources of type string",
    ),
    "text from a number": (
        "images: [{name: a, newTag: 1.0}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field Image.images.newTag of type string",
    ),
    "text from a 1.1 boolean": (
        "images: [{name: a, newTag: y}]\n",
        "invalid Kustomization: json: cannot unmarshal bool into Go struct field Image.images.newTag of type string",
    ),
    "struct from a text": (
        "images: [x]\n",
        "invalid Kustomization: json: cannot unmarshal string into Go struct field Kustomization.images of type types.Image",
    ),
    "list of structs from a map": (
        "images: {a: b}\n",
        "invalid Kustomization: json: cannot unmarshal object into Go struct field Kustomization.images of type []types.Image",
    ),
    "map in an embedded struct": (
        "configMapGenerator: [{name: a, options: {labels: 3}}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field GeneratorOptions.configMapGenerator.GeneratorArgs.options.labels of type map[string]string",
    ),
    "text in a map": (
        "configMapGenerator: [{name: a, options: {labels: {a: 3}}}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field GeneratorOptions.configMapGenerator.GeneratorArgs.options.labels of type string",
    ),
    "integer from a text": (
        "replicas: [{name: a, count: '3'}]\n",
        "invalid Kustomization: json: cannot unmarshal string into Go struct field Replica.replicas.count of type int64",
    ),
    "integer from a fraction": (
        "replicas: [{name: a, count: 1.5}]\n",
        "invalid Kustomization: json: cannot unmarshal number 1.5 into Go struct field Replica.replicas.count of type int64",
    ),
    "integer beyond 64 bits": (
        "replicas: [{name: a, count: 99999999999999999999}]\n",
        "invalid Kustomization: json: cannot unmarshal number 100000000000000000000 into Go struct field Replica.replicas.count of type int64",
    ),
    "integer beyond the signed range": (
        "replicas: [{name: a, count: 9223372036854775808}]\n",
        "invalid Kustomization: json: cannot unmarshal number 9223372036854775808 into Go struct field Replica.replicas.count of type int64",
    ),
    "integer from a boolean": (
        "replicas: [{name: a, count: true}]\n",
        "invalid Kustomization: json: cannot unmarshal bool into Go struct field Replica.replicas.count of type int64",
    ),
    "index is an int": (
        "replacements: [{targets: [{options: {index: x}}]}]\n",
        "invalid Kustomization: json: cannot unmarshal string into Go struct field FieldOptions.replacements.Replacement.targets.options.index of type int",
    ),
    "var name": (
        "vars: [{name: 3}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field Var.vars.name of type string",
    ),
    "var object": (
        "vars: [{objref: {kind: 3}}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field Target.vars.objref.Gvk.kind of type string",
    ),
    "kind sits in an embedded struct": (
        "kind: 3\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.TypeMeta.kind of type string",
    ),
    "list instead of a map": (
        "- a\n",
        "invalid Kustomization: json: cannot unmarshal array into Go value of type types.Kustomization",
    ),
    "text instead of a map": (
        "just text\n",
        "invalid Kustomization: json: cannot unmarshal string into Go value of type types.Kustomization",
    ),
    "number instead of a map": (
        "5\n",
        "invalid Kustomization: json: cannot unmarshal number into Go value of type types.Kustomization",
    ),
    "group of a selector": (
        "patches: [{target: {kind: 3}}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field Selector.patches.target.ResId.Gvk.kind of type string",
    ),
    "name of a selector": (
        "patches: [{target: {name: [x]}}]\n",
        "invalid Kustomization: json: cannot unmarshal array into Go struct field Selector.patches.target.ResId.name of type string",
    ),
    "selector from a text": (
        "patches: [{target: x}]\n",
        "invalid Kustomization: json: cannot unmarshal string into Go struct field Patch.patches.target of type types.Selector",
    ),
    "boolean from a text": (
        "labels: [{pairs: {a: b}, includeSelectors: 'yes'}]\n",
        "invalid Kustomization: json: cannot unmarshal string into Go struct field Label.labels.includeSelectors of type bool",
    ),
    "text from a boolean": (
        "labels: [{pairs: {a: true}}]\n",
        "invalid Kustomization: json: cannot unmarshal bool into Go struct field Label.labels.pairs of type string",
    ),
    "map from a list": (
        "commonLabels: [a]\n",
        "invalid Kustomization: json: cannot unmarshal array into Go struct field Kustomization.commonLabels of type map[string]string",
    ),
    "source of a replacement": (
        "replacements: [{source: {kind: 3}}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field SourceSelector.replacements.Replacement.source.ResId.Gvk.kind of type string",
    ),
    "text pointer": (
        "replacements: [{sourceValue: 5}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field ReplacementField.replacements.Replacement.sourceValue of type string",
    ),
    "secret type": (
        "secretGenerator: [{type: 3}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field SecretArgs.secretGenerator.type of type string",
    ),
    "literals from a text": (
        "secretGenerator: [{literals: a}]\n",
        "invalid Kustomization: json: cannot unmarshal string into Go struct field SecretArgs.secretGenerator.GeneratorArgs.KvPairSources.literals of type []string",
    ),
    "named text type in a list": (
        "patchesStrategicMerge: [3]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.patchesStrategicMerge of type types.PatchStrategicMerge",
    ),
    "list of a named text type": (
        "patchesStrategicMerge: 3\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field Kustomization.patchesStrategicMerge of type []types.PatchStrategicMerge",
    ),
    "named text type": (
        "sortOptions: {order: 3}\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field SortOptions.sortOptions.order of type types.SortOrder",
    ),
    "nested struct": (
        "sortOptions: {legacySortOptions: {orderFirst: [3]}}\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field LegacySortOptions.sortOptions.legacySortOptions.orderFirst of type string",
    ),
    "openapi from a text": (
        "openapi: x\n",
        "invalid Kustomization: json: cannot unmarshal string into Go struct field Kustomization.openapi of type map[string]string",
    ),
    "any map": (
        "helmCharts: [{valuesInline: [a]}]\n",
        "invalid Kustomization: json: cannot unmarshal array into Go struct field HelmChart.helmCharts.valuesInline of type map[string]interface {}",
    ),
    "metadata": (
        "metadata: {labels: {a: 1}}\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    ),
    "field spec": (
        "labels: [{fields: [{group: 3}]}]\n",
        "invalid Kustomization: json: cannot unmarshal number into Go struct field FieldSpec.labels.fields.Gvk.group of type string",
    ),
    "empty file": ("", "kustomization.yaml is empty"),
    "only a comment": ("# x\n", "kustomization.yaml is empty"),
    "only a kind": ("kind: Kustomization\n", "kustomization.yaml is empty"),
    "zero values": ("namePrefix: ''\nbases: []\nresources:\n", "kustomization.yaml is empty"),
    "wrong kind": (
        "kind: Foo\nresources: []\n",
        "Failed to read kustomization file under /app:\nkind should be Kustomization or Component",
    ),
    "wrong version": (
        "apiVersion: v1\nresources: []\n",
        "Failed to read kustomization file under /app:\napiVersion for Kustomization should be kustomize.config.k8s.io/v1beta1",
    ),
    "wrong kind and version": (
        "apiVersion: v1\nkind: Foo\nresources: []\n",
        "Failed to read kustomization file under /app:\nkind should be Kustomization or Component\napiVersion for Foo should be kustomize.config.k8s.io/v1beta1",
    ),
    "version of a component": (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\nresources: []\n",
        "Failed to read kustomization file under /app:\napiVersion for Component should be kustomize.config.k8s.io/v1alpha1",
    ),
    "malformed": ("resources: [r.yaml\n", "invalid Kustomization: yaml: line 1: did not find expected ',' or ']'"),
    "tab": ("a: b\n\tb: c\n", "invalid Kustomization: yaml: line 2: found a tab character that violates indentation"),
}

OLD_SPELLINGS = {
    "bases follow resources": ("bases: [b]\nresources: [a]\n", "resources", ["a", "b"]),
    "imageTags follow images": ("imageTags: [{name: b}]\nimages: [{name: a}]\n", "images", [{"name": "a"}, {"name": "b"}]),
    "env follows envs": (
        "configMapGenerator: [{name: a, env: e, envs: [f]}]\n", "configMapGenerator", [{"name": "a", "envs": ["f", "e"]}],
    ),
    "env of a secret": ("secretGenerator: [{name: a, env: e}]\n", "secretGenerator", [{"name": "a", "envs": ["e"]}]),
    "old charts": (
        "helmChartInflationGenerator: [{chartName: c, values: v, chartHome: h}]\n", "helmCharts",
        [{"name": "c", "valuesFile": "v"}],
    ),
    "home of old charts": (
        "helmChartInflationGenerator: [{chartName: c, chartHome: h, helmHome: g}]\n", "helmGlobals",
        {"chartHome": "h", "configHome": "g"},
    ),
    "kind": ("resources: []\n", "kind", "Kustomization"),
    "version of a component": ("kind: Component\nresources: []\n", "apiVersion", "kustomize.config.k8s.io/v1alpha1"),
}  # fmt: skip

DECODED = {
    "null leaves a field unset": ("resources:\nnamePrefix: null\n", {}),
    "case does not count": ("RESOURCES: [a]\nNamePrefix: p\n", {"resources": ["a"], "namePrefix": "p"}),
    "the long s is an s": ("re\u017fources: [a]\n", {"resources": ["a"]}),
    "null in a list of texts is empty": ("resources: [null]\n", {"resources": [""]}),
    "null in a list of structs is empty": ("images: [null]\n", {"images": [{}]}),
    "null in a map is empty": ("commonLabels: {a: null}\n", {"commonLabels": {"a": ""}}),
    "two spellings of a map add up": ("Openapi: {a: b}\nopenapi: {c: d}\n", {"openapi": {"a": "b", "c": "d"}}),
    "a whole number is an integer": ("replicas: [{name: a, count: 3.0}]\n", {"replicas": [{"name": "a", "count": 3}]}),
    "anything below values": (
        "helmCharts: [{valuesInline: {a: [1, null]}}]\n",
        {"helmCharts": [{"valuesInline": {"a": [1, None]}}]},
    ),
    "a map of texts": ("commonLabels: {b: x, a: z}\n", {"commonLabels": {"a": "z", "b": "x"}}),
}


def read(text: str) -> dict[str, object]:
    fields, _ = kustomization_file.decode(text)
    kustomization_file.fix(fields)
    kustomization_file.check(fields, "/app")
    return fields


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_the_words_of_the_reference(name: str) -> None:
    text, sentence = REFUSED[name]
    with pytest.raises(KbuildError) as caught:
        read(text)
    assert caught.value.reason == sentence


@pytest.mark.parametrize("name", OLD_SPELLINGS)
def test_old_spellings(name: str) -> None:
    text, field, value = OLD_SPELLINGS[name]
    assert read(text)[field] == value


@pytest.mark.parametrize("name", DECODED)
def test_decoded(name: str) -> None:
    text, expected = DECODED[name]
    assert kustomization_file.decode(text)[0] == expected


def test_every_deprecated_field_warns_in_fixed_order_when_set() -> None:
    text = "vars: []\npatchesJson6902: []\npatchesStrategicMerge: []\nimageTags: []\ncommonLabels: {}\nbases: []\n"
    warned = [line.split("'")[1] for line in kustomization_file.decode(text)[1]]
    assert warned == ["bases", "commonLabels", "imageTags", "patchesJson6902", "patchesStrategicMerge", "vars"]


def test_null_does_not_warn() -> None:
    assert kustomization_file.decode("bases:\nvars: null\n")[1] == ()


@pytest.mark.parametrize(
    ("text", "line", "column", "hint"),
    [
        ("namePrefix: a\nresource: [r.yaml]\n", 2, 1, 'did you mean "resources"?'),
        ("images:\n- name: a\n  newtag: '1'\n  newTagg: '2'\n", 4, 3, 'did you mean "newTag"?'),
        ("namePrefix: a\nnewTag: b\n", 2, 1, '"newTag" is a field of Image, not of Kustomization'),
        ("images:\n- name: a\n  newTag: 1.0\n", 3, 3, "quotes around the value make it a text"),
        ("replicas:\n- name: a\n  count: '3'\n", 3, 3, ""),
    ],
)
def test_error_says_where_and_what_may_help(text: str, line: int, column: int, hint: str) -> None:
    with pytest.raises(KbuildError) as caught:
        read(text)
    assert (caught.value.line, caught.value.column, caught.value.hint) == (line, column, hint)


def test_every_type_of_the_table_is_known() -> None:
    known = {*STRUCTS, *GO_TYPES, *STRING_TYPES, "values"}
    used = {kind[0] if type(kind) is tuple else kind for fields in STRUCTS.values() for kind, _ in fields.values()}
    assert used <= known
