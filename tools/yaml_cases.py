"""The scalars and documents of `testdata/yaml`, put into the places where YAML is read: one tiny build each.

`scalars.json` is a list of source texts, `documents.json`, `kustomizations.json` and `schemas.json` map names to texts; all
are written by hand.
`expected/PLACE.json` is what the reference gave for each, written by `regenerate_yaml.py` and by nothing else:
`=` and the output, or `!` and the error.
"""

from __future__ import annotations

import json
from pathlib import Path

YAML = Path(__file__).resolve().parents[1] / "testdata" / "yaml"
EXPECTED = YAML / "expected"
_HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
_RESOURCES = "resources: [r.yaml]\n"
_OLD = _HEAD + "data:\n  k: old\n  quoted: '1'\n"

_REPLACEMENT = """replacements:
- source:
    name: s
    fieldPath: k
  targets:
  - select:
      name: a
    fieldPaths:
    - data.k
    - data.quoted
"""

# Where a scalar's source is put for the `@`: files of a kustomization.
SCALAR_PLACES: dict[str, dict[str, str]] = {
    "value": {"kustomization.yaml": _RESOURCES, "r.yaml": _HEAD + "data:\n  k: @\n"},
    "annotation": {"kustomization.yaml": _RESOURCES, "r.yaml": _HEAD + "  annotations:\n    k: @\n"},
    "label": {"kustomization.yaml": _RESOURCES, "r.yaml": _HEAD + "  labels:\n    k: @\n"},
    "item": {"kustomization.yaml": _RESOURCES, "r.yaml": "kind: A\nmetadata:\n  name: a\nspec:\n- @\n- k: @\n"},
    "flow": {"kustomization.yaml": _RESOURCES, "r.yaml": "kind: A\nmetadata:\n  name: a\nspec: [@, {k: @}]\n"},
    "key": {"kustomization.yaml": _RESOURCES, "r.yaml": "kind: A\nmetadata:\n  name: a\nspec:\n  @: v\n"},
    "configuration": {"kustomization.yaml": _RESOURCES + "commonAnnotations:\n  k: @\n", "r.yaml": _HEAD},
    "merge": {
        "kustomization.yaml": _RESOURCES + "patches:\n- path: p.yaml\n",
        "r.yaml": _OLD,
        "p.yaml": _HEAD + "data:\n  k: @\n  quoted: @\n",
    },
    "json-patch": {
        "kustomization.yaml": _RESOURCES + "patches:\n- path: p.yaml\n  target:\n    kind: ConfigMap\n",
        "r.yaml": _OLD,
        "p.yaml": "- op: add\n  path: /data/k\n  value: @\n",
    },
    "replacement-source": {
        "kustomization.yaml": _RESOURCES + _REPLACEMENT,
        "r.yaml": "kind: A\nmetadata:\n  name: s\nk: @\n---\n" + _OLD,
    },
    "replacement-target": {
        "kustomization.yaml": _RESOURCES + _REPLACEMENT,
        "r.yaml": "kind: A\nmetadata:\n  name: s\nk: new\n---\n" + _HEAD + "data:\n  k: @\n  quoted: '1'\n",
    },
}
# Where a document is put.
DOCUMENT_PLACES: dict[str, dict[str, str]] = {
    "resource": {"kustomization.yaml": _RESOURCES, "r.yaml": "@"},
    "kustomization": {"kustomization.yaml": "@", "r.yaml": _HEAD},
    "patch": {"kustomization.yaml": _RESOURCES + "patches:\n- path: p.yaml\n", "r.yaml": _OLD, "p.yaml": "@"},
    "schema": {
        "kustomization.yaml": _RESOURCES + "openapi:\n  path: s.json\n",
        "r.yaml": "kind: Widget\nmetadata:\n  name: a\n",
        "s.json": "@",
    },
}
PLACES = {**SCALAR_PLACES, **DOCUMENT_PLACES}


_LISTS = {"kustomization": "kustomizations.json", "schema": "schemas.json"}


def sources(place: str) -> list[str]:
    """The texts that belong in a place."""
    if place in SCALAR_PLACES:
        return list(json.loads((YAML / "scalars.json").read_text()))
    return list(_documents(place).values())


def names(place: str) -> list[str]:
    """What to call each text of a place."""
    if place in SCALAR_PLACES:
        return [f"{number}: {source[:40]!r}" for number, source in enumerate(sources(place))]
    return list(_documents(place))


def _documents(place: str) -> dict[str, str]:
    return dict(json.loads((YAML / _LISTS.get(place, "documents.json")).read_text()))


def files(place: str, source: str) -> dict[str, str]:
    """The files of the build of a text in a place."""
    return {name: text.replace("@", source) for name, text in PLACES[place].items()}


def expected(place: str) -> list[str]:
    """What the reference gave."""
    return list(json.loads((EXPECTED / f"{place}.json").read_text()))
