"""The command: a table of dotted names, so that the interpreter loads one command; exit codes; errors on stderr."""

from __future__ import annotations

import os
import sys

from kbuild.model.errors import KbuildError, OutputError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

# command -> (module:function, one line for the overview)
COMMANDS = {
    "render": ("kbuild.cli.render:run", "Print what `kustomize build` prints for a folder"),
    "build": ("kbuild.cli.main:build", "The same as render"),
    "apply": ("applier.cli.commands:apply", "Apply a folder to a cluster: in order, waited for, and pruned"),
    "diff": ("applier.cli.commands:diff", "Show what apply would change"),
    "status": ("applier.cli.commands:status", "Show the health of what was applied"),
    "delete": ("applier.cli.commands:delete", "Delete what was applied, in order"),
    "inventory": ("applier.cli.commands:inventory", "Show, import, rebuild or export what an inventory holds"),
    "agent": ("applier.cli.agent:run", "Reconcile Flux's resources from Git, continuously"),
    "get": ("applier.cli.operate.get:run", "Show the agent's resources, and how they are"),
    "reconcile": ("applier.cli.operate.reconcile:run", "Have a source or Kustomization reconciled now"),
    "suspend": ("applier.cli.operate.toggle:suspend", "Put sources or Kustomizations on hold"),
    "resume": ("applier.cli.operate.toggle:resume", "Take them up again"),
    "events": ("applier.cli.operate.events:run", "Show what happened to the agent's resources"),
    "logs": ("applier.cli.operate.logs:run", "Show the logs of the agent's controllers"),
    "tree": ("applier.cli.operate.tree:run", "Show what a Kustomization holds"),
    "trace": ("applier.cli.operate.trace:run", "Show which commit an object came from, and how"),
    "debug": ("applier.cli.operate.debug:run", "Show the variables, values, status or history of one"),
    "envsubst": ("applier.cli.operate.debug:envsubst", "Put variables of the environment into a text"),
    "stats": ("applier.cli.operate.stats:run", "Count the agent's resources, and those that fail"),
    "dev": ("applier.cli.setup.dev:dev", "Follow a local Git repository: the agent on this machine, live"),
    "install": ("applier.cli.setup.install:install", "Install the agent's controllers, or print their manifests"),
    "bootstrap": ("applier.cli.setup.bootstrap:bootstrap", "Install them from Git: commit, apply, and keep in sync"),
    "check": ("applier.cli.setup.check:check", "Check a cluster's fitness, and the health of the installation"),
    "create": ("applier.cli.setup.create:create", "Create sources, Kustomizations, Secrets, alerts, or print them"),
    "export": ("applier.cli.setup.objects:export", "Print the agent's resources as manifests"),
    "uninstall": ("applier.cli.setup.uninstall:uninstall", "Remove the controllers; what they applied stays"),
    "migrate": ("applier.cli.setup.migrate:migrate", "Move Flux's objects to the present version of their kinds"),
    "trigger": ("applier.cli.setup.trigger:trigger", "Call the webhook of a Receiver"),
    "lint": ("kbuild.cli.lint:run", "Find what builds and is still most likely wrong"),
    "schema": ("kbuild.cli.lint:schema", "Print the JSON Schema of a kustomization file, for editors"),
    "version": ("kbuild.cli.main:version", "Print the versions of kbuild and of the kustomize it matches"),
    "completion": ("kbuild.cli.help:completion", "Print a completion script for bash, zsh or fish"),
    "help": ("kbuild.cli.help:run", "Help about a command"),
}
# Commands that take a Flux noun and a name as well, as `flux` does: what carries them out, empty for what is not there yet.
# A folder of that name is written ./kustomization.
FLUX_VERBS = {
    "build": "applier.cli.operate.build:run",
    "diff": "applier.cli.operate.diff:run",
    "delete": "applier.cli.setup.objects:delete",
}
FLUX_NOUNS = (
    "kustomization", "kustomizations", "ks", "source", "sources", "artifact", "helmrelease", "hr", "alert",
    "alert-provider", "receiver", "image",
)  # fmt: skip
UNSUPPORTED_NOUNS = {"build": ("artifact", "image"), "diff": ("artifact", "image"), "delete": ("artifact",)}


# Commands that keep what they read until their end, which is soon.
SHORT = frozenset(["render", "build", "apply", "diff", "status", "delete"])


def entry() -> NoReturn:
    """The console script: run, and leave with the exit status. A closed pipe and Ctrl-C end quietly."""
    if "_KBUILD_COMPLETE" in os.environ:
        from kbuild.cli.help import complete

        complete()
    import _signal

    # As the reference: a reader that goes away (`| head`) ends the process without a word.
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    if sys.argv[1:2] and sys.argv[1] in SHORT:
        # One render or run leaves nothing behind that is worth looking for, and looking walks over all its resources; while
        # the applier is imported alone it takes a tenth of the time.
        import gc

        gc.disable()
    try:
        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        # Ending by the signal itself lets the shell stop the loop or script around it, too.
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        os.kill(os.getpid(), _signal.SIGINT)
        status = 130
    leave(status)


def leave(status: int) -> NoReturn:
    """End the process: at once, unless something waits for its regular end (threads, a profiler, a debugger, coverage).

    To free every object first takes a tenth of a render's time; the system takes the memory back whole.
    """
    if has_threads() or is_watched():
        sys.exit(status)
    import atexit

    atexit._run_exitfuncs()  # noqa: SLF001 - the only way to run them before `os._exit`
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(status)


def has_threads() -> bool:
    """Whether threads run that the interpreter would wait for."""
    if "threading" not in sys.modules:
        return False
    import threading

    own = threading.current_thread()
    return "concurrent.futures" in sys.modules or any(
        one is not own and not one.daemon for one in threading.enumerate()
    )


def is_watched() -> bool:
    """Whether a tool follows this process: it writes what it found when the process ends."""
    monitoring = getattr(sys, "monitoring", None)
    tools = [] if monitoring is None else [monitoring.get_tool(number) for number in range(6)]
    return sys.gettrace() is not None or sys.getprofile() is not None or any(tools)


def main(argv: Sequence[str]) -> int:
    """Run one command; returns the exit status: 0 done, 1 failed."""
    try:
        status = run(argv)
        flush_output()
        return status
    except KbuildError as error:
        from kbuild.cli.errors import error_lines

        sys.stderr.write("\n".join(error_lines(error)) + "\n")
    except OSError as error:
        # Whatever a command does with files it maps to its own errors: what is left is `print` to a full or closed stream.
        sys.stderr.write(f"Error: {refused(error)}\n")
    except RecursionError:
        sys.stderr.write("Error: the input is nested too deeply\n")
    except MemoryError:
        sys.stderr.write("Error: not enough memory for this input\n")
    return 1


def flush_output() -> None:
    """Hand over what was printed. Raises: OutputError, where standard output takes no more."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        sys.stdout = None
        raise refused(error) from None


def refused(error: OSError) -> OutputError:
    """The error for output that could not be written, in the reference's words."""
    return OutputError(f"write /dev/stdout: {(error.strerror or str(error)).lower()}")


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
        raise unknown(argv[0])
    target = flux_verb(argv) or command[0]
    module, _, function = target.partition(":")
    return getattr(__import__(module, fromlist=[function]), function)(argv[1:])  # type: ignore[no-any-return]


def build(argv: Sequence[str]) -> int:
    """`kbuild build`: render. Raises: KbuildError."""
    from kbuild.cli import render

    return render.run(argv)


def flux_verb(argv: Sequence[str]) -> str:
    """What carries out a verb with a Flux noun and a name behind it; empty for every other line. Raises: UsageError."""
    if argv[0] not in FLUX_VERBS or not names_flux_noun(argv[1:]):
        return ""
    found = FLUX_VERBS[argv[0]]
    noun = next(word for word in argv[1:] if not word.startswith("-"))
    if not found or noun in UNSUPPORTED_NOUNS[argv[0]]:
        raise UsageError(f"`kbuild {argv[0]} {noun} NAME` is not supported by this version of kbuild").advise(
            f"a folder of that name is written ./{noun}"
        )
    return found


def names_flux_noun(words: Sequence[str]) -> bool:
    """Whether arguments begin with a Flux noun that has a name, or a wish for help, behind it, or is no folder here."""
    plain = [word for word in words if not word.startswith("-")]
    if not plain or plain[0] not in FLUX_NOUNS:
        return False
    return len(plain) > 1 or "-h" in words or "--help" in words or not os.path.isdir(plain[0])


def unknown(word: str) -> UsageError:
    """The error for a first word that is no command, with what was probably meant."""
    if word.startswith("-"):
        return UsageError(f"unknown flag: {word}").advise("flags follow the command: `kbuild render --help`")
    from difflib import get_close_matches

    close = get_close_matches(word, COMMANDS, 1)
    if os.path.isdir(word):
        hint = f"did you mean `kbuild render {word}`?"
    elif close:
        hint = f"did you mean `kbuild {close[0]}`?"
    else:
        hint = "run `kbuild --help` to see what there is"
    return UsageError(f'unknown command "{word}" for "kbuild"').advise(hint)


def version(argv: Sequence[str]) -> int:
    """Print the versions, as a sentence or with `-o json` for scripts. Raises: UsageError."""
    from kbuild.cli.flags import BOOL, TEXT, Flag, parse
    from kbuild.cli.render import warn
    from kbuild.version import REFERENCE, VERSION

    flags = (Flag("output", TEXT, "", short="o"), Flag("client", BOOL, ""), Flag("help", BOOL, "", short="h"))
    values, rest = parse(argv, flags, warn)
    form = values.get("output", "text")
    if rest:
        raise UsageError(f"unknown argument: {rest[0]}")
    if values.get("client") and form in ("text", "yaml", "json") and not values.get("help"):
        # As `flux version --client` prints its own.
        print(f'{{\n  "kbuild": "v{VERSION}"\n}}' if form == "json" else f"kbuild: v{VERSION}")
        return 0
    if form not in ("text", "json"):
        raise UsageError(f"--output must be 'text' or 'json', not '{form}'")
    if values.get("help"):
        from kbuild.cli import help as help_pages

        print(help_pages.command_page("version"), end="")
    elif form == "json":
        python = sys.version.partition(" ")[0]
        print(f'{{"kbuild": "{VERSION}", "kustomize": "{REFERENCE}", "python": "{python}"}}')
    else:
        print(f"kbuild {VERSION} (kustomize {REFERENCE})")
    return 0
