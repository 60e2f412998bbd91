"""The flags of `bootstrap`."""

from __future__ import annotations

from applier.agent.install.components import DEFAULT_NAMESPACE
from applier.cli.setup.create_flags import CREDENTIALS
from applier.cli.setup.install import INSTALL_FLAGS
from applier.cli.setup.line import COMMON, SILENT
from kbuild.cli.flags import BOOL, LIST, TEXT, Flag

FLAGS = (
    Flag("url", TEXT, "git: address of the repository, by https, ssh or http", placeholder="URL"),
    Flag("owner", TEXT, "github, gitlab, gitea: user or organisation that owns the repository", placeholder="NAME"),
    Flag(
        "repository",
        TEXT,
        "github, gitlab, gitea: name of the repository, which is made where there is none",
        placeholder="NAME",
    ),
    Flag("personal", BOOL, "github, gitlab, gitea: the owner is a user"),
    Flag("private", BOOL, "github, gitlab, gitea: a new repository is private (the default)"),
    Flag("reconcile", BOOL, "github, gitlab, gitea: also change whether a repository is private that is there already"),
    Flag(
        "team",
        LIST,
        "github, gitlab: team or group that gets access, as NAME or NAME:PERMISSION (repeatable)",
        placeholder="TEAM",
    ),
    Flag(
        "hostname",
        TEXT,
        "github, gitlab, gitea: server (default github.com, gitlab.com, gitea.com); may begin with http://",
        placeholder="HOST",
    ),
    Flag("read-write-key", BOOL, "github, gitlab, gitea: the deploy key may write"),
    Flag("token-auth", BOOL, "the cluster reads with the token, instead of an ssh key"),
    Flag("branch", TEXT, "branch (default main)", placeholder="NAME"),
    Flag("path", TEXT, "folder of the cluster in the repository (default: its root)", placeholder="PATH"),
    Flag("interval", TEXT, "how often the repository is looked at (default 1m)", placeholder="TIME"),
    Flag("secret-name", TEXT, f"Secret of the source (default {DEFAULT_NAMESPACE})", placeholder="NAME"),
    *CREDENTIALS,
    Flag("ssh-hostname", TEXT, "github, gitlab, gitea: server for ssh, where it is another one", placeholder="HOST"),
    Flag("with-bearer-token", BOOL, "git: the password is a bearer token"),
    Flag("allow-insecure-http", BOOL, "send credentials by http, too"),
    Flag("author-name", TEXT, "author of commits (default Flux)", placeholder="NAME"),
    Flag("author-email", TEXT, "his address", placeholder="ADDRESS"),
    Flag(
        "commit-message-appendix", TEXT, "what is added to messages of commits, such as [ci skip]", placeholder="TEXT"
    ),
    Flag("recurse-submodules", BOOL, "the source fetches submodules, too"),
    Flag("sparse-checkout", BOOL, "the source fetches the cluster's folder alone"),
    SILENT,
    *INSTALL_FLAGS,
    *COMMON,
)
