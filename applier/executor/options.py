"""How a run is carried out, apart from the executor that does it: commands name it before anything is planned."""

from __future__ import annotations

from applier.records import record


@record
class Options:
    """How a run is carried out, besides what the plan's policy says.

    Shape: `run` identifies the run in locks and inventories; `tool` is our version. Units: seconds.
    """

    run: str
    tool: str
    lock: bool = True
    preflight: bool = False
    lock_timeout_s: float = 0.0
