"""One render from path to result: the passes in order. It decides nothing itself.

Source: kustomize v5.8.1, `krusty.Kustomizer.Run` and `makeCustomizedResMap`.
"""

from __future__ import annotations

from kbuild.accumulate.fold import Fold
from kbuild.accumulate.layers import accumulate_root
from kbuild.accumulate.plugins import located
from kbuild.counters import Counters
from kbuild.documents.reader import Memo
from kbuild.load import resource_file, tree
from kbuild.load.root import Access
from kbuild.model.errors import KbuildError
from kbuild.model.ids import CLUSTER_SCOPED, LATER_CLUSTER_SCOPED
from kbuild.result import Result
from kbuild.version import LATEST, REFERENCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.accumulate.layers import Accumulator
    from kbuild.again import Repeat
    from kbuild.documents.trace import Trace
    from kbuild.load.filesystem import FileSystem
    from kbuild.model.context import Helm, Observer, Programs
    from kbuild.model.resource import Resource
    from kbuild.model.shared import Shared
    from kbuild.model.tree import Node
    from kbuild.options import Options


def build(
    path: str,
    *,
    fs: FileSystem,
    options: Options,
    counters: Counters | None = None,
    warn: Callable[[str], None] | None = None,
    observer: Observer | None = None,
) -> Result:
    """Render the kustomization at `path`.

    `warn` is called with each line for standard error as it arises; the lines are in the result as well.
    `observer` looks on (kbuild/model/context.py). A file system that renders share (kbuild/load/sharing.py) brings what
    earlier ones with the same options left.
    Raises: KbuildError, with `walk` set to the folders from the root to where it happened.
    """
    counters = Counters() if counters is None else counters
    lines: list[str] = []

    def note(line: str) -> None:
        lines.append(line)
        if warn is not None:
            warn(line)

    def repeat(trace: Trace) -> list[Resource]:
        return run(path, Access(fs, Counters()), start(options, Counters(), lambda _: None, Memo(trace)), None)[1]

    shared: Shared | None = getattr(fs, "shared", None)
    fold = start(options, counters, note, Memo() if shared is None else shared.memo)
    fold.lines, fold.shared = lines, shared
    access = Access(fs, counters)
    try:
        node, resources = run(path, access, fold, observer)
    except KbuildError as error:
        if error.shown is not None or error.doubled is not None:
            from kbuild import again

            again.show(error, access, None if fold.charts else repeat)
        raise
    finally:
        access.close()
    result = Result(tuple(resources), tuple(lines), counters)
    result.files_read, result.left_out = tuple(node.access.files_read), node.left_out
    result.restate = lambda error, number: restate(error, access, None if fold.charts else repeat, number)
    return result


def start(options: Options, counters: Counters, note: Callable[[str], None], memo: Memo) -> Fold:
    """The state of a render that has not begun; `note` takes the lines for standard error."""
    charts: list[str] = []
    patch_memo = memo if memo.trace is None else Memo(memo.trace, is_patch=True)

    def parse(text: str | bytes, name: str, scopes: frozenset[tuple[str, str]]) -> list[Resource]:
        return resource_file.parse(text, name, scopes, patch_memo, counters)

    def helm(root: str, scopes: frozenset[tuple[str, str]]) -> Helm:
        from kbuild.load.helm import HelmRun

        charts.append(root)
        return HelmRun(root, options, scopes, memo, counters)

    def programs(root: str) -> Programs:
        from kbuild.load.program_run import ProgramRun

        return ProgramRun(root, options, counters)

    scopes = CLUSTER_SCOPED | LATER_CLUSTER_SCOPED if options.is_latest else CLUSTER_SCOPED
    # None of these refers to the fold: what refers to itself stays until somebody looks for it.
    fold = Fold(
        options,
        scopes=scopes,
        parse=parse,
        warn=note,
        memo=memo,
        counters=counters,
        helm=helm,
        programs=programs,
    )
    fold.charts = charts
    return fold


def run(path: str, access: Access, fold: Fold, observer: Observer | None) -> tuple[Node, list[Resource]]:
    """The passes: the tree, and its resources in output order. Raises: KbuildError."""
    try:
        node = tree.load(path, access, fold.options, fold.scopes, fold.memo, fold.shared)
        fold.observer = observer
        if observer is not None:
            observer.loaded(node)
        fields = node.fields
        if node.failure is None and fields.get("buildMetadata"):
            from kbuild.accumulate.origins import Origins

            fold.origins = Origins()
        return node, finish(accumulate_root(node, fold), node, fold)
    except KbuildError as error:
        error.walk = error.walk or tuple(fold.walk)
        raise


def restate(error: KbuildError, access: Access, repeat: Repeat | None, number: int) -> None:
    """Let an error of printing a resource show it, or its lines, as the reference writes it. Mutates: `error`."""
    from kbuild import again

    again.restate(error, access, repeat, number)


def finish(accumulated: Accumulator, node: Node, fold: Fold) -> list[Resource]:
    """What runs once, at the root: hashes, name references, vars, local-config, order, managed-by, annotations.

    Mutates: the accumulated resources. Raises: KbuildError.
    """
    resources, fields = accumulated.resources, node.fields
    if any(resource.needs_hash for resource in resources):
        from kbuild.transformers.hashes import HashTransformer

        HashTransformer({}, fold.context(node)).transform(resources)
    from kbuild.finish import name_references

    references = name_reference_table(accumulated)
    name_references.fix(resources, references, fold.context(node))
    if fold.observer is not None:
        fold.observer.referenced(resources, references)
    if accumulated.vars:
        from kbuild.finish import vars as build_vars

        build_vars.resolve(resources, accumulated.vars, var_reference_table(accumulated), fold.warn)
    from kbuild.finish import local_config, sort

    local_config.drop(resources)
    try:
        sort.order(resources, fields.get("sortOptions"), fold.options.reorder, fold.warn)
    except KbuildError as error:
        raise located(error, node, ("sortOptions", "order")) from None
    metadata = fields.get("buildMetadata") or ()
    if fold.options.enable_managedby_label or "managedByLabel" in metadata:
        add_managed_by(accumulated, node, fold)
    return finish_annotations(resources.items, metadata, fold)


def name_reference_table(accumulated: Accumulator) -> Any:
    """The name references of the whole build."""
    if accumulated.config is not None:
        return accumulated.config.name_reference
    from kbuild.fields.configuration import TransformerConfig

    return TransformerConfig.default().name_reference


def var_reference_table(accumulated: Accumulator) -> Any:
    """The fields in which vars are expanded."""
    if accumulated.config is not None:
        return accumulated.config.var_reference
    from kbuild.fields.configuration import TransformerConfig

    return TransformerConfig.default().var_reference


def add_managed_by(accumulated: Accumulator, node: Node, fold: Fold) -> None:
    """Label every resource with the version that it is built as. Mutates: the bodies."""
    from kbuild.transformers.labels import LabelTransformer

    config: dict[str, Any] = {
        "labels": {"app.kubernetes.io/managed-by": f"kustomize-{LATEST if fold.options.is_latest else REFERENCE}"},
        "fieldSpecs": [{"path": "metadata/labels", "create": True}],
    }
    LabelTransformer(config, fold.context(node)).transform(accumulated.resources)


def finish_annotations(resources: list[Resource], metadata: Any, fold: Fold) -> list[Resource]:
    """Write the wanted origin annotations and remove all others. Mutates: the bodies."""
    from kbuild.accumulate import origins

    with_origin, with_transformations = "originAnnotations" in metadata, "transformerAnnotations" in metadata
    for resource in resources:
        origins.strip(resource, keep_origin=with_origin, keep_transformations=with_transformations)
        if fold.origins is not None:
            fold.origins.write(resource, with_origin=with_origin, with_transformations=with_transformations)
    return resources
