"""Diffs, masks, log lines, tables and JSON: pure text of plans, events and change sets."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cluster_values import REF, body, discovery, normalized, oid

from applier.failures import ErrorClass
from applier.model import events
from applier.model.changes import Change, ChangeSet, Outcome
from applier.model.ids import ObjectId
from applier.model.inventory import Entry, Inventory
from applier.model.live import ABSENT, Live, Present
from applier.model.plan import Action
from applier.model.policy import Policy
from applier.model.snapshot import Snapshot
from applier.planning import plan
from applier.report.diff_text import DiffOptions, diff_text, has_differences, text_diff
from applier.report.log_text import LogText, subject
from applier.report.masking import masked_pair, parse_mask
from applier.report.run_json import changes_json, event_line, schema_line
from applier.report.safe_text import line, lines, shortened
from applier.report.table_text import names_text, table_text
from applier.report.views import owned_view, whole_view

CANARY = "canary-value"
ENCODED = base64.b64encode(CANARY.encode()).decode()


def managed(fields: dict[str, Any], version: str = "v1") -> list[dict[str, Any]]:
    return [{"manager": "kbuild", "operation": "Apply", "apiVersion": version, "fieldsV1": fields}]


def diff(
    given: dict[str, Any], live: dict[str, Any] | None, options: DiffOptions | None = None, policy: Policy | None = None
) -> list[str]:
    (one,) = normalized([given], policy)
    state: dict[ObjectId, Live] = {one.id: Present(body=live) if live is not None else ABSENT}
    entry = Entry(one.id, "v1", "u", "a", "0" * 12, "0" * 12)
    inventory = Inventory(ref=REF, entries={one.id: entry}, uid="i", resource_version="1")
    found = Snapshot(live=state, discovery=discovery(), inventory=inventory)
    return list(diff_text(plan((one,), found, policy or Policy(labels=False), REF), found, options))


def test_what_is_created_is_shown_whole() -> None:
    assert diff(body("ConfigMap", "t/c", data={"a": "1"}), None) == [
        "+ ConfigMap t/c (create)", "@@ -0,0 +1,7 @@", "+apiVersion: v1", "+data:", '+  a: "1"', "+kind: ConfigMap", "+metadata:",
        "+  name: c", "+  namespace: t",
    ]  # fmt: skip


DEPLOYMENT = {
    "replicas": 3,
    "template": {"spec": {"containers": [{"name": "web", "image": "x:2", "resources": {"limits": {"cpu": "1000m"}}}]}},
}


def test_only_fields_of_ours_are_compared() -> None:
    live_spec = {
        "replicas": 2, "paused": True, "revisionHistoryLimit": 10, "strategy": {"type": "RollingUpdate"},
        "template": {"spec": {"containers": [
            {"name": "side", "image": "s"},
            {"name": "web", "image": "x:1", "terminationMessagePath": "/x", "resources": {"limits": {"cpu": "1"}}, "command": ["old"]},
        ]}},
    }  # fmt: skip
    container = {
        'k:{"name":"web"}': {
            ".": {},
            "f:name": {},
            "f:image": {},
            "f:command": {},
            "f:resources": {"f:limits": {"f:cpu": {}}},
        }
    }
    fields = {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": container}}}}
    live = body(
        "apps/v1/Deployment", "t/d", uid="u", spec=live_spec, status={"x": 1}, managedFields=managed(fields, "apps/v1")
    )
    live["metadata"]["labels"] = {"theirs": "x"}
    assert diff(body("apps/v1/Deployment", "t/d", spec=DEPLOYMENT), live) == [
        "~ apps/Deployment t/d (configure): 3 fields",
        "@@ -4,13 +4,11 @@",
        "   name: d", "   namespace: t", " spec:", "-  replicas: 2", "+  replicas: 3", "   template:", "     spec:", "       containers:",
        "-      - command:", "-        - old", "-        image: x:1", "+      - image: x:2", "         name: web", "         resources:", "           limits:",
    ]  # fmt: skip


def test_defaults_of_the_server_inside_lists_are_not_shown() -> None:
    wanted = {"rules": [{"ports": [{"port": 80}]}], "args": ["a"], "gone": ["x", "y"]}
    live = {"rules": [{"ports": [{"port": 80, "protocol": "TCP"}]}], "args": ["b"], "gone": ["x"], "other": 1}
    assert owned_view(wanted, live, {}) == {"rules": [{"ports": [{"port": 80}]}], "args": ["b"], "gone": ["x"]}
    keyed = {"f:l": {'k:{"a":1}': {}, 'k:{"a":2}': {}}}
    assert owned_view({"l": [{"a": 1}]}, {"l": [{"a": 1, "d": 0}, {"a": 2}, {"a": 3}]}, keyed) == {
        "l": [{"a": 1}, {"a": 2}]
    }


def test_a_servers_prediction_is_shown_with_everything_but_bookkeeping() -> None:
    live = body("ConfigMap", "t/c", uid="u", data={"a": "1"}, managedFields=managed({"f:data": {"f:a": {}}}))
    predicted = {oid("ConfigMap t/c"): {**live, "data": {"a": "2", "added": "by webhook"}, "status": {}}}
    rows = diff(body("ConfigMap", "t/c", data={"a": "2"}), live, DiffOptions(predicted=predicted))
    assert rows[1:] == [
        "@@ -1,6 +1,7 @@",
        " apiVersion: v1",
        " data:",
        '-  a: "1"',
        '+  a: "2"',
        "+  added: by webhook",
        " kind: ConfigMap",
        " metadata:",
        "   name: c",
    ]
    assert whole_view({"metadata": {"uid": "1", "name": "x"}, "status": 1}) == {"metadata": {"name": "x"}}
    assert whole_view(None) is None


def test_what_leaves_is_one_line_and_nothing_is_nothing() -> None:
    stored = Entry(oid("ConfigMap t/old"), "v1", "u", "a")
    inventory = Inventory(ref=REF, entries={stored.id: stored}, uid="i", resource_version="1")
    found = Snapshot(
        live={stored.id: Present(body=body("ConfigMap", "t/old", uid="u"))}, discovery=discovery(), inventory=inventory
    )
    pruned = plan((), found, Policy(), REF)
    assert list(diff_text(pruned, found)) == ["- ConfigMap t/old (prune): not-desired"]
    assert has_differences(pruned)
    empty = Snapshot(live={}, discovery=discovery())
    nothing = plan((), empty, Policy(), REF)
    assert list(diff_text(nothing, empty)) == []
    assert not has_differences(nothing)


def test_headers_name_who_changed_what_and_what_may_follow() -> None:
    other = {
        "manager": "kubectl-edit",
        "operation": "Update",
        "time": "2026-01-01T00:00:00Z",
        "fieldsV1": {"f:data": {"f:a": {}}},
    }
    live = body("ConfigMap", "t/c", uid="u", data={"a": "1"}, managedFields=[*managed({"f:data": {"f:a": {}}}), other])
    policy = Policy(labels=False, recreate="all")
    assert (
        diff(body("ConfigMap", "t/c", data={"a": "2"}), live, policy=policy)[0]
        == "~ ConfigMap t/c (configure): may need recreate; 1 field"
    )


def test_secrets_show_which_keys_change_and_nothing_else() -> None:
    live = body("Secret", "t/s", uid="u", data={"same": ENCODED, "changed": ENCODED, "gone": ENCODED},
                managedFields=managed({"f:data": {"f:same": {}, "f:changed": {}, "f:gone": {}}}))  # fmt: skip
    live["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": CANARY}
    given = body("Secret", "t/s", data={"same": ENCODED}, stringData={"changed": f"{CANARY}2", "new": CANARY})
    rows = diff(given, live)
    assert rows[1:8] == [
        "@@ -1,7 +1,7 @@", " apiVersion: v1", " data:", "-  changed: '*** (before)'", "-  gone: '***'", "+  changed: '*** (after)'", "+  new: '***'",
    ]  # fmt: skip
    assert CANARY not in "\n".join(rows)
    assert ENCODED not in "\n".join(rows)
    assert ENCODED in "\n".join(diff(given, live, DiffOptions(show_secrets=True)))


MASKED: list[tuple[Any, Any, str, list[str], Any, Any]] = [
    ({"data": {"a": "1"}}, None, "Secret", [], {"data": {"a": "***"}}, None),
    ({"data": "odd"}, {"data": {"a": 1}}, "Secret", [], {"data": "***"}, {"data": {"a": "***"}}),
    ({"data": {"a": "1"}}, {"data": {"a": "2"}}, "ConfigMap", [], {"data": {"a": "1"}}, {"data": {"a": "2"}}),
    ({"spec": {"a": {"b": 1}}}, {"spec": {"a": {"b": 2}}}, "X", ["X.spec.a"], {"spec": {"a": {"b": "*** (before)"}}}, {"spec": {"a": {"b": "*** (after)"}}}),
    ({"spec": [{"p": 1, "q": 1}]}, {"spec": [{"p": 1}, {"p": 2}]}, "X", ["X.spec.p", "Y.spec.q"], {"spec": [{"p": "***", "q": 1}]}, {"spec": [{"p": "***"}, {"p": "***"}]}),
    ({"spec": {"l": [1, 2]}}, {"spec": {"l": [1, 2]}}, "X", ["X.spec.l"], {"spec": {"l": "***"}}, {"spec": {"l": "***"}}),
    ({"a": 1}, {"a": 1}, "X", ["X.not.there"], {"a": 1}, {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "kind", "masks", "first", "second"), MASKED)
def test_masks_hide_values_and_keep_keys(
    before: Any, after: Any, kind: str, masks: list[str], first: Any, second: Any
) -> None:
    originals = repr((before, after))
    assert masked_pair(before, after, kind, [parse_mask(mask) for mask in masks]) == (first, second)
    assert repr((before, after)) == originals


def test_masks_have_one_form() -> None:
    for wrong in ("", "Kind", "Kind.", "Kind.a..b", ".a"):
        with pytest.raises(ValueError, match="not a mask"):
            parse_mask(wrong)


def test_what_could_move_the_cursor_is_written_out() -> None:
    assert line("a\x1b[2Jb\nc\u202e\x9b") == "a\\x1b[2Jb\\nc\\u202e\\x9b"
    assert lines("a\n\tb\r\x1b") == "a\n\tb\\r\\x1b"
    assert shortened("abcdef", 4) == "abc…"
    assert list(text_diff("a: '\x1b'\n", "")) == ["@@ -1 +0,0 @@", "-a: '\\x1b'"]


WEB, CONFIG, HOSTILE = (
    oid("apps/Deployment shop/web"),
    oid("ConfigMap shop/c"),
    ObjectId("", "Namespace", "", "x\x1b[1m"),
)
CHANGES = ChangeSet(
    run="r1", inventory="t/app", result="failed", exit_code=3, durations_s={"total": 1.25}, requests={"patch": 2}, warnings=("w",),
    changes=(
        Change(id=CONFIG, action=Action.CREATE, outcome=Outcome.CREATED, uid="u1", resource_version="5", duration_ms=12),
        Change(id=HOSTILE, action=Action.UNCHANGED, outcome=Outcome.UNCHANGED, uid="u2"),
        Change(id=WEB, action=Action.CONFIGURE, outcome=Outcome.FAILED, message='replicas is owned by "hpa"\n', hint="force\nor drop", error_class=ErrorClass.CONFLICT, position="a.yaml:3"),
        Change(id=oid("ConfigMap t/d"), action=Action.CREATE, outcome=Outcome.SKIPPED, reason="blocked-by", blocked_by=(WEB,)),
        Change(id=oid("ConfigMap t/e"), action=Action.CONFIGURE, outcome=Outcome.CONFIGURED, fields=(".a", ".b"), waited_ms=2100, message="paused", uid="u3"),
        Change(id=oid("ConfigMap t/f"), action=Action.PRUNE, outcome=Outcome.PRUNED, uid="u4"),
    ),
)  # fmt: skip


def test_a_table_tells_what_happened_and_groups_failures() -> None:
    assert list(table_text(CHANGES)) == [
        "created      configmap/c -n shop",
        "skipped      configmap/d -n t  (blocked-by; by deployment.apps/web -n shop)",
        "configured   configmap/e -n t  (2 fields; Current after 2.1s; paused)",
        "pruned       configmap/f -n t",
        "conflict (1 object):",
        '  deployment.apps/web -n shop [a.yaml:3]: replicas is owned by "hpa"\\n',
        "  hint: force",
        "  or drop",
        "failed: 1 created, 1 configured, 1 unchanged, 1 pruned, 1 skipped, 1 failed in 1.2s",
    ]
    assert "unchanged    namespace/x\\x1b[1m" in list(table_text(CHANGES, show_unchanged=True))
    assert next(iter(table_text(CHANGES, width=20))) == "created      config…"
    assert list(names_text(CHANGES)) == ["configmap/c", "namespace/x\\x1b[1m", "configmap/e"]


def test_log_lines_tell_each_change_once() -> None:
    log = LogText()
    told = [
        log.line(event)
        for event in (
            events.Planned(at_s=0, run="r", inventory="t/app", total=2, counts={"create": 2}),
            events.Started(at_s=0.1, id=WEB, action=Action.CREATE),
            events.Applied(at_s=0.2, id=WEB, outcome=Outcome.CONFIGURED, fields=(".a",), duration_ms=14),
            events.Applied(at_s=0.2, id=CONFIG, outcome=Outcome.UNCHANGED),
            events.Waiting(at_s=0.3, id=WEB, status="InProgress", reason="LessReady", message="ready: 0/1"),
            events.Waiting(at_s=1.3, id=WEB, status="InProgress", reason="LessReady", message="ready: 0/1"),
            events.Waiting(at_s=31, id=WEB, status="InProgress", reason="LessReady", message="ready: 0/1"),
            events.Healthy(at_s=32, id=WEB, waited_ms=31_700, note="paused"),
            events.Healthy(at_s=32, id=CONFIG),
            events.Failed(
                at_s=33,
                id=WEB,
                outcome=Outcome.TIMEOUT,
                error_class=ErrorClass.WAIT_TIMEOUT,
                message="not Current",
                hint="look",
                position="a.yaml:1",
            ),
            events.Skipped(at_s=33, id=CONFIG, reason="blocked-by", blocked_by=(WEB,)),
            events.Pruned(at_s=33, id=CONFIG, outcome=Outcome.KEPT, reason="protected"),
            events.Retrying(
                at_s=33, id=None, error_class=ErrorClass.TRANSIENT, message="reset", attempt=2, delay_s=0.4
            ),
            events.Warned(at_s=33, code="x", message="odd", id=CONFIG),
            events.InventoryWritten(at_s=33, phase="idle", generation=2, count=1),
            events.Done(at_s=34, changes=CHANGES),
        )
    ]
    assert [row for row in told if row is not None] == [
        "0.000s plan for t/app: 2 create",
        "0.200s deployment.apps/web -n shop configured (1 field) 14ms",
        "0.300s deployment.apps/web -n shop waiting: InProgress: LessReady: ready: 0/1",
        "31.000s deployment.apps/web -n shop waiting: InProgress: LessReady: ready: 0/1",
        "32.000s deployment.apps/web -n shop Current after 31.7s (paused)",
        "33.000s deployment.apps/web -n shop timeout (wait-timeout) [a.yaml:1]: not Current (hint: look)",
        "33.000s configmap/c -n shop skipped: blocked-by by deployment.apps/web -n shop",
        "33.000s configmap/c -n shop kept (protected)",
        "33.000s again in 0.4s (transient, attempt 2): reset",
        "33.000s warning: configmap/c -n shop: odd",
        "33.000s inventory idle: 1 object, generation 2",
        "34.000s failed: 1 created, 1 configured, 1 unchanged, 1 pruned, 1 skipped, 1 failed",
    ]
    assert (
        LogText(show_unchanged=True).line(events.Applied(at_s=0, id=CONFIG, outcome=Outcome.UNCHANGED))
        == "0.000s configmap/c -n shop unchanged 0ms"
    )
    assert subject(oid("Namespace n")) == "namespace/n"


def test_events_are_lines_of_json_with_their_type_first() -> None:
    assert json.loads(schema_line()) == {"type": "schema", "version": 1}
    failed = events.Failed(at_s=1.5, id=WEB, outcome=Outcome.FAILED, error_class=ErrorClass.CONFLICT, message="no\n")
    assert event_line(failed) == (
        '{"type": "failed", "atSeconds": 1.5, "id": "shop_web_apps_Deployment", "group": "apps", "kind": "Deployment", "namespace": "shop", '
        '"name": "web", "outcome": "failed", "errorClass": "conflict", "message": "no\\n"}'
    )
    skipped = json.loads(event_line(events.Skipped(at_s=0, id=CONFIG, reason="x", blocked_by=(WEB,))))
    assert skipped["blockedBy"] == ["shop_web_apps_Deployment"]
    assert json.loads(event_line(events.Planned(at_s=0, run="r", inventory="i", total=0, counts={"create": 1})))[
        "counts"
    ] == {"create": 1}
    assert json.loads(event_line(events.Started(at_s=0, id=WEB, action=Action.ADOPT)))["action"] == "adopt"
    assert "id" not in json.loads(event_line(events.Warned(at_s=0, code="c", message="m")))
    done = json.loads(event_line(events.Done(at_s=2, changes=CHANGES)))
    assert (done["exitCode"], done["counts"]["created"], "objects" in done) == (3, 1, False)


def test_a_run_is_one_document() -> None:
    found = json.loads(changes_json(CHANGES))
    assert {key: found[key] for key in ("version", "run", "inventory", "result", "exitCode", "requests", "warnings")} == {
        "version": 1, "run": "r1", "inventory": "t/app", "result": "failed", "exitCode": 3, "requests": {"patch": 2}, "warnings": ["w"],
    }  # fmt: skip
    assert found["objects"][4] == {
        "id": "t_e__ConfigMap", "group": "", "kind": "ConfigMap", "namespace": "t", "name": "e", "action": "configure", "outcome": "configured",
        "reason": "", "errorClass": "", "message": "paused", "fields": [".a", ".b"], "uid": "u3", "rv": "", "durationMs": 0, "waitedMs": 2100, "blockedBy": [],
    }  # fmt: skip
    assert found["errors"] == [
        {"id": "shop_web_apps_Deployment", "class": "conflict", "reason": "", "message": 'replicas is owned by "hpa"\n', "hint": "force\nor drop", "position": "a.yaml:3"},
    ]  # fmt: skip
