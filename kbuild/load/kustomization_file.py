"""Text of a kustomization file to its fields: strict, with old spellings turned into the new ones.

Source: kustomize v5.8.1 `Kustomization.Unmarshal`, `CheckDeprecatedFields`, `FixKustomization`, `CheckEmpty`,
`EnforceFields`; Go `encoding/json`.
"""

from __future__ import annotations

from kbuild.fields.structs import FieldMismatch, decode_struct, folded_name, suggestion
from kbuild.model.errors import KustomizationError, YamlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Fields = dict[str, Any]

_FIX = "Run 'kustomize edit fix' to update your Kustomization automatically."
DEPRECATED = (
    ("bases", "resources", ""),
    ("commonLabels", "labels", ""),
    ("imageTags", "images", ""),
    ("patchesJson6902", "patches", ""),
    ("patchesStrategicMerge", "patches", ""),
    ("vars", "replacements", "[EXPERIMENTAL] "),
)
__all__ = ["check", "decode", "fix", "folded_name", "suggestion"]
KUSTOMIZATION, COMPONENT = "Kustomization", "Component"
CLAIMS = "includeVolumeClaimTemplates"
VERSIONS = {
    KUSTOMIZATION: "kustomize.config.k8s.io/v1beta1",
    COMPONENT: "kustomize.config.k8s.io/v1alpha1",
}


def decode(text: str | bytes, memo: Any = None, *, is_latest: bool = False) -> tuple[Fields, tuple[str, ...]]:
    """The fields that are set, under their canonical names, and the deprecation warnings.

    `is_latest` accepts what later versions of the reference accept.

    Raises: KustomizationError or YamlError, with `invalid Kustomization: ` in front.
    """
    from kbuild.documents.config import read_config

    try:
        value = read_config(text, memo)
    except YamlError as error:
        raise error.within("invalid Kustomization") from None
    try:
        later = take_later_fields(value) if is_latest else {}
        fields = decode_struct(value, "Kustomization") if value is not None else {}
        for at, flag in later.items():
            fields["labels"][at][CLAIMS] = flag
    except FieldMismatch as found:
        raise _located(found, text).within("invalid Kustomization") from None
    warnings = tuple(
        f"# Warning: '{old}' is deprecated. Please use '{new}' instead. {mark}{_FIX}"
        for old, new, mark in DEPRECATED
        if fields.get(old) is not None
    )
    return fields, warnings


def text_of(data: bytes) -> str:
    """The text to look for places in."""
    from kbuild.documents.config import lenient_text

    return lenient_text(data)


def take_later_fields(value: Any) -> dict[int, bool]:
    """Take the switches for volume claims out of the `labels` entries: by index. Mutates: `value`."""
    labels = value.get("labels") if type(value) is dict else None
    entries = labels if type(labels) is list else []
    return {
        at: entry.pop(CLAIMS)
        for at, entry in enumerate(entries)
        if type(entry) is dict and type(entry.get(CLAIMS)) is bool
    }


def _located(found: FieldMismatch, text: str | bytes) -> KustomizationError:
    from kbuild.documents.positions import locate

    line, column = locate(text if isinstance(text, str) else text_of(text), found.path)
    error = KustomizationError(found.reason)
    error.position = type(error.position)("", line, column)
    return error.advise(found.hint)


def fix(fields: Fields) -> None:
    """Defaults and old spellings: `bases`, `imageTags`, `env`, `helmChartInflationGenerator`. Mutates: `fields`."""
    fields["kind"] = fields.get("kind") or KUSTOMIZATION
    fields["apiVersion"] = (
        fields.get("apiVersion") or VERSIONS[COMPONENT if fields["kind"] == COMPONENT else KUSTOMIZATION]
    )
    for old, new in (("bases", "resources"), ("imageTags", "images")):
        if old in fields:
            added = fields.pop(old)
            if added or new in fields:
                fields[new] = [*fields.get(new, ()), *added]
    for name in ("configMapGenerator", "secretGenerator"):
        for entry in fields.get(name, ()):
            if entry.get("env"):
                entry["envs"] = [*entry.get("envs", ()), entry["env"]]
            entry.pop("env", None)
    if "helmChartInflationGenerator" in fields:
        _fix_helm(fields, fields.pop("helmChartInflationGenerator"))


_HELM_NAMES = {
    "chartName": "name", "chartVersion": "version", "chartRepoUrl": "repo", "values": "valuesFile",
    "valuesLocal": "valuesInline", "valuesMerge": "valuesMerge", "releaseName": "releaseName",
}  # fmt: skip


def _fix_helm(fields: Fields, old: list[Fields]) -> None:
    if not old:
        return
    charts = [{_HELM_NAMES[name]: value for name, value in entry.items() if name in _HELM_NAMES} for entry in old]
    fields["helmCharts"] = [*fields.get("helmCharts", ()), *charts]
    if "helmGlobals" not in fields:
        found = {}
        for entry in old:
            for name, target in (("helmHome", "configHome"), ("chartHome", "chartHome")):
                if entry.get(name):
                    found[target] = entry[name]
        if found:
            fields["helmGlobals"] = found


# A scalar or pointer field that is set to its zero value counts as empty, a list or map does not.
_SCALARS = ("namePrefix", "nameSuffix", "namespace")


def is_empty(fields: Fields) -> bool:
    """Whether nothing but kind and apiVersion is set."""
    return not any(
        name not in ("kind", "apiVersion") and not (name in _SCALARS and not value) for name, value in fields.items()
    )


def check(fields: Fields, root: str) -> None:
    """Raise KustomizationError for an empty kustomization, or one of a wrong kind or version."""
    if is_empty(fields):
        raise KustomizationError("kustomization.yaml is empty")
    kind, version = fields["kind"], fields["apiVersion"]
    errors = []
    if kind not in VERSIONS:
        errors.append("kind should be Kustomization or Component")
    required = VERSIONS[COMPONENT if kind == COMPONENT else KUSTOMIZATION]
    if version != required:
        from kbuild.model.quote import go_format

        # The reference takes the sentence for a format.
        errors.append(go_format(f"apiVersion for {kind} should be {required}"))
    if errors:
        error = KustomizationError(f"Failed to read kustomization file under {root}:\n" + "\n".join(errors))
        raise error.below("apiVersion" if kind in VERSIONS else "kind")
