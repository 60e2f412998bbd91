"""How the members of an inventory are marked: labels that all of them carry, and annotations for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """The marks of one inventory's members. Shape: an object with all the `labels` is a member's likeness.

    `is_strict` says that payloads which carry another value of these labels are refused, not overwritten.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str] = {}
    is_strict: bool = True

    def is_on(self, labels: Mapping[str, Any]) -> bool:
        """Whether these labels are all there."""
        return all(labels.get(key) == value for key, value in self.labels.items())

    def differs(self, labels: Mapping[str, Any]) -> str:
        """The first of our label keys that is there with another value, empty for none."""
        return next((key for key, value in self.labels.items() if labels.get(key, value) != value), "")
