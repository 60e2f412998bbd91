"""What a command line and its source ask for, as a wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier import flow
from applier.cli.health_rules import read_health_rules
from applier.cli.session import inventory_of
from applier.cli.settings import policy_of
from applier.records import replace

if TYPE_CHECKING:
    from applier.cli.settings import Settings
    from applier.cli.source import Source
    from applier.cluster.cluster import Cluster
    from applier.flow import Wish


def wish_of(settings: Settings, source: Source, cluster: Cluster) -> Wish:
    """What the command line and the source ask for. Raises: UsageError; InputError, for rules that cannot be read."""
    ref = inventory_of(settings, source, cluster)
    namespace = settings.text("namespace") or source.namespace or cluster.namespace
    policy = replace(
        policy_of(settings.values, namespace), health_rules=read_health_rules(settings.text("health_rules"))
    )
    return flow.Wish(ref=ref, policy=policy, documents=source.documents, source=source.digest)
