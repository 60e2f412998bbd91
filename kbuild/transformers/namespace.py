"""namespace: metadata, Namespace objects, role binding subjects and the configured fields.

Source: kustomize v5.8.1 `NamespaceTransformer`, `filters/namespace`.
"""

from __future__ import annotations

from kbuild.documents.history import store_previous_id
from kbuild.documents.resolve import ABSENT, string_set
from kbuild.fields.spec import ByKind, FieldSpec, field_specs
from kbuild.fields.subjects import BINDINGS, DEFAULT_ONLY, NOBODY, SERVICE_ACCOUNTS, set_subjects
from kbuild.fields.walk import SCALAR, Plan, scalar_setter, visit
from kbuild.model.errors import ConfigurationError, DuplicateIdError, FieldError, OutputError
from kbuild.model.quote import go_quote
from kbuild.model.scalars import is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json

_META_NAMESPACE, _META_NAME, _SUBJECTS = "metadata/namespace", "metadata/name", "subjects/namespace"


class NamespaceTransformer:
    """The namespace step. Config: metadata.namespace, fieldSpecs, unsetOnly, setRoleBindingSubjects."""

    def __init__(self, config: dict[str, Any], _context: Context) -> None:
        self.namespace = str((config.get("metadata") or {}).get("namespace") or "")
        self.unset_only = bool(config.get("unsetOnly"))
        self.mode = config.get("setRoleBindingSubjects") or DEFAULT_ONLY
        if self.mode not in (DEFAULT_ONLY, NOBODY, SERVICE_ACCOUNTS):
            shown = ", ".join(go_quote(mode) for mode in (DEFAULT_ONLY, NOBODY))
            raise ConfigurationError(
                f"invalid value {go_quote(str(self.mode))} for setRoleBindingSubjects: "
                f"must be one of {shown} or {go_quote(SERVICE_ACCOUNTS)}"
            )
        specs = field_specs(config.get("fieldSpecs"))
        self.specs = ByKind(spec for spec in specs if spec.path != _META_NAMESPACE)
        self.meta = Plan([FieldSpec("", "", "", _META_NAMESPACE, True)], SCALAR)
        self.setter = scalar_setter(self.changed)

    def changed(self, old: Json) -> Json:
        """What becomes of a namespace scalar."""
        if self.unset_only and old is not ABSENT and not is_null(old) and text_of(old):
            return old
        return string_set(ABSENT if is_null(old) else old, self.namespace)

    def transform(self, resources: Resources) -> None:
        """Set the namespace everywhere. Mutates: bodies and histories.

        Raises: FieldError; DuplicateIdError, as soon as a resource arrives at an id that another one has.
        """
        if not self.namespace:
            return
        for resource in resources.items:
            if not resource.body or resource.helm_generated:
                continue
            store_previous_id(resource)
            try:
                self.set_in(resource)
            except FieldError as error:
                error.holder = resource
                raise error.at_place(resource.position) from None
            resources.touched(resource)
            matches = resources.with_id(resource.id.key())
            if len(matches) != 1:
                raise conflict(matches)

    def set_in(self, resource: Resource) -> None:
        """All fields of one resource. Mutates: its body. Raises: FieldError."""
        found = resource.id
        if not found.cluster_scoped:
            self.meta.visit(resource, self.setter)
        is_binding = found.kind in BINDINGS
        if is_binding:
            set_subjects(resource, self.mode, self.setter)
        try:
            for spec in self.specs.of(found.group, found.version, found.kind):
                if spec.path == _META_NAME and found.api_version != "v1":
                    continue
                if is_binding and spec.path == _SUBJECTS and spec.kind in BINDINGS:
                    continue
                visit(resource, spec, self.setter, SCALAR)
        except FieldError as error:
            if "wrong node kind" in error.reason and "but got ScalarNode" not in error.reason:
                raise error.within("namespace field specs must target scalar nodes") from None
            raise error.within("namespace transformation failed") from None


def conflict(matches: list[Resource]) -> DuplicateIdError:
    """The error for several resources at one id, with each as JSON."""
    from kbuild.documents.annotations import annotated_json

    error = DuplicateIdError("")
    texts = []
    for resource in matches:
        try:
            texts.append(annotated_json(resource))
        except OutputError as problem:
            texts.append(f"<{problem.reason}>")
            error.doubled, error.holder = problem.doubled, resource
    error.reason = f"namespace transformation produces ID conflict: [{' '.join(texts)}]"
    return error.at_place(matches[-1].position).see("first at", matches[0].position)
