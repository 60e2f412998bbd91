"""Resources that are only configuration of local tools are not printed.

Source: kustomize v5.8.1 `DropLocalNodes`, `IgnoreLocal`.
"""

from __future__ import annotations

from kbuild.fields.validation import validate
from kbuild.model.errors import ResourceError
from kbuild.model.scalars import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources

LOCAL_CONFIG = "config.kubernetes.io/local-config"


def drop(resources: Resources) -> None:
    """Check every resource once more, and drop those that are annotated as local configuration.

    Mutates: `resources`. Raises: ResourceError, DuplicateIdError.
    """
    unwanted = []
    for resource in resources.items:
        try:
            validate(resource.body)
        except ResourceError as error:
            raise refused(resource, error) from None
        if is_local(resource):
            unwanted.append(resource)
    resources.check_unique()
    resources.drop(unwanted)


def refused(resource: Resource, error: ResourceError) -> ResourceError:
    """The error about a resource that a transformation broke, with the annotations that the reference shows in it."""
    from kbuild.documents.annotations import annotated

    if type(resource.body) is dict:
        try:
            validate(annotated(resource))
        except ResourceError as found:
            error = found
    return error.at_place(resource.position)


def is_local(resource: Resource) -> bool:
    """Whether the annotation is there and says anything but `false`."""
    meta = resource.body.get("metadata")
    annotations = meta.get("annotations") if type(meta) is dict else None
    if type(annotations) is not dict or LOCAL_CONFIG not in annotations:
        return False
    return text_of(annotations[LOCAL_CONFIG]) != "false"
