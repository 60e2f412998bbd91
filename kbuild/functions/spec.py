"""How a configuration says which function it is for: an annotation that holds a small YAML document.

Source: kyaml v0.21.1 `runtimeutil.GetFunctionSpec`, sigs.k8s.io/yaml v1.5.0 `UnmarshalStrict`.
"""

from __future__ import annotations

from os.path import isabs, normpath

from kbuild.model.errors import ConfigurationError, YamlError
from kbuild.model.scalars import is_null, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.model.resource import Resource
    from kbuild.model.scalars import Body, Json

KEYS = ("config.kubernetes.io/function", "config.k8s.io/function")
CONTAINER_KEY = "config.kubernetes.io/container"

# struct -> field -> type: "string", "bool", a struct, or one of these in a tuple for a list.
_STRUCTS: dict[str, dict[str, Any]] = {
    "FunctionSpec": {"deferFailure": "bool", "container": "ContainerSpec", "exec": "ExecSpec"},
    "ExecSpec": {"path": "string", "args": ("string",), "envs": ("string",)},
    "ContainerSpec": {"image": "string", "network": "bool", "mounts": ("StorageMount",), "envs": ("string",)},
    "StorageMount": {"type": "string", "src": "string", "dst": "string", "rw": "bool"},
}
_JSON_KINDS: dict[type, str] = {str: "string", bool: "bool", int: "number", float: "number", list: "array"}


class FunctionSpec:
    """What a function is. Shape: the fields of the annotation's structs, absent ones empty."""

    __slots__ = ("args", "container_envs", "defers_failure", "envs", "image", "mounts", "needs_network", "path")

    def __init__(self, fields: dict[str, Any]) -> None:
        container, program = fields.get("container") or {}, fields.get("exec") or {}
        self.defers_failure: bool = bool(fields.get("deferFailure"))
        self.image: str = container.get("image") or ""
        self.needs_network: bool = bool(container.get("network"))
        self.mounts: list[dict[str, Any]] = [mount or {} for mount in container.get("mounts") or ()]
        self.container_envs: list[str] = container.get("envs") or []
        self.path: str = program.get("path") or ""
        self.args: list[str] = program.get("args") or []
        self.envs: list[str] = program.get("envs") or []


def function_spec(resource: Resource) -> FunctionSpec | None:
    """The function that a configuration names, None when it names none.

    Raises: ConfigurationError, for a text that is no function specification or mounts what it must not.
    """
    found = _from_annotation(resource.body)
    for mount in () if found is None else found.mounts:
        source = mount.get("src") or ""
        problem = ""
        if isabs(source):
            problem = "mount paths must be relative to the current kustomization directory"
        elif normpath(source).startswith(".."):
            problem = "mount paths must be under the current kustomization directory"
        if problem:
            raise ConfigurationError(
                f"plugin {resource.original_id} with mount path '{source}' is not permitted; {problem}"
            )
    return found


def _from_annotation(body: Body) -> FunctionSpec | None:
    meta = body.get("metadata")
    if type(meta) is not dict:
        return None
    annotations = meta.get("annotations")
    texts = annotations if type(annotations) is dict else {}
    for key in KEYS:
        text = text_of(texts.get(key, ""))
        if text:
            return FunctionSpec(decode(text, key))
    old = meta.get("configFn")
    if not is_null(old):
        from kbuild.documents.v3text import dumps

        return FunctionSpec(decode(dumps(old), "configFn"))
    image = text_of(texts.get(CONTAINER_KEY, ""))
    return FunctionSpec({"container": {"image": image}}) if image else None


def decode(text: str, name: str) -> dict[str, Any]:
    """The fields of a specification's text. Raises: ConfigurationError."""
    from kbuild.documents.compose import compose_config

    frame = f"loader: failed to get FunctionSpec: {name} unmarshal error"
    try:
        value = compose_config(text, strict=True)
    except YamlError as error:
        raise ConfigurationError(f"{frame}: error converting YAML to JSON: {error.reason}") from None
    try:
        fields = _decoded(value, "FunctionSpec", (), "FunctionSpec")
    except ValueError as error:
        raise ConfigurationError(f"{frame}: error unmarshaling JSON: while decoding JSON: json: {error}") from None
    return fields or {}


def _decoded(value: Json, kind: Any, path: tuple[str, ...], struct: str) -> Any:
    """A value as a type of the table. Raises: ValueError, with Go's words."""
    if value is None:
        return None
    found = type(value)
    if kind == "string" and found in (int, float, bool):
        from kbuild.documents.gojson import dumps

        return dumps(value)
    if (kind == "string" and found is str) or (kind == "bool" and found is bool):
        return value
    if type(kind) is tuple and found is list:
        if kind == ("string",):
            return [_decoded(item, "string", path, struct) or "" for item in value]
        return [_decoded(item, kind[0], path, struct) for item in value]
    if kind in _STRUCTS and found is dict:
        return _struct(value, kind, path)
    go_type = f"[]{_go_type(kind[0])}" if type(kind) is tuple else _go_type(kind)
    given = _JSON_KINDS.get(found, "object")
    if not path:
        raise ValueError(f"cannot unmarshal {given} into Go value of type {go_type}")
    raise ValueError(f"cannot unmarshal {given} into Go struct field {struct}.{'.'.join(path)} of type {go_type}")


def _struct(value: dict[str, Json], kind: str, path: tuple[str, ...]) -> dict[str, Any]:
    known = _STRUCTS[kind]
    folded = {name.lower(): name for name in known}
    fields: dict[str, Any] = {}
    for key in sorted(value):
        name = key if key in known else folded.get(key.lower(), "")
        if not name:
            raise ValueError(f'unknown field "{key}"')
        fields[name] = _decoded(value[key], known[name], (*path, name), kind)
    return fields


def _go_type(kind: str) -> str:
    return f"runtimeutil.{kind}" if kind in _STRUCTS else kind
