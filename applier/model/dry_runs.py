"""What the server says to dry runs of a plan's steps."""

from __future__ import annotations

from collections.abc import Mapping

from applier.failures import Failure
from applier.model.ids import Body, ObjectId
from applier.records import field, record


@record
class DryRuns:
    """The answers. Shape: every checked step is in one of `bodies`, `recreate` and `failures`.

    `recreate` holds those whose change needs a recreation that the policy allows and the server would accept; `unchecked`
    those that cannot be checked yet, with the reason.
    """

    bodies: Mapping[ObjectId, Body] = field(default_factory=dict)
    recreate: frozenset[ObjectId] = frozenset()
    failures: Mapping[ObjectId, Failure] = field(default_factory=dict)
    unchecked: Mapping[ObjectId, str] = field(default_factory=dict)
