"""Character classes of Go's regular expressions: ranges, named groups, Unicode categories and scripts, case folding.

Source: Go `regexp/syntax` (perl and posix groups), `unicode.SimpleFold`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # Whether a character is in a set.
    Test = Callable[[str], bool]

_UPPER, _LOWER, _DIGIT = ("A", "Z"), ("a", "z"), ("0", "9")
PERL = {"d": (_DIGIT,), "s": (("\t", "\n"), ("\f", "\r"), (" ", " ")), "w": (_DIGIT, _UPPER, ("_", "_"), _LOWER)}
POSIX = {
    "alnum": (_DIGIT, _UPPER, _LOWER), "alpha": (_UPPER, _LOWER), "ascii": (("\0", "\x7f"),),
    "blank": (("\t", "\t"), (" ", " ")), "cntrl": (("\0", "\x1f"), ("\x7f", "\x7f")), "digit": (_DIGIT,),
    "graph": (("!", "~"),), "lower": (_LOWER,), "print": ((" ", "~"),),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")), "space": (("\t", "\r"), (" ", " ")),
    "upper": (_UPPER,), "word": PERL["w"], "xdigit": (_DIGIT, ("A", "F"), ("a", "f")),
}  # fmt: skip
_CATEGORIES = [
    "C",
    "Cc",
    "Cf",
    "Cn",
    "Co",
    "Cs",
    "L",
    "Ll",
    "Lm",
    "Lo",
    "Lt",
    "Lu",
    "M",
    "Mc",
    "Me",
    "Mn",
    "N",
    "Nd",
    "Nl",
    "No",
    "P",
    "Pc",
    "Pd",
    "Pe",
    "Pf",
    "Pi",
    "Po",
    "Ps",
    "S",
    "Sc",
    "Sk",
    "Sm",
    "So",
    "Z",
    "Zl",
    "Zp",
    "Zs",
]
_ALIASES = {
    "casedletter": "LC", "closepunctuation": "Pe", "combiningmark": "M", "connectorpunctuation": "Pc", "control": "Cc",
    "currencysymbol": "Sc", "dashpunctuation": "Pd", "decimalnumber": "Nd", "enclosingmark": "Me",
    "finalpunctuation": "Pf", "format": "Cf", "initialpunctuation": "Pi", "letter": "L", "letternumber": "Nl",
    "lineseparator": "Zl", "lowercaseletter": "Ll", "mark": "M", "mathsymbol": "Sm", "modifierletter": "Lm",
    "modifiersymbol": "Sk", "nonspacingmark": "Mn", "number": "N", "openpunctuation": "Ps", "other": "C",
    "otherletter": "Lo", "othernumber": "No", "otherpunctuation": "Po", "othersymbol": "So",
    "paragraphseparator": "Zp", "privateuse": "Co", "punctuation": "P", "separator": "Z", "spaceseparator": "Zs",
    "spacingmark": "Mc", "surrogate": "Cs", "symbol": "S", "titlecaseletter": "Lt", "unassigned": "Cn",
    "uppercaseletter": "Lu", "cntrl": "Cc", "digit": "Nd", "punct": "P",
}  # fmt: skip
_LAST_ASCII = "\x7f"
# Characters whose other case has another other case, as the long s, whose upper case S has the lower case s.
_ONE_WAY = (
    "\u00b5\u017f\u0345\u03c2\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f4\u03f5\u1c80\u1c81\u1c82\u1c83\u1c84\u1c85\u1c86"
    "\u1c87\u1c88\u1e9b\u1e9e\u1fbe\u2126\u212a\u212b"
)


class CharClass:
    """A set of characters. Shape: `items` are (test, negated); a character is in the set when any of them says so."""

    __slots__ = ("_folds", "_items", "_negated")

    def __init__(self, items: list[tuple[Test, bool]], *, negated: bool = False, folds: bool = False) -> None:
        self._items, self._negated, self._folds = items, negated, folds

    def has(self, char: str) -> bool:
        """Whether a character is in the set; with folding, whether it or one that differs in case only is."""
        chars = same_but_for_case(char) if self._folds else (char,)
        for test, negated in self._items:
            if any(test(each) for each in chars) != negated:
                return not self._negated
        return self._negated


def same_but_for_case(char: str) -> set[str]:
    """A character and all that differ from it in case only."""
    found = {char}
    # The dotted and the dotless i fold to nothing else.
    pending = [] if char in "\u0130\u0131" else [char]
    while pending:
        each = pending.pop()
        for other in (*_cases(each), *_cased_like(each)):
            if other not in found and other not in "\u0130\u0131":
                found.add(other)
                pending.append(other)
    return found


def _cased_like(char: str) -> list[str]:
    """The characters of one way only whose other case this is."""
    return [other for other in _ONE_WAY if char in _cases(other)] if char in _ONE_WAY_CASES else []


def _cases(char: str) -> list[str]:
    """The single characters that a character is in lower, upper and title case."""
    return [other for other in (char.lower(), char.upper(), char.title()) if len(other) == 1 and other != char]


_ONE_WAY_CASES = frozenset(other for char in _ONE_WAY for other in _cases(char))


def ranges(*pairs: tuple[str, str]) -> Test:
    """A test for ranges of characters, ends included."""
    if len(pairs) == 1:
        ((low, high),) = pairs
        return lambda char: low <= char <= high
    return lambda char: any(low <= char <= high for low, high in pairs)


def unicode_test(name: str) -> tuple[Test, bool] | None:
    r"""The test of `\p{name}` and whether it is negated; None for a name that is unknown."""
    bare = name.translate({ord(char): None for char in "_- "}) if name else ""
    name = bare[:1].upper() + "".join([char.lower() if char <= _LAST_ASCII else char for char in bare[1:]])
    if name == "Any":
        return (lambda _: True), False
    if name == "Ascii":
        return ranges(("\0", _LAST_ASCII)), False
    if name == "Assigned":
        return _category("Cn"), True
    if name == "Lc":
        return _cased, False
    if name in _CATEGORIES:
        return _category(name), False
    script = _script(name)
    if script is not None:
        return script, False
    actual = _ALIASES.get(name.lower())
    if actual is None:
        return None
    return (_cased if actual == "LC" else _category(actual)), False


def _category(prefix: str) -> Test:
    from unicodedata import category

    return lambda char: category(char).startswith(prefix)


def _cased(char: str) -> bool:
    from unicodedata import category

    return category(char) in ("Lu", "Ll", "Lt")


def _script(name: str) -> Test | None:
    """A test for the characters of a script whose name is written without underscores in its first letter's case."""
    from kbuild.fields.regexp_scripts import SCRIPTS

    for line in SCRIPTS.splitlines():
        # Only names of one word are found: the reference drops underscores from what is asked for, not from its own names.
        found, _, rest = line.partition(" ")
        if found == name:
            pairs = [part.partition("-")[::2] for part in rest.split(" ")]
            return ranges(*[(chr(int(low, 16)), chr(int(high or low, 16))) for low, high in pairs])
    return None
