"""Versions and ranges of versions, as `spec.ref.semver` means them.

Source: Masterminds/semver v3, which Flux uses: comparators joined by blanks or commas, alternatives by `||`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION = re.compile(
    r"v?(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(?:\.(0|[1-9]\d*))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?"
)
_COMPARATOR = re.compile(
    r"\s*(=|!=|>=?|=>|<=?|=<|~>?|\^)?\s*v?([0-9]+|[xX*])(?:\.([0-9]+|[xX*]))?(?:\.([0-9]+|[xX*]))?"
    r"(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\s*(?:,|(?=\s|$|[<>=!~^]))"
)
_HYPHEN = re.compile(r"^\s*(\S+)\s+-\s+(\S+)\s*$")
_WILD = ("x", "X", "*", None)


@dataclass(frozen=True, slots=True)
class Version:
    """A version; compares by precedence, so that build metadata does not count."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]:
        """What versions are sorted by: a pre-release comes before its release, numbers before words."""
        parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.pre)
        return self.major, self.minor, self.patch, not self.pre, parts


def parse(text: str) -> Version | None:
    """A version, with or without `v` in front and with missing parts as 0; None for anything else."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    major, minor, patch, pre, _ = found.groups()
    parts = tuple(pre.split(".")) if pre else ()
    if any(not part or (part.isdigit() and part != "0" and part[0] == "0") for part in parts):
        return None
    return Version(int(major), int(minor or 0), int(patch or 0), parts)


@dataclass(frozen=True, slots=True)
class _Bound:
    """One end of an interval, or a version that is left out."""

    sign: str
    version: Version

    def admits(self, version: Version) -> bool:
        mine, other = self.version.order, version.order
        return {
            ">": other > mine, ">=": other >= mine, "<": other < mine, "<=": other <= mine, "=": other == mine,
            "!=": other != mine,
        }[self.sign]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Range:
    """A range. Shape: alternatives of comparators, each (bounds that must all hold, whether it names a pre-release)."""

    alternatives: tuple[tuple[tuple[tuple[_Bound, ...], bool], ...], ...]

    def admits(self, version: Version) -> bool:
        """Whether a version is in the range; a pre-release only where each comparator names one."""
        return any(
            all(
                (not version.pre or names_pre) and all(b.admits(version) for b in bounds) for bounds, names_pre in group
            )
            for group in self.alternatives
        )


def parse_range(text: str) -> Range:
    """A range. Raises: ValueError, for what is none."""
    groups = []
    for alternative in text.split("||"):
        hyphen = _HYPHEN.match(alternative)
        expression = f">={hyphen[1]} <={hyphen[2]}" if hyphen else alternative
        groups.append(tuple(_comparators(expression.strip(), text)))
    return Range(tuple(groups))


def _comparators(expression: str, whole: str) -> Iterable[tuple[tuple[_Bound, ...], bool]]:
    at = 0
    while at < len(expression):
        found = _COMPARATOR.match(expression, at)
        if found is None or found.end() == at:
            raise ValueError(f'improper constraint: "{whole}"')
        yield _bounds(found), bool(found[5])
        at = found.end()
    if not expression:
        raise ValueError(f'improper constraint: "{whole}"')


def _bounds(found: re.Match[str]) -> tuple[_Bound, ...]:
    sign, major, minor, patch, pre = found.groups()
    sign = {"=>": ">=", "=<": "<=", "~>": "~", None: ""}.get(sign, sign)
    if major in _WILD:
        return ()
    low = Version(int(major), _number(minor), _number(patch), tuple(pre.split(".")) if pre else ())
    is_wild = minor in _WILD or patch in _WILD
    if sign == "^":
        return _caret(low, minor, patch)
    if sign == "~" or (sign in ("", "=") and is_wild):
        above = Version(low.major + 1, 0, 0) if minor in _WILD else Version(low.major, low.minor + 1, 0)
        return _Bound(">=", low), _Bound("<", above)
    if is_wild and sign in (">", "<="):
        # Beyond the whole of 1.2 or 1, or up to the end of it.
        above = Version(low.major + 1, 0, 0) if minor in _WILD else Version(low.major, low.minor + 1, 0)
        return (_Bound(">=" if sign == ">" else "<", above),)
    return (_Bound(sign or "=", low),)


def _caret(low: Version, minor: str | None, patch: str | None) -> tuple[_Bound, ...]:
    """Up to the next version that may break: the first part that is not 0 stays."""
    if low.major or minor in _WILD:
        above = Version(low.major + 1, 0, 0)
    elif low.minor or patch in _WILD:
        above = Version(0, low.minor + 1, 0)
    else:
        above = Version(0, 0, low.patch + 1)
    return _Bound(">=", low), _Bound("<", above)


def _number(text: str | None) -> int:
    return 0 if text is None or text in _WILD else int(text)
