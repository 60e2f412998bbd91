"""What the help pages of the setup commands say, and which flags they list. Loaded only when asked for."""

from __future__ import annotations

from applier.cli.operate import kinds
from applier.cli.setup import (
    bootstrap_flags,
    check,
    create_flags,
    dev_flags,
    install,
    migrate,
    objects,
    trigger,
    uninstall,
)

_INSTALL = """\
Install the agent's controllers into a cluster, and wait until they run.

Written are a namespace, the definitions of Flux's kinds, roles, services, network policies and a Deployment for each
controller, under the names that Flux gives them. A second time only what differs is written. In the cluster of a `bootstrap`
it refuses: there the manifests are in Git.

\b
Examples:
  kbuild install                                       source, kustomize and notification controller
  kbuild install --export > components.yaml            only the manifests
  kbuild install --registry ghcr.io/example            pull the image from there
  kbuild install --network-policy=false --toleration-keys node.example.com/infra

\b
The image is made from the Containerfile of kbuild's sources; on kind:
  docker build -t kbuild:vVERSION -f Containerfile . && kind load docker-image kbuild:vVERSION
"""

_BOOTSTRAP = """\
Put the controllers' manifests into a Git repository, install them from there, and have the cluster follow it.

Below PATH the folder flux-system is written: gotk-components.yaml (the controllers), gotk-sync.yaml (the source and the
Kustomization of the cluster) and kustomization.yaml, which is yours to change: patches in it are applied and never
overwritten. A second time nothing is committed where nothing differs; with another version it is an upgrade.

\b
Examples:
  export GITHUB_TOKEN=...
  kbuild bootstrap github --owner you --repository fleet --path clusters/dev --personal --token-auth
  export GIT_PASSWORD=...
  kbuild bootstrap git --url https://git.example.com/fleet --path clusters/dev --token-auth
  kbuild bootstrap git --url ssh://git@git.example.com/fleet --private-key-file ~/.ssh/fleet --silent

\b
Without --token-auth GitHub and Gitea get a deploy key, made by ssh-keygen. Tokens are read from GITHUB_TOKEN, GITEA_TOKEN or
GIT_PASSWORD, from standard input or asked for; they are in no argument of a program, no URL and no log.
"""

_DEV = """\
Follow a Git repository of this machine: each commit is built, applied to the present cluster, pruned and waited for.

The agent runs in this process, no pod and no image is needed; what the cluster lacks of Flux's kinds is installed. The terminal
shows source, Kustomization and the health of every object; Ctrl-C ends it. What was applied stays, and the next run goes on from
there; --clean deletes it.

\b
Examples:
  kbuild dev                              the repository around the working directory
  kbuild dev ../shop --path deploy        another one, a folder of it
  kbuild dev --clean                      leave nothing behind
  kbuild dev https://git.example.com/shop --branch main
  kbuild agent --once . --path deploy     the same once, for scripts: status 0 where all of it is healthy
"""

_CHECK = """\
Check whether a cluster is fit for an installation, and whether the one in it works.

\b
Examples:
  kbuild check --pre           before an installation: version of Kubernetes, rights
  kbuild check                 controllers and definitions, too

\b
Exit status: 0 all is well, 1 something is not
"""

_UNINSTALL = """\
Remove the controllers, their finalizers and the definitions of their kinds. What they applied stays and runs on.

Kustomizations and releases are suspended first, so that nothing takes their end for a wish to delete what is in them.

\b
Examples:
  kbuild uninstall --dry-run
  kbuild uninstall --silent --keep-namespace
"""

_CREATE = """\
Make Flux's objects from flags: applied and waited for, or with --export printed as a manifest for Git.

\b
Examples:
  kbuild create source git shop --url https://git.example.com/shop --branch main --export
  kbuild create source git shop --url https://git.example.com/shop --branch main -u git -p "$TOKEN"
  kbuild create kustomization web --source GitRepository/shop --path ./deploy --prune --wait
  kbuild create secret git shop-git --url ssh://git@git.example.com/shop
  kbuild create alert-provider chat --type slack --channel deploys --secret-ref chat-url
  kbuild create alert shop --provider-ref chat --event-source 'Kustomization/*'
  kbuild create source helm charts --url https://charts.example.com
  kbuild create helmrelease shop --chart shop --source HelmRepository/charts --values values.yaml
  kbuild create secret tls shop-tls --tls-crt-file tls.crt --tls-key-file tls.key --export
  kbuild create receiver push --type github --event push --secret-ref token --resource GitRepository/shop
"""

_EXPORT = """\
Print objects of the agent's as manifests: without status and without what the server adds.

\b
Examples:
  kbuild export source git shop
  kbuild export kustomization --all -n apps > apps.yaml
  kbuild export source git shop --with-credentials
"""

_DELETE = """\
Delete one of the agent's objects. Deleting a Kustomization deletes what it applied, unless its deletionPolicy is Orphan.

\b
Examples:
  kbuild delete kustomization web
  kbuild delete source git shop --silent

\b
With anything else behind it, `kbuild delete` deletes what `kbuild apply` applied: see `kbuild delete --help`.
"""

_MIGRATE = """\
Move Flux's objects to the present version of their kinds: in the cluster, or in the manifests of a folder.

In the cluster every object is written anew, unchanged, so that no definition has old stored versions left. In files only
the apiVersion of what stands with its kind in the next line is changed; templates may be named by --extensions.

\b
Examples:
  kbuild migrate                                       before an upgrade of the definitions
  kbuild migrate -f . --dry-run
  kbuild migrate -f clusters/prod --extensions .yaml,.yml,.tpl --yes
"""

_TRIGGER = """\
Call the webhook of a Receiver, as a pipeline does after a push: its path is made from name, namespace and token.

No cluster is asked. What fails and may pass is repeated.

\b
Examples:
  kbuild trigger receiver push --token "$TOKEN" --url https://flux.example.com
  kbuild trigger receiver push --type generic-hmac --token "$TOKEN" --url https://flux.example.com --payload '{"image": "a:1"}'
  kbuild trigger receiver push --type generic-oidc --oidc-provider github --url https://flux.example.com
"""

PAGES = {
    "install": _INSTALL, "bootstrap": _BOOTSTRAP, "check": _CHECK, "uninstall": _UNINSTALL, "create": _CREATE,
    "export": _EXPORT, "dev": _DEV, "migrate": _MIGRATE, "trigger": _TRIGGER,
}  # fmt: skip
FLAGS = {
    "install": install.FLAGS, "bootstrap": bootstrap_flags.FLAGS, "check": check.FLAGS, "uninstall": uninstall.FLAGS,
    "create": create_flags.FLAGS, "export": objects.EXPORT_FLAGS,
    "dev": dev_flags.FLAGS, "migrate": migrate.FLAGS, "trigger": trigger.FLAGS,
}  # fmt: skip
_NOUN = "NOUN NAME"
ARGUMENTS = {
    "install": "", "bootstrap": "git|github|gitlab|gitea", "check": "", "uninstall": "", "create": _NOUN, "export": "NOUN [NAME]",
    "dev": "[DIR|URL]", "migrate": "", "trigger": "receiver NAME",
}  # fmt: skip
_EVERY = tuple(noun.words for noun in kinds.EVERY if noun not in kinds.IMAGES.values())
NOUNS = {
    "bootstrap": ("git", "github", "gitlab", "gitea"),
    "create": tuple(create_flags.BY_NOUN),
    "export": _EVERY,
    "trigger": ("receiver",),
}

for _word in (*kinds.NOUNS, *kinds.SOURCE_WORDS):
    PAGES[f"delete {_word}"], FLAGS[f"delete {_word}"] = _DELETE, objects.DELETE_FLAGS
    ARGUMENTS[f"delete {_word}"] = f"{_word} NAME" if _word not in kinds.SOURCE_WORDS else f"{_word} git|… NAME"
