"""Findings as text for people, as JSON for scripts, as SARIF for code scanning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kbuild.lint.findings import RULES, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kbuild.lint.findings import Finding

    Shown = Callable[[str], str]

TEXT, JSON, SARIF = "text", "json", "sarif"
FORMS = (TEXT, JSON, SARIF)
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(findings: Sequence[Finding], form: str, shown: Shown, version: str) -> str:
    """The findings in one form. `shown` turns a path into what the reader sees; `version` is this program's."""
    if form == TEXT:
        return as_text(findings, shown)
    value = as_json(findings, shown) if form == JSON else as_sarif(findings, shown, version)
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """How many findings there are of each severity."""
    return {severity: sum(found.severity == severity for found in findings) for severity in SEVERITIES}


def as_text(findings: Sequence[Finding], shown: Shown) -> str:
    """A line for each finding, `file:line:column: severity: message [rule]`, its hint below, and a summary."""
    lines = []
    for found in findings:
        place = f"{shown(found.file)}:{found.line}:{found.column}"
        lines.append(f"{place}: {found.severity}: {found.message} [{found.rule}]")
        if found.hint:
            lines.append(f"  hint: {found.hint}")
    summary = ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts(findings).items() if count)
    lines.append(summary or "nothing found")
    return "\n".join(lines) + "\n"


def as_json(findings: Sequence[Finding], shown: Shown) -> dict[str, Any]:
    """`{version, findings: [{file, line, column, severity, rule, message, hint}], summary: {severity: count}}`."""
    rows = [
        {
            "file": shown(found.file),
            "line": found.line,
            "column": found.column,
            "severity": found.severity,
            "rule": found.rule,
            "message": found.message,
            "hint": found.hint,
        }
        for found in findings
    ]
    return {"version": 1, "findings": rows, "summary": counts(findings)}


def as_sarif(findings: Sequence[Finding], shown: Shown, version: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log with one run."""
    from urllib.parse import quote

    rules = [
        {"id": rule, "shortDescription": {"text": text}, "defaultConfiguration": {"level": severity}}
        for rule, (severity, text) in RULES.items()
    ]
    order = list(RULES)
    results = [
        {
            "ruleId": found.rule,
            "ruleIndex": order.index(found.rule),
            "level": found.severity,
            "message": {"text": f"{found.message}\n{found.hint}" if found.hint else found.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(shown(found.file))},
                        "region": {"startLine": found.line, "startColumn": found.column},
                    }
                }
            ],
        }
        for found in findings
    ]
    driver = {"name": "kbuild", "semanticVersion": version, "rules": rules}
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
