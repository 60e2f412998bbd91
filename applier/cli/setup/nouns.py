"""What `create` makes of flags: the bodies of Flux's objects, with only those fields that were asked for.

Source: flux2 v2.9, `create … --export`, as recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from applier.cli.operate import kinds
from applier.cli.operate.words import StoppedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cli.operate.kinds import Noun
    from applier.cli.setup.line import Line

    Object = dict[str, Any]

SOURCE_KINDS = ("GitRepository", "OCIRepository", "Bucket", "ExternalArtifact")
CHECKED_KINDS = ("Deployment", "DaemonSet", "StatefulSet", "HelmRelease")
RELEASES = "helm.toolkit.fluxcd.io/v2"
URL_SCHEMES = ("ssh", "http", "https")


def body(line: Line, noun: Noun, name: str, spec: Mapping[str, Any]) -> Object:
    """An object of a noun. Raises: StoppedError."""
    place = noun.collection
    labels = line.pairs("label")
    return {
        "apiVersion": f"{place.group}/{place.version}",
        "kind": place.kind,
        "metadata": {"name": name, "namespace": line.namespace, **({"labels": labels} if labels else {})},
        "spec": spec,
    }


def given(**fields: Any) -> Object:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value not in ("", None, [], {}, ())}


def named(name: str) -> Object | None:
    """A reference by name."""
    return {"name": name} if name else None


def checked_url(url: str) -> str:
    """The URL of a repository. Raises: StoppedError, for what Git and the kind's rules do not take."""
    if not url:
        raise StoppedError("url is required")
    front, colon, _ = url.partition(":")
    if "/" not in front and colon and "://" not in url:
        raise StoppedError(f'git URL parse failed: parse "{url}": first path segment in URL cannot contain colon')
    scheme = urlsplit(url).scheme
    if scheme not in URL_SCHEMES:
        raise StoppedError(f"git URL scheme '{scheme}' not supported, can be: ssh, http and https")
    return url


def git_repository(line: Line, name: str, secret: str) -> Object:
    """A GitRepository; `secret` names its credentials. Raises: StoppedError."""
    spec = given(
        url=checked_url(line.text("url")),
        interval=line.duration("interval", "1m"),
        timeout=line.duration("fetch_timeout"),
        ref=_ref(line),
        secretRef=named(secret),
        ignore="\n".join(line.items("ignore_paths")),
        provider=line.text("provider"),
        proxySecretRef=named(line.text("proxy_secret_ref")),
        sparseCheckout=line.items("sparse_checkout_paths"),
        recurseSubmodules=line.is_on("recurse_submodules") or None,
    )
    return body(line, kinds.GIT, name, spec)


def _ref(line: Line) -> Object:
    """What is fetched. Raises: StoppedError, where nothing is named."""
    branch, commit = line.text("branch"), line.text("commit")
    if commit:
        return given(branch=branch, commit=commit)
    for flag, field in (("ref_name", "name"), ("tag_semver", "semver"), ("tag", "tag"), ("branch", "branch")):
        if line.text(flag):
            return {field: line.text(flag)}
    raise StoppedError(
        "a Git ref is required, use one of the following: --branch, --tag, --commit, --ref-name or --tag-semver"
    )


def kustomization(line: Line, name: str) -> Object:
    """A Kustomization. Raises: StoppedError."""
    if not line.text("source"):
        raise StoppedError("source is required")
    path = line.text("path", "./")
    wait, checks = line.is_on("wait"), [_checked(text) for text in line.items("health_check")]
    provider = line.text("decryption_provider")
    spec = given(
        dependsOn=[reference(text) for text in line.items("depends_on")],
        decryption=given(provider=provider, secretRef=named(line.text("decryption_secret"))) if provider else None,
        healthChecks=[] if wait else checks,
        interval=line.duration("interval", "1m"),
        kubeConfig=given(secretRef=named(line.text("kubeconfig_secret_ref"))),
        path=path if path.startswith("./") else f"./{path.lstrip('/')}",
        retryInterval=line.duration("retry_interval"),
        serviceAccountName=line.text("service_account"),
        sourceRef=source(line.text("source")),
        targetNamespace=line.text("target_namespace"),
        timeout=line.duration("health_check_timeout", "2m") if wait or checks else "",
        wait=wait or None,
    )
    return body(line, kinds.KUSTOMIZATION, name, {**spec, "prune": line.is_on("prune")})


def source(text: str) -> Object:
    """A source as flags name it: `Kind/name.namespace`, the name alone for a GitRepository. Raises: StoppedError."""
    return split_reference(text if "/" in text else f"{kinds.GIT.kind}/{text}", SOURCE_KINDS)


def split_reference(text: str, known: tuple[str, ...], what: str = "source") -> Object:
    """An object of one of these kinds, as `Kind/name.namespace`. Raises: StoppedError."""
    kind, slash, rest = text.partition("/")
    by_word = {word.lower(): word for word in known}
    if slash and kind.lower() not in by_word:
        raise StoppedError(f"{what} kind '{kind}' is not supported, must be one of: {', '.join(known)}")
    name, _, namespace = rest.partition(".")
    if not name:
        raise StoppedError(f"invalid {what} '{text}', must be in format <kind>/<name>")
    return {"kind": by_word[kind.lower()], "name": name, **given(namespace=namespace)}


def reference(text: str) -> Object:
    """Another object of the same kind: `namespace/name`, or its name alone."""
    namespace, slash, name = text.partition("/")
    return {"name": name, "namespace": namespace} if slash else {"name": text}


def _checked(text: str) -> Object:
    """An object whose health counts: `Kind/name.namespace`. Raises: StoppedError."""
    kind, slash, rest = text.partition("/")
    name, dot, namespace = rest.partition(".")
    if not (slash and dot and name and namespace):
        raise StoppedError(f"invalid health check '{text}' must be in the format 'kind/name.namespace'")
    if kind not in CHECKED_KINDS:
        raise StoppedError(
            f"invalid health check kind '{kind}' can be HelmRelease, Deployment, DaemonSet or StatefulSet"
        )
    version = {"apiVersion": RELEASES} if kind == "HelmRelease" else {}
    return {**version, "kind": kind, "name": name, "namespace": namespace}


def provider(line: Line, name: str) -> Object:
    """A Provider. Raises: StoppedError."""
    if not line.text("type"):
        raise StoppedError("Provider type is required")
    spec = given(
        address=line.text("address"),
        channel=line.text("channel"),
        secretRef=named(line.text("secret_ref")),
        type=line.text("type"),
        username=line.text("username"),
    )
    return body(line, kinds.PROVIDER, name, spec)


def alert(line: Line, name: str) -> Object:
    """An Alert. Raises: StoppedError."""
    if not line.text("provider_ref"):
        raise StoppedError("provider ref is required")
    sources = [_event_source(text) for text in line.items("event_source")]
    if not sources:
        raise StoppedError("at least one event source is required")
    spec = given(
        eventSeverity=line.text("event_severity", "info"),
        eventSources=sources,
        exclusionList=list(line.values.get("exclusion_list") or ()),
        inclusionList=list(line.values.get("inclusion_list") or ()),
        eventMetadata=line.pairs("event_metadata"),
        providerRef=named(line.text("provider_ref")),
    )
    return body(line, kinds.ALERT, name, spec)


def receiver(line: Line, name: str) -> Object:
    """A Receiver. Raises: StoppedError."""
    if not line.text("type"):
        raise StoppedError("Receiver type is required")
    if not line.text("secret_ref"):
        raise StoppedError("secret ref is required")
    resources = [_event_source(text) for text in line.items("resource")]
    if not resources:
        raise StoppedError("at least one resource is required")
    spec = given(
        events=line.items("event"),
        resources=resources,
        secretRef=named(line.text("secret_ref")),
        type=line.text("type"),
    )
    return body(line, kinds.RECEIVER, name, spec)


def _event_source(text: str) -> Object:
    """An object that events come from, or that a call is for: `Kind/name`, `Kind/*`. Raises: StoppedError."""
    kind, slash, rest = text.partition("/")
    name, _, namespace = (rest, "", "") if rest == "*" else rest.partition(".")
    if not (slash and kind and name):
        raise StoppedError(f"invalid event source '{text}', must be in format <kind>/<name>")
    noun = kinds.of_kind(kind)
    return {"kind": noun.kind if noun else kind, "name": name, **given(namespace=namespace)}
