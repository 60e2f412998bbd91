"""What is known about an object in a cluster. Absent and unknown are apart because unknown (forbidden, a broken API
group, a cut answer) must never lead to a deletion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from applier.model.ids import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The object exists. Shape: `body` is what the server holds, `metadata.uid` and `resourceVersion` included."""

    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The server proved that there is no such object: a 404 on it, or a complete list without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nothing is known about the object. `why` says what stood in the way, in words for a person."""

    why: str


Live: TypeAlias = Present | Absent | Unknown
ABSENT = Absent()
