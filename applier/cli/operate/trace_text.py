"""The way of an object from its commit, as blocks of lines. Source: flux2 v2.9 `trace`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.agent.runtime.conditions import FALSE, READY, find
from applier.cli.operate import kinds, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from applier.model.ids import Body

_WIDTH = 17
_REFERENCES = (
    ("Tag", "tag"),
    ("Tag", "semver"),
    ("Branch", "branch"),
    ("Digest", "digest"),
    ("Name", "name"),
    ("Commit", "commit"),
)

Lines = list[tuple[str, str]]


def text(blocks: Iterable[Lines]) -> str:
    """Blocks between lines of dashes, below an empty line."""
    printed = ("".join(f"{(label + ':').ljust(_WIDTH)}{value}\n" for label, value in block) for block in blocks)
    return "\n" + "---\n".join(printed)


def of_object(body: Body) -> Lines:
    """The object itself."""
    metadata = body["metadata"]
    found = [("Object", f"{body['kind']}/{metadata['name']}")]
    if metadata.get("namespace"):
        found.append(("Namespace", str(metadata["namespace"])))
    return [*found, ("Status", "Managed by Flux")]


def of_applier(body: Body) -> Lines:
    """A Kustomization or HelmRelease."""
    spec = body.get("spec") or {}
    found = _head(body)
    if spec.get("targetNamespace"):
        found.append(("Target", str(spec["targetNamespace"])))
    if body["kind"] == kinds.KUSTOMIZATION.kind:
        found.append(("Path", str(spec.get("path") or "")))
    return [*found, ("Revision", tables.revision_of(body)), *_state(body)]


def of_source(body: Body) -> Lines:
    """A source: where it is, which part of it, how far it got."""
    spec = body.get("spec") or {}
    found = _head(body)
    if spec.get("url"):
        found.append(("URL", str(spec["url"])))
    if body["kind"] == kinds.CHART.kind:
        found += [("Chart", str(spec.get("chart") or "")), ("Version", str(spec.get("version") or "*"))]
    reference: Mapping[str, Any] = spec.get("ref") or {}
    named = next(((label, key) for label, key in _REFERENCES if reference.get(key)), None)
    if named is not None:
        found.append((named[0], str(reference[named[1]])))
    if tables.revision_of(body):
        found.append(("Revision", tables.revision_of(body)))
    return [*found, *_state(body, tells_failure=True)]


def _head(body: Body) -> Lines:
    metadata = body["metadata"]
    return [(str(body["kind"]), str(metadata["name"])), ("Namespace", str(metadata["namespace"]))]


def _state(body: Body, *, tells_failure: bool = False) -> Lines:
    ready = find(body, READY)
    if ready is None:
        return [("Status", "Unknown")]
    word = "reconciliation failed" if tells_failure and ready.get("status") == FALSE else "reconciled"
    moment = str(ready.get("lastTransitionTime") or "").replace("T", " ").replace("Z", " +0000 UTC")
    return [("Status", f"Last {word} at {moment}"), ("Message", str(ready.get("message") or ""))]
