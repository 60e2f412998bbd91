"""Help pages and shell completion, made from the flag table with click. Loaded only when asked for."""

from __future__ import annotations

import sys

from kbuild.cli.flags import BOOL, LIST
from kbuild.cli.main import COMMANDS
from kbuild.model.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

SHELLS = ("bash", "zsh", "fish")

OVERVIEW = """\
kbuild renders kustomizations: byte for byte what `kustomize build` prints, faster, and without the binary.

\b
  kbuild render overlays/prod                 print the manifests
  kbuild render overlays/prod | kubectl apply --server-side -f -
  kbuild render overlays/prod -o out/         one file per resource
  python -c 'import kbuild; print(kbuild.render("overlays/prod").images())'
"""

RENDER = """\
Build the kustomization in DIR (default: the working directory) and print its resources.

Output, warnings and exit status are those of `kustomize build`: nothing on standard output unless the whole build
succeeded, status 1 on any error. An error names the file, line and column first and ends with the sentence that
kustomize prints.

\b
Examples:
  kbuild render                               the working directory
  kbuild render overlays/prod                 an overlay
  kbuild render overlays/prod -o out/         one file per resource, into an existing folder
  kbuild render apps --generate -v            a folder of plain manifests, as Flux renders it
  kbuild render . --ignore '*.test.yaml'      as if files that match did not exist
  kbuild render . --load-restrictor LoadRestrictionsNone
"""


def group() -> click.Group:
    """The commands as a click group, for help and completion only."""
    import click

    from kbuild.cli.render import FLAGS

    options: list[click.Parameter] = [click.Argument(["directory"], required=False, type=click.Path())]
    for flag in FLAGS:
        if flag.name == "help":
            continue
        names = [f"--{flag.name}", *([f"-{flag.short}"] if flag.short else [])]
        text = flag.help + (" (deprecated)" if flag.deprecated else "")
        is_path = flag.placeholder in ("PATH", "FILE")
        options.append(
            click.Option(
                names,
                help=text,
                is_flag=flag.kind == BOOL,
                multiple=flag.kind == LIST,
                metavar=None if flag.kind == BOOL else flag.placeholder,
                type=click.BOOL if flag.kind == BOOL else click.Path() if is_path else click.STRING,
            )
        )
    found = click.Group("kbuild", help=OVERVIEW, options_metavar="", subcommand_metavar="COMMAND [ARGUMENTS]")
    for name, (_, summary) in COMMANDS.items():
        is_render = name in ("render", "build")
        page = RENDER if is_render else summary
        parameters = options if is_render else shell_argument(name)
        found.add_command(click.Command(name, help=page, short_help=summary, params=list(parameters)))
    return found


def shell_argument(name: str) -> list[click.Parameter]:
    """The argument of `completion` and `help`."""
    import click

    if name == "completion":
        return [click.Argument(["shell"], type=click.Choice(SHELLS))]
    if name == "help":
        return [click.Argument(["command"], required=False, type=click.Choice(list(COMMANDS)))]
    return []


def overview() -> str:
    """What `kbuild` alone shows."""
    import click

    with click.Context(group(), info_name="kbuild", max_content_width=100) as context:
        return context.get_help() + "\n"


def command_page(name: str) -> str:
    """What `kbuild NAME --help` shows. Raises: UsageError, for an unknown command."""
    import click

    command = group().commands.get(name)
    if command is None:
        raise UsageError(f'unknown command "{name}" for "kbuild"')
    parent = click.Context(group(), info_name="kbuild", max_content_width=100)
    with click.Context(command, parent=parent, info_name=name, max_content_width=100) as context:
        return context.get_help() + "\n"


def run(argv: Sequence[str]) -> int:
    """`kbuild help [COMMAND]`. Raises: UsageError."""
    print(command_page(argv[0]) if argv else overview(), end="")
    return 0


def completion(argv: Sequence[str]) -> int:
    """`kbuild completion SHELL`: print the script to source. Raises: UsageError."""
    if list(argv) in (["-h"], ["--help"]):
        print(command_page("completion"), end="")
        return 0
    if len(argv) != 1 or argv[0] not in SHELLS:
        raise UsageError(f"specify one shell: {', '.join(SHELLS)}")
    from click.shell_completion import get_completion_class

    found = get_completion_class(argv[0])
    assert found is not None
    print(found(group(), {}, "kbuild", "_KBUILD_COMPLETE").source())
    return 0


def complete() -> None:
    """Answer a completion request of the shell and leave."""
    group().main(args=sys.argv[1:], prog_name="kbuild", complete_var="_KBUILD_COMPLETE")
