"""`kbuild render [DIR]`, alias `kbuild build`: the flags, streams and exit status of `kustomize build`."""

from __future__ import annotations

import os
import sys

from kbuild.cli.flags import BOOL, LIST, TEXT, Flag, parse
from kbuild.model.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kbuild.options import Options
    from kbuild.result import Result

FLAGS = (
    Flag("output", TEXT, "write to this file, or one file per resource into this existing folder; with --all, one file per"
         " rendered folder into this folder, PATH/<folder>.yaml", short="o", placeholder="PATH"),
    Flag("all", BOOL, "render every folder in and below the DIRs that has a kustomization file and is no component"),
    Flag("paths-from", TEXT, "render the folders listed in this file, one a line (- for standard input)",
         placeholder="FILE"),
    Flag("jobs", TEXT, "processes for --all and --paths-from (default: one per processor)", short="j", placeholder="N"),
    Flag("load-restrictor", TEXT, "'LoadRestrictionsNone' lets kustomizations load files from outside their root"
         " (default LoadRestrictionsRootOnly)", placeholder="NAME",
         choices=("LoadRestrictionsRootOnly", "LoadRestrictionsNone")),
    Flag("reorder", TEXT, "'legacy' or 'none'", placeholder="ORDER", choices=("legacy", "none"),
         deprecated="use the new 'sortOptions' field in kustomization.yaml instead."),
    Flag("enable-managedby-label", BOOL, "label every resource with the version it was built as",
         deprecated="The flag `enable-managedby-label` has been deprecated. Use the `managedByLabel` option in the"
         " `buildMetadata` field instead."),
    Flag("ignore", LIST, "gitignore pattern: matching files do not exist for this render (repeatable)",
         placeholder="PATTERN"),
    Flag("ignore-file", LIST, "file of gitignore patterns (repeatable)", placeholder="FILE"),
    Flag("generate", BOOL, "render a folder without a kustomization file as Flux would: every manifest below it"),
    Flag("remote-cache", TEXT, "keep cloned repositories in this folder, by commit, for later renders", placeholder="DIR"),
    Flag("compat", TEXT, "'latest' follows later versions of kustomize where they changed the output (default v5.8.1)",
         choices=("v5.8.1", "latest"),
         placeholder="VERSION"),
    Flag("verbose", BOOL, "say on standard error what was left out and how much work was done", short="v"),
    Flag("env", LIST, "environment variable for functions (repeatable)", short="e", placeholder="NAME[=VALUE]"),
    Flag("enable-helm", BOOL, "enable the helm chart inflator"),
    Flag("helm-command", TEXT, "helm command (default helm)", placeholder="PATH"),
    Flag("helm-api-versions", LIST, "Kubernetes API versions for helm's Capabilities.APIVersions", placeholder="NAME"),
    Flag("helm-kube-version", TEXT, "Kubernetes version for helm's Capabilities.KubeVersion", placeholder="VERSION"),
    Flag("helm-debug", BOOL, "debug output from the helm chart inflator"),
    Flag("enable-alpha-plugins", BOOL, "enable plugins"),
    Flag("enable-exec", BOOL, "enable exec functions; not for configurations you do not trust"),
    Flag("network", BOOL, "enable network access for functions that declare it"),
    Flag("network-name", TEXT, "docker network to run containers in (default bridge)", placeholder="NAME"),
    Flag("mount", LIST, "storage options for functions (repeatable)", placeholder="OPTIONS"),
    Flag("as-current-user", BOOL, "run function containers with the uid and gid of the caller"),
    Flag("stack-trace", BOOL, "accepted for compatibility; kbuild's errors always say where they happened"),
    Flag("help", BOOL, "show this help", short="h"),
)  # fmt: skip

_OPTION_NAMES = {"mount": "mounts", "ignore_file": "ignore_files"}
_NOT_OPTIONS = ("output", "verbose", "help", "stack_trace", "all", "paths_from", "jobs")


def run(argv: Sequence[str]) -> int:
    """Render to standard output (or `-o`); returns the exit status. Raises: KbuildError."""
    values, rest = parse(argv, FLAGS, warn)
    if values.get("help"):
        from kbuild.cli import help as help_pages

        print(help_pages.command_page("render"), end="")
        return 0
    many = bool(values.get("all") or values.get("paths_from"))
    if len(rest) > 1 and not values.get("all"):
        raise UsageError("specify one path to kustomization.yaml")
    options = options_of(values, _NOT_OPTIONS)
    if os.environ.get("KUSTOMIZE_ENABLE_MANAGEDBY_LABEL") == "on":
        options = options.replaced(enable_managedby_label=True)
    if many:
        from kbuild.cli import render_all

        return render_all.run(rest or (["."] if values.get("all") else []), options, values)
    output = str(values.get("output") or "")
    into_folder = output != "" and os.path.isdir(output)
    result = render(rest[0] if rest else ".", options, as_text=not into_folder)
    if into_folder:
        from kbuild.cli.output import write_files

        write_files(output, result)
    else:
        write_text(result.to_yaml(), output)
    if values.get("verbose"):
        explain(result)
    return 0


def options_of(values: Mapping[str, object], others: Sequence[str]) -> Options:
    """The options that flags stand for; `others` are flags that are none. Raises: UsageError."""
    from kbuild.options import LEGACY, NONE, ROOT_ONLY, Options

    given = {_OPTION_NAMES.get(name, name): value for name, value in values.items() if name not in others}
    # An empty restrictor is the default one; an empty order, which stands for none given, must not be given.
    given["load_restrictor"] = given.get("load_restrictor") or ROOT_ONLY
    options = Options(**given)
    if given.get("reorder") == "":
        raise UsageError(f"illegal flag value --reorder ; legal values: [{LEGACY} {NONE}]")
    return options


def render(path: str, options: Options, *, as_text: bool) -> Result:
    """Build from the disk, with a line of progress where a person waits at a terminal.

    `as_text` makes the text as well, while the line is still shown. Raises: KbuildError.
    """
    from kbuild.build import build
    from kbuild.counters import Counters
    from kbuild.load.filesystem import DiskFileSystem

    counters = Counters()
    if not os.isatty(2):
        return build(path, fs=DiskFileSystem(), options=options, counters=counters, warn=warn)
    from kbuild.cli.progress import Progress

    progress = Progress(counters)

    def note(line: str) -> None:
        progress.wipe()
        warn(line)

    progress.start()
    try:
        result = build(path, fs=DiskFileSystem(), options=options, counters=counters, warn=note)
        if as_text:
            result.to_yaml()
        return result
    finally:
        progress.stop()


def warn(line: str) -> None:
    """A line on standard error."""
    sys.stderr.write(line + "\n")


def write_text(text: str, path: str) -> None:
    """Write all bytes to a file, or to standard output. Raises: UsageError or OutputError, where it cannot be written."""
    data = text.encode("utf-8", "surrogatepass")
    if not path:
        from kbuild.cli.main import flush_output, refused

        flush_output()
        try:
            write_all(1, data)
        except OSError as error:
            raise refused(error) from None
        return
    try:
        with open(path, "wb", buffering=0) as file:
            write_all(file.fileno(), data)
    except OSError as error:
        raise UsageError(f"open {path}: {(error.strerror or str(error)).lower()}") from None


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; a pipe may take fewer at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[: 1 << 20]) :]


def explain(result: Result) -> None:
    """What `-v` adds on standard error."""
    for path, reason in result.left_out:
        warn(f"left out: {path}: {reason}")
    work = " ".join(f"{name}={count}" for name, count in result.counters.as_dict().items())
    warn(f"{len(result.resources)} resources from {len(result.files_read)} files; {work}")
