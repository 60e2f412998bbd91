"""Values as Go's `%#v` prints them, for error sentences about keys.

Source: Go `fmt`, `strconv`; go.yaml.in/yaml v2.4.2 `invalid map key`.
"""

from __future__ import annotations

from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def go_syntax(value: Any, *, is_top: bool = False) -> str:
    """A decoded value in Go syntax; `is_top` is for a value that is printed itself, not as part of another."""
    kind = type(value)
    if value is None:
        return "<nil>" if is_top else "interface {}(nil)"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value) if value < 2**63 else hex(value)
    if kind is float:
        return _float(value)
    if kind is str:
        return go_quote(value)
    if kind is list:
        return "[]interface {}{" + ", ".join(go_syntax(item) for item in value) + "}"
    entries = sorted((_order(key), go_syntax(key), go_syntax(item)) for key, item in value.entries.values())
    return "map[interface {}]interface {}{" + ", ".join(f"{key}:{item}" for _, key, item in entries) + "}"


def _order(key: Any) -> tuple[int, Any]:
    """Where Go's `fmt` puts a key among keys of several types."""
    rank = {type(None): 0, str: 1, int: 3, float: 4, bool: 5}[type(key)]
    if type(key) is int and key >= 2**63:
        rank = 2
    return rank, (0 if key is None else key)


def _float(value: float) -> str:
    from math import isnan

    if isnan(value):
        return "NaN"
    if value - value != 0:
        return "+Inf" if value > 0 else "-Inf"
    return _shortest(repr(value))


def _shortest(text: str) -> str:
    """A shortest float text in Go's `g` form: an exponent below 1e-4 and from 1e6 on."""
    from decimal import Decimal

    sign, digits, exponent = Decimal(text).as_tuple()
    assert isinstance(exponent, int)
    body = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + exponent
    prefix = "-" if sign else ""
    if body == "0":
        return prefix + "0"
    if point - 1 < -4 or point - 1 >= 6:
        mantissa = body[0] + ("." + body[1:] if len(body) > 1 else "")
        return f"{prefix}{mantissa}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    if point <= 0:
        return f"{prefix}0.{'0' * -point}{body}"
    return prefix + (body.ljust(point, "0") if len(body) <= point else f"{body[:point]}.{body[point:]}")


def float32_text(value: float) -> str:
    """A float key as text: the shortest that gives the same 32-bit float."""
    from math import isnan
    from struct import pack, unpack

    if isnan(value):
        return ".nan"
    try:
        narrow = unpack("f", pack("f", value))[0]
    except OverflowError:
        narrow = float("inf") if value > 0 else float("-inf")
    if narrow - narrow != 0:
        return ".inf" if narrow > 0 else "-.inf"
    for precision in range(9):
        text = f"{narrow:.{precision}e}"
        if unpack("f", pack("f", float(text)))[0] == narrow:
            return _shortest(text)
    return _shortest(f"{narrow:.8e}")
