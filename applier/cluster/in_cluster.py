"""The connection of a pod: its service account, as the kubelet writes it into a folder and renews it there.

Source: client-go `rest.InClusterConfig`: the folder, the variables, the names of the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.cluster.kubeconfig import SERVICE_HOST, Choice, Resolved, configuration_error, direct, read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cluster.connection import Connection

FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
SERVICE_PORT, NAME = "KUBERNETES_SERVICE_PORT", "in-cluster"


def connect(choice: Choice, environment: Mapping[str, str], folder: str = FOLDER) -> Connection:
    """The connection of a pod's service account. Raises: ApplierError, where the pod has none."""
    host, port = environment[SERVICE_HOST], environment.get(SERVICE_PORT) or "443"
    try:
        namespace = read_file(f"{folder}/namespace").decode("utf-8", "replace").strip()
    except OSError as problem:
        raise configuration_error(
            f"the pod's service account cannot be used: {folder}/namespace: {problem.strerror}",
            "the pod needs automountServiceAccountToken, or a kubeconfig",
        ) from None
    cluster = {
        "server": f"https://{f'[{host}]' if ':' in host else host}:{port}",
        "certificate-authority": f"{folder}/ca.crt",
    }
    found = Resolved(
        context=NAME, namespace=namespace, cluster_name=NAME, cluster=cluster, user_name=NAME,
        user={"tokenFile": f"{folder}/token"},
    )  # fmt: skip
    return direct(found, choice, environment)
