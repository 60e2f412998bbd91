"""The reference's figures where it needs minutes: measured once on request, kept in slow.json, marked wherever they are shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from measure import Runs
from report import machine

KEPT = Path(__file__).with_name("slow.json")


def kept(work: str, version: str) -> tuple[Runs, str] | None:
    """The kept runs of one piece of work and their date; None where there are none of this version and machine."""
    found = _all().get(work)
    if found is None or (found["version"], found["machine"]) != (version, machine()):
        return None
    return Runs(**found["runs"]), found["date"]


def keep(work: str, version: str, date: str, runs: Runs) -> None:
    """Keep runs for later benches on this machine."""
    entry = {"version": version, "machine": machine(), "date": date, "runs": asdict(runs)}
    KEPT.write_text(json.dumps({**_all(), work: entry}, indent=1, sort_keys=True) + "\n")


def _all() -> dict[str, dict]:  # type: ignore[type-arg]
    return json.loads(KEPT.read_text()) if KEPT.is_file() else {}
