"""Which resources a patch, a replacement or a plugin is aimed at.

Texts without operators of regular expressions are compared, not compiled, and a name among them is looked up in the index.
Source: kustomize v5.8.1 `types.SelectorRegex`, `resmap.Select`.
"""

from __future__ import annotations

from kbuild.model.errors import CrashError
from kbuild.model.ids import ObjectId
from kbuild.model.resources import check_histories
from kbuild.model.scalars import is_null, key_text, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from kbuild.counters import Counters
    from kbuild.fields.label_selector import LabelSelector
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources

_OPERATORS = "\\.+*?()[]{}^$"


class Matcher:
    """An anchored pattern. `texts` are the only texts it matches, or None. Raises: ConfigurationError."""

    __slots__ = ("_compiled", "_is_any", "_is_line", "texts")

    def __init__(self, pattern: str) -> None:
        self._compiled: Any = None
        self.texts: tuple[str, ...] | None = None
        self._is_any, self._is_line = pattern == "", pattern == ".*"
        if self._is_any or self._is_line:
            return
        if not any(char in pattern for char in _OPERATORS):
            self.texts = tuple(pattern.split("|"))
            return
        from kbuild.fields.regexp import require

        self._compiled = require(f"^(?:{pattern})$")

    def matches(self, text: str) -> bool:
        """Whether the whole text matches; a pattern that was left out matches everything."""
        if self.texts is not None:
            return text in self.texts
        if self._is_line:
            return "\n" not in text
        return self._is_any or self._compiled.search(text)


class Selector:
    """The selector of a target.

    Shape: `config` may have group, version, kind, name, namespace (patterns), labelSelector and annotationSelector.
    Raises: ConfigurationError, for a bad pattern.
    """

    __slots__ = ("_annotations", "_labels", "_parsed", "group", "kind", "name", "namespace", "version")

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.group = Matcher(_text(config, "group"))
        self.version = Matcher(_text(config, "version"))
        self.kind = Matcher(_text(config, "kind"))
        self.name = Matcher(_text(config, "name"))
        self.namespace = Matcher(_text(config, "namespace"))
        self._labels, self._annotations = _text(config, "labelSelector"), _text(config, "annotationSelector")
        self._parsed: dict[str, LabelSelector] = {}

    def select(self, resources: Resources, counters: Counters | None = None) -> list[Resource]:
        """The selected resources in order: by original or current name and namespace, current kind, and labels.

        Raises: ConfigurationError, for a bad label selector once a resource gets that far.
        """
        check_histories(resources)
        texts = self.name.texts
        if texts is None:
            candidates = resources.items
        elif len(texts) == 1:
            candidates = resources.named(texts[0])
        else:
            found = {resource.serial: resource for text in texts for resource in resources.named(text)}
            candidates = [found[serial] for serial in sorted(found)]
        if counters is not None:
            counters.matches += len(candidates)
        kinds = self.kind.texts
        if kinds is not None:
            candidates = [resource for resource in candidates if resource.id[2] in kinds]
        return [resource for resource in candidates if self._selects(resource)]

    def _selects(self, resource: Resource) -> bool:
        current = resource.id
        if not self.matches_gvk(current[0], current[1], current[2]):
            return False
        name, namespace = current[3], current.effective_namespace
        if resource.history:
            old_name, old_namespace, _ = resource.history[0]
            old_namespace = old_namespace or "default"
        else:
            old_name, old_namespace = name, namespace
        if not (self.namespace.matches(old_namespace) or self.namespace.matches(namespace)):
            return False
        if not (self.name.matches(old_name) or self.name.matches(name)):
            return False
        return self.matches_labels(resource) and self.matches_annotations(resource)

    def selects(self, body: Mapping[str, Any]) -> bool:
        """Whether a resource's plain values are selected. Raises: ConfigurationError, for a bad label selector."""
        group, slash, version = str(body.get("apiVersion") or "").rpartition("/")
        metadata = body.get("metadata") or {}
        if not self.matches_gvk(group if slash else "", version, str(body.get("kind") or "")):
            return False
        if not (
            self.name.matches(str(metadata.get("name") or ""))
            and self.namespace.matches(str(metadata.get("namespace") or ""))
        ):
            return False
        wanted = ((self._labels, "labels"), (self._annotations, "annotations"))
        return all(not text or self._parse(text).matches(metadata.get(field) or {}) for text, field in wanted)

    def matches_gvk(self, group: str, version: str, kind: str) -> bool:
        """Whether group, version and kind match."""
        return self.kind.matches(kind) and self.group.matches(group) and self.version.matches(version)

    def matches_name(self, text: str) -> bool:
        """Whether a name matches."""
        return self.name.matches(text)

    def matches_namespace(self, text: str) -> bool:
        """Whether a namespace matches."""
        return self.namespace.matches(text)

    def matches_labels(self, resource: Resource) -> bool:
        """Whether the labels match. Raises: ConfigurationError, CrashError."""
        check_labels(resource)
        return not self._labels or self._parse(self._labels).matches(texts_of(resource, "labels"))

    def has_labels(self) -> bool:
        """Whether labels or annotations decide."""
        return bool(self._labels or self._annotations)

    def matches_annotations(self, resource: Resource) -> bool:
        """Whether the annotations match. Raises: ConfigurationError."""
        return not self._annotations or self._parse(self._annotations).matches(texts_of(resource, "annotations"))

    def _parse(self, text: str) -> LabelSelector:
        if text not in self._parsed:
            from kbuild.fields.label_selector import LabelSelector

            self._parsed[text] = LabelSelector(text)
        return self._parsed[text]


def read_selectors(select: Selector, rejects: list[Selector], resources: Resources) -> None:
    """Raise ConfigurationError for unreadable label selectors: the reference reads those of a target for every resource."""
    with_labels = [reject for reject in rejects if reject.has_labels()]
    if not select.has_labels() and not with_labels:
        return
    for resource in resources.items:
        matches = [select.matches_annotations(resource), select.matches_labels(resource)]
        for reject in with_labels if all(matches) else ():
            if all([reject.matches_annotations(resource), reject.matches_labels(resource)]):
                break


def _text(config: Mapping[str, Any], field: str) -> str:
    value = config.get(field)
    return value if isinstance(value, str) else ""


def selector_text(config: Mapping[str, Any]) -> str:
    """A selector as the reference prints it in errors."""
    group, version, kind, name, namespace = (
        _text(config, part) for part in ("group", "version", "kind", "name", "namespace")
    )
    shown = ObjectId(group, version, kind, name, namespace)
    return f"{shown}:a={_text(config, 'annotationSelector')}:l={_text(config, 'labelSelector')}"


def check_labels(resource: Resource) -> None:
    """Raise CrashError for labels that are a list with a key too many: the reference reads them in pairs, whatever it looks for."""
    meta = resource.body.get("metadata") if resource.body else None
    labels = meta.get("labels") if type(meta) is dict else None
    if type(labels) is list and len(labels) % 2:
        raise CrashError(f"runtime error: index out of range [{len(labels)}] with length {len(labels)}")


def texts_of(resource: Resource, field: str) -> dict[str, str]:
    """The labels or annotations of a resource as texts; empty when there is no such map."""
    meta = resource.body.get("metadata") if resource.body else None
    values = meta.get(field) if type(meta) is dict else None
    if type(values) is not dict or is_null(values):
        return {}
    return {key_text(key): text_of(value) for key, value in values.items()}
