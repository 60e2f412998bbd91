"""`kbuild build kustomization NAME --path DIR`: what the agent would apply, from local files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import kbuild
from applier.cli.operate import local_build
from applier.cli.operate.call import SHARED, Call, guarded
from applier.cli.operate.words import StoppedError
from kbuild.cli.flags import BOOL, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = (
    *local_build.FLAGS,
    Flag(
        "dry-run", BOOL, "ask no cluster; variables of ConfigMaps and Secrets are left out (needs --kustomization-file)"
    ),
    *SHARED,
)


def run(argv: Sequence[str]) -> int:
    """`kbuild build kustomization NAME --path DIR`."""
    return guarded("build kustomization", argv, FLAGS, _build)


def _build(call: Call) -> int:
    name, folder = local_build.name_of(call), local_build.folder_of(call, shown_whole=True)
    offline = bool(call.values.get("dry_run"))
    if offline and not call.values.get("kustomization_file"):
        raise StoppedError("dry-run mode requires a kustomization file")
    built = local_build.builder_of(call, offline=offline).build(name, folder)
    text = kbuild.to_yaml(built.all())
    sys.stdout.write(f"{text}---\n" if text else "")  # Flux ends each object with the line
    return 0
