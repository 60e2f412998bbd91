"""The flags of `dev`, and those of them that `agent --once` takes."""

from __future__ import annotations

from applier.cli.operate.call import TIMEOUT
from applier.cli.setup.line import COMMON
from kbuild.cli.flags import BOOL, TEXT, Flag

ONCE = (
    Flag("once", TEXT, "reconcile this folder's repository, or this address, once, and end", placeholder="DIR|URL"),
    Flag("path", TEXT, "folder of the repository that is applied (default: DIR)", placeholder="PATH"),
    Flag("branch", TEXT, "branch (default: the one that is checked out; of an address, main)", placeholder="NAME"),
    Flag("target-namespace", TEXT, "namespace of everything that is applied", placeholder="NAMESPACE"),
    Flag("name", TEXT, "name of source and Kustomization (default: the repository's)", placeholder="NAME"),
    Flag("clean", BOOL, "in the end, delete everything that was applied"),
)
FLAGS = (*ONCE[1:], *COMMON)
WITH_ONCE = (*ONCE, TIMEOUT)
