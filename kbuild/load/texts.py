"""Texts that are no kustomization: manifests of a file or a pipe to resources, other YAML to plain values.

For callers that apply or configure: what they read is typed as the render's output would be.
"""

from __future__ import annotations

from kbuild.model.errors import KbuildError, Position

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.model.resource import Resource


def manifests(text: str | bytes, name: str, counters: Counters) -> list[Resource]:
    """The resources of a text of manifests, lists expanded, each with the position where it starts in the file `name`.

    Raises: YamlError, ResourceError, OutputError.
    """
    from kbuild.documents.reader import Memo
    from kbuild.load import resource_file
    from kbuild.model.ids import CLUSTER_SCOPED

    return resource_file.parse(text, name, CLUSTER_SCOPED, Memo(), counters)


def documents(text: str | bytes, name: str = "") -> list[Any]:
    """Every YAML or JSON document of a text as plain JSON-like values. Raises: YamlError, OutputError, with the file."""
    return [body for body, _ in positioned(text, name)]


def positioned(text: str | bytes, name: str = "") -> list[tuple[Any, Position]]:
    """Every YAML or JSON document of a text, each with where it starts; nothing is checked besides the YAML itself.

    Raises: YamlError, OutputError, with the file.
    """
    from kbuild.load import json_stream

    plain = json_stream.read(_decoded(text))
    if plain is not None:
        return [(body, Position(name, line)) for body, line in plain]
    return _positioned_yaml(text, name)


def _decoded(text: str | bytes) -> str:
    """The text, empty where it is not ASCII."""
    if isinstance(text, str):
        return text
    return text.decode("ascii") if text.isascii() else ""


def _positioned_yaml(text: str | bytes, name: str) -> list[tuple[Any, Position]]:
    from kbuild.counters import Counters
    from kbuild.documents.generic import to_output_values
    from kbuild.documents.reader import Memo, read_documents

    try:
        found = read_documents(text, Memo(), Counters())
        return [(to_output_values({"": body})[""], Position(name, line)) for body, line in found]
    except KbuildError as error:
        if name and not error.file:
            error.position = Position(name, error.line, error.column)
        raise
