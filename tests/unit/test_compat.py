"""`Options.compat`: what it takes, and that the default stays at the reference's version."""

from __future__ import annotations

import pytest

import kbuild

KUSTOMIZATION = "/app/kustomization.yaml"


def files(text: str) -> kbuild.MemoryFileSystem:
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{image: 'nginx@sha512:x'}]}}"
    return kbuild.MemoryFileSystem({KUSTOMIZATION: text, "/app/pod.yaml": pod})


def test_other_values_are_refused() -> None:
    with pytest.raises(kbuild.UsageError) as caught:
        kbuild.Options(compat="v5.7.0")
    assert caught.value.reason == "illegal flag value --compat v5.7.0; legal values: [v5.8.1 latest]"


def test_the_default_is_the_version_that_is_matched() -> None:
    fs = files("resources: [pod.yaml]\nimages: [{name: nginx, newTag: v2}]")
    assert kbuild.render("/app", fs=fs).images() == kbuild.render("/app", fs=fs, compat="v5.8.1").images()
    assert kbuild.render("/app", fs=fs).images() == ["nginx@sha512:x"]
    assert kbuild.render("/app", fs=fs, compat="latest").images() == ["nginx:v2"]


def test_later_fields_are_unknown_by_default() -> None:
    fs = files("resources: [pod.yaml]\nlabels: [{pairs: {a: b}, includeVolumeClaimTemplates: true}]")
    with pytest.raises(kbuild.KustomizationError, match='unknown field "includeVolumeClaimTemplates"'):
        kbuild.render("/app", fs=fs)
    assert "a: b" in kbuild.render("/app", fs=fs, compat="latest").to_yaml()


def test_a_later_field_of_a_wrong_type_is_refused() -> None:
    fs = files("resources: [pod.yaml]\nlabels: [{pairs: {a: b}, includeVolumeClaimTemplates: x}]")
    with pytest.raises(kbuild.KustomizationError):
        kbuild.render("/app", fs=fs, compat="latest")
