"""The flags of the applier's commands as tables, from which help and completion are made as well."""

from __future__ import annotations

from applier import keys
from kbuild.cli.flags import BOOL, LIST, TEXT, Flag
from kbuild.cli.render import FLAGS as RENDER_FLAGS

_NOT_FOR_RENDERING = ("output", "verbose", "help", "stack-trace", "reorder", "enable-managedby-label")

HELP = Flag("help", BOOL, "show this help", short="h")
CONNECTION = (
    Flag("kubeconfig", TEXT, "kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)", placeholder="FILE"),
    Flag("context", TEXT, "context of the kubeconfig", placeholder="NAME"),
    Flag("cluster", TEXT, "cluster of the kubeconfig, instead of the context's", placeholder="NAME"),
    Flag("user", TEXT, "user of the kubeconfig, instead of the context's", placeholder="NAME"),
    Flag("as", TEXT, "act as this user", placeholder="USER"),
    Flag("as-group", LIST, "act as a member of this group (repeatable)", placeholder="GROUP"),
)
# What Flux's commands take besides; the last four change nothing here: requests are neither counted nor cached.
FLUX_CONNECTION = (
    *CONNECTION,
    Flag("server", TEXT, "address of the API server, instead of the cluster's", placeholder="URL"),
    Flag("token", TEXT, "bearer token, instead of the user's credentials", placeholder="TOKEN"),
    Flag("certificate-authority", TEXT, "certificates that the API server is trusted by", placeholder="FILE"),
    Flag("client-certificate", TEXT, "client certificate, instead of the user's", placeholder="FILE"),
    Flag("client-key", TEXT, "its key", placeholder="FILE"),
    Flag("tls-server-name", TEXT, "name that the API server's certificate must have", placeholder="NAME"),
    Flag("insecure-skip-tls-verify", BOOL, "trust any certificate of the API server"),
    Flag("as-uid", TEXT, "act with this uid", placeholder="UID"),
    Flag("as-user-extra", LIST, "act with this extra value (repeatable)", placeholder="KEY=VALUE"),
    Flag("disable-compression", BOOL, "accepted: answers are never compressed"),
    Flag("cache-dir", TEXT, "accepted as Flux has it", placeholder="DIR"),
    Flag("kube-api-qps", TEXT, "accepted as Flux has it: requests are not held back", placeholder="N"),
    Flag("kube-api-burst", TEXT, "accepted as Flux has it", placeholder="N"),
)
INVENTORY = (
    Flag("name", TEXT, "name of the inventory (default: the kustomization's metadata.name)", placeholder="NAME"),
    Flag(
        "namespace",
        TEXT,
        "namespace of the inventory, and of objects that name none (default: the kustomization's, then the context's)",
        short="n",
        placeholder="NAMESPACE",
    ),
)
OUTPUT = Flag(
    "output", TEXT, "table, log, json, events, name, yaml, or plan for a dry run (default: a table on a terminal, else log lines)",
    short="o", placeholder="FORM", choices=("table", "log", "json", "events", "name", "yaml", "plan"),
)  # fmt: skip
REQUEST_TIMEOUT = Flag(
    "request-timeout", TEXT, "how long to wait for one answer (default 30s, for a list 60s)", placeholder="TIME"
)
VERBOSE = Flag("verbose", BOOL, "tell every request, without headers and bodies, on standard error", short="v")
SAFETY = (
    Flag(
        "only-namespace",
        LIST,
        "refuse objects outside of this namespace, and cluster-wide ones (repeatable)",
        placeholder="NAMESPACE",
    ),
    Flag(
        "adopt",
        TEXT,
        "which existing objects may be taken over: 'never', 'unowned' (the default) or 'all'",
        placeholder="WHICH",
        choices=("never", "unowned", "all"),
    ),
    Flag("no-labels", BOOL, "put no membership label on objects; ownership is then known by uid alone"),
    Flag("field-manager", TEXT, "name that owns the fields (default kbuild)", placeholder="NAME"),
    Flag("ignore-hooks", BOOL, "leave out objects that are hooks of Helm or Argo CD, instead of refusing them"),
)
WAITING = (
    Flag("wait", BOOL, "wait until everything is Current (the default; --no-wait does not)"),
    Flag("no-wait", BOOL, "do not wait for health"),
    Flag("timeout", TEXT, "how long to wait for one object (default 5m; 0 does not wait)", placeholder="TIME"),
    Flag(
        "total-timeout",
        TEXT,
        "how long the whole run may take (default 30m; 0: as long as it takes)",
        placeholder="TIME",
    ),
    Flag("wait-lb", BOOL, "wait for the address of a LoadBalancer, too"),
    Flag(
        "fail-fast",
        TEXT,
        "'pods': pods that crash or cannot be scheduled fail their workload at once",
        placeholder="WHAT",
        choices=("pods",),
    ),
    Flag("health-rules", TEXT, "file with health rules in the form of Flux' healthCheckExprs", placeholder="FILE"),
)
LOCKING = (
    Flag(
        "lock",
        TEXT,
        "'on' (the default) or 'off': use a Lease against runs at the same time",
        placeholder="WHAT",
        choices=("on", "off"),
    ),
    Flag("lock-timeout", TEXT, "how long to wait for another run (default 0)", placeholder="TIME"),
    Flag("break-lock", BOOL, "take the lock of a run that is known to be dead"),
    Flag("concurrency", TEXT, "writes at the same time (default 8)", placeholder="N"),
)
PRUNING = (
    Flag(
        "allow-prune",
        LIST,
        "agree beforehand to what needs a yes: 'all', a kind, or the most deletions (repeatable)",
        placeholder="WHAT",
    ),
    Flag("yes", BOOL, "agree to everything that needs a yes", short="y"),
    Flag(
        "cascade",
        TEXT,
        "'background' (the default), 'foreground' or 'orphan'",
        placeholder="HOW",
        choices=("background", "foreground", "orphan"),
    ),
)
WRITING = (
    Flag("prune", BOOL, "delete what left the set (the default; --no-prune does not)"),
    Flag("no-prune", BOOL, "delete nothing"),
    Flag("allow-empty", BOOL, "accept a set without objects"),
    *PRUNING,
    Flag("force-conflicts", BOOL, "take over fields that other managers own"),
    Flag(
        "recreate",
        TEXT,
        "delete and create again where a field cannot change: 'never' (the default), 'listed' (objects"
        f" annotated with {keys.RECREATE}: \"true\"), 'stateless' or 'all'",
        placeholder="WHICH",
        choices=("never", "listed", "stateless", "all"),
    ),
    Flag("recreate-on-denied", BOOL, "recreate also where an admission webhook denies the change"),
    Flag("wait-operators", BOOL, "write custom resources after the workloads that are allowed to handle them"),
    Flag("preflight", BOOL, "ask for all rights first, and report what is missing as a Role"),
    Flag("dry-run-first", BOOL, "let the server check every object before the first is written"),
    Flag(
        "dry-run",
        TEXT,
        "'none' (the default), 'client' (plan only) or 'server'",
        placeholder="WHERE",
        choices=("none", "client", "server"),
    ),
)
SHOWING = (
    Flag("diff", TEXT, "'owned' (the default): fields of ours, without asking the server; 'server': its dry run",
         placeholder="HOW", choices=("owned", "server")),
    Flag("exit-code", BOOL, "accepted as in other tools: differences always exit with 1"),
    Flag("mask", LIST, "also hide values below this path, as Kind.path.to.field (repeatable)", placeholder="PATH"),
    Flag("show-secrets", BOOL, "show values of Secrets, on a terminal only"),
)  # fmt: skip
RENDERING = tuple(flag for flag in RENDER_FLAGS if flag.name not in _NOT_FOR_RENDERING)

APPLY = (
    *INVENTORY,
    OUTPUT,
    *WRITING,
    *WAITING,
    *SAFETY,
    *LOCKING,
    *CONNECTION,
    REQUEST_TIMEOUT,
    VERBOSE,
    *RENDERING,
    HELP,
)
DIFF = (*INVENTORY, OUTPUT, *SHOWING, *WRITING, *SAFETY, *CONNECTION, REQUEST_TIMEOUT, VERBOSE, *RENDERING, HELP)
STATUS = (*INVENTORY, OUTPUT, *WAITING[4:], *CONNECTION, REQUEST_TIMEOUT, VERBOSE, *RENDERING, HELP)
DELETE = (
    *INVENTORY,
    OUTPUT,
    *PRUNING,
    WRITING[-1],
    *WAITING[:4],
    SAFETY[0],
    *LOCKING,
    *CONNECTION,
    REQUEST_TIMEOUT,
    VERBOSE,
    *RENDERING,
    HELP,
)
INVENTORY_COMMAND = (
    *INVENTORY,
    Flag("output", TEXT, "table, json, flux, kpt or list", short="o", placeholder="FORM",
         choices=("table", "json", "flux", "kpt", "list")),
    Flag("format", TEXT, "for export: 'flux', 'kpt' or 'list' (the default)", placeholder="FORM", choices=("flux", "kpt", "list")),
    PRUNING[1], *LOCKING[:3], *CONNECTION, REQUEST_TIMEOUT, VERBOSE, HELP,
)  # fmt: skip
