"""Kubernetes label selectors: `a=b,c!=d,e in (x,y),!f,g`.

Source: kyaml v0.21.1 `k8sgen/pkg/labels`, `k8sgen/pkg/util/validation`.
"""

from __future__ import annotations

from kbuild.model.errors import ConfigurationError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Requirement = tuple[str, str, tuple[str, ...]]
    Token = tuple[str, str]

_WORD, _END, _BAD = "word", "end", "bad"
_SPECIAL, _BLANK = "=!(),><", " \t\r\n"
_SYMBOLS = (")", ",", "!", "==", "=", ">", "<", "!=", "(")
_ALNUM = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_NAME_CHARS = _ALNUM | frozenset("-_.")
_NAME_FORM = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_FORM = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_PARTS = "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
_NAME_RULE = f"must {_PARTS} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_NAME_FORM}')"
_VALUE_RULE = (
    f"a valid label must be an empty string or {_PARTS} "
    f"(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({_NAME_FORM})?')"
)
_DOMAIN_RULE = (
    "a DNS-1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
    f"alphanumeric character (e.g. 'example.com', regex used for validation is '{_LABEL_FORM}(\\.{_LABEL_FORM})*')"
)


class LabelSelector:
    """A parsed selector. Raises: ConfigurationError, in the reference's words."""

    __slots__ = ("_at", "_tokens", "requirements")

    def __init__(self, text: str) -> None:
        self._tokens, self._at = _tokens(text), 0
        self.requirements = self._parse()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet every requirement."""
        return all(_meets(requirement, labels) for requirement in self.requirements)

    def _parse(self) -> list[Requirement]:
        found: list[Requirement] = []
        while True:
            kind, text = self._peek()
            if kind == _END:
                return found
            if kind not in (_WORD, "!"):
                raise ConfigurationError(f"found '{text}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except ConfigurationError as error:
                raise error.within("unable to parse requirement") from None
            kind, text = self._next()
            if kind == _END:
                return found
            if kind != ",":
                raise ConfigurationError(f"found '{text}', expected: ',' or 'end of string'")
            kind, text = self._peek()
            if kind not in (_WORD, "!"):
                raise ConfigurationError(f"found '{text}', expected: identifier after ','")

    def _peek(self) -> Token:
        """The next token, `in` and `notin` taken as words."""
        kind, text = self._tokens[self._at]
        return (_WORD, text) if kind in ("in", "notin") else (kind, text)

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _requirement(self) -> Requirement:
        kind, key = self._next()
        is_negated = kind == "!"
        if is_negated:
            kind, key = self._next()
        if kind != _WORD:
            raise ConfigurationError(f"found '{key}', expected: identifier")
        _check_key(key)
        if is_negated or self._peek()[0] in (_END, ","):
            return (key, "!" if is_negated else "exists", ())
        operator, text = self._tokens[self._at]
        self._at += 1
        if operator not in ("in", "=", "==", ">", "<", "notin", "!="):
            raise ConfigurationError(f"found '{text}', expected: '=', '!=', '==', 'in', notin'")
        values = self._list() if operator in ("in", "notin") else self._value()
        if operator in ("<", ">") and _number(values[0]) is None:
            raise ConfigurationError("for 'Gt', 'Lt' operators, the value must be an integer")
        for value in values:
            _check_value(key, value)
        return (key, operator, values)

    def _value(self) -> tuple[str, ...]:
        kind, text = self._peek()
        if kind in (_END, ","):
            return ("",)
        self._at += 1
        if kind != _WORD:
            raise ConfigurationError(f"found '{text}', expected: identifier")
        return (text,)

    def _list(self) -> tuple[str, ...]:
        kind, text = self._next()
        if kind != "(":
            raise ConfigurationError(f"found '{text}' expected: '('")
        kind, text = self._peek()
        if kind == ")":
            self._at += 1
            return ("",)
        if kind not in (_WORD, ","):
            raise ConfigurationError(f"found '{text}', expected: ',', ')' or identifier")
        found: set[str] = set()
        while self._peek()[0] != ")":
            self._entry(found)
        self._at += 1
        return tuple(sorted(found))

    def _entry(self, found: set[str]) -> None:
        """One entry or comma of a value list. Mutates: `found`."""
        kind, text = self._next()
        if kind == _WORD:
            found.add(text)
            after, text = self._peek()
            if after not in (",", ")"):
                raise ConfigurationError(f"found '{text}', expected: ',' or ')'")
        elif kind == ",":
            if not found or self._peek()[0] in (",", ")"):
                found.add("")
            if self._peek()[0] == ",":
                self._at += 1
        else:
            raise ConfigurationError(f"found '{text}', expected: ',', or identifier")


def _meets(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    key, operator, values = requirement
    value = labels.get(key)
    if operator in ("in", "=", "=="):
        return value is not None and value in values
    if operator in ("notin", "!="):
        return value is None or value not in values
    if operator == "exists":
        return value is not None
    if operator == "!":
        return value is None
    number, limit = _number(value or ""), _number(values[0])
    if number is None or limit is None:
        return False
    return number > limit if operator == ">" else number < limit


def _number(text: str) -> int | None:
    """A decimal 64-bit integer, else None."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isascii() or not digits.isdigit():
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while True:
        while at < len(text) and text[at] in _BLANK:
            at += 1
        if at >= len(text) or text[at] == "\0":
            found.append((_END, ""))
            return found
        start = at
        if text[at] in _SPECIAL:
            at = _symbol_end(text, at)
            found.append((text[start:at], text[start:at]))
            continue
        while at < len(text) and text[at] not in _SPECIAL and text[at] not in _BLANK:
            at += 1
        word = text[start:at]
        found.append((word if word in ("in", "notin") else _WORD, word))


def _symbol_end(text: str, at: int) -> int:
    """The end of the longest symbol that starts here."""
    end = at + 1
    while end < len(text) and text[at : end + 1] in _SYMBOLS:
        end += 1
    return end


def _is_name(text: str) -> bool:
    return bool(text) and text[0] in _ALNUM and text[-1] in _ALNUM and _NAME_CHARS.issuperset(text)


def _check_key(key: str) -> None:
    """Raise ConfigurationError for what is no label key."""
    prefix, slash, name = key.rpartition("/")
    problems = []
    if "/" in prefix:
        problems.append(
            f"a qualified name {_NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )
    else:
        if slash and not prefix:
            problems.append("prefix part must be non-empty")
        elif slash:
            problems += [f"prefix part {problem}" for problem in _domain_problems(prefix)]
        if not name:
            problems.append("name part must be non-empty")
        elif len(name.encode()) > 63:
            problems.append("name part must be no more than 63 characters")
        if not _is_name(name):
            problems.append(f"name part {_NAME_RULE}")
    if problems:
        raise ConfigurationError(f"invalid label key {go_quote(key)}: {'; '.join(problems)}")


def _domain_problems(text: str) -> list[str]:
    problems = ["must be no more than 253 characters"] if len(text.encode()) > 253 else []
    if text != text.lower() or "_" in text or not all(_is_name(part) for part in text.split(".")):
        problems.append(_DOMAIN_RULE)
    return problems


def _check_value(key: str, value: str) -> None:
    """Raise ConfigurationError for what is no label value."""
    problems = ["must be no more than 63 characters"] if len(value.encode()) > 63 else []
    if value and not _is_name(value):
        problems.append(_VALUE_RULE)
    if problems:
        raise ConfigurationError(
            f"invalid label value: {go_quote(value)}: at key: {go_quote(key)}: {'; '.join(problems)}"
        )
