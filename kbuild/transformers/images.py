"""images: container images rewritten by name.

Each entry runs twice over a resource, as in the reference: over every `containers` and `initContainers` list anywhere, then over
the field specs; so `tagSuffix` lands twice on pod templates.
Source: kustomize v5.8.1 `ImageTagTransformer`, `filters/imagetag`, `internal/image`.
"""

from __future__ import annotations

from kbuild.documents.resolve import untagged
from kbuild.fields.spec import field_specs, may_rename
from kbuild.fields.walk import Plans, wrong_kind
from kbuild.model.errors import ConfigurationError, FieldError
from kbuild.model.scalars import Quoted, is_null, is_quoted, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json

    Place = tuple[dict[Any, Any], Any]

_DEFINITION = "CustomResourceDefinition"
_LISTS = ("containers", "initContainers")
_PLAIN_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/:@.")
_TAG = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.{}-")


class ImageTagTransformer:
    """One `images` entry. Config: imageTag (name, newName, newTag, tagSuffix, digest), fieldSpecs."""

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        image = config.get("imageTag") or {}
        texts = {key.lower(): str(value) for key, value in image.items() if value is not None}
        self.name, self.new_name = texts.get("name", ""), texts.get("newname", "")
        self.new_tag, self.digest = texts.get("newtag", ""), texts.get("digest", "")
        self.tag_suffix = texts.get("tagsuffix", "")
        self.given_specs = config.get("fieldSpecs")
        self.specs = field_specs(self.given_specs)
        self.matches = matcher(self.name, is_latest=context.is_latest)
        self._known: dict[str, str | None] = {}

    def transform(self, resources: Resources) -> None:
        """Rewrite the images that match. Mutates: the bodies. Raises: FieldError."""
        transform_all([self], resources)

    def new_text(self, text: str) -> str | None:
        """What an image becomes, None when it is another image.

        Raises: ConfigurationError, without an expression: the reference crashes at the first image.
        """
        if text in self._known:
            return self._known[text]
        if self.matches is None:
            raise ConfigurationError("runtime error: invalid memory address or nil pointer dereference").advise(
                f"the image name '{self.name}' is no regular expression"
            )
        result = self._known[text] = self._rewritten(text) if self.matches(text) else None
        return result

    def _rewritten(self, text: str) -> str:
        name, tag, digest = split(text)
        name = self.new_name or name
        if self.new_tag:
            tag, digest = self.new_tag, self.digest
        elif self.digest:
            tag, digest = "", self.digest
        elif self.tag_suffix:
            tag, digest = tag + self.tag_suffix, ""
        if tag:
            name += f":{tag}"
        return f"{name}@{digest}" if digest else name

    def write(self, holder: Any, key: Any) -> None:
        """Rewrite one image field. Raises: FieldError, where it is no scalar."""
        old = holder[key]
        if type(old) is dict or type(old) is list:
            raise wrong_kind("ScalarNode", old)
        new = self.new_text(text_of(old))
        # The expression may be that of the empty text, which stays what it is.
        if new:
            holder[key] = Quoted(new) if is_quoted(old) else untagged(new)


def transform_all(entries: list[ImageTagTransformer], resources: Resources) -> None:
    """Several entries one after the other, with one walk over each resource where nothing can fail.

    Mutates: the bodies. Raises: FieldError.
    """
    write_all(entries, resources)
    if any(may_rename(entry.specs) for entry in entries):
        for resource in resources.items:
            resources.touched(resource)


def write_all(entries: list[ImageTagTransformer], resources: Resources) -> None:
    """The writes of several entries. Mutates: the bodies. Raises: FieldError."""
    plans = [Plans(entry.specs) for entry in entries]
    for at in range(1, len(entries)):
        if entries[at].given_specs is entries[at - 1].given_specs:
            plans[at] = plans[at - 1]
    if any(entry.matches is None for entry in entries) or not all(map(is_simple, resources.items)):
        for entry, plan in zip(entries, plans, strict=True):
            write_one(entry, plan, resources)
        return
    for resource in resources.items:
        if resource.id.kind == _DEFINITION:
            continue
        places = images_of(resource)
        for entry, plan in zip(entries, plans, strict=True):
            write_images(entry, resource, places)
            plan.plan(resource.id).visit(resource, entry.write)


def is_simple(resource: Resource) -> bool:
    """Whether neither pass can fail on this resource: then the order of entries and resources does not show."""
    spec = resource.body.get("spec")
    if spec is None or type(spec) is dict:
        template = spec.get("template") if spec else None
        if template is None or is_null(template):
            return True
        inner = template.get("spec") if type(template) is dict else template
        return inner is None or is_null(inner) or type(inner) is dict
    return is_null(spec)


def write_one(entry: ImageTagTransformer, plans: Plans, resources: Resources) -> None:
    """Both passes of one entry, each over all resources. Mutates: the bodies. Raises: FieldError, ConfigurationError."""
    chosen = [resource for resource in resources.items if resource.id.kind != _DEFINITION]
    for resource in chosen:
        write_images(entry, resource, images_of(resource))
    for resource in chosen:
        plans.plan(resource.id).visit(resource, entry.write)


def write_images(entry: ImageTagTransformer, resource: Resource, places: list[Place]) -> None:
    """Rewrite images that were found. Mutates: their holders. Raises: FieldError, the first one of a walk downwards."""
    try:
        for holder, key in places:
            entry.write(holder, key)
    except FieldError as error:
        raise first_problem(resource, error) from None


def first_problem(resource: Resource, found: FieldError) -> FieldError:
    """The first error of a walk downwards, where some error was found."""
    first = found
    try:
        check_containers(resource.body)
    except FieldError as error:
        first = error.at_place(resource.position)
    first.holder = resource
    return first


def images_of(resource: Resource) -> list[Place]:
    """The `image` fields of all entries of `containers` and `initContainers` lists, anywhere in a resource.

    Raises: FieldError, for an entry that is no map.
    """
    try:
        return find_images(resource.body)
    except FieldError as error:
        raise first_problem(resource, error) from None


def find_images(body: Json) -> list[Place]:
    """The same, of a body. Raises: FieldError, not always the first one of a walk downwards: see `check_containers`."""
    places: list[Place] = []
    pending: list[Json] = [body]
    for value in pending:
        for key, item in value.items():
            kind = type(item)
            if kind is dict:
                pending.append(item)
            elif kind is list:
                add_maps(item, pending)
                if key in _LISTS:
                    places += [(entry, "image") for entry in item if has_image(entry)]
    return places


def add_maps(value: list[Json], pending: list[Json]) -> None:
    """Add the maps of a list and of lists in it. Mutates: `pending`."""
    for entry in value:
        if type(entry) is dict:
            pending.append(entry)
        elif type(entry) is list:
            add_maps(entry, pending)


def check_containers(value: Json) -> None:
    """Raise FieldError for the first entry of a list of containers that is no map, or image that is no scalar.

    The first one is that of a walk downwards.
    """
    if type(value) is dict:
        for key, item in value.items():
            check_containers(item)
            if key in _LISTS and type(item) is list:
                check_entries(item)
    elif type(value) is list:
        for entry in value:
            check_containers(entry)


def check_entries(containers: list[Json]) -> None:
    """Raise FieldError for the first entry of a list of containers that is no map, or image that is no scalar."""
    for entry in containers:
        if has_image(entry) and type(entry["image"]) in (dict, list):
            raise wrong_kind("ScalarNode", entry["image"])


def has_image(container: Json) -> bool:
    """Whether this entry of a list of containers names an image. Raises: FieldError, for one that is no map."""
    if type(container) is not dict and not is_null(container):
        raise wrong_kind("MappingNode", container)
    return type(container) is dict and "image" in container


def split(image: str) -> tuple[str, str, str]:
    """(name, tag, digest) of an image; a port in front of the first slash belongs to the name."""
    start = max(image.find("/"), 0)
    at, colon = image.find("@", start), image.find(":", start)
    if at < 0 and colon < 0:
        return image, "", ""
    if at >= 0 and (at < colon or colon < 0):
        return image[:at], "", image[at:].removeprefix("@")
    if at >= 0:
        return image[:colon], image[colon + 1 : at], image[at + 1 :]
    return image[:colon], image[colon + 1 :], ""


def matcher(name: str, *, is_latest: bool) -> Callable[[str], bool] | None:
    """A test whether an image has this name, which the reference takes for a regular expression; None where it is none.

    In later versions such an expression matches nothing, and a digest may be of any algorithm (ADR 0017).
    """
    if _PLAIN_NAME.issuperset(name):

        def matches(image: str) -> bool:
            start, rest = image[: len(name)], image[len(name) :]
            if start != name and not is_dotted_match(name, start):
                return False
            return not rest or is_tag_or_digest(rest, is_latest=is_latest)

        return matches
    from kbuild.fields.regexp import compile_regexp

    algorithm = "[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*" if is_latest else "sha256"
    pattern = compile_regexp(f"^{name}(:[a-zA-Z0-9_.{{}}-]*)?(@{algorithm}:[a-zA-Z0-9_.{{}}-]*)?$")
    if pattern is None:
        return (lambda _image: False) if is_latest else None
    return pattern.search


def is_dotted_match(name: str, start: str) -> bool:
    """Whether a text is the name with other characters for its dots: they stand for any in an expression."""
    if len(start) != len(name):
        return False
    return all(char == have or (char == "." and have != "\n") for char, have in zip(name, start, strict=True))


def is_tag_or_digest(rest: str, *, is_latest: bool) -> bool:
    """Whether a text is nothing but an optional `:tag` and an optional `@sha256:digest` (or of any algorithm)."""
    tag, at, digest = rest.partition("@")
    if tag and (tag[0] != ":" or not _TAG.issuperset(tag[1:])):
        return False
    algorithm, colon, value = digest.partition(":")
    is_known = algorithm == "sha256" or (is_latest and is_algorithm(algorithm))
    return not at or (is_known and colon == ":" and _TAG.issuperset(value))


def is_algorithm(text: str) -> bool:
    """Whether a text names a digest algorithm: letters and digits, with single `.`, `+`, `_` or `-` in between."""
    parts = text.translate({ord(char): "." for char in "+_-"}).split(".")
    return all(part.isascii() and part.isalnum() for part in parts)
