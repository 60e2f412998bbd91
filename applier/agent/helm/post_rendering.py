"""The post-renderer of releases, a program for `helm`: labels, metadata, patches and images, by a kustomization.

It reads manifests from standard input, a kustomization (JSON) from the file named by its argument, and writes manifests.
Source: helm-controller v2 `postrender`, as recorded.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import kbuild

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT, _INPUT = "/release", "manifests.yaml"
ORIGIN = "helm.toolkit.fluxcd.io"


def rendering(spec: Mapping[str, Any], name: str, namespace: str) -> dict[str, Any]:
    """What is done to the objects of a release: kustomizations that follow one another."""
    steps = [
        {field: one["kustomize"][field] for field in ("patches", "images") if one["kustomize"].get(field)}
        for one in spec.get("postRenderers") or ()
        if one.get("kustomize")
    ]
    common = spec.get("commonMetadata") or {}
    labels = {**(common.get("labels") or {}), f"{ORIGIN}/name": name, f"{ORIGIN}/namespace": namespace}
    last: dict[str, Any] = {"labels": [{"pairs": labels, "includeSelectors": False}]}
    if common.get("annotations"):
        last["transformers"] = [json.dumps(_annotations(common["annotations"]))]
    return {"steps": [*(step for step in steps if step), last]}


def _annotations(pairs: Mapping[str, str]) -> dict[str, Any]:
    """Annotations of the objects alone, not of the pods that they make."""
    return {
        "apiVersion": "builtin", "kind": "AnnotationsTransformer", "metadata": {"name": "common"},
        "annotations": dict(pairs), "fieldSpecs": [{"path": "metadata/annotations", "create": True}],
    }  # fmt: skip


def rendered(manifests: str, steps: list[dict[str, Any]]) -> str:
    """Manifests after all steps. Raises: KbuildError."""
    if not any(isinstance(one, dict) for one in kbuild.read_documents(manifests.encode(), _INPUT)):
        return manifests
    for step in steps:
        kustomization = json.dumps({**step, "resources": [_INPUT]})
        files = {f"{_ROOT}/{_INPUT}": manifests, f"{_ROOT}/kustomization.yaml": kustomization}
        manifests = kbuild.render(_ROOT, fs=kbuild.MemoryFileSystem(files)).to_yaml()
    return manifests


def main(path: str) -> int:
    """Returns the exit status: 0, or 1 with a sentence on standard error."""
    with open(path, encoding="utf-8") as file:
        steps = json.load(file)["steps"]
    try:
        sys.stdout.write(rendered(sys.stdin.read(), steps))
    except kbuild.KbuildError as problem:
        print(f"post-rendering failed: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
