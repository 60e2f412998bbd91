"""The real repositories, where they are beside the checkout (`KBUILD_CORPORA` can name them)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
BIG = (
    ("kserve, 3.6 MB", "kubeflow-manifests/applications/kserve/kserve"),
    ("training-operator, 3.5 MB", "kubeflow-manifests/applications/training-operator/upstream/overlays/standalone"),
    ("katib", "kubeflow-manifests/applications/katib/upstream/installs/katib-standalone"),
    ("kuberay-operator, 3.1 MB", "kubeflow-manifests/experimental/ray/kuberay-operator/base"),
)


def corpora() -> Path | None:
    """Their folder."""
    path = Path(os.environ.get("KBUILD_CORPORA") or Path(__file__).resolve().parents[2] / "shared" / "corpora")
    return path if path.is_dir() else None


def big_document_folders() -> list[tuple[str, Path]]:
    """(name, folder) of the builds with the largest documents."""
    root = corpora()
    return [] if root is None else [(name, root / path) for name, path in BIG if (root / path).is_dir()]


def corpora_folders(reference: Path | None) -> list[Path]:
    """Every folder that the reference can build without a network."""
    root = corpora()
    if root is None or reference is None:
        return []
    folders = sorted({path.parent for name in NAMES for path in root.rglob(name)})
    return [folder for folder in folders if builds(reference, folder)]


def builds(reference: Path, folder: Path) -> bool:
    """Whether the reference builds a folder."""
    environment = {**os.environ, "GIT_ALLOW_PROTOCOL": "none"}
    done = subprocess.run([reference, "build", folder], env=environment, capture_output=True, timeout=120, check=False)
    return done.returncode == 0
