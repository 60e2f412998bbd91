"""A Kustomization built from local files, as the agent would build it from its source.

The Kustomization is the cluster's, or that of a file; the files are read where they are, and never written.
Source: flux2 v2.9 `build kustomization` and `diff kustomization`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import kbuild
from applier import keys
from applier.agent.kustomization import build, variables
from applier.agent.kustomization.kfile import BuildError
from applier.cli.operate import kinds, sops_masks
from applier.cli.operate.words import StoppedError
from kbuild.cli.flags import BOOL, LIST, TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cli.operate.call import Call
    from applier.model.ids import Body

    Object = dict[str, Any]

FLAGS = (
    Flag("path", TEXT, "the local folder that stands for spec.path", placeholder="DIR"),
    Flag("kustomization-file", TEXT, "take the Kustomization from this file", placeholder="FILE"),
    Flag("ignore-paths", LIST, "files to leave out, in gitignore's patterns (repeatable, or comma-separated)", placeholder="PATTERN"),
    Flag("strict-substitute", BOOL, "variables without value and default are an error"),
    Flag("recursive", BOOL, "build what Kustomizations in the output name, too", short="r"),
    Flag("local-sources", LIST, "where the files of sources are, for --recursive: Kind/namespace/name=DIR (repeatable, or comma-separated)",
         placeholder="SOURCE=DIR"),
    Flag("in-memory-build", BOOL, "accepted as in Flux: files are never written"),
)  # fmt: skip


@dataclass(slots=True)
class Built:
    """One Kustomization and its objects, in the order of the build. `inner` are those that were built below it."""

    owner: Body
    objects: list[Object] = field(default_factory=list)
    inner: list[Built] = field(default_factory=list)

    def all(self) -> list[Object]:
        """Its objects, and those of what was built below it."""
        found, waiting = list(self.objects), list(self.inner)
        while waiting:
            one = waiting.pop(0)
            found += one.objects
            waiting = [*one.inner, *waiting]
        return found


def folder_of(call: Call, *, shown_whole: bool = False) -> str:
    """The folder that the line names; one that is none is shown as given, or as a whole path. Raises: StoppedError."""
    path = str(call.values.get("path") or "")
    if not path or not os.path.isdir(path):
        raise StoppedError(f'invalid resource path "{os.path.abspath(path) if path and shown_whole else path}"')
    return os.path.realpath(path)


def name_of(call: Call) -> str:
    """The one name behind the noun. Raises: StoppedError."""
    noun, names = call.noun_and_names()
    if noun is not kinds.KUSTOMIZATION:
        raise StoppedError(f"only a Kustomization is built from files, not a {noun.kind}")
    if len(names) != 1:
        raise StoppedError("kustomization name is required")
    return names[0]


@dataclass(slots=True)
class Builder:
    """Builds Kustomizations. Shape: `sources` are folders by `Kind/namespace/name`; `offline` asks no cluster."""

    call: Call
    offline: bool
    ignored: tuple[str, ...]
    sources: Mapping[str, str]
    secrets: set[str] = field(default_factory=set)

    def build(self, name: str, folder: str) -> Built:
        """The named Kustomization from a folder. Raises: StoppedError, ApplierError."""
        return self._built(self._owner(name), folder)

    def _owner(self, name: str) -> Body:
        """The Kustomization: the file's with the cluster's status, or the cluster's. Raises: StoppedError, ApplierError."""
        file = str(self.call.values.get("kustomization_file") or "")
        live = None if self.offline else self.call.get(kinds.KUSTOMIZATION, name)
        if live is None and not self.offline and not self.call.values.get("ignore_not_found"):
            missing = f'kustomizations.kustomize.toolkit.fluxcd.io "{name}" not found'
            raise StoppedError(f"failed to get kustomization object: {missing}")
        if not file:
            if live is None:
                raise StoppedError("kustomization file is required when assuming new kustomizations")
            return live
        return {**from_file(file, name, self.call.namespace), "status": (live or {}).get("status") or {}}

    def _built(self, owner: Body, folder: str) -> Built:
        """Raises: StoppedError, ApplierError."""
        # A list and no recursion; what is built twice over is built once.
        root = Built(owner)
        waiting, seen = [(root, folder)], {_key(owner)}
        while waiting:
            one, place = waiting.pop(0)
            one.objects = self._objects(one.owner, place)
            if not self.call.values.get("recursive"):
                continue
            for body in one.objects:
                if _is_kustomization(body) and _key(body) not in seen:
                    seen.add(_key(body))
                    one.inner.append(Built(self._as_live(body)))
                    waiting.append((one.inner[-1], self._local(body)))
        return root

    def _as_live(self, body: Body) -> Body:
        """A Kustomization of the output with what the cluster knows of it. Raises: ApplierError."""
        if self.offline:
            return body
        there = self.call.elsewhere(str(body["metadata"].get("namespace") or self.call.namespace))
        live = there.get(kinds.KUSTOMIZATION, str(body["metadata"]["name"]))
        return {**body, "status": (live or {}).get("status") or {}}

    def _local(self, body: Body) -> str:
        """The folder of a Kustomization in the output. Raises: StoppedError."""
        spec, namespace = body.get("spec") or {}, str(body["metadata"].get("namespace") or self.call.namespace)
        reference = spec.get("sourceRef") or {}
        key = f"{reference.get('kind')}/{reference.get('namespace') or namespace}/{reference.get('name')}"
        if key not in self.sources:
            raise StoppedError(f"cannot get local path for {key} of kustomization {body['metadata']['name']}")
        folder = os.path.realpath(os.path.join(self.sources[key], str(spec.get("path") or "").lstrip("/")))
        if not os.path.isdir(folder):
            raise StoppedError(f'invalid resource path "{folder}"')
        return folder

    def _objects(self, owner: Body, folder: str) -> list[Object]:
        """The objects of one Kustomization, owner labels included, encrypted values masked. Raises: StoppedError."""
        spec = owner.get("spec") or {}
        fs: kbuild.FileSystem = kbuild.DiskFileSystem()
        if self.ignored:
            fs = kbuild.IgnoringFileSystem(fs, folder, self.ignored)
        try:
            result = build.build(folder, fs, spec)
            found = build.objects(
                result, spec, lambda: self._variables(owner), is_strict=bool(self.call.values.get("strict_substitute"))
            )
        except BuildError as problem:
            raise StoppedError(variables.masked(str(problem), self.secrets)) from None
        return [sops_masks.masked(owned(body, owner, self.call.namespace)) for body in found]

    def _variables(self, owner: Body) -> dict[str, str]:
        """The variables of an owner; offline, those of its spec alone. Raises: VariablesError."""
        spec = owner.get("spec") or {}
        if not self.offline:
            namespace = str(owner["metadata"].get("namespace") or self.call.namespace)
            return variables.read(self.call.cluster.reader, namespace, spec, self.secrets)
        inline = (spec.get("postBuild") or {}).get("substitute") or {}
        return {name: str(value).replace("\n", "") for name, value in inline.items()}


def builder_of(call: Call, *, offline: bool = False) -> Builder:
    """The builder that a line asks for. Raises: StoppedError."""
    file = call.values.get("kustomization_file")
    if file and not os.path.isfile(str(file)):
        raise StoppedError(f'invalid kustomization file "{file}"')
    sources = {}
    for entry in _listed(call, "local_sources"):
        key, equals, path = entry.partition("=")
        if not equals:
            raise StoppedError(f"{entry} must be formatted as key=value")
        sources[key] = path
    return Builder(call, offline, tuple(_listed(call, "ignore_paths")), sources)


def _listed(call: Call, name: str) -> list[str]:
    return [word for text in call.values.get(name) or () for word in str(text).split(",") if word]


def from_file(path: str, name: str, namespace: str) -> Body:
    """The Kustomization of that name in a file. Raises: StoppedError."""
    try:
        with open(path, encoding="utf-8") as file:
            documents = kbuild.read_documents(file.read(), path)
    except (OSError, UnicodeDecodeError, kbuild.KbuildError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise StoppedError(f"failed to read kustomization file {path}: {reason}") from None
    for body in documents:
        if not isinstance(body, dict) or not _is_kustomization(body):
            continue
        metadata = body.get("metadata") or {}
        if metadata.get("name") == name and metadata.get("namespace") in (None, "", namespace):
            return {**body, "metadata": {**metadata, "namespace": metadata.get("namespace") or namespace}}
    raise StoppedError(f"failed find kustomization with name '{name}' and namespace '{namespace}' in file '{path}'")


def _is_kustomization(body: Mapping[str, Any]) -> bool:
    group = str(body.get("apiVersion") or "").partition("/")[0]
    return body.get("kind") == kinds.KUSTOMIZATION.kind and group == kinds.KUSTOMIZATION.collection.group


def _key(body: Body) -> tuple[str, str]:
    return str(body["metadata"].get("namespace") or ""), str(body["metadata"]["name"])


def owned(body: Body, owner: Body, namespace: str) -> Object:
    """An object with the common metadata of its Kustomization and with the two labels that name it."""
    common = (owner.get("spec") or {}).get("commonMetadata") or {}
    metadata = dict(body.get("metadata") or {})
    labels = {
        keys.FLUX_NAME: str(owner["metadata"]["name"]),
        keys.FLUX_NAMESPACE: str(owner["metadata"].get("namespace") or namespace),
    }
    metadata["labels"] = {**(metadata.get("labels") or {}), **(common.get("labels") or {}), **labels}
    if common.get("annotations"):
        metadata["annotations"] = {**(metadata.get("annotations") or {}), **common["annotations"]}
    return {**body, "metadata": metadata}
