"""References that stayed behind: a field still has a name that some resource had before it was renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kbuild.model.scalars import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kbuild.fields.configuration import NameBackReference
    from kbuild.fields.spec import FieldSpec
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources

    Path = tuple[str | int, ...]
    Kind = tuple[str, str, str]


def left_behind(
    resources: Resources, references: Sequence[NameBackReference]
) -> Iterator[tuple[Resource, Path, str, Resource]]:
    """(referrer, path of the field, name in it, the resource that had that name) after references were rewritten.

    A name that some resource of the kind still has, or that nothing in the build ever had, is fine.
    """
    renamed, current = by_name(resources)
    if not renamed:
        return
    plans: dict[Kind, list[tuple[NameBackReference, FieldSpec]]] = {}
    for referrer in resources:
        kind = (referrer.id.group, referrer.id.version, referrer.id.kind)
        plan = plans.get(kind)
        if plan is None:
            plan = plans[kind] = [(r, spec) for r in references for spec in r.referrers if spec.selects(*kind)]
        seen: set[tuple[Path, str]] = set()
        for reference, spec in plan:
            for path, value in fields(referrer.body, spec, 0, ()):
                name = text_of(value)
                if (path, name) in seen:
                    continue
                found = candidate(renamed.get(name, ()), reference)
                if found is not None and not candidate(current.get(name, ()), reference):
                    seen.add((path, name))
                    yield referrer, path, name, found


def by_name(resources: Resources) -> tuple[dict[str, list[Resource]], dict[str, list[Resource]]]:
    """The resources by names that they no longer have, and by those that they have."""
    renamed: dict[str, list[Resource]] = {}
    current: dict[str, list[Resource]] = {}
    for resource in resources:
        current.setdefault(resource.id.name, []).append(resource)
        for name in {entry[0] for entry in resource.history} - {resource.id.name}:
            renamed.setdefault(name, []).append(resource)
    return renamed, current


def candidate(resources: Sequence[Resource], reference: NameBackReference) -> Resource | None:
    """The first resource of the kind that a reference is to."""
    for resource in resources:
        found = resource.id
        if (
            (not reference.kind or reference.kind == found.kind)
            and (not reference.group or reference.group == found.group)
            and (not reference.version or reference.version == found.version)
        ):
            return resource
    return None


def fields(value: Any, spec: FieldSpec, at: int, path: Path) -> Iterator[tuple[Path, Any]]:
    """The scalars at a field spec's path, with where they are; of a map that stands there, its name."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from fields(item, spec, at, (*path, index))
        return
    if at == len(spec.segments):
        if isinstance(value, dict):
            value, path = value.get("name"), (*path, "name")
        if value is not None and not isinstance(value, (dict, list)):
            yield path, value
        return
    if isinstance(value, dict):
        name = spec.segments[at][0]
        if name in value:
            yield from fields(value[name], spec, at + 1, (*path, name))
