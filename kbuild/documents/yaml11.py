"""YAML 1.1 typing as the reference's output library sees it: which plain texts are no strings.

Decides the quoting of everything printed, and types kustomization files.
Source: go.yaml.in/yaml v2.4.2 `resolve`, `isBase60Float`.
"""

from __future__ import annotations

from kbuild.documents.resolve import float_of, go_integer, is_dotted_float, is_finite, is_float_text, timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Json

_TRUE = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]
_FALSE = ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]
_DOTS = (".nan", ".NaN", ".NAN", *(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")))
WORDS: dict[str, Json] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{word: float_of(word) for word in _DOTS},
}


def resolve(text: str) -> Json:
    """The Python value of an untagged plain scalar; timestamps stay texts."""
    if not text:
        return None
    first = text[0]
    if first in "0123456789+-.":
        return _number(text)
    return WORDS.get(text, text) if first in "yYnNtTfFoO~" else text


def _number(text: str) -> Json:
    if text in WORDS:
        return WORDS[text]
    if text[0] == ".":
        return float(text.replace("_", "")) if is_dotted_float(text) else text
    if timestamp(text) is not None:
        return text
    bare = text.replace("_", "")
    number = go_integer(bare)
    if number is not None:
        return number
    return float(bare) if is_float_text(bare) and is_finite(bare) else text


def reads_as_non_string(text: str) -> bool:
    """Whether a plain scalar of this text would be typed as something else than a string."""
    if not text:
        return True
    first = text[0]
    if first in "0123456789+-.":
        return type(_number(text)) is not str or timestamp(text) is not None
    return first in "yYnNtTfFoO~" and text in WORDS


def is_base60(text: str) -> bool:
    """Whether a text looks like a base 60 number (`1:30`, `-12:30:45.5`)."""
    if ":" not in text:
        return False
    body = text[1:] if text[0] in "+-" else text
    head, *groups = body.split(":")
    if head[:1] not in tuple("0123456789") or head.strip("0123456789_"):
        return False
    last, dot, fraction = groups[-1].partition(".")
    if dot and fraction.strip("0123456789_"):
        return False
    for group in [*groups[:-1], last]:
        if not (group.isascii() and group.isdigit()) or len(group) > 2 or (len(group) == 2 and group[0] > "5"):
            return False
    return True


# No indicator: what begins so and holds none is one plain scalar.
_PLAIN_START = frozenset("0123456789+.~/_$(\\;^")


def is_non_string(text: str) -> bool:
    """Whether this whole text, parsed as a YAML 1.1 document, is something else than a string.

    Source: kyaml v0.21.1 `IsValueNonString`.
    """
    if text[0] in _PLAIN_START and not (": " in text or " #" in text or "\t" in text or text[-1] == ":"):
        return reads_as_non_string(text)
    from kbuild.documents import compose
    from kbuild.model.errors import KbuildError

    try:
        return type(compose.compose_config(text)) is not str
    except KbuildError:
        return False


_FIRST_BAD = frozenset("#,[]{}&*!|>'\"%@`")


def cannot_be_plain(text: str) -> bool:
    """Whether the emitter cannot print this one-line text as a plain scalar in block context."""
    if text[0] in _FIRST_BAD or text[0] == " " or text[-1] == " " or text.startswith(("---", "...")):
        return True
    if text[0] in "?-:" and (len(text) == 1 or text[1] in " \t"):
        return True
    if ": " in text or text[-1] == ":" or " #" in text or not text.isprintable():
        return True
    return not text.isascii() and any(ord(char) > 0xFFFF or char == "\ufeff" for char in text)
