"""literals, files and env files of the ConfigMap and Secret generators.

Source: kustomize v5.8.1 `kv.Loader`, `generators.ParseFileSource`.
"""

from __future__ import annotations

from kbuild.model.errors import ConfigurationError, KbuildError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kbuild.model.context import Context

    Pairs = list[tuple[str, bytes]]

_MAX_LINE = 64 * 1024


def load(config: dict[str, Any], name: str, context: Context) -> dict[str, bytes]:
    """The keys and contents of all sources: env files, literals, files, in this order.

    Raises: ConfigurationError, also for a repeated key; MissingFileError, RestrictedPathError.
    """
    pairs: Pairs = []
    for frame, sources, read in (
        ("env source files:", config.get("envs") or (), from_env_files),
        ("literal sources", config.get("literals") or (), from_literals),
        ("file sources:", config.get("files") or (), from_files),
    ):
        try:
            pairs += read(sources, context)
        except KbuildError as error:
            raise error.within(f"{frame} [{' '.join(sources)}]").within("loading KV pairs") from None
    result: dict[str, bytes] = {}
    for key, content in pairs:
        if key in result:
            raise ConfigurationError(f"configmap {name} illegally repeats the key `{key}`")
        result[key] = content
    return result


def from_literals(sources: Iterable[str], _context: Context) -> Pairs:
    """`key=value` texts; one pair of matching quotes around the value is dropped. Raises: ConfigurationError."""
    pairs = []
    for source in sources:
        key, equals, text = source.partition("=")
        if not equals or not key:
            raise ConfigurationError(f"invalid literal source {source}, expected key=value")
        if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
            text = text[1:-1]
        pairs.append((key, text.encode("utf-8", "surrogatepass")))
    return pairs


def from_files(sources: Iterable[str], context: Context) -> Pairs:
    """`path` or `key=path`. Raises: KbuildError."""
    pairs = []
    for source in sources:
        key, path = split_file_source(source)
        pairs.append((key, context.read(path)))
    return pairs


def split_file_source(source: str) -> tuple[str, str]:
    """(key, path) of a file source. Raises: ConfigurationError."""
    count = source.count("=")
    if not count:
        return source.rstrip("/").rpartition("/")[2] or source, source
    if count > 1:
        raise ConfigurationError(f"source {go_quote(source)} key name or file path contains '='")
    key, _, path = source.partition("=")
    if not key:
        raise ConfigurationError(f"missing key name for file path {go_quote(path)} in source {go_quote(source)}")
    if not path:
        raise ConfigurationError(f"missing file path for key name {go_quote(key)} in source {go_quote(source)}")
    return key, path


def from_env_files(sources: Iterable[str], context: Context) -> Pairs:
    """The lines of env files. Raises: KbuildError."""
    pairs: Pairs = []
    for path in sources:
        for number, line in enumerate(lines_of(context.read(path))):
            pair = from_line(line, is_first=number == 0)
            if pair is not None:
                pairs.append(pair)
    return pairs


def lines_of(data: bytes) -> list[bytes]:
    """The lines without their breaks; reading ends silently at one that is too long."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    result = []
    for line in lines:
        if len(line) >= _MAX_LINE:
            break
        result.append(line.removesuffix(b"\r"))
    return result


def from_line(line: bytes, *, is_first: bool) -> tuple[str, bytes] | None:
    """The pair of one line of an env file, None for a blank, a comment or a missing key.

    Raises: ConfigurationError, for bytes that are no UTF-8.
    """
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        shown = " ".join(str(byte) for byte in line)
        text = line.decode("utf-8", "replace")
        raise ConfigurationError(f"line [{shown}] has invalid utf8 bytes : {text}") from None
    if is_first:
        text = text.removeprefix("\ufeff")
    text = text.lstrip()
    if not text or text[0] == "#":
        return None
    key, _, content = text.partition("=")
    return (key, content.encode()) if key else None
