"""`kbuild trigger receiver NAME`: call the webhook of a Receiver, as a pipeline does. No cluster is asked.

Source: flux2 v2.9 `trigger receiver`: its words, flags and exit statuses. The path of a webhook is as good as its token:
messages name the address without it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from http.client import responses
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from applier.agent.runtime.durations import text_of
from applier.agent.runtime.fetching import Answer, Connections, FetchError, Question, ask, pool
from applier.cli.operate.call import HelpWantedError
from applier.cli.operate.words import ACTION, SUCCESS, WAITING, StoppedError, say
from applier.cli.setup.line import COMMON, guarded
from applier.cli.setup.secret_kinds import webhook_path
from kbuild import __version__
from kbuild.cli.flags import TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.cli.setup.line import Line

GENERIC, HMAC, OIDC = TYPES = ("generic", "generic-hmac", "generic-oidc")
PROVIDERS = ("github", "forgejo")
AUDIENCE, TOKEN_VARIABLE = "notification-controller", "FLUX_TRIGGER_RECEIVER_OIDC_TOKEN"
REQUEST_URL, REQUEST_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
RETRIES, RETRY_DELAY = 10, "10s"
MAX_ANSWER = 1 << 16
# What may pass: a Receiver that its controller does not know yet, and whatever a server is not to blame its client for.
_PASSING = frozenset({404, 408, 429, 500, 502, 503, 504})
FLAGS = (
    Flag("url", TEXT, "address that webhooks are called at", placeholder="URL"),
    Flag("token", TEXT, "token of the Receiver (none for generic-oidc)", placeholder="TOKEN"),
    Flag("type", TEXT, "'generic' (the default), 'generic-hmac' or 'generic-oidc'", placeholder="TYPE"),
    Flag("payload", TEXT, "body of the call (default {})", placeholder="JSON"),
    Flag("oidc-provider", TEXT, "'github' or 'forgejo': ask the running workflow for an identity token", placeholder="NAME"),
    Flag("oidc-token", TEXT, f"identity token (default ${TOKEN_VARIABLE})", placeholder="TOKEN"),
    Flag("oidc-audience", TEXT, f"audience of a token that is asked for (default {AUDIENCE})", placeholder="NAME"),
    Flag("retries", TEXT, f"how often a failed call is repeated (default {RETRIES})", placeholder="N"),
    Flag("retry-delay", TEXT, f"pause before each repetition (default {RETRY_DELAY})", placeholder="TIME"),
    *(flag for flag in COMMON if flag.name != "token"),
)  # fmt: skip


def trigger(argv: Sequence[str]) -> int:
    """`kbuild trigger receiver NAME`; returns the exit status."""
    return guarded("trigger", argv, FLAGS, _trigger)


def _trigger(line: Line) -> int:
    if not line.words:
        raise HelpWantedError
    if line.words[0] != "receiver":
        raise StoppedError(f"say what to trigger: receiver, not {line.words[0]}")
    names = line.words[1:]
    if len(names) != 1:
        raise StoppedError(f"accepts 1 arg(s), received {len(names)}")
    if not line.text("url"):
        raise StoppedError("--url is required")
    kind = _checked_type(line)
    retries = _number(line)
    deadline = time.monotonic() + line.timeout_s
    with pool() as connections:
        question = _question(line, kind, names[0], connections)
        say(ACTION, f"triggering Receiver {line.namespace}/{names[0]}")
        _call(connections, question, retries, line, deadline)
    say(SUCCESS, f"Receiver {line.namespace}/{names[0]} triggered")
    return 0


def _checked_type(line: Line) -> str:
    """The type, with flags that fit it. Raises: StoppedError."""
    kind = line.text("type", GENERIC)
    if kind not in TYPES:
        raise StoppedError(f'invalid --type "{kind}", must be one of: {", ".join(TYPES)}')
    provider, audience = line.text("oidc_provider"), line.text("oidc_audience")
    if kind != OIDC:
        if not line.text("token"):
            raise StoppedError(f"--token is required for --type={kind}")
        if provider or audience or line.text("oidc_token"):
            raise StoppedError(f"--oidc-provider, --oidc-token and --oidc-audience can only be set for --type={OIDC}")
        return kind
    if line.text("token"):
        raise StoppedError(f"--token must not be set for --type={OIDC}, the Receiver of this type has no secret")
    if provider and line.text("oidc_token"):
        raise StoppedError("--oidc-provider and --oidc-token are mutually exclusive")
    if provider and provider not in PROVIDERS:
        raise StoppedError(f'invalid --oidc-provider "{provider}", must be one of: {", ".join(PROVIDERS)}')
    if audience and not provider:
        raise StoppedError("--oidc-audience can only be set together with --oidc-provider")
    return kind


def _number(line: Line) -> int:
    """Raises: StoppedError."""
    text = line.text("retries", str(RETRIES))
    if not text.isdecimal():
        raise StoppedError(
            f'invalid argument "{text}" for "--retries" flag: strconv.ParseInt: parsing "{text}": invalid syntax'
        )
    return int(text)


def _question(line: Line, kind: str, name: str, connections: Connections) -> Question:
    """The request. Raises: StoppedError."""
    token, payload = line.text("token"), line.text("payload", "{}").encode()
    headers = {"Content-Type": "application/json", "User-Agent": f"kbuild/{__version__}"}
    if kind == HMAC:
        headers["X-Signature"] = f"sha256={hmac.new(token.encode(), payload, hashlib.sha256).hexdigest()}"
    elif kind == OIDC:
        headers["Authorization"] = f"Bearer {_identity(line, connections)}"
    url = line.text("url").rstrip("/") + webhook_path(token, name, line.namespace)
    return Question(method="POST", url=url, headers=headers, body=payload, timeout_s=line.timeout_s, at_most=MAX_ANSWER)


def _call(connections: Connections, question: Question, retries: int, line: Line, deadline: float) -> None:
    """Call until it is answered well. Raises: StoppedError."""
    place, delay = f"request to {line.text('url').rstrip('/')}", line.seconds("retry_delay", RETRY_DELAY)
    for attempt in range(retries + 1):
        try:
            answer = ask(connections, question)
        except FetchError as problem:
            sentence, passes = f"{place} failed: {problem}", True
        else:
            if 200 <= answer.status < 300:
                return
            sentence, passes = f"{place} failed with {_told(answer)}", answer.status in _PASSING
        if not passes or attempt == retries:
            raise StoppedError(sentence)
        say(WAITING, f"{sentence}; retrying in {text_of(delay)} ({attempt + 1}/{retries})")
        if time.monotonic() + delay >= deadline:
            time.sleep(max(deadline - time.monotonic(), 0.0))
            raise StoppedError("context deadline exceeded")
        time.sleep(delay)


def _told(answer: Answer) -> str:
    """The status of an answer with its words, and what it says."""
    said = answer.body.decode("utf-8", "replace").strip()
    status = f"status {answer.status} {responses.get(answer.status, '')}".rstrip()
    return f"{status}: {said}" if said else status


def _identity(line: Line, connections: Connections) -> str:
    """The identity token: asked for, given, or of the environment. Raises: StoppedError."""
    if not line.text("oidc_provider"):
        token = line.text("oidc_token", os.environ.get(TOKEN_VARIABLE, ""))
        if not token:
            raise StoppedError(
                f"no OIDC token provided: set --oidc-provider, --oidc-token or the {TOKEN_VARIABLE} environment variable"
            )
        return token
    address, secret = os.environ.get(REQUEST_URL, ""), os.environ.get(REQUEST_TOKEN, "")
    if not address or not secret:
        raise StoppedError(
            f"{REQUEST_URL} and {REQUEST_TOKEN} must be set in the environment; the job may need the permission 'id-token: write'"
        )
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query)), "audience": line.text("oidc_audience", AUDIENCE)}
    url = urlunsplit(parts._replace(query=urlencode(query)))
    question = Question(url=url, headers={"Authorization": f"bearer {secret}"}, at_most=MAX_ANSWER)
    try:
        answer = ask(connections, question)
    except FetchError as problem:
        raise StoppedError(f"OIDC token request failed: {problem}") from None
    if answer.status != 200:
        raise StoppedError(f"OIDC token request failed with {_told(answer)}")
    try:
        return str(json.loads(answer.body)["value"])
    except (ValueError, KeyError, TypeError):
        raise StoppedError("failed to decode OIDC token response") from None
