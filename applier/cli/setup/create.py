"""`kbuild create`: Flux's objects from flags, printed with `--export`, else applied and waited for.

Source: flux2 v2.9, `create`: its words, flags and exit statuses. Where Flux waits for the whole time-out although the run
has failed, this says the Ready message and ends.
"""

from __future__ import annotations

import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import kbuild
from applier.agent.runtime.conditions import TRUE, find
from applier.agent.runtime.writes import OwnWriter
from applier.cli.operate import kinds, tables
from applier.cli.operate.call import MANAGER, HelpWantedError
from applier.cli.operate.requests import POLL_S, observes
from applier.cli.operate.words import ACTION, GENERATING, SUCCESS, WAITING, WARNING, StoppedError, say
from applier.cli.setup import chart_nouns, nouns, secret_kinds, secrets
from applier.cli.setup.create_flags import BY_NOUN, FLAGS
from applier.cli.setup.kinds import ACCOUNTS, NAMESPACES, ROLE_BINDINGS
from applier.cli.setup.line import guarded
from applier.cli.setup.passing import passes
from applier.cluster.api import Collection
from applier.failures import ApplierError, ErrorClass
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from applier.cli.operate.kinds import Noun
    from applier.cli.setup.line import Line
    from applier.model.ids import Body

    Object = dict[str, Any]

SECRETS = Collection("", "v1", "secrets", "Secret")
_PLAIN_SOURCES = (kinds.HELM, kinds.CHART)
RACES = 5  # a controller may write the object at the same moment
_SPECS: Mapping[str, Callable[[Line, str], Object]] = {
    "kustomization": nouns.kustomization, "alert-provider": nouns.provider, "alert": nouns.alert, "receiver": nouns.receiver,
    "source chart": chart_nouns.helm_chart, "source oci": chart_nouns.oci_repository, "source bucket": chart_nouns.bucket,
    "helmrelease": chart_nouns.helm_release,
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def create(argv: Sequence[str]) -> int:
    """`kbuild create NOUN NAME`; returns the exit status."""
    return guarded("create", argv, FLAGS, _create)


def _create(line: Line) -> int:
    words, names = _noun_of(line.words)
    line.words = names
    known = {flag.field for flag in BY_NOUN[words]}
    for flag in line.values:
        if flag not in known:
            raise StoppedError(f"unknown flag: --{flag.replace('_', '-')} (for {words})")
    name = line.name("")
    if not _NAME.fullmatch(name):
        raise StoppedError(
            f"name '{name}' is invalid, it should adhere to standard defined in RFC 1123, the name can only contain "
            "alphanumeric characters or '-'"
        )
    if words in _MAKERS:
        return _MAKERS[words](line, name)
    if words in secret_kinds.BY_NOUN:
        return _create_secret_of(line, name, words.partition(" ")[2])
    found = kinds.read_noun(words.split())
    assert found is not None
    noun = found[0]
    is_source = noun in kinds.SOURCES.values()
    return _put(line, noun, _SPECS[words](line, name), f"{noun.kind} source" if is_source else noun.kind)


def _noun_of(words: Sequence[str]) -> tuple[str, list[str]]:
    """(the noun, the names behind it). Raises: StoppedError; HelpWantedError, where nothing is named."""
    for count in (2, 1):
        front = " ".join(words[:count])
        front = {"ks": "kustomization", "hr": "helmrelease"}.get(front, front)
        if len(words) >= count and front in BY_NOUN:
            return front, list(words[count:])
    if not words or (words[0] in ("source", "secret", "image") and not words[1:]):
        raise HelpWantedError
    raise StoppedError(f"say what to create: {', '.join(BY_NOUN)}")


def _create_source(line: Line, name: str) -> int:
    values = _credentials(line, nouns.checked_url(line.text("url")), is_needed=False)
    own = nouns.git_repository(line, name, line.text("secret_ref") or (name if values else ""))
    return _put_with_secret(line, kinds.GIT, own, secrets.secret(name, line.namespace, values) if values else None)


def _create_repository(line: Line, name: str) -> int:
    """A HelmRepository; what is given of user, password and files goes into a Secret."""
    secret = None if line.text("secret_ref") else secret_kinds.of_repository(line, f"helm-{name}")
    # Like Flux, what is printed names no Secret that is not printed with it.
    wanted = secret["metadata"]["name"] if secret is not None and not line.is_on("export") else ""
    own = chart_nouns.helm_repository(line, name, line.text("secret_ref") or wanted)
    return _put_with_secret(line, kinds.HELM, own, secret)


def _put_with_secret(line: Line, noun: Noun, own: Object, secret: Object | None) -> int:
    """Print a source, or apply it with the Secret of its credentials. Raises: StoppedError, ApplierError."""
    if line.is_on("export"):
        return _print(own)
    say(GENERATING, f"generating {noun.kind} source")
    if noun is kinds.GIT and secret is not None and urlsplit(line.text("url")).scheme == "http":
        say(WARNING, "insecure configuration: credentials configured for an HTTP URL")
    if secret is not None and not line.text("secret_ref"):
        say(ACTION, "applying secret with repository credentials")
        upsert(line, SECRETS, secret)
        say(SUCCESS, "authentication configured")
    return _put(line, noun, own, f"{noun.kind} source", is_generated=True)


def _create_secret(line: Line, name: str) -> int:
    values = _credentials(line, nouns.checked_url(line.text("url")), is_needed=True)
    own = secrets.secret(name, line.namespace, values, line.pairs("label"))
    if line.is_on("export"):
        _print(own)
        sys.stdout.write("\n")
        return 0
    upsert(line, SECRETS, own)
    if "identity.pub" in values:
        say(GENERATING, f"deploy key: {values['identity.pub'].strip()}")
    say(ACTION, f"git secret '{name}' created in '{line.namespace}' namespace")
    return 0


def _create_secret_of(line: Line, name: str, kind: str) -> int:
    own = secret_kinds.BY_NOUN[f"secret {kind}"](line, name)
    # What is a Receiver's token here must not become ours for the API server.
    line.values = {flag: value for flag, value in line.values.items() if flag != "token" or kind != "receiver"}
    if line.is_on("export"):
        _print(own)
        sys.stdout.write("" if kind == "tls" else "\n")
        return 0
    upsert(line, SECRETS, own)
    say(ACTION, f"{kind} secret '{name}' created in '{line.namespace}' namespace")
    return 0


def _create_tenant(line: Line, name: str) -> int:
    bodies = chart_nouns.tenant(line, name)
    if line.is_on("export"):
        for body in bodies:
            _print(body)
        return 0
    for body in bodies:
        say(ACTION, f"applying {_PLACES[body['kind']][0]} {body['metadata']['name']}")
        upsert(line, _PLACES[body["kind"]][1], body)
    say(SUCCESS, "tenant setup completed")
    return 0


_MAKERS: Mapping[str, Callable[[Line, str], int]] = {
    "secret git": _create_secret, "source git": _create_source, "source helm": _create_repository, "tenant": _create_tenant,
}  # fmt: skip
_PLACES = {
    "Namespace": ("namespace", NAMESPACES), "ServiceAccount": ("service account", ACCOUNTS),
    "RoleBinding": ("role binding", ROLE_BINDINGS),
}  # fmt: skip


def _credentials(line: Line, url: str, *, is_needed: bool) -> dict[str, str]:
    """What a Secret for a repository holds; empty where none is asked for. Raises: StoppedError."""
    if line.text("secret_ref"):
        return {}
    if urlsplit(url).scheme == "ssh":
        path = line.text("private_key_file")
        key = secrets.key_of(path) if path else secrets.generated_key(line.text("ssh_key_algorithm", "ecdsa"))
        return secrets.ssh_data(key, secrets.known_hosts(url))
    username, bearer = line.text("username"), line.text("bearer_token")
    password = line.text("password", os.environ.get("GIT_PASSWORD", "") if username else "")
    if is_needed and not bearer and not (username and password):
        raise StoppedError("for Git over HTTP/S the username and password, or bearer token is required")
    return secrets.http_data(username, password, bearer, secrets.ca_text(line.text("ca_file")))


def _put(line: Line, noun: Noun, own: Object, human: str, *, is_generated: bool = False) -> int:
    """Print an object, or apply it and wait for it. Raises: StoppedError, ApplierError."""
    if line.is_on("export"):
        return _print(own)
    if not is_generated:
        say(GENERATING, f"generating {human}")
    say(ACTION, f"applying {human}")
    live, is_new = upsert(line, noun.collection, own)
    what = "source" if noun in _PLAIN_SOURCES else human
    say(SUCCESS, f"{what} {'created' if is_new else 'updated'}")
    say(WAITING, f"waiting for {human} reconciliation")
    name = own["metadata"]["name"]
    if noun.ready:  # no controller answers for it
        say(SUCCESS, f"{noun.kind} {name} is ready")
        return 0
    found = wait_for_ready(line, noun, live)
    is_source = noun in kinds.SOURCES.values()
    say(SUCCESS, f"{human} reconciliation completed" if is_source else f"{noun.kind} {name} is ready")
    if noun is kinds.RECEIVER:
        say(SUCCESS, f"generated webhook URL {(found.get('status') or {}).get('webhookPath', '')}")
        return 0
    say(SUCCESS, tables.success_of(noun, found, ":" if is_source else ""))
    return 0


def _print(own: Object) -> int:
    sys.stdout.write("---\n" + kbuild.to_yaml([own]))
    return 0


def upsert(line: Line, place: Collection, own: Mapping[str, Any]) -> tuple[Body, bool]:
    """Create an object, or give an existing one this spec; returns it, and whether it is new. Raises: ApplierError."""
    for _ in range(RACES):
        try:
            return _upsert(line, place, own)
        except ApplierError as problem:
            if problem.error_class is not ErrorClass.RACE:
                raise
    return _upsert(line, place, own)


def _upsert(line: Line, place: Collection, own: Mapping[str, Any]) -> tuple[Body, bool]:
    writer = OwnWriter(line.cluster.exchange, MANAGER)
    metadata = own["metadata"]
    found = line.cluster.reader.get(place._replace(namespace=metadata.get("namespace", "")), metadata["name"])
    if isinstance(found, Absent):
        return writer.create(place, own), True
    labels = {**(found["metadata"].get("labels") or {}), **(metadata.get("labels") or {})}
    kept = {**found["metadata"], **({"labels": labels} if labels else {})}
    rest = {name: value for name, value in own.items() if name != "metadata"}
    # What a Secret holds besides is not ours to keep: old credentials would win over new ones of another kind. Its type cannot change.
    dropped = ("data",) if place.kind == SECRETS.kind else ()
    if place.kind == SECRETS.kind:
        rest.pop("type", None)
    before = {name: value for name, value in found.items() if name not in dropped}
    return writer.replace(place, {**before, **rest, "metadata": kept}), False


def wait_for_ready(line: Line, noun: Noun, body: Body) -> Body:
    """Wait until an object is ready; returns it. Raises: StoppedError, with the Ready message of one that failed."""
    deadline = time.monotonic() + line.timeout_s
    answers = observes(body)
    message = "context deadline exceeded"
    while True:
        live = line.get(noun, str(body["metadata"]["name"]))
        if live is not None and answers(live):
            ready = find(live, "Ready") or {}
            if ready.get("status") == TRUE:
                return live
            message = str(ready.get("message") or message)
            if ready.get("status") == "False" and not passes(ready):
                raise StoppedError(message)
        if time.monotonic() >= deadline:
            raise StoppedError(message)
        time.sleep(POLL_S)
