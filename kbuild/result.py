"""What a render gives back."""

from __future__ import annotations

from kbuild.documents.origin_text import ORIGIN_KEY, TRANSFORMATIONS_KEY
from kbuild.documents.resolve import typed
from kbuild.model.errors import OutputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.model.errors import KbuildError
    from kbuild.model.ids import ObjectId
    from kbuild.model.resource import Resource

__all__ = ["ORIGIN_KEY", "TRANSFORMATIONS_KEY", "Result"]


class Result:
    """The outcome of one render.

    Shape: `resources` in output order, each with `.id` (group, version, kind, name, namespace) and `.body`; `warnings` are the
    lines that `kbuild render` prints on standard error; `files_read` are the paths read, in order, each once;
    `left_out` are (path, reason) of what `generate` or ignore rules left out; `counters` say how much work was done. `restate`
    lets an error of printing the resource of a number show what it shows as the file writes it.
    """

    __slots__ = ("_text", "counters", "files_read", "left_out", "resources", "restate", "warnings")

    def __init__(self, resources: tuple[Resource, ...], warnings: tuple[str, ...], counters: Counters) -> None:
        self.resources, self.warnings, self.counters = resources, warnings, counters
        self.files_read: tuple[str, ...] = ()
        self.left_out: tuple[tuple[str, str], ...] = ()
        self.restate: Callable[[KbuildError, int], None] | None = None
        self._text: str | None = None

    def to_yaml(self) -> str:
        """The bytes of `kustomize build`, as text: all resources, `---` between them.

        Raises: OutputError, for a resource that the reference cannot print either.
        """
        if self._text is None:
            from kbuild.documents.writer import write

            try:
                self._text = write([resource.body for resource in self.resources])
            except OutputError as error:
                number = self._refused()
                error.at_place(self.resources[number].position)
                if error.doubled is not None and self.restate is not None:
                    self.restate(error, number)
                raise error from None
        return self._text

    def _refused(self) -> int:
        """The number of the first resource that cannot be printed."""
        from kbuild.documents.writer import write

        for number, resource in enumerate(self.resources):
            try:
                write([resource.body])
            except OutputError:
                return number
        raise AssertionError(len(self.resources))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Every resource as plain JSON-like values, typed as a YAML parser would read `to_yaml()`; yours to change.

        Raises: OutputError.
        """
        from kbuild.documents.generic import to_output_values

        return [to_output_values(resource.body) for resource in self.resources]

    def images(self) -> list[str]:
        """The container images of all pods and pod templates, each once, sorted."""
        found: set[str] = set()
        for resource in self.resources:
            collect_images(resource.body, found)
        return sorted(found)

    def ids(self) -> list[ObjectId]:
        """The ids of all resources, in output order."""
        return [resource.id for resource in self.resources]

    def __repr__(self) -> str:
        return f"Result({len(self.resources)} resources)"


_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


def collect_images(value: Any, found: set[str]) -> None:
    """Add the `image` of every entry below a `containers`, `initContainers` or `ephemeralContainers` list.

    Mutates: `found`.
    """
    if type(value) is list:
        for item in value:
            collect_images(item, found)
    elif type(value) is dict:
        for key, item in value.items():
            if key in _CONTAINERS and type(item) is list:
                images = (typed(entry.get("image")) for entry in item if type(entry) is dict)
                found.update(str(image) for image in images if isinstance(image, str) and image)
            if type(item) is dict or type(item) is list:
                collect_images(item, found)
