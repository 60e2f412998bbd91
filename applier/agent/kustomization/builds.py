"""Builds that are kept: an artifact that differs only where a build never looked gives the same objects without a build.

In a repository of many Kustomizations most commits concern few of them. What is kept is the objects as packed JSON, and
every question that the build asked of its files; it is lost with the process, which costs one build.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any

from applier.agent.kustomization import build
from applier.agent.kustomization.artifacts import ROOT
from applier.agent.kustomization.asked import AskedFileSystem, answers_same
from applier.agent.kustomization.build import VariablesError
from applier.agent.kustomization.decryption import DecryptingFileSystem, decrypted_values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from applier.agent.kustomization.asked import Answer, Question
    from applier.agent.kustomization.decryption import Keyring
    from applier.agent.runtime.queue import Key
    from kbuild import FileSystem

# Everything of a spec that a build depends on; the rest is about applying.
_FIELDS = (
    "path", "targetNamespace", "namePrefix", "nameSuffix", "patches", "components", "ignoreMissingComponents", "images",
    "buildMetadata", "postBuild", "decryption",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is built.

    Shape: `artifact` is the digest of the files; `files` gives them, `variables` and `keyring` what the spec asks for
    (None for no decryption); `begun` is called once the path is known to be there.
    """

    key: Key
    spec: Mapping[str, Any]
    artifact: str
    files: Callable[[], FileSystem]
    variables: Callable[[], Mapping[str, str]]
    keyring: Callable[[], Keyring | None]
    begun: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Built:
    """The objects of a build, and `sha256:` of them."""

    bodies: list[dict[str, Any]]
    digest: str


@dataclass(slots=True)
class _Kept:
    artifact: str
    wants: bytes
    answers: Mapping[Question, Answer]
    packed: bytes
    digest: str

    def built(self) -> Built:
        return Built(json.loads(zlib.decompress(self.packed)), self.digest)


@dataclass(slots=True)
class Builds:
    """Builds Kustomizations. Safe to use from several threads. Shape: `count` says how many builds were really made."""

    is_strict: bool = True
    count: int = 0
    _kept: dict[Key, _Kept] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def objects(self, recipe: Recipe) -> Built:
        """The objects of a recipe. Raises: PathError, BuildError, and what `files` and `keyring` raise."""
        keyring = recipe.keyring()
        wants = _wants(recipe, keyring)
        kept = self._kept.get(recipe.key)
        fs = None
        if kept is not None and wants and kept.wants == wants:
            fs = None if kept.artifact == recipe.artifact else recipe.files()
            if fs is None or answers_same(fs, kept.answers):
                kept.artifact = recipe.artifact
                recipe.begun()
                return kept.built()
        asked = AskedFileSystem(recipe.files() if fs is None else fs)
        built, is_closed = self._build(recipe, asked, keyring)
        if wants and is_closed:
            packed = zlib.compress(json.dumps(built.bodies, separators=(",", ":")).encode(), 1)
            self._kept[recipe.key] = _Kept(recipe.artifact, wants, asked.answers, packed, built.digest)
        return built

    def forget(self, key: Key) -> None:
        """The Kustomization is gone."""
        self._kept.pop(key, None)

    def _build(self, recipe: Recipe, asked: AskedFileSystem, keyring: Keyring | None) -> tuple[Built, bool]:
        """(the objects, whether they depend on nothing but the artifact). Raises: PathError, BuildError."""
        folder = build.folder_of(str(recipe.spec.get("path") or "./"), asked)
        recipe.begun()
        with self._lock:
            self.count += 1
        fs = asked if keyring is None else DecryptingFileSystem(asked, keyring)
        result = build.build(folder, fs, recipe.spec)
        bodies = build.objects(result, recipe.spec, recipe.variables, is_strict=self.is_strict)
        if keyring is not None:
            bodies = [decrypted_values(body, keyring) for body in bodies]
        is_closed = all(path.startswith(f"{ROOT}/") for path in result.files_read)
        return Built(bodies, build.digest_of_bodies(bodies)), is_closed


def _wants(recipe: Recipe, keyring: Keyring | None) -> bytes:
    """The digest of everything besides the files that a build depends on; empty where that cannot be had."""
    try:
        variables = recipe.variables() if recipe.spec.get("postBuild") else {}
    except VariablesError:
        return b""  # the build will say for which object they are missing
    chosen = {name: recipe.spec.get(name) for name in _FIELDS}
    text = json.dumps([chosen, dict(variables), keyring.digest if keyring else ""], sort_keys=True)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
