"""Image entries and image texts of every form: rewritten, left alone or refused as by the reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from generated import assert_agree, built, examples
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from(
    ["nginx", "web", "a", "reg.example/nginx", "reg.example:5000/team/web", "docker.io/library/nginx", "a.b/c", "axb/c", "a+b",
     "", "localhost:80/x", "123", "true", "UPPER/Case"]
)  # fmt: skip
EXPRESSIONS = st.sampled_from(
    ["n.*", "(nginx|web)", "[a-c]", ".*", "reg.example/.*", "a.b/c", "^nginx$", "ngin?x", "a|b"]
)
TAGS = st.sampled_from(["", ":1", ":1.29", ":latest", ":v1.2-rc.1", ":{x}", ":1_2", ":a b", ":"])
DIGESTS = st.sampled_from(["", "", "@sha256:abc123", "@sha512:abc", "@sha256:", "@x"])
IMAGES = st.builds("{}{}{}".format, NAMES, TAGS, DIGESTS)
STYLED = st.one_of(
    IMAGES.map(json.dumps), IMAGES.filter(lambda text: text and " " not in text and not text.endswith(":")), st.just("null"), st.just("~"),
    st.just("5"),
)  # fmt: skip


def optional(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), values)


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {"name": st.one_of(NAMES, NAMES, EXPRESSIONS)},
        optional={
            "newName": NAMES, "newTag": st.sampled_from(["2", "v2", "1.0", "", "latest"]), "digest": st.sampled_from(["sha256:fff", "x", ""]),
            "tagSuffix": st.sampled_from(["-x", "", "-1"]),
        },
    ),
    min_size=1, max_size=4,
)  # fmt: skip
CONTAINERS = st.lists(STYLED, min_size=1, max_size=4)


def pod(indent: str, images: list[str], inits: list[str]) -> str:
    def lines(field: str, values: list[str]) -> str:
        return f"{indent}{field}:\n" + "".join(
            f"{indent}- name: c{i}\n{indent}  image: {v}\n" for i, v in enumerate(values)
        )

    return lines("containers", images) + lines("initContainers", inits)


def resources(images: list[str], inits: list[str]) -> str:
    head = "apiVersion: {}\nkind: {}\nmetadata:\n  name: x\nspec:\n"
    template = "  template:\n    spec:\n"
    return "---\n".join(
        [
            head.format("v1", "Pod") + pod("  ", images, inits),
            head.format("apps/v1", "Deployment") + template + pod("      ", images, inits),
            head.format("example.com/v1", "Custom") + "  deep:\n" + pod("    ", images, inits),
            head.format("apiextensions.k8s.io/v1", "CustomResourceDefinition") + pod("  ", images, inits),
        ]
    )


def tree(entries: list[dict[str, str]], images: list[str], inits: list[str]) -> dict[str, str]:
    kustomization = {"resources": ["r.yaml"], "images": entries}
    return {"kustomization.yaml": json.dumps(kustomization), "r.yaml": resources(images, inits)}


@pytest.mark.differential
@examples(150)
@given(entries=ENTRIES, images=CONTAINERS, inits=CONTAINERS)
def test_images_are_rewritten_as_by_the_reference(
    oracle, tmp_path: Path, entries: list[dict[str, str]], images: list[str], inits: list[str]
) -> None:
    assert_agree(oracle, tmp_path / "t", tree(entries, images, inits))


PLAIN_IMAGES = st.lists(
    st.builds("{}{}".format, st.sampled_from(["nginx", "a.b/c", "web"]), st.sampled_from(["", ":1x", ":v2"])),
    min_size=1,
)


@examples(100)
@given(images=PLAIN_IMAGES, names=st.lists(st.sampled_from(["nginx", "web", "other"]), min_size=1, max_size=3))
def test_an_entry_that_says_nothing_new_changes_nothing(images: list[str], names: list[str]) -> None:
    entries: list[dict[str, str]] = [{"name": name, "newName": name} for name in names]
    assert built(tree(entries, images, images)) == built(tree([], images, images))


@examples(100)
@given(images=PLAIN_IMAGES)
def test_entries_for_different_images_may_stand_in_any_order(images: list[str]) -> None:
    entries = [{"name": "nginx", "newTag": "n1"}, {"name": "web", "digest": "sha256:ab"}]
    assert built(tree(entries, images, images)) == built(tree(entries[::-1], images, images))
