"""Help pages and shell completion, made from the flag table with click. Loaded only when asked for."""

from __future__ import annotations

import sys

from kbuild.cli.flags import BOOL, LIST, Flag
from kbuild.cli.main import COMMANDS
from kbuild.model.errors import UsageError
from kbuild.options import LEGACY, NO_RESTRICTIONS, NONE, ROOT_ONLY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

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

COMPLETION = """\
Print the completion script of a shell.

\b
Load it where your shell starts:
  bash   echo 'eval "$(kbuild completion bash)"' >> ~/.bashrc
  zsh    echo 'eval "$(kbuild completion zsh)"' >> ~/.zshrc
  fish   kbuild completion fish > ~/.config/fish/completions/kbuild.fish
"""

PAGES = {"completion": COMPLETION}
CHOICES = {"load-restrictor": (ROOT_ONLY, NO_RESTRICTIONS), "reorder": (LEGACY, NONE)}


def group() -> click.Group:
    """The commands as a click group, for help and completion only."""
    import click

    from kbuild.cli.render import FLAGS

    folder = click.Path(file_okay=False)
    options: list[click.Parameter] = [click.Argument(["directory"], required=False, metavar="[DIR]", type=folder)]
    for flag in FLAGS:
        if flag.name == "help":
            continue
        names = [f"--{flag.name}", *([f"-{flag.short}"] if flag.short else [])]
        text = flag.help + (" (deprecated)" if flag.deprecated else "")
        options.append(
            click.Option(
                names,
                help=text,
                is_flag=flag.kind == BOOL,
                multiple=flag.kind == LIST,
                metavar=None if flag.kind == BOOL else flag.placeholder,
                type=value_type(flag),
            )
        )
    found = click.Group("kbuild", help=OVERVIEW, options_metavar="", subcommand_metavar="COMMAND [ARGUMENTS]")
    for name, (_, summary) in COMMANDS.items():
        is_render = name in ("render", "build")
        page = RENDER if is_render else PAGES.get(name, summary)
        parameters = options if is_render else own_parameters(name)
        found.add_command(click.Command(name, help=page, short_help=summary, params=list(parameters)))
    return found


def value_type(flag: Flag) -> click.ParamType[Any]:
    """What a flag's value is, for completion."""
    import click

    if flag.kind == BOOL:
        return click.BOOL
    if flag.name in CHOICES:
        return click.Choice(CHOICES[flag.name])
    return click.Path() if flag.placeholder in ("PATH", "FILE") else click.STRING


def own_parameters(name: str) -> list[click.Parameter]:
    """The parameters of the small commands."""
    import click

    if name == "version":
        text = "'text' (the default) or 'json'"
        return [click.Option(["--output", "-o"], help=text, metavar="FORM", type=click.Choice(["text", "json"]))]
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
