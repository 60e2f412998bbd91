"""OpenAPI documents into schemas: the kustomization's `openapi` field, and the making of the built-in table.

Source: kyaml v0.21.1 `openapi.SetSchema`, `AddDefinitions`, `Field`, `Elements`, `findNamespaceability`.
"""

from __future__ import annotations

from kbuild.model.errors import ConfigurationError, CrashError, KbuildError
from kbuild.model.ids import CLUSTER_SCOPED
from kbuild.schema.schema import ANY_FIELD, NO_SCHEMA, Schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from kbuild.schema.schema import Entry

    Definition = dict[str, Any]
    Table = tuple[dict[str, int], list[dict[str, Entry]]]

BUILTIN_VERSION = "v1.21.2"
# What a document finds: nothing, or the built-in definitions, which give way to its own or the other way round.
NO_BUILTIN, BUILTIN_BELOW, BUILTIN_ABOVE = "none", "below", "above"
_KIND = "x-kubernetes-group-version-kind"
_STRATEGY, _KEY, _KEYS = "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key", "x-kubernetes-list-map-keys"
_LEAVES = frozenset(("string", "integer", "number", "boolean", "array"))


def schema_from_settings(
    settings: Mapping[str, str], content: bytes | None, builtin: str
) -> tuple[Schema | None, frozenset[tuple[str, str]]]:
    """The schema that an `openapi` field asks for, and what it makes cluster-scoped; None where it asks for nothing.

    `content` is the file named by `path`; `builtin` is one of `NO_BUILTIN`, `BUILTIN_BELOW` and `BUILTIN_ABOVE`.
    Raises: ConfigurationError.
    """
    if content is not None:
        if "version" in settings:
            raise ConfigurationError("builtin version and custom schema provided, cannot use both")
        document = read_document(content)
        if builtin == NO_BUILTIN:
            return Schema.from_openapi(document), cluster_scoped(document)
        return Schema(*with_builtin(document, is_below=builtin == BUILTIN_BELOW)), cluster_scoped(document)
    version = settings.get("version")
    if not version:
        return None, frozenset()
    if version != BUILTIN_VERSION:
        raise ConfigurationError("the specified OpenAPI version is not built in")
    return Schema.builtin(), frozenset()


def read_document(content: bytes) -> Definition:
    """A Swagger document of JSON or YAML text. Raises: CrashError, for the reference reads it when it first needs it."""
    from kbuild.documents import config
    from kbuild.documents.gojson import dumps
    from kbuild.schema.swagger import check_text
    from kbuild.schema.swagger_types import Checker

    text = content.decode("utf-8", "surrogateescape")
    is_json = not content or text[0] == "{"
    document: Any = None
    try:
        try:
            document = config.read_unique_json(text) if is_json else config.read_config(content)
            has_surrogates = is_json and ("\\ud" in text or "\\uD" in text)
            is_known_good = not has_surrogates and Checker().fits(document, "spec.Swagger")
        except ValueError:
            is_known_good = False
        if not is_known_good:
            check_text(text if is_json else dumps(document), "spec.Swagger")
    except KbuildError as error:
        raise CrashError(f"invalid schema file: {error.reason}") from None
    check_kinds(document or {})
    return document or {}


# What the reference knows to be namespaced whatever a document says: the built-in kinds.
_NAMESPACED = {
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling/v1": "HorizontalPodAutoscaler Scale",
    "autoscaling/v2beta1": "HorizontalPodAutoscaler",
    "autoscaling/v2beta2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "batch/v1beta1": "CronJob",
    "coordination.k8s.io/v1": "Lease",
    "coordination.k8s.io/v1beta1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "discovery.k8s.io/v1beta1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "events.k8s.io/v1beta1": "Event",
    "extensions/v1beta1": "Ingress",
    "networking.k8s.io/v1": "Ingress NetworkPolicy",
    "networking.k8s.io/v1beta1": "Ingress",
    "policy/v1": "PodDisruptionBudget",
    "policy/v1beta1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding",
    "rbac.authorization.k8s.io/v1beta1": "Role RoleBinding",
    "storage.k8s.io/v1beta1": "CSIStorageCapacity",
    "v1": (
        "ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodAttachOptions PodExecOptions"
        " PodPortForwardOptions PodProxyOptions PodTemplate ReplicationController ResourceQuota Secret Service"
        " ServiceAccount ServiceProxyOptions"
    ),
}


def has_known_scope(api_version: str, kind: str) -> bool:
    """Whether the reference knows the scope of a kind without any document."""
    return (api_version, kind) in CLUSTER_SCOPED or kind in _NAMESPACED.get(api_version, "").split()


def cluster_scoped(document: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The `(apiVersion, kind)` pairs that a document's paths show as cluster-scoped, built-in kinds left out."""
    namespaced: dict[str, bool] = {}
    for path, item in _paths(document):
        for name in _type_names([_map(_map(item).get("get")).get(_KIND)]):
            namespaced[name] = namespaced.get(name, False) or "namespaces/{namespace}" in path
    pairs: list[tuple[str, str]] = [tuple(name.split(" ", 1)) for name, is_in in namespaced.items() if not is_in]  # type: ignore[misc]
    return frozenset(pair for pair in pairs if not has_known_scope(*pair))


def with_own_kinds(document: Mapping[str, Any]) -> Table:
    """The table of a document, with the kinds that the reference adds to every schema."""
    from kbuild.schema import builtin_table

    compiler = Compiler(_map(document.get("definitions")))
    kinds, types = compiler.table()
    own = Schema(builtin_table.KINDS, builtin_table.TYPES)
    for name in builtin_table.OWN_KINDS:
        root = own.root(*name.split(" "))
        assert root is not None
        kinds.setdefault(name, len(types))
        types.append({field: (0, node.merge_keys()) for field, node in root.fields.items()})
    return kinds, types


def with_builtin(document: Mapping[str, Any], *, is_below: bool) -> tuple[dict[str, int], list[Any]]:
    """The table of a document and of the built-in kinds, whose definitions give way to the document's where they are below."""
    from kbuild.schema import builtin_table
    from kbuild.schema.builtin_names import NAMES

    own = _map(document.get("definitions"))
    known: dict[str, Definition] = {name: {"x-number": number} for name, number in NAMES.items()}
    compiler = Compiler({**known, **own} if is_below else {**own, **known})
    compiler.start_from([*builtin_table.TYPES], known.values())
    kinds, types = compiler.table()
    return {**builtin_table.KINDS, **kinds} if is_below else {**kinds, **builtin_table.KINDS}, types


class Compiler:
    """Turns definitions into the two tables of a schema: only types that lead to a merged list get a number."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._root = {"definitions": definitions}
        self._deep: dict[int, bool] = {}
        self._numbers: dict[int, int] = {}
        self._types: list[Any] = [{}]

    def start_from(self, types: list[Any], known: Iterable[Definition]) -> None:
        """Begin with types that have numbers; `known` stand for some of them, with the number as their only content."""
        self._types = types
        for definition in known:
            self._deep[id(definition)] = True
            self._numbers[id(definition)] = definition["x-number"]

    def numbered(self) -> dict[str, int]:
        """The names of the definitions that have numbers. Call `table` first."""
        numbers = self._numbers
        return {
            name: numbers[id(found)]
            for name, found in sorted(self._root["definitions"].items())
            if id(found) in numbers
        }

    def table(self) -> Table:
        """`(kinds, types)`, in the order of the definitions' names."""
        kinds = {}
        for _, definition in sorted(self._root["definitions"].items()):
            if type(definition) is dict and self._is_deep(definition):
                for name in _type_names(definition.get(_KIND)):
                    kinds[name] = self._number(definition)
        return kinds, self._types

    def _children(self, schema: Definition) -> list[tuple[str, Definition]]:
        """The fields of a type with their resolved schemas; a field whose reference leads nowhere is unknown."""
        found = [(name, self._resolve(child)) for name, child in sorted(_map(schema.get("properties")).items())]
        if type(schema.get("additionalProperties")) is dict:
            found.append((ANY_FIELD, self._resolve(schema["additionalProperties"])))
        return [(name, child) for name, child in found if child is not None]

    def _resolve(self, schema: Any) -> Definition | None:
        seen: set[str] = set()
        while type(schema) is dict and type(schema.get("$ref")) is str and schema["$ref"] not in ("", "#"):
            reference = schema["$ref"]
            if reference in seen:
                return None
            seen.add(reference)
            schema = self._pointed(_unescaped(reference.partition("#")[2]))
        return schema if type(schema) is dict else None

    def _pointed(self, pointer: str) -> Any:
        """What a JSON pointer points at; the whole document, which has no fields, where it is none."""
        found: Any = self._root
        for part in pointer.split("/")[1:] if pointer.startswith("/") else ():
            name = part.replace("~1", "/").replace("~0", "~")
            if type(found) is list:
                found = found[int(name)] if name.isdigit() and int(name) < len(found) else None
            else:
                found = _map(found).get(name)
        return found

    def _elements(self, schema: Definition) -> Definition | None:
        if schema.get("type") not in ("array", ["array"]):
            return None
        return self._resolve(schema.get("items"))

    def _is_deep(self, schema: Definition) -> bool:
        """Whether a merged list can be reached from a type, without crossing a list that is replaced."""
        known = self._deep.get(id(schema))
        if known is not None:
            return known
        # Walk the closure once: a cycle must not hide what another member of it can reach.
        closure, stack, reached = {id(schema): False}, [schema], False
        while stack and not reached:
            for _, child in self._children(stack.pop()):
                if _merge_keys(child) is not None or self._deep.get(id(child)):
                    reached = True
                elif id(child) not in closure:
                    closure[id(child)] = False
                    stack.append(child)
        self._deep.update({id(schema): True} if reached else closure)
        return reached

    def _number(self, schema: Definition) -> int:
        """The number of a deep type; its entries are made on first use."""
        number = self._numbers.get(id(schema))
        if number is not None:
            return number
        number = self._numbers[id(schema)] = len(self._types)
        entries: dict[str, Entry] = {}
        self._types.append(entries)
        for name, child in self._children(schema):
            keys = _merge_keys(child)
            if keys is not None:
                element = self._elements(child)
                entries[name] = (NO_SCHEMA if element is None else self._known(element), keys)
            elif self._is_deep(child):
                entries[name] = (self._number(child), None)
            elif _single(child.get("type")) not in _LEAVES:
                entries[name] = (0, None)
        return number

    def _known(self, schema: Definition) -> int:
        return self._number(schema) if self._is_deep(schema) else 0


def _single(types: Any) -> str:
    """The type of a schema that has one."""
    found = types[0] if type(types) is list and len(types) == 1 else types
    return found if type(found) is str else ""


def _unescaped(fragment: str) -> str:
    """A fragment of a URL as text."""
    if "%" not in fragment:
        return fragment
    from urllib.parse import unquote

    return unquote(fragment)


def _map(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else {}


def _merge_keys(schema: Definition) -> tuple[str, ...] | str | None:
    """The merge keys of a list that is merged, None of anything else; a text says what the reference crashes with."""
    strategy, key = schema.get(_STRATEGY, ""), schema.get(_KEY, "")
    for found in (strategy, key) if _STRATEGY in schema else ():
        if type(found) is not str:
            return _no_conversion(found, "string")
    if "merge" not in strategy.split(","):
        return None
    if schema.get("type") in ("array", ["array"]) and type(schema.get("items") or {}) is not dict:
        return "runtime error: invalid memory address or nil pointer dereference"
    if _KEYS not in schema:
        return (key,) if _KEY in schema else ()
    keys = schema[_KEYS]
    if type(keys) is not list:
        return _no_conversion(keys, "[]interface {}")
    wrong = [found for found in keys if type(found) is not str]
    return _no_conversion(wrong[0], "string") if wrong else tuple(keys)


def _no_conversion(value: Any, wanted: str) -> str:
    """What Go says where a value is not of the type that it has to be."""
    names = {type(None): "nil", str: "string", bool: "bool", list: "[]interface {}", dict: "map[string]interface {}"}
    return f"interface conversion: interface {{}} is {names.get(type(value), 'float64')}, not {wanted}"


def check_kinds(document: Mapping[str, Any]) -> None:
    """Raise CrashError where a document names a kind without a version or the other way round."""
    named = [
        found
        for definition in _map(document.get("definitions")).values()
        for found in _list(_map(definition).get(_KIND))
    ]
    named += [_map(_map(item).get("get")).get(_KIND) for _, item in _paths(document)]
    for kind in named:
        for part in ("version", "kind") if type(kind) is dict else ():
            if type(kind.get(part)) is not str:
                raise CrashError(_no_conversion(kind.get(part), "string"))


def _paths(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The paths of a document with what is said of each; names without a slash in front are none."""
    return [(path, item) for path, item in _map(document.get("paths")).items() if path.startswith("/")]


def _list(value: Any) -> list[Any]:
    return value if type(value) is list else []


def _type_names(kinds: Any) -> list[str]:
    """`apiVersion kind` for every entry of a group-version-kind extension."""
    found = []
    for kind in kinds if type(kinds) is list else ():
        if type(kind) is dict and type(kind.get("version")) is str and type(kind.get("kind")) is str:
            group = kind.get("group")
            version = f"{group}/{kind['version']}" if type(group) is str and group else kind["version"]
            found.append(f"{version} {kind['kind']}")
    return found
