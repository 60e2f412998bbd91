"""The tables of the operator's commands, to the blank and the tab."""

from __future__ import annotations

from typing import Any

import pytest

from applier.cli.operate import kinds, tables

REVISION = "main@sha1:" + "8c7f14f8" + "0" * 32


def body(name: str, status: str = "True", message: str = "", **spec: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": status, "message": message}] if message else []
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": name, "namespace": "apps"},
        "spec": {"sourceRef": {"kind": "GitRepository", "name": "shop"}, **spec},
        "status": {"lastAppliedRevision": REVISION, "conditions": conditions},
    }  # fmt: skip


def shown(*bodies: dict[str, Any], with_header: bool = True, shape: tables.Shape = tables.PLAIN) -> str:
    rows = [tables.row(kinds.KUSTOMIZATION, one, shape) for one in bodies]
    return tables.table(tables.header(kinds.KUSTOMIZATION, shape) if with_header else [], rows)


def test_columns_are_padded_and_rows_end_with_a_tab() -> None:
    assert shown(body("web", message=f"Applied revision: {REVISION}")) == (
        "NAME\tREVISION          \tSUSPENDED\tREADY\tMESSAGE                              \n"
        "web \tmain@sha1:8c7f14f8\tFalse    \tTrue \tApplied revision: main@sha1:8c7f14f8 \t\n"
    ).replace("8c7f14f8 \t", "8c7f14f8\t").replace("MESSAGE                              ", "MESSAGE" + " " * 30)


def test_lines_of_a_message_are_rows_and_no_header_counts_for_no_width() -> None:
    assert shown(body("a", "False", "one\ntwo\n"), with_header=False) == (
        "a\tmain@sha1:8c7f14f8\tFalse\tFalse\tone\t\n \t                  \t     \t     \ttwo\t\n \t                  \t     \t     \t   \t\n"
    )


def test_what_was_never_reconciled_waits_and_a_suspended_one_says_so() -> None:
    row = tables.row(kinds.KUSTOMIZATION, body("a", suspend=True), tables.Shape(with_namespace=True, with_source=True))
    assert row == [
        "apps",
        "a",
        "GitRepository/apps/shop",
        "main@sha1:8c7f14f8",
        "True",
        "False",
        "waiting to be reconciled",
    ]


@pytest.mark.parametrize(
    ("text", "matches"),
    [("ready=false", [False, True]), ("ready!=false", [True, False]), ("Ready=True", [True, False]), ("stalled=true", [False, False]), ("stalled!=true", [True, True])],
)  # fmt: skip
def test_status_selectors(text: str, matches: list[bool]) -> None:
    wanted = tables.status_filter(text)
    assert [tables.selected(one, wanted) for one in (body("a", message="m"), body("b", "False", "m"))] == matches


def test_a_selector_without_a_sign_is_refused() -> None:
    with pytest.raises(tables.SelectorError, match="in type=status or type!=status format, but found: ready"):
        tables.status_filter("ready")


def test_nouns_in_all_their_spellings() -> None:
    for words in (["ks", "a"], ["kustomization", "a"], ["kustomizations", "a"]):
        assert kinds.read_noun(words) == (kinds.KUSTOMIZATION, ["a"])
    for words in (["source", "git", "a"], ["sources", "git", "a"]):
        assert kinds.read_noun(words) == (kinds.GIT, ["a"])
    assert kinds.read_noun(["nope"]) is None
    assert kinds.read_noun([]) is None


def test_kinds_for_images_and_artifacts_have_columns_of_their_own() -> None:
    metadata = {"name": "app", "namespace": "apps"}
    repository = {
        "kind": "ImageRepository",
        "metadata": metadata,
        "status": {"lastScanResult": {"scanTime": "2026-01-01T00:00:00Z"}},
    }
    assert tables.row(kinds.IMAGE_REPOSITORY, repository) == [
        "app",
        "2026-01-01T00:00:00Z",
        "False",
        "False",
        tables.WAITING,
    ]
    policy = {"kind": "ImagePolicy", "metadata": metadata, "status": {"latestRef": {"name": "ghcr.io/a", "tag": "1"}}}
    assert tables.row(kinds.IMAGE_POLICY, policy) == ["app", "ghcr.io/a", "1", "False", tables.WAITING]
    assert tables.header(kinds.IMAGE_UPDATE) == ["NAME", "LAST RUN", "SUSPENDED", "READY", "MESSAGE"]
    artifact = {
        "kind": "ExternalArtifact", "metadata": metadata, "status": {"artifact": {"revision": "latest@sha256:" + "a" * 64}},
        "spec": {"sourceRef": {"kind": "ArtifactGenerator", "name": "g", "namespace": "flux-system"}},
    }  # fmt: skip
    assert tables.row(kinds.EXTERNAL, artifact)[1:3] == ["latest@sha256:aaaaaaaa", "ArtifactGenerator/flux-system/g"]
    generator = {
        "kind": "ArtifactGenerator",
        "metadata": {**metadata, "annotations": {"source.extensions.fluxcd.io/reconcile": "Disabled"}},
    }
    assert tables.row(kinds.GENERATOR, generator)[1] == "True"
