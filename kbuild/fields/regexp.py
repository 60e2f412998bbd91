"""Go's regular expressions with Python's engine. Loads `re`: used only where a pattern is not literal.

Source: Go `regexp/syntax` (RE2).
"""

from __future__ import annotations

import re

from kbuild.model.errors import ConfigurationError


def compile_regexp(pattern: str) -> re.Pattern[str] | None:
    """The compiled pattern, None when Go refuses it."""
    try:
        return _compile(pattern)
    except re.error:
        return None


def _compile(pattern: str) -> re.Pattern[str]:
    if any(text in pattern for text in ("(?=", "(?!", "(?<=", "(?<!", "(?#", "(?(", "(?P=", "(?>")):
        raise re.error("invalid or unsupported Perl syntax")
    translated = pattern.replace("\\z", "\\Z").replace("(?<", "(?P<").replace("(?PP<", "(?P<")
    # `$` means the very end in Go, where Python also matches before a final line break.
    return re.compile(_ends(translated), re.ASCII)


def _ends(pattern: str) -> str:
    out, at, in_class = [], 0, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            out.append(pattern[at : at + 2])
            at += 2
            continue
        if char == "[" and not in_class:
            in_class = True
        elif char == "]" and in_class:
            in_class = False
        out.append("\\Z" if char == "$" and not in_class else char)
        at += 1
    return "".join(out)


def require(pattern: str) -> re.Pattern[str]:
    """The compiled pattern. Raises: ConfigurationError, in Go's words."""
    found = compile_regexp(pattern)
    if found is None:
        raise ConfigurationError(f"error parsing regexp: {go_reason(pattern)}")
    return found


def go_reason(pattern: str) -> str:
    """Why Go refuses a pattern, as Go says it."""
    try:
        re.compile(pattern)
    except re.error as error:
        reason = str(error)
        if "unterminated character set" in reason:
            return f"missing closing ]: `{pattern[error.pos or 0 :]}`"
        if "missing )" in reason or "unterminated subpattern" in reason:
            return f"missing closing ): `{pattern}`"
        if "unbalanced parenthesis" in reason:
            return f"unexpected ): `{pattern}`"
        if "nothing to repeat" in reason:
            at = error.pos or 0
            return f"missing argument to repetition operator: `{pattern[at : at + 1]}`"
        if "multiple repeat" in reason:
            at = error.pos or 1
            return f"invalid nested repetition operator: `{pattern[at - 1 : at + 1]}`"
        if "bad escape" in reason:
            at = error.pos or 0
            return f"invalid escape sequence: `{pattern[at : at + 2]}`"
        if "bad character range" in reason:
            return f"invalid character class range: `{reason.split('range ')[1].split(' at', maxsplit=1)[0]}`"
    return f"invalid or unsupported Perl syntax: `{_perl(pattern)}`"


def _perl(pattern: str) -> str:
    at = pattern.find("(?")
    return pattern[at : at + 3] if at >= 0 else pattern
