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

# kind -> module
_GENERATORS = {
    "ConfigMapGenerator": "generators.config_maps",
    "SecretGenerator": "generators.config_maps",
    "IAMPolicyGenerator": "generators.iam_policy",
    "HelmChartInflationGenerator": "generators.helm_charts",
}
_TRANSFORMERS = {
    "AnnotationsTransformer": "transformers.annotations",
    "HashTransformer": "transformers.hashes",
    "ImageTagTransformer": "transformers.images",
    "LabelTransformer": "transformers.labels",
    "NamespaceTransformer": "transformers.namespace",
    "PatchJson6902Transformer": "transformers.patches_json6902",
    "PatchStrategicMergeTransformer": "transformers.patches_strategic_merge",
    "PatchTransformer": "transformers.patches",
    "PrefixSuffixTransformer": "transformers.prefix",
    "PrefixTransformer": "transformers.prefix",
    "SuffixTransformer": "transformers.prefix",
    "ReplacementTransformer": "transformers.replacements",
    "ReplicaCountTransformer": "transformers.replicas",
    "ValueAddTransformer": "transformers.value_add",
}


def load(kind: str) -> Any:
    """The class of a builtin kind, or None for an unknown one."""
    name = _GENERATORS.get(kind) or _TRANSFORMERS.get(kind)
    return getattr(__import__(f"kbuild.{name}", fromlist=[kind]), kind) if name else None


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

            spelled = without_empty({_SPELLED.get(key, key): value for key, value in config.items()})
            for shown, entry in zip(spelled.get("Replacements", ()), config.get("replacements") or (), strict=False):
                complete(shown, entry)
            text = marshal(spelled)
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
    from kbuild.documents.json_text import after_json

    try:
        return after_json(config)
    except OutputError as error:
        raise ConfigurationError(f"builtin {kind} marshal: {error.reason}") from None


def complete(shown: dict[str, Any], entry: dict[str, Any]) -> None:
    """Put into an entry of `replacements` what is printed although it is empty. Mutates: `shown`."""
    if entry.get("sourceValue") == "":
        shown["sourceValue"] = ""
    for target in shown.get("targets", ()):
        if target is not None:
            target.setdefault("select", None)


def configure_plugin(resource: Resource, context: Context) -> Any:
    """An instance for one `apiVersion: builtin` configuration.

    Raises: ConfigurationError, for an unknown kind or a refused configuration.
    """
    kind = resource.id.kind
    if kind not in _GENERATORS and kind not in _TRANSFORMERS:
        raise ConfigurationError(f"unable to load builtin {resource.id.gvk_text()}").at_place(resource.position)
    values = written(resource, context)
    if context.memo.trace is not None:
        values = context.memo.trace.renewed(values)
    try:
        found = load(kind)
        if hasattr(found, "check_options"):
            found.check_options(context)
        return found(decoded(kind, values), context)
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


def written(resource: Resource, context: Context) -> dict[str, Any]:
    """A plugin's configuration as YAML reads what is written out. Raises: ConfigurationError, without the plugin's frame."""
    from kbuild.documents.generic import to_yaml_values

    try:
        values: dict[str, Any] = to_yaml_values(context.shown(resource))
    except OutputError as error:
        unwritable = ConfigurationError(f"marshalling yaml from res {resource.original_id}: {error.reason}")
        unwritable.doubled, unwritable.holder = error.doubled, resource
        raise unwritable.at(resource.position.file, resource.position.line) from None
    return values


def decoded(kind: str, values: dict[str, Any]) -> Configuration:
    """The fields of a plugin's configuration. Raises: ConfigurationError."""
    from kbuild.fields.plugin_fields import PLUGINS
    from kbuild.fields.structs import decode_loosely

    struct = f"{kind}Plugin"
    try:
        # Prefixes are decoded by another library, which takes keys as they are written and any scalar as a text.
        result = Configuration(decode_loosely(values, struct) if struct in PLUGINS else values)
    except ConfigurationError as error:
        raise error.within(f"unmarshalling {kind} config") if kind == "NamespaceTransformer" else error from None
    result.written = values
    return result


# Fields that hold pointers to structs: printed even where the struct is empty.
_POINTERS = frozenset(["target", "options", "source", "select"])


def without_empty(value: Any) -> Any:
    """A configuration as Go prints it with `omitempty` and sorted keys: no empty texts, lists, maps and nulls."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {
            key: item
            for key, item in kept.items()
            if item not in ("", None, [], {}, False) or (item == {} and key in _POINTERS)
        }
    if type(value) is FieldSpec:
        parts = ("path", "group", "version", "kind", "create")
        return without_empty({part: getattr(value, part) for part in parts})
    if isinstance(value, (list, tuple)):
        return [without_empty(item) for item in value]
    return value
