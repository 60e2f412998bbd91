"""`kbuild diff kustomization NAME --path DIR`: what local files would change in the cluster, by the server's own dry run.

Exit status 0 where nothing differs, 1 where something does, 2 for an error.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from applier.agent.kustomization import applying, comparing, ignoring
from applier.agent.kustomization.status_store import Memory
from applier.agent.runtime.queue import Key
from applier.cli.operate import kinds, local_build, sops_masks
from applier.cli.operate.call import SHARED, Call, guarded
from applier.cli.operate.words import FAILURE, WARNING, StoppedError, say
from kbuild.cli.flags import BOOL, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = (
    *local_build.FLAGS,
    Flag(
        "ignore-not-found",
        BOOL,
        "a Kustomization that is not in the cluster yet is no error (needs --kustomization-file)",
    ),
    Flag("progress-bar", BOOL, "accepted as in Flux: nothing is drawn"),
    *SHARED,
)
CHANGED, FAILED = 1, 2


def run(argv: Sequence[str]) -> int:
    """`kbuild diff kustomization NAME --path DIR`."""
    return guarded("diff kustomization", argv, FLAGS, _diff, failure=FAILED)


def _diff(call: Call) -> int:
    name, folder = local_build.name_of(call), local_build.folder_of(call)
    if call.values.get("ignore_not_found") and not call.values.get("kustomization_file"):
        raise StoppedError("kustomization file is required when assuming new kustomizations")
    root = local_build.builder_of(call).build(name, folder)
    has_changes, failures = False, []
    waiting = [(root, 0)]
    while waiting:
        built, depth = waiting.pop(0)
        rows, refused = _compare(call, built)
        if rows and depth:
            metadata = built.owner["metadata"]
            rows.insert(0, f"📁 {kinds.KUSTOMIZATION.kind}/{metadata.get('namespace')}/{metadata['name']} changed")
        sys.stdout.write("".join(f"{row}\n" for row in rows))
        has_changes = has_changes or any(row.startswith("►") and not row.endswith(" skipped") for row in rows)
        failures += refused
        waiting = [*((inner, depth + 1) for inner in built.inner), *waiting]
    sys.stdout.flush()
    for sentence in failures:
        say(FAILURE, sentence)
    if failures:
        return FAILED
    if has_changes:
        say(WARNING, "identified at least one change, exiting with non-zero exit code")
    return CHANGED if has_changes else 0


def _compare(call: Call, built: local_build.Built) -> tuple[list[str], list[str]]:
    """(lines, what the server refuses) of one Kustomization. Raises: StoppedError, ApplierError."""
    metadata, spec = built.owner["metadata"], built.owner.get("spec") or {}
    key = Key(str(metadata.get("namespace") or call.namespace), str(metadata["name"]))
    target = applying.Target(
        key=key, cluster=call.cluster, status=built.owner.get("status") or {}, write_status=lambda _change: None,
        memory=Memory(), timeout_s=0.0,
    )  # fmt: skip
    try:
        rules = ignoring.Rules(spec.get("ignore") or ())
        prepared, _ = applying.planned(target, built.objects, applying.policy_of(key, spec, confirmed=True), rules)
    except applying.ApplyError as problem:
        raise StoppedError(problem.sentence) from None
    except ignoring.IgnoreError as problem:
        raise StoppedError(str(problem)) from None
    found = comparing.compare(prepared, call.cluster, built.objects, comparing.View(keys_only=sops_masks.is_masked))
    rows: list[str] = []
    for one in found.differences:
        rows += [f"► {one.subject} {one.word}", *one.rows]
    return rows, [found.refused] if found.refused else []
