"""The builtin generators and transformers by kind: where each lives and which configuration keys it has.

Modules are imported when a build first needs them: a plain render pays for nothing else.
Source: kustomize v5.8.1, `builtinhelpers` and `LoadGenerator`/`LoadTransformer`.
"""

from __future__ import annotations

from kbuild.fields.spec import FieldSpec
from kbuild.model.errors import ConfigurationError, KbuildError, OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource

# kind -> (module, configuration keys of the plugin's struct)
_GENERATORS = {
    "ConfigMapGenerator": (
        "generators.config_maps",
        "metadata name namespace behavior literals files envs env options",
    ),
    "SecretGenerator": (
        "generators.config_maps",
        "metadata name namespace behavior literals files envs env options type",
    ),
    "IAMPolicyGenerator": ("generators.iam_policy", "metadata cloud kubernetesService serviceAccount projectId"),
    "HelmChartInflationGenerator": (
        "generators.helm_charts",
        (
            "chartHome configHome name version repo releaseName namespace additionalValuesFiles valuesFile valuesInline"
            " valuesMerge includeCRDs skipHooks apiVersions kubeVersion nameTemplate skipTests debug devel"
        ),
    ),
}
_TRANSFORMERS = {
    "AnnotationsTransformer": ("transformers.annotations", "annotations fieldSpecs"),
    "HashTransformer": ("transformers.hashes", ""),
    "ImageTagTransformer": ("transformers.images", "imageTag fieldSpecs"),
    "LabelTransformer": ("transformers.labels", "labels fieldSpecs"),
    "NamespaceTransformer": ("transformers.namespace", "metadata fieldSpecs unsetOnly setRoleBindingSubjects"),
    "PatchJson6902Transformer": ("transformers.patches_json6902", "target path jsonOp"),
    "PatchStrategicMergeTransformer": ("transformers.patches_strategic_merge", "paths patches"),
    "PatchTransformer": ("transformers.patches", "path patch target options"),
    "PrefixSuffixTransformer": ("transformers.prefix", "prefix suffix fieldSpecs"),
    "PrefixTransformer": ("transformers.prefix", "prefix fieldSpecs"),
    "SuffixTransformer": ("transformers.prefix", "suffix fieldSpecs"),
    "ReplacementTransformer": ("transformers.replacements", "replacements"),
    "ReplicaCountTransformer": ("transformers.replicas", "replica fieldSpecs"),
    "ValueAddTransformer": ("transformers.value_add", "value targets targetFilePath"),
}


def load(kind: str) -> Any:
    """The class of a builtin kind, or None for an unknown one."""
    entry = _GENERATORS.get(kind) or _TRANSFORMERS.get(kind)
    if entry is None:
        return None
    name = f"kbuild.{entry[0]}"
    module = __import__(name, fromlist=[kind])
    return getattr(module, kind)


# Fields of the reference's configurations without a name of their own for YAML.
_SPELLED = {"replacements": "Replacements"}


def configure(kind: str, config: dict[str, Any], context: Context, text: str | None = None) -> Any:
    """An instance for one entry of a kustomization file.

    `text` is the entry as the reference would print it in an error; made on demand when None.
    Raises: KbuildError, whose reason starts with `trouble configuring builtin KIND with config: `.
    """
    if _is_unusual(config):
        config = _as_marshalled(kind, config)
    try:
        return load(kind)(config, context)
    except KbuildError as error:
        if text is None:
            from kbuild.documents.writer import marshal

            spelled = {_SPELLED.get(key, key): value for key, value in config.items()}
            text = marshal(without_empty(spelled))
        raise error.within(f"trouble configuring builtin {kind} with config: `\n{text}`") from None


def _is_unusual(value: Any) -> bool:
    """Whether a configuration holds a text with other characters than ASCII's printable ones and C0 controls."""
    kind = type(value)
    if kind is str:
        return not value.isascii() or "\x7f" in value
    if kind is dict:
        return any(map(_is_unusual, value.values())) or any(map(_is_unusual, value))
    return kind is list and any(map(_is_unusual, value))


def _as_marshalled(kind: str, config: dict[str, Any]) -> Any:
    """A configuration after the reference wrote it as JSON and read that as YAML. Raises: ConfigurationError."""
    from kbuild.documents.generic import after_json

    try:
        return after_json(config)
    except OutputError as error:
        raise ConfigurationError(f"builtin {kind} marshal: {error.reason}") from None


def configure_plugin(resource: Resource, context: Context) -> Any:
    """An instance for one `apiVersion: builtin` configuration.

    Raises: ConfigurationError, for an unknown kind or a refused configuration.
    """
    kind = resource.id.kind
    if kind not in _GENERATORS and kind not in _TRANSFORMERS:
        raise ConfigurationError(f"unable to load builtin {resource.id.gvk_text()}").at_place(resource.position)
    from kbuild.documents.generic import to_json_values

    config = canonical_keys(kind, to_json_values(resource.body))
    try:
        return load(kind)(config, context)
    except KbuildError as error:
        error.at_place(resource.position)
        raise error.within(f"plugin {resource.original_id} fails configuration") from None


def is_generator(kind: str) -> bool:
    """Whether the builtin kind generates (else it transforms)."""
    return kind in _GENERATORS


class Configuration(dict):  # type: ignore[type-arg]
    """A plugin's configuration, with `written`: the same as the file spells it, for errors that show it."""

    __slots__ = ("written",)
    written: dict[str, Any]


def canonical_keys(kind: str, values: dict[str, Any]) -> Configuration:
    """The top-level keys in the spelling of the plugin's struct: Go matches them without regard to case."""
    keys = (_GENERATORS.get(kind) or _TRANSFORMERS[kind])[1].split()
    known = {key.lower(): key for key in keys}
    result = Configuration({known.get(key.lower(), key): value for key, value in values.items()})
    result.written = values
    return result


def without_empty(value: Any) -> Any:
    """A configuration as Go prints it with `omitempty` and sorted keys: no empty texts, lists, maps and nulls."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ("", None, [], {}, False)}
    if type(value) is FieldSpec:
        parts = ("path", "group", "version", "kind", "create")
        return without_empty({part: getattr(value, part) for part in parts})
    if isinstance(value, (list, tuple)):
        return [without_empty(item) for item in value]
    return value
