"""A finding: what a rule has to say about one place of a repository."""

from __future__ import annotations

from dataclasses import dataclass

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)

# rule -> (severity, what it finds)
RULES = {
    "build-fails": (ERROR, "the kustomization does not build"),
    "invalid-field": (ERROR, "a field of a kustomization file is unknown or has the wrong type"),
    "deprecated-field": (WARNING, "a field has a newer spelling"),
    "field-spelling": (WARNING, "a field is written in other case than its name"),
    "patch-matches-nothing": (WARNING, "the target of a patch selects no resource"),
    "replacement-matches-nothing": (WARNING, "a target of a replacement selects no resource"),
    "image-matches-nothing": (NOTE, "an `images` entry names an image that no resource has"),
    "list-replaced": (WARNING, "a patch replaces a list of a custom resource as a whole"),
    "unresolved-name": (WARNING, "a field still has the name that a resource had before it was renamed"),
    "unused-file": (WARNING, "no kustomization uses the file"),
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One finding; sorts by place.

    Units: 1-based `line` and `column` in characters. `hint` may be empty.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str
    hint: str = ""

    @property
    def severity(self) -> str:
        """`error`, `warning` or `note`."""
        return RULES[self.rule][0]


def reaches(finding: Finding, severity: str) -> bool:
    """Whether a finding is at least as severe as `severity`."""
    return SEVERITIES.index(finding.severity) <= SEVERITIES.index(severity)
