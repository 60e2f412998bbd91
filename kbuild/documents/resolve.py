"""Scalar typing: which value a text means, and what becomes of a scalar when a step writes to it.

The one place that knows which write keeps the old quoting, the old tag or the text.
Source: go.yaml.in/yaml v3.0.3 `resolve`, kyaml v0.21.1 `FieldSetter`, `IsYaml1_1NonString`, `FromMap`.
"""

from __future__ import annotations

from kbuild.model.scalars import (
    BOOL,
    FLOAT,
    INT,
    MERGE,
    NULL,
    STR,
    TIMESTAMP,
    UNTAGGED,
    OddKey,
    Quoted,
    Scalar,
    is_quoted,
    is_tagged,
    kept_tag,
    requoted,
    single,
    tag_of,
    with_tag,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Json

ABSENT = object()
EMPTY = Scalar("", NULL)
# A null of no text in a flow map: null to every step, but the reference prints it as an empty string. Known by identity.
FLOW_EMPTY = Scalar("", NULL)

_WORDS: dict[str, Json] = {
    "true": True,
    "false": False,
    "null": None,
    **{word: Scalar(word, BOOL) for word in ("True", "TRUE", "False", "FALSE")},
    **{word: Scalar(word, NULL) for word in ("~", "Null", "NULL")},
    "": EMPTY,
    **{word: Scalar(word, FLOAT) for word in (".nan", ".NaN", ".NAN")},
    **{sign + word: Scalar(sign + word, FLOAT) for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    "<<": Scalar("<<", MERGE),
}
_OLD_BOOLS = frozenset(
    ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF"]
)
_DIGITS = "0123456789"
_BASE_DIGITS = {2: "01", 8: "01234567", 10: _DIGITS, 16: "0123456789abcdefABCDEF"}
# Of 64 bits in base 2.
_MAX_DIGITS = 64
_MAX_INT, _MIN_INT, _MAX_UINT = 2**63 - 1, -(2**63), 2**64 - 1


def plain(text: str) -> Json:
    """The value of an untagged plain scalar."""
    if text and text[0] in "0123456789+-.":
        return _number(text)
    return _WORDS.get(text, text)


def _number(text: str) -> Json:
    """The value of a plain scalar that starts with a digit, a sign or a dot."""
    if len(text) < 18 and text.isascii() and text.removeprefix("-").isdigit():
        number = int(text)
        if str(number) == text:
            return number
    found = _WORDS.get(text)
    if found is not None:
        return found
    if timestamp(text) is not None:
        return Scalar(text, TIMESTAMP)
    if text[0] == ".":
        return _canonical_float(text) if is_dotted_float(text) else text
    bare = text.replace("_", "")
    found = go_integer(bare)
    if found is not None:
        return found if str(found) == text else Scalar(text, INT)
    if is_float_text(bare) and is_finite(bare):
        return _canonical_float(text)
    return text


def _canonical_float(text: str) -> Json:
    try:
        value = float(text)
    except ValueError:
        return Scalar(text, FLOAT)
    return value if repr(value) == text else Scalar(text, FLOAT)


def go_integer(text: str) -> int | None:
    """The integer that Go's base-0 parsing finds in a text without underscores, within int64 or uint64, else None."""
    if text[:2] == "0b" and text[2:3] in ("+", "-"):
        # The reference tries again behind the prefix, where a sign may stand too.
        text = f"{text[2]}0b{text[3:]}"
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") and text else ("", text)
    if not digits or digits[0] not in _DIGITS or not digits.isascii() or not digits.isalnum():
        return None
    base = 10
    if digits[0] == "0" and len(digits) > 1:
        prefix = digits[1]
        base = 16 if prefix in "xX" else 2 if prefix in "bB" else 8
        digits = digits[2:] if prefix in "xXbBoO" else digits[1:]
    # Python would take a second base prefix (`00o7`).
    if not digits or digits.strip(_BASE_DIGITS[base]):
        return None
    digits = digits.lstrip("0")
    if len(digits) > _MAX_DIGITS:
        return None
    digits = digits or "0"
    value = int(digits, base)
    if sign == "-":
        value = -value
    limit = _MAX_UINT if not sign else _MAX_INT
    return value if _MIN_INT <= value <= limit else None


def is_float_text(text: str) -> bool:
    """Whether a text has the form of a float: digits, optional fraction, optional exponent, or a dot and digits."""
    if text[:1] in ("+", "-"):
        text = text[1:]
    mantissa, exponent = text, None
    for letter in "eE":
        head, found, tail = text.partition(letter)
        if found:
            mantissa, exponent = head, tail
            break
    if exponent is not None:
        if exponent[:1] in ("+", "-"):
            exponent = exponent[1:]
        if not _all_digits(exponent):
            return False
    whole, dot, fraction = mantissa.partition(".")
    if not whole:
        return bool(dot) and _all_digits(fraction)
    return _all_digits(whole) and (not fraction or _all_digits(fraction))


def is_dotted_float(text: str) -> bool:
    """Whether a text that starts with a dot is a float; underscores may stand only between two digits."""
    for at, char in enumerate(text):
        if char == "_" and not (text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit()):
            return False
    text = text.replace("_", "")
    return is_float_text(text) and is_finite(text)


def _all_digits(text: str) -> bool:
    return bool(text) and text.isascii() and text.isdigit()


def is_finite(text: str) -> bool:
    """Whether a float's text stays within the range of a 64-bit float."""
    value = float(text)
    return value - value == 0.0


def timestamp(text: str) -> str | None:
    """The RFC 3339 text of a timestamp (date alone, with time and zone, or with a space and no zone), else None.

    Source: go.yaml.in/yaml v3.0.3 `parseTimestamp`, Go `time.Parse` and `Time.MarshalJSON`.
    """
    if len(text) < 8 or text[4] != "-" or not _all_digits(text[:4]):
        return None
    from kbuild.documents.timestamps import parse

    return parse(text)


def tagged(text: str, tag: str, *, quoted: bool, explicit: bool = False) -> Json:
    """The model's value for a scalar of a known tag.

    `explicit` means that the source wrote the tag, so that quoting does not make it a string.
    """
    if quoted:
        return with_tag(text, tag) if explicit else in_quotes(text, tag)
    value = plain(text)
    return value if tag_of(value) == tag else text if tag == STR else Scalar(text, tag)


def in_quotes(text: str, tag: str) -> Json:
    """A scalar that was put into quotes: a string, unless its tag is another than what its text means."""
    if tag != STR and tag_of(plain(text)) != tag:
        return Scalar(text, tag, True)
    found = Quoted(text)
    found.tag = tag
    return found


def untagged_set(old: Json, text: str) -> Json:
    """What an untagged write makes of a scalar: a quoted one stays a string, a plain one is typed anew."""
    return requoted(old, text) if is_quoted(old) else untagged(text)


def untagged(text: str) -> Json:
    """The value of a scalar that a step made without a tag: a text with line breaks is printed as a block string."""
    return block(text) if "\n" in text else Scalar(text, UNTAGGED)


def typed(value: Json) -> Json:
    """A value with the type that its text gives it where it was written without a tag."""
    return plain(value.text) if type(value) is Scalar and value.tag == UNTAGGED else value


def block(text: str) -> Json:
    """A string in a literal block.

    The reference cannot read its own block that starts with a tab, so that one is told from a quoted string.
    """
    return Scalar(text, STR, True) if text[:1] == "\t" and is_block(text) else Quoted(text)


def folded(text: str) -> Json:
    """A string in a folded block, which the reference may change when it writes and reads that again."""
    if text[:1] == "\t":
        return block(text)
    if may_refold(text) and is_block(text):
        from kbuild.documents.v3text import refolded

        if refolded(text) != text:
            return Scalar(text, STR, True)
    found = Quoted(text)
    found.is_folded = True
    return found


def is_folded(value: Json) -> bool:
    """Whether a scalar was a folded block."""
    if type(value) is Quoted:
        return hasattr(value, "is_folded")
    return type(value) is Scalar and value.tag == STR and value.text[:1] != "\t"


def is_block(text: str) -> bool:
    """Whether the reference writes a string as a block that was one."""
    from kbuild.documents.scalar_style import has_special, space_before_break

    bare = text.replace("\n", "").replace("\t", "")
    return text[-1:] != " " and not space_before_break(text) and not has_special(bare)


def may_refold(text: str) -> bool:
    """Whether a folded text has lines that begin with blanks, or breaks at its ends."""
    return "\n " in text or "\n\t" in text or text[:1] in " \t\n" or text[-2:] == "\n\n"


def string_set(old: Json, text: str) -> Json:
    """What a write tagged as string makes of a scalar; `old` is ABSENT for a new field."""
    if old is ABSENT:
        return Quoted(text) if is_yaml11_non_string(text) else text
    return requoted(old, text) if is_quoted(old) else text


def untagged_new(text: str) -> Json:
    """What an untagged write to a new field makes: quoted where YAML 1.1 reads no string, else typed (a date is one)."""
    value = plain(text)
    is_date = type(value) is Scalar and value.tag == TIMESTAMP
    return Quoted(text) if not is_date and is_yaml11_non_string(text) else value


def text_set(old: Json, text: str) -> Json:
    """What a write of the text alone makes of a scalar: its tag and quoting stay."""
    if is_folded(old):
        return folded(text)
    tag, quoted = kept_tag(old), is_quoted(old)
    if tag == UNTAGGED:
        return untagged(text)
    return requoted(old, text) if quoted and tag == STR else tagged(text, tag, quoted=quoted, explicit=is_tagged(old))


def key(text: str) -> str | OddKey:
    """A mapping key that a step writes without a tag: a text that reads as non-string becomes an odd key."""
    value = plain(text)
    if type(value) is str:
        return text
    odd = OddKey(text, tag_of(value))
    odd.untagged = True
    return odd


def is_yaml11_non_string(text: str) -> bool:
    """Whether a YAML 1.1 parser reads the whole text as something else than a string."""
    if not text or "\n" in text:
        return False
    first = text[0]
    if first.isalpha():
        return (
            text in _OLD_BOOLS
            or text in _WORDS
            or ": " in text
            or text[-1] == ":"
            or (" #" in text and _commented(text))
        )
    from kbuild.documents.yaml11 import is_non_string

    return is_non_string(text)


def _commented(text: str) -> bool:
    return is_yaml11_non_string(text.partition(" #")[0].rstrip())


def v3_needs_quotes(text: str) -> bool:
    """Whether yaml v3 marshals this Go string in quotes or as a block."""
    if not text or "\n" in text:
        return True
    if type(plain(text)) is not str or text in _OLD_BOOLS:
        return True
    from kbuild.documents.yaml11 import cannot_be_plain, is_base60

    return is_base60(text) or cannot_be_plain(text)


def v3_quoted(text: str) -> Quoted:
    """A string of one line that needs quotes, in those that yaml v3 writes."""
    from kbuild.documents.scalar_style import SINGLE, style_of

    return single(text) if style_of(text) == SINGLE else Quoted(text)


def value_of(text: str, tag: str) -> Json:
    """The Python value of a plain scalar that has the tag by its text: int, float, bool, None; dates as RFC 3339 text."""
    if tag == NULL:
        return None
    if tag == BOOL:
        return text[0] in "tT"
    if tag == INT:
        return go_integer(text.replace("_", ""))
    if tag == FLOAT:
        return float_of(text)
    return timestamp(text) if tag == TIMESTAMP else text


def float_of(text: str) -> float:
    """The value of a float's text, `.inf` and `.nan` included."""
    lowered = text.replace("_", "").lower()
    if lowered.lstrip("+-") == ".inf":
        return float("-inf" if lowered[0] == "-" else "inf")
    return float("nan" if lowered == ".nan" else lowered)
