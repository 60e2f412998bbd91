"""Any value as lines of YAML: what a render writes is objects, with their metadata."""

from __future__ import annotations

import json
from typing import Any

import kbuild

_HOLDER = "value"


def lines(value: Any) -> list[str]:
    """The lines of a map or a list; what a render could not print (control characters) is shown as JSON."""
    try:
        text = kbuild.to_yaml([{_HOLDER: value}])
    except kbuild.OutputError:
        return json.dumps(value, indent=2, sort_keys=True).splitlines()
    rows = text.partition(f"{_HOLDER}:\n")[2].splitlines()
    # Maps stand indented below their key, items of lists do not.
    return [row.removeprefix("  ") for row in rows] if isinstance(value, dict) else rows
