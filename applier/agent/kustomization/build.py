"""An artifact's files to the objects that a Kustomization asks for: merged file, build, decryption, substitution.

All of it happens in memory: the artifact is a file system of its own, so that nothing outside it can be named.
Source: kustomize-controller v1, `build` and fluxcd/pkg `kustomize`.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

import kbuild
from applier.agent.kustomization import kfile
from applier.agent.kustomization.artifacts import ROOT
from applier.agent.kustomization.kfile import BuildError
from applier.agent.kustomization.substitution import SubstitutionError, check_names, substitute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Variables = Callable[[], Mapping[str, str]]

SUBSTITUTE, DECRYPT = "kustomize.toolkit.fluxcd.io/substitute", "kustomize.toolkit.fluxcd.io/decrypt"
ALWAYS = "Always"
MAX_UNKNOWN_FIELDS = 100
_UNKNOWN_FIELD = re.compile(r'invalid Kustomization: json: unknown field "([^"]+)"')
_MALFORMED = re.compile(r"^(failed to decode Kubernetes YAML from [^:]+: )(yaml: )")


class PathError(Exception):
    """The path of a Kustomization is not in its source: the sentence."""


def folder_of(path: str, fs: kbuild.FileSystem) -> str:
    """The folder that a Kustomization's path means; nothing leads out of the source. Raises: PathError."""
    inner = posixpath.normpath("/" + path)
    folder = ROOT if inner == "/" else f"{ROOT}{inner}"
    if not fs.is_dir(folder):
        raise PathError(f"kustomization path not found: stat {folder}: no such file or directory")
    return folder


def build(folder: str, fs: kbuild.FileSystem, spec: Mapping[str, Any]) -> kbuild.Result:
    """Build a folder with the spec's overrides. Raises: BuildError."""
    try:
        name, text = _kustomization(folder, fs, spec)
        for _ in range(MAX_UNKNOWN_FIELDS):
            try:
                return _render(folder, fs, name, text)
            except kbuild.KbuildError as problem:
                # Flux reads this one file without looking for unknown fields; those of bases are errors.
                text = _without(_UNKNOWN_FIELD.search(str(problem)), text or _read(fs, name))
                if not text:
                    raise
        return _render(folder, fs, name, text)
    except kbuild.KbuildError as problem:
        reason = _MALFORMED.sub(r"\1MalformedYAMLError: \2", str(problem))
        is_plain = reason.startswith("failed to decode Kubernetes YAML")
        place = f" ({_below_root(str(problem.position))})" if problem.position and not is_plain else ""
        raise BuildError(
            _below_root(reason) if is_plain else f"kustomize build failed: {_below_root(reason)}{place}"
        ) from None


def _render(folder: str, fs: kbuild.FileSystem, name: str, text: str) -> kbuild.Result:
    """Raises: KbuildError."""
    overlaid = kbuild.OverlayFileSystem(fs, {name: text}) if text else fs
    # The order of the files, as Flux builds: what is applied first is decided when it is applied.
    return kbuild.render(folder, fs=overlaid, load_restrictor="LoadRestrictionsNone", reorder="none")


def _read(fs: kbuild.FileSystem, name: str) -> str:
    return fs.read(name).decode("utf-8", "replace")


def _without(unknown: re.Match[str] | None, text: str) -> str:
    """A kustomization file without one of its fields; empty where that is none of its own."""
    fields = kbuild.read_configuration(text) if unknown is not None else None
    if unknown is None or not isinstance(fields, dict) or unknown[1] not in fields:
        return ""
    return kfile.text_of({name: value for name, value in fields.items() if name != unknown[1]})


def _below_root(text: str) -> str:
    """A text that names files from the source's root, and no folder of ours."""
    return text.replace(f"{ROOT}/", "").replace(ROOT, ".")


def _kustomization(folder: str, fs: kbuild.FileSystem, spec: Mapping[str, Any]) -> tuple[str, str]:
    """(the kustomization file of a folder, its text where it is not what the file says). Raises: BuildError, KbuildError."""
    name = next((found for found in kfile.NAMES if _is_there(f"{folder}/{found}", fs)), "")
    overrides = any(spec.get(override) for override in kfile.OVERRIDES)
    if name and not overrides:
        return f"{folder}/{name}", ""
    text = _read(fs, f"{folder}/{name}") if name else ""
    if not name:
        text = kbuild.generated_kustomization(folder, fs)
    existing = kbuild.read_configuration(text)
    if not isinstance(existing, dict):
        return f"{folder}/{name or kfile.NAMES[0]}", text
    merged = kfile.merged(existing, spec, lambda path: fs.is_dir(posixpath.normpath(f"{folder}/{path}")))
    return f"{folder}/{name or kfile.NAMES[0]}", kfile.text_of(merged)


def _is_there(path: str, fs: kbuild.FileSystem) -> bool:
    """Whether there is a file. A folder is not listed for it: what else comes up in it is no matter."""
    try:
        return bool(fs.real(path))
    except OSError:
        return False


def objects(
    result: kbuild.Result, spec: Mapping[str, Any], variables: Variables, *, is_strict: bool
) -> list[dict[str, Any]]:
    """The built objects with their variables replaced. Raises: BuildError.

    `variables` is called at the first object that may use them: what it raises names that object.
    """
    settings = spec.get("postBuild") or {}
    if not settings:
        return result.to_dicts()
    found: list[dict[str, Any]] = []
    known: Mapping[str, str] | None = None
    always = settings.get("substituteStrategy") == ALWAYS
    for resource, body in zip(result.resources, result.to_dicts(), strict=True):
        if is_disabled(body, SUBSTITUTE, exact=True):
            found.append(body)
            continue
        try:
            known = variables() if known is None else known
            found += [body] if not known and not always else _substituted(resource, known, is_strict=is_strict)
        except (SubstitutionError, VariablesError) as problem:
            prefix = "envsubst error: " if isinstance(problem, SubstitutionError) else ""
            raise BuildError(f"post build failed for '{shown_id(body)}': {prefix}{problem}") from None
    return found


class VariablesError(Exception):
    """Variables that cannot be had: the sentence."""


def _substituted(resource: kbuild.Resource, variables: Mapping[str, str], *, is_strict: bool) -> list[dict[str, Any]]:
    """One object as text, substituted and read again: what was a text may become a number. Raises: SubstitutionError."""
    check_names(variables)
    text = kbuild.Result((resource,), (), kbuild.Counters()).to_yaml()
    try:
        changed = substitute(text, variables, is_strict=is_strict)
    except SubstitutionError as problem:
        raise SubstitutionError(f"variable substitution failed: {problem}") from None
    try:
        read = kbuild.read_documents(changed)
    except kbuild.KbuildError as problem:
        raise SubstitutionError(f"YAMLToJSON: {problem}") from None
    return [body for body in read if isinstance(body, dict)]


def is_disabled(body: Mapping[str, Any], key: str, *, exact: bool = False) -> bool:
    """Whether a label or annotation of an object says `disabled`."""
    metadata = body.get("metadata") or {}
    for marks in (metadata.get("labels"), metadata.get("annotations")):
        value = str((marks or {}).get(key) or "")
        if (value if exact else value.lower()) == "disabled":
            return True
    return False


def shown_id(body: Mapping[str, Any]) -> str:
    """An object as build errors name it: `Kind.version.group/name`."""
    group, slash, version = str(body.get("apiVersion") or "").rpartition("/")
    name = (body.get("metadata") or {}).get("name") or ""
    return f"{body.get('kind')}.{version}.{group if slash else '[noGrp]'}/{name}"


def digest_of_bodies(bodies: Sequence[Mapping[str, Any]]) -> str:
    """`sha256:` of what was built: of the empty text for nothing."""
    text = "".join(json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n" for body in bodies)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
