"""configMapGenerator.

Source: kustomize v5.8.1 `ConfigMapGenerator`, `generators.MakeConfigMap`, kyaml v0.21.1 `LoadMapIntoConfigMapData`.
"""

from __future__ import annotations

from kbuild.documents.resolve import ABSENT, block, key, string_set
from kbuild.generators.data_sources import load
from kbuild.model.errors import ConfigurationError
from kbuild.model.internal_annotations import take
from kbuild.model.resource import CREATE, MERGE, REPLACE, UNSPECIFIED, Resource, mark_generated
from kbuild.model.scalars import single

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.context import Context

_LINE = 70


class ConfigMapGenerator:
    """Makes a ConfigMap. Config: name, namespace, behavior, literals, files, envs, env, options, metadata."""

    kind = "ConfigMap"

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        meta = config.get("metadata") or {}
        self.config, self.context = config, context
        self.name = str(config.get("name") or meta.get("name") or "")
        self.namespace = str(config.get("namespace") or meta.get("namespace") or "")
        self.options = config.get("options") or {}

    def generate(self) -> list[Resource]:
        """The resource, which wants a hash unless its options say otherwise. Raises: KbuildError."""
        if not self.name:
            raise ConfigurationError("a configmap must have a name")
        body: dict[Any, Any] = {"apiVersion": "v1", "kind": self.kind}
        body["metadata"] = meta = {"name": string_set(ABSENT, self.name)}
        if self.namespace:
            meta["namespace"] = string_set(ABSENT, self.namespace)
        self.fill(body, load(self.config, self.name, self.context))
        for field in ("labels", "annotations"):
            pairs = self.options.get(field) or {}
            if pairs:
                # The reference single-quotes the values that its generators annotate and label with.
                meta[field] = {key(name): single(pairs[name]) for name in sorted(pairs)}
        if self.options.get("immutable"):
            body["immutable"] = True
        behavior = self.config.get("behavior") or UNSPECIFIED
        resource = Resource(body, scopes=self.context.scopes)
        if "annotations" in meta:
            take(resource)
        mark_generated(resource)
        resource.needs_hash = resource.needs_hash or not self.options.get("disableNameSuffixHash")
        resource.behavior = behavior if behavior in (CREATE, REPLACE, MERGE) else UNSPECIFIED
        return [resource]

    def fill(self, body: dict[Any, Any], data: dict[str, bytes]) -> None:
        """Put the contents in: text into `data`, the rest in base64 into `binaryData`. Mutates: `body`."""
        for name in sorted(data):
            try:
                value: Any = as_text(data[name].decode("utf-8"))
                field = "data"
            except UnicodeDecodeError:
                value, field = as_text(base64_lines(data[name])), "binaryData"
            body.setdefault(field, {})[key(name)] = value


def as_text(text: str) -> Any:
    """A string value as the reference stores it: a block when it has line breaks."""
    return block(text) if "\n" in text else string_set(ABSENT, text)


def base64_lines(data: bytes) -> str:
    """Base64, cut into lines of 70 characters when it is at least that long."""
    from binascii import b2a_base64

    text = b2a_base64(data, newline=False).decode()
    if len(text) < _LINE:
        return text
    return "".join(text[at : at + _LINE] + "\n" for at in range(0, len(text), _LINE))


class SecretGenerator(ConfigMapGenerator):
    """Makes a Secret. Config: as for a ConfigMap, and `type` (default `Opaque`)."""

    kind = "Secret"

    def fill(self, body: dict[Any, Any], data: dict[str, bytes]) -> None:
        """Put the type and all contents in base64 in. Mutates: `body`."""
        body["type"] = string_set(ABSENT, str(self.config.get("type") or "Opaque"))
        body["data"] = {key(name): as_text(base64_lines(data[name])) for name in sorted(data)}
