"""The fold: a loaded tree becomes resources, in the reference's order, with no I/O of its own.

Per kustomization: resources (bases first, each folded on its own), transformer configuration, generators, components (on
the parent's list), transformers, validators, vars. Held load failures are raised when the fold arrives at them.
Source: kustomize v5.8.1, `KustTarget.accumulateTarget` and what it calls.
"""

from __future__ import annotations

from kbuild.accumulate import plugins
from kbuild.model.errors import CrashError, KbuildError, KustomizationError
from kbuild.model.quote import go_quote
from kbuild.model.resources import Resources
from kbuild.model.scalars import is_null
from kbuild.model.tree import BaseEntry, FileEntry, LoadFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.accumulate.fold import Fold
    from kbuild.fields.configuration import TransformerConfig
    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.shared import Built
    from kbuild.model.tree import Node

    Entries = list[FileEntry | BaseEntry | LoadFailure]


class Accumulator:
    """What has come up so far: resources, transformer configuration (None: only the defaults), vars.

    Shape: `has_defaults` says that some configuration was merged before, so that the defaults are there; `is_latest` that
    they are those of later versions.
    """

    __slots__ = ("config", "has_defaults", "is_latest", "resources", "vars")

    def __init__(self, is_latest: bool) -> None:
        self.resources, self.is_latest = Resources(), is_latest
        self.has_defaults = False
        self.config: TransformerConfig | None = None
        self.vars: list[Any] = []

    def merge(self, other: Accumulator) -> None:
        """Append what a base brought up. Raises: DuplicateIdError, KbuildError for conflicting configuration or vars."""
        self.resources.extend(other.resources.items)
        self.merge_config(other.config)
        if other.vars:
            from kbuild.finish import vars as build_vars

            self.vars = build_vars.merge_sets(self.vars, other.vars)

    def merge_config(self, config: TransformerConfig | None) -> None:
        """Merge transformer configuration (None: the defaults) onto this one.

        Raises: KbuildError, for conflicting field specs.
        """
        if self.config is None and (config is None or config.is_default):
            self.has_defaults = True
            return
        from kbuild.fields.configuration import TransformerConfig

        defaults = TransformerConfig.default(is_latest=self.is_latest)
        # The first one goes onto an empty configuration, which drops specs that another one of it covers.
        start = defaults if self.has_defaults else TransformerConfig({})
        self.config = (self.config or start).merged(config or defaults)
        self.has_defaults = True

    def merge_onto_nothing(self) -> None:
        """Merge the configuration onto an empty one. Raises: KbuildError, for conflicting field specs."""
        if self.config is not None:
            self.config = type(self.config)({}).merged(self.config)


def accumulate_root(node: Node, fold: Fold) -> Accumulator:
    """Fold the whole tree. Raises: KbuildError, the first failure in the reference's order."""
    if node.built is not None:
        return from_built(node.built, fold)
    enter(node, fold)
    return accumulate(node, fold, Accumulator(fold.options.is_latest))


def from_built(built: Built, fold: Fold) -> Accumulator:
    """What an earlier render made of a base."""
    for line in built.warnings:
        fold.warn(line)
    fold.counters.copies += len(built.resources)
    found = Accumulator(fold.options.is_latest)
    found.resources.extend([resource.copy() for resource in built.resources])
    found.config, found.has_defaults = built.config, built.has_defaults
    if built.uses_schema:
        fold.schema()
    fold.plugin_types |= built.plugin_types
    return found


def accumulate_base(node: Node, fold: Fold) -> Accumulator:
    """Fold a base on its own, and keep the result for later renders where it depends on nothing else."""
    shared = fold.shared if node.is_shareable else None
    if shared is None:
        return accumulate(node, fold, Accumulator(fold.options.is_latest))
    lines, reads, schema = len(fold.lines), fold.counters.reads, fold.put_schema_away()
    types, fold.plugin_types = fold.plugin_types, frozenset()
    found = accumulate(node, fold, Accumulator(fold.options.is_latest))
    uses_schema = fold.take_schema_back(schema)
    own_types, fold.plugin_types = fold.plugin_types, fold.plugin_types | types
    if not found.vars and reads == fold.counters.reads:
        fold.counters.copies += len(found.resources)
        from kbuild.model.shared import Built

        built = Built(node, [resource.copy() for resource in found.resources], found.config)
        built.warnings = (*node.warnings, *fold.lines[lines:])
        built.has_defaults, built.uses_schema = found.has_defaults, uses_schema
        built.plugin_types = own_types
        shared.keep("built", node.root, built, sum(size for _, size in node.reads))
    return found


def enter(node: Node, fold: Fold, *, is_root: bool = True) -> None:
    """Report a kustomization's warnings, raise its failure, take its schema."""
    for line in node.warnings:
        fold.warn(line)
    if node.failure is not None:
        if not is_root:
            node.failure.error.within(f"couldn't make target for path '{node.root}'")
        node.failure.error.walk = (*fold.walk, node.root)
        raise node.failure.error
    if "openapi" in node.fields:
        try:
            fold.take_openapi(node, is_root=is_root)
        except KbuildError as error:
            raise plugins.located(error, node, ("openapi",)) from None


def accumulate(node: Node, fold: Fold, into: Accumulator) -> Accumulator:
    """Fold one kustomization onto `into` (empty for a base, the parent's for a component).

    Mutates: `into`. Raises: KbuildError.
    """
    fold.walk.append(node.root)
    fold.open.append(into.resources)
    fields, context, outer = node.fields, fold.context(node), fold.namespace
    fold.namespace = fields.get("namespace") or outer
    with_frame(accumulate_entries, "accumulating resources", node.resources, node, fold, into)
    merge_configurations(node, context, into)
    if any(name in fields for name in plugins.GENERATOR_FIELDS):
        plugins.run_generators(node, fold, into)
    if node.components:
        with_frame(accumulate_components, "accumulating components", node.components, fold, into)
    if any(name in fields for name in plugins.TRANSFORMER_FIELDS):
        plugins.run_transformers(node, fold, into)
    if "validators" in fields:
        plugins.run_validators(node, fold, into)
    if fields.get("vars"):
        from kbuild.finish import vars as build_vars

        known = len(into.vars)
        try:
            into.vars = build_vars.merge(into.vars, fields["vars"], into.resources)
        except KbuildError as error:
            raise plugins.located(error, node, ("vars",)) from None
        for number, var in enumerate(into.vars[known:]):
            var.entry = plugins.finder(node, ("vars", number))
    fold.walk.pop()
    fold.open.pop()
    fold.namespace = outer
    return into


def with_frame(step: Any, frame: str, *arguments: Any) -> None:
    """Run a step; an error gets the frame in front."""
    try:
        step(*arguments)
    except KbuildError as error:
        raise error.within(frame) from None


def accumulate_entries(entries: Entries, node: Node, fold: Fold, into: Accumulator) -> None:
    """The entries of a `resources` list (or of plugin configurations), in order."""
    for entry in entries:
        if type(entry) is FileEntry:
            append_file(entry, node, fold, into)
        elif type(entry) is LoadFailure:
            raise entry.error
        else:
            assert type(entry) is BaseEntry
            try:
                accumulate_directory(entry, fold, into, is_component=False)
            except KbuildError as error:
                raise error.within(f"accumulation err='{entry.file_error}'") from None


def append_file(entry: FileEntry, node: Node, fold: Fold, into: Accumulator) -> None:
    """Append a file's resources; where they clash, the entry is taken for a folder or a repository as well."""
    try:
        if fold.origins:
            for resource in entry.resources:
                check_annotations(resource, entry.path)
            fold.origins.mark_file(entry.resources, entry.path)
        if fold.has_more_scopes:
            fold.ask_scopes(entry.resources)
            for resource in entry.resources:
                resource.rescope(fold.scopes)
            fold.ask_scopes(into.resources)
        with_frame(into.resources.extend, f"merging resources from '{entry.path}'", entry.resources)
    except CrashError:
        raise
    except KbuildError as error:
        try:
            accumulate_directory(node.as_base(entry.path), fold, into, is_component=False)
        except KbuildError as second:
            error.reason = f"accumulation err='{error.reason}': {second.reason}"
            raise error from None


def check_annotations(resource: Resource, path: str) -> None:
    """Raise FieldError where there can be no annotation that says where a resource comes from."""
    meta = resource.body.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    if annotations is not None and type(annotations) is not dict and not is_null(annotations):
        from kbuild.fields.walk import wrong_kind

        error = wrong_kind("MappingNode", annotations)
        error.within(f"considering field 'metadata/annotations' of object {resource.id}").holder = resource
        raise error.within(f"cannot add path annotation for '{path}'").at_place(resource.position)


def accumulate_components(entries: Entries, fold: Fold, into: Accumulator) -> None:
    """The components in order, each on everything accumulated so far."""
    for entry in entries:
        if type(entry) is LoadFailure:
            raise entry.error
        assert type(entry) is BaseEntry
        try:
            accumulate_directory(entry, fold, into, is_component=True)
        except CrashError:
            raise
        except KbuildError as error:
            error.reason = f"accumulateDirectory: {go_quote(error.reason)}"
            raise


def accumulate_directory(entry: BaseEntry, fold: Fold, into: Accumulator, *, is_component: bool) -> None:
    """Fold a base on its own and merge it, or fold a component on what its parent has.

    Mutates: `into`. Raises: KbuildError, with the folder named.
    """
    node = entry.node
    if node.built is not None:
        found = from_built(node.built, fold)
    else:
        found = fold_directory(entry, fold, into, is_component=is_component)
    try:
        if is_component:
            # The reference merges all that its parent has onto nothing then.
            fold.ask_scopes(into.resources)
            into.resources.check_unique()
            into.merge_onto_nothing()
        else:
            if found.resources.items:
                fold.ask_scopes(into.resources)
            into.merge(found)
    except KbuildError as error:
        raise error.within(f"recursed merging from path '{node.root}'") from None


def fold_directory(entry: BaseEntry, fold: Fold, into: Accumulator, *, is_component: bool) -> Accumulator:
    """Fold a base on its own, or a component on what its parent has. Raises: KbuildError."""
    node = entry.node
    before = fold.enter(entry)
    enter(node, fold, is_root=False)
    check_kind(node, is_component=is_component)
    try:
        found = accumulate(node, fold, into) if is_component else accumulate_base(node, fold)
    except KbuildError as error:
        raise error.within(f"recursed accumulation of path '{node.root}'") from None
    fold.leave(before)
    return found


def check_kind(node: Node, *, is_component: bool) -> None:
    """Raise KustomizationError where a component stands for a base or the other way round."""
    kind = node.fields.get("kind")
    if is_component and kind != "Component":
        error = KustomizationError(f"expected kind 'Component' for path '{node.root}' but got '{kind}'")
        raise error.at_place(plugins.place_of(node, ("kind",)))
    if not is_component and kind == "Component":
        error = KustomizationError(f"expected kind != 'Component' for path '{node.root}'")
        raise error.at_place(plugins.place_of(node, ("kind",)))


def merge_configurations(node: Node, context: Context, into: Accumulator) -> None:
    """Merge `configurations` and `crds` onto what came up from the bases. Raises: KbuildError."""
    fields = node.fields
    if into.config is None and not fields.get("configurations") and not fields.get("crds"):
        into.has_defaults = True
        return
    from kbuild.fields.configuration import TransformerConfig

    config = TransformerConfig.default(is_latest=into.is_latest)
    if fields.get("configurations"):
        config = config.merged(plugins.read_configurations(node, context))
    try:
        into.merge_config(config)
    except KbuildError as error:
        raise error.within(f"merging config {config.go_text(is_latest=into.is_latest)}") from None
    if fields.get("crds"):
        from kbuild.fields import crds

        def read_all() -> TransformerConfig:
            return crds.configuration_from_crds([*crds.contents(fields["crds"], context)])

        try:
            from_crds = read_all()
        except KbuildError as error:
            error.within(f"loading CRDs [{' '.join(fields['crds'])}]")
            raise plugins.located(error, node, ("crds",)) from None
        try:
            into.merge_config(from_crds)
        except KbuildError as error:
            raise error.within(f"merging CRDs {from_crds.go_text(is_latest=into.is_latest)}") from None
