"""What the reference's decoder refuses in an OpenAPI schema, in its words.

The decoder says either `cannot` or `unable to`, at random; here it is always `cannot`.
Source: kube-openapi `spec.Schema`, `SchemaOrArray`, `SchemaOrBool`, `StringOrArray` and its copy of JSON v2.
"""

from __future__ import annotations

from kbuild.model.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STRUCT = "struct { spec.Extensions; spec.SchemaProps; spec.SwaggerSchemaProps }"
_KINDS: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}
_WANTED: dict[str, tuple[type, ...]] = {"string": (str,), "bool": (bool,), "float64": (int, float), "int64": (int,)}
_FIELDS: dict[str, str] = {
    **dict.fromkeys(("id", "description", "format", "title", "pattern", "discriminator"), "string"),
    **dict.fromkeys(("nullable", "exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "readOnly"), "bool"),
    **dict.fromkeys(("maximum", "minimum", "multipleOf"), "float64"),
    **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"), "int64"),
    **dict.fromkeys(("properties", "patternProperties", "definitions"), "map[string]spec.Schema"),
    **dict.fromkeys(("allOf", "oneOf", "anyOf"), "[]spec.Schema"),
    **dict.fromkeys(("additionalProperties", "additionalItems"), "spec.SchemaOrBool"),
    "enum": "[]interface {}", "required": "[]string", "items": "spec.SchemaOrArray", "not": "spec.Schema",
    "dependencies": "spec.Dependencies", "externalDocs": "spec.ExternalDocumentation", "type": "spec.StringOrArray",
}  # fmt: skip


def check_schema(value: Any) -> None:
    """Raise ConfigurationError for what is no schema; the first of several in the order of the keys."""
    try:
        if value is not None and type(value) is not dict:
            raise _mismatch(value, _STRUCT)
        for name, item in sorted((value or {}).items(), key=lambda entry: entry[0]):
            if name in _FIELDS and item is not None:
                _check(item, _FIELDS[name])
    except ConfigurationError as error:
        raise error.within("json: cannot unmarshal Go value of type spec.Schema") from None


def _check(value: Any, wanted: str) -> None:
    if wanted == "spec.Schema":
        check_schema(value)
    elif wanted in _WANTED:
        _check_scalar(value, wanted)
    elif wanted.startswith("spec.") and wanted[5:] in ("SchemaOrArray", "SchemaOrBool", "StringOrArray"):
        try:
            _check_either(value, wanted[5:])
        except ConfigurationError as error:
            raise error.within(f"json: cannot unmarshal Go value of type {wanted}") from None
    elif type(value) is not (list if wanted.startswith("[]") else dict):
        raise _mismatch(value, wanted)
    elif wanted.startswith("map["):
        for name in sorted(value):
            check_schema(value[name])
    elif wanted.startswith("[]"):
        for item in value:
            if item is not None and wanted != "[]interface {}":
                _check(item, wanted[2:])


def _check_either(value: Any, wanted: str) -> None:
    """A schema or a list of them, a schema or a boolean, a text or a list of them."""
    if wanted == "StringOrArray":
        if type(value) is list:
            _check(value, "[]string")
        elif type(value) is not str:
            raise ConfigurationError(f"expected string or array, not '{_mark(value)}'")
    elif type(value) is dict:
        check_schema(value)
    elif wanted == "SchemaOrArray":
        # Anything else is passed over.
        if type(value) is list:
            _check(value, "[]spec.Schema")
    elif type(value) is not bool:
        raise ConfigurationError(f"expected object or bool, not '{_mark(value)}'")


def _check_scalar(value: Any, wanted: str) -> None:
    if wanted == "int64" and type(value) is float:
        error = _mismatch(value, wanted)
        error.reason += f': cannot parse "{value!r}" as signed integer: invalid syntax'
        raise error
    if type(value) not in _WANTED[wanted]:
        raise _mismatch(value, wanted)


def _mismatch(value: Any, wanted: str) -> ConfigurationError:
    return ConfigurationError(f"json: cannot unmarshal JSON {_KINDS[type(value)]} into Go value of type {wanted}")


def _mark(value: Any) -> str:
    """How the decoder names what stands there."""
    if type(value) is dict or type(value) is list:
        return "{" if type(value) is dict else "["
    return str(value).lower() if type(value) is bool else _KINDS[type(value)]
