"""Which failures pass by themselves, so that a command waits on instead of ending with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from applier.model.ids import Body

# Another Kustomization is still at work, the source has just been created; a missing path does not pass.
REASONS = ("ArtifactFailed", "DependencyNotReady")
LASTING = "kustomization path not found"


def passes(ready: Body) -> bool:
    """Whether a Ready condition that is False will be another one without anybody's doing."""
    return ready.get("reason") in REASONS and not str(ready.get("message")).startswith(LASTING)
