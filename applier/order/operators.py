"""Which workloads of a set are allowed to handle a custom group: a guess at operators, from service accounts and roles.

Off unless asked for: a right is no promise. Rights to everything (`*`) say nothing about a group and do not count.
"""

from __future__ import annotations

from collections.abc import Iterable

from applier.model import kinds
from applier.model.ids import ObjectId
from applier.model.kinds import is_builtin
from applier.model.values import at, mapping, mappings, sequence, text
from applier.order.members import Member, pod_template

_BINDINGS = frozenset([kinds.ROLE_BINDING, kinds.CLUSTER_ROLE_BINDING])
_ROLES = frozenset([kinds.ROLE, kinds.CLUSTER_ROLE])


def operators(members: Iterable[Member]) -> dict[str, list[ObjectId]]:
    """Custom group -> the workloads whose service account has a role that names it."""
    members = tuple(members)
    groups_of_role = {
        member.id: {
            group
            for rule in mappings(member.body.get("rules"))
            for group in sequence(rule.get("apiGroups"))
            if isinstance(group, str) and group != "*" and not is_builtin(group)
        }
        for member in members
        if member.id.group_kind in _ROLES
    }
    groups_of_account: dict[tuple[str, str], set[str]] = {}
    for member in members:
        if member.id.group_kind not in _BINDINGS:
            continue
        reference = mapping(member.body.get("roleRef"))
        space = member.id.namespace if reference.get("kind") == "Role" else ""
        role = ObjectId(kinds.ROLE.group, text(reference.get("kind")), space, text(reference.get("name")))
        for subject in mappings(member.body.get("subjects")):
            if subject.get("kind") == "ServiceAccount":
                account = text(subject.get("namespace")) or member.id.namespace, text(subject.get("name"))
                groups_of_account.setdefault(account, set()).update(groups_of_role.get(role, ()))
    found: dict[str, list[ObjectId]] = {}
    for member in members:
        name = at(pod_template(member.id.group_kind, member.body), "spec", "serviceAccountName")
        for group in sorted(groups_of_account.get((member.id.namespace, text(name)), ())):
            found.setdefault(group, []).append(member.id)
    return found
