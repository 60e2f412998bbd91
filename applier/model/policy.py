"""What a run was told: everything that planning and writing depend on besides the objects and the cluster."""

from __future__ import annotations

from typing import Literal, TypeAlias

from applier import keys
from applier.model.health import HealthRule
from applier.model.mark import Mark
from applier.records import record

Adopt: TypeAlias = Literal["never", "unowned", "all"]
Recreate: TypeAlias = Literal["never", "listed", "stateless", "all"]
TAKEOVER = (
    "kubectl-client-side-apply", "kubectl", "kubectl-edit", "kubectl-create", "kubectl-replace",
    "before-first-apply", "helm", "kustomize-controller", "argocd-controller", "kapp-server",
)  # fmt: skip


@record
class Policy:
    """How a run shall behave; the defaults are those of the command.

    Shape: `namespace` is the default for namespaced objects that name none; `only_namespaces` is the jail (empty: none);
    `allow_prune` holds `all`, kinds, or a number as text (at most so many prunes are allowed); `takeover` are field
    managers whose fields may be taken without `force_conflicts`; `health_rules` come before the built-in ones; `mark` is how members
    are told from others, None for the inventory's own;
    `folds` begins the names of field managers whose fields are taken over as a whole (Flux: `kubectl`).
    Units: seconds; 0 means no waiting for `timeout_s`, no limit for `total_timeout_s`.
    """

    adopt: Adopt = "unowned"
    prune: bool = True
    force_conflicts: bool = False
    recreate: Recreate = "never"
    recreate_on_denied: bool = False
    takeover: tuple[str, ...] = TAKEOVER
    field_manager: str = keys.FIELD_MANAGER
    labels: bool = True
    mark: Mark | None = None
    folds: str = ""
    namespace: str = ""
    only_namespaces: tuple[str, ...] = ()
    confirmed: bool = False
    allow_prune: frozenset[str] = frozenset()
    allow_empty: bool = False
    ignore_hooks: bool = False
    wait_operators: bool = False
    dry_run_first: bool = False
    break_lock: bool = False
    wait: bool = True
    wait_load_balancers: bool = False
    fail_fast_pods: bool = False
    timeout_s: float = 300.0
    total_timeout_s: float = 1800.0
    concurrency: int = 8
    cascade: Literal["background", "foreground", "orphan"] = "background"
    health_rules: tuple[HealthRule, ...] = ()
