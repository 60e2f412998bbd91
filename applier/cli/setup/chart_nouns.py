"""What `create` makes of flags for charts: HelmRepository, HelmChart, HelmRelease; and OCIRepository, Bucket, and a tenant.

Source: flux2 v2.9, `create … --export`, as recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from applier.agent.helm.chart_files import ValuesFileError, merge, values_of
from applier.cli.operate import kinds
from applier.cli.operate.words import StoppedError
from applier.cli.setup.nouns import body, given, named, reference, split_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cli.setup.line import Line

    Object = dict[str, Any]

REPOSITORY_SCHEMES = ("http", "https", "oci")
STRATEGIES = ("Revision", "ChartVersion")
CHART_SOURCES = ("HelmRepository", "GitRepository", "Bucket")
CHART_KINDS = ("OCIRepository", "HelmChart")
VALUES_KINDS = ("Secret", "ConfigMap")
TENANT = "toolkit.fluxcd.io/tenant"
_RBAC = "rbac.authorization.k8s.io"


def helm_repository(line: Line, name: str, secret: str) -> Object:
    """A HelmRepository; `secret` names its credentials. Raises: StoppedError."""
    url = line.text("url")
    if not url:
        raise StoppedError("url is required")
    scheme = urlsplit(url).scheme
    if scheme not in REPOSITORY_SCHEMES:
        raise StoppedError(f"url scheme '{scheme}' not supported, can be: http, https and oci")
    spec = given(
        url=url,
        interval=line.duration("interval", "1m"),
        timeout=line.duration("fetch_timeout"),
        type="oci" if scheme == "oci" else "",
        provider=line.text("oci_provider"),
        secretRef=named(secret),
        passCredentials=line.is_on("pass_credentials") or None,
    )
    return body(line, kinds.HELM, name, spec)


def helm_chart(line: Line, name: str) -> Object:
    """A HelmChart. Raises: StoppedError."""
    if not line.text("source"):
        raise StoppedError("chart source is required")
    if not line.text("chart"):
        raise StoppedError("chart name or path is required")
    spec = given(
        chart=line.text("chart"),
        interval=line.duration("interval", "1m"),
        reconcileStrategy=_strategy(line),
        sourceRef={**split_reference(line.text("source"), CHART_SOURCES)},
        version=line.text("chart_version"),
    )
    return body(line, kinds.CHART, name, spec)


def oci_repository(line: Line, name: str) -> Object:
    """An OCIRepository. Raises: StoppedError."""
    if not line.text("url"):
        raise StoppedError("url is required")
    ref = given(digest=line.text("digest"), semver=line.text("tag_semver"), tag=line.text("tag"))
    if not ref:
        raise StoppedError("--tag, --tag-semver or --digest is required")
    spec = given(
        url=line.text("url"),
        interval=line.duration("interval", "1m"),
        ref=ref,
        provider=line.text("provider", "generic"),
        secretRef=named(line.text("secret_ref")),
        certSecretRef=named(line.text("cert_ref")),
        proxySecretRef=named(line.text("proxy_secret_ref")),
        serviceAccountName=line.text("service_account"),
        ignore="\n".join(line.items("ignore_paths")),
        insecure=line.is_on("insecure") or None,
    )
    return body(line, kinds.OCI, name, spec)


def bucket(line: Line, name: str) -> Object:
    """A Bucket. Raises: StoppedError."""
    for flag, words in (("bucket_name", "bucket-name"), ("endpoint", "endpoint")):
        if not line.text(flag):
            raise StoppedError(f"{words} is required")
    spec = given(
        bucketName=line.text("bucket_name"),
        endpoint=line.text("endpoint"),
        interval=line.duration("interval", "1m"),
        provider=line.text("provider", "generic"),
        region=line.text("region"),
        insecure=line.is_on("insecure") or None,
        secretRef=named(line.text("secret_ref")),
        proxySecretRef=named(line.text("proxy_secret_ref")),
        ignore="\n".join(line.items("ignore_paths")),
    )
    return body(line, kinds.BUCKET, name, spec)


def helm_release(line: Line, name: str) -> Object:
    """A HelmRelease. Raises: StoppedError."""
    chart, chart_ref = line.text("chart"), line.text("chart_ref")
    if not chart and not chart_ref:
        raise StoppedError("chart or chart-ref is required")
    if chart and chart_ref:
        raise StoppedError("cannot use --chart in combination with --chart-ref")
    target = line.text("target_namespace")
    crds = line.text("crds")
    spec = given(
        chart=_chart(line, chart) if chart else None,
        chartRef={**split_reference(chart_ref, CHART_KINDS, "chart reference")} if chart_ref else None,
        dependsOn=[reference(text) for text in line.items("depends_on")],
        install=given(createNamespace=line.is_on("create_target_namespace") or None, crds="Create" if crds else ""),
        interval=line.duration("interval", "1m"),
        kubeConfig=given(secretRef=named(line.text("kubeconfig_secret_ref"))),
        releaseName=line.text("release_name"),
        serviceAccountName=line.text("service_account"),
        storageNamespace=line.text("storage_namespace", target),
        targetNamespace=target,
        upgrade=given(crds=crds),
        values=_values(line),
        valuesFrom=[_values_from(text) for text in line.items("values_from")],
    )
    return body(line, kinds.RELEASE, name, spec)


def tenant(line: Line, name: str) -> list[Object]:
    """The namespaces of a tenant, each with an account that may do everything there. Raises: StoppedError."""
    spaces = line.items("with_namespace")
    if not spaces:
        raise StoppedError("with-namespace is required")
    account = line.text("with_service_account", name)
    found: list[Object] = []
    for space in spaces:
        labels = {"labels": {**line.pairs("label"), TENANT: name}}
        inside = {**labels, "namespace": space}
        if not line.is_on("skip_namespace"):
            found.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space, **labels}})
        found.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, **inside}})
        found.append(
            {
                "apiVersion": f"{_RBAC}/v1",
                "kind": "RoleBinding",
                "metadata": {"name": f"{name}-reconciler", **inside},
                "roleRef": {
                    "apiGroup": _RBAC,
                    "kind": "ClusterRole",
                    "name": line.text("cluster_role", "cluster-admin"),
                },
                "subjects": [
                    {"apiGroup": _RBAC, "kind": "User", "name": f"gotk:{space}:reconciler"},
                    {"kind": "ServiceAccount", "name": account, "namespace": space},
                ],
            }
        )
    return found


def _chart(line: Line, chart: str) -> Object:
    """Raises: StoppedError."""
    source = line.text("source")
    if not source:
        raise StoppedError("source is required")
    spec = given(
        chart=chart,
        interval=line.duration("chart_interval"),
        reconcileStrategy=_strategy(line),
        sourceRef={**split_reference(source, CHART_SOURCES)},
        version=line.text("chart_version"),
    )
    return {"spec": spec}


def _strategy(line: Line) -> str:
    """Raises: StoppedError."""
    found = line.text("reconcile_strategy", "ChartVersion")
    if found not in STRATEGIES:
        raise StoppedError(f"'{found}' is an invalid reconcile strategy(valid: {', '.join(STRATEGIES)})")
    return found


def _values(line: Line) -> Mapping[str, Any]:
    """The files of --values, the later over the earlier. Raises: StoppedError."""
    found: dict[str, Any] = {}
    for path in line.items("values"):
        try:
            found = merge(found, values_of(Path(path).read_bytes(), path))
        except OSError as problem:
            words = (problem.strerror or "it cannot be read").lower()
            raise StoppedError(f"reading values from {path} failed: open {path}: {words}") from None
        except ValuesFileError as problem:
            raise StoppedError(f"converting values to JSON from {path} failed: {problem}") from None
    return found


def _values_from(text: str) -> Object:
    """Raises: StoppedError."""
    kind, slash, name = text.partition("/")
    if not slash or not name:
        raise StoppedError(f"invalid Kubernetes object reference '{text}', must be in format <kind>/<name>")
    known = {word.lower(): word for word in VALUES_KINDS}
    if kind.lower() not in known:
        raise StoppedError(f"reference kind '{kind}' is not supported, must be one of: {', '.join(VALUES_KINDS)}")
    return {"kind": known[kind.lower()], "name": name}
