"""Many folders rendered one after the other, sharing files, documents and bases; failures stay with their folder."""

from __future__ import annotations

import sys

from kbuild.build import build
from kbuild.documents.reader import Memo
from kbuild.load.sharing import SharedFileSystem
from kbuild.many.outcome import Outcome
from kbuild.model.errors import KbuildError
from kbuild.model.shared import Shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kbuild.load.filesystem import FileSystem
    from kbuild.options import Options


def render_many(
    paths: Sequence[str], fs: FileSystem | None, options: Options, workers: int | None = None
) -> Iterator[Outcome]:
    """The outcomes in the order of the paths, each as soon as it and all before it are there.

    `workers` is the number of processes; with `fs`, and for one worker or one path, this process does it all.
    """
    if fs is None and len(paths) > 1 and workers != 1 and sys.executable:
        from kbuild.many.workers import in_processes, processors

        yield from in_processes(paths, options, min(workers or processors(), len(paths)))
        return
    if fs is None:
        from kbuild.load.filesystem import DiskFileSystem

        fs = DiskFileSystem()
    sharing = SharedFileSystem(fs, Shared(Memo()))
    for path in paths:
        yield render_one(path, sharing, options)


def render_one(path: str, fs: SharedFileSystem, options: Options) -> Outcome:
    """One render. Mutates: what is shared."""
    outcome = Outcome(path)
    lines: list[str] = []
    try:
        result = build(path, fs=fs, options=options, warn=lines.append)
        outcome.text = result.to_yaml()
    except KbuildError as error:
        outcome.error = error.with_traceback(None)
    except RecursionError:
        outcome.error = KbuildError("the input is nested too deeply")
    except MemoryError:
        outcome.error = KbuildError("not enough memory for this input")
    else:
        outcome.counters = result.counters.as_dict()
        outcome.files_read, outcome.left_out = result.files_read, result.left_out
    outcome.warnings = tuple(lines)
    fs.shared.trim()
    return outcome
