"""Connections that need the official `kubernetes` package: exec plugins, auth providers, passwords.

The package (0.3 s, 44 MB) is imported here alone, and only when a kubeconfig asks for it. Only its configuration is used;
requests go through our own transport. A library user may also hand in an `ApiClient` of it.
Decision: docs/adr/0035-read-common-kubeconfigs-directly.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.cluster.connection import Connection, environment_proxy
from applier.cluster.kubeconfig import configuration_error, impersonation, read_file
from applier.records import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.cluster.kubeconfig import Choice, Resolved

_TOKEN_KEYS = ("BearerToken", "authorization")  # the package renamed it in version 34


def from_kubeconfig(resolved: Resolved, choice: Choice, environment: Mapping[str, str]) -> Connection:
    """The connection as the official package makes it.

    Raises: ApplierError, where the package is missing or gets no credentials.
    """
    kube_config, configuration_class = _package()
    configuration = configuration_class()
    configuration.proxy = None  # the environment's proxy is ours to judge, for both ways alike
    try:
        kube_config.load_kube_config_from_dict(_as_config(resolved), client_configuration=configuration)
    except kube_config.ConfigException as problem:
        raise configuration_error(
            f'the credentials of the user "{resolved.user_name}" cannot be had: {problem}'
        ) from None
    found = _of_configuration(configuration, environment)
    if "exec" in resolved.user and not found.authorization and not found.client_certificate:
        command = resolved.user["exec"].get("command", "")
        raise configuration_error(
            f'the credential plugin "{command}" of the user "{resolved.user_name}" gave no credentials',
            str(resolved.user["exec"].get("installHint") or "run it by hand to see why"),
        )
    return replace(
        found,
        context=resolved.context,
        cluster=resolved.cluster_name,
        user=resolved.user_name,
        namespace=resolved.namespace,
        impersonation=impersonation(resolved.user, choice),
        reload=lambda: from_kubeconfig(resolved, choice, environment),
    )


def from_api_client(api_client: Any, *, namespace: str = "") -> Connection:
    """The connection that an `ApiClient` of the official package holds.

    Its `refresh_api_key_hook` is asked again by `refresh()`. Raises: ApplierError, for a file that cannot be read.
    """
    configuration = api_client.configuration
    hook: Callable[[Any], None] | None = getattr(configuration, "refresh_api_key_hook", None)
    if hook is not None:
        hook(configuration)
    found = _of_configuration(configuration, {})
    return replace(found, namespace=namespace, reload=lambda: from_api_client(api_client, namespace=namespace))


def _package() -> tuple[Any, Any]:
    try:
        from kubernetes.client.configuration import Configuration
        from kubernetes.config import kube_config
    except ImportError:
        raise configuration_error(
            "this kubeconfig needs the official Kubernetes package for its credentials",
            "pip install 'kbuild[kubernetes]'",
        ) from None
    return kube_config, Configuration


def _as_config(resolved: Resolved) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "chosen",
        "contexts": [{"name": "chosen", "context": {"cluster": "chosen", "user": "chosen"}}],
        "clusters": [{"name": "chosen", "cluster": resolved.cluster}],
        "users": [{"name": "chosen", "user": resolved.user}],
    }


def _of_configuration(configuration: Any, environment: Mapping[str, str]) -> Connection:
    server = str(configuration.host).rstrip("/")
    return Connection(
        server=server,
        ca=_file(configuration.ssl_ca_cert),
        verify=bool(configuration.verify_ssl),
        tls_server_name=str(getattr(configuration, "tls_server_name", None) or ""),
        proxy=str(configuration.proxy or "") or environment_proxy(server, environment),
        authorization=_authorization(configuration),
        client_certificate=_file(configuration.cert_file),
        client_key=_file(configuration.key_file),
    )


def _authorization(configuration: Any) -> str:
    keys = (configuration.api_key or {}).get
    value = str(next((keys(name) for name in _TOKEN_KEYS if keys(name)), ""))
    prefix = next(
        (configuration.api_key_prefix[name] for name in _TOKEN_KEYS if name in configuration.api_key_prefix), ""
    )
    text = f"{prefix} {value}" if prefix and value else value
    scheme, _, credential = text.partition(" ")
    return f"{scheme.capitalize()} {credential.strip()}" if credential else text


def _file(path: str | None) -> bytes:
    if not path:
        return b""
    try:
        return read_file(path)
    except OSError as problem:
        raise configuration_error(f"{path} cannot be read: {problem.strerror}") from None
