"""Fields that generate."""

from __future__ import annotations

from typing import Any

from trees.choice import Choice
from trees.layer import Layer
from trees.objects import Made
from trees.pods import labels
from trees.words import ANNOTATION_VALUES, NAMES, NAMESPACES

Map = dict[str, Any]

LITERALS = (
    "a=b", "a=", "b=c=d", 'q="quoted"', "s='single'", "sp= x ", "u=é", "e=\U0001f600", "n=1", "t=true", "c.yaml=k: v", "m=a\nb\n", "a=other",
    "half='x", 'x="', "dots.and-dash=1", "amp=<a>&b", "long=" + "word " * 30, "multi=a\n\n  b", "tab=a\tb",
)  # fmt: skip
BAD_LITERALS = ("nothing", "=x", "", "123=a", "true=a", "null=x", "<<=a", "~=a", "2020-01-01=x")
ENV_TEXTS = (
    "A=1\nB=two words\n# no\n\n  C=x\n", "\ufeffA=1\n", "A=1\r\nB=2\r\n", "NOVALUE\nA='q'\n", "=x\nA=b", "A=a=b\n", "", "A=$HOME\n", "export A=b\n", "A=1\nA=2\n",
)  # fmt: skip
FILE_TEXTS = (
    "hello\n",
    "",
    "a\r\nb\r\n",
    "k: v\nl:\n- 1\n",
    "tab\there\n",
    " lead\n",
    "trail \n",
    "x" * 100 + "\n",
    "{}",
    "é\n",
    "a\n\n\n",
    "no newline",
    "\n\nstart",
)


def options(choice: Choice) -> Map:
    """Options of generators."""
    found: Map = {}
    if choice.chance(0.5):
        found["labels"] = labels(choice)
    if choice.chance(0.4):
        found["annotations"] = {key: choice.one(ANNOTATION_VALUES) for key in choice.some(("note", "z"), 1, 2)}
    if choice.chance(0.5):
        found["disableNameSuffixHash"] = choice.chance(0.7)
    if choice.chance(0.3):
        found["immutable"] = choice.chance(0.7)
    return found


def sources(layer: Layer) -> Map:
    """Literals, files and envs."""
    choice = layer.choice
    found: Map = {}
    if choice.chance(0.7):
        found["literals"] = choice.some(LITERALS, 1, 4)
        if choice.chance(0.03):
            found["literals"].append(choice.one(BAD_LITERALS))
    if choice.chance(0.4):
        files = []
        for _ in range(choice.number(1, 2)):
            name = layer.write(choice.one(("f.txt", "conf/g.ini", "h")), choice.one(FILE_TEXTS))
            files.append(choice.one((name, name, f"key={name}", f"k.y={name}")))
        if choice.chance(0.1):
            layer.files[f"{layer.folder}/raw.bin"] = choice.one(
                (b"\xff\xfe\x00", b"\x00\x01", b"\x80" * 60, b"a\x00b", b"\x7f")
            )
            files.append("raw.bin")
        if choice.chance(0.04):
            files.append(choice.one(("nope.txt", "=h", "k=", "a=b=c", "conf", "../out.txt", "")))
        found["files"] = files
    if choice.chance(0.3):
        name = layer.write(choice.one(("a.env", "b.env")), choice.one(ENV_TEXTS))
        if choice.chance(0.25):
            found["env"] = name
        else:
            found["envs"] = [name]
    return found


def entry(layer: Layer, kind: str) -> Map:
    """One entry, with a behavior that fits more often than not."""
    choice = layer.choice
    found: Map = {"name": choice.one((*NAMES, "gen", "gen2"))}
    if choice.chance(0.15):
        found["namespace"] = choice.one(NAMESPACES)
    there = [made for made in layer.seen if made.kind == kind]
    taken = {(made.name, made.namespace or "default") for made in there}
    if there and choice.chance(0.25):
        old = choice.one(there)
        found["name"] = old.name
        found.pop("namespace", None)
        if old.namespace:
            found["namespace"] = old.namespace
        found["behavior"] = choice.one(("merge", "replace", "merge", "replace", "create"))
    elif (found["name"], found.get("namespace", "default")) in taken and choice.chance(0.9):
        found["name"] = f"{found['name']}-{len(taken)}"
    elif choice.chance(0.1):
        found["behavior"] = choice.one(("create", "create", "create", "other", "unspecified", "merge"))
    found.update(sources(layer))
    if choice.chance(0.3):
        found["options"] = options(choice)
    if kind == "Secret" and choice.chance(0.4):
        found["type"] = choice.one(("Opaque", "kubernetes.io/tls", "x", ""))
    return found


def generate(layer: Layer, name: str, kind: str) -> None:
    """Entries of a generator field."""
    for _ in range(layer.choice.number(1, 2)):
        made = entry(layer, kind)
        layer.add(name, made)
        meta = {key: made[key] for key in ("name", "namespace") if key in made}
        data = {text.partition("=")[0]: text.partition("=")[2] for text in made.get("literals", ()) if "=" in text}
        layer.seen.append(Made({"apiVersion": "v1", "kind": kind, "metadata": meta, "data": data}))


def config_map_generator(layer: Layer) -> None:
    """Entries of `configMapGenerator`."""
    generate(layer, "configMapGenerator", "ConfigMap")


def secret_generator(layer: Layer) -> None:
    """Entries of `secretGenerator`."""
    generate(layer, "secretGenerator", "Secret")


def generator_options(layer: Layer) -> None:
    """The field `generatorOptions`."""
    layer.fields["generatorOptions"] = options(layer.choice)


def helm_globals(layer: Layer) -> None:
    """The field `helmGlobals`, which does nothing alone."""
    layer.fields["helmGlobals"] = layer.choice.one(({"chartHome": "charts"}, {"chartHome": "c", "configHome": "h"}, {}))


def helm_charts(layer: Layer) -> None:
    """Charts, which need a flag that is not given."""
    choice = layer.choice
    chart: Map = {"name": "chart"}
    extras: Map = {
        "version": "1.0.0", "repo": "https://example.com/charts", "releaseName": "r", "namespace": "ns", "valuesFile": "values.yaml",
        "additionalValuesFiles": ["more.yaml"], "valuesInline": {"a": {"b": 1}, "l": [1, "x"]}, "valuesMerge": choice.one(("merge", "override", "replace", "odd")),
        "includeCRDs": True, "skipHooks": True, "apiVersions": ["a/v1"], "kubeVersion": "1.28", "nameTemplate": "{{ . }}", "skipTests": True,
        "debug": False, "devel": True,
    }  # fmt: skip
    for name in choice.some(list(extras), 0, 6):
        chart[name] = extras[name]
    layer.add("helmCharts", chart)


def helm_inflation(layer: Layer) -> None:
    """The oldest spelling of charts."""
    choice = layer.choice
    chart: Map = {"chartName": "chart"}
    extras: Map = {
        "chartVersion": "1", "chartRepoUrl": "https://example.com", "chartHome": "charts", "chartRepoName": "n", "helmBin": "helm", "helmHome": "h",
        "values": "values.yaml", "valuesLocal": {"a": 1}, "valuesMerge": "merge", "releaseName": "r", "releaseNamespace": "ns", "extraArgs": ["--x"],
    }  # fmt: skip
    for name in choice.some(list(extras), 0, 6):
        chart[name] = extras[name]
    layer.add("helmChartInflationGenerator", chart)
