"""The variables of post-build substitution: from ConfigMaps and Secrets in their order, then those of the spec."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from applier.agent.kustomization.build import VariablesError
from applier.agent.runtime.kinds import CONFIG_MAPS, SECRETS
from applier.failures import ApplierError
from applier.model.live import Absent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from applier.cluster.reader import Reader


def read(reader: Reader, namespace: str, spec: Mapping[str, Any], secrets: set[str]) -> dict[str, str]:
    """The variables of a Kustomization; line breaks are taken out of values.

    Mutates: `secrets`, which gets every value that came out of a Secret. Raises: VariablesError.
    """
    settings = spec.get("postBuild") or {}
    found: dict[str, str] = {}
    for reference in settings.get("substituteFrom") or ():
        values = _values(reader, namespace, reference)
        if reference["kind"] == "Secret":
            secrets.update(value for value in values.values() if value)
        found |= values
    found |= {name: str(value) for name, value in (settings.get("substitute") or {}).items()}
    return {name: value.replace("\n", "") for name, value in found.items()}


def _values(reader: Reader, namespace: str, reference: Mapping[str, Any]) -> dict[str, str]:
    """The data of one ConfigMap or Secret. Raises: VariablesError."""
    kind, name = str(reference["kind"]), str(reference["name"])
    collection = (SECRETS if kind == "Secret" else CONFIG_MAPS)._replace(namespace=namespace)
    try:
        body = reader.get(collection, name)
    except ApplierError as problem:
        raise VariablesError(f"substitute from '{kind}/{name}' error: {problem}") from None
    if isinstance(body, Absent):
        if reference.get("optional"):
            return {}
        raise VariablesError(f"substitute from '{kind}/{name}' error: {collection.plural} \"{name}\" not found")
    data = body.get("data") or {}
    if kind == "Secret":
        return {key: base64.b64decode(value).decode("utf-8", "replace") for key, value in data.items()}
    return {key: str(value) for key, value in data.items()}


def masked(text: str, secrets: set[str]) -> str:
    """A text in which no value that came out of a Secret can be read."""
    for value in sorted(secrets, key=len, reverse=True):
        if len(value) > 3:
            text = text.replace(value, "*****")
    return text
