"""Generators, transformers and validators of one kustomization: all configured first, then run in order.

Configuring everything before anything runs decides which error comes first.
Source: kustomize v5.8.1, `kusttarget_configplugin.go`, `runGenerators`, `runTransformers`, `runValidators`.
"""

from __future__ import annotations

from kbuild.accumulate import builtins
from kbuild.documents.origin_text import ORIGIN_KEY
from kbuild.model.errors import ConfigurationError, KbuildError, Position, YamlError
from kbuild.model.scalars import text_of
from kbuild.model.tree import FileEntry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from kbuild.accumulate.fold import Fold
    from kbuild.accumulate.layers import Accumulator
    from kbuild.fields.configuration import TransformerConfig
    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.tree import Node

    # Where an entry is in its kustomization.
    Path = tuple[str | int, ...]
    # (kind, configuration, its text for errors or None, where its entry is)
    Step = tuple[str, dict[str, Any], str | None, Path]
    # (what runs, its origin or None, where its entry or the configuration of its plugin is)
    Ready = tuple[Any, Any, Path | Position]

GENERATOR_FIELDS = ("configMapGenerator", "secretGenerator", "helmCharts", "generators")
TRANSFORMER_FIELDS = (
    "patchesStrategicMerge", "patches", "namespace", "namePrefix", "nameSuffix", "labels", "commonLabels",
    "commonAnnotations", "patchesJson6902", "replicas", "images", "replacements", "transformers",
)  # fmt: skip


def run_generators(node: Node, fold: Fold, into: Accumulator) -> None:
    """Configure all generators, then let each add, merge or replace. Mutates: `into`."""
    context, fields = fold.context(node), node.fields
    ready: list[Ready] = []
    for field, kind in (("configMapGenerator", "ConfigMapGenerator"), ("secretGenerator", "SecretGenerator")):
        for number, entry in enumerate(fields.get(field) or ()):
            config = with_global_options(entry, fields.get("generatorOptions"))
            ready.append(configured((kind, config, None, (field, number)), node, fold, context))
    for number, entry in enumerate(fields.get("helmCharts") or ()):
        config, text = chart_configuration(entry, fields.get("helmGlobals"), fold.namespace)
        step = ("HelmChartInflationGenerator", config, text, ("helmCharts", number))
        ready.append(configured(step, node, fold, context))
    try:
        for resource in plugin_configurations("generators", node, fold):
            ready.append((*external(resource, fold, context, is_generator=True), resource.position))
    except KbuildError as error:
        raise error.within("loading generator plugins") from None
    from kbuild.generators.absorb import absorb

    for generator, origin, path in ready:
        try:
            made = generator.generate()
        except KbuildError as error:
            raise located(error, node, path) from None
        if fold.origins is not None:
            fold.origins.generated(made, origin)
        fold.ask_scopes(made)
        fold.ask_scopes(into.resources)
        try:
            absorb(into.resources, made, check_origin, is_latest=into.is_latest)
        except KbuildError as error:
            raise located(error.within("merging from generator &{0x0 <nil>}"), node, path) from None


def check_origin(resource: Resource) -> None:
    """Raise ConfigurationError or YamlError where a resource says where it is from, in words that cannot be read."""
    meta = resource.body.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    text = annotations.get(ORIGIN_KEY) if type(annotations) is dict else None
    if type(resource.origin) is str or text is not None:
        from kbuild.accumulate.origin_reading import read_origin

        read_origin(resource.origin if type(resource.origin) is str else text_of(text))


def configured(step: Step, node: Node, fold: Fold, context: Context) -> Ready:
    """A builtin made ready to run. Raises: KbuildError, with the place of its entry."""
    kind, config, text, path = step
    origin = fold.origins.builtin(kind, base_name(node)) if fold.origins else None
    try:
        return builtins.configure(kind, config, context, text), origin, path
    except KbuildError as error:
        raise located(error, node, path) from None


def place_of(node: Node, path: Path) -> Position:
    """Where something is in the kustomization file."""
    from kbuild.documents.positions import locate

    return Position(node.file, *locate(node.text, path))


def finder(node: Node, path: Path) -> Callable[[], Position]:
    """The same, looked for when it is wanted."""
    return lambda: place_of(node, path)


def located(error: KbuildError, node: Node, path: Path | Position) -> KbuildError:
    """Say which entry of the kustomization, or which plugin, asked for what failed: as the place, or beside one that is known."""
    place = path if isinstance(path, Position) else place_of(node, (*path, *error.path))
    return error.see("asked for at", place) if error.position else error.at_place(place)


def chart_configuration(
    entry: dict[str, Any], shared: dict[str, Any] | None, namespace: str
) -> tuple[dict[str, Any], str]:
    """(a `helmCharts` entry with the globals, and the nearest namespace where it sets none; its text for errors)."""
    from kbuild.documents.generic import to_json_values
    from kbuild.documents.writer import marshal

    merged = {**(shared or {}), **entry}
    merged["namespace"] = merged.get("namespace") or namespace
    # Values inside are as they were written: only fields of the entry itself are left out when empty.
    config = to_json_values({name: value for name, value in merged.items() if value not in ("", [], {}, False)})
    return config, marshal(config)


def with_global_options(entry: dict[str, Any], shared: dict[str, Any] | None) -> dict[str, Any]:
    """A generator's arguments with `generatorOptions` merged in: local texts win, switches are OR-ed."""
    if not shared:
        return entry
    local = entry.get("options") or {}
    options = {**shared, **local}
    for name in ("labels", "annotations"):
        if shared.get(name) or local.get(name):
            options[name] = {**(shared.get(name) or {}), **(local.get(name) or {})}
    for name in ("disableNameSuffixHash", "immutable"):
        options[name] = bool(shared.get(name) or local.get(name))
    return {**entry, "options": options}


def run_transformers(node: Node, fold: Fold, into: Accumulator) -> None:
    """Configure all transformers, then run them one after the other. Mutates: `into`."""
    context, origins = fold.context(node), fold.origins
    ready = [
        configured(step, node, fold, context)
        for step in builtin_transformers(node.fields, into.config, is_latest=fold.options.is_latest)
    ]
    for resource in plugin_configurations("transformers", node, fold):
        ready.append((*external(resource, fold, context, is_generator=False), resource.position))
    resources = into.resources
    fold.ask_scopes(resources if ready else ())
    observer = fold.observer
    if observer is not None:
        observer.configured(node, [transformer for transformer, _, _ in ready])
    for group in batches(ready):
        if observer is not None:
            observer.before([transformer for transformer, _, _ in group], resources, fold.schema)
        try:
            run_batch(group, resources)
        except KbuildError as error:
            raise located(error, node, group[0][2]) from None
        for _, origin, _ in group:
            if origin is not None and origins is not None:
                origins.transformed(resources, origin)
        resources.drop_empty()
        for resource in resources.items:
            if resource.twins:
                resource.follow_twins()


def batches(ready: list[Ready]) -> list[list[Ready]]:
    """Neighbours that can share one walk over all resources (image entries) put together, the rest alone."""
    result: list[list[Ready]] = []
    for item in ready:
        if result and type(item[0]).__name__ == "ImageTagTransformer" and type(result[-1][0][0]) is type(item[0]):
            result[-1].append(item)
        else:
            result.append([item])
    return result


def run_batch(group: list[Ready], resources: Resources) -> None:
    """Run one transformer, or several image entries in one walk."""
    if len(group) == 1:
        group[0][0].transform(resources)
        return
    from kbuild.transformers import images

    images.transform_all([transformer for transformer, _, _ in group], resources)


def builtin_transformers(
    fields: dict[str, Any], config: TransformerConfig | None, *, is_latest: bool = False
) -> Iterator[Step]:
    """The fields that transform, in the reference's order. Raises: KbuildError, where it comes to conflicting field specs."""
    found: list[Step] = []
    if config is None:
        from kbuild.fields.configuration import TransformerConfig

        config = TransformerConfig.default(is_latest=is_latest)

    def one(kind: str, field: str, key: str, specs: Any) -> None:
        if fields.get(field):
            found.append((kind, {key: fields[field], "fieldSpecs": specs}, None, (field,)))

    def each(kind: str, field: str, make: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        for number, entry in enumerate(fields.get(field) or ()):
            found.append((kind, make(entry), None, (field, number)))

    if fields.get("patchesStrategicMerge"):
        config_of_merge = {"paths": fields["patchesStrategicMerge"]}
        found.append(("PatchStrategicMergeTransformer", config_of_merge, None, ("patchesStrategicMerge",)))
    each("PatchTransformer", "patches", lambda entry: entry)
    if fields.get("namespace"):
        meta = {"namespace": fields["namespace"]}
        found.append(("NamespaceTransformer", {"metadata": meta, "fieldSpecs": config.namespace}, None, ("namespace",)))
    one("PrefixTransformer", "namePrefix", "prefix", config.name_prefix)
    one("SuffixTransformer", "nameSuffix", "suffix", config.name_suffix)
    yield from found
    found.clear()
    if fields.get("labels") or fields.get("commonLabels"):
        yield from label_transformers(fields, config)
    one("AnnotationsTransformer", "commonAnnotations", "annotations", config.common_annotations)
    each("PatchJson6902Transformer", "patchesJson6902", old_json_patch)
    each("ReplicaCountTransformer", "replicas", lambda entry: {"replica": entry, "fieldSpecs": config.replicas})
    each("ImageTagTransformer", "images", lambda entry: {"imageTag": entry, "fieldSpecs": config.images})
    if fields.get("replacements"):
        # Written out and read again on the way to its transformer, an entry loses an empty list.
        entries = [entry if entry.get("targets") else {**entry, "targets": None} for entry in fields["replacements"]]
        replacements = {"replacements": entries}
        found.append(("ReplacementTransformer", replacements, None, ("replacements",)))
    yield from found


def old_json_patch(entry: dict[str, Any]) -> dict[str, Any]:
    """A `patchesJson6902` entry as the configuration of its transformer."""
    renamed = {"target": entry.get("target"), "path": entry.get("path"), "jsonOp": entry.get("patch")}
    return {key: value for key, value in renamed.items() if value is not None}


def label_transformers(fields: dict[str, Any], config: TransformerConfig) -> Iterator[Step]:
    """The `labels` entries, then `commonLabels`, which the reference runs without labels as well.

    Raises: KbuildError, for conflicting field specs.
    """
    from kbuild.fields.configuration import label_field_specs

    for number, entry in enumerate(fields.get("labels") or ()):
        pairs = {"labels": entry.get("pairs"), "fieldSpecs": label_field_specs(entry, config)}
        yield "LabelTransformer", pairs, None, ("labels", number)
    shared = {"labels": fields.get("commonLabels"), "fieldSpecs": config.common_labels}
    yield "LabelTransformer", shared, None, ("commonLabels",)


def plugin_configurations(field: str, node: Node, fold: Fold) -> Resources | list[Resource]:
    """The configurations of `generators`, `transformers` or `validators`, accumulated on their own: inline ones first.

    Raises: KbuildError.
    """
    entries = node.plugins.get(field)
    if not entries:
        return []
    from kbuild.accumulate.layers import Accumulator, accumulate_entries

    into = Accumulator(fold.options.is_latest)
    inline = [entry for entry in entries if type(entry) is FileEntry and not entry.path]
    for entry in inline:
        if fold.has_more_scopes:
            fold.ask_scopes(entry.resources)
        if fold.origins:
            fold.origins.mark_file(entry.resources, base_name(node))
        try:
            into.resources.extend(entry.resources)
        except KbuildError as error:
            kind = "generator" if field == "generators" else "transformer"
            raise error.within(f"configuring external {kind}") from None
    accumulate_entries([entry for entry in entries if entry not in inline], node, fold, into)
    fold.plugin_types |= {(found.id.api_version, found.id.kind) for found in into.resources}
    return into.resources


def external(resource: Resource, fold: Fold, context: Context, *, is_generator: bool) -> tuple[Any, Any]:
    """A configured plugin and its origin. Raises: KbuildError, for what is no builtin of the right sort."""
    try:
        plugin = load_plugin(resource, fold, context, is_generator=is_generator)
    except KbuildError as error:
        if is_generator:
            error.within("failed to load generator")
        raise error.at_place(resource.position) from None
    return plugin, fold.origins.custom(resource) if fold.origins else None


def load_plugin(resource: Resource, fold: Fold, context: Context, *, is_generator: bool) -> Any:
    """Configure one plugin. Raises: ConfigurationError."""
    found = resource.id
    place = resource.position
    if found.group or found.version != "builtin":
        if fold.options.enable_alpha_plugins:
            return load_external(resource, context)
        reason = f"external plugins disabled; unable to load external plugin '{resource.original_id.kind}'"
        raise ConfigurationError(reason).at_place(place)
    plugin = builtins.configure_plugin(resource, context)
    if builtins.is_generator(found.kind) != is_generator:
        wanted = "generator" if is_generator else "transformer"
        raise ConfigurationError(f"plugin {resource.original_id} not a {wanted}").at_place(place)
    return plugin


def load_external(resource: Resource, context: Context) -> Any:
    """A function, or an executable plugin. Raises: KbuildError."""
    from kbuild.functions.spec import function_spec

    place = resource.position
    try:
        spec = function_spec(resource)
        if spec is not None:
            from kbuild.functions.plugin import FunctionPlugin

            return FunctionPlugin(resource, spec, context)
        from kbuild.functions.executable import ExecutablePlugin

        return ExecutablePlugin(resource, context)
    except KbuildError as error:
        raise error.at_place(place) from None


def run_validators(node: Node, fold: Fold, into: Accumulator) -> None:
    """Run the validators: transformers that may change nothing but the label `validated-by`."""
    context = fold.context(node)
    from kbuild.accumulate.validators import check_unchanged, snapshot

    configurations = [*plugin_configurations("validators", node, fold)]
    validators = [external(resource, fold, context, is_generator=False)[0] for resource in configurations]
    for resource, validator in zip(configurations, validators, strict=True):
        before = snapshot(into.resources)
        # A validator gets a list of its own: what it adds or removes is lost.
        try:
            written = getattr(validator, "validate", validator.transform)(into.resources)
            check_unchanged(before, into.resources, written or ())
        except KbuildError as error:
            raise located(error, node, resource.position) from None


def read_configurations(node: Node, context: Context) -> TransformerConfig:
    """The files of `configurations`, merged in order. Raises: KbuildError, with the place of the entry."""
    from kbuild.fields.configuration import TransformerConfig

    merged = TransformerConfig({})
    for number, path in enumerate(node.fields["configurations"]):
        try:
            merged = merged.merged(read_configuration(path, context))
        except KbuildError as error:
            raise located(error, node, ("configurations", number)) from None
    return merged


def read_configuration(path: str, context: Context) -> TransformerConfig:
    """One file of `configurations`. Raises: KbuildError."""
    from kbuild.documents.compose import compose_config
    from kbuild.documents.config import text_of_config
    from kbuild.fields.configuration import TransformerConfig
    from kbuild.fields.structs import read_typed

    content = context.read(path)
    try:
        values = read_typed(content, context.memo, "TransformerConfig")
        # Only here the reference refuses equal keys.
        compose_config(text_of_config(content), strict=True, is_finite=False)
    except YamlError as error:
        error.position = Position(context.beside(path), error.line, error.column)
        raise error.within("error converting YAML to JSON") from None
    return TransformerConfig.from_fields({} if values is None else values, is_latest=context.is_latest)


def base_name(node: Node) -> str:
    """The name of the kustomization file."""
    return node.file.rpartition("/")[2]
