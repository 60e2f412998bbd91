"""Asks which rights are missing, all at once, and writes the roles that would give them.

One rules review answers for a whole namespace; where it is not complete, and for what is in no namespace, each right is asked for.
Reviews change nothing, although they are sent by POST.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from applier.cluster.exchange import encoded
from applier.cluster.parallel import in_parallel
from applier.cluster.transport import JSON_TYPE, Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from applier.cluster.exchange import Exchange
    from applier.model.ids import Body

_GROUP = "authorization.k8s.io"


class Right(NamedTuple):
    """One verb on one resource in a namespace (`""`: in the whole cluster)."""

    namespace: str
    group: str
    plural: str
    verb: str

    def __str__(self) -> str:
        resource = f"{self.plural}.{self.group}" if self.group else self.plural
        return f"{self.verb} {resource}" + (f" in {self.namespace}" if self.namespace else "")


def missing_rights(exchange: Exchange, needed: Iterable[Right]) -> list[Right]:
    """Those of the rights that we do not have, sorted. Raises: ApplierError, where the server cannot be asked."""
    wanted = sorted(set(needed))
    namespaces = sorted({right.namespace for right in wanted if right.namespace})
    rules: dict[str, list[Body] | None] = {}
    if namespaces:
        answers = in_parallel([lambda one=one: _rules(exchange, one) for one in namespaces], 4)  # type: ignore[misc]
        rules = dict(zip(namespaces, answers, strict=True))
    unsure: list[Right] = []
    for right in wanted:
        known = rules.get(right.namespace)
        if known is None or not any(_allows(rule, right) for rule in known):
            unsure.append(right)
    certain = [right for right in unsure if rules.get(right.namespace) is not None]
    asked = [right for right in unsure if rules.get(right.namespace) is None]
    if asked:
        verdicts = in_parallel([lambda one=one: _is_allowed(exchange, one) for one in asked], 8)  # type: ignore[misc]
        certain += [right for right, allowed in zip(asked, verdicts, strict=True) if not allowed]
    return sorted(certain)


def _rules(exchange: Exchange, namespace: str) -> list[Body] | None:
    """The rules that hold in a namespace; None where the server does not know them all."""
    status = _review(exchange, "SelfSubjectRulesReview", "selfsubjectrulesreviews", {"namespace": namespace})
    return None if status.get("incomplete") else list(status.get("resourceRules") or ())


def _is_allowed(exchange: Exchange, right: Right) -> bool:
    attributes = {
        "namespace": right.namespace, "verb": right.verb, "group": right.group, "resource": right.plural,
    }  # fmt: skip
    spec = {"resourceAttributes": attributes}
    return bool(_review(exchange, "SelfSubjectAccessReview", "selfsubjectaccessreviews", spec).get("allowed"))


def _review(exchange: Exchange, kind: str, plural: str, spec: dict[str, Any]) -> Body:
    body = encoded({"apiVersion": f"{_GROUP}/v1", "kind": kind, "spec": spec})
    answer = exchange.read(Request("POST", f"/apis/{_GROUP}/v1/{plural}", "", body, JSON_TYPE), "review")
    status = answer.get("status")
    return status if isinstance(status, dict) else {}


def _allows(rule: Body, right: Right) -> bool:
    def has(name: str, word: str) -> bool:
        words = rule.get(name) or ()
        return "*" in words or word in words

    return (
        has("verbs", right.verb)
        and has("apiGroups", right.group)
        and has("resources", right.plural)
        and not rule.get("resourceNames")
    )


def roles(missing: Iterable[Right], name: str = "kbuild") -> str:
    """The Roles and the ClusterRole that would give the rights, as YAML."""
    by_place: dict[str, dict[tuple[str, str], list[str]]] = {}
    for right in sorted(missing):
        by_place.setdefault(right.namespace, {}).setdefault((right.group, right.plural), []).append(right.verb)
    documents = []
    for namespace, resources in sorted(by_place.items()):
        lines = ["apiVersion: rbac.authorization.k8s.io/v1", f"kind: {'Role' if namespace else 'ClusterRole'}"]
        lines += ["metadata:", f"  name: {name}", *([f"  namespace: {namespace}"] if namespace else []), "rules:"]
        by_verbs: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for (group, plural), verbs in resources.items():
            by_verbs.setdefault((group, tuple(verbs)), []).append(plural)
        for (group, verbs_of), plurals in by_verbs.items():
            lines += [f'- apiGroups: ["{group}"]', f"  resources: {_list(plurals)}", f"  verbs: {_list(verbs_of)}"]
        documents.append("\n".join(lines) + "\n")
    return "---\n".join(documents)


def _list(words: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
