"""What a shell may complete behind a noun: the names of the cluster's objects. Whatever fails completes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.cli.operate import kinds
from applier.cli.operate.call import Call, namespace_of
from applier.cli.operate.words import StoppedError
from applier.failures import ApplierError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def names(given: Sequence[str], flags: Mapping[str, Any]) -> list[str]:
    """The names that may follow the words, with the flags of the line so far: those that are not there yet."""
    found = kinds.read_noun(given)
    if found is None:
        return []
    noun, already = found
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in flags.items() if value}
    try:
        bodies = Call(values, [], namespace_of(values)).objects(noun)
    except (ApplierError, StoppedError):
        return []
    return [name for body in bodies if (name := str(body["metadata"]["name"])) not in already]
