"""Quantities as decimals: `1000m` is `1`, `1024Mi` is `1Gi`. Only built-in kinds write them anew; custom ones keep the text.

Source: apimachinery `resource.ParseQuantity`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal

_FORM = r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d+))?"
_BINARY = {unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
# Maps that hold quantities only, and the single fields elsewhere, as (key of the map around it, key). No others: a label or a
# parameter may be called `storage`, and its text matters.
HOLDERS = frozenset(
    [
        "limits", "requests", "hard", "used", "capacity", "allocatable", "min", "max", "default", "defaultRequest",
        "maxLimitRequestRatio", "podFixed",
    ]
)  # fmt: skip
FIELDS = frozenset([("emptyDir", "sizeLimit"), ("resourceFieldRef", "divisor")])


def parse(value: Any) -> Decimal | None:
    """The number that a quantity means; None for anything that is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    from decimal import Decimal, InvalidOperation

    found = re.fullmatch(_FORM, str(value))
    if found is None:
        return None
    number, unit, exponent = found.groups()
    try:
        result: Decimal = Decimal(number)
        if exponent:
            return result.scaleb(int(exponent)) if abs(int(exponent)) < 40 else None
        if unit in _BINARY:
            result *= _BINARY[unit]
            return result
        return result.scaleb(_DECIMAL[unit]) if unit else result
    except InvalidOperation:
        return None


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same quantity. Amounts below a billionth are rounded by the server and never equal."""
    if one == other:
        return True
    first, second = parse(one), parse(other)
    if first is None or second is None or first != second:
        return False
    from decimal import Decimal

    return first == first.quantize(Decimal("1e-9")) if abs(first) < Decimal(10) ** 18 else True
