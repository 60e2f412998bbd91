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
SOURCE_GIT = (
    URL,
    Flag("branch", TEXT, "branch to follow", placeholder="NAME"),
    Flag("tag", TEXT, "tag to fetch", placeholder="NAME"),
    Flag("tag-semver", TEXT, "range of versions, the newest tag of which is fetched", placeholder="RANGE"),
    Flag("commit", TEXT, "commit to fetch", placeholder="SHA"),
    Flag("ref-name", TEXT, "ref to fetch, such as refs/pull/1/head", placeholder="REF"),
    INTERVAL,
    SECRET_REF,
    *CREDENTIALS,
    Flag("proxy-secret-ref", TEXT, "Secret with the address of a proxy", placeholder="NAME"),
    Flag("provider", TEXT, "'generic' (the default), 'aws', 'azure' or 'github'", placeholder="NAME", choices=("generic", "aws", "azure", "github")),
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
_REST = (EXPORT, LABEL, SILENT, *COMMON)
BY_NOUN = {
    "source git": (*SOURCE_GIT, *_REST),
    "kustomization": (*KUSTOMIZATION, *_REST),
    "secret git": (URL, *CREDENTIALS, *_REST),
    "alert-provider": (*PROVIDER, *_REST),
    "alert": (*ALERT, *_REST),
    "receiver": (*RECEIVER, *_REST),
}
# All of them, each once: the line is read before the noun in it is known.
FLAGS = tuple({flag.name: flag for flags in BY_NOUN.values() for flag in flags}.values())
TYPES = {"alert-provider": tuple(PROVIDER_TYPES), "receiver": tuple(RECEIVER_TYPES)}
