"""Kubeconfig files to a `Connection`: merging, choosing, and what kind and most clusters write.

The direct path knows servers, CAs, tokens, token files, client certificates, impersonation and proxies; without any file, a
pod's service account (`in_cluster`). For everything else (exec plugins, auth providers, passwords) the merged configuration
goes to the official package (`official`), which is imported only then. Decision: docs/adr/0035-read-common-kubeconfigs-directly.md.
Source: the merge rules of kubectl's `KUBECONFIG`.
"""

from __future__ import annotations

import os
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

from applier.cluster.connection import Connection, environment_proxy
from applier.failures import ErrorClass, error
from applier.records import field, record
from kbuild import KbuildError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from applier.failures import ApplierError

Entry = dict[str, Any]

_DIRECT_USER = frozenset(
    [
        "token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data",
        "as", "as-uid", "as-groups", "as-user-extra", "extensions",
    ]
)  # fmt: skip
_DIRECT_CLUSTER = frozenset(
    [
        "server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify", "tls-server-name",
        "proxy-url", "disable-compression", "extensions",
    ]
)  # fmt: skip
# What a field on the command line puts out of force.
_INSTEAD = {
    "certificate-authority": ("certificate-authority-data", "insecure-skip-tls-verify"),
    "insecure-skip-tls-verify": ("certificate-authority", "certificate-authority-data"),
    "token": ("tokenFile", "exec", "auth-provider", "username", "password"),
    "client-certificate": ("client-certificate-data",),
    "client-key": ("client-key-data",),
}
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
SERVICE_HOST = "KUBERNETES_SERVICE_HOST"


@record
class Choice:
    """What the command line says about the connection; empty means the file's own choice.

    Shape: `impersonate` is the user of `--as`, `groups` those of `--as-group`; `cluster_fields` and `user_fields` are set
    over the fields of the chosen entries.
    """

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    user: str = ""
    impersonate: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    cluster_fields: tuple[tuple[str, Any], ...] = ()
    user_fields: tuple[tuple[str, Any], ...] = field(default=(), repr=False)


@record
class Resolved:
    """The one cluster and user that a choice means, with absolute paths."""

    context: str
    namespace: str
    cluster_name: str
    cluster: Entry
    user_name: str
    user: Entry


def connect(choice: Choice, environment: Mapping[str, str]) -> Connection:
    """The connection that a choice means.

    Raises: ApplierError, where no file, context, cluster or credential can be had.
    """
    paths = config_paths(choice, environment)
    config = merged(paths, must_exist=bool(choice.kubeconfig))
    if config is None and choice.cluster_fields:
        config = _empty()
    if config is None:
        if environment.get(SERVICE_HOST):
            from applier.cluster import in_cluster

            return in_cluster.connect(choice, environment)
        raise configuration_error(
            f"no kubeconfig was found (looked for {', '.join(paths)})",
            "set KUBECONFIG or give --kubeconfig; `kind export kubeconfig` writes one for kind",
        )
    resolved = resolve(config, choice)
    if set(resolved.user) <= _DIRECT_USER and set(resolved.cluster) <= _DIRECT_CLUSTER:
        return direct(resolved, choice, environment)
    from applier.cluster import official

    return official.from_kubeconfig(resolved, choice, environment)


def config_paths(choice: Choice, environment: Mapping[str, str]) -> list[str]:
    """The files to read, in order of precedence."""
    if choice.kubeconfig:
        return [choice.kubeconfig]
    listed = [path for path in environment.get("KUBECONFIG", "").split(os.pathsep) if path]
    return listed or [os.path.join(environment.get("HOME") or os.path.expanduser("~"), ".kube", "config")]


def merged(paths: list[str], *, must_exist: bool = False) -> Entry | None:
    """All files as one: the first file that sets a value wins. None where there is no file.

    Shape: `clusters`, `users` and `contexts` map names to entries; `current-context` is a name.
    Raises: ApplierError.
    """
    config = _empty()
    found = False
    for path in paths:
        document = _read(path, must_exist=must_exist)
        if document is None:
            continue
        found = True
        config["current-context"] = config["current-context"] or document.get("current-context") or ""
        for section, inner in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
            for name, body in _named(document.get(section), inner):
                config[section].setdefault(name, _with_absolute_paths(body, os.path.dirname(os.path.abspath(path))))
    return config if found else None


def _empty() -> Entry:
    return {"clusters": {}, "users": {}, "contexts": {}, "current-context": ""}


def _named(entries: Any, inner: str) -> Iterator[tuple[str, Entry]]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            body = entry.get(inner)
            yield entry["name"], body if isinstance(body, dict) else {}


def _read(path: str, *, must_exist: bool) -> Entry | None:
    try:
        with open(path, "rb") as file:
            text = file.read()
    except FileNotFoundError:
        if must_exist:
            raise configuration_error(f"the kubeconfig {path} does not exist") from None
        return None
    except OSError as problem:
        raise configuration_error(f"the kubeconfig {path} cannot be read: {problem.strerror}") from None
    from kbuild import read_documents

    try:
        documents = read_documents(text, path)
    except KbuildError as problem:
        raise configuration_error(f"the kubeconfig {path} is not valid YAML (line {problem.line})") from None
    if not documents:
        return {}
    if not isinstance(documents[0], dict):
        raise configuration_error(f"the kubeconfig {path} is not a mapping")
    return documents[0]


def _with_absolute_paths(entry: Entry, folder: str) -> Entry:
    found = {key: value for key, value in entry.items() if value is not None and value != ""}
    for key in _FILES:
        if key in found:
            found[key] = os.path.join(folder, str(found[key]))
    plugin = found.get("exec")
    if isinstance(plugin, dict):
        command = str(plugin.get("command") or "")
        if os.sep in command:
            found["exec"] = {**plugin, "command": os.path.join(folder, command)}
    return found


def resolve(config: Entry, choice: Choice) -> Resolved:
    """Choose context, cluster and user. Raises: ApplierError, naming what there is."""
    name = choice.context or config["current-context"]
    context: Entry = {}
    if name:
        context = _entry(config, "contexts", name, "context")
    elif not choice.cluster and not choice.cluster_fields:
        raise configuration_error("the kubeconfig has no current context", _choices(config, "contexts", "--context"))
    cluster = choice.cluster or str(context.get("cluster") or "")
    user = choice.user or str(context.get("user") or "")
    return Resolved(
        context=name,
        namespace=str(context.get("namespace") or ""),
        cluster_name=cluster,
        cluster=_over(_entry(config, "clusters", cluster, "cluster") if cluster or name else {}, choice.cluster_fields),
        user_name=user,
        user=_over(_entry(config, "users", user, "user") if user else {}, choice.user_fields),
    )


def _over(entry: Entry, fields: tuple[tuple[str, Any], ...]) -> Entry:
    """An entry with fields of the command line over its own."""
    gone = {other for name, _ in fields for other in _INSTEAD.get(name, ())}
    return {**{name: value for name, value in entry.items() if name not in gone}, **dict(fields)}


def _entry(config: Entry, section: str, name: str, noun: str) -> Entry:
    found = config[section].get(name)
    if found is None:
        raise configuration_error(f'the kubeconfig has no {noun} "{name}"', _choices(config, section, f"--{noun}"))
    return dict(found)


def _choices(config: Entry, section: str, flag: str) -> str:
    names = sorted(config[section])
    return f"choose one with {flag}: {', '.join(names)}" if names else "the file names none"


def direct(resolved: Resolved, choice: Choice, environment: Mapping[str, str]) -> Connection:
    """The connection without any help. Raises: ApplierError, for a file that cannot be read."""
    cluster, user = resolved.cluster, resolved.user
    server = str(cluster.get("server") or "").rstrip("/")
    if not server:
        raise configuration_error(f'the cluster "{resolved.cluster_name}" of the kubeconfig has no server')
    token = _token(user)
    return Connection(
        server=server,
        context=resolved.context,
        cluster=resolved.cluster_name,
        user=resolved.user_name,
        namespace=resolved.namespace,
        ca=_pem(cluster, "certificate-authority"),
        verify=not cluster.get("insecure-skip-tls-verify"),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
        proxy=str(cluster.get("proxy-url") or "") or environment_proxy(server, environment),
        impersonation=impersonation(user, choice),
        authorization=f"Bearer {token}" if token else "",
        client_certificate=_pem(user, "client-certificate"),
        client_key=_pem(user, "client-key"),
        reload=lambda: direct(resolved, choice, environment),
    )


def _token(user: Entry) -> str:
    """The token; a readable token file wins over a written token, as in kubectl."""
    written = str(user.get("token") or "")
    if "tokenFile" not in user:
        return written
    try:
        return read_file(str(user["tokenFile"])).decode("ascii", "replace").strip() or written
    except OSError as problem:
        if written:
            return written
        raise configuration_error(f"the token file {user['tokenFile']} cannot be read: {problem.strerror}") from None


def _pem(entry: Entry, name: str) -> bytes:
    if f"{name}-data" in entry:
        try:
            return a2b_base64(str(entry[f"{name}-data"]))
        except (Base64Error, ValueError):
            raise configuration_error(f"{name}-data of the kubeconfig is not base64") from None
    if name not in entry:
        return b""
    try:
        return read_file(str(entry[name]))
    except OSError as problem:
        raise configuration_error(
            f"{name} of the kubeconfig, {entry[name]}, cannot be read: {problem.strerror}"
        ) from None


def read_file(path: str) -> bytes:
    """The bytes of a file. Raises: OSError."""
    with open(path, "rb") as file:
        return file.read()


def impersonation(user: Entry, choice: Choice) -> tuple[tuple[str, str], ...]:
    """The headers of impersonation; the command line's user replaces the file's identity as a whole."""
    if choice.impersonate:
        return (
            ("Impersonate-User", choice.impersonate),
            *((("Impersonate-Uid", choice.uid),) if choice.uid else ()),
            *(("Impersonate-Group", group) for group in choice.groups),
            *((f"Impersonate-Extra-{key}", value) for key, value in choice.extra),
        )
    found = [("Impersonate-User", str(user["as"]))] if user.get("as") else []
    if user.get("as-uid"):
        found.append(("Impersonate-Uid", str(user["as-uid"])))
    found += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or []]
    for key, values in (user.get("as-user-extra") or {}).items():
        found += [(f"Impersonate-Extra-{key}", str(value)) for value in values]
    return tuple(found)


def configuration_error(message: str, hint: str = "") -> ApplierError:
    """An error about how to connect."""
    return error(ErrorClass.CONFIGURATION, message, hint)
