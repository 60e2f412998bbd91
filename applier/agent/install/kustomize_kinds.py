"""The fields of a Kustomization."""

from __future__ import annotations

from applier.agent.install.schemas import (
    Schema,
    duration,
    flag,
    items,
    local_reference,
    number,
    record,
    status,
    text,
    texts,
)

OBJECT_NAME = {"minLength": 1, "maxLength": 253}


def selector() -> Schema:
    """Which objects a patch is for."""
    return record(
        group=text(), version=text(), kind=text(), name=text(), namespace=text(), labelSelector=text(),
        annotationSelector=text(),
    )  # fmt: skip


def patches() -> Schema:
    """Patches with their targets."""
    return items(record(required=("patch",), patch=text(), target=selector()))


def images() -> Schema:
    """Images with their new names."""
    return items(record(required=("name",), name=text(), newName=text(), newTag=text(), digest=text()))


def common_metadata() -> Schema:
    """Labels and annotations of all objects."""
    return record(labels=texts(), annotations=texts())


def kube_config() -> Schema:
    """Where the kubeconfig of another cluster is."""
    return record(
        rules=(
            ("has(self.configMapRef) || has(self.secretRef)",
             "exactly one of spec.kubeConfig.secretRef or spec.kubeConfig.configMapRef must be specified"),
            ("!has(self.configMapRef) || !has(self.secretRef)",
             "exactly one of spec.kubeConfig.secretRef or spec.kubeConfig.configMapRef must be specified"),
        ),
        configMapRef=local_reference(),
        secretRef=record(required=("name",), name=text(), key=text()),
    )  # fmt: skip


def health_expressions() -> Schema:
    """Expressions that tell the health of kinds."""
    return items(
        record(
            required=("apiVersion", "kind", "current"),
            apiVersion=text(), kind=text(), current=text(), inProgress=text(), failed=text(),
        )
    )  # fmt: skip


def depends_on() -> Schema:
    """What must be ready first."""
    return items(record(required=("name",), name=text(), namespace=text(), readyExpr=text()))


def kustomization() -> Schema:
    """The spec of a Kustomization."""
    source = record(
        required=("kind", "name"),
        apiVersion=text(), kind=text(enum=["OCIRepository", "GitRepository", "Bucket", "ExternalArtifact"]),
        name=text(), namespace=text(),
    )  # fmt: skip
    substitute = record(
        required=("kind", "name"),
        kind=text(enum=["Secret", "ConfigMap"]), name=text(**OBJECT_NAME), optional=flag(default=False),
    )  # fmt: skip
    check = record(required=("kind", "name"), apiVersion=text(), kind=text(), name=text(), namespace=text())
    return record(
        required=("interval", "prune", "sourceRef"),
        interval=duration("How often everything is applied again."),
        retryInterval=duration("How long after a failure it is tried again; the interval by default."),
        timeout=duration("Bound for applying and health checks; the interval less 30 s by default."),
        sourceRef=source,
        path=text("Folder in the source; its root by default."),
        prune=flag("Whether objects that left the source are deleted."),
        deletionPolicy=text(enum=["MirrorPrune", "Delete", "WaitForTermination", "Orphan"]),
        wait=flag("Whether all objects must become healthy."),
        healthChecks=items(check),
        healthCheckExprs=health_expressions(),
        dependsOn=depends_on(),
        force=flag("Whether objects are recreated where a field cannot be changed.", default=False),
        suspend=flag(),
        targetNamespace=text(minLength=1, maxLength=63),
        namePrefix=text(minLength=1, maxLength=200),
        nameSuffix=text(minLength=1, maxLength=200),
        commonMetadata=common_metadata(),
        patches=patches(),
        images=images(),
        components=items(text()),
        ignoreMissingComponents=flag(),
        buildMetadata=items(text(enum=["originAnnotations", "transformerAnnotations"])),
        postBuild=record(
            substitute=texts(), substituteFrom=items(substitute),
            substituteStrategy=text(enum=["WithVariables", "Always"]),
        ),
        decryption=record(
            required=("provider",), provider=text(enum=["sops"]), secretRef=local_reference(), serviceAccountName=text(),
        ),
        kubeConfig=kube_config(),
        serviceAccountName=text(),
        ignore=items(record(required=("paths",), paths=items(text()), target=selector())),
    )  # fmt: skip


def inventory() -> Schema:
    """What was applied."""
    entry = record(required=("id", "v"), id=text(), v=text())
    return record(required=("entries",), entries=items(entry))


def kustomization_status() -> Schema:
    """The status of a Kustomization."""
    snapshot = record(
        required=(
            "digest", "firstReconciled", "lastReconciled", "lastReconciledDuration", "lastReconciledStatus",
            "totalReconciliations",
        ),
        digest=text(), firstReconciled=text(format="date-time"), lastReconciled=text(format="date-time"),
        lastReconciledDuration=text(), lastReconciledStatus=text(), totalReconciliations=number(format="int64"),
        metadata=texts(),
    )  # fmt: skip
    return status(
        lastAppliedRevision=text(),
        lastAttemptedRevision=text(),
        lastAppliedOriginRevision=text(),
        inventory=inventory(),
        history=items(snapshot),
    )
