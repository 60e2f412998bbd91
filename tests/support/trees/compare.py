"""One tree, built by the reference and by kbuild: what differs, and the smallest tree that still differs."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from against import masked
from in_process import run

from trees.mistakes import blocks
from trees.places import unfounded
from trees.tree import Tree

RUNS = 5  # how many times more the reference runs where the two differ: it walks some maps in random order


@dataclass(frozen=True, slots=True)
class Answer:
    """What a build gave: its output, what it said before its error, and the error."""

    status: int
    output: bytes
    notes: str
    error: str

    @property
    def last_line(self) -> str:
        """The last line of the error."""
        return self.error.rstrip("\n").rpartition("\n")[2]


NEVER = Answer(-1, b"", "", "")  # of a build that does not end


@dataclass(frozen=True, slots=True)
class Difference:
    """Both answers, and in what they differ: `output`, `status`, `error`, `warnings`, `traceback`, or `place` for what only ours says."""

    kind: str
    reference: Answer
    ours: Answer


def lay_out(tree: Tree, folder: Path) -> None:
    """Write a tree into a folder of its own; of two things at one place the first is there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in tree.files.items():
        path = folder / name
        with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for name, goal in tree.links.items():
        path = folder / name
        with contextlib.suppress(FileExistsError, NotADirectoryError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(goal)
    with contextlib.suppress(FileExistsError, NotADirectoryError, FileNotFoundError):
        (folder / tree.target).mkdir(parents=True, exist_ok=True)


def parted(status: int, output: bytes, stderr: str) -> Answer:
    """An answer from what a process gave; a crash of the reference counts as an error with its sentence."""
    # The reference's decoder of schemas chooses one of the two words at random, in every frame.
    text = masked(stderr).replace("json: unable to unmarshal", "json: cannot unmarshal")
    if status == 2 and "panic: " in text:
        notes, _, rest = text.partition("panic: ")
        # Go writes a tab before every further line of what a program panics with.
        sentence = rest.partition("\n\ngoroutine ")[0].replace("\n\t", "\n")
        if "runtime error" in sentence or "goroutine " in sentence:
            return Answer(1, output, notes, "")
        return Answer(1, output, notes, "Error: " + sentence.removesuffix(" [recovered]") + "\n")
    at = text.find("Error: ") if status else -1
    return Answer(1, output, text[:at], text[at:]) if at >= 0 else Answer(status, output, text, "")


def written(tree: Tree, folder: Path) -> bytes:
    """What a build wrote where `-o` says, file by file; it is removed again."""
    found = b""
    for flag, name in zip(tree.arguments, tree.arguments[1:], strict=False):
        place = folder / name
        if flag != "-o" or not place.exists():
            continue
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and str(path.relative_to(folder)) not in tree.files:
                found += f"--- {path.relative_to(folder)}\n".encode() + path.read_bytes()
                path.unlink()
    return found


def ask(binary: Path, tree: Tree, folder: Path) -> Answer:
    """The reference's answer."""
    command = [binary, "build", *tree.arguments, tree.target]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    return parted(done.returncode, done.stdout + written(tree, folder), done.stderr.decode(errors="replace"))


def ours(tree: Tree, folder: Path) -> Answer:
    """kbuild's answer."""
    try:
        done = run(["render", *tree.arguments, tree.target], folder)
    except Exception:  # noqa: BLE001 - whatever it is, the tree that leads to it is what matters
        return Answer(1, b"", "", traceback.format_exc())
    return parted(done.status, done.stdout + written(tree, folder), done.stderr)


def unlike(reference: Answer, answer: Answer) -> str:
    """In what two answers differ; `""` for nothing."""
    if "Traceback" in answer.notes + answer.error:
        return "traceback"
    if reference.status != answer.status:
        return "status"
    if reference.output != answer.output:
        return "output"
    if reference.status:
        # Where the reference crashed on its own there is no sentence to compare.
        if reference.error and reference.error.rstrip() != answer.error.rstrip():
            return "error"
        return "" if answer.notes.startswith(reference.notes) else "warnings"
    return "" if reference.notes == answer.notes else "warnings"


def both(binary: Path, tree: Tree, folder: Path) -> tuple[Answer, Answer, Difference | None]:
    """The reference's answer, kbuild's, and the difference; none where the reference differs from itself."""
    lay_out(tree, folder)
    try:
        reference = ask(binary, tree, folder)
    except subprocess.TimeoutExpired:
        return NEVER, NEVER, None
    answer = ours(tree, folder)
    kind = unlike(reference, answer)
    if kind and any(ask(binary, tree, folder) != reference for _ in range(RUNS)):
        return reference, answer, None
    printed = b"" if "-o" in tree.arguments else answer.output  # what is in files may be written before an error
    if not kind and unfounded(answer.status, printed, answer.notes, folder):
        kind = "place"
    return reference, answer, Difference(kind, reference, answer) if kind else None


def compare(binary: Path, tree: Tree, folder: Path) -> tuple[Answer, Difference | None]:
    """The reference's answer and the difference."""
    reference, _, found = both(binary, tree, folder)
    return reference, found


def smaller(tree: Tree) -> Iterator[Tree]:
    """Trees with less in them, those with much less first."""
    if tree.arguments:
        yield replace(tree, arguments=[])
    for name in tree.links:
        yield replace(tree, links={other: goal for other, goal in tree.links.items() if other != name})
    for name in sorted(tree.files, key=lambda name: -len(tree.files[name])):
        yield replace(tree, files={other: content for other, content in tree.files.items() if other != name})
    for name in sorted(tree.files, key=lambda name: -len(tree.files[name])):
        lines = tree.files[name].decode("utf-8", "surrogateescape").split("\n")
        for start, end in sorted(blocks(lines), key=lambda block: block[0] - block[1]):
            text = "\n".join(lines[:start] + lines[end:]).encode("utf-8", "surrogateescape")
            yield replace(tree, files={**tree.files, name: text})
    for name in sorted(tree.files):
        lines = tree.files[name].decode("utf-8", "surrogateescape").split("\n")
        for number, line in enumerate(lines):
            if not line.strip() or re.match(r"\s*- ?\Z", line):
                text = "\n".join(lines[:number] + lines[number + 1 :]).encode("utf-8", "surrogateescape")
                yield replace(tree, files={**tree.files, name: text})


def shape(found: Difference) -> tuple[str, int, int, str]:
    """What has to stay the same while a tree shrinks: otherwise it would become another difference."""
    words = re.sub(r"[^a-z ]", "", found.reference.last_line.lower())[:40] if found.kind == "error" else ""
    return found.kind, found.reference.status, found.ours.status, words


def shrink(binary: Path, tree: Tree, found: Difference, folder: Path, seconds: float = 60) -> tuple[Tree, Difference]:
    """The smallest tree found in some time that differs in the same way."""
    wanted = shape(found)
    end = time.monotonic() + seconds
    again = True
    while again:
        again = False
        for candidate in smaller(tree):
            if time.monotonic() > end:
                return tree, found
            _, difference = compare(binary, candidate, folder)
            if difference is not None and shape(difference) == wanted:
                tree, found, again = candidate, difference, True
                break
    return tree, found
