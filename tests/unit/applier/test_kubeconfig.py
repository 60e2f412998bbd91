"""Kubeconfigs: merging, choosing, credentials; and the direct way and the official package agree on the same files."""

from __future__ import annotations

import json
import stat
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from applier.cluster import official
from applier.cluster.connection import environment_proxy
from applier.cluster.kubeconfig import Choice, config_paths, connect, direct, merged, resolve
from applier.failures import ApplierError

PEM = b"-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n"
SERVER = "https://127.0.0.1:6443"


def write(path: Path, *, users: dict[str, Any], current: str = "main", **cluster: Any) -> Path:
    """A kubeconfig with one cluster, and one context for each user (the first is called `main`)."""
    names = list(users)
    contexts = [
        {"name": "main" if name == names[0] else name, "context": {"cluster": "c", "user": name, "namespace": "shop"}}
        for name in names
    ]
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": current,
                "clusters": [{"name": "c", "cluster": {"server": SERVER, **cluster}}],
                "users": [{"name": name, "user": user} for name, user in users.items()],
                "contexts": contexts,
            }
        )
    )
    return path


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "ca.crt").write_bytes(PEM)
    (tmp_path / "client.crt").write_bytes(PEM)
    (tmp_path / "client.key").write_bytes(KEY)
    (tmp_path / "token").write_text("from-file\n")
    return tmp_path


SAME = {
    "token": ({"token": "secret"}, {"certificate-authority-data": encoded(PEM)}),
    "token file": ({"tokenFile": "token"}, {"certificate-authority": "ca.crt"}),
    "certificate files": ({"client-certificate": "client.crt", "client-key": "client.key"}, {}),
    "certificate data": (
        {"client-certificate-data": encoded(PEM), "client-key-data": encoded(KEY)},
        {"certificate-authority-data": encoded(PEM)},
    ),
    "insecure": ({"token": "secret"}, {"insecure-skip-tls-verify": True}),
    "server name": ({"token": "secret"}, {"tls-server-name": "api.example.com"}),
    "proxy": ({"token": "secret"}, {"proxy-url": "http://proxy.example.com:3128"}),
    "impersonation": (
        {"token": "secret", "as": "a", "as-groups": ["g", "h"], "as-uid": "7", "as-user-extra": {"x": ["y"]}},
        {},
    ),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize(("user", "cluster"), SAME.values(), ids=list(SAME))
def test_both_ways_give_the_same_connection(user: Any, cluster: Any, files: Path) -> None:
    path = write(files / "config", users={"u": user}, **cluster)
    config = merged([str(path)])
    assert config is not None
    resolved = resolve(config, Choice())
    one, other = direct(resolved, Choice(), {}), official.from_kubeconfig(resolved, Choice(), {})
    assert one == other
    assert (one.namespace, one.context, one.server) == ("shop", "main", SERVER)
    assert one.refresh() == other.refresh() == one


def test_a_rotated_token_file_is_read_again(files: Path) -> None:
    path = write(files / "config", users={"u": {"tokenFile": "token"}})
    connection = connect(Choice(kubeconfig=str(path)), {})
    assert connection.authorization == "Bearer from-file"
    (files / "token").write_text("rotated")
    assert connection.refresh().authorization == "Bearer rotated"


def plugin(files: Path, answer: Any) -> dict[str, Any]:
    """A credential plugin that answers so, and counts its calls."""
    script = files / "plugin"
    script.write_text(
        f"#!{sys.executable}\nimport pathlib\np = pathlib.Path({str(files / 'calls')!r})\n"
        f"n = len(p.read_text()) if p.exists() else 0\np.write_text('x' * (n + 1))\n"
        f"print({json.dumps(answer)!r}.replace('NUMBER', str(n + 1)))\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "interactiveMode": "Never"}
    }


def credential(**status: str) -> Any:
    return {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}


def test_a_credential_plugin_goes_through_the_official_package_and_is_asked_again(files: Path) -> None:
    path = write(files / "config", users={"u": plugin(files, credential(token="t-NUMBER"))})
    connection = connect(Choice(kubeconfig=str(path)), {})
    assert connection.authorization == "Bearer t-1"
    assert connection.refresh().authorization == "Bearer t-2"


def test_a_plugin_without_credentials_is_an_error_that_names_it(files: Path) -> None:
    path = write(files / "config", users={"u": plugin(files, credential())})
    with pytest.raises(ApplierError, match="plugin"):
        connect(Choice(kubeconfig=str(path)), {})


def test_secrets_do_not_print(files: Path) -> None:
    user = {"token": "canary", "client-certificate": "client.crt", "client-key": "client.key"}
    text = repr(connect(Choice(kubeconfig=str(write(files / "config", users={"u": user}))), {}))
    assert "canary" not in text
    assert "PRIVATE" not in text


def test_the_first_file_that_sets_a_value_wins(tmp_path: Path) -> None:
    one = write(tmp_path / "one", users={"u": {"token": "1"}}, current="")
    other = write(tmp_path / "two", users={"u": {"token": "2"}, "v": {"token": "3"}}, current="v")
    environment = {"KUBECONFIG": f"{tmp_path / 'missing'}:{one}:{other}"}
    assert config_paths(Choice(), environment) == [str(tmp_path / "missing"), str(one), str(other)]
    assert connect(Choice(), environment).authorization == "Bearer 3"
    assert connect(Choice(context="main"), environment).authorization == "Bearer 1"
    assert connect(Choice(context="main", user="v"), environment).authorization == "Bearer 3"


def test_the_command_line_names_who_to_act_as(files: Path) -> None:
    path = write(files / "config", users={"u": {"token": "t", "as": "a", "as-groups": ["g"]}})
    choice = Choice(kubeconfig=str(path), impersonate="b", groups=("x", "y"))
    assert connect(choice, {}).impersonation == (
        ("Impersonate-User", "b"),
        ("Impersonate-Group", "x"),
        ("Impersonate-Group", "y"),
    )


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(kubeconfig="/nowhere/config"), "does not exist"),
        (Choice(context="other"), 'no context "other"'),
        (Choice(cluster="other"), 'no cluster "other"'),
        (Choice(user="other"), 'no user "other"'),
    ],
)
def test_a_wrong_choice_is_named(choice: Choice, words: str, files: Path) -> None:
    path = write(files / "config", users={"u": {"token": "t"}})
    with pytest.raises(ApplierError, match=words):
        connect(choice, {"KUBECONFIG": str(path)})


def test_no_kubeconfig_at_all_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ApplierError) as caught:
        connect(Choice(), {"HOME": str(tmp_path)})
    assert "KUBECONFIG" in caught.value.failure.advice


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2\n", "clusters: 5\n"])
def test_a_damaged_kubeconfig_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(ApplierError):
        connect(Choice(kubeconfig=str(tmp_path / "config")), {})


@pytest.mark.parametrize(
    ("server", "environment", "proxy"),
    [
        ("https://api.example.com", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("https://api.example.com", {"https_proxy": "p:1"}, "http://p:1"),
        ("http://api.example.com", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("https://[::1]:6443", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("https://localhost:6443", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("https://api.example.com", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".example.com"}, ""),
        ("https://api.example.org", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.com"}, "http://p:1"),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, ""),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, ""),
    ],
)
def test_the_proxy_of_the_environment(server: str, environment: dict[str, str], proxy: str) -> None:
    assert environment_proxy(server, environment) == proxy


def test_an_api_client_of_the_official_package_can_be_handed_in() -> None:
    from kubernetes.client import ApiClient, Configuration

    configuration = Configuration()
    configuration.host, configuration.verify_ssl = SERVER, False
    configuration.api_key = {"BearerToken": "Bearer one"}
    tokens = iter(["Bearer one", "Bearer two"])
    configuration.refresh_api_key_hook = lambda found: found.api_key.update(BearerToken=next(tokens))
    connection = official.from_api_client(ApiClient(configuration), namespace="shop")
    assert (connection.server, connection.verify, connection.authorization) == (SERVER, False, "Bearer one")
    assert connection.refresh().authorization == "Bearer two"


def test_the_command_line_s_fields_win_over_the_files(files: Path) -> None:
    path = write(
        files / "config", users={"a": {"exec": {"command": "nothing"}}}, **{"certificate-authority-data": encoded(PEM)}
    )
    found = connect(
        Choice(
            kubeconfig=str(path), cluster_fields=(("server", "https://elsewhere:1/"), ("insecure-skip-tls-verify", True)),
            user_fields=(("token", "mine"),), impersonate="ann", uid="7", extra=(("scope", "dev"),),
        ),
        {},
    )  # fmt: skip
    assert (found.server, found.verify, found.ca, found.authorization) == (
        "https://elsewhere:1",
        False,
        b"",
        "Bearer mine",
    )
    assert found.impersonation == (
        ("Impersonate-User", "ann"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Extra-scope", "dev"),
    )
    assert "mine" not in repr(Choice(user_fields=(("token", "mine"),)))
    choice = Choice(
        cluster_fields=(("certificate-authority", str(files / "ca.crt")),),
        user_fields=(("client-certificate", str(files / "client.crt")),),
    )
    found = connect(choice, {"KUBECONFIG": str(path)})
    assert (found.ca, found.client_certificate, found.verify) == (PEM, PEM, True)


def test_a_server_on_the_command_line_needs_no_file() -> None:
    found = connect(
        Choice(cluster_fields=(("server", SERVER),), user_fields=(("token", "t"),)), {"KUBECONFIG": "/nowhere/config"}
    )
    assert (found.server, found.authorization) == (SERVER, "Bearer t")
