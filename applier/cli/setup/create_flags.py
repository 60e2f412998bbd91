"""The flags of `create`, by noun."""

from __future__ import annotations

from applier.agent.install.notification_kinds import PROVIDER_TYPES, RECEIVER_TYPES
from applier.cli.setup.line import COMMON, SILENT
from applier.cli.setup.secrets import ALGORITHMS
from kbuild.cli.flags import BOOL, LIST, TEXT, Flag

EXPORT = Flag("export", BOOL, "print the object and change nothing")
LABEL = Flag("label", LIST, "labels of the object (repeatable)", placeholder="KEY=VALUE")
INTERVAL = Flag("interval", TEXT, "how often it is reconciled (default 1m)", placeholder="TIME")
SECRET_REF = Flag("secret-ref", TEXT, "Secret with the credentials", placeholder="NAME")
TYPE = Flag("type", TEXT, "type of the provider or receiver", placeholder="TYPE")
URL = Flag("url", TEXT, "address of the repository", placeholder="URL")
CREDENTIALS = (
    Flag(
        "username", TEXT, "user of the Git server, or name that a provider posts under", short="u", placeholder="NAME"
    ),
    Flag("password", TEXT, "password or token (default $GIT_PASSWORD)", short="p", placeholder="TEXT"),
    Flag("bearer-token", TEXT, "token instead of user and password", placeholder="TEXT"),
    Flag("ca-file", TEXT, "certificates of the server's authority", placeholder="FILE"),
    Flag("private-key-file", TEXT, "ssh key; without one a new key is made", placeholder="FILE"),
    Flag(
        "ssh-key-algorithm", TEXT, "'ecdsa' (the default), 'ed25519' or 'rsa'", placeholder="NAME", choices=ALGORITHMS
    ),
)
FETCH_TIMEOUT = Flag("fetch-timeout", TEXT, "how long one fetch may take (default 60s)", placeholder="TIME")
SOURCE_GIT = (
    URL,
    FETCH_TIMEOUT,
    Flag("branch", TEXT, "branch to follow", placeholder="NAME"),
    Flag("tag", TEXT, "tag to fetch", placeholder="NAME"),
    Flag("tag-semver", TEXT, "range of versions, the newest tag of which is fetched", placeholder="RANGE"),
    Flag("commit", TEXT, "commit to fetch", placeholder="SHA"),
    Flag("ref-name", TEXT, "ref to fetch, such as refs/pull/1/head", placeholder="REF"),
    INTERVAL,
    SECRET_REF,
    *CREDENTIALS,
    Flag("proxy-secret-ref", TEXT, "Secret with the address of a proxy", placeholder="NAME"),
    Flag("provider", TEXT, "'generic' (the default), 'aws', 'azure', 'gcp' or 'github'", placeholder="NAME", choices=("generic", "aws", "azure", "gcp", "github")),
    Flag("ignore-paths", LIST, "what is left out, as in .gitignore (comma-separated)", placeholder="PATTERNS"),
    Flag("sparse-checkout-paths", LIST, "folders that are fetched alone (comma-separated)", placeholder="PATHS"),
    Flag("recurse-submodules", BOOL, "fetch submodules, too"),
)  # fmt: skip
KUSTOMIZATION = (
    Flag("source", TEXT, "source: Kind/name.namespace, or the name of a GitRepository", placeholder="SOURCE"),
    Flag("path", TEXT, "folder in the source (default ./)", placeholder="PATH"),
    Flag("prune", BOOL, "delete what left Git"),
    INTERVAL,
    Flag("retry-interval", TEXT, "how soon a failed run is repeated (default: the interval)", placeholder="TIME"),
    Flag("wait", BOOL, "wait until everything is healthy"),
    Flag("health-check", LIST, "object whose health counts: Kind/name.namespace (repeatable)", placeholder="OBJECT"),
    Flag("health-check-timeout", TEXT, "how long health is waited for (default 2m)", placeholder="TIME"),
    Flag("depends-on", LIST, "Kustomizations that must be ready before (comma-separated)", placeholder="NAMES"),
    Flag("service-account", TEXT, "account to act as", placeholder="NAME"),
    Flag("target-namespace", TEXT, "namespace of everything in it", placeholder="NAMESPACE"),
    Flag("decryption-provider", TEXT, "'sops'", placeholder="NAME", choices=("sops",)),
    Flag("decryption-secret", TEXT, "Secret with the keys", placeholder="NAME"),
    Flag("kubeconfig-secret-ref", TEXT, "Secret with the kubeconfig of another cluster", placeholder="NAME"),
)
PROVIDER = (
    TYPE,
    Flag("channel", TEXT, "channel to post to", placeholder="NAME"),
    CREDENTIALS[0],
    Flag("address", TEXT, "address of the webhook or API", placeholder="URL"),
    SECRET_REF,
)
ALERT = (
    Flag("provider-ref", TEXT, "Provider to send to", placeholder="NAME"),
    Flag("event-severity", TEXT, "'info' (the default) or 'error'", placeholder="LEVEL", choices=("info", "error")),
    Flag("event-source", LIST, "where events come from: Kind/name, Kind/* for all (repeatable)", placeholder="SOURCE"),
    Flag("exclusion-list", LIST, "messages that are left out, as regular expressions (repeatable)", placeholder="REGEXP"),
    Flag("inclusion-list", LIST, "messages that are sent alone (repeatable)", placeholder="REGEXP"),
    Flag("event-metadata", LIST, "what is added to every event (repeatable)", placeholder="KEY=VALUE"),
)  # fmt: skip
RECEIVER = (
    TYPE,
    Flag("event", LIST, "events that count (repeatable)", placeholder="NAME"),
    SECRET_REF,
    Flag("resource", LIST, "what is reconciled: Kind/name.namespace (repeatable)", placeholder="OBJECT"),
)
_GIT = {flag.name: flag for flag in SOURCE_GIT}
_KS = {flag.name: flag for flag in KUSTOMIZATION}
TOKEN = Flag(
    "token",
    TEXT,
    "bearer token for the API server; of `secret receiver` the webhook's (default: a new one)",
    placeholder="TOKEN",
)
TLS_FILES = (
    Flag("tls-crt-file", TEXT, "client certificate", placeholder="FILE"),
    Flag("tls-key-file", TEXT, "its key", placeholder="FILE"),
    Flag("ca-crt-file", TEXT, "certificates of the server's authority", placeholder="FILE"),
)
CHART = (
    Flag("chart", TEXT, "name of the chart, or its path in Git", placeholder="NAME"),
    Flag("chart-version", TEXT, "version of the chart, or a range of versions", placeholder="RANGE"),
    _KS["source"],
    Flag("reconcile-strategy", TEXT, "'ChartVersion' (the default) or 'Revision'", placeholder="NAME"),
    INTERVAL,
)
SOURCE_HELM = (
    URL, FETCH_TIMEOUT, INTERVAL, SECRET_REF, *CREDENTIALS[:2],
    Flag("cert-file", TEXT, "client certificate", placeholder="FILE"),
    Flag("key-file", TEXT, "its key", placeholder="FILE"),
    CREDENTIALS[3],
    Flag("oci-provider", TEXT, "provider of the credentials for a registry", placeholder="NAME"),
    Flag("pass-credentials", BOOL, "send the credentials to other hosts as well"),
)  # fmt: skip
SOURCE_OCI = (
    URL, INTERVAL, SECRET_REF,
    _GIT["tag"],
    _GIT["tag-semver"],
    Flag("digest", TEXT, "digest to fetch", placeholder="DIGEST"),
    _GIT["provider"],
    Flag("cert-ref", TEXT, "Secret with certificates", placeholder="NAME"),
    _GIT["proxy-secret-ref"],
    _KS["service-account"],
    _GIT["ignore-paths"],
    Flag("insecure", BOOL, "without TLS"),
)  # fmt: skip
BUCKET = (
    Flag("bucket-name", TEXT, "name of the bucket", placeholder="NAME"),
    Flag("endpoint", TEXT, "address of the store", placeholder="HOST"),
    Flag("region", TEXT, "region of the bucket", placeholder="NAME"),
    INTERVAL, SECRET_REF, _GIT["provider"], _GIT["proxy-secret-ref"], _GIT["ignore-paths"], SOURCE_OCI[-1],
)  # fmt: skip
RELEASE = (
    *CHART,
    Flag("chart-ref", TEXT, "HelmChart or OCIRepository, as Kind/name.namespace", placeholder="OBJECT"),
    Flag("chart-interval", TEXT, "how often new versions are looked for (default: the interval)", placeholder="TIME"),
    Flag("release-name", TEXT, "name of the release", placeholder="NAME"),
    _KS["target-namespace"],
    Flag("storage-namespace", TEXT, "namespace of Helm's records (default: the target's)", placeholder="NAMESPACE"),
    Flag("create-target-namespace", BOOL, "make that namespace"),
    _KS["depends-on"],
    _KS["service-account"],
    Flag("values", LIST, "files of values (comma-separated)", placeholder="FILES"),
    Flag("values-from", LIST, "ConfigMap/name or Secret/name with values (comma-separated)", placeholder="OBJECTS"),
    Flag("crds", TEXT, "definitions at an upgrade: 'Skip', 'Create' or 'CreateReplace'", placeholder="HOW",
         choices=("Skip", "Create", "CreateReplace")),
    _KS["kubeconfig-secret-ref"],
)  # fmt: skip
TENANT = (
    Flag("with-namespace", LIST, "namespaces of the tenant (comma-separated)", placeholder="NAMESPACES"),
    Flag("cluster-role", TEXT, "role that its account gets there (default cluster-admin)", placeholder="NAME"),
    Flag("with-service-account", TEXT, "name of its account (default: the tenant's)", placeholder="NAME"),
    Flag("skip-namespace", BOOL, "the namespaces are there already"),
)
SECRET_RECEIVER = (
    TYPE,
    TOKEN,
    Flag("hostname", TEXT, "host of the webhook", placeholder="HOST"),
    Flag("email-claim", TEXT, "for gcr: e-mail of the account that calls", placeholder="EMAIL"),
    Flag("audience-claim", TEXT, "for gcr: audience of its tokens (default: the webhook's address)", placeholder="URL"),
)  # fmt: skip
SECRET_APP = (
    Flag("app-id", TEXT, "id of the GitHub App", placeholder="ID"),
    Flag("app-installation-id", TEXT, "id of its installation", placeholder="ID"),
    Flag("app-installation-owner", TEXT, "owner of its installation, instead of the id", placeholder="NAME"),
    Flag("app-private-key", TEXT, "file of its key", placeholder="FILE"),
    Flag("app-base-url", TEXT, "address of GitHub's API", placeholder="URL"),
)
_REST = (EXPORT, LABEL, SILENT, *(TOKEN if flag.name == TOKEN.name else flag for flag in COMMON))
BY_NOUN = {
    "source git": (*SOURCE_GIT, *_REST),
    "kustomization": (*KUSTOMIZATION, *_REST),
    "secret git": (URL, *CREDENTIALS, *_REST),
    "alert-provider": (*PROVIDER, *_REST),
    "alert": (*ALERT, *_REST),
    "receiver": (*RECEIVER, *_REST),
    "source helm": (*SOURCE_HELM, *_REST),
    "source chart": (*CHART, *_REST),
    "source oci": (*SOURCE_OCI, *_REST),
    "source bucket": (*BUCKET, *_REST),
    "helmrelease": (*RELEASE, *_REST),
    "tenant": (*TENANT, *_REST),
    "secret helm": (*CREDENTIALS[:2], *TLS_FILES, *_REST),
    "secret tls": (*TLS_FILES, *_REST),
    "secret proxy": (PROVIDER[3], *CREDENTIALS[:2], *_REST),
    "secret oci": (URL, *CREDENTIALS[:2], *_REST),
    "secret receiver": (*SECRET_RECEIVER, *_REST),
    "secret githubapp": (*SECRET_APP, *_REST),
}
# All of them, each once: the line is read before the noun in it is known.
FLAGS = tuple({flag.name: flag for flags in BY_NOUN.values() for flag in flags}.values())
TYPES = {"alert-provider": tuple(PROVIDER_TYPES), "receiver": tuple(RECEIVER_TYPES)}
