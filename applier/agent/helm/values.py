"""The values of a release: those of ConfigMaps and Secrets in their order, then those of the spec.

Source: fluxcd/pkg `chartutil.ChartValuesFromReferences`; Helm v3 `strvals` for `targetPath`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from applier.agent.helm.chart_files import ValuesFileError, merge, values_of
from applier.agent.runtime.kinds import CONFIG_MAPS, SECRETS
from applier.failures import ApplierError
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from applier.cluster.reader import Reader

KEY = "values.yaml"
MAX_INDEX = 65_536
_STEP = re.compile(r"((?:\\.|[^.\\\[])*)((?:\[\d+\])*)(?:\.|$)")
_INTEGER = re.compile(r"-?(0|[1-9]\d*)")
_WORDS = {"true": True, "false": False, "null": None}


class ValuesError(Exception):
    """Values that cannot be had: the sentence."""


def read(reader: Reader, namespace: str, spec: Mapping[str, Any], secrets: set[str]) -> dict[str, Any]:
    """The values of a HelmRelease.

    Mutates: `secrets`, which gets every value that came out of a Secret. Raises: ValuesError.
    """
    found: dict[str, Any] = {}
    for reference in spec.get("valuesFrom") or ():
        text = _text(reader, namespace, reference)
        if text is None:
            continue
        is_secret = reference["kind"] == "Secret"
        if reference.get("targetPath"):
            if is_secret:
                secrets.add(text)
            try:
                found = placed(found, str(reference["targetPath"]), text)
            except ValueError as problem:
                raise ValuesError(_sentence(namespace, reference, f"unable to merge value: {problem}")) from None
            continue
        try:
            values = values_of(text.encode(), _key(reference))
        except ValuesFileError:
            # The reader's own sentence could show what a Secret holds.
            raise ValuesError(
                _sentence(namespace, reference, "unable to read values: they are no map in YAML")
            ) from None
        if is_secret:
            secrets.update(_leaves(values))
        found = merge(found, values)
    return merge(found, spec.get("values") or {})


def digest_of(values: Any) -> str:
    """`sha256:` of values, whatever the order of their keys."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _key(reference: Mapping[str, Any]) -> str:
    return str(reference.get("valuesKey") or KEY)


def _text(reader: Reader, namespace: str, reference: Mapping[str, Any]) -> str | None:
    """The text that a reference means, None where it may be missing and is. Raises: ValuesError."""
    kind, name, key = str(reference["kind"]), str(reference["name"]), _key(reference)
    collection = (SECRETS if kind == "Secret" else CONFIG_MAPS)._replace(namespace=namespace)
    try:
        body = reader.get(collection, name)
    except ApplierError as problem:
        raise ValuesError(_sentence(namespace, reference, str(problem))) from None
    if isinstance(body, Absent):
        if reference.get("optional"):
            return None
        raise ValuesError(_sentence(namespace, reference, f'{collection.plural} "{name}" not found'))
    data = body.get("data") or {}
    if key not in data:
        if reference.get("optional"):
            return None
        raise ValuesError(_sentence(namespace, reference, f"missing key: {key}"))
    return base64.b64decode(data[key]).decode("utf-8", "replace") if kind == "Secret" else str(data[key])


def _sentence(namespace: str, reference: Mapping[str, Any], problem: str) -> str:
    optional = " optional" if reference.get("optional") else ""
    place = f"'{namespace}/{reference['name']}' with key '{_key(reference)}'"
    return f"could not resolve{optional} {reference['kind']} chart values reference {place}: {problem}"


def placed(values: Mapping[str, Any], path: str, text: str) -> dict[str, Any]:
    """Values with one scalar set at a path like `a.b[0].c`, a backslash before dots of names. Raises: ValueError, for what is no path."""
    result: dict[str, Any] = json.loads(json.dumps(values))
    steps = _steps(path)
    holder: Any = result
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if isinstance(step, int):
            if not isinstance(holder, list) or step > MAX_INDEX:
                raise ValueError(f"'{path}' does not fit the other values")
            holder += [None] * (step + 1 - len(holder))
        elif not isinstance(holder, dict):
            raise ValueError(f"'{path}' does not fit the other values")  # noqa: TRY004  (the path is wrong, not a type)
        if following is None:
            holder[step] = scalar(text)
            break
        child = holder[step] if isinstance(step, int) else holder.get(step)
        wanted = list if isinstance(following, int) else dict
        if not isinstance(child, wanted):
            child = wanted()
            holder[step] = child
        holder = child
    return result


def _steps(path: str) -> list[str | int]:
    """Raises: ValueError."""
    found: list[str | int] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or match.end() == at or not match[1]:
            raise ValueError(f"'{path}' is no path")
        found.append(re.sub(r"\\(.)", r"\1", match[1]))
        found += [int(digits) for digits in re.findall(r"\d+", match[2])]
        at = match.end()
    if not found:
        raise ValueError("the path is empty")
    return found


def scalar(text: str) -> Any:
    """A text as Helm's `--set` types it; in quotes it stays a text."""
    for quote in ("'", '"'):
        if len(text) > 1 and text[0] == text[-1] == quote:
            return text[1:-1]
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    elif isinstance(value, str):
        yield value
