"""Mistakes as users make them: the place and a hint come first, the reference's own sentence last."""

from __future__ import annotations

from pathlib import Path

import pytest
from against import error_of, write_tree
from in_process import run

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: web
        image: nginx
"""
BASE = {"base/kustomization.yaml": "resources:\n- web.yaml\n", "base/web.yaml": WEB}

# mistake -> (files, what is said before the sentence)
MISTAKES: dict[str, tuple[dict[str, str], list[str]]] = {
    "a misspelt field": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nnamePrefx: a-\n"},
        ["at prod/kustomization.yaml:3:1", 'hint: did you mean "namePrefix"?'],
    ),
    "a misspelt field of an entry": (
        {
            **BASE,
            "prod/kustomization.yaml": 'resources:\n- ../base\nimages:\n- name: nginx\n  newtag: 1\n  newTagg: "1"\n',
        },
        ["at prod/kustomization.yaml:6:3", 'hint: did you mean "newTag"?'],
    ),
    "missing resource file": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\n- gone.yaml\n"},
        ["at prod/kustomization.yaml:3:3"],
    ),
    "missing resource: near name": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\n- wbe.yaml\n",
            "prod/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx\n",
        },
        ["at prod/kustomization.yaml:3:3", "hint: did you mean web.yaml?"],
    ),
    "bad indentation in resource": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\n- cm.yaml\n",
            "prod/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n   labels: {}\n",
        },
        ["at prod/cm.yaml:5:10"],
    ),
    "bad indentation in kustomization": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nnamePrefix: a-\n  nameSuffix: b\n"},
        ["at prod/kustomization.yaml:4:13"],
    ),
    "patch target that does not exist": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\npatches:\n- path: p.yaml\n",
            "prod/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: wbe\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx\n",
        },
        [
            "at prod/p.yaml:1:1",
            "asked for at prod/kustomization.yaml:4:3",
            "hint: did you mean Deployment.v1.apps/web.[noNs]?",
        ],
    ),
    "patch target kind wrong": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\npatches:\n- path: p.yaml\n",
            "prod/p.yaml": "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx\n",
        },
        [
            "at prod/p.yaml:1:1",
            "asked for at prod/kustomization.yaml:4:3",
            "hint: there is Deployment.v1.apps/web.[noNs]",
        ],
    ),
    "duplicate resource": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\n- cm.yaml\n- cm2.yaml\n",
            "prod/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
            "prod/cm2.yaml": "# x\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
        },
        ["at prod/cm2.yaml:1:1", "first at prod/cm.yaml:1:1"],
    ),
    "duplicate in base and overlay": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\n- web.yaml\n",
            "prod/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx\n",
        },
        ["at prod/web.yaml:1:1", "first at base/web.yaml:1:1"],
    ),
    "tab in resource": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\n- cm.yaml\n",
            "prod/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: a\n",
        },
        ["at prod/cm.yaml:4:1"],
    ),
    "tab in kustomization": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nimages:\n\t- name: nginx\n"},
        ["at prod/kustomization.yaml:4:1"],
    ),
    "wrong type: string for list": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nimages: nginx\n"},
        ["at prod/kustomization.yaml:3:1"],
    ),
    "wrong type: number for tag": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nimages:\n- name: nginx\n  newTag: 1.20\n"},
        ["at prod/kustomization.yaml:5:3", "hint: quotes around the value make it a text"],
    ),
    "wrong type: list entry": (
        {**BASE, "prod/kustomization.yaml": 'resources:\n- ../base\nreplicas:\n- name: web\n  count: "3"\n'},
        ["at prod/kustomization.yaml:5:3"],
    ),
    "image name is a bad regexp": (
        {**BASE, "prod/kustomization.yaml": 'resources:\n- ../base\nimages:\n- name: "ngin[x"\n  newTag: "1"\n'},
        ["at prod/kustomization.yaml:4:3", "hint: the image name 'ngin[x' is no regular expression"],
    ),
    "missing base": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../bse\n"},
        ["at prod/kustomization.yaml:2:3", "hint: did you mean ../base?"],
    ),
    "base without kustomization": (
        {
            **BASE,
            "other/x.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx\n",
            "prod/kustomization.yaml": "resources:\n- ../other\n",
        },
        ["at other", "asked for at prod/kustomization.yaml:2:3"],
    ),
    "bad yaml in patch file": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\npatches:\n- path: p.yaml\n",
            "prod/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web\nspec:\n",
        },
        [
            "at prod/p.yaml:4:5",
            "asked for at prod/kustomization.yaml:4:3",
            "hint: yaml: line 2: did not find expected ',' or '}'",
        ],
    ),
    "bad yaml in inline patch": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\npatches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata:\n      name: web\n     spec: {}\n",
        },
        ["at prod/kustomization.yaml:4:3", "hint: yaml: line 4: did not find expected key"],
    ),
    "missing patch file": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\npatches:\n- path: pp.yaml\n"},
        ["at prod/kustomization.yaml:4:3"],
    ),
    "json patch without target": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\npatches:\n- patch: |-\n    - op: remove\n      path: /spec\n",
        },
        ["at prod/kustomization.yaml:4:3"],
    ),
    "json patch of a missing path": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: remove\n      path: /spec/nothing\n",
        },
        ["at prod/kustomization.yaml:4:3", "onto base/web.yaml:1:1"],
    ),
    "json patch unknown op": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: delete\n      path: /spec\n",
        },
        ["at prod/kustomization.yaml:4:3", "onto base/web.yaml:1:1"],
    ),
    "replicas of nobody": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nreplicas:\n- name: wbe\n  count: 3\n"},
        ["at prod/kustomization.yaml:4:3", "hint: did you mean web?"],
    ),
    "missing generator file": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\nconfigMapGenerator:\n- name: a\n  files: [app.properties]\n",
        },
        ["at prod/kustomization.yaml:4:3"],
    ),
    "literal without =": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\nconfigMapGenerator:\n- name: a\n  literals: [KEY]\n",
        },
        ["at prod/kustomization.yaml:4:3"],
    ),
    "generator without name": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nconfigMapGenerator:\n- literals: [a=b]\n"},
        ["at prod/kustomization.yaml:4:3"],
    ),
    "merge into nothing": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\nconfigMapGenerator:\n- name: a\n  behavior: merge\n  literals: [a=b]\n",
        },
        ["at prod/kustomization.yaml:4:3"],
    ),
    "replacement source missing": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\nreplacements:\n- source: {kind: ConfigMap, name: a}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.replicas]\n",
        },
        ["at prod/kustomization.yaml:4:3"],
    ),
    "replacement target field missing": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\nreplacements:\n- source: {kind: Deployment, name: web}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.nothing]\n",
        },
        ["at prod/kustomization.yaml:4:3", "onto base/web.yaml:1:1"],
    ),
    "resource without kind": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\n- cm.yaml\n",
            "prod/cm.yaml": "apiVersion: v1\nmetadata:\n  name: a\n",
        },
        ["at prod/cm.yaml:1:1"],
    ),
    "resource without name": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\n- cm.yaml\n",
            "prod/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
        },
        ["at prod/cm.yaml:1:1"],
    ),
    "kustomization listed as resource": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\n- kustomization.yaml\n"},
        ["at prod/kustomization.yaml:1:1"],
    ),
    "no kustomization file": (
        {
            **BASE,
            "prod/x.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx\n",
        },
        ["at prod"],
    ),
    "file outside root": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base/web.yaml\n"},
        [
            "at prod/kustomization.yaml:2:3",
            "hint: a folder with a kustomization may be outside, a file only with --load-restrictor LoadRestrictionsNone",
        ],
    ),
    "component as resource": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\n- ../c\n",
            "c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: a-\n",
        },
        ["at c/kustomization.yaml:2:1"],
    ),
    "base as component": (
        {**BASE, "prod/kustomization.yaml": "components:\n- ../base\n"},
        ["at base/kustomization.yaml:1:1"],
    ),
    "cycle": (
        {"base/kustomization.yaml": "resources:\n- ../prod\n", "prod/kustomization.yaml": "resources:\n- ../base\n"},
        ["at base/kustomization.yaml:2:3"],
    ),
    "bad kind of kustomization": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nkind: Kustomisation\n"},
        ["at prod/kustomization.yaml:3:1"],
    ),
    "bad sort order": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nsortOptions: {order: alpha}\n"},
        ["at prod/kustomization.yaml:3:15"],
    ),
    "empty kustomization": (
        {"prod/kustomization.yaml": "# nothing\n"},
        ["at prod/kustomization.yaml"],
    ),
    "bad label": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\nlabels:\n- pair: {a: b}\n"},
        ["at prod/kustomization.yaml:4:3", 'hint: did you mean "pairs"?'],
    ),
    "patchesStrategicMerge missing": (
        {**BASE, "prod/kustomization.yaml": "resources:\n- ../base\npatchesStrategicMerge: [gone.yaml]\n"},
        ["at prod/kustomization.yaml:3:1"],
    ),
    "duplicate key in resource": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\n- cm.yaml\n",
            "prod/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: b\n  a: c\n",
        },
        ["at prod/cm.yaml:1:1"],
    ),
    "a var of nothing": (
        {
            **BASE,
            "prod/kustomization.yaml": "resources:\n- ../base\nvars:\n- name: A\n  objref: {kind: ConfigMap, name: x, apiVersion: v1}\n",
        },
        ["at prod/kustomization.yaml:4:3"],
    ),
}


@pytest.fixture(params=MISTAKES)
def mistake(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, list[str]]:
    files, said = MISTAKES[request.param]
    return write_tree(tmp_path, files), said


def test_place_and_hint_come_first(mistake: tuple[Path, list[str]]) -> None:
    folder, said = mistake
    done = run(["render", "prod"], folder)
    assert (done.status, done.stdout) == (1, b"")
    before = done.stderr[: done.stderr.index("Error: ")]
    assert [line.strip() for line in before.splitlines() if line.startswith("  ")] == said


def test_every_mistake_has_a_place() -> None:
    nowhere = [
        name
        for name, (_, said) in MISTAKES.items()
        if not said or (not said[0].startswith("at prod") and "at " not in said[0])
    ]
    assert nowhere == []


@pytest.mark.differential
def test_the_sentence_is_the_references_and_the_last(oracle, mistake: tuple[Path, list[str]]) -> None:
    folder, _ = mistake
    done, expected = run(["render", str(folder / "prod")], folder), oracle(folder / "prod")
    if expected.returncode == 2:  # it crashed
        assert "Error: " in done.stderr
    else:
        assert error_of(done.stderr) == error_of(expected.stderr)
        assert done.stderr.endswith(expected.stderr[expected.stderr.index("Error: ") :][-60:])
