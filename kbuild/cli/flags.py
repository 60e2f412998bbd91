"""Command-line flags as data, and a parser with the reference's rules and sentences.

Help and completion read the same table (cli/help.py), so that the fast path needs no argument library.
Source: pflag 1.0.6 as used by kustomize v5.8.1.
"""

from __future__ import annotations

from kbuild.model.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BOOL, TEXT, LIST = "bool", "string", "stringArray"

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


class Flag:
    """One flag: `--name`, `-short`, what it takes, what it says in the help and, if deprecated, what it prints.

    Shape: `choices` are the words that it takes, empty for any text; the command itself refuses others.
    """

    __slots__ = ("choices", "deprecated", "help", "kind", "name", "placeholder", "short")

    def __init__(
        self, name: str, kind: str, text: str, *, short: str = "", placeholder: str = "", deprecated: str = "",
        choices: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.name, self.kind, self.help = name, kind, text
        self.short, self.placeholder, self.deprecated, self.choices = short, placeholder, deprecated, choices

    @property
    def field(self) -> str:
        """The flag's name as an identifier."""
        return self.name.replace("-", "_")


def parse(
    argv: Sequence[str], flags: Sequence[Flag], note: Callable[[str], None]
) -> tuple[dict[str, bool | str | list[str]], list[str]]:
    """Split arguments into flag values (by identifier, only those given) and the rest.

    `note` is called with the line of each deprecated flag as it is met.
    Raises: UsageError, in the reference's words.
    """
    names = {flag.name: flag for flag in flags}
    shorts = {flag.short: flag for flag in flags if flag.short}
    values: dict[str, bool | str | list[str]] = {}
    rest: list[str] = []
    queue = list(argv)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += queue
            break
        if len(word) < 2 or word[0] != "-":
            rest.append(word)
        elif word.startswith("--"):
            _long(word, queue, names, values, note)
        else:
            _short(word, queue, shorts, values, note)
    return values, rest


def _long(
    word: str,
    queue: list[str],
    names: dict[str, Flag],
    values: dict[str, bool | str | list[str]],
    note: Callable[[str], None],
) -> None:
    name, equals, text = word[2:].partition("=")
    if not name or name[0] in "-=":
        raise UsageError(f"bad flag syntax: {word}")
    flag = names.get(name)
    if flag is None:
        raise UsageError(f"unknown flag: --{name}").advise(_nearest(name, names))
    if not equals:
        if flag.kind == BOOL:
            text = "true"
        elif queue:
            text = queue.pop(0)
        else:
            raise UsageError(f"flag needs an argument: --{name}")
    _store(flag, text, values, note)


def _short(
    word: str,
    queue: list[str],
    shorts: dict[str, Flag],
    values: dict[str, bool | str | list[str]],
    note: Callable[[str], None],
) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = shorts.get(letter)
        if flag is None:
            raise UsageError(f"unknown shorthand flag: '{letter}' in {word}")
        if letters.startswith("=") and len(letters) > 1:
            text, letters = letters[1:], ""
        elif flag.kind == BOOL:
            text = "true"
        elif letters:
            text, letters = letters, ""
        elif queue:
            text = queue.pop(0)
        else:
            raise UsageError(f"flag needs an argument: '{letter}' in {word}")
        _store(flag, text, values, note)


def _store(flag: Flag, text: str, values: dict[str, bool | str | list[str]], note: Callable[[str], None]) -> None:
    if flag.kind == BOOL:
        if text not in _TRUE and text not in _FALSE:
            shown = f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}"
            raise UsageError(
                f'invalid argument "{text}" for "{shown}" flag: strconv.ParseBool: parsing "{text}": invalid syntax'
            )
        values[flag.field] = text in _TRUE
    elif flag.kind == LIST:
        found = values.setdefault(flag.field, [])
        assert isinstance(found, list)
        found.append(text)
    else:
        values[flag.field] = text
    if flag.deprecated:
        note(f"Flag --{flag.name} has been deprecated, {flag.deprecated}")


def one_of(text: str, words: Sequence[str], flag: str) -> str:
    """A flag's value that must be one of some words. Raises: UsageError."""
    if text not in words:
        raise UsageError(f"illegal flag value {flag} {text}; legal values: [{' '.join(words)}]")
    return text


def _nearest(name: str, names: dict[str, Flag]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, names, 1)
    return f"did you mean --{close[0]}?" if close else ""
