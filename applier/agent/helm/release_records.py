"""Records of releases: what the status keeps of each, and the Secrets in which Helm keeps them.

Source: Helm v3 `storage/driver`; helm-controller v2, as recorded.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.kinds import SECRETS
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from applier.agent.helm.helm_program import Helm, Revision
    from applier.agent.runtime.writes import OwnWriter
    from applier.cluster.reader import Reader

FAILED, DEPLOYED, SUPERSEDED, UNINSTALLED = "failed", "deployed", "superseded", "uninstalled"
PENDING = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")
KEPT = 5


def digest_of(helm: Helm, revision: Revision) -> str:
    """What a revision is known by: another hand that touched the release has made another one."""
    facts = [helm.namespace, helm.name, revision.number, revision.chart, revision.updated]
    return f"sha256:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()}"


def snapshot(helm: Helm, revision: Revision, chart: tuple[str, str], config_digest: str) -> dict[str, Any]:
    """One entry of `status.history`; `chart` is (name, version)."""
    return {
        "name": helm.name, "namespace": helm.namespace, "version": revision.number, "status": revision.status,
        "chartName": chart[0], "chartVersion": chart[1], "configDigest": config_digest,
        **({"appVersion": revision.app_version} if revision.app_version else {}),
        "digest": digest_of(helm, revision), "firstDeployed": time_of(revision.updated),
        "lastDeployed": time_of(revision.updated),
    }  # fmt: skip


def hook(facts: Mapping[str, str]) -> dict[str, str]:
    """A test as `status.history` has it; `facts` are `phase`, `started` and `completed`."""
    times = {"lastStarted": facts["started"], "lastCompleted": facts["completed"]}
    never = "0001-01-01"
    return {
        **{name: time_of(text) for name, text in times.items() if text and not text.startswith(never)},
        **({"phase": facts["phase"]} if facts["phase"] else {}),
    }


def time_of(text: str) -> str:
    """A time as statuses have it: whole seconds in UTC."""
    from datetime import UTC, datetime

    head, dot, rest = text.partition(".")
    zone = rest.lstrip("0123456789") if dot else ""
    found = datetime.fromisoformat(head + zone)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def history(before: Sequence[Mapping[str, Any]], revisions: Sequence[Revision]) -> list[dict[str, Any]]:
    """The entries of a status with the states that Helm tells, the newest first; what Helm has no more is left out."""
    states = {one.number: one.status for one in revisions}
    known = [dict(one, status=states[one["version"]]) for one in before if one.get("version") in states]
    return sorted(known, key=lambda one: -int(one["version"]))[:KEPT]


def shown(name: str, namespace: str, entry: Mapping[str, Any]) -> str:
    """A release as messages name it: `ns/name.v1 with chart app@1.2.3`."""
    return f"{namespace}/{name}.v{entry['version']} with chart {entry['chartName']}@{entry['chartVersion']}"


def fail(reader: Reader, writer: OwnWriter, helm: Helm, revision: Revision, why: str = "") -> None:
    """Mark a revision as failed: one that a program left before it was done with it, or that did not become well.

    Raises: ApplierError, ValueError.
    """
    name = f"sh.helm.release.v1.{helm.name}.v{revision.number}"
    secret = reader.get(SECRETS._replace(namespace=helm.namespace), name)
    if isinstance(secret, Absent):
        return
    release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    sentence = why or f"Release unlocked from stale '{release['info']['status']}' state"
    release["info"] |= {"status": FAILED, "description": sentence}
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode(), mtime=0))
    change = {
        "metadata": {"labels": {"status": FAILED}, "resourceVersion": secret["metadata"]["resourceVersion"]},
        "data": {"release": base64.b64encode(packed).decode()},
    }
    writer.merge(SECRETS, secret, change)
