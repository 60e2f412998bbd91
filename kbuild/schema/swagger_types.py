"""The types of an OpenAPI document as Go names them, and whether values fit them.

A type is `string`, `bool`, `float64`, `int64`, `any`, the name of a struct or of a map, or one of these behind `*`, `[]` or
`map[string]`.
Source: kube-openapi `validation/spec`.
"""

from __future__ import annotations

from kbuild.model.urls import escape_problem, url_problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Check = Callable[[Any], bool]

_TEXTS, _DOCS, _SCHEMAS = "[]string", "*spec.ExternalDocumentation", "map[string]spec.Schema"
_SECURITY = "[]map[string][]string"


def _all(go_type: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), go_type)


# Fields by group: the structs below are made of groups.
_FIELDS: dict[str, dict[str, str]] = {
    "Extensions": {},
    "SwaggerProps": {
        **_all("string", "id swagger host basePath"), **_all(_TEXTS, "consumes produces schemes"), "info": "*spec.Info",
        "paths": "*spec.Paths", "definitions": "spec.Definitions", "parameters": "map[string]spec.Parameter",
        "responses": "map[string]spec.Response", "securityDefinitions": "spec.SecurityDefinitions",
        "security": _SECURITY, "tags": "[]spec.Tag", "externalDocs": _DOCS,
    },
    "InfoProps": {
        **_all("string", "description title termsOfService version"), "contact": "*spec.ContactInfo",
        "license": "*spec.License",
    },
    "ContactInfo": _all("string", "name url email"),
    "License": _all("string", "name url"),
    "ExternalDocumentation": _all("string", "description url"),
    "HeaderProps": _all("string", "description"),
    "SimpleSchema": {
        **_all("string", "type format collectionFormat"), "nullable": "bool", "items": "*spec.Items",
        **_all("any", "default example"),
    },
    "CommonValidations": {
        **_all("*float64", "maximum minimum multipleOf"), **_all("bool", "exclusiveMaximum exclusiveMinimum uniqueItems"),
        **_all("*int64", "maxLength minLength maxItems minItems"), "pattern": "string", "enum": "[]interface {}",
    },
    "OperationPropsNoMethods": {
        **_all("string", "description summary operationId"), **_all(_TEXTS, "consumes produces schemes tags"),
        "externalDocs": _DOCS, "deprecated": "bool", "security": _SECURITY, "parameters": "[]spec.Parameter",
        "responses": "*spec.Responses",
    },
    "ParamProps": {
        **_all("string", "description name in"), **_all("bool", "required allowEmptyValue"), "schema": "*spec.Schema",
    },
    "PathItemProps": {
        **_all("*spec.Operation", "get put post delete options head patch"), "parameters": "[]spec.Parameter",
    },
    "ResponseProps": {
        "description": "string", "schema": "*spec.Schema", "headers": "map[string]spec.Header",
        "examples": "map[string]interface {}",
    },
    "SchemaProps": {
        **_all("string", "id description format title pattern"), "type": "spec.StringOrArray",
        **_all("bool", "nullable exclusiveMaximum exclusiveMinimum uniqueItems"), "default": "any",
        **_all("*float64", "maximum minimum multipleOf"),
        **_all("*int64", "maxLength minLength maxItems minItems maxProperties minProperties"),
        "enum": "[]interface {}", "required": _TEXTS, "items": "*spec.SchemaOrArray",
        **_all("[]spec.Schema", "allOf oneOf anyOf"), "not": "*spec.Schema",
        **_all(_SCHEMAS, "properties patternProperties"), "dependencies": "spec.Dependencies",
        **_all("*spec.SchemaOrBool", "additionalProperties additionalItems"), "definitions": "spec.Definitions",
    },
    "SwaggerSchemaProps": {"discriminator": "string", "readOnly": "bool", "externalDocs": _DOCS, "example": "any"},
    "SecuritySchemeProps": {
        **_all("string", "description type name in flow authorizationUrl tokenUrl"), "scopes": "map[string]string",
    },
    "TagProps": {**_all("string", "description name"), "externalDocs": _DOCS},
}  # fmt: skip
# Structs that read themselves, by the groups of their fields in the order in which Go shows them.
GROUPS: dict[str, tuple[str, ...]] = {
    "spec.Swagger": ("Extensions", "SwaggerProps"),
    "spec.Info": ("Extensions", "InfoProps"),
    "spec.Header": ("CommonValidations", "SimpleSchema", "Extensions", "HeaderProps"),
    "spec.Items": ("CommonValidations", "SimpleSchema", "Extensions"),
    "spec.Operation": ("Extensions", "OperationPropsNoMethods"),
    "spec.Parameter": ("CommonValidations", "SimpleSchema", "Extensions", "ParamProps"),
    "spec.PathItem": ("Extensions", "PathItemProps"),
    "spec.Response": ("ResponseProps", "Extensions"),
    "spec.Schema": ("Extensions", "SchemaProps", "SwaggerSchemaProps"),
    "spec.SecurityScheme": ("Extensions", "SecuritySchemeProps"),
    "spec.Tag": ("Extensions", "TagProps"),
}
# Types that read themselves: an error in one of them is told with its name.
METHODS = frozenset(
    (
        *GROUPS, "spec.SchemaOrBool", "spec.SchemaOrStringArray", "spec.SchemaOrArray", "spec.StringOrArray",
        "spec.Paths", "spec.Responses",
    )
)  # fmt: skip
# Structs with a `$ref`.
REFERENCES = frozenset(("spec.Schema", "spec.Items", "spec.Parameter", "spec.PathItem", "spec.Response"))
# Structs that are read by their fields alone.
PLAIN = frozenset(("spec.ContactInfo", "spec.License", "spec.ExternalDocumentation"))
MAPS = {
    "spec.Definitions": _SCHEMAS,
    "spec.Dependencies": "map[string]spec.SchemaOrStringArray",
    "spec.SecurityDefinitions": "map[string]*spec.SecurityScheme",
}
_SCALARS: dict[str, tuple[type, ...]] = {"string": (str,), "bool": (bool,), "float64": (int, float), "int64": (int,)}


def fields_of(go_type: str) -> dict[str, str]:
    """The fields of a struct with their types."""
    groups = GROUPS.get(go_type) or (go_type.removeprefix("spec."),)
    return {name: field for group in groups for name, field in _FIELDS[group].items()}


def is_extension(name: str) -> bool:
    """Whether a name is that of an extension."""
    return name[:2] in ("x-", "X-")


def is_number(name: str) -> bool:
    """Whether a name is an integer."""
    digits = name[1:] if name[:1] in ("-", "+") else name
    return digits.isascii() and digits.isdigit()


class Checker:
    """Tells whether values fit types. Where one does not, only reading its text says what the reference says of it."""

    __slots__ = ("_checks",)

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    def fits(self, value: Any, go_type: str) -> bool:
        """Whether a value surely fits a type."""
        return value is None or self.check(go_type)(value)

    def check(self, go_type: str) -> Check:
        """What tells whether a value other than null surely fits a type."""
        found = self._checks.get(go_type)
        if found is None:
            # A type may hold itself: meanwhile it asks for its check when it needs it.
            self._checks[go_type] = lambda value: self.fits(value, go_type)
            found = self._checks[go_type] = self._made(go_type)
        return found

    def _made(self, go_type: str) -> Check:
        if go_type in ("any", "interface {}"):
            return _anything
        if go_type[0] == "*":
            return self.check(go_type[1:])
        wanted = _SCALARS.get(go_type)
        if wanted is not None:
            return _is_int64 if go_type == "int64" else lambda value: type(value) in wanted
        if go_type in GROUPS or go_type in PLAIN:
            return self._of_struct(go_type)
        if go_type[:2] == "[]":
            return _of_list(self.check(go_type[2:]))
        if go_type in ("spec.Paths", "spec.Responses"):
            return _of_paths(self.check("spec.PathItem")) if go_type == "spec.Paths" else self._of_responses()
        if go_type in METHODS:
            return self._of_either(go_type)
        return _of_map(self.check(MAPS.get(go_type, go_type).removeprefix("map[string]")))

    def _of_struct(self, go_type: str) -> Check:
        checks = {name: self.check(field) for name, field in fields_of(go_type).items()}

        def check(value: Any) -> bool:
            if type(value) is not dict:
                return False
            for name, item in value.items():
                found = checks.get(name)
                if found is None:
                    if name[:1] == "$" and type(item) is str and not is_url(item):
                        return False
                elif item is not None and not found(item):
                    return False
            return True

        return check

    def _of_responses(self) -> Check:
        response = self.check("spec.Response")
        return lambda value: (
            type(value) is dict
            and all(
                is_extension(name) or ((name == "default" or is_number(name)) and (item is None or response(item)))
                for name, item in value.items()
            )
        )

    def _of_either(self, go_type: str) -> Check:
        """A value of one type or another, where the reference looks at its first character; at times anything else as well."""
        in_object: Check = _nothing if go_type == "spec.StringOrArray" else self.check("spec.Schema")
        texts = go_type in ("spec.StringOrArray", "spec.SchemaOrStringArray")
        in_list: Check = (
            _nothing if go_type == "spec.SchemaOrBool" else self.check(_TEXTS if texts else "[]spec.Schema")
        )
        scalars = {"spec.StringOrArray": (str,), "spec.SchemaOrBool": (bool,)}.get(go_type)

        def check(value: Any) -> bool:
            kind = type(value)
            if kind is dict:
                return in_object(value)
            return in_list(value) if kind is list else scalars is None or kind in scalars

        return check


def _anything(_value: Any) -> bool:
    return True


def _nothing(_value: Any) -> bool:
    return False


def _is_int64(value: Any) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _of_list(check: Check) -> Check:
    return lambda value: type(value) is list and all(item is None or check(item) for item in value)


def _of_map(check: Check) -> Check:
    return lambda value: type(value) is dict and all(item is None or check(item) for item in value.values())


def _of_paths(check: Check) -> Check:
    return lambda value: (
        type(value) is dict and all(name[:1] != "/" or item is None or check(item) for name, item in value.items())
    )


def is_url(text: str) -> bool:
    """Whether a reference is a URL."""
    if text[:2] == "#/" and "%" not in text:
        return True
    front, _, fragment = text.partition("#")
    return not (front and url_problem(front)) and not escape_problem(fragment)
