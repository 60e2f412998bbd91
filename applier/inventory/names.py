"""The ApplySet identity of an inventory.

Source: Kubernetes enhancement 3659 (ApplySet), `kubectl/pkg/cmd/apply/applyset.go`.
"""

from __future__ import annotations

import base64
import hashlib

from applier import keys
from applier.model.inventory import InventoryRef
from applier.model.mark import Mark


def mark_of(ref: InventoryRef) -> Mark:
    """The mark of an inventory's members: the ApplySet's label, and the owner's name for people."""
    return Mark({keys.PART_OF: applyset_id(ref)}, {keys.OWNER: str(ref)})


def applyset_id(ref: InventoryRef) -> str:
    """The value of the id label on the head and of the part-of label on members: 55 characters."""
    return applyset_id_of(ref.head_name, ref.namespace, "ConfigMap", "")


def applyset_id_of(name: str, namespace: str, kind: str, group: str) -> str:
    """The ApplySet id that a parent object of any tool must have."""
    digest = hashlib.sha256(f"{name}.{namespace}.{kind}.{group}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"
