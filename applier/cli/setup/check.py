"""`kbuild check`: whether a cluster is fit for an installation, and whether the one in it works.

Source: flux2 v2.9, `check`, as recorded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from applier.agent.install import manifests
from applier.agent.install.components import EVERY, FLUX, PART_OF, Installation
from applier.cli.operate.words import ACTION, FAILURE, SUCCESS, say
from applier.cli.setup.install import COMPONENT_FLAGS, installed
from applier.cli.setup.kinds import DEFINITIONS, DEPLOYMENTS
from applier.cli.setup.line import COMMON, guarded
from applier.cli.setup.rollout import is_ready
from applier.cluster.api import Listing
from applier.cluster.rights import Right, missing_rights
from applier.cluster.transport import Request
from applier.model.ids import id_of
from applier.model.snapshot import KindFact
from kbuild.cli.flags import BOOL, TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.cli.setup.line import Line
    from applier.cluster.api import Collection
    from applier.cluster.cluster import Cluster
    from applier.model.ids import Body

# The oldest version that the tests' control plane stands for, and the one that Flux 2.9 asks for.
OLDEST = (1, 33, 0)
SELECTOR = f"{PART_OF}={FLUX}"
SHOWN_RIGHTS = 5
FLAGS = (
    Flag("pre", BOOL, "only what an installation needs: the version of Kubernetes, and rights"),
    *COMPONENT_FLAGS,
    Flag("poll-interval", TEXT, "accepted as in Flux; what is not ready is told at once", placeholder="TIME"),
    *COMMON,
)


def check(argv: Sequence[str]) -> int:
    """`kbuild check`; returns 0 where all is well, else 1."""
    return guarded("check", argv, FLAGS, _check)


def _check(line: Line) -> int:
    say(ACTION, "checking prerequisites")
    is_well = _check_version(line.cluster)
    if line.is_on("pre"):
        is_well = _check_rights(line) and is_well
        say(*((SUCCESS, "prerequisites checks passed") if is_well else (FAILURE, "check failed")))
        return 0 if is_well else 1
    say(ACTION, "checking version in cluster")
    found = installed(line.cluster)
    if found is not None and found.version:
        say(SUCCESS, f"distribution: {found.distribution}")
    say(SUCCESS, f"bootstrapped: {str(found is not None and found.is_bootstrapped).lower()}")
    say(ACTION, "checking controllers")
    is_well = _check_controllers(line) and is_well
    say(ACTION, "checking crds")
    is_well = _check_definitions(line.cluster) and is_well
    say(*((SUCCESS, "all checks passed") if is_well else (FAILURE, "check failed")))
    return 0 if is_well else 1


def _check_version(cluster: Cluster) -> bool:
    found = str(cluster.exchange.read(Request("GET", "/version"), "version").get("gitVersion") or "")
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", found)
    wanted = f">={'.'.join(map(str, OLDEST))}-0"
    text = found.removeprefix("v")
    if numbers is None or tuple(map(int, numbers.groups())) < OLDEST:
        say(FAILURE, f"Kubernetes version {text} does not match {wanted}")
        return False
    say(SUCCESS, f"Kubernetes {text} {wanted}")
    return True


def _check_rights(line: Line) -> bool:
    """Whether everything of an installation may be written; silent where it may, as in Flux, which does not ask."""
    plan = Installation(namespace=line.namespace, components=EVERY, version="v0", image="none")
    needed = set()
    for body in manifests.manifests(plan):
        fact = line.cluster.discovery().find(id_of(body).group_kind)
        if isinstance(fact, KindFact):
            space = plan.namespace if fact.namespaced else ""
            needed |= {Right(space, fact.kind.group, fact.plural, verb) for verb in ("get", "create", "patch")}
    missing = missing_rights(line.cluster.exchange, needed)
    if missing:
        more = f" and {len(missing) - SHOWN_RIGHTS} more" if len(missing) > SHOWN_RIGHTS else ""
        say(FAILURE, f"rights are missing: {', '.join(map(str, missing[:SHOWN_RIGHTS]))}{more}")
    return not missing


def _check_controllers(line: Line) -> bool:
    place = DEPLOYMENTS._replace(namespace=line.namespace)
    bodies = {str(body["metadata"]["name"]): body for body in _labelled(line.cluster, place)}
    if not bodies:
        say(
            FAILURE,
            f"no controllers found in the '{line.namespace}' namespace with the label selector '{SELECTOR}'",
        )
        return False
    wanted = [*line.items("components"), *line.items("components_extra")]
    is_well = True
    for name in [*sorted(bodies), *(name for name in wanted if name not in bodies)]:
        found = bodies.get(name)
        is_good = found is not None and is_ready(found)
        is_well = is_well and is_good
        word = "ready" if is_good else "not ready" if found is not None else "not found"
        say(SUCCESS if is_good else FAILURE, f"{name}: deployment {word}")
        for container in _containers(found):
            say(ACTION, str(container.get("image")))
    return is_well


def _containers(deployment: Body | None) -> list[Body]:
    spec = (((deployment or {}).get("spec") or {}).get("template") or {}).get("spec") or {}
    return list(spec.get("containers") or ())


def _check_definitions(cluster: Cluster) -> bool:
    found = _labelled(cluster, DEFINITIONS)
    if not found:
        say(FAILURE, f"no crds found with the label selector '{SELECTOR}'")
        return False
    is_well = True
    for body in sorted(found, key=lambda one: str(one["metadata"]["name"])):
        status = body.get("status") or {}
        stored = status.get("storedVersions") or []
        conditions = {str(one.get("type")): str(one.get("status")) for one in status.get("conditions") or ()}
        is_good = bool(stored) and conditions.get("Established") == "True"
        is_well = is_well and is_good
        name = str(body["metadata"]["name"])
        if is_good:
            say(SUCCESS, f"{name}/{','.join(stored)}")
        else:
            say(FAILURE, f"{name}: not established")
    return is_well


def _labelled(cluster: Cluster, place: Collection) -> list[Body]:
    found = cluster.reader.list(place, selector=SELECTOR)
    assert isinstance(found, Listing)
    return list(found.bodies)
