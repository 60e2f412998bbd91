"""The command: a table of dotted names, so that the interpreter loads one command; exit codes; errors on stderr."""

from __future__ import annotations

import os
import sys

from kbuild.model.errors import KbuildError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# command -> (module:function, one line for the overview)
COMMANDS = {
    "render": ("kbuild.cli.render:run", "Print what `kustomize build` prints for a folder"),
    "build": ("kbuild.cli.main:build", "The same as render"),
    "version": ("kbuild.cli.main:version", "Print the versions of kbuild and of the kustomize it matches"),
    "completion": ("kbuild.cli.help:completion", "Print a completion script for bash, zsh or fish"),
    "help": ("kbuild.cli.help:run", "Help about a command"),
}
FLUX_NOUNS = (
    "kustomization", "kustomizations", "ks", "source", "sources", "artifact", "helmrelease", "hr", "alert",
    "alert-provider", "receiver", "image",
)  # fmt: skip


def entry() -> None:
    """The console script: run, and leave with the exit status. A closed pipe and Ctrl-C end quietly."""
    if "_KBUILD_COMPLETE" in os.environ:
        from kbuild.cli.help import complete

        complete()
    import _signal

    # As the reference: a reader that goes away (`| head`) ends the process without a word.
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def main(argv: Sequence[str]) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed."""
    try:
        return run(argv)
    except KbuildError as error:
        from kbuild.cli.errors import error_lines

        sys.stdout.flush()
        sys.stderr.write("\n".join(error_lines(error)) + "\n")
    except RecursionError:
        sys.stderr.write("Error: the input is nested too deeply\n")
    except MemoryError:
        sys.stderr.write("Error: not enough memory for this input\n")
    return 1


def run(argv: Sequence[str]) -> int:
    """Find the command and run it. Raises: KbuildError."""
    if not argv or argv[0] in ("-h", "--help"):
        from kbuild.cli import help as help_pages

        print(help_pages.overview(), end="")
        return 0
    if argv[0] == "--version":
        return version(argv[1:])
    command = COMMANDS.get(argv[0])
    if command is None:
        kind = "flag" if argv[0].startswith("-") else "command"
        text = f"unknown flag: {argv[0]}" if kind == "flag" else f'unknown command "{argv[0]}" for "kbuild"'
        raise UsageError(text).advise("run `kbuild --help` to see what there is")
    module, _, function = command[0].partition(":")
    return getattr(__import__(module, fromlist=[function]), function)(argv[1:])  # type: ignore[no-any-return]


def build(argv: Sequence[str]) -> int:
    """`kbuild build`: render, unless a Flux noun and a name follow. Raises: KbuildError."""
    words = [word for word in argv if not word.startswith("-")]
    if len(words) > 1 and words[0] in FLUX_NOUNS:
        raise UsageError(f"`kbuild build {words[0]} NAME` is not supported by this version of kbuild").advise(
            f"a folder of that name is written ./{words[0]}"
        )
    from kbuild.cli import render

    return render.run(argv)


def version(argv: Sequence[str]) -> int:
    """Print the versions. Raises: UsageError, for arguments."""
    if list(argv) not in ([], ["-h"], ["--help"]):
        raise UsageError(f"unknown argument: {argv[0]}")
    from kbuild.version import REFERENCE, VERSION

    print(f"kbuild {VERSION} (kustomize {REFERENCE})")
    return 0
