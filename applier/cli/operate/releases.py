"""What a Helm release holds: the objects of the manifest that Helm keeps in a Secret.

Source: Helm's storage of releases in Secrets; flux2 v2.9 `tree`.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.runtime.kinds import SECRETS
from applier.cli.operate.words import StoppedError
from applier.model.ids import ObjectId, id_of
from applier.model.live import Absent, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cli.operate.call import Call
    from applier.model.ids import Body
    from applier.model.snapshot import Discovery

_GZIP = b"\x1f\x8b\x08"


def objects_of(call: Call, release: Body) -> list[ObjectId]:
    """The objects of a release in its cluster; none for one that is not installed or is in another cluster.

    Raises: StoppedError, where what Helm kept cannot be read; ApplierError.
    """
    spec = release.get("spec") or {}
    stored = place_of(release)
    if spec.get("kubeConfig") or stored is None:
        return []
    namespace, name = stored
    secret = call.cluster.reader.get(SECRETS._replace(namespace=namespace), name)
    if isinstance(secret, Absent):
        return []
    try:
        bodies = manifest_of(str((secret.get("data") or {})["release"]))
    except (KeyError, ValueError, OSError, kbuild.KbuildError):
        name = f"{release['metadata']['namespace']}/{release['metadata']['name']}"
        raise StoppedError(f"failed to decode the Helm storage object for HelmRelease '{name}'") from None
    home = str(spec.get("targetNamespace") or release["metadata"]["namespace"])
    known = call.cluster.discovery()
    return [_placed(id_of(body), home, known) for body in bodies]


def place_of(release: Mapping[str, Any]) -> tuple[str, str] | None:
    """(namespace, name) of the Secret with the last release; None where there is none."""
    history = (release.get("status") or {}).get("history") or ()
    if not history:
        return None
    last = history[0]
    namespace = str(last.get("namespace") or release["metadata"]["namespace"])
    storage = str((release.get("status") or {}).get("storageNamespace") or namespace)
    return storage, f"sh.helm.release.v1.{last.get('name')}.v{last.get('version')}"


def manifest_of(data: str) -> list[dict[str, Any]]:
    """The objects in the `release` of a Secret's data. Raises: ValueError, OSError, KbuildError."""
    found = base64.b64decode(base64.b64decode(data))
    if found.startswith(_GZIP):
        found = gzip.decompress(found)
    text = str(json.loads(found).get("manifest") or "")
    return [body for body in kbuild.read_documents(text) if isinstance(body, dict) and body.get("kind")]


def _placed(object_id: ObjectId, home: str, known: Discovery) -> ObjectId:
    """An object in the release's namespace where it names none and needs one."""
    fact = known.find(object_id.group_kind)
    needs = fact is not None and not isinstance(fact, Unknown) and fact.namespaced
    return object_id._replace(namespace=home) if needs and not object_id.namespace else object_id
