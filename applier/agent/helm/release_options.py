"""What the spec of a HelmRelease means for Helm: names, times, options of each action, and what is not supported.

Source: helm-controller v2, as recorded.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from applier.agent.runtime import durations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.model.ids import Body

    Spec = Mapping[str, Any]

INSTALL, UPGRADE, ROLLBACK, UNINSTALL, TEST = "install", "upgrade", "rollback", "uninstall", "test"
MAX_NAME, SHORT, DIGITS = 53, 40, 12
TIMEOUT, MAX_HISTORY = "5m", 5
_SWITCHES = {
    "disableHooks": "--no-hooks", "disableSchemaValidation": "--skip-schema-validation", "force": "--force",
    "disableOpenAPIValidation": "--disable-openapi-validation", "createNamespace": "--create-namespace",
    "cleanupOnFail": "--cleanup-on-fail",
}  # fmt: skip


def release_name(body: Body) -> str:
    """The name of the release: the spec's, or made of namespace and name and cut where it is too long."""
    spec, name = body.get("spec") or {}, str(body["metadata"]["name"])
    target = spec.get("targetNamespace")
    found = str(spec.get("releaseName") or (f"{target}-{name}" if target else name))
    if len(found) <= MAX_NAME:
        return found
    return f"{found[:SHORT]}-{hashlib.sha256(found.encode()).hexdigest()[:DIGITS]}"


def release_namespace(body: Body) -> str:
    """The namespace of the release and of its records."""
    return str((body.get("spec") or {}).get("targetNamespace") or body["metadata"]["namespace"])


def unsupported(body: Body) -> str:
    """What the spec asks for that this agent does not do, as a sentence; empty for nothing."""
    spec = body.get("spec") or {}
    chart, reference = spec.get("chart") or {}, spec.get("chartRef") or {}
    kind = str(reference.get("kind") or "HelmChart")
    storage = spec.get("storageNamespace")
    if kind not in ("HelmChart", "OCIRepository"):
        return f"charts of kind {kind} are not supported by this agent"
    if (chart.get("kind") or "HelmChart") != "HelmChart":
        return f"charts of kind {chart['kind']} are not supported by this agent"
    if storage and storage != release_namespace(body):
        return "a storageNamespace other than the namespace of the release is not supported by this agent"
    return ""


def timeout_s(spec: Spec, action: str) -> float:
    """The time of an action in seconds."""
    text = (spec.get(action) or {}).get("timeout") or spec.get("timeout") or TIMEOUT
    return max(durations.seconds(str(text)), 1.0)


def retries(spec: Spec, action: str) -> int:
    """How often a failed action is repeated; -1 for without end."""
    if strategy(spec, action) == "RetryOnFailure":
        return -1
    return int(((spec.get(action) or {}).get("remediation") or {}).get("retries") or 0)


def strategy(spec: Spec, action: str) -> str:
    """What follows a failure: `RemediateOnFailure` or `RetryOnFailure`."""
    return str(((spec.get(action) or {}).get("strategy") or {}).get("name") or "RemediateOnFailure")


def retry_interval_s(spec: Spec, action: str) -> float:
    """The pause before a retry of the strategy RetryOnFailure, in seconds."""
    return durations.seconds(str(((spec.get(action) or {}).get("strategy") or {}).get("retryInterval") or "5m"))


def remedy(spec: Spec, action: str, failures: int) -> str:
    """What is done about a failed action before it is repeated or given up: `rollback`, `uninstall` or nothing."""
    settings = (spec.get(action) or {}).get("remediation") or {}
    allowed = retries(spec, action)
    if strategy(spec, action) == "RetryOnFailure":
        return ""
    has_more = allowed < 0 or failures <= allowed
    remediates_last = settings.get("remediateLastFailure", action == UPGRADE and allowed > 0)
    if not has_more and not remediates_last:
        return ""
    if action == INSTALL:
        return UNINSTALL
    return UNINSTALL if settings.get("strategy") == UNINSTALL else ROLLBACK


def deploy_options(spec: Spec, action: str) -> list[str]:
    """The options of `helm upgrade --install` for an installation or an upgrade."""
    settings = spec.get(action) or {}
    found = [*_waiting(settings), *(option for name, option in _SWITCHES.items() if settings.get(name))]
    if not settings.get("disableTakeOwnership"):
        found.append("--take-ownership")
    if crds(spec, action) != "Create" or action == UPGRADE:
        found.append("--skip-crds")
    if action == UPGRADE:
        found.append("--reuse-values" if settings.get("preserveValues") else "--reset-values")
    return [*found, "--history-max", str(int(spec.get("maxHistory", MAX_HISTORY)))]


def rollback_options(spec: Spec) -> list[str]:
    """The options of `helm rollback`."""
    settings = spec.get(ROLLBACK) or {}
    names = {"disableHooks": "--no-hooks", "force": "--force", "cleanupOnFail": "--cleanup-on-fail"}
    switches = [option for name, option in names.items() if settings.get(name)]
    return [*_waiting(settings), *switches, "--history-max", str(int(spec.get("maxHistory", MAX_HISTORY)))]


def uninstall_options(spec: Spec) -> list[str]:
    """The options of `helm uninstall`."""
    settings = spec.get(UNINSTALL) or {}
    found = ["--cascade", str(settings.get("deletionPropagation") or "background")]
    for name, option in (("disableHooks", "--no-hooks"), ("keepHistory", "--keep-history")):
        if settings.get(name):
            found.append(option)
    return found if settings.get("disableWait") else [*found, "--wait"]


def is_tested(spec: Spec) -> bool:
    """Whether the tests of a release are run."""
    return bool((spec.get(TEST) or {}).get("enable"))


def ignores_tests(spec: Spec, action: str) -> bool:
    """Whether a test that fails is no failure of the action before it."""
    own = ((spec.get(action) or {}).get("remediation") or {}).get("ignoreTestFailures")
    return bool((spec.get(TEST) or {}).get("ignoreFailures") if own is None else own)


def test_options(spec: Spec) -> list[str]:
    """The options of `helm test`."""
    found: list[str] = []
    for one in (spec.get(TEST) or {}).get("filters") or ():
        found += ["--filter", f"{'!' if one.get('exclude') else ''}name={one['name']}"]
    return found


def crds(spec: Spec, action: str) -> str:
    """What an action does with the definitions of a chart: `Create`, `CreateReplace` or `Skip`."""
    settings = spec.get(action) or {}
    return str(settings.get("crds") or ("Create" if action == INSTALL and not settings.get("skipCRDs") else "Skip"))


def _waiting(settings: Mapping[str, Any]) -> list[str]:
    if settings.get("disableWait"):
        return []
    return ["--wait"] if settings.get("disableWaitForJobs") else ["--wait", "--wait-for-jobs"]
