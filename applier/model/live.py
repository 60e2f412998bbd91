"""What is known about an object in a cluster. Absent and unknown are apart because unknown (forbidden, a broken API
group, a cut answer) must never lead to a deletion.
"""

from __future__ import annotations

from typing import TypeAlias

from applier.model.ids import Body
from applier.records import record


@record
class Present:
    """The object exists. Shape: `body` is what the server holds, `metadata.uid` and `resourceVersion` included."""

    body: Body


@record
class Absent:
    """The server proved that there is no such object: a 404 on it, or a complete list without it."""


@record
class Unknown:
    """Nothing is known about the object. `why` says what stood in the way, in words for a person."""

    why: str


Live: TypeAlias = Present | Absent | Unknown
ABSENT = Absent()
