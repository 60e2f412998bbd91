"""The fields of the source kinds."""

from __future__ import annotations

from applier.agent.install.schemas import (
    SHORT_DURATION,
    Schema,
    artifact,
    duration,
    flag,
    items,
    local_reference,
    record,
    status,
    text,
    texts,
)

_SOURCE_TIMEOUT = {"pattern": SHORT_DURATION, "default": "60s"}


def git_repository() -> Schema:
    """The spec of a GitRepository."""
    include = record(
        required=("repository",),
        repository=local_reference("The GitRepository whose artifact is copied in."),
        fromPath=text("Folder of that artifact; its root by default."),
        toPath=text("Folder of this artifact; the repository's name by default."),
    )
    return record(
        required=("interval", "url"),
        rules=(
            ("!has(self.serviceAccountName) || (has(self.provider) && self.provider in ['aws', 'azure'])",
             "serviceAccountName can only be set when provider is 'aws' or 'azure'"),
        ),
        url=text("Address of the repository.", pattern=r"^(http|https|ssh)://.*$"),
        interval=duration("How often the repository is looked at."),
        timeout=duration("Bound for Git operations.", **_SOURCE_TIMEOUT),
        ref=record(
            "What is fetched; the branch master by default.",
            branch=text(), tag=text(), semver=text(), name=text(), commit=text(),
        ),
        secretRef=local_reference("Secret with credentials."),
        provider=text(enum=["generic", "aws", "azure", "github"]),
        serviceAccountName=text(),
        verify=record(
            required=("secretRef",),
            mode=text(enum=["head", "HEAD", "Tag", "TagAndHEAD"], default="HEAD"), secretRef=local_reference(),
        ),
        ignore=text("Patterns of .gitignore for what is left out of the artifact."),
        suspend=flag("Whether nothing is done until this is false."),
        recurseSubmodules=flag(),
        include=items(include),
        proxySecretRef=local_reference("Secret with address, username and password of a proxy."),
        sparseCheckout=items(text(), "Folders to be fetched."),
    )  # fmt: skip


def git_repository_status() -> Schema:
    """The status of a GitRepository."""
    include = record(
        required=("repository",), repository=local_reference(), fromPath=text(), toPath=text(),
    )  # fmt: skip
    return status(
        artifact=artifact(),
        includedArtifacts=items(artifact()),
        observedIgnore=text(),
        observedRecurseSubmodules=flag(),
        observedInclude=items(include),
        observedSparseCheckout=items(text()),
        sourceVerificationMode=text(),
        sourceVerificationFingerprint=text(),
    )


def oci_repository() -> Schema:
    """The spec of an OCIRepository."""
    return record(
        required=("interval", "url"),
        url=text("Address of the artifact.", pattern=r"^oci://.*$"),
        ref=record(
            "What is fetched; the tag latest by default.",
            digest=text(), semver=text(), semverFilter=text(), tag=text(),
        ),
        layerSelector=record(
            "Which layer is the content; the first one by default.",
            mediaType=text(), operation=text(enum=["extract", "copy"]),
        ),
        provider=text(enum=["generic", "aws", "azure", "gcp"], default="generic"),
        secretRef=local_reference("Secret with a Docker configuration."),
        serviceAccountName=text("ServiceAccount whose image pull secrets are used."),
        certSecretRef=local_reference("Secret with ca.crt, tls.crt and tls.key."),
        proxySecretRef=local_reference("Secret with address, username and password of a proxy."),
        verify=record(
            required=("provider",),
            provider=text(enum=["cosign", "notation"], default="cosign"), secretRef=local_reference(),
            matchOIDCIdentity=items(record(required=("issuer", "subject"), issuer=text(), subject=text())),
        ),
        interval=duration("How often the registry is looked at."),
        timeout=duration("Bound for each request.", **_SOURCE_TIMEOUT),
        ignore=text("Patterns of .gitignore for what is left out of the artifact."),
        insecure=flag("Whether the registry is reached without TLS."),
        suspend=flag("Whether nothing is done until this is false."),
    )  # fmt: skip


def oci_repository_status() -> Schema:
    """The status of an OCIRepository."""
    selector = record(mediaType=text(), operation=text(enum=["extract", "copy"]))
    return status(artifact=artifact(), url=text(), observedIgnore=text(), observedLayerSelector=selector)


def helm_repository() -> Schema:
    """The spec of a HelmRepository."""
    return record(
        required=("url",),
        url=text(pattern=r"^(http|https|oci)://.*$"),
        secretRef=local_reference(),
        certSecretRef=local_reference(),
        passCredentials=flag(),
        interval=duration(),
        insecure=flag(),
        timeout=duration(pattern=SHORT_DURATION),
        suspend=flag(),
        type=text(enum=["default", "oci"]),
        provider=text(enum=["generic", "aws", "azure", "gcp"], default="generic"),
        accessFrom=record(required=("namespaceSelectors",), namespaceSelectors=items(record(matchLabels=texts()))),
    )


def indexed_status() -> Schema:
    """The status of a HelmRepository."""
    return status(artifact=artifact(), url=text())


def helm_chart() -> Schema:
    """The spec of a HelmChart."""
    reference = record(
        required=("kind", "name"),
        apiVersion=text(), kind=text(enum=["HelmRepository", "GitRepository", "Bucket"]), name=text(),
    )  # fmt: skip
    return record(
        required=("chart", "interval", "sourceRef"),
        chart=text("Name of the chart in the repository, or its path in the source."),
        version=text(default="*"),
        sourceRef=reference,
        interval=duration(),
        reconcileStrategy=text(enum=["ChartVersion", "Revision"], default="ChartVersion"),
        valuesFiles=items(text()),
        ignoreMissingValuesFiles=flag(),
        suspend=flag(),
        verify=record(
            required=("provider",),
            provider=text(enum=["cosign", "notation"], default="cosign"),
            secretRef=local_reference(),
        ),
    )


def helm_chart_status() -> Schema:
    """The status of a HelmChart."""
    return status(
        artifact=artifact(), url=text(), observedSourceArtifactRevision=text(), observedChartName=text(),
        observedValuesFiles=items(text()),
    )  # fmt: skip
