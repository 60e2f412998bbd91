"""A worker: renders the folders that come in over standard input, one at a time, until the stream ends."""

from __future__ import annotations

import gc
import os

from kbuild.documents.reader import Memo
from kbuild.load.filesystem import DiskFileSystem
from kbuild.load.sharing import SharedFileSystem
from kbuild.many.render import render_one
from kbuild.many.workers import receive, send
from kbuild.model.shared import Shared
from kbuild.options import Options

# A render leaves next to no cycles behind: the collector is only there for what slips through.
_SELDOM = 500_000


def serve() -> None:
    """Answer each folder with its outcome; Ctrl-C ends it without a word, as the caller's end does.

    What programs of a render print goes to standard error.
    """
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    gc.freeze()
    gc.set_threshold(_SELDOM, 10, 10)
    try:
        answer_all(requests, answers)
    except (BrokenPipeError, KeyboardInterrupt):
        return


def answer_all(requests: int, answers: int) -> None:
    """Read the options, then a folder at a time. Raises: BrokenPipeError, where nobody wants the answer."""
    values = receive(requests)
    if values is None:
        return
    options, fs = Options(**values), SharedFileSystem(DiskFileSystem(), Shared(Memo()))
    while (path := receive(requests)) is not None:
        send(answers, render_one(path, fs, options).as_values())
