"""`kbuild lint [DIR ...]` and `kbuild schema`."""

from __future__ import annotations

import sys

from kbuild.cli.flags import BOOL, LIST, TEXT, Flag, one_of, parse
from kbuild.cli.render import FLAGS as RENDER_FLAGS
from kbuild.cli.render import options_of, warn
from kbuild.model.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_OWN = ("output", "verbose", "generate", "help")
FLAGS = (
    Flag("severity", TEXT, "exit with 1 for findings of at least this severity: 'error', 'warning' (the default) or"
         " 'note'", placeholder="SEVERITY", choices=("error", "warning", "note")),
    Flag("output", TEXT, "'text' (the default), 'json' or 'sarif'", short="o", placeholder="FORM",
         choices=("text", "json", "sarif")),
    Flag("rule", LIST, "apply this rule only (repeatable)", placeholder="RULE"),
    *(flag for flag in RENDER_FLAGS if flag.name not in _OWN and not flag.deprecated),
    Flag("help", BOOL, "show this help", short="h"),
)  # fmt: skip
SCHEMA_FLAGS = (
    Flag(
        "kind",
        TEXT,
        "'Kustomization' (the default) or 'Component'",
        placeholder="KIND",
        choices=("Kustomization", "Component"),
    ),
    Flag("help", BOOL, "show this help", short="h"),
)
_NOT_OPTIONS = ("severity", "output", "rule", "help", "stack_trace")


def run(argv: Sequence[str]) -> int:
    """Lint folders; returns 1 when there are findings of the chosen severity. Raises: KbuildError."""
    values, rest = parse(argv, FLAGS, warn)
    if values.get("help"):
        return show_page("lint")
    from kbuild.cli.errors import relative
    from kbuild.lint import report
    from kbuild.lint.check import lint
    from kbuild.lint.findings import RULES, SEVERITIES, WARNING, reaches
    from kbuild.load.filesystem import DiskFileSystem
    from kbuild.version import VERSION

    severity = one_of(str(values.get("severity", WARNING)), SEVERITIES, "--severity")
    form = one_of(str(values.get("output", report.TEXT)), report.FORMS, "--output")
    rules = values.get("rule", [])
    assert isinstance(rules, list)
    for rule in rules:
        one_of(rule, tuple(RULES), "--rule")
    options = options_of(values, _NOT_OPTIONS)
    findings = lint(rest or ["."], fs=DiskFileSystem(), options=options, rules=rules)
    sys.stdout.write(report.render(findings, form, relative, VERSION))
    return int(any(reaches(found, severity) for found in findings))


def schema(argv: Sequence[str]) -> int:
    """Print the JSON Schema of a kustomization file. Raises: UsageError."""
    values, rest = parse(argv, SCHEMA_FLAGS, warn)
    if values.get("help"):
        return show_page("schema")
    if rest:
        raise UsageError(f"unexpected argument: {rest[0]}")
    import json

    from kbuild.lint.json_schema import kustomization_schema
    from kbuild.load.kustomization_file import COMPONENT, KUSTOMIZATION

    kind = one_of(str(values.get("kind", KUSTOMIZATION)), (KUSTOMIZATION, COMPONENT), "--kind")
    print(json.dumps(kustomization_schema(kind), indent=2))
    return 0


def show_page(name: str) -> int:
    """Print a help page."""
    from kbuild.cli.help import command_page

    print(command_page(name), end="")
    return 0
