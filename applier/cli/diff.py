"""`kbuild diff`: what apply would change, without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier import flow
from applier.cli.dry import show_differences
from applier.cli.session import cluster_of
from applier.cli.source import read_source
from applier.cli.tell import teller_for
from applier.cli.wish import wish_of

if TYPE_CHECKING:
    from applier.cli.settings import Settings


def run(settings: Settings) -> int:
    """Show it; returns 0 where nothing differs and 1 where something does. Raises: KbuildError, ApplierError."""
    source = read_source(settings)
    cluster = cluster_of(settings)
    teller = teller_for(settings)
    for line in source.warnings:
        teller.note(line)
    return show_differences(settings, flow.prepare(cluster, wish_of(settings, source, cluster)), cluster, teller)
