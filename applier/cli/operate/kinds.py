"""The kinds that the operator's commands know, by the words that name them.

Source: flux2 v2.9, its nouns and their spellings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from applier.agent.runtime import kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from applier.cluster.api import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A kind as the commands name it. Shape: `human` is what progress lines call it, `revision` how it names its revision."""

    collection: Collection
    human: str
    revision: str = ""

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.collection.kind


GIT = Noun(collection=kinds.GIT_REPOSITORIES, human="source git", revision="fetched revision")
KUSTOMIZATION = Noun(collection=kinds.KUSTOMIZATIONS, human="kustomization", revision="applied revision")
SOURCES = {"git": GIT}
NOUNS = {"kustomization": KUSTOMIZATION, "kustomizations": KUSTOMIZATION, "ks": KUSTOMIZATION}
SOURCE_WORDS = ("source", "sources")
ALL = "all"


def read_noun(words: Sequence[str]) -> tuple[Noun, list[str]] | None:
    """The noun at the start of a command's words, and the rest; None where there is none."""
    if words and words[0] in NOUNS:
        return NOUNS[words[0]], list(words[1:])
    if len(words) > 1 and words[0] in SOURCE_WORDS and words[1] in SOURCES:
        return SOURCES[words[1]], list(words[2:])
    return None
