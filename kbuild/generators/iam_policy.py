"""IAMPolicyGenerator: a ServiceAccount bound to one of a cloud provider.

Source: kustomize v5.8.1 `IAMPolicyGenerator`, `filters/iampolicygenerator`.
"""

from __future__ import annotations

from kbuild.documents.compose import compose
from kbuild.model.errors import ConfigurationError
from kbuild.model.resource import Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context

_TEXT = """
apiVersion: v1
kind: ServiceAccount
metadata:
  annotations:
    iam.gke.io/gcp-service-account: {account}@{project}.iam.gserviceaccount.com
  name: {name}
"""


class IAMPolicyGenerator:
    """Config: cloud (`gke`), kubernetesService (name, namespace), serviceAccount (name, projectId)."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.cloud = str(config.get("cloud") or "")
        self.service = config.get("kubernetesService") or {}
        self.account = config.get("serviceAccount") or {}
        self.scopes = context.scopes

    def generate(self) -> list[Resource]:
        """The ServiceAccount. Raises: ConfigurationError, for another provider; YamlError, for words that make no YAML."""
        if self.cloud != "gke":
            raise ConfigurationError(f"cloud provider {self.cloud} not supported yet")
        # The reference fills in a text and reads that, whatever it has become.
        text = _TEXT.format(
            account=self.account.get("name", ""),
            project=self.account.get("projectId", ""),
            name=self.service.get("name", ""),
        )
        if self.service.get("namespace"):
            text += f"\n  namespace: {self.service['namespace']}"
        return [Resource(compose(text), scopes=self.scopes)]
