"""Our tables, trees, traces and reports against the recorded output of Flux's command, where the samples are beside the checkout."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import kbuild
from applier.cli.operate import event_rows, kinds, stats, tables, trace_text, tree_text
from applier.model.ids import ObjectId
from applier.report import field_changes

CHECKOUT = Path(__file__).resolve().parents[3]
SAMPLES = Path(os.environ.get("KBUILD_FLUX_SAMPLES") or CHECKOUT.parent / "shared" / "flux-samples")
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the samples are not beside the checkout (KBUILD_FLUX_SAMPLES)"
)


def transcript() -> dict[str, str]:
    """Standard output by command."""
    found = {}
    for block in (SAMPLES / "cli" / "transcript.txt").read_text().split("\n$ ")[0:]:
        command, _, rest = block.removeprefix("$ ").partition("\n")
        _, marker, out = rest.partition("# stdout:\n")
        if marker:
            found[command.strip()] = out.partition("# stderr:\n")[0]
    return found


def parsed(block: str) -> list[list[str]]:
    """The rows of a printed table, lines of one message joined again."""
    rows: list[list[str]] = []
    for line in block.splitlines():
        cells = [cell.rstrip(" ") for cell in line.removesuffix("\t").split("\t")]
        if rows and not any(cells[:-1]) and len(cells) > 1:
            rows[-1][-1] += f"\n{cells[-1]}"
        else:
            rows.append(cells)
    return rows


def widths_of(block: str) -> list[int]:
    """The widths of a table's columns; none where they differ (host names were changed after padding)."""
    lines = [line.split("\t") for line in block.splitlines()]
    found = {tuple(map(len, line[:-1])) for line in lines[1:]} or {tuple(map(len, lines[0]))}
    return [*found.pop()] if len(found) == 1 else []


def test_every_recorded_table_is_printed_again_to_the_byte() -> None:
    checked = 0
    for command, out in transcript().items():
        if not command.startswith(("flux get", "flux events", "flux stats")):
            continue
        for block in (f"{block}\n" for block in out.replace("# … cut\n", "").strip("\n").split("\n\n")):
            widths = widths_of(block)
            titles, *rows = parsed(block) if "--no-header" not in command else [[], *parsed(block)]
            if widths:
                # Of long tables rows were cut: the widths are those of all of them.
                assert tables.table(titles, rows, widths) == block, command
                checked += 1
    assert checked >= 9


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("status/*.yaml")), ids=lambda path: path.stem)
def test_rows_of_recorded_objects(path: Path) -> None:
    [body] = kbuild.read_documents(path.read_text())
    noun = kinds.of_kind(body["kind"])
    if noun is None:
        return
    row = tables.row(noun, body)
    ready = next((c for c in body["status"].get("conditions", []) if c["type"] == "Ready"), None)
    assert row[0] == body["metadata"]["name"]
    assert row[-2:] == (
        [ready["status"], tables.cut_hashes(ready["message"]) if noun.cuts_hashes else ready["message"]]
        if ready
        else ["False", tables.WAITING]
    )
    assert len(row) == len(tables.header(noun))
    assert not any(len(word) >= 40 and set(word) <= set("0123456789abcdef") for word in " ".join(row).split())


def test_the_recorded_receiver_is_a_row_of_the_recorded_table() -> None:
    [body] = kbuild.read_documents((SAMPLES / "status" / "receiver-ready.yaml").read_text())
    assert tables.row(kinds.RECEIVER, body) in parsed(transcript()["flux get receivers"])


def test_the_recorded_tree_is_drawn_and_written_again() -> None:
    wanted = transcript()["flux tree ks web -o json"]

    def node(value: dict[str, Any]) -> tree_text.Node:
        resource = value["resource"]
        group_kind = resource["GroupKind"]
        object_id = ObjectId(group_kind["Group"], group_kind["Kind"], resource["Namespace"], resource["Name"])
        return tree_text.Node(object_id, [node(child) for child in value.get("resources", [])])

    root = node(json.loads(wanted))
    assert json.dumps(tree_text.value(root), indent=2) == wanted.rstrip("\n")
    drawn = "".join(f"{line}\n" for line in tree_text.lines(root))
    assert drawn.rstrip("\n") == transcript()["flux tree ks web"].rstrip("\n")


def test_the_recorded_trace_is_told_again() -> None:
    revision = "main@sha1:8dd76f8dc4c29bd53828c1e0c4ba5abdf5d2a725"
    moment = "2026-01-01T00:00:00Z"

    def ready(message: str) -> list[dict[str, str]]:
        return [{"type": "Ready", "status": "True", "message": message, "lastTransitionTime": moment}]

    deployment = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "apps"}}
    owner = {
        "kind": "Kustomization", "metadata": {"name": "web", "namespace": "flux-system"}, "spec": {"path": "./deploy/base"},
        "status": {"lastAppliedRevision": revision, "conditions": ready(f"Applied revision: {revision}")},
    }  # fmt: skip
    source = {
        "kind": "GitRepository", "metadata": {"name": "shop", "namespace": "flux-system"},
        "spec": {"url": "http://git.example.test/shop.git", "ref": {"branch": "main"}},
        "status": {"artifact": {"revision": revision}, "conditions": ready(f"stored artifact for revision '{revision}'")},
    }  # fmt: skip
    blocks = [trace_text.of_object(deployment), trace_text.of_applier(owner), trace_text.of_source(source)]
    wanted = transcript()["flux trace web --kind Deployment --api-version apps/v1 -n apps"]
    assert trace_text.text(blocks).rstrip("\n") == wanted.rstrip("\n")


def test_the_recorded_report_of_a_drift_is_written_again() -> None:
    before, after = ({"metadata": {"generation": g}, "spec": {"replicas": r}} for g, r in ((13, 3), (14, 4)))
    rows = ["► Deployment/apps/web drifted", *field_changes.lines(before, after), "► Secret/apps/sec created"]
    wanted = transcript()["flux diff ks web --path <changed> --progress-bar=false"]
    assert wanted.startswith("".join(f"{row}\n" for row in rows))


def test_the_recorded_counts_are_a_table_again() -> None:
    counts = [stats.Count("GitRepository", 1, storage=1741), stats.Count("Kustomization", 6, failing=3)]
    rows = parsed(transcript()["flux stats"])
    assert list(stats.TITLES) == rows[0]
    assert all(stats.row(count) in rows for count in counts)


def test_recorded_events_are_rows() -> None:
    events = [json.loads(line) for line in (SAMPLES / "events" / "core-events.jsonl").read_text().splitlines()]
    now = 1767225600.0 + 90  # one minute and a half after the recorded moments
    rows = event_rows.rows(events, (), now, with_namespace=False)
    assert len(rows) == len(events)
    assert {row[0].split(" (x")[0] for row in rows} == {"90s"}
    assert any("(x6 over 90s)" in row[0] for row in rows)
    assert len(event_rows.rows(events, ("warning",), now, with_namespace=True)) < len(rows)
