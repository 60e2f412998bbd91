"""What a command line means: flag values to a policy, a choice of cluster, and the rest that a command needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.cluster.kubeconfig import Choice
from applier.model.policy import Policy
from applier.normalize.wishes import seconds
from applier.records import record
from kbuild import UsageError
from kbuild.cli.flags import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbuild.cli.flags import Flag

Values = dict[str, Any]
_OF_CLUSTER = ("server", "certificate-authority", "tls-server-name", "insecure-skip-tls-verify")
_OF_USER = ("token", "client-certificate", "client-key")


@record
class Settings:
    """A parsed command line.

    Shape: `values` by flag (only those given); `words` are the arguments that are no flags. Units: seconds.
    """

    values: Mapping[str, Any]
    words: tuple[str, ...]
    choice: Choice
    lock_timeout_s: float

    @property
    def target(self) -> str:
        """The folder, the file or `-`; `""` where none was given."""
        return self.words[-1] if self.words else ""

    def text(self, name: str, default: str = "") -> str:
        """The value of a flag with an argument."""
        return str(self.values.get(name) or default)

    def is_set(self, name: str) -> bool:
        """Whether a flag without argument was given (and not as `=false`)."""
        return bool(self.values.get(name))


def read(argv: Sequence[str], flags: Sequence[Flag], words: tuple[int, int]) -> Settings:
    """Parse a command line; `words` says how many arguments that are no flags it has at least and at most.

    Raises: UsageError.
    """
    notes: list[str] = []
    values, rest = parse(argv, flags, notes.append)
    if values.get("help"):
        return Settings(values=values, words=(), choice=Choice(), lock_timeout_s=0)
    check_choices(values, flags)
    if not words[0] <= len(rest) <= words[1]:
        raise UsageError("specify one DIR, FILE or - (standard input)")
    choice = connection_choice(values)
    return Settings(
        values=values,
        words=tuple(rest),
        choice=choice,
        lock_timeout_s=duration(values, "lock_timeout", 0.0),
    )


def connection_choice(values: Mapping[str, Any]) -> Choice:
    """What the flags say about the connection. Raises: UsageError."""
    groups = values.get("as_group")
    return Choice(
        cluster_fields=_fields(values, _OF_CLUSTER), user_fields=_fields(values, _OF_USER),
        uid=str(values.get("as_uid") or ""), extra=_extra(values),
        kubeconfig=str(values.get("kubeconfig") or ""),
        context=str(values.get("context") or ""),
        cluster=str(values.get("cluster") or ""),
        user=str(values.get("user") or ""),
        impersonate=str(values.get("as") or ""),
        groups=tuple(groups) if isinstance(groups, list) else (),
    )  # fmt: skip


def _fields(values: Mapping[str, Any], names: tuple[str, ...]) -> tuple[tuple[str, Any], ...]:
    """The fields of a kubeconfig entry that flags of the same names set."""
    given = ((name, values.get(name.replace("-", "_"))) for name in names)
    return tuple((name, value) for name, value in given if value)


def _extra(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The extra values to act with. Raises: UsageError."""
    found = []
    for text in values.get("as_user_extra") or ():
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--as-user-extra must be KEY=VALUE, not '{text}'")
        found.append((key, value))
    return tuple(found)


def check_choices(values: Mapping[str, Any], flags: Sequence[Flag]) -> None:
    """Refuse the value of a flag that takes certain words only. Raises: UsageError."""
    for flag in flags:
        given = values.get(flag.field)
        if flag.choices and given is not None and given not in flag.choices:
            words = ", ".join(f"'{word}'" for word in flag.choices[:-1])
            raise UsageError(f"--{flag.name} must be {words} or '{flag.choices[-1]}', not '{given}'")


def duration(values: Mapping[str, Any], name: str, default: float) -> float:
    """A flag's time in seconds. Raises: UsageError."""
    if name not in values:
        return default
    try:
        return seconds(str(values[name]))
    except ValueError:
        flag = name.replace("_", "-")
        raise UsageError(f"--{flag}={values[name]} is no time").advise("write 90s, 5m or 1h30m") from None


def whole_number(values: Mapping[str, Any], name: str, default: int) -> int:
    """A flag's number, at least 1. Raises: UsageError."""
    text = str(values.get(name, default))
    if not text.isdigit() or int(text) < 1:
        raise UsageError(f"--{name.replace('_', '-')} must be a number from 1 on, not '{text}'")
    return int(text)


def policy_of(values: Mapping[str, Any], namespace: str) -> Policy:
    """The policy that flags stand for; `namespace` is that of objects that name none. Raises: UsageError."""
    default = Policy()
    get = values.get
    is_waiting = _switched(values, "wait", default=True)
    allowed = frozenset(word for text in get("allow_prune") or () for word in text.split(",") if word)
    return Policy(
        adopt=get("adopt", default.adopt),
        prune=_switched(values, "prune", default=True),
        force_conflicts=bool(get("force_conflicts")),
        recreate=get("recreate", default.recreate),
        recreate_on_denied=bool(get("recreate_on_denied")),
        field_manager=get("field_manager") or default.field_manager,
        labels=not get("no_labels"),
        namespace=namespace,
        only_namespaces=tuple(get("only_namespace") or ()),
        confirmed=bool(get("yes")),
        allow_prune=allowed,
        allow_empty=bool(get("allow_empty")),
        ignore_hooks=bool(get("ignore_hooks")),
        wait_operators=bool(get("wait_operators")),
        dry_run_first=bool(get("dry_run_first")),
        break_lock=bool(get("break_lock")),
        wait=is_waiting,
        wait_load_balancers=bool(get("wait_lb")),
        fail_fast_pods=get("fail_fast") == "pods",
        timeout_s=duration(values, "timeout", default.timeout_s) if is_waiting else 0.0,
        total_timeout_s=duration(values, "total_timeout", default.total_timeout_s),
        concurrency=whole_number(values, "concurrency", default.concurrency),
        cascade=get("cascade", default.cascade),
    )


def _switched(values: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """A switch that can be turned off as `--no-NAME` and as `--NAME=false`."""
    if values.get(f"no_{name}"):
        return False
    return bool(values.get(name, default))
