"""What a render may be told besides its path: the flags of `kustomize build` and what kbuild adds."""

from __future__ import annotations

from kbuild.model.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROOT_ONLY, NO_RESTRICTIONS = "LoadRestrictionsRootOnly", "LoadRestrictionsNone"
LEGACY, NONE = "legacy", "none"
REFERENCE_COMPAT, LATEST = "v5.8.1", "latest"

_DEFAULTS: tuple[tuple[str, object], ...] = (
    ("load_restrictor", ROOT_ONLY),
    ("reorder", ""),
    ("enable_managedby_label", False),
    ("enable_helm", False),
    ("helm_command", "helm"),
    ("helm_api_versions", ()),
    ("helm_kube_version", ""),
    ("helm_debug", False),
    ("enable_alpha_plugins", False),
    ("enable_exec", False),
    ("network", False),
    ("network_name", "bridge"),
    ("mounts", ()),
    ("as_current_user", False),
    ("env", ()),
    ("ignore", ()),
    ("ignore_files", ()),
    ("generate", False),
    ("remote_cache", ""),
    ("compat", REFERENCE_COMPAT),
)


class Options:
    """Immutable options of a render; every field has the default of `kustomize build`.

    Shape: `load_restrictor` is `LoadRestrictionsRootOnly` or `LoadRestrictionsNone`; `reorder` is `""`, `legacy` or
    `none`; `ignore` are gitignore patterns and `ignore_files` paths of files that hold such patterns: matching files
    do not exist for the render; `generate` renders a folder that has no kustomization file as Flux would;
    `remote_cache` is a folder that keeps cloned repositories by commit (empty: none are kept).
    `compat` is `v5.8.1`, or `latest` to follow later versions where they changed the output (ADR 0017).
    Raises: UsageError, for an unknown name or an illegal value.
    """

    __slots__ = tuple(name for name, _ in _DEFAULTS)

    load_restrictor: str
    reorder: str
    enable_managedby_label: bool
    enable_helm: bool
    helm_command: str
    helm_api_versions: tuple[str, ...]
    helm_kube_version: str
    helm_debug: bool
    enable_alpha_plugins: bool
    enable_exec: bool
    network: bool
    network_name: str
    mounts: tuple[str, ...]
    as_current_user: bool
    env: tuple[str, ...]
    ignore: tuple[str, ...]
    ignore_files: tuple[str, ...]
    generate: bool
    remote_cache: str
    compat: str

    def __init__(self, **given: Any) -> None:
        for name, default in _DEFAULTS:
            value = given.pop(name, default)
            object.__setattr__(self, name, tuple(value) if type(default) is tuple else value)
        if given:
            raise UsageError(f"unknown option: {next(iter(given))}")
        if self.load_restrictor not in (ROOT_ONLY, NO_RESTRICTIONS):
            raise UsageError(
                f"illegal flag value --load-restrictor {self.load_restrictor}; legal values: [{ROOT_ONLY} {NO_RESTRICTIONS}]"
            )
        if self.reorder not in ("", LEGACY, NONE):
            raise UsageError(f"illegal flag value --reorder {self.reorder}; legal values: [{LEGACY} {NONE}]")
        if self.compat not in (REFERENCE_COMPAT, LATEST):
            raise UsageError(f"illegal flag value --compat {self.compat}; legal values: [{REFERENCE_COMPAT} {LATEST}]")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Options are immutable: {name}")

    @property
    def is_latest(self) -> bool:
        """Whether later versions are followed where they changed the output."""
        return self.compat == LATEST

    def replaced(self, **changes: Any) -> Options:
        """A copy with some fields changed."""
        return Options(**{name: getattr(self, name) for name in self.__slots__} | changes)
