"""The built-in kinds that an installation is made of, as collections."""

from __future__ import annotations

from applier.cluster.api import Collection

_RBAC = "rbac.authorization.k8s.io"
DEPLOYMENTS = Collection("apps", "v1", "deployments", "Deployment")
SERVICES = Collection("", "v1", "services", "Service")
PODS = Collection("", "v1", "pods", "Pod")
ACCOUNTS = Collection("", "v1", "serviceaccounts", "ServiceAccount")
QUOTAS = Collection("", "v1", "resourcequotas", "ResourceQuota")
POLICIES = Collection("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
ROLES = Collection(_RBAC, "v1", "roles", "Role")
ROLE_BINDINGS = Collection(_RBAC, "v1", "rolebindings", "RoleBinding")
CLUSTER_ROLES = Collection(_RBAC, "v1", "clusterroles", "ClusterRole")
CLUSTER_ROLE_BINDINGS = Collection(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding")
DEFINITIONS = Collection("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition")
NAMESPACES = Collection("", "v1", "namespaces", "Namespace")
