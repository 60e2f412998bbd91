"""The rules by which Flux leaves files out of a source: fixed ones, defaults, `.sourceignore` files, a spec's own.

Source: fluxcd/pkg `sourceignore`.
"""

from __future__ import annotations

from kbuild.load.ignore import Ignore, pattern_lines, scoped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCE_IGNORE = ".sourceignore"
ALWAYS = (".git/", ".gitignore", ".gitmodules", ".gitattributes")
# Dropped as soon as a `.sourceignore` holds any pattern.
DEFAULTS = (
    "*.jpg", "*.jpeg", "*.gif", "*.png", "*.wmv", "*.flv", "*.tar.gz", "*.zip",
    ".github/", ".circleci/", ".travis.yml", ".gitlab-ci.yml", "appveyor.yml", ".drone.yml", "cloudbuild.yaml",
    "codeship-services.yml", "codeship-steps.yml", "**/.goreleaser.yml", "**/.sops.yaml", "**/.flux.yaml",
)  # fmt: skip


def with_defaults(found: list[str]) -> list[str]:
    """All patterns, the decisive ones last: the defaults count only where nothing else was said."""
    return [*ALWAYS, *(() if found else DEFAULTS), *found]


def source_ignore(root: str, files: Iterable[tuple[str, str]], ignore: str = "") -> Ignore:
    """The rules of a source whose files lie below `root`.

    Shape: `files` are the `.sourceignore` files as (folder from the root, text), outer ones first; `ignore` the patterns
    of the source's spec.
    """
    found = [scoped(pattern, folder) for folder, text in files for pattern in pattern_lines(text)]
    return Ignore(root, with_defaults([*found, *pattern_lines(ignore)]))
