"""Go's JSON and number formats, and how Go prints values in error messages.

Source: Go `encoding/json`, `strconv.FormatFloat`, `fmt`; sigs.k8s.io/yaml v1.5.0.
"""

from __future__ import annotations

from kbuild.model.quote import go_quote
from kbuild.model.scalars import TIMESTAMP, Scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Json

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def digits_of(value: float) -> tuple[str, int]:
    """The shortest digits of a finite positive or zero float, and its decimal exponent (0.1 is `("1", -1)`)."""
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    power = int(exponent or "0") + len(whole) - 1
    digits = whole + fraction
    stripped = digits.lstrip("0")
    power -= len(digits) - len(stripped) if stripped else 0
    digits = stripped.rstrip("0")
    return (digits, power) if digits else ("0", 0)


def _scientific(sign: str, digits: str, power: int) -> str:
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _decimal(sign: str, digits: str, power: int) -> str:
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    if len(digits) <= power + 1:
        return sign + digits + "0" * (power + 1 - len(digits))
    return f"{sign}{digits[: power + 1]}.{digits[power + 1 :]}"


def shortest_g(value: float) -> str:
    """A finite float in Go's `%v` and `g` format with the shortest digits: exponent form below 1e-4 and from 1e6 on."""
    sign = "-" if value < 0 or (value == 0 and str(value)[0] == "-") else ""
    digits, power = digits_of(abs(value))
    if power < -4 or power >= 6:
        return _scientific(sign, digits, power)
    return _decimal(sign, digits, power)


def v2_float(value: float) -> str:
    """A float as yaml v2 and v3 print it."""
    if value - value != 0:
        return ".inf" if value > 0 else "-.inf" if value < 0 else ".nan"
    return shortest_g(value)


v3_float = v2_float


def json_float(value: float) -> str:
    """A finite float as Go's JSON encoder prints it."""
    sign = "-" if value < 0 or (value == 0 and str(value)[0] == "-") else ""
    digits, power = digits_of(abs(value))
    if value != 0 and (abs(value) < 1e-6 or abs(value) >= 1e21):
        text = _scientific(sign, digits, power)
        # Go drops the leading zero of a negative two-digit exponent only.
        return text[:-2] + text[-1] if text[-4:-1] == "e-0" else text
    return _decimal(sign, digits, power)


def printed_float(value: float) -> str:
    """A float after the reference's JSON hop: integral ones become integers while they fit.

    Raises: ValueError, for infinity and NaN.
    """
    if value - value != 0:
        raise ValueError(value)
    if abs(value) < 1e21 and value == int(value):
        digits = json_float(value)
        if -(2**63) <= int(digits) < 2**64:
            return digits if value else "0"
    return shortest_g(value)


def dumps(value: Json, *, escape_html: bool = True, indent: str = "", _depth: str = "\n") -> str:
    """JSON text as Go marshals it: sorted keys, no spaces (unless indented), HTML characters escaped.

    Raises: ValueError, for infinity and NaN.
    """
    kind = type(value)
    if isinstance(value, str):
        return quote(value, escape_html=escape_html)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        if value - value != 0:
            raise ValueError("+Inf" if value > 0 else "-Inf" if value < 0 else "NaN")
        return json_float(value)
    deeper = _depth + indent
    step = {"escape_html": escape_html, "indent": indent, "_depth": deeper}
    open_, close = (deeper, _depth) if indent and value else ("", "")
    comma = "," + open_
    if kind is dict:
        colon = ": " if indent else ":"
        entries = [
            quote(key, escape_html=escape_html) + colon + dumps(value[key], **step)  # type: ignore[arg-type]
            for key in sorted(value)
        ]
        return "{" + open_ + comma.join(entries) + close + "}"
    return "[" + open_ + comma.join([dumps(item, **step) for item in value]) + close + "]"  # type: ignore[arg-type]


def quote(text: str, *, escape_html: bool = True) -> str:
    """A JSON string as Go writes it."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    if escape_html and ("<" in text or ">" in text or "&" in text):
        text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    if "\n" in text:
        text = text.replace("\n", "\\n")
    if text.isascii() and text.isprintable():
        return f'"{text}"'
    return '"' + "".join([char if char >= " " and char < "\u2028" else _json_char(char) for char in text]) + '"'


def _json_char(char: str) -> str:
    """A character that may need an escape, apart from quotes and backslashes."""
    short = _SHORT.get(char)
    if short is not None:
        return short
    if char < " " or char in "\u2028\u2029":
        return f"\\u{ord(char):04x}"
    return "\ufffd" if "\ud800" <= char < "\ue000" else char


def go_value(value: Json) -> str:
    """A generic value as Go's `%v` prints it: `map[a:1 b:[x y]]`, `<nil>`."""
    if value is None:
        return "<nil>"
    kind = type(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return _go_float(value)
    if kind is dict:
        return "map[" + " ".join(f"{key}:{go_value(value[key])}" for key in sorted(value)) + "]"
    if kind is list:
        return "[" + " ".join(go_value(item) for item in value) + "]"
    return str(value)


def _go_float(value: float) -> str:
    if value - value != 0:
        return "+Inf" if value > 0 else "-Inf" if value < 0 else "NaN"
    return shortest_g(value)


def go_syntax(value: Json) -> str:
    """A decoded value as Go's `%#v` prints it: `map[string]interface {}{"a":1}`."""
    if value is None:
        return "interface {}(nil)"
    kind = type(value)
    if isinstance(value, str):
        return go_quote(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value) if value < 2**63 else hex(value)
    if kind is float:
        return _go_float(value)
    if kind is dict:
        entries = ", ".join(f"{go_quote(key)}:{go_syntax(value[key])}" for key in sorted(value))
        return "map[string]interface {}{" + entries + "}"
    if kind is list:
        return "[]interface {}{" + ", ".join(go_syntax(item) for item in value) + "}"
    if kind is Scalar:
        if value.tag == TIMESTAMP:
            return _go_time(value.text)
        from kbuild.documents.resolve import value_of

        return go_syntax(value_of(value.text, value.tag))
    entries = ", ".join(f"{go_syntax(key)}:{go_syntax(item)}" for key, item in sorted(value.entries, key=_go_order))
    return "map[interface {}]interface {}{" + entries + "}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _go_time(text: str) -> str:
    """A timestamp's text as Go prints a time."""
    from kbuild.documents.timestamps import parse

    found = parse(text) or ""
    date, _, clock = found.partition("T")
    year, month, day = date.split("-")
    hour, minute, second = clock[:8].split(":")
    fraction = clock[8:].rstrip("Z").partition("+")[0].partition("-")[0].lstrip(".")
    if found[-1] != "Z":
        zone = 'time.Location("")'
    else:
        zone = "time.Local" if text[-6:] in ("+00:00", "-00:00") else "time.UTC"
    numbers = ", ".join([str(int(part)) for part in (day, hour, minute, second, fraction.ljust(9, "0"))])
    return f"time.Date({int(year)}, time.{_MONTHS[int(month) - 1]}, {numbers}, {zone})"


def _go_order(entry: tuple[Json, Json]) -> tuple[int, Json]:
    """Where Go prints an entry of a map with keys of several types."""
    key = entry[0]
    kind = type(key)
    if kind is int:
        return (1 if key >= 2**63 else 2, key)
    if kind is float or kind is bool:
        return (3 if kind is float else 4, key)
    if kind is Scalar:
        return (5, key.text)
    return (-1, 0) if key is None else (0, key)


def go_type(value: Json) -> str:
    """The Go type of a generic value, as `%T` prints it."""
    if value is None:
        return "<nil>"
    names = {bool: "bool", int: "int", float: "float64", dict: "map[string]interface {}", list: "[]interface {}"}
    return names.get(type(value), "string")


def json_kind(value: Json) -> str:
    """What Go calls a JSON value."""
    if type(value) is bool:
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (int, float)):
        return "number"
    return "object" if type(value) is dict else "array"


def config_text(value: Json) -> str:
    """A plain configuration value as the reference decodes it into a string field."""
    if value is None:
        return ""
    if type(value) is bool:
        return "true" if value else "false"
    return json_float(value) if type(value) is float else str(value)
