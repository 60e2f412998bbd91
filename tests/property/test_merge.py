"""Strategic merges and JSON patches onto random workloads: the reference's result, or its refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from generated import as_block, assert_agree, built, examples
from hypothesis import given
from hypothesis import strategies as st

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 100000), st.sampled_from(["", "a", "b", "1", "true", "x y", "null", "0x1", "1.0"]),
    st.sampled_from([0.5, 1.0, 1e20, 1e-7]),
)  # fmt: skip
NAME = st.sampled_from(["a", "b", "c", "d"])
DIRECTIVE = st.sampled_from([None, None, None, None, None, "delete", "replace", "merge", "other"])
Entry = dict[str, Any]


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Entry]:
    return st.fixed_dictionaries({}, optional=fields)


def with_directive(entries: st.SearchStrategy[Entry]) -> st.SearchStrategy[Entry]:
    return st.builds(lambda entry, word: {**entry, "$patch": word} if word else entry, entries, DIRECTIVE)


def parts(marked) -> dict[str, st.SearchStrategy[Any]]:
    """The strategies of a workload; `marked` adds directives, or nothing for a base."""
    env = st.lists(marked(some(name=NAME, value=LEAVES, valueFrom=some(fieldRef=some(fieldPath=NAME)))), max_size=3)
    ports = st.lists(
        marked(some(containerPort=st.sampled_from([80, 81, "80", None]), protocol=st.sampled_from(["TCP", "UDP", "", None]), name=NAME)),
        max_size=4,
    )  # fmt: skip
    mounts = st.lists(
        marked(some(mountPath=st.sampled_from(["/a", "/b"]), name=NAME, readOnly=st.booleans())), max_size=3
    )
    resources = marked(some(limits=some(cpu=LEAVES, memory=LEAVES), requests=st.one_of(st.none(), some(cpu=LEAVES))))
    container = marked(
        some(name=NAME, image=LEAVES, args=st.lists(LEAVES, max_size=3), env=env, ports=ports, volumeMounts=mounts, resources=resources)
    )  # fmt: skip
    volumes = st.lists(
        marked(
            some(name=NAME, emptyDir=some(medium=LEAVES), configMap=some(name=NAME, items=st.lists(LEAVES, max_size=2)))
        ),
        max_size=3,
    )
    pod = marked(
        some(containers=st.lists(container, max_size=4), initContainers=st.lists(container, max_size=2), volumes=volumes,
             tolerations=st.lists(some(key=NAME, value=LEAVES), max_size=2), nodeSelector=marked(some(a=LEAVES, b=LEAVES)),
             imagePullSecrets=st.lists(some(name=NAME), max_size=3), hostAliases=st.lists(marked(some(ip=NAME, hostnames=st.lists(NAME, max_size=2))), max_size=2))
    )  # fmt: skip
    template = some(metadata=some(labels=some(a=NAME, b=NAME), finalizers=st.lists(NAME, max_size=3)), spec=pod)
    return {
        "replicas": LEAVES,
        "paused": LEAVES,
        "template": template,
        "strategy": marked(some(type=LEAVES, rollingUpdate=marked(some(a=LEAVES)))),
    }


META = some(labels=some(a=NAME, b=NAME), annotations=some(a=NAME), finalizers=st.lists(NAME, max_size=3),
            ownerReferences=st.lists(some(uid=NAME, name=NAME), max_size=3))  # fmt: skip


def workload(marked) -> st.SearchStrategy[Entry]:
    return st.builds(
        lambda meta, spec, status: {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {**meta, "name": "w"}, "spec": spec, **status,
        },
        META, some(**parts(marked)), some(status=some(conditions=st.lists(some(type=NAME, status=LEAVES), max_size=3))),
    )  # fmt: skip


def unmarked(entries: st.SearchStrategy[Entry]) -> st.SearchStrategy[Entry]:
    return entries


BASES, PATCHES = workload(unmarked), workload(with_directive)
SERVICE_PORT = some(
    port=st.sampled_from([80, 81, 82]), protocol=st.sampled_from(["TCP", "UDP"]), targetPort=LEAVES, name=NAME
)
SERVICES = st.lists(SERVICE_PORT, max_size=4).map(
    lambda ports: {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "w"}, "spec": {"ports": ports}}
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAME, inner, max_size=3)), max_leaves=8
)
CUSTOM = st.dictionaries(NAME, VALUES, max_size=4).map(
    lambda spec: {"apiVersion": "example.com/v1", "kind": "Custom", "metadata": {"name": "w"}, "spec": spec}
)
PAIRS = st.one_of(st.tuples(BASES, PATCHES), st.tuples(SERVICES, SERVICES), st.tuples(CUSTOM, CUSTOM))


def tree(base: Entry, *patches: object) -> dict[str, str]:
    files = {"r.yaml": as_block(base)}
    entries: list[Entry] = []
    for number, patch in enumerate(patches):
        files[f"p{number}.yaml"] = as_block(patch)
        target = {"target": {"kind": base["kind"]}} if isinstance(patch, list) else {}
        entries.append({"path": f"p{number}.yaml", **target})
    return {**files, "kustomization.yaml": json.dumps({"resources": ["r.yaml"], "patches": entries})}


@pytest.mark.differential
@examples(120)
@given(pair=PAIRS)
def test_a_strategic_merge_gives_what_the_reference_gives(oracle, tmp_path: Path, pair: tuple[Entry, Entry]) -> None:
    assert_agree(oracle, tmp_path / "t", tree(*pair))


@pytest.mark.differential
@examples(60)
@given(base=BASES, first=PATCHES, second=PATCHES)
def test_merges_one_after_another_do_as_well(oracle, tmp_path: Path, base: Entry, first: Entry, second: Entry) -> None:
    assert_agree(oracle, tmp_path / "t", tree(base, first, second))


POINTERS = st.lists(
    st.sampled_from(["a", "b", "c", "0", "1", "-", "-1", "9", "x~1y", "~0", ""]), min_size=1, max_size=4
).map(lambda parts: "/spec/" + "/".join(parts))
OPERATIONS = st.lists(
    st.builds(
        lambda fields, missing: {key: value for key, value in fields.items() if key != missing},
        st.fixed_dictionaries(
            {"op": st.sampled_from(["add", "add", "replace", "remove", "move", "copy", "test"]), "path": POINTERS, "from": POINTERS, "value": VALUES}
        ),
        st.sampled_from([None, None, None, None, "value", "from"]),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@pytest.mark.differential
@examples(150)
@given(base=CUSTOM, operations=OPERATIONS)
def test_a_json_patch_gives_what_the_reference_gives(
    oracle, tmp_path: Path, base: Entry, operations: list[Entry]
) -> None:
    assert_agree(oracle, tmp_path / "t", tree(base, operations))


@examples(100)
@given(base=CUSTOM)
def test_a_patch_that_says_nothing_changes_nothing_where_no_list_is_merged(base: Entry) -> None:
    nothing = {key: value for key, value in base.items() if key != "spec"}
    assert built(tree(base, nothing)) == built(tree(base))


@examples(100)
@given(base=CUSTOM, spec=st.dictionaries(st.sampled_from(["x", "y"]), LEAVES.filter(lambda leaf: leaf is not None)))
def test_merging_new_fields_again_changes_nothing(base: Entry, spec: Entry) -> None:
    patch = {**base, "spec": spec}
    assert built(tree(base, patch, patch)) == built(tree(base, patch))
