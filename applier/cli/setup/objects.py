"""`kbuild export` and `kbuild delete` with a Flux noun: single objects out of the cluster, as files or for good.

Source: flux2 v2.9, `export` and `delete`, as recorded.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.runtime import durations
from applier.agent.runtime.writes import OwnWriter
from applier.cli.operate.call import EVERY, MANAGER
from applier.cli.operate.words import ACTION, SUCCESS, StoppedError, say
from applier.cli.setup.line import COMMON, SILENT, agreed, guarded
from applier.cluster.api import Collection
from applier.model.live import Absent
from kbuild.cli.flags import BOOL, Flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from applier.cli.setup.line import Line

EXPORT_FLAGS = (EVERY, Flag("with-credentials", BOOL, "the Secrets that sources name, too"), *COMMON)
DELETE_FLAGS = (SILENT, *COMMON)
SECRETS = Collection("", "v1", "secrets", "Secret")
_KEPT = ("name", "namespace", "labels", "annotations")
# Fields that are written although they are false, those whose values are the user's own, and those that are durations.
_REQUIRED = ("prune",)
_OPAQUE = ("values", "substitute", "labels", "annotations", "eventMetadata", "matchLabels", "nodeSelector")
_DURATIONS = ("interval", "retryInterval", "timeout")


def export(argv: Sequence[str]) -> int:
    """`kbuild export NOUN NAME|--all`; returns the exit status."""
    return guarded("export", argv, EXPORT_FLAGS, _export)


def _export(line: Line) -> int:
    noun, names = line.noun_and_names()
    if line.is_on("all"):
        bodies = line.objects(noun)
        if not bodies:
            raise StoppedError(f"no objects found in {line.namespace} namespace")
    elif len(names) == 1:
        bodies = [line.need(noun, names[0])]
    else:
        raise StoppedError("name is required" if not names else f"unknown argument: {names[1]}")
    for body in bodies:
        sys.stdout.write("---\n" + kbuild.to_yaml([exported(body)]))
        for secret in _credentials(line, body) if line.is_on("with_credentials") else ():
            sys.stdout.write("---\n" + kbuild.to_yaml([secret]))
    return 0


def exported(body: Mapping[str, Any]) -> dict[str, Any]:
    """An object as a file that makes it anew: no status, nothing of the server's, no field that is false, durations as Go writes them."""
    metadata = {name: body["metadata"][name] for name in _KEPT if body["metadata"].get(name)}
    return {
        "apiVersion": body["apiVersion"],
        "kind": body["kind"],
        "metadata": metadata,
        "spec": _plain(body.get("spec") or {}),
    }


def _plain(value: Any) -> Any:
    """A spec without what is false, and with durations as Go writes them."""
    if isinstance(value, dict):
        return {
            name: _duration(part)
            if name in _DURATIONS and isinstance(part, str)
            else part
            if name in _OPAQUE
            else _plain(part)
            for name, part in value.items()
            if part is not False or name in _REQUIRED
        }
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _duration(text: str) -> str:
    try:
        return durations.text_of(durations.seconds(text))
    except ValueError:
        return text


def _credentials(line: Line, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The Secret that an object names. Raises: ApplierError; StoppedError, where it is missing."""
    name = ((body.get("spec") or {}).get("secretRef") or {}).get("name")
    if not name:
        return
    namespace = str(body["metadata"]["namespace"])
    found = line.cluster.reader.get(SECRETS._replace(namespace=namespace), str(name))
    if isinstance(found, Absent):
        raise StoppedError(f"failed to retrieve secret {name}: it does not exist")
    metadata = {"name": name, "namespace": namespace}
    rest = {part: found[part] for part in ("data", "type") if part in found}
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **rest}


def delete(argv: Sequence[str]) -> int:
    """`kbuild delete NOUN NAME`; returns the exit status."""
    return guarded("delete kustomization", argv, DELETE_FLAGS, _delete)


def _delete(line: Line) -> int:
    noun, names = line.noun_and_names()
    line.words = names
    body = line.need(noun, line.name(noun.human))
    agreed(line, f"Are you sure you want to delete this {noun.human}")
    say(ACTION, f"deleting {noun.human} {names[0]} in {line.namespace} namespace")
    OwnWriter(line.cluster.exchange, MANAGER).delete(noun.collection, body)
    say(SUCCESS, f"{noun.human} deleted")
    return 0
