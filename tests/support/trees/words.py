"""Small pools of names and values: small, so that references, patches and selectors of different makers meet."""

from __future__ import annotations

NAMES = ("web", "db", "api", "cfg")
WORKLOAD_NAMES = ("web", "db", "api", "worker")
NAMESPACES = ("prod", "dev", "default", "team-a")
CLUSTER_NAMES = ("web", "admin", "reader", "fast")
IMAGES = (
    "nginx", "nginx:1.19", "busybox", "redis:6", "example.com/app:v1", "localhost:5000/app", "example.com:8080/a/b:t",
    "nginx@sha256:abc123", "redis:6@sha256:0123abcd", "quay.io/org/app", "gcr.io/p/app:latest", "app:{tag}", "nginx:",
)  # fmt: skip
IMAGE_NAMES = (
    "nginx",
    "busybox",
    "redis",
    "example.com/app",
    "localhost:5000/app",
    "example.com:8080/a/b",
    "app",
    "quay.io/org/app",
)
LABEL_KEYS = ("app", "tier", "app.kubernetes.io/name", "env", "team", "a.b/c_d", "x1", "x10")
LABEL_VALUES = ("web", "db", "prod", "", "1", "1.5", "true", "yes", "null", "v1.0", "a-b", "0123", "1e3", "2020-01-01")
ANNOTATION_VALUES = (
    *LABEL_VALUES, "a: b", "two words", "x\ny\n", "x\ny", " lead", "trail ", '{"a": 1}', "#x", "a" * 30 + " " + "b" * 60 + " c d",
    "é", "it's", 'q"q', "~", "-", "- a", "[1]", "\n", "tab\there", "\U0001f600",
)  # fmt: skip
TEXTS = (
    *ANNOTATION_VALUES,
    "value",
    "$(VAR_A)",
    "pre-$(VAR_A)-post",
    "$$(VAR_A)",
    "$(NOPE)",
    "a=b",
    "key: 1\nother: two\n",
)
ODD_SCALARS = (
    "1", "-1", "0", "0123", "0o17", "0x1F", "1.0", "1.50", "1e3", "1e-7", "12345678901234567890", "9007199254740993",
    "true", "True", "yes", "no", "on", "y", "~", "null", "''", '""', "2020-01-01", "2020-01-01T10:00:00Z", "1:30", ".5", "+1",
    "1_000", ".inf", "!!str 1", "!!int '1'", "!foo bar", "08", "'1'", '"true"', "[]", "{}", "[a]", "{a: b}", "18446744073709551616",
    "'a: b'", "a#b", '"x\\ty"', '"\\u00e9"', "1.5e10", "0b11", "text", "5", "*nope", "&x v", "|", ">",
)  # fmt: skip
CUSTOM = (
    ("example.com/v1", "Widget"), ("argoproj.io/v1alpha1", "Rollout"), ("example.com/v1beta1", "Widget"),
    ("cert-manager.io/v1", "Certificate"), ("stable.example.com/v1", "CronTab"), ("networking.istio.io/v1alpha3", "VirtualService"),
)  # fmt: skip

INTERNAL = "internal.config.kubernetes.io/"
# What a build keeps in annotations, written by a user. Hashes of kinds other than ConfigMap and Secret are left out: the
# reference hashes the parser's own nodes there, with the lines and columns of the file.
BUILD_ANNOTATIONS = (
    {"previousNames": "web", "previousNamespaces": "default", "previousKinds": "ConfigMap"},
    {"previousNames": "old,db", "previousNamespaces": "default,prod", "previousKinds": "Deployment,Deployment"},
    {"previousNames": "api", "previousNamespaces": "team-a", "previousKinds": "Service", "prefixes": "a-"},
    {"previousNames": "api"}, {"previousNames": "api,web", "previousNamespaces": "default", "previousKinds": "Service"},
    {"prefixes": "a-"}, {"suffixes": "-v1,-a"}, {"generatorBehavior": "merge"}, {"generatorBehavior": "odd"}, {"refBy": "x"},
    {"allowNameChange": "enabled"}, {"needsHashSuffix": "yes"}, {"foo": "x"}, {"path": "p", "index": "0"}, {"helm-generated": "true"},
)  # fmt: skip
