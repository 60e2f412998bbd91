"""The command line that runs a function in a container, and its environment flags, as the reference composes them.

Source: kyaml v0.21.1 `container.Filter.getCommand`, `runtimeutil.ContainerEnv`, `StringToStorageMount`.
"""

from __future__ import annotations

from os.path import isabs, join, normpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kbuild.functions.spec import FunctionSpec

NOBODY = "nobody"
_DEFAULT_ENV = {"LOG_TO_STDERR": "true", "STRUCTURED_RESULTS": "true"}
_MOUNT_KEYS = {"type": "type", "src": "src", "source": "src", "dst": "dst", "target": "dst"}


def arguments(spec: FunctionSpec, *, user: str, mounts: Iterable[str], env: Iterable[str], folder: str) -> list[str]:
    """What the container program is called with.

    Shape: `user` is `uid:gid` or a name, `mounts` and `env` are the values of the flags `--mount` and `--env`; `folder` is
    where relative mounts start.
    """
    words = ["run", "--rm", "-i", "-a", "STDIN", "-a", "STDOUT", "-a", "STDERR"]
    words += ["--network", "host" if spec.needs_network else "none", "--user", user]
    words.append("--security-opt=no-new-privileges")
    for mount in [*spec.mounts, *map(parse_mount, mounts)]:
        words += ["--mount", mount_text(mount, folder)]
    words += env_flags(spec.container_envs, env)
    return [*words, spec.image]


def parse_mount(text: str) -> dict[str, Any]:
    """A value of `--mount` as a mount; unknown parts are ignored."""
    mount: dict[str, Any] = {}
    for option in text.split(","):
        key, equals, value = option.partition("=")
        if equals and key in _MOUNT_KEYS:
            mount[_MOUNT_KEYS[key]] = value
        elif option == "rw=true":
            mount["rw"] = True
    return mount


def mount_text(mount: dict[str, Any], folder: str) -> str:
    """A mount as the container program takes it; read-only unless it says otherwise."""
    source = mount.get("src") or ""
    if not isabs(source):
        source = normpath(join(folder, source))
    mode = "" if mount.get("rw") else ",readonly"
    return f"type={mount.get('type') or ''},source={source},target={mount.get('dst') or ''}{mode}"


def env_flags(declared: Iterable[str], given: Iterable[str]) -> list[str]:
    """The `-e` flags: values first, by name, then names whose values the container program finds.

    What is given on the command line wins, its defaults included.
    """
    values: dict[str, str] = {}
    exported: dict[str, None] = {}
    for entries in (declared, given):
        values.update(_DEFAULT_ENV)
        for entry in entries:
            name, equals, value = entry.partition("=")
            if equals:
                values[name] = value
            else:
                exported[name] = None
    pairs = [f"{name}={values[name]}" for name in sorted(values)]
    return [word for entry in [*pairs, *exported] for word in ("-e", entry)]


def program_environment(declared: Iterable[str], given: Iterable[str]) -> dict[str, str]:
    """What an exec function's environment gets on top; an entry without exactly one `=` is ignored."""
    pairs = [entry.split("=") for entry in [*declared, *given]]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
