"""The kustomization file of a path with a Flux Kustomization's spec merged in.

Source: fluxcd/pkg `kustomize.Generator`, as recorded.
"""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
OVERRIDES = ("targetNamespace", "namePrefix", "nameSuffix", "patches", "components", "images", "buildMetadata")
_HEAD = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}


class BuildError(Exception):
    """A build that fails: the sentence."""


def merged(
    existing: Mapping[str, Any], spec: Mapping[str, Any], folder_exists: Callable[[str], bool]
) -> dict[str, Any]:
    """The fields of a kustomization file with the spec's overrides. Raises: BuildError."""
    found = {**_HEAD, **existing}
    for field, override in (
        ("namespace", "targetNamespace"),
        ("namePrefix", "namePrefix"),
        ("nameSuffix", "nameSuffix"),
    ):
        if spec.get(override):
            found[field] = spec[override]
    if spec.get("patches"):
        found["patches"] = [*(found.get("patches") or ()), *map(_patch, spec["patches"])]
    added = components(spec, folder_exists)
    if added:
        found["components"] = [*(found.get("components") or ()), *added]
    if spec.get("images"):
        found["images"] = images(found.get("images") or (), spec["images"])
    if spec.get("buildMetadata"):
        found["buildMetadata"] = list(spec["buildMetadata"])
    if not any(name in found for name in ("resources", "bases", "components", "generators", "configMapGenerator",
                                          "secretGenerator", "helmCharts")) and not found.get("buildMetadata"):  # fmt: skip
        # So that nothing is built, rather than an error for an empty file.
        found["buildMetadata"] = ["originAnnotations"]
    return found


def _patch(entry: Mapping[str, Any]) -> dict[str, Any]:
    target = entry.get("target")
    return {"patch": entry["patch"], **({"target": dict(target)} if target else {})}


def components(spec: Mapping[str, Any], folder_exists: Callable[[str], bool]) -> list[str]:
    """The spec's components. Raises: BuildError, for one that is not below the source."""
    found = []
    for path in spec.get("components") or ():
        if "://" in path or posixpath.isabs(path) or path.startswith("git@"):
            raise BuildError(f"component path '{path}' must be local and relative")
        if spec.get("ignoreMissingComponents") and not folder_exists(path):
            continue
        found.append(path)
    return found


def images(existing: Iterable[Mapping[str, Any]], overrides: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Image entries merged by name; tag and digest are replaced together."""
    found = [dict(entry) for entry in existing]
    by_name = {entry.get("name"): entry for entry in found}
    for override in overrides:
        entry = by_name.get(override["name"])
        if entry is None:
            entry = by_name[override["name"]] = {"name": override["name"]}
            found.append(entry)
        if override.get("newName"):
            entry["newName"] = override["newName"]
        if override.get("newTag") or override.get("digest"):
            for field in ("newTag", "digest"):
                entry.pop(field, None)
                if override.get(field):
                    entry[field] = override[field]
    return found


def text_of(fields: Mapping[str, Any]) -> str:
    """A kustomization file's text: JSON, which is YAML, with its keys in order."""
    return json.dumps(fields, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
