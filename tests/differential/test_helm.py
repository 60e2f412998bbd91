"""Charts, rendered with the same helm by the reference and by kbuild; and what both tell a stand-in that writes it down."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from against import masked, ours, reference, write_tree
from install_helm import VERSION, helm_path, is_there
from install_oracle import find_go

pytestmark = pytest.mark.differential

CHARTS = Path(__file__).resolve().parents[2] / "testdata" / "charts"
Oracle = Callable[..., "subprocess.CompletedProcess[str]"]

# Writes down what it is called with: arguments, environment and the values files.
STAND_IN = """#!/bin/bash
{
  printf 'helm'; for word in "$@"; do printf ' [%s]' "$word"; done; echo
  env | grep '^HELM_' | sort
  before=
  for word in "$@"; do
    if [ "$before" = -f ]; then echo "--- $word"; cat "$word"; fi
    before=$word
  done
} >> "$HELM_RECORD"
case $1 in
  version) printf '%b' "${STAND_IN_VERSION-v3.99.0+gabc\\n}"; exit "${STAND_IN_VERSION_STATUS-0}" ;;
  pull) if [ -n "$STAND_IN_CHART" ]; then mkdir -p "$4" && cp -r "$STAND_IN_CHART" "$4/"; fi
        echo "pulling" >&2; exit "${STAND_IN_PULL_STATUS-0}" ;;
  template) printf '%b' "$STAND_IN_OUTPUT"; echo "a word on the side" >&2; exit "${STAND_IN_STATUS-0}" ;;
esac
"""
OUTPUT = "apiVersion: v1\\nkind: ConfigMap\\nmetadata:\\n  name: made\\n"


@pytest.fixture(scope="module")
def helm() -> Path:
    """The helm that tests run."""
    if not is_there():
        message = f"needs helm {VERSION} at {helm_path()} (`make oracle` installs it where Go is present)"
        if os.environ.get("CI") == "true" and find_go() is not None:
            pytest.fail(message)
        pytest.skip(message)
    return helm_path()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in helm's place, its record in `$HELM_RECORD`."""
    program = tmp_path / "bin" / "helm"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setenv("STAND_IN_OUTPUT", OUTPUT)
    return program


def tree(folder: Path, files: dict[str, str], *, charts: str = "charts") -> Path:
    """A folder with the files and, unless `charts` is empty, the charts."""
    if charts:
        shutil.copytree(CHARTS, folder / charts)
    return write_tree(folder, files)


def compare(oracle: Oracle, folder: Path, *arguments: str) -> tuple[bool, str, str]:
    """Build with both and see that they agree; returns what they said."""
    expected = reference(oracle, str(folder), *arguments)
    assert ours(str(folder), *arguments, cwd=folder) == expected
    return expected


def compare_calls(
    oracle: Oracle, stand_in: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str
) -> tuple[bool, str, str]:
    """Build with both and a stand-in for helm: the same calls, environments, values and results."""
    arguments = ("--enable-helm", "--helm-command", str(stand_in), *more)
    record = stand_in.with_name("record")
    monkeypatch.setenv("HELM_RECORD", str(record))
    found = []
    for build in (
        lambda: reference(oracle, str(folder), *arguments),
        lambda: ours(str(folder), *arguments, cwd=folder),
    ):
        record.write_text("")
        outcome = build()
        found.append((masked(record.read_text()), outcome))
    assert found[1] == found[0]
    return outcome


ENTRIES = {
    "nothing but a name": "- name: web",
    "a release": "- {name: web, releaseName: r1}",
    "a namespace of its own": "- {name: web, releaseName: r1, namespace: own}",
    "a name template": "- {name: web, nameTemplate: 'n-{{ .Chart.Name }}'}",
    "custom resource definitions": "- {name: web, releaseName: r1, includeCRDs: true}",
    "no hooks": "- {name: web, releaseName: r1, skipHooks: true}",
    "no tests": "- {name: web, releaseName: r1, skipTests: true}",
    "switches that are off": "- {name: web, releaseName: r1, skipTests: false, debug: false}",
    "debug and devel": "- {name: web, releaseName: r1, debug: true, devel: true}",
    "capabilities": "- {name: web, releaseName: r1, kubeVersion: '1.31', apiVersions: [monitoring.coreos.com/v1, example.com/v1/Policy]}",
    "a version without a repository": "- {name: web, releaseName: r1, version: 9.9.9}",
    "a values file": "- {name: web, releaseName: r1, valuesFile: mine.yaml}",
    "additional values files": "- {name: web, releaseName: r1, additionalValuesFiles: [mine.yaml, more/other.yaml]}",
    "inline values": "- {name: web, releaseName: r1, valuesInline: {replicas: 7, image: {tag: x}, ports: [1], new: {a: [1, {b: c}]}}}",
    "inline values that win": "- {name: web, releaseName: r1, valuesMerge: override, valuesInline: {replicas: 7, labels: {x: 'y'}}}",
    "inline values that lose": "- {name: web, releaseName: r1, valuesMerge: merge, valuesInline: {replicas: 7, labels: {x: 'y'}}}",
    "inline values alone": "- {name: web, releaseName: r1, valuesMerge: replace, valuesInline: {replicas: 7, labels: {x: 'y'}, ports: []}}",
    "inline values over a file": "- {name: web, releaseName: r1, valuesFile: mine.yaml, valuesInline: {replicas: 7, labels: {x: 'y'}}}",
    "inline nulls": "- {name: web, releaseName: r1, valuesInline: {replicas: null, labels: {team: null}, image: {tag: ~}, n: null}}",
    "inline nulls that lose": "- {name: web, releaseName: r1, valuesMerge: merge, valuesInline: {replicas: null, nothing: 1, e: null}}",
    "inline numbers": "- {name: web, releaseName: r1, valuesInline: {a: 12345678901234567, b: 1000000, c: 0.1, d: 1e21, e: 1.5e-7, f: -0.0, g: 3.0, h: 0x10}}",
    "inline numbers alone": "- {name: web, releaseName: r1, valuesMerge: replace, valuesInline: {labels: {}, ports: [], a: 12345678901234567, b: 1000000, c: 0.1, d: 1e21, e: 1.5e-7}}",
    "inline texts": "- {name: web, releaseName: r1, valuesInline: {a: '1', b: 'yes', c: 'null', d: \"x\\ny\", e: '', f: 2020-01-01, g: 'off', h: \"\\u00e9\"}}",
    "an empty inline map": "- {name: web, releaseName: r1, valuesInline: {}}",
    "inline maps that are empty": "- {name: web, releaseName: r1, valuesInline: {empty: {a: {}}, image: {}, labels: {}}}",
    "inline values of another shape": "- {name: web, releaseName: r1, valuesInline: {image: text}}",
    "a whole map replaced": "- {name: web, releaseName: r1, valuesInline: {labels: {$patch: replace, only: this}}}",
    "a whole map deleted": "- {name: web, releaseName: r1, valuesInline: {labels: {$patch: delete}}}",
    "all values deleted": "- {name: web, releaseName: r1, valuesInline: {$patch: delete}}",
    "all values replaced": "- {name: web, releaseName: r1, valuesInline: {$patch: replace, labels: {a: b}, ports: []}}",
    "an unknown directive": "- {name: web, releaseName: r1, valuesInline: {labels: {$patch: nonsense}}}",
    "values with a null key": "- {name: web, releaseName: r1, valuesFile: nulls.yaml, valuesInline: {b: {x: 2}}}",
    "values with a null key inside": "- {name: web, releaseName: r1, valuesFile: nulls-inside.yaml, valuesInline: {b: {x: 2}}}",
    "values with anchors": "- {name: web, releaseName: r1, valuesFile: anchors.yaml, valuesInline: {b: {x: 2}}}",
    "values with anchors of the same name": "- {name: web, valuesFile: anchors.yaml, valuesInline: {b: {z: {x: 5}}, c: {x: 1}}}",
    "values with anchors and none inline": "- {name: web, valuesFile: anchors.yaml, valuesInline: {x: 2}}",
    "values with anchors that win": "- {name: web, valuesMerge: merge, valuesFile: anchors.yaml, valuesInline: {x: 2}}",
    "values with anchors against a map": "- {name: web, valuesMerge: merge, valuesFile: anchors.yaml, valuesInline: {b: {z: {x: 2}}}}",
    "values with anchors against a text": "- {name: web, valuesMerge: merge, valuesFile: anchors.yaml, valuesInline: {c: x}}",
    "values with anchors alone": "- {name: web, valuesFile: anchors.yaml, valuesMerge: replace, valuesInline: {x: 2}}",
    "values with odd keys": "- {name: web, releaseName: r1, valuesFile: odd.yaml, valuesInline: {b: 1}}",
    "values with odd keys at the top": "- {name: web, releaseName: r1, valuesFile: odd-top.yaml, valuesInline: {'1': x}}",
    "values with a key twice": "- {name: web, releaseName: r1, valuesFile: twice.yaml, valuesInline: {b: 1}}",
    "values that are a list": "- {name: web, releaseName: r1, valuesFile: list.yaml, valuesInline: {b: 1}}",
    "values that are a text": "- {name: web, releaseName: r1, valuesFile: text.yaml, valuesInline: {b: 1}}",
    "values that are null": "- {name: web, releaseName: r1, valuesFile: 'null.yaml', valuesInline: {b: 1}}",
    "values that are a comment": "- {name: web, releaseName: r1, valuesFile: comment.yaml, valuesInline: {b: 1}}",
    "values in two documents": "- {name: web, releaseName: r1, valuesFile: two.yaml, valuesInline: {b: 1}}",
    "no values at all": "- {name: web, releaseName: r1, valuesFile: empty.yaml, valuesInline: {b: 1}}",
    "broken values": "- {name: web, releaseName: r1, valuesFile: broken.yaml, valuesInline: {b: 1}}",
    "broken values that lose": "- {name: web, releaseName: r1, valuesMerge: merge, valuesFile: text.yaml, valuesInline: {b: 1}}",
    "broken values as they are": "- {name: web, releaseName: r1, valuesFile: broken.yaml}",
    "a values file that is not there": "- {name: web, valuesFile: nowhere.yaml}",
    "an additional file that is not there": "- {name: web, additionalValuesFiles: [nowhere.yaml]}",
    "a values file outside": "- {name: web, valuesFile: ../outside.yaml}",
    "an additional file outside": "- {name: web, additionalValuesFiles: [mine.yaml, ../outside.yaml]}",
    "a values file that is a folder": "- {name: web, valuesFile: more}",
    "an unknown strategy": "- {name: web, valuesMerge: both}",
    "no name": "- {releaseName: r1}",
    "no chart": "- {name: nothing}",
    "a file for a chart": "- {name: a-file}",
    "two charts": "- {name: web, releaseName: r1}\n- {name: web, releaseName: r2, valuesInline: {replicas: 5}}",
    "two charts that clash": "- {name: web, releaseName: r1}\n- {name: web, releaseName: r1}",
    "a second chart in error": "- {name: web, releaseName: r1}\n- {name: nothing}",
    "a second chart refused": "- {name: nothing}\n- {name: web, valuesMerge: x, valuesInline: {a: {}, b: [], c: '', n: 12345678901234567}}",
    "a field of another type": "- {name: web, version: 1}",
    "an unknown field": "- {name: web, chart: x}",
}  # fmt: skip
FILES = {
    "mine.yaml": "replicas: 4 # four\nlabels: {mine: 'yes'}\nports: [1]\nimage: {name: busybox, tag: '2'}\n",
    "more/other.yaml": "labels: {other: 'yes'}\n",
    "anchors.yaml": "a: &a {x: 1, y: [1, 2]}\nb:\n  <<: *a\n  z: *a\nc: *a\nl: [*a, {q: *a, <<: *a}]\nm: {<<: {y: 1}, z: 2}\nlabels: {}\nports: []\n",
    "nulls.yaml": "null: 1\nlabels: {}\nports: []\n",
    "nulls-inside.yaml": "b: {null: 1}\nlabels: {}\nports: []\n",
    "odd.yaml": "a: {1: x, true: y}\nlabels: {}\nports: []\n",
    "odd-top.yaml": "1: a\ntrue: b\nlabels: {}\nports: []\n",
    "twice.yaml": "a: 1\nb: 2\na: 3\n",
    "list.yaml": "[1, 2]\n",
    "text.yaml": "text\n",
    "null.yaml": "null\n",
    "comment.yaml": "# nothing\n",
    "two.yaml": "a: 1\n---\nc: 1\n",
    "empty.yaml": "",
    "broken.yaml": "a: [\nb: }\n",
    "charts/a-file": "text",
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_a_chart_entry_renders_as_the_reference_does(oracle: Oracle, helm: Path, tmp_path: Path, entry: str) -> None:
    folder = tree(tmp_path / "k", {**FILES, "kustomization.yaml": f"helmCharts:\n{entry}\n", "../outside.yaml": "a: 1"})
    compare(oracle, folder, "--enable-helm", "--helm-command", str(helm))


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_helm_is_told_the_same(
    oracle: Oracle, stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    folder = tree(tmp_path / "k", {**FILES, "kustomization.yaml": f"helmCharts:\n{entry}\n", "../outside.yaml": "a: 1"})
    compare_calls(oracle, stand_in, folder, monkeypatch)


KUSTOMIZATIONS = {
    "the namespace of the kustomization": "namespace: prod\nhelmCharts: [{name: web, releaseName: r1}]",
    "a namespace beside the kustomization's": "namespace: prod\nhelmCharts: [{name: web, releaseName: r1, namespace: own}]",
    "charts somewhere else": "helmGlobals: {chartHome: store/here/}\nhelmCharts: [{name: web, releaseName: r1}]",
    "charts outside": "helmGlobals: {chartHome: ../store}\nhelmCharts: [{name: web, releaseName: r1}]",
    "charts outside, inline values": "helmGlobals: {chartHome: ../store}\nhelmCharts: [{name: web, valuesInline: {a: 1}}]",
    "charts outside, values inside": "helmGlobals: {chartHome: ../store}\nhelmCharts: [{name: web, releaseName: r1, valuesFile: mine.yaml}]",
    "a home for helm": "helmGlobals: {configHome: own-home}\nhelmCharts: [{name: web, releaseName: r1}]",
    "the old field": "helmChartInflationGenerator:\n- {chartName: web, releaseName: r1, values: mine.yaml, valuesLocal: {replicas: 9}, valuesMerge: merge, chartHome: charts, helmHome: own-home, extraArgs: [-x], helmBin: nope, releaseNamespace: z}",
    "the old field, two homes": "helmChartInflationGenerator:\n- {chartName: web, chartHome: nowhere}\n- {chartName: web, chartHome: charts, releaseName: r2}",
    "both fields": "helmGlobals: {chartHome: charts}\nhelmCharts: [{name: web, releaseName: r1}]\nhelmChartInflationGenerator: [{chartName: web, chartHome: nowhere, releaseName: r2, valuesLocal: {replicas: 1}}]",
    "a generator of charts": "generators: [generator.yaml]",
    "a generator without regard to case": "generators:\n- |\n  {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, NAME: web, releasename: r3, DEBUG: false}",
    "a generator with nulls": "generators:\n- |\n  {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: web, releaseName: null, apiVersions: null, kubeVersion: null, debug: null, valuesInline: null, additionalValuesFiles: [null]}",
    "a generator with an unknown field": "generators:\n- |\n  {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: web, nope: 1}",
    "a generator without a chart": "generators:\n- |\n  {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}}",
    "a generator with a number": "generators:\n- |\n  {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: web, version: 1}",
    "a generator with a number in a list": "generators:\n- |\n  {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: web, apiVersions: [a, 1]}",
    "a generator with a text for a switch": "generators:\n- |\n  {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: web, debug: 'yes'}",
    "a generator with a list for a text": "generators:\n- |\n  {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: web, chartHome: [a]}",
    "a generator among the transformers": "transformers: [generator.yaml]",
    "patches and prefixes": "namePrefix: p-\nnamespace: n\nhelmCharts: [{name: web, releaseName: r1}]\npatches: [{target: {kind: Deployment}, patch: '[{op: replace, path: /spec/replicas, value: 0}]'}]\nimages: [{name: nginx, newTag: x}]",
    "origins": "buildMetadata: [originAnnotations, transformerAnnotations]\nhelmCharts: [{name: web, releaseName: r1}]\nnamePrefix: p-\ngenerators: [generator.yaml]",
    "bases with charts": "namespace: outer\nresources: [base, ../twin]",
    "a component with charts": "namespace: outer\ncomponents: [component]",
}  # fmt: skip
MORE_FILES = {
    "mine.yaml": FILES["mine.yaml"],
    "generator.yaml": (
        "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\nname: web\nreleaseName: r3\n"
        "namespace: inside\nvaluesInline: {replicas: 4}\n"
    ),
    "base/kustomization.yaml": "helmGlobals: {chartHome: ../charts}\nhelmCharts: [{name: web, releaseName: r1, valuesFile: v.yaml}]\n",
    "base/v.yaml": "labels: {}\nports: []\n",
    "../twin/kustomization.yaml": "resources: [inner]\n",
    "../twin/inner/kustomization.yaml": "helmCharts: [{name: web, releaseName: r2, valuesFile: v.yaml}]\nhelmGlobals: {chartHome: ../../store}\n",
    "../twin/inner/v.yaml": "labels: {}\nports: []\n",
    "component/kustomization.yaml": "kind: Component\nhelmGlobals: {chartHome: ../charts}\nhelmCharts: [{name: web, releaseName: r1, valuesFile: v.yaml}]\n",
    "component/v.yaml": "labels: {}\nports: []\n",
}  # fmt: skip


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    """A folder with charts in three places."""
    shutil.copytree(CHARTS, tmp_path / "store")
    shutil.copytree(CHARTS, tmp_path / "k" / "store" / "here")
    return tree(tmp_path / "k", MORE_FILES)


@pytest.mark.parametrize("text", KUSTOMIZATIONS.values(), ids=KUSTOMIZATIONS)
def test_a_kustomization_with_charts_renders_as_the_reference_does(
    oracle: Oracle, helm: Path, homes: Path, text: str
) -> None:
    write_tree(homes, {"kustomization.yaml": text + "\n"})
    compare(oracle, homes, "--enable-helm", "--helm-command", str(helm))
    compare(oracle, homes, "--enable-helm", "--load-restrictor=LoadRestrictionsNone", "--helm-command", str(helm))


@pytest.mark.parametrize("text", KUSTOMIZATIONS.values(), ids=KUSTOMIZATIONS)
def test_helm_is_told_the_same_for_a_kustomization(
    oracle: Oracle, stand_in: Path, homes: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    write_tree(homes, {"kustomization.yaml": text + "\n"})
    compare_calls(oracle, stand_in, homes, monkeypatch)


PULLS = {
    "a repository": "{name: web, repo: 'https://charts.example.com'}",
    "a version": "{name: web, repo: 'https://charts.example.com', version: 0.1.0}",
    "a registry": "{name: web, repo: 'oci://registry.example.com/charts', version: 0.1.0}",
    "a registry with a slash": "{name: web, repo: 'oci://registry.example.com/charts/', devel: true}",
    "a registry in capitals": "{name: web, repo: 'OCI://registry.example.com/charts/'}",
    "a chart with a path": "{name: team/web, repo: 'https://charts.example.com', version: 0.1.0}",
    "inline values": "{name: web, repo: 'https://charts.example.com', version: 0.1.0, valuesInline: {a: 1}}",
}


@pytest.mark.parametrize("entry", PULLS.values(), ids=PULLS)
def test_a_chart_is_pulled_with_the_same_words(
    oracle: Oracle, stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    folder = tree(tmp_path / "k", {"kustomization.yaml": f"helmCharts: [{entry}]\n"}, charts="")
    compare_calls(oracle, stand_in, folder, monkeypatch)
    monkeypatch.setenv("STAND_IN_PULL_STATUS", "7")
    compare_calls(oracle, stand_in, folder, monkeypatch, "--helm-debug")


def test_a_pulled_chart_stays_and_is_not_pulled_again(
    oracle: Oracle, stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = "{name: web, repo: 'https://charts.example.com', version: 0.1.0, valuesInline: {a: 1}}"
    monkeypatch.setenv("STAND_IN_CHART", str(CHARTS / "web"))
    by_name = {}
    for name in ("reference", "ours"):
        folder = tree(tmp_path / name, {"kustomization.yaml": f"helmCharts: [{entry}]\n"}, charts="")
        arguments = ("--enable-helm", "--helm-command", str(stand_in))
        record = tmp_path / "record"
        monkeypatch.setenv("HELM_RECORD", str(record))
        for _ in range(2):
            if name == "reference":
                assert reference(oracle, str(folder), *arguments)[0]
            else:
                assert ours(str(folder), *arguments, cwd=folder)[0]
        by_name[name] = masked(record.read_text()).replace(str(folder), "")
        assert (folder / "charts" / "web-0.1.0" / "web" / "Chart.yaml").exists()
        record.unlink()
    assert by_name["ours"] == by_name["reference"]
    assert by_name["ours"].count("helm [pull]") == 1


FLAGS = {
    "versions and debug": (
        "{name: web}",
        ["--helm-api-versions", "a/v1", "--helm-api-versions=b/v2,c", "--helm-kube-version", "1.30", "--helm-debug"],
    ),
    "an entry's own versions": (
        "{name: web, kubeVersion: '1.29', apiVersions: [z/v1]}",
        ["--helm-api-versions", "a/v1", "--helm-kube-version", "1.30"],
    ),
    "no command": ("{name: web}", ["--helm-command="]),
    "a command that is not there": ("{name: web}", ["--helm-command", "no-such-helm"]),
    "a path that is not there": ("{name: web}", ["--helm-command", "/no/such/helm"]),
    "a path that is a folder": ("{name: web}", ["--helm-command", "/"]),
    "a file that is no program": ("{name: web}", ["--helm-command", "/dev/null"]),
}


@pytest.mark.parametrize(("entry", "flags"), FLAGS.values(), ids=FLAGS)
def test_flags_reach_helm(
    oracle: Oracle, stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str, flags: list[str]
) -> None:
    folder = tree(tmp_path / "k", {"kustomization.yaml": f"helmCharts: [{entry}]\n"})
    compare_calls(oracle, stand_in, folder, monkeypatch, *flags)


@pytest.mark.parametrize("flags", [[], ["--enable-helm=false"], ["--enable-alpha-plugins"], ["--enable-helm"]])
@pytest.mark.parametrize("text", [
    "helmCharts: [{name: web, valuesInline: {n: 1.50, b: 12345678901234567, l: [], m: {x: ''}}, includeCRDs: true}]",
    "helmGlobals: {configHome: x}\nnamespace: n\nhelmCharts: [{name: web}, {name: other}]",
    "generators: [generator.yaml]",
])  # fmt: skip
def test_charts_need_to_be_enabled(
    oracle: Oracle, stand_in: Path, homes: Path, monkeypatch: pytest.MonkeyPatch, text: str, flags: list[str]
) -> None:
    monkeypatch.setenv("HELM_RECORD", os.devnull)
    monkeypatch.setenv("PATH", str(stand_in.parent) + os.pathsep + os.environ["PATH"])
    write_tree(homes, {"kustomization.yaml": text + "\n"})
    compare(oracle, homes, *flags)


ANSWERS = {
    "an old helm": {"STAND_IN_VERSION": "v2.17.0\n"},
    "the next helm": {"STAND_IN_VERSION": "v4.0.1\n"},
    "a helm to come": {"STAND_IN_VERSION": "v10.1\n"},
    "a version with a client": {"STAND_IN_VERSION": "Client: v3.1.2+g1 now\n"},
    "a bare version": {"STAND_IN_VERSION": "3.1"},
    "no version": {"STAND_IN_VERSION": "three\n"},
    "no number behind": {"STAND_IN_VERSION": "v3\n"},
    "other digits": {"STAND_IN_VERSION": "v\\u0663.\\u0661 v3.1\n"},
    "a failing version": {"STAND_IN_VERSION_STATUS": "3"},
    "a failing template": {"STAND_IN_STATUS": "1"},
    "words before": {"STAND_IN_OUTPUT": "Pulled: x\nDigest: y\n---\n" + OUTPUT},
    "a word before": {"STAND_IN_OUTPUT": "Pulled\n---\n" + OUTPUT},
    "broken output": {"STAND_IN_OUTPUT": "a: [\n---\n" + OUTPUT},
    "no output": {"STAND_IN_OUTPUT": ""},
    "a comment": {"STAND_IN_OUTPUT": "# nothing\n---\n"},
    "null": {"STAND_IN_OUTPUT": "null\n"},
    "an empty list": {"STAND_IN_OUTPUT": "[]\n"},
    "a list": {"STAND_IN_OUTPUT": "[1]\n"},
    "no kind": {"STAND_IN_OUTPUT": "metadata: {name: x}\n"},
    "no name": {"STAND_IN_OUTPUT": "kind: ConfigMap\n"},
    "an id twice": {"STAND_IN_OUTPUT": OUTPUT + "---\n" + OUTPUT},
    "a list of resources": {"STAND_IN_OUTPUT": "kind: List\napiVersion: v1\nitems: [{kind: A, metadata: {name: x}}]\n"},
    "a list of nameless resources": {"STAND_IN_OUTPUT": "kind: ConfigMapList\napiVersion: v1\nitems: [{kind: A}]\n"},
    "a list that is none": {"STAND_IN_OUTPUT": "kind: ConfigMapList\napiVersion: v1\nitems: 3\n"},
    "local configuration": {
        "STAND_IN_OUTPUT": "kind: A\nmetadata: {name: x, annotations: {config.kubernetes.io/local-config: 'true'}}\n"
        "---\n" + OUTPUT
    },
    "local configuration in a second attempt": {
        "STAND_IN_OUTPUT": "kind: A\nmetadata: {name: x, annotations: {config.kubernetes.io/local-config: 'true'}}\n"
        "---\nkind: BList\nitems: 3\n---\n" + OUTPUT
    },
    "nothing but local configuration": {
        "STAND_IN_OUTPUT": "kind: A\nmetadata: {name: x, annotations: {config.kubernetes.io/local-config: 'true'}}\n"
    },
    "annotations that are null": {"STAND_IN_OUTPUT": "kind: A\nmetadata: {name: x, annotations: null}\n"},
    "annotations that are empty": {"STAND_IN_OUTPUT": "kind: A\nmetadata: {name: x, annotations: {}}\n"},
    "annotations that are a text": {"STAND_IN_OUTPUT": "kind: A\nmetadata: {name: x, annotations: y}\n"},
    "annotations that are a list": {"STAND_IN_OUTPUT": "kind: A\nmetadata: {name: x, annotations: [y]}\n"},
    "an annotation that is a number": {"STAND_IN_OUTPUT": "kind: A\nmetadata: {name: x, annotations: {a: 1}}\n"},
    "the marker by hand": {
        "STAND_IN_OUTPUT": "kind: A\nmetadata: {name: x, annotations: {internal.config.kubernetes.io/helm-generated: x}}\n"
    },
    "an anchor": {"STAND_IN_OUTPUT": "kind: A\nmetadata: {name: &n x, labels: {a: *n}}\n"},
    "an anchor in a second attempt": {
        "STAND_IN_OUTPUT": "kind: A\nmetadata: {name: &n x, labels: {a: *n}}\n---\nkind: BList\nitems: 3\n"
    },
}  # fmt: skip


@pytest.mark.parametrize("environment", ANSWERS.values(), ids=ANSWERS)
def test_what_helm_answers_is_taken_alike(
    oracle: Oracle, stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    folder = tree(tmp_path / "k", {"kustomization.yaml": "namespace: n\nhelmCharts: [{name: web}]\n"})
    compare_calls(oracle, stand_in, folder, monkeypatch)


def test_nothing_is_left_behind(stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("HELM_RECORD", os.devnull)
    text = "helmCharts: [{name: web}, {name: web, valuesInline: {a: 1}}]\n"
    folder = tree(tmp_path / "k", {"kustomization.yaml": text})
    for status in ("0", "1"):
        monkeypatch.setenv("STAND_IN_STATUS", status)
        ours(str(folder), "--enable-helm", "--helm-command", str(stand_in), cwd=folder)
        assert not list(temporary.iterdir())
