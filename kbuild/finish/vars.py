"""vars: `$(NAME)` in known fields replaced by a field of a resource, once, at the root.

Source: kustomize v5.8.1 `ResAccumulator.MergeVars`, `ResolveVars`, `filters/refvar`, `types.VarSet`.
"""

from __future__ import annotations

from kbuild.documents.annotations import annotated
from kbuild.documents.gojson import go_value, json_float
from kbuild.documents.resolve import is_finite, is_float_text, tagged, typed
from kbuild.fields.paths import MISSING, lookup, smart_split
from kbuild.fields.spec import ByKind
from kbuild.fields.walk import visit
from kbuild.model.errors import (
    AmbiguousTargetError,
    ConfigurationError,
    FieldError,
    KbuildError,
    NoTargetError,
    Position,
)
from kbuild.model.ids import ObjectId, gvk_text, split_api_version
from kbuild.model.log_line import stamped
from kbuild.model.resources import check_histories
from kbuild.model.scalars import BOOL, FLOAT, INT, UNTAGGED, OddKey, tag_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from kbuild.fields.spec import FieldSpec
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Json

    Warn = Callable[[str], None]


class Var:
    """One var: its name, the id it points to (an empty namespace means any) and the field.

    `as_written` and `as_matched` are its texts in errors before its defaults are filled in; `entry` finds its place.
    """

    __slots__ = ("as_matched", "as_written", "entry", "field_path", "name", "target")

    def __init__(self, fields: dict[str, Any]) -> None:
        self.name = str(fields.get("name") or "")
        self.entry: Callable[[], Position] = Position
        ref = fields.get("objref") or {}
        group, version = str(ref.get("group") or ""), str(ref.get("version") or "")
        kind = str(ref.get("kind") or "")
        given_path = str((fields.get("fieldref") or {}).get("fieldPath") or "")
        self.as_written = f"{{{self.name} {gvk_text(group, version, kind)} {{{given_path}}}}}"
        if ref.get("apiVersion"):
            parts = str(ref["apiVersion"]).split("/")
            if len(parts) == 2:
                group, version = split_api_version(ref["apiVersion"])
            elif len(parts) == 1:
                version = parts[0]
        self.as_matched = f"{{{self.name} {gvk_text(group, version, kind)} {{{given_path}}}}}"
        self.target = ObjectId(group, version, kind, str(ref.get("name") or ""), str(ref.get("namespace") or ""))
        self.field_path = given_path or "metadata.name"

    def __str__(self) -> str:
        gvk = gvk_text(self.target.group, self.target.version, self.target.kind)
        return f"{{{self.name} {gvk} {{{self.field_path}}}}}"


def merge(known: list[Var], fields: list[dict[str, Any]], resources: Resources) -> list[Var]:
    """The vars so far and those of one more kustomization; the resources they point to are remembered.

    Mutates: `referenced_by_vars` of resources. Raises: AmbiguousTargetError, ConfigurationError.
    """
    incoming = [Var(entry) for entry in fields]
    shown = " ".join(var.as_written for var in incoming)
    try:
        for var in incoming:
            matched = matching(var, resources)
            if len(matched) > 1:
                raise AmbiguousTargetError(
                    f"found {len(matched)} resId matches for var {var.as_matched} (unable to disambiguate)"
                )
            for resource in matched:
                resource.referenced_by_vars.append(var.name)
        return merge_sets(known, incoming)
    except KbuildError as error:
        raise error.within(f"merging vars [{shown}]") from None


def merge_sets(known: list[Var], incoming: Sequence[Var]) -> list[Var]:
    """Both sets of vars. Raises: ConfigurationError, for a name that both have."""
    result = list(known)
    names = {var.name for var in known}
    for var in incoming:
        if var.name in names:
            raise ConfigurationError(f"var '{var.name}' already encountered")
        names.add(var.name)
        result.append(var)
    return result


def matching(var: Var, resources: Resources) -> list[Resource]:
    """The resources that ever had the var's id; without a namespace, in any."""
    check_histories(resources)
    wanted = var.target
    found = []
    for resource in resources.named(wanted.name):
        for candidate in resource.all_ids():
            if (candidate.group, candidate.version, candidate.kind, candidate.name) != wanted[:4]:
                continue
            if not wanted.namespace or candidate.effective_namespace == wanted.effective_namespace:
                found.append(resource)
                break
    return found


def resolve(resources: Resources, known: Sequence[Var], specs: Sequence[FieldSpec], warn: Warn) -> None:
    """Expand all vars. Mutates: bodies. Raises: NoTargetError, FieldError."""
    holders: dict[str, Resource] = {}
    for resource in resources.items:
        for name in resource.referenced_by_vars:
            holders.setdefault(name, resource)
    values = {var.name: value_of(var, holders) for var in sorted(known, key=lambda var: var.name)}
    expander = Expander(values, warn)
    by_kind = ByKind(specs)
    try:
        for resource in resources.items:
            found = resource.id
            for spec in by_kind.of(found.group, found.version, found.kind):
                visit(resource, spec, expander.write)
                if resource.twins:
                    resource.follow_twins()
            resources.touched(resource)
    finally:
        unused = [name for name in values if name not in expander.used]
        if unused:
            warn(stamped(f"well-defined vars that were never replaced: {','.join(unused)}"))


def value_of(var: Var, holders: dict[str, Resource]) -> Json:
    """The value that a var stands for. Raises: NoTargetError, FieldError."""
    resource = holders.get(var.name)
    if resource is None:
        raise NoTargetError(f"var '{var}' cannot be mapped to a field in the set of known resources").at_place(
            var.entry()
        )
    try:
        parts = index_parts(smart_split(var.field_path))
        body = (
            annotated(resource) if parts[:1] == ["metadata"] and parts[1:2] in ([], ["annotations"]) else resource.body
        )
        value = lookup(body, parts)
    except KbuildError:
        value = MISSING
    value = as_go_value(value)
    if value is MISSING:
        raise FieldError(f"field specified in var '{var}' not found in corresponding resource").at_place(var.entry())
    return value


def as_go_value(value: Json) -> Json:
    """What Go's own parsers make of a scalar's text: numbers only in their notation, a null is its text.

    MISSING stands for a text that they refuse. Maps and lists are left as they are.
    """
    if value is MISSING or type(value) is dict or type(value) is list:
        return value
    tag, text = tag_of(typed(value)), text_of(value)
    if tag == BOOL:
        return text[:1] in "tT"
    if tag == INT:
        digits = text[1:] if text[:1] in ("+", "-") else text
        fits = digits.isascii() and digits.isdigit() and -(2**63) <= int(text) < 2**63
        return int(text) if fits else MISSING
    if tag == FLOAT:
        fits = is_float_text(text) and is_finite(text)
        return float(text) if fits else MISSING
    return text


def index_parts(parts: list[str]) -> list[str]:
    """Parts such as `ports[0]` split into the field and the index."""
    result = []
    for part in parts:
        name, bracket, index = part.partition("[")
        if bracket and name and index.endswith("]") and index[:-1].isdigit():
            result += [name, index[:-1]]
        else:
            result.append(part)
    return result


class Expander:
    """Replaces `$(NAME)` in fields and remembers which names were found."""

    def __init__(self, values: dict[str, Json], warn: Warn) -> None:
        self.values, self.warn = values, warn
        self.used: set[str] = set()

    def write(self, holder: Any, key: Any) -> None:
        """Expand a scalar, all scalars of a map, or a list of strings. Mutates: the body. Raises: FieldError."""
        value = holder[key]
        if type(value) is dict:
            for name, item in value.items():
                if type(name) is OddKey and not (name.duplicate or name.untagged):
                    raise FieldError(f"invalid map key: value='{name.text}', tag='{name.tag}'")
                if is_text(item):
                    value[name] = self.expanded(text_of(item))
        elif type(value) is list:
            for at, item in enumerate(value):
                if not is_text(item):
                    raise FieldError("invalid value type expect a string")
                value[at] = self.expanded(text_of(item))
        elif is_text(value):
            holder[key] = self.expanded(text_of(value))

    def expanded(self, old: str) -> Json:
        """What becomes of one string: a lone `$(NAME)` takes the value's type; quoting is forgotten."""
        if "$" not in old:
            return old
        text, lone = self.expand(old)
        if lone is MISSING:
            return text
        return tagged(json_float(lone), FLOAT, quoted=False) if type(lone) is float else lone

    def expand(self, text: str) -> tuple[str, Json]:
        """(the text with names replaced, the value when the text is nothing but one name)."""
        out: list[str] = []
        at = 0
        while True:
            dollar = text.find("$", at)
            if dollar < 0 or dollar + 1 >= len(text):
                out.append(text[at:])
                return "".join(out), MISSING
            out.append(text[at:dollar])
            if text[dollar + 1] == "$":
                out.append("$")
                at = dollar + 2
                continue
            end = text.find(")", dollar) if text[dollar + 1] == "(" else -1
            if end < 0:
                out.append("$")
                at = dollar + 1
                continue
            name = text[dollar + 2 : end]
            value = self.known(name)
            if value is MISSING:
                out.append(f"$({name})")
            elif dollar == 0 and end == len(text) - 1:
                return text, value
            else:
                out.append(as_go_text(value))
            at = end + 1

    def known(self, name: str) -> Json:
        """The value of a name, MISSING for an unknown one or one that is no scalar."""
        if name not in self.values:
            return MISSING
        value = self.values[name]
        if type(value) is dict or type(value) is list:
            from kbuild.documents.generic import to_generic

            kind = "map[string]interface {}" if type(value) is dict else "[]interface {}"
            self.warn(stamped(f"MakePrimitiveReplacer: bad replacement type={kind} val={go_value(to_generic(value))}"))
            return MISSING
        self.used.add(name)
        return value


def is_text(value: Json) -> bool:
    """Whether a value is a string to the reference: what was written without a tag is one, too."""
    return isinstance(value, str) or tag_of(value) == UNTAGGED


def as_go_text(value: Json) -> str:
    """A scalar inside a longer text."""
    return go_value(value)


__all__ = ["Var", "merge", "merge_sets", "resolve"]
