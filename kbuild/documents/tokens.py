"""Tokens of the full parser, the characters they are made of, and how its errors are worded.

Source: go.yaml.in/yaml v3.0.3 and v2.4.2, `yaml_token_t`, `parser.fail`.
"""

from __future__ import annotations

from kbuild.model.errors import Position, YamlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # kind, 0-based line, 0-based column, value (text, handle, version), extra (style, suffix, prefix)
    Token: TypeAlias = tuple[int, int, int, Any, Any]

STREAM_START, STREAM_END, DOCUMENT_START, DOCUMENT_END, VERSION, TAG_DIRECTIVE = range(6)
SEQUENCE_START, MAPPING_START, BLOCK_END = range(6, 9)
FLOW_SEQUENCE_START, FLOW_SEQUENCE_END, FLOW_MAPPING_START, FLOW_MAPPING_END = range(9, 13)
BLOCK_ENTRY, FLOW_ENTRY, KEY, VALUE, ALIAS, ANCHOR, TAG, SCALAR = range(13, 21)

BREAKS = frozenset("\r\n\x85\u2028\u2029")
BREAK_OR_END = BREAKS | {"\0"}
BLANK = frozenset(" \t")
BLANK_BREAK_OR_END = BREAK_OR_END | BLANK

# What the text of a scanner ends in, so that looking ahead needs no bounds check.
PADDING = "\0" * 16


def scan_error(problem: str, at: tuple[int, int], context: tuple[int, int], *, is_v3: bool) -> YamlError:
    """The error of the scanner at a place, about something that began at the context.

    Units: places are 0-based (line, column).
    """
    if is_v3:
        line = context[0] or at[0]
        named = line + 1 if line else 0
    else:
        named = at[0] + 1 if at[0] else context[0]
    return _error(problem, named, context if problem.endswith("end of stream") else at)


def parse_error(problem: str, at: tuple[int, int], context: tuple[int, int], *, is_v3: bool) -> YamlError:
    """The error of the parser at a token; the reference counts these lines from 0 and does not name line 0."""
    named = (context[0] or at[0]) if is_v3 else (at[0] or context[0])
    return _error(problem, named, at)


def bare_error(problem: str, line: int = 0, column: int = 0) -> YamlError:
    """An error that the reference words without a line. Units: 1-based line and column, 0 where unknown."""
    return YamlError(f"yaml: {problem}", Position("", line, column))


def _error(problem: str, named: int, at: tuple[int, int]) -> YamlError:
    where = f"line {named}: " if named else ""
    return YamlError(f"yaml: {where}{problem}", Position("", at[0] + 1, at[1] + 1))
