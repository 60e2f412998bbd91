"""The fields of a HelmRelease."""

from __future__ import annotations

from applier.agent.install.kustomize_kinds import (
    common_metadata,
    depends_on,
    health_expressions,
    images,
    inventory,
    kube_config,
    patches,
    selector,
)
from applier.agent.install.schemas import (
    Schema,
    anything,
    duration,
    flag,
    items,
    number,
    record,
    status,
    table,
    text,
    texts,
)


def _switches(*names: str) -> dict[str, Schema]:
    return {name: flag() for name in names}


def _strategy() -> Schema:
    return record(
        required=("name",), name=text(enum=["RemediateOnFailure", "RetryOnFailure"]), retryInterval=duration()
    )


def _chart() -> Schema:
    spec = record(
        required=("chart", "sourceRef"),
        chart=text(minLength=1, maxLength=2048),
        version=text(),
        sourceRef=record(
            required=("kind", "name"),
            apiVersion=text(), kind=text(enum=["HelmRepository", "GitRepository", "Bucket"]),
            name=text(minLength=1, maxLength=253), namespace=text(minLength=1, maxLength=63),
        ),
        interval=duration(),
        reconcileStrategy=text(enum=["ChartVersion", "Revision"], default="ChartVersion"),
        valuesFiles=items(text()),
        ignoreMissingValuesFiles=flag(),
    )  # fmt: skip
    return record(required=("spec",), metadata=record(labels=texts(), annotations=texts()), spec=spec)


def _actions() -> dict[str, Schema]:
    remediation = {"retries": number(), "ignoreTestFailures": flag(), "remediateLastFailure": flag()}
    shared = ("disableWait", "disableWaitForJobs", "disableHooks", "disableSchemaValidation", "disableOpenAPIValidation",
              "disableTakeOwnership")  # fmt: skip
    crds = text(enum=["Skip", "Create", "CreateReplace"])
    return {
        "install": record(
            timeout=duration(), remediation=record(more=remediation), strategy=_strategy(), crds=crds,
            more=_switches(*shared, "createNamespace", "replace", "skipCRDs"),
        ),
        "upgrade": record(
            timeout=duration(), strategy=_strategy(), crds=crds,
            remediation=record(more=remediation, strategy=text(enum=["rollback", "uninstall"])),
            more=_switches(*shared, "force", "preserveValues", "cleanupOnFail"),
        ),
        "rollback": record(
            timeout=duration(),
            more=_switches("disableWait", "disableWaitForJobs", "disableHooks", "recreate", "force", "cleanupOnFail"),
        ),
        "uninstall": record(
            timeout=duration(), deletionPropagation=text(enum=["background", "foreground", "orphan"]),
            more=_switches("disableHooks", "keepHistory", "disableWait"),
        ),
        "test": record(
            timeout=duration(), enable=flag(), ignoreFailures=flag(),
            filters=items(record(required=("name",), name=text(), exclude=flag())),
        ),
    }  # fmt: skip


def helm_release() -> Schema:
    """The spec of a HelmRelease."""
    values = record(
        required=("kind", "name"),
        kind=text(enum=["Secret", "ConfigMap"]), name=text(minLength=1, maxLength=253), valuesKey=text(),
        targetPath=text(), optional=flag(),
    )  # fmt: skip
    drift = record(
        mode=text(enum=["enabled", "warn", "disabled"]),
        ignore=items(record(required=("paths",), paths=items(text()), target=selector())),
    )
    reference = record(
        required=("kind", "name"),
        apiVersion=text(), kind=text(enum=["OCIRepository", "HelmChart", "ExternalArtifact"]), name=text(),
        namespace=text(),
    )  # fmt: skip
    only_one = "either chart or chartRef must be set"
    return record(
        required=("interval",),
        rules=(("(has(self.chart) && !has(self.chartRef)) || (!has(self.chart) && has(self.chartRef))", only_one),),
        chart=_chart(),
        chartRef=reference,
        interval=duration(),
        kubeConfig=kube_config(),
        suspend=flag(),
        releaseName=text(minLength=1, maxLength=53),
        targetNamespace=text(minLength=1, maxLength=63),
        storageNamespace=text(minLength=1, maxLength=63),
        dependsOn=depends_on(),
        timeout=duration(),
        maxHistory=number(),
        serviceAccountName=text(),
        persistentClient=flag(),
        driftDetection=drift,
        valuesFrom=items(values),
        values=anything(),
        commonMetadata=common_metadata(),
        healthCheckExprs=health_expressions(),
        postRenderers=items(record(kustomize=record(patches=patches(), images=images()))),
        waitStrategy=record(required=("name",), name=text(enum=["poller", "watcher"])),
        more=_actions(),
    )


def helm_release_status() -> Schema:
    """The status of a HelmRelease."""
    test = record(phase=text(), lastStarted=text(format="date-time"), lastCompleted=text(format="date-time"))
    release = record(
        testHooks=table(test), digest=text(), name=text(), namespace=text(), version=number(), status=text(), chartName=text(),
        chartVersion=text(), appVersion=text(), configDigest=text(), firstDeployed=text(format="date-time"),
        lastDeployed=text(format="date-time"), deleted=text(format="date-time"), ociDigest=text(),
        apiVersion=text(),
    )  # fmt: skip
    return status(
        observedPostRenderersDigest=text(),
        lastAttemptedGeneration=number(format="int64"),
        helmChart=text(),
        storageNamespace=text(),
        history=items(release),
        inventory=inventory(),
        lastAttemptedReleaseAction=text(),
        failures=number(format="int64"),
        installFailures=number(format="int64"),
        upgradeFailures=number(format="int64"),
        lastAttemptedRevision=text(),
        lastAttemptedConfigDigest=text(),
        lastHandledForceAt=text(),
        lastHandledResetAt=text(),
    )
