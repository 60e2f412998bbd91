"""Kustomization files and other configuration texts as plain JSON-like values, typed as YAML 1.1.

Source: sigs.k8s.io/yaml v1.5.0 `YAMLToJSON` over go.yaml.in/yaml v2.4.2.
"""

from __future__ import annotations

from kbuild.documents import yaml11
from kbuild.documents.lines import Declined
from kbuild.documents.reader import Memo, Typing, build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.scalars import Json


def read_config(data: str | bytes, memo: Memo | None = None) -> Json:
    """The first document as plain values: 1.1 booleans, keys as texts, the last of duplicate keys, dates as written.

    Raises: YamlError, in the words of the reference's older parser.
    """
    if isinstance(data, bytes):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            from kbuild.documents.compose import undecodable

            raise undecodable(data, is_config=True) from None
    else:
        text = data
    memo = Memo() if memo is None else memo
    if memo.config is None:
        memo.config = config_typing()
    try:
        return build(first_document(text.replace("\r\n", "\n")), memo.config)
    except Declined:
        from kbuild.documents import compose

        return compose.compose_config(text)


def config_typing() -> Typing:
    """The typing of configuration files."""
    typing = Typing()
    typing.plain = yaml11.resolve
    typing.quoted = str
    typing.key = config_key
    typing.null = None
    typing.last_wins = True
    return typing


def config_key(text: str) -> str:
    """A plain key as text: booleans become `true` and `false`. Raises: Declined, for a null or a float."""
    value = yaml11.resolve(text)
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    raise Declined


def first_document(text: str) -> str:
    """The text up to a second document marker."""
    if "\n---" not in text and "\n..." not in text:
        return text
    lines = text.split("\n")
    seen = False
    for at, line in enumerate(lines):
        if line.startswith(("---", "...")):
            if seen:
                return "\n".join(lines[:at]) + "\n"
            if line.rstrip() != "---":
                raise Declined
            lines[at] = ""
            seen = True
        elif line.strip() and line.lstrip()[0] != "#":
            seen = True
    return "\n".join(lines)


def read_json(data: str | bytes) -> Json:
    """Strict JSON. Raises: ValueError."""
    import json

    return json.loads(data)
