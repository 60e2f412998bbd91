"""One object that shall exist: the payload to send, and the wishes read from its annotations."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from applier.model.ids import Body, ObjectId
from applier.records import record

WriteMode: TypeAlias = Literal["apply", "create-only", "merge", "ignore"]


class Document(NamedTuple):
    """One input document. `body` is whatever was read; `position` is `file:line`, empty where unknown."""

    body: Any
    position: str = ""


class Dependency(NamedTuple):
    """An object to wait for. `applied` means that it need only be written; `source` is the annotation's key."""

    id: ObjectId
    applied: bool
    source: str


@record
class Desired:
    """An object as it shall be applied.

    Shape: `body` is the cleaned payload: apiVersion, kind, metadata with name (and namespace where the kind has one),
    our label and annotation unless labels are off. `mode` follows the ssa and lifecycle annotations. `timeout_s` is None
    where the policy's holds. `wait_for` is the object's own health expression, or empty.
    """

    id: ObjectId
    version: str
    body: Body
    position: str = ""
    depends_on: tuple[Dependency, ...] = ()
    mode: WriteMode = "apply"
    keep: bool = False
    recreate: bool = False
    timeout_s: float | None = None
    wait_for: str = ""
