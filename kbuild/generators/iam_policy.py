"""IAMPolicyGenerator: a ServiceAccount bound to one of a cloud provider.

Source: kustomize v5.8.1 `IAMPolicyGenerator`, `filters/iampolicygenerator`.
"""

from __future__ import annotations

from kbuild.documents.resolve import plain
from kbuild.model.errors import ConfigurationError
from kbuild.model.resource import Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context


class IAMPolicyGenerator:
    """Config: cloud (`gke`), kubernetesService (name, namespace), serviceAccount (name, projectId)."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.cloud = str(config.get("cloud") or "")
        self.service = config.get("kubernetesService") or {}
        self.account = config.get("serviceAccount") or {}
        self.scopes = context.scopes

    def generate(self) -> list[Resource]:
        """The ServiceAccount. Raises: ConfigurationError, for another provider."""
        if self.cloud != "gke":
            raise ConfigurationError(f"cloud provider {self.cloud} not supported yet")
        address = f"{self.account.get('name', '')}@{self.account.get('projectId', '')}.iam.gserviceaccount.com"
        meta: dict[str, Any] = {
            "annotations": {"iam.gke.io/gcp-service-account": plain(address)},
            "name": plain(str(self.service.get("name", ""))),
        }
        if self.service.get("namespace"):
            meta["namespace"] = plain(str(self.service["namespace"]))
        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
        return [Resource(body, scopes=self.scopes)]
