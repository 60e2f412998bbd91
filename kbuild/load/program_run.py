"""Functions and plugins, run as programs: found, told, waited for. Imported when a configuration names one.

Programs get an argument list and no shell.
Source: kyaml v0.21.1 `exec.Filter.Run`; kustomize v5.8.1 `execplugin.ExecPlugin`, `konfig.DefaultAbsPluginHome`; Go `os/exec`.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager

from kbuild.load.programs import exit_text
from kbuild.model.errors import PluginError
from kbuild.model.log_line import stamped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kbuild.counters import Counters
    from kbuild.model.context import Command
    from kbuild.options import Options


class ProgramRun:
    """What functions and plugins of one kustomization need of the machine. `root` is its folder.

    They work on the real file system, whatever the render reads from.
    """

    __slots__ = ("_counters", "options", "root")

    def __init__(self, root: str, options: Options, counters: Counters) -> None:
        self.root, self.options, self._counters = root, options, counters

    def run(self, command: Command) -> tuple[str, bytes, bytes]:
        """Run a program to its end: (why it failed or `""`, standard output, standard error unless that is shown)."""
        if command.shows_errors and command.folder == "/":
            return "root working directory '/' not allowed", b"", b""
        program = command.words[0]
        self._counters.programs += 1
        try:
            found = program if "/" in program else _found(program)
            process = subprocess.Popen(  # noqa: S603, an argument list, no shell; the caller checked that it is allowed
                [program, *command.words[1:]],
                executable=found,
                cwd=command.folder if os.path.isdir(command.folder) or command.shows_errors else None,
                env={**os.environ, **command.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if command.shows_errors else subprocess.PIPE,
            )
        except (OSError, ValueError) as error:
            return self._start_problem(command, error), b"", b""
        with process, _no_pipe_signal():
            output, errors = process.communicate(command.stdin)
        return exit_text(process.returncode), output, errors or b""

    def _start_problem(self, command: Command, error: OSError | ValueError) -> str:
        program = command.words[0]
        if not isinstance(error, OSError):
            return f"fork/exec {program}: invalid argument"
        if "/" not in program and error.errno == errno.ENOENT and not shutil.which(program):
            return f'exec: "{program}": executable file not found in $PATH'
        if not os.path.isdir(command.folder):
            return f"chdir {command.folder}: {_reason(error)}"
        return f"fork/exec {program}: {_reason(error)}"

    def user(self) -> str:
        """`uid:gid` of the caller."""
        import pwd

        uid = os.getuid()
        try:
            return f"{uid}:{pwd.getpwuid(uid).pw_gid}"
        except KeyError:
            return f"{uid}:{os.getgid()}"

    def container_program(self) -> str:
        """`docker`, or `podman` where only that is installed."""
        return "podman" if not shutil.which("docker") and shutil.which("podman") else "docker"

    def plugin_home(self) -> str:
        """The first folder that exists of those where plugins may be. Raises: PluginError."""
        environment = os.environ
        settings, home = environment.get("XDG_CONFIG_HOME"), environment.get("HOME") or "~"
        candidates = (
            ("$KUSTOMIZE_PLUGIN_HOME", environment.get("KUSTOMIZE_PLUGIN_HOME") or ""),
            ("$XDG_CONFIG_HOME", os.path.join(settings, "kustomize", "plugin") if settings else ""),
            ("default value of $XDG_CONFIG_HOME", os.path.join(home, ".config", "kustomize", "plugin")),
            ("home directory", os.path.join(home, "kustomize", "plugin")),
        )
        tried = []
        for note, path in candidates:
            if path and os.path.exists(path):
                return path
            tried.append(f"('{path or '<no value>'}'; homed in {note})")
        raise PluginError(f"unable to find plugin root - tried: {', '.join(tried)}")

    def executable_problem(self, path: str) -> str | None:
        """Why a file cannot be run, `""` where it can, None where it does not exist."""
        try:
            mode = os.stat(path).st_mode
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"stat {path}: {_reason(error)}"
        return "" if mode & 0o111 else f"unexecutable plugin at: {path}"

    def refuse_library(self, path: str, warn: Callable[[str], None]) -> None:
        """Answer a Go plugin as a reference that is linked statically. Raises: PluginError, always."""
        if not os.path.exists(path):
            raise PluginError(f"expected file with Go object code at: {path}")
        warn(stamped(f'Attempting plugin load from "{path}"'))
        raise PluginError(f"plugin {path} fails to load: plugin: not implemented")

    @contextmanager
    def config_file(self, data: bytes) -> Iterator[str]:
        """A temporary file with this content, removed afterwards: its path. Raises: PluginError."""
        while True:
            path = os.path.join(tempfile.gettempdir(), f"kust-plugin-config-{int.from_bytes(os.urandom(4), 'big')}")
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                break
            except FileExistsError:
                continue
            except OSError as error:
                raise PluginError(f"creating tmp plugin config file: open {path}: {_reason(error)}") from None
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
            yield path
        finally:
            os.unlink(path)


@contextmanager
def _no_pipe_signal() -> Iterator[None]:
    """A program may end without reading its input: the command leaves that signal at its default, which would end us.

    Blocked for this thread only, and after the program was started, which must not inherit it.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
    try:
        yield
    finally:
        if signal.SIGPIPE not in blocked:
            if signal.SIGPIPE in signal.sigpending():
                signal.sigwait({signal.SIGPIPE})
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _found(program: str) -> str:
    """The path of a program on the search path. Raises: FileNotFoundError."""
    path = shutil.which(program)
    if path is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    return path


def _reason(error: OSError) -> str:
    return (error.strerror or "invalid argument").lower()
