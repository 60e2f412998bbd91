"""Random YAML read twice: by the fast and the full reader, and built by kbuild and by the reference.

A text that makes a difference is cut down to the least that still makes it.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from yaml_cases import DOCUMENT_PLACES, PLACES
from yaml_texts import HEAD, YAML, Grammar, edited, real_texts, torture_documents, torture_scalars

import kbuild
from kbuild.documents import compose, config, reader, resolve
from kbuild.documents.lines import Declined
from kbuild.model.scalars import NULL, OddKey, Quoted, Scalar

_OLD = PLACES["merge"]["r.yaml"]
_PATCHED = "resources: [r.yaml]\npatches:\n- path: p.yaml\n"
# Where a text is put for the `@`. What is read as configuration comes first.
FILES: dict[str, dict[str, str]] = {
    **DOCUMENT_PLACES,
    "json-patch": {**PLACES["json-patch"], "p.yaml": "@"},
    "patched": {"kustomization.yaml": _PATCHED, "r.yaml": "@", "p.yaml": HEAD + "data: {z: 1}\n"},
    "json-patched": {**PLACES["json-patch"], "r.yaml": "@", "p.yaml": "- {op: add, path: /zz, value: 1}\n"},
    "transformed": {
        "kustomization.yaml": "resources: [r.yaml]\ncommonLabels: {x: y}\nnamePrefix: p-\nnamespace: n\ncommonAnnotations: {q: r}\n",
        "r.yaml": "@",
    },
    "strategic": {
        "kustomization.yaml": "resources: [r.yaml]\npatchesStrategicMerge: [p.yaml]\n", "r.yaml": _OLD, "p.yaml": "@",
    },
    "file": {"kustomization.yaml": "configMapGenerator: [{name: g, files: [r.yaml]}]\n", "r.yaml": "@"},
    "variables": {"kustomization.yaml": "configMapGenerator: [{name: g, envs: [r.yaml]}]\n", "r.yaml": "@"},
}  # fmt: skip
_FIELDS = (
    "commonAnnotations",
    "namePrefix",
    "commonLabels",
    "metadata",
    "images",
    "replicas",
    "generatorOptions",
    "foo",
)
# The reference counts these lines in a text of its own, in which flow collections and comments stand as they were written.
_LINES = re.compile(r"line \d+: (mapping key .* already defined at) line \d+")


class Texts:
    """An endless source of texts. `corpora` may name a folder of real repositories."""

    def __init__(self, random: Random, corpora: Path | None = None) -> None:
        self.random = random
        self.grammar = Grammar(random, torture_scalars())
        self.documents = torture_documents()
        self.kustomizations = list(json.loads((YAML / "kustomizations.json").read_text()).values())
        self.real = real_texts(corpora, random, 300) if corpora is not None else self.documents

    def any(self) -> str:
        """A document by the grammar, of the torture set, or of a real repository; most of them edited."""
        choice = self.random.randrange(4)
        text = self.grammar.document() if choice < 2 else self.random.choice((self.documents, self.real)[choice - 2])
        return edited(self.random, text, self.random.randint(1, 3)) if choice else text

    def of(self, place: str) -> str:
        """A text that belongs into a place."""
        if place == "kustomization":
            if self.random.randrange(3):
                return edited(self.random, self.random.choice(self.kustomizations), self.random.randint(1, 3))
            return "resources: [r.yaml]\n" + self.random.choice(_FIELDS) + ":" + self.grammar.value("", " ", 1)
        if place == "json-patch":
            operation = self.random.choice(["add", "replace", "test"])
            text = f"- op: {operation}\n  path: /data/k\n  value:" + self.grammar.value("  ", " ", 1)
            return edited(self.random, text, self.random.randint(0, 2))
        return self.any()


def exact(value: Any) -> Any:
    """A body as tuples that are equal only where values, types and the order of keys are."""
    kind = type(value)
    if kind is dict:
        return "map", tuple((exact(key), exact(item)) for key, item in value.items())
    if kind is list:
        return "list", tuple(map(exact, value))
    if kind is OddKey:
        inside = exact(value.value[0]) if value.value else None
        return "key", value.text, value.tag, value.duplicate, value.quoted, inside
    if kind is Scalar:
        return (
            "null" if value.tag == NULL else "scalar",
            value.text,
            value.tag,
            value.quoted,
            value is resolve.FLOW_EMPTY,
        )
    return kind.__name__, str(value) if kind is Quoted else repr(value)


def fast(text: str, *, is_config: bool) -> Any:
    """What the line-based reader says, None where it declines."""
    try:
        if not is_config:
            return exact(reader.build(text, reader.Typing()))
        first = config.first_document(text)
        if len(first) < len(text):
            reader.check_characters(text)
        return exact(reader.build(first, config.config_typing()))
    except Declined:
        return None


def full(text: str, *, is_config: bool) -> Any:
    """What the full parser says."""
    try:
        if is_config:
            return exact(compose.compose_config(text))
        body = compose.compose(text)
        return exact(None if body is compose.NOTHING else body)
    except kbuild.KbuildError as error:
        return str(error)


def readers_differ(text: str, *, is_config: bool) -> tuple[str, str] | None:
    """What the two readers say, if the fast one says something else than the full parser."""
    text = text.replace("\r\n", "\n")
    quick = fast(text, is_config=is_config)
    if quick is None:
        return None
    slow = full(text, is_config=is_config)
    if quick == slow or (quick[0] in ("null", "NoneType") and slow[0] in ("null", "NoneType")):
        return None
    return f"full: {slow}", f"fast: {quick}"


class Builds:
    """Builds of texts in one folder, which holds nothing else."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.binary, self.folder = binary, folder

    def differ(self, place: str, text: str) -> tuple[str, str] | None:
        """What the reference and kbuild say, if that is not the same. A crash of the reference is no case."""
        for path in self.folder.iterdir():
            path.unlink()
        for name, template in FILES[place].items():
            (self.folder / name).write_bytes(template.replace("@", text).encode())
        try:
            wanted = self.reference()
            found = self.ours()
            if wanted[0] == "?" or masked(found) == masked(wanted):
                return None
            # Keys whose order depends on chance make it differ from itself.
            return (wanted, found) if all(self.reference() == wanted for _ in range(2)) else None
        except subprocess.TimeoutExpired:
            return None

    def reference(self) -> str:
        """`=` and the output, `!` and the error, or `?` of the reference."""
        done = subprocess.run([self.binary, "build", self.folder], capture_output=True, check=False, timeout=30)
        if done.returncode == 0:
            return "=" + done.stdout.decode()
        error = done.stderr.decode(errors="replace")
        return "!" + error[error.find("Error: ") + 7 :].rstrip("\n") if "Error: " in error else "?" + error

    def ours(self) -> str:
        """`=` and the output, or `!` and the error."""
        try:
            return "=" + kbuild.render(self.folder).to_yaml()
        except kbuild.KbuildError as error:
            return "!" + str(error).rstrip("\n")


def masked(answer: str) -> str:
    """An answer without what depends on where the source has comments and breaks, of which kbuild knows the usual ones only."""
    return answer if answer[0] == "=" else _LINES.sub(r"\1", answer.partition("node contents:\n")[0])


def shrunk(text: str, differs: Callable[[str], bool]) -> str:
    """The least of a text that still differs, as far as cutting finds it."""
    size = max(len(text) // 2, 1)
    while size:
        at = 0
        while at < len(text):
            shorter = text[:at] + text[at + size :]
            if differs(shorter):
                text = shorter
            else:
                at += size
        size //= 2
    return text


def reader_differences(texts: Texts, count: int) -> Iterator[str]:
    """Reports of texts that the two readers read differently."""
    for number in range(count):
        text = texts.any() if number % 3 else texts.of("kustomization")
        for is_config in (False, True):
            if readers_differ(text, is_config=is_config):
                least = shrunk(text, lambda cut: readers_differ(cut, is_config=is_config) is not None)  # noqa: B023
                yield report("config" if is_config else "body", least, readers_differ(least, is_config=is_config))


def build_differences(texts: Texts, builds: Builds, count: int) -> Iterator[str]:
    """Reports of texts whose builds differ from the reference's."""
    for _ in range(count):
        place = texts.random.choice(list(FILES))
        text = texts.of(place)
        found = builds.differ(place, text)
        if found is not None:
            kinds = [answer[0] for answer in found]

            def still(cut: str) -> bool:
                now = builds.differ(place, cut)  # noqa: B023
                return now is not None and [answer[0] for answer in now] == kinds  # noqa: B023

            least = shrunk(text, still)
            yield report(place, least, builds.differ(place, least))


def report(place: str, text: str, found: tuple[str, str] | None) -> str:
    """What to print of a difference."""
    return "\n".join([f"{place}: {text!r}", *(f"  {answer[:800]!r}" for answer in found or ())])
