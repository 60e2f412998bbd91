"""Where the objects come from: a folder that is rendered in this process, a file of manifests, or standard input."""

from __future__ import annotations

import json
import os
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import kbuild
from applier.cli.flags import RENDERING
from applier.normalize.documents import of_result, of_stream
from applier.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.cli.settings import Settings
    from applier.model.desired import Document

KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@record
class Source:
    """The objects that shall exist.

    Shape: `name` and `namespace` are what the kustomization file says of itself, or empty; `digest` is the sha256 of the objects.
    """

    documents: tuple[Document, ...] = ()
    name: str = ""
    namespace: str = ""
    digest: str = ""
    warnings: tuple[str, ...] = ()


def read_source(settings: Settings) -> Source:
    """The objects of a command's target. Raises: KbuildError, for everything that cannot be read or built."""
    target = settings.target
    if target == "-":
        return _source(of_stream(sys.stdin.buffer.read(), "-"))
    if os.path.exists(target) and not os.path.isdir(target):  # a pipe of the shell, too
        with open(target, "rb") as file:
            return _source(of_stream(file.read(), target))
    if not os.path.exists(target) and target.endswith((".yaml", ".yml", ".json")):
        raise kbuild.MissingFileError(f"open {target}: no such file or directory")
    options = _options(settings)
    result = kbuild.render(target, options=options)
    return _source(of_result(result), _kustomization(target), result.warnings)


def _options(settings: Settings) -> kbuild.Options:
    from kbuild.cli.render import options_of

    names = {flag.field for flag in RENDERING}
    given = {name: value for name, value in settings.values.items() if name in names}
    return options_of(given, ())


def _kustomization(folder: str) -> dict[str, Any]:
    """The kustomization file as it is written; an empty mapping for a remote folder or one without."""
    for name in KUSTOMIZATION_FILES:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                documents = kbuild.read_documents(file.read(), path)
            return documents[0] if documents and isinstance(documents[0], dict) else {}
    return {}


def _source(
    documents: Sequence[Document],
    kustomization: Mapping[str, Any] = MappingProxyType({}),
    warnings: tuple[str, ...] = (),
) -> Source:
    from hashlib import sha256

    digest = sha256()
    encode = json.JSONEncoder(separators=(",", ":"), default=str).encode
    for text in sorted(
        encode(document.body) for document in documents
    ):  # the order of documents in their files means nothing to a cluster
        digest.update(text.encode())
    metadata = kustomization.get("metadata")
    return Source(
        documents=tuple(documents),
        name=str((metadata if isinstance(metadata, dict) else {}).get("name") or ""),
        namespace=str(kustomization.get("namespace") or ""),
        digest=digest.hexdigest(),
        warnings=warnings,
    )
