"""Renders and YAML streams to documents: one object each, lists expanded, positions kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import kbuild
from applier.model.desired import Document

if TYPE_CHECKING:
    from kbuild import Result


def of_result(result: Result) -> list[Document]:
    """The documents of a render. Raises: kbuild.OutputError."""
    positions = [str(resource.position) for resource in result.resources]
    return [Document(body, position) for body, position in zip(result.to_dicts(), positions, strict=True)]


def of_stream(text: str | bytes, name: str) -> list[Document]:
    """The documents of a YAML (or JSON) stream. Raises: kbuild.KbuildError, with its position."""
    return [Document(body, str(position)) for body, position in kbuild.read_positioned(text, name)]


def of_bodies(bodies: Iterable[Mapping[str, Any]]) -> list[Document]:
    """The documents of bodies that a program brings; the position is their number."""
    return [Document(body, f"object {number}") for number, body in enumerate(bodies, 1)]


def expanded(documents: Iterable[Document]) -> Iterator[Document]:
    """Every object on its own: a list kind that has items gives its items, in place."""
    for document in documents:
        body = document.body
        items = body.get("items") if isinstance(body, Mapping) else None
        if isinstance(items, list) and str(body.get("kind") or "").endswith("List"):
            inner = (Document(item, f"{document.position} (items[{index}])") for index, item in enumerate(items))
            yield from expanded(inner)
        else:
            yield document
