"""Help pages and shell completion, made from the flag table with click. Loaded only when asked for."""

from __future__ import annotations

import sys

from kbuild.cli.flags import BOOL, LIST, Flag
from kbuild.cli.main import COMMANDS, FLUX_NOUNS, FLUX_VERBS
from kbuild.model.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import click

SHELLS = ("bash", "zsh", "fish")

OVERVIEW = """\
kbuild renders kustomizations, byte for byte what `kustomize build` prints, and applies them to a cluster.

\b
  kbuild render overlays/prod                 print the manifests
  kbuild render overlays/prod -o out/         one file per resource
  kbuild apply overlays/prod                  apply it: in order, waited for, and what left it is deleted
  kbuild diff overlays/prod                   what that would change
  kbuild lint .                               what builds and is most likely wrong
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
  kbuild render --all apps -o out/            every overlay below apps, to out/apps/....yaml

With --all, each DIR is searched: every folder in and below it that has a kustomization file is rendered, unless that file
says it is a Component (which cannot be rendered alone). Hidden folders, links to folders and the output folder are not
searched. --paths-from adds folders by name. Folders are rendered by several processes and share the bases they have in
common; one that fails is reported and the others go on; the status is 1 when any failed.
"""

LINT = """\
Look for what `kustomize build` accepts without a word and what is most likely a mistake all the same.

A DIR that holds a kustomization is built and looked at with all its bases; below any other DIR every kustomization is.
Each finding has file, line and column. Exit status 1 when there is a finding of the chosen severity.

\b
Examples:
  kbuild lint overlays/prod                   one overlay and its bases
  kbuild lint .                               every kustomization of a repository
  kbuild lint . --severity error              fail for errors only
  kbuild lint . -o sarif > kbuild.sarif       for code scanning

\b
Rules:
"""

SCHEMA = """\
Print the JSON Schema of a kustomization file: for editors, and for checks in other programs.

\b
Examples:
  kbuild schema > kustomization.schema.json
  kbuild schema --kind Component > component.schema.json

\b
In an editor with the YAML language server, name it in the first line of the file:
  # yaml-language-server: $schema=./kustomization.schema.json
"""

COMPLETION = """\
Print the completion script of a shell.

\b
Load it where your shell starts:
  bash   echo 'eval "$(kbuild completion bash)"' >> ~/.bashrc
  zsh    echo 'eval "$(kbuild completion zsh)"' >> ~/.zshrc
  fish   kbuild completion fish > ~/.config/fish/completions/kbuild.fish
"""

PAGES = {"render": RENDER, "build": RENDER, "completion": COMPLETION, "schema": SCHEMA}


def group() -> click.Group:
    """The commands as a click group, for help and completion only."""
    import click

    found = click.Group("kbuild", help=OVERVIEW, options_metavar="", subcommand_metavar="COMMAND [ARGUMENTS]")
    for name, (_, summary) in COMMANDS.items():
        found.add_command(click.Command(name, help=page(name) or summary, short_help=summary, params=parameters(name)))
    return found


def page(name: str) -> str:
    """What a command's help says above its flags; empty for one that its summary explains."""
    if name == "lint":
        from kbuild.lint.findings import RULES

        return LINT + "".join(f"  {rule:<28} {text} ({severity})\n" for rule, (severity, text) in RULES.items())
    pages = applier_pages(name)
    return str(pages.PAGES[name]) if pages is not None else PAGES.get(name, "")


def applier_pages(name: str) -> Any:
    """The module with texts and flags of the applier's commands; None for others. Only the table knows that package."""
    verb, _, noun = name.partition(" ")
    target = FLUX_VERBS.get(verb, "") if noun else COMMANDS[name][0] if name in COMMANDS else ""
    home = target.partition(":")[0].rpartition(".")[0]
    return __import__(f"{home}.pages", fromlist=["PAGES"]) if not home.startswith("kbuild") and home else None


def parameters(name: str) -> list[click.Parameter]:
    """The arguments and flags of a command."""
    import click

    pages = applier_pages(name)
    if pages is not None:
        words = click.Argument(
            ["target"],
            nargs=-1,
            metavar=pages.ARGUMENTS[name],
            type=click.Path(),
            shell_complete=noun_completer(pages, name),
        )
        return [*([words] if pages.ARGUMENTS[name] else []), *flag_options(pages.FLAGS[name])]
    if name in ("render", "build"):
        from kbuild.cli.render import FLAGS

        return [
            click.Argument(["directories"], required=False, nargs=-1, metavar="[DIR ...]", type=folder_type()),
            *flag_options(FLAGS),
        ]
    if name == "lint":
        from kbuild.cli import lint

        folders = click.Argument(["directories"], nargs=-1, metavar="[DIR ...]", type=folder_type())
        return [folders, *flag_options(lint.FLAGS)]
    if name == "schema":
        from kbuild.cli import lint

        return flag_options(lint.SCHEMA_FLAGS)
    return own_parameters(name)


def noun_completer(pages: Any, name: str) -> Any:
    """What completes the words of a command: the nouns it takes, then names; None for one that takes paths."""
    nouns = getattr(pages, "NOUNS", {}).get(name)
    if nouns is None:
        return None
    from click.shell_completion import CompletionItem

    def completed(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        given = tuple(str(word) for word in context.params.get("target") or ())
        found = next_words(nouns, given)
        if not found and hasattr(pages, "object_names"):
            found = pages.object_names(given, context.params)
        return [CompletionItem(word) for word in found if word.startswith(begun)]

    return completed


def next_words(nouns: tuple[str, ...], given: tuple[str, ...]) -> list[str]:
    """What may stand behind the words that are given: the next word of each noun that begins with them."""
    begun = ("source", *given[1:]) if given[:1] == ("sources",) else given
    split = [tuple(noun.split()) for noun in nouns]
    return list(
        dict.fromkeys(words[len(begun)] for words in split if words[: len(begun)] == begun and len(words) > len(begun))
    )


def folder_type() -> click.ParamType[Any]:
    """The type of an argument that is a folder."""
    import click

    return click.Path(file_okay=False)


def flag_options(flags: Sequence[Flag]) -> list[click.Parameter]:
    """The flags of a table as click options."""
    import click

    found: list[click.Parameter] = []
    for flag in flags:
        if flag.name == "help":
            continue
        names = [f"--{flag.name}", *([f"-{flag.short}"] if flag.short else [])]
        text = flag.help + (" (deprecated)" if flag.deprecated else "")
        found.append(
            click.Option(
                names,
                help=text,
                is_flag=flag.kind == BOOL,
                multiple=flag.kind == LIST,
                metavar=None if flag.kind == BOOL else flag.placeholder,
                type=value_type(flag),
            )
        )
    return found


def value_type(flag: Flag) -> click.ParamType[Any]:
    """What a flag's value is, for completion."""
    import click

    if flag.kind == BOOL:
        return click.BOOL
    if flag.choices:
        return click.Choice(flag.choices)
    return click.Path() if flag.placeholder in ("PATH", "FILE") else click.STRING


def own_parameters(name: str) -> list[click.Parameter]:
    """The parameters of the small commands."""
    import click

    if name == "version":
        text = "'text' (the default) or 'json'"
        client = "kbuild's own version alone, as `flux version --client` shows Flux's (-o yaml or json)"
        return [
            click.Option(["--output", "-o"], help=text, metavar="FORM", type=click.Choice(["text", "json"])),
            click.Option(["--client"], is_flag=True, help=client),
        ]
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
    """What `kbuild NAME --help` shows; `diff kustomization` and the like are names, too. Raises: UsageError, for an unknown command."""
    import click

    verb, _, noun = name.partition(" ")
    is_verb = noun in FLUX_NOUNS and bool(FLUX_VERBS.get(verb))
    if name not in COMMANDS and not is_verb:
        raise UsageError(f'unknown command "{name}" for "kbuild"')
    summary = "" if is_verb else COMMANDS[name][1]
    command = click.Command(name, help=page(name) or summary, params=parameters(name))
    parent = click.Context(group(), info_name="kbuild", max_content_width=100)
    with click.Context(command, parent=parent, info_name=name, max_content_width=100) as context:
        return context.get_help() + "\n"


def run(argv: Sequence[str]) -> int:
    """`kbuild help [COMMAND]`. Raises: UsageError."""
    print(command_page(" ".join(argv)) if argv else overview(), end="")
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
