"""Layers that rename, move and hash, and resources that mention each other: references follow as in the reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from generated import assert_agree, built, examples
from hypothesis import given
from hypothesis import strategies as st

from kbuild.model.errors import KbuildError

NAME = st.sampled_from(["a", "b", "p-a"])
SPACE = st.sampled_from([None, None, "n1", "n2", "default"])
Entry = dict[str, Any]


def meta(name: str, space: str | None) -> Entry:
    return {"name": name, **({"namespace": space} if space else {})}


def resource(
    version: str, kind: str, body: st.SearchStrategy[Entry], *, scoped: bool = True
) -> st.SearchStrategy[Entry]:
    return st.builds(
        lambda name, space, rest: {"apiVersion": version, "kind": kind, "metadata": meta(name, space), **rest},
        NAME, SPACE if scoped else st.none(), body,
    )  # fmt: skip


NOTHING = st.just(dict[str, Any]())
POD_SPEC = st.builds(
    lambda config, secret, account, claim: {
        "serviceAccountName": account,
        "containers": [{"name": "c", "image": "i", "envFrom": [{"configMapRef": {"name": config}}, {"secretRef": {"name": secret}}]}],
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}, {"name": "w", "configMap": {"name": config}}],
    },
    NAME, NAME, NAME, NAME,
)  # fmt: skip
SUBJECTS = st.lists(
    st.builds(
        lambda kind, name, space: {"kind": kind, **meta(name, space)},
        st.sampled_from(["ServiceAccount", "ServiceAccount", "User"]), st.one_of(NAME, st.just("default")), SPACE,
    ),
    max_size=3,
)  # fmt: skip
BINDING = st.builds(
    lambda kind, name, subjects: {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}, "subjects": subjects},
    st.sampled_from(["Role", "ClusterRole"]), NAME, SUBJECTS,
)  # fmt: skip
RULES = st.lists(NAME, max_size=3).map(lambda names: {"rules": [{"resources": ["configmaps"], "resourceNames": names}]})
RBAC = "rbac.authorization.k8s.io/v1"
HOOK = st.builds(
    lambda name, space: {"webhooks": [{"name": "h", "clientConfig": {"service": meta(name, space)}}]}, NAME, SPACE
)
RESOURCES = st.one_of(
    resource("v1", "ConfigMap", NOTHING), resource("v1", "Secret", NOTHING), resource("v1", "ServiceAccount", NOTHING),
    resource("v1", "Service", NOTHING), resource("v1", "PersistentVolumeClaim", NOTHING),
    resource("v1", "Pod", POD_SPEC.map(lambda spec: {"spec": spec})),
    resource("apps/v1", "Deployment", POD_SPEC.map(lambda spec: {"spec": {"template": {"spec": spec}}})),
    resource(RBAC, "Role", RULES), resource(RBAC, "ClusterRole", RULES, scoped=False),
    resource(RBAC, "RoleBinding", BINDING), resource(RBAC, "ClusterRoleBinding", BINDING, scoped=False),
    resource("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", HOOK, scoped=False),
    resource("autoscaling/v2", "HorizontalPodAutoscaler",
             NAME.map(lambda name: {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": name}}})),
)  # fmt: skip


def identity(found: Entry) -> tuple[object, ...]:
    return found["kind"], found["metadata"]["name"], found["metadata"].get("namespace", "default")


GROUPS = st.lists(RESOURCES, max_size=6, unique_by=identity)
GENERATED = st.lists(
    st.builds(lambda name, space: {"name": name, "literals": ["k=v"], **({"namespace": space} if space else {})}, NAME, SPACE),
    max_size=2, unique_by=lambda entry: (entry["name"], entry.get("namespace", "default")),
)  # fmt: skip
AFFIXES = st.fixed_dictionaries(
    {},
    optional={
        "namePrefix": st.sampled_from(["p-", "q-", ""]),
        "nameSuffix": st.sampled_from(["-s", ""]),
        "namespace": st.sampled_from(["n1", "n3"]),
    },
)
LAYER = st.tuples(AFFIXES, GROUPS, GENERATED)


def kustomization(layer: tuple[Entry, list[Entry], list[Entry]], *bases: str) -> dict[str, str]:
    affixes, group, generated = layer
    fields = {**affixes, "resources": [*bases, "r.yaml"], "configMapGenerator": generated}
    return {
        "kustomization.yaml": json.dumps(fields),
        "r.yaml": "---\n".join(json.dumps(entry) + "\n" for entry in group),
    }


def tree(*layers: tuple[Entry, list[Entry], list[Entry]]) -> dict[str, str]:
    """The last layer is the root, the others are its bases."""
    *bases, root = layers
    files = kustomization(root, *(f"b{number}" for number in range(len(bases))))
    for number, base in enumerate(bases):
        files |= {f"b{number}/{name}": text for name, text in kustomization(base).items()}
    return files


@pytest.mark.differential
@examples(200)
@given(base=LAYER, root=LAYER)
def test_references_follow_through_two_layers(oracle, tmp_path: Path, base: Any, root: Any) -> None:
    assert_agree(oracle, tmp_path / "t", tree(base, root))


@pytest.mark.differential
@examples(100)
@given(first=LAYER, second=LAYER, root=LAYER)
def test_references_choose_between_two_bases(oracle, tmp_path: Path, first: Any, second: Any, root: Any) -> None:
    assert_agree(oracle, tmp_path / "t", tree(first, second, root))


@examples(150)
@given(base=LAYER, root=LAYER)
def test_a_render_does_not_depend_on_the_order_of_the_resources(base: Any, root: Any) -> None:
    turned = (root[0], root[1][::-1], root[2])
    try:
        expected = built(tree(base, root))
    except KbuildError:
        return
    assert built(tree(base, turned)) == expected
