"""The namespaces of a role binding's subjects.

Source: kustomize v5.8.1 `filters/namespace`.
"""

from __future__ import annotations

from kbuild.fields.walk import CREATED, wrong_kind
from kbuild.model.errors import FieldError
from kbuild.model.scalars import is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.fields.walk import Setter
    from kbuild.model.resource import Resource

DEFAULT_ONLY, NOBODY, SERVICE_ACCOUNTS = "defaultOnly", "none", "allServiceAccounts"
BINDINGS = ("RoleBinding", "ClusterRoleBinding")


def set_subjects(resource: Resource, mode: str, setter: Setter) -> None:
    """The subjects of a binding that the mode means. Mutates: the body. Raises: FieldError."""
    subjects = resource.body.get("subjects")
    if mode == NOBODY or subjects is None or is_null(subjects):
        return
    frame = "setting namespace on (cluster)role binding subjects"
    if type(subjects) is not list:
        error = wrong_kind("SequenceNode", subjects)
        error.holder = resource
        raise error.within(frame)
    field, wanted = ("name", "default") if mode == DEFAULT_ONLY else ("kind", "ServiceAccount")
    for subject in subjects:
        if type(subject) is not dict:
            if is_null(subject):
                continue
            raise (
                wrong_kind("MappingNode", subject)
                .within(f"looking up {field} on (cluster)role binding subject")
                .within(frame)
            )
        value = subject.get(field)
        if type(value) is dict or type(value) is list:
            looked = f"looking up {field} on (cluster)role binding subject"
            raise wrong_kind("ScalarNode", value).within(looked).within(frame)
        if value is not None and text_of(value) == wanted:
            if subject.get("namespace") is None or is_null(subject["namespace"]):
                subject["namespace"] = CREATED
            try:
                setter(subject, "namespace")
            except FieldError as error:
                raise error.within(frame) from None
