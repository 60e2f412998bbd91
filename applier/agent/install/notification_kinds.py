"""The fields of the notification kinds."""

from __future__ import annotations

from applier.agent.install.schemas import (
    SHORT_DURATION,
    Schema,
    duration,
    flag,
    items,
    local_reference,
    record,
    status,
    text,
    texts,
)

PROVIDER_TYPES = [
    "slack",
    "discord",
    "msteams",
    "rocket",
    "generic",
    "generic-hmac",
    "github",
    "gitlab",
    "gitea",
    "giteapullrequestcomment",
    "bitbucketserver",
    "bitbucket",
    "azuredevops",
    "googlechat",
    "googlepubsub",
    "webex",
    "sentry",
    "azureeventhub",
    "telegram",
    "lark",
    "matrix",
    "opsgenie",
    "alertmanager",
    "grafana",
    "githubdispatch",
    "githubpullrequestcomment",
    "gitlabmergerequestcomment",
    "pagerduty",
    "datadog",
    "nats",
    "zulip",
    "otel",
    "zoom",
    "incident.io",
    "mastodon",
]
SOURCE_KINDS = [
    "Bucket",
    "GitRepository",
    "Kustomization",
    "HelmRelease",
    "HelmChart",
    "HelmRepository",
    "ImageRepository",
    "ImagePolicy",
    "ImageUpdateAutomation",
    "OCIRepository",
    "ArtifactGenerator",
    "ExternalArtifact",
]
RECEIVER_TYPES = [
    "generic",
    "generic-hmac",
    "generic-oidc",
    "github",
    "gitlab",
    "bitbucket",
    "harbor",
    "dockerhub",
    "quay",
    "gcr",
    "nexus",
    "acr",
    "cdevents",
]


def provider(*, is_beta: bool) -> Schema:
    """The spec of a Provider."""
    beta = {"interval": duration(), "proxy": text(pattern=r"^(http|https)://.*$", maxLength=2048)} if is_beta else {}
    return record(
        required=("type",),
        type=text(enum=[*PROVIDER_TYPES]),
        address=text(maxLength=2048),
        channel=text(maxLength=2048),
        username=text(maxLength=2048),
        timeout=duration(pattern=SHORT_DURATION),
        secretRef=local_reference(),
        certSecretRef=local_reference(),
        proxySecretRef=local_reference(),
        serviceAccountName=text(),
        commitStatusExpr=text(),
        suspend=flag(),
        more=beta,
    )


def reference() -> Schema:
    """An object of another kind, by name or by labels."""
    return record(
        required=("kind", "name"),
        apiVersion=text(), kind=text(enum=[*SOURCE_KINDS]), name=text(minLength=1, maxLength=253),
        namespace=text(minLength=1, maxLength=253), matchLabels=texts(),
    )  # fmt: skip


def alert(*, is_beta: bool) -> Schema:
    """The spec of an Alert."""
    beta = {"summary": text(maxLength=255)} if is_beta else {}
    return record(
        required=("eventSources", "providerRef"),
        providerRef=local_reference(),
        eventSeverity=text(enum=["info", "error"], default="info"),
        eventSources=items(reference()),
        inclusionList=items(text()),
        exclusionList=items(text()),
        eventMetadata=texts(),
        suspend=flag(),
        more=beta,
    )


def _issuer() -> Schema:
    """An issuer of identity tokens, and which of them are let in."""
    variable = record(required=("expression", "name"), name=text(minLength=1), expression=text(minLength=1))
    validation = record(required=("expression", "message"), expression=text(minLength=1), message=text(minLength=1))
    return record(
        required=("audience", "issuerURL", "validations"),
        issuerURL=text(pattern="^https?://"), audience=text(minLength=1), variables=items(variable),
        validations=items(validation),
    )  # fmt: skip


def receiver() -> Schema:
    """The spec of a Receiver."""
    resource = reference()
    resource["properties"]["filter"] = text()
    return record(
        required=("resources", "type"),
        type=text(enum=[*RECEIVER_TYPES]),
        interval=duration(default="10m"),
        events=items(text()),
        resources=items(resource),
        resourceFilter=text(),
        oidcProviders=items(_issuer()),
        secretRef=local_reference(),
        suspend=flag(),
    )


def receiver_status() -> Schema:
    """The status of a Receiver."""
    return status(webhookPath=text())
