"""The state of one render while its tree is folded: options, schema, origins, counters. Nothing outlives the render."""

from __future__ import annotations

from kbuild.model.context import Context
from kbuild.model.errors import CrashError
from kbuild.model.tree import LoadFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from kbuild.accumulate.origins import Origins
    from kbuild.counters import Counters
    from kbuild.model.context import Helm, Observer, Programs
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Body
    from kbuild.model.shared import Shared
    from kbuild.model.tree import BaseEntry, Node
    from kbuild.options import Options


class Fold:
    """One render's state.

    Shape: `parse(text, name, scopes)` makes resources of a text; `warn(line)` adds a line to standard error; `walk` lists the
    folders being folded, outermost first; `namespace` is the nearest one that a kustomization on that way sets (for
    charts); `helm(root, scopes)` and `programs(root)` give a chart or a function of that folder its way to helm or to a program;
    `origins` is None unless `buildMetadata` asks for them; `lines` are the lines warned so far; `shared` is where renders
    keep what they did, if they share; `charts` are the folders in which one asked for helm.
    """

    __slots__ = (
        "_schema",
        "charts",
        "counters",
        "has_more_scopes",
        "helm",
        "lines",
        "memo",
        "namespace",
        "observer",
        "open",
        "options",
        "origins",
        "parse",
        "plugin_types",
        "programs",
        "schema_failure",
        "schema_is_set",
        "scopes",
        "shared",
        "walk",
        "warn",
    )

    def __init__(
        self,
        options: Options,
        *,
        scopes: frozenset[tuple[str, str]],
        parse: Callable[[str | bytes, str, frozenset[tuple[str, str]]], list[Resource]],
        warn: Callable[[str], None],
        memo: Any,
        counters: Counters,
        helm: Callable[[str, frozenset[tuple[str, str]]], Helm],
        programs: Callable[[str], Programs],
    ) -> None:
        self.options, self.scopes, self.parse, self.warn = options, scopes, parse, warn
        self.memo, self.counters = memo, counters
        self.helm, self.programs = helm, programs
        self.walk: list[str] = []
        self.open: list[Resources] = []
        self.plugin_types: frozenset[tuple[str, str]] = frozenset()
        self.has_more_scopes = False
        self.charts: list[str] = []
        self.namespace = ""
        self.origins: Origins | None = None
        self.observer: Observer | None = None
        self.lines: list[str] = []
        self.shared: Shared | None = None
        self._schema: Any = None
        self.schema_is_set = False
        self.schema_failure: CrashError | None = None

    def schema(self) -> Any:
        """The merge schema: the one a kustomization set, else the built-in one; loaded on first call.

        Raises: CrashError, for one that cannot be read.
        """
        if self.schema_failure is not None:
            raise self.schema_failure
        if self._schema is None:
            from kbuild.schema.schema import Schema

            self._schema = Schema.builtin()
        return self._schema

    def put_schema_away(self) -> Any:
        """Forget the schema, to see whether a base uses one; returns what `take_schema_back` needs."""
        schema, self._schema = self._schema, None
        return schema

    def take_schema_back(self, schema: Any) -> bool:
        """Have the schema from before again, if there was one; returns whether one was used meanwhile."""
        is_used = self._schema is not None
        self._schema = self._schema if schema is None else schema
        return is_used

    def take_openapi(self, node: Node, *, is_root: bool) -> None:
        """Use a kustomization's `openapi` unless a schema was set before. Raises: KbuildError."""
        settings = node.fields["openapi"] or {}
        # The file is read even where nobody wants it.
        content = read(node, settings["path"]) if "path" in settings else None
        if self.schema_is_set and not is_root:
            return
        from kbuild.schema import extend

        try:
            found, scoped = extend.schema_from_settings(settings, content, self.builtin_so_far())
        except CrashError as error:
            self.schema_failure, self.schema_is_set, self.has_more_scopes = error, True, True
            return
        if found is not None:
            self._schema, self.schema_is_set = found, True
        if scoped:
            self.scopes |= scoped
            self.has_more_scopes = True
            for resources in self.open:
                for resource in resources:
                    resource.rescope(self.scopes)
                    resources.touched(resource)

    def ask_scopes(self, resources: Iterable[Resource]) -> None:
        """Raise CrashError where the scope of a kind is only known to a schema that cannot be read."""
        if self.schema_failure is not None:
            from kbuild.schema import extend

            for resource in resources:
                if not extend.has_known_scope(resource.id.api_version, resource.id.kind):
                    raise self.schema_failure

    def builtin_so_far(self) -> str:
        """Whether the reference has used its built-in schema by now, or noted that it will have to.

        It does the latter when it sees a kind whose scope it does not know.
        """
        from kbuild.schema import extend

        if self._schema is not None:
            return extend.BUILTIN_BELOW
        types = {(resource.id.api_version, resource.id.kind) for resources in self.open for resource in resources}
        types |= self.plugin_types
        return extend.NO_BUILTIN if all(extend.has_known_scope(*found) for found in types) else extend.BUILTIN_ABOVE

    def context(self, node: Node) -> Context:
        """What the generators and transformers of one kustomization are handed."""
        return Context(
            read=lambda path: read(node, path),
            parse=lambda text, name: self.parse(text, name, self.scopes),
            schema=self.schema,
            scopes=self.scopes,
            warn=self.warn,
            counters=self.counters,
            memo=self.memo,
            helm=lambda: self.helm(node.root, self.scopes),
            programs=lambda: self.programs(node.root),
            shown=self.shown,
            restore=self.restore,
            ask=lambda resource: self.ask_scopes((resource,)),
            is_latest=self.options.is_latest,
            file=node.file,
            text=node.text,
        )

    def shown(self, resource: Resource) -> Body:
        """A body with all annotations that the reference keeps on it at this point."""
        from kbuild.documents.annotations import annotated

        return annotated(resource)

    def restore(self, resource: Resource) -> None:
        """Take origin annotations out of a body that came back from a plugin. Mutates: `resource`. Raises: KbuildError."""
        if self.origins is not None:
            self.origins.take(resource)

    def enter(self, entry: BaseEntry) -> Any:
        """Go into a base or component; returns what `leave` needs."""
        if self.origins is None:
            return None
        return self.origins.enter(entry)

    def leave(self, before: Any) -> None:
        """Come back from a base or component."""
        if self.origins is not None:
            self.origins.leave(before)


def read(node: Node, path: str) -> bytes:
    """A file of a kustomization: what load fetched, its held failure, or a read that only the fold could ask for.

    Raises: KbuildError.
    """
    found = node.files.get(path)
    if found is None:
        return node.read_more(path)  # type: ignore[no-any-return]
    if type(found) is LoadFailure:
        raise found.error
    return found  # type: ignore[return-value]
