"""Generators, transformers and validators of one kustomization: all configured first, then run in order.

Configuring everything before anything runs decides which error comes first.
Source: kustomize v5.8.1, `kusttarget_configplugin.go`, `runGenerators`, `runTransformers`, `runValidators`.
"""

from __future__ import annotations

from kbuild.accumulate import builtins
from kbuild.model.errors import ConfigurationError, KbuildError
from kbuild.model.tree import FileEntry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.accumulate.fold import Fold
    from kbuild.accumulate.layers import Accumulator
    from kbuild.fields.configuration import TransformerConfig
    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.tree import Node

GENERATOR_FIELDS = ("configMapGenerator", "secretGenerator", "helmCharts", "generators")
TRANSFORMER_FIELDS = (
    "patchesStrategicMerge", "patches", "namespace", "namePrefix", "nameSuffix", "labels", "commonLabels",
    "commonAnnotations", "patchesJson6902", "replicas", "images", "replacements", "transformers",
)  # fmt: skip


def run_generators(node: Node, fold: Fold, into: Accumulator) -> None:
    """Configure all generators, then let each add, merge or replace. Mutates: `into`."""
    context, fields, origins = fold.context(node), node.fields, fold.origins
    ready: list[tuple[Any, Any]] = []
    for field, kind in (("configMapGenerator", "ConfigMapGenerator"), ("secretGenerator", "SecretGenerator")):
        for entry in fields.get(field) or ():
            config = with_global_options(entry, fields.get("generatorOptions"))
            origin = origins.builtin(kind, base_name(node)) if origins else None
            ready.append((builtins.configure(kind, config, context), origin))
    for entry in fields.get("helmCharts") or ():
        kind = "HelmChartInflationGenerator"
        config, text = chart_configuration(entry, fields.get("helmGlobals"), fold.namespace)
        origin = origins.builtin(kind, base_name(node)) if origins else None
        ready.append((builtins.configure(kind, config, context, text), origin))
    try:
        for resource in plugin_configurations("generators", node, fold):
            ready.append(external(resource, fold, context, is_generator=True))
    except KbuildError as error:
        raise error.within("loading generator plugins") from None
    from kbuild.generators.absorb import absorb

    for generator, origin in ready:
        made = generator.generate()
        for resource in made:
            if origin is not None and resource.origin is None:
                resource.origin = origin
        try:
            absorb(into.resources, made)
        except KbuildError as error:
            raise error.within("merging from generator &{0x0 <nil>}") from None


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
    ready: list[tuple[Any, Any]] = []
    for kind, config, text in builtin_transformers(node.fields, into.config):
        origin = origins.builtin(kind, base_name(node)) if origins else None
        ready.append((builtins.configure(kind, config, context, text), origin))
    for resource in plugin_configurations("transformers", node, fold):
        ready.append(external(resource, fold, context, is_generator=False))
    resources = into.resources
    observer = fold.observer
    if observer is not None:
        observer.configured(node, [transformer for transformer, _ in ready])
    for group in batches(ready):
        if observer is not None:
            observer.before([transformer for transformer, _ in group], resources, fold.schema)
        run_batch(group, resources)
        for _, origin in group:
            if origin is not None and origins is not None:
                origins.transformed(resources, origin)
        resources.drop_empty()
        for resource in resources.items:
            if resource.twins:
                resource.follow_twins()


def batches(ready: list[tuple[Any, Any]]) -> list[list[tuple[Any, Any]]]:
    """Neighbours that can share one walk over all resources (image entries) put together, the rest alone."""
    result: list[list[tuple[Any, Any]]] = []
    for item in ready:
        if result and type(item[0]).__name__ == "ImageTagTransformer" and type(result[-1][0][0]) is type(item[0]):
            result[-1].append(item)
        else:
            result.append([item])
    return result


def run_batch(group: list[tuple[Any, Any]], resources: Resources) -> None:
    """Run one transformer, or several image entries in one walk."""
    if len(group) == 1:
        group[0][0].transform(resources)
        return
    from kbuild.transformers import images

    images.transform_all([transformer for transformer, _ in group], resources)


def builtin_transformers(
    fields: dict[str, Any], config: TransformerConfig | None
) -> list[tuple[str, dict[str, Any], str | None]]:
    """(kind, configuration, text for errors or None) of the fields that transform, in the reference's order."""
    found: list[tuple[str, dict[str, Any], str | None]] = []
    if config is None:
        from kbuild.fields.configuration import TransformerConfig

        config = TransformerConfig.default()
    if fields.get("patchesStrategicMerge"):
        found.append(("PatchStrategicMergeTransformer", {"paths": fields["patchesStrategicMerge"]}, None))
    found += [("PatchTransformer", entry, None) for entry in fields.get("patches") or ()]
    if fields.get("namespace"):
        meta = {"namespace": fields["namespace"]}
        found.append(("NamespaceTransformer", {"metadata": meta, "fieldSpecs": config.namespace}, None))
    if fields.get("namePrefix"):
        found.append(("PrefixTransformer", {"prefix": fields["namePrefix"], "fieldSpecs": config.name_prefix}, None))
    if fields.get("nameSuffix"):
        found.append(("SuffixTransformer", {"suffix": fields["nameSuffix"], "fieldSpecs": config.name_suffix}, None))
    if fields.get("labels") or fields.get("commonLabels"):
        found += label_transformers(fields, config)
    if fields.get("commonAnnotations"):
        annotations = {"annotations": fields["commonAnnotations"], "fieldSpecs": config.common_annotations}
        found.append(("AnnotationsTransformer", annotations, None))
    for entry in fields.get("patchesJson6902") or ():
        renamed = {"target": entry.get("target"), "path": entry.get("path"), "jsonOp": entry.get("patch")}
        found.append(("PatchJson6902Transformer", {k: v for k, v in renamed.items() if v is not None}, None))
    for entry in fields.get("replicas") or ():
        found.append(("ReplicaCountTransformer", {"replica": entry, "fieldSpecs": config.replicas}, None))
    for entry in fields.get("images") or ():
        found.append(("ImageTagTransformer", {"imageTag": entry, "fieldSpecs": config.images}, None))
    if fields.get("replacements"):
        found.append(("ReplacementTransformer", {"replacements": fields["replacements"]}, None))
    return found


def label_transformers(
    fields: dict[str, Any], config: TransformerConfig
) -> list[tuple[str, dict[str, Any], str | None]]:
    """The `labels` entries, then always `commonLabels`. Raises: KbuildError, for conflicting field specs."""
    from kbuild.fields.configuration import label_field_specs

    found: list[tuple[str, dict[str, Any], str | None]] = []
    for entry in fields.get("labels") or ():
        specs = label_field_specs(entry, config)
        found.append(("LabelTransformer", {"labels": entry.get("pairs"), "fieldSpecs": specs}, None))
    shared = {"labels": fields.get("commonLabels"), "fieldSpecs": config.common_labels}
    return [*found, ("LabelTransformer", shared, None)]


def plugin_configurations(field: str, node: Node, fold: Fold) -> Resources | list[Resource]:
    """The configurations of `generators`, `transformers` or `validators`, accumulated on their own: inline ones first.

    Raises: KbuildError.
    """
    entries = node.plugins.get(field)
    if not entries:
        return []
    from kbuild.accumulate.layers import Accumulator, accumulate_entries

    into = Accumulator()
    inline = [entry for entry in entries if type(entry) is FileEntry and not entry.path]
    for entry in inline:
        if fold.origins:
            fold.origins.mark_file(entry.resources, base_name(node))
        try:
            into.resources.extend(entry.resources)
        except KbuildError as error:
            kind = "generator" if field == "generators" else "transformer"
            raise error.within(f"configuring external {kind}") from None
    accumulate_entries([entry for entry in entries if entry not in inline], node, fold, into)
    return into.resources


def external(resource: Resource, fold: Fold, context: Context, *, is_generator: bool) -> tuple[Any, Any]:
    """A configured plugin and its origin. Raises: KbuildError, for what is no builtin of the right sort."""
    try:
        plugin = load_plugin(resource, fold, context, is_generator=is_generator)
    except KbuildError as error:
        if is_generator:
            error.within("failed to load generator")
        raise
    return plugin, fold.origins.custom(resource) if fold.origins else None


def load_plugin(resource: Resource, fold: Fold, context: Context, *, is_generator: bool) -> Any:
    """Configure one plugin. Raises: ConfigurationError."""
    found = resource.id
    place = resource.position
    if found.group or found.version != "builtin":
        if fold.options.enable_alpha_plugins:
            return load_external(resource, context)
        reason = f"external plugins disabled; unable to load external plugin '{resource.original_id.kind}'"
        raise ConfigurationError(reason).at(place.file, place.line)
    plugin = builtins.configure_plugin(resource, context)
    if builtins.is_generator(found.kind) != is_generator:
        wanted = "generator" if is_generator else "transformer"
        raise ConfigurationError(f"plugin {resource.original_id} not a {wanted}").at(place.file, place.line)
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
        raise error.at(place.file, place.line) from None


def run_validators(node: Node, fold: Fold, into: Accumulator) -> None:
    """Run the validators: transformers that may change nothing but the label `validated-by`."""
    context = fold.context(node)
    from kbuild.accumulate.validators import check_unchanged, snapshot

    for resource in plugin_configurations("validators", node, fold):
        validator, _ = external(resource, fold, context, is_generator=False)
        before = snapshot(into.resources)
        # A validator gets a list of its own: what it adds or removes is lost.
        written = getattr(validator, "validate", validator.transform)(into.resources)
        check_unchanged(before, into.resources, written or ())


def read_configurations(paths: list[str], context: Context) -> TransformerConfig:
    """The files of `configurations`, merged in order. Raises: KbuildError."""
    from kbuild.documents.config import read_config
    from kbuild.fields.configuration import TransformerConfig

    merged = None
    for path in paths:
        config = TransformerConfig.from_fields(read_config(context.read(path), context.memo) or {})
        merged = config if merged is None else merged.merged(config)
    return merged or TransformerConfig.default()


def base_name(node: Node) -> str:
    """The name of the kustomization file."""
    return node.file.rpartition("/")[2]
