"""What a bootstrap commits besides the components: the source and the Kustomization that keep the cluster as Git says.

Source: flux2 v2.9, `bootstrap`: names of the files, fields and their values.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.install import manifests
from applier.cli.operate.words import StoppedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.agent.install.components import Installation

    Object = dict[str, Any]

COMPONENTS, SYNC, KUSTOMIZATION = "gotk-components.yaml", "gotk-sync.yaml", "kustomization.yaml"
ROOT = "/repository"
_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """What is followed. Shape: `path` is a folder of the repository, empty for its root; `interval` in Go's form."""

    url: str
    branch: str
    path: str
    secret: str
    interval: str
    namespace: str
    recurse_submodules: bool = False
    is_sparse: bool = False

    @property
    def folder(self) -> str:
        """The folder of the files that a bootstrap writes."""
        return posixpath.join(self.path, self.namespace)

    def bodies(self) -> list[Object]:
        """The source and the Kustomization."""
        metadata = {"name": self.namespace, "namespace": self.namespace}
        source: Object = {
            "interval": self.interval, "ref": {"branch": self.branch}, "secretRef": {"name": self.secret}, "url": self.url,
        }  # fmt: skip
        if self.recurse_submodules:
            source["recurseSubmodules"] = True
        if self.is_sparse and self.path:
            source["sparseCheckout"] = [self.path]
        applied = {
            "interval": "10m0s", "path": f"./{self.path}", "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": self.namespace},
        }  # fmt: skip
        return [
            {
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "GitRepository",
                "metadata": metadata,
                "spec": source,
            },
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": metadata,
                "spec": applied,
            },
        ]

    def text(self) -> str:
        """The file of both."""
        return "# Written by `kbuild bootstrap`; changes belong into a patch beside it.\n---\n" + manifests.yaml(
            self.bodies()
        )

    def is_own(self, body: Mapping[str, Any]) -> bool:
        """Whether an object is one of the two."""
        kinds = {one["kind"] for one in self.bodies()}
        return body["kind"] in kinds and body["metadata"]["name"] == self.namespace


def folder_of(path: str) -> str:
    """A path as a folder of a repository, empty for its root. Raises: StoppedError, for one that leads out of it."""
    found = posixpath.normpath(path.strip() or ".").lstrip("/")
    if found.split("/")[0] == "..":
        raise StoppedError(f"path '{path}' leads out of the repository")
    return "" if found == "." else found


def files(plan: Installation, sync: Sync, present: Mapping[str, bytes]) -> dict[str, bytes]:
    """What the folder shall hold, by path; a kustomization file that is there already is the user's, and stays."""
    folder = sync.folder
    found = {
        f"{folder}/{COMPONENTS}": manifests.text(plan).encode(),
        f"{folder}/{SYNC}": sync.text().encode(),
    }
    if not any(f"{folder}/{name}" in present for name in _NAMES):
        own = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": [COMPONENTS, SYNC],
        }  # fmt: skip
        found[f"{folder}/{KUSTOMIZATION}"] = manifests.yaml([own]).encode()
    return found


def built(sync: Sync, fs: kbuild.MemoryFileSystem, wanted: Mapping[str, bytes]) -> list[Object]:
    """What the folder builds to, the user's patches applied; `fs` has the repository below `ROOT`. Raises: KbuildError."""
    for path, data in wanted.items():
        fs.put(f"{ROOT}/{path}", data)
    result = kbuild.render(f"{ROOT}/{sync.folder}", fs=fs, load_restrictor="LoadRestrictionsNone")
    return [dict(body) for body in result.to_dicts()]
