"""The connection of a pod, from its service account's folder and two variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from applier.cluster import in_cluster
from applier.cluster.kubeconfig import Choice
from applier.failures import ApplierError

ENVIRONMENT = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "6443"}


@pytest.fixture
def account(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("first\n")
    (tmp_path / "ca.crt").write_bytes(b"authority")
    (tmp_path / "namespace").write_text("flux-system\n")
    return tmp_path


def test_the_files_and_variables_make_a_connection(account: Path) -> None:
    found = in_cluster.connect(Choice(), ENVIRONMENT, str(account))
    assert (found.server, found.ca, found.namespace) == ("https://10.96.0.1:6443", b"authority", "flux-system")
    assert found.authorization == "Bearer first"
    assert found.context == "in-cluster"


def test_a_renewed_token_is_read_again(account: Path) -> None:
    found = in_cluster.connect(Choice(), ENVIRONMENT, str(account))
    (account / "token").write_text("second")
    assert found.refresh().authorization == "Bearer second"


def test_addresses_of_the_sixth_version_have_brackets_and_the_port_is_443_by_itself(account: Path) -> None:
    found = in_cluster.connect(Choice(), {"KUBERNETES_SERVICE_HOST": "fd00::1"}, str(account))
    assert found.server == "https://[fd00::1]:443"


def test_flags_choose_whom_to_act_as(account: Path) -> None:
    found = in_cluster.connect(Choice(impersonate="bob"), ENVIRONMENT, str(account))
    assert found.impersonation == (("Impersonate-User", "bob"),)


def test_a_pod_without_account_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ApplierError, match="the pod's service account cannot be used") as caught:
        in_cluster.connect(Choice(), ENVIRONMENT, str(tmp_path / "none"))
    assert "automountServiceAccountToken" in caught.value.failure.advice
