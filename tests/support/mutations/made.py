"""Fields of a kustomization that are made for objects: every name, path and image is one that is there, or nearly."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from trees.choice import Choice

from mutations.content import DIRECTIVES, ODD, TEXTS
from mutations.nodes import Collection, Mapping, Node, Scalar, Sequence, copied, get, places, put, raw, text_of, write
from mutations.work import Thing

Value = Any
Made = tuple[str, Value, dict[str, str]]
IMAGE = re.compile(r"([^:@]+(?::\d+/[^:@]+)?)(?::([^@]*))?(?:@(.*))?")
WORDS = ("a", "x-", "-x", "1", "true", "v1.0", "1e3", "", "0x1", "é", "a.b", "y", "~", "2020-01-01", "a b")
KEYS = ("app", "team", "app.kubernetes.io/name", "a.b/c", "x1", "1", "yes", "a b")


def word(choice: Choice) -> Node | str:
    """A text, or a scalar that is read as something else."""
    if choice.chance(0.15):
        return raw(choice.one(ODD))
    return choice.one(TEXTS) if choice.chance(0.05) else choice.one(WORDS)


def labels(choice: Choice) -> dict[str, Value]:
    """Some labels or annotations."""
    return {choice.one(KEYS): word(choice) for _ in range(choice.number(1, 3))}


def near(choice: Choice, text: str) -> str:
    """A regular expression that matches a text, or does not."""
    half = len(text) // 2
    return choice.one(
        (
            text,
            text,
            f"{text[:half]}.*",
            ".*",
            f"{text}|nope",
            f"({text})",
            f"^{text}$",
            "[a-m].*",
            text[:half],
            f"!{text}",
            "[",
            "",
            "a{1",
        )
    )


def selector(choice: Choice, thing: Thing) -> dict[str, Value]:
    """A selector of patches or replacements."""
    group, _, version = thing.api.rpartition("/")
    found: dict[str, Value] = {}
    if choice.chance(0.75):
        found["kind"] = near(choice, thing.kind) if choice.chance(0.4) else thing.kind
    if choice.chance(0.7):
        found["name"] = near(choice, thing.name) if choice.chance(0.5) else thing.name
    if choice.chance(0.25):
        found["group"], found["version"] = group, version
    if choice.chance(0.15):
        found["namespace"] = thing.namespace or "default"
    if choice.chance(0.12):
        found[choice.one(("labelSelector", "annotationSelector"))] = choice.one(
            (
                "app",
                "app=web",
                "app in (web,a)",
                "!app",
                "app!=a",
                "a,b",
                "app=",
                "x1 notin (a)",
                "app=a,,b",
                "=",
                "a==b",
            )
        )
    return found


def dotted(choice: Choice, thing: Thing, *, target: bool) -> str:
    """A path in the syntax of replacements to something that is there, or nearly."""
    leaves = thing.leaves()
    path = list(choice.one(leaves)) if leaves else ["metadata", "name"]
    if choice.chance(0.2):
        path = path[: choice.number(1, len(path))]
    found = []
    for at, key in enumerate(path):
        if key.isdigit() and at:
            element = at_path(thing.node, path[: at + 1])
            names = (
                [
                    (name.value, value.value)
                    for name, value in getattr(element, "value", ())
                    if isinstance(value, Scalar)
                ]
                if isinstance(element, Mapping)
                else []
            )
            if names and choice.chance(0.6):
                name, value = choice.one(names)
                key = f"[{name}={value}]"
            elif target and choice.chance(0.3):
                key = "*"
        elif choice.chance(0.05):
            key = f"[{key}]"
        else:
            key = key.replace(".", "\\.")
        found.append(key)
    if choice.chance(0.12):
        found.append(choice.one(("x", "0", "-", "a.b", "[name=x]", "*")))
    return ".".join(found)


def at_path(node: Node | None, path: list[str]) -> Node | None:
    """What is at a path of keys and numbers."""
    for key in path:
        if isinstance(node, Sequence):
            node = node.value[int(key)] if key.isdigit() and int(key) < len(node.value) else None
        else:
            node = get(node, key)
    return node


def slashed(choice: Choice, thing: Thing) -> str:
    """A path in the syntax of field specs, without the numbers of lists."""
    leaves = thing.leaves()
    path = (
        [key.replace("/", "\\/") for key in choice.one(leaves) if not key.isdigit()] if leaves else ["metadata", "name"]
    )
    path = path or ["metadata"]  # all keys may be digits
    if choice.chance(0.15):
        path = path[: choice.number(1, len(path))]
    if choice.chance(0.1):
        path.append("new")
    if choice.chance(0.1):
        path[0] += "[]"
    return "/".join(path)


def pointer(choice: Choice, thing: Thing) -> str:
    """A JSON pointer to something that is there, or nearly."""
    leaves = thing.leaves()
    path = [key.replace("~", "~0").replace("/", "~1") for key in choice.one(leaves)] if leaves else ["metadata"]
    if choice.chance(0.4):
        path = path[: choice.number(1, len(path))]
    if choice.chance(0.2):
        path.append(choice.one(("x", "-", "0", "-1", "a~1b", "")))
    return choice.one(("/",) * 12 + ("", "x/")) + "/".join(path)


def operations(choice: Choice, thing: Thing) -> list[dict[str, Value]]:
    """Operations of a JSON patch."""
    found = []
    for _ in range(choice.number(1, 3)):
        entry: dict[str, Value] = {
            "op": choice.one(("add", "add", "replace", "replace", "remove", "copy", "move", "test")),
            "path": pointer(choice, thing),
        }
        if entry["op"] in ("copy", "move"):
            entry["from"] = pointer(choice, thing)
        elif entry["op"] != "remove":
            entry["value"] = choice.one(
                (word(choice), {"a": word(choice)}, [word(choice)], raw(choice.one(ODD)), 1, None)
            )
        found.append(entry)
    return found


def merged(choice: Choice, thing: Thing) -> Node:
    """A strategic merge patch: parts of the object, changed."""
    node = copied(thing.node)
    for place in list(places(node)):
        if place.path[0] in ("apiVersion", "kind") or place.path[:2] == ("metadata", "name"):
            continue
        if isinstance(place.node, Scalar):
            if choice.chance(0.15):
                place.put(raw(choice.one(ODD)))
        elif choice.chance(0.1):
            directive(choice, place.node)
    for holder in [node, *(place.node for place in places(node) if isinstance(place.node, Collection))]:
        holder.value = [
            item
            for item in holder.value
            if (isinstance(item, tuple) and item[0].value in ("apiVersion", "kind", "metadata", "name"))
            or choice.chance(0.75)
        ]
        if choice.chance(0.1):
            holder.value = choice.shuffled(holder.value)
    if choice.chance(0.1):
        put(node, "metadata", raw("{name: other}"))
    return node


def directive(choice: Choice, node: Collection) -> None:
    """Put a directive in a collection. Mutates: it."""
    entry = (raw("$patch"), raw(choice.one(DIRECTIVES)))
    node.value.append(
        entry if isinstance(node, Mapping) else Mapping("tag:yaml.org,2002:map", [entry], flow_style=False)
    )


def patch(choice: Choice, things: list[Thing]) -> Made:
    """A patch of either kind."""
    thing = choice.one(things)
    entry: dict[str, Value] = {}
    if choice.chance(0.5):
        text, entry["target"] = (
            write([as_node(operations(choice, thing))]).decode("utf-8", "surrogatepass"),
            selector(choice, thing),
        )
    else:
        text = write([merged(choice, thing)]).decode("utf-8", "surrogatepass")
        if choice.chance(0.35):
            entry["target"] = selector(choice, thing)
        if choice.chance(0.1):
            entry["options"] = {choice.one(("allowNameChange", "allowKindChange")): True}
    if choice.chance(0.5):
        return "patches", [{"path": "made.yaml", **entry}], {"made.yaml": text}
    return "patches", [{"patch": text, **entry}], {}


def old_patch(choice: Choice, things: list[Thing]) -> Made:
    """A patch in an old spelling."""
    thing = choice.one(things)
    if choice.chance(0.5):
        return (
            "patchesStrategicMerge",
            ["old.yaml"],
            {"old.yaml": write([merged(choice, thing)]).decode("utf-8", "surrogatepass")},
        )
    group, _, version = thing.api.rpartition("/")
    target = {"group": group, "version": version, "kind": thing.kind, "name": thing.name}
    text = write([as_node(operations(choice, thing))]).decode("utf-8", "surrogatepass")
    return "patchesJson6902", [{"target": target, "patch": text}], {}


def as_node(value: Value) -> Node:
    """Nodes of plain values."""
    from mutations.nodes import build

    return build(value)


def replacement(choice: Choice, things: list[Thing]) -> Made:
    """A replacement."""
    source = choice.one(things)
    entry: dict[str, Value] = {"source": {"kind": source.kind, "name": source.name}}
    if choice.chance(0.8):
        entry["source"]["fieldPath"] = dotted(choice, source, target=False)
    if choice.chance(0.2):
        entry["source"]["options"] = {
            "delimiter": choice.one(("-", "/", ".", ":", "", " ")),
            "index": choice.one((0, 1, -1, 5)),
        }
    if choice.chance(0.1):
        entry = {"sourceValue": word(choice)}
    targets = []
    for _ in range(choice.number(1, 2)):
        thing = choice.one(things)
        one: dict[str, Value] = {
            "select": selector(choice, thing),
            "fieldPaths": [dotted(choice, thing, target=True) for _ in range(choice.number(1, 2))],
        }
        if choice.chance(0.15):
            one["reject"] = [selector(choice, choice.one(things))]
        if choice.chance(0.4):
            one["options"] = {
                key: value
                for key, value in (
                    ("delimiter", choice.one(("-", "/", ".", ":"))),
                    ("index", choice.one((0, 1, -1, 7))),
                    ("create", choice.chance(0.5)),
                )
                if choice.chance(0.6)
            }
        targets.append(one)
    entry["targets"] = targets
    if choice.chance(0.15):
        return (
            "replacements",
            [{"path": "replace.yaml"}],
            {"replace.yaml": write([as_node([entry])]).decode("utf-8", "surrogatepass")},
        )
    return "replacements", [entry], {}


def variable(choice: Choice, things: list[Thing]) -> Made:
    """A variable, under a name that is used or one of the odd scalars'."""
    thing = choice.one(things)
    entry: dict[str, Value] = {
        "name": choice.one(("FOO", "A", "B", "SERVICE")),
        "objref": {"apiVersion": thing.api, "kind": thing.kind, "name": thing.name},
    }
    if choice.chance(0.7):
        entry["fieldref"] = {"fieldpath": dotted(choice, thing, target=False)}
    return "vars", [entry], {}


def images_of(things: list[Thing]) -> list[str]:
    """The images in the objects."""
    return [
        text_of(place.node)
        for thing in things
        for place in places(thing.node)
        if place.key == "image" and text_of(place.node)
    ]


def image(choice: Choice, things: list[Thing]) -> Made:
    """Another image."""
    found = IMAGE.match(choice.one(images_of(things) or ["nginx"]))
    entry: dict[str, Value] = {"name": found[1] if found else "nginx"}
    for key, values in (
        ("newName", ("registry:5000/a/b", "other", "a.b/c", "1", "UPPER/x")), ("newTag", ("v2", "1.0", "", "latest", "1e3")),
        ("digest", ("sha256:abc", "sha512:abc", "")), ("tagSuffix", ("-x", "")),
    ):  # fmt: skip
        if choice.chance(0.4):
            entry[key] = choice.one(values)
    if choice.chance(0.05):
        entry["newTag"] = raw(choice.one(ODD))
    return "images", [entry], {}


def replica(choice: Choice, things: list[Thing]) -> Made:
    """Another number of replicas."""
    held = [thing for thing in things if get(thing.node, "spec", "replicas") is not None] or things
    return "replicas", [{"name": choice.one(held).name, "count": choice.one((0, 1, 5, 2147483648))}], {}


def simple(choice: Choice, things: list[Thing]) -> Made:
    """A field of a word."""
    field = choice.one(("namePrefix", "nameSuffix", "namespace", "namespace"))
    return (
        field,
        choice.one(("a-", "-b", "prod", "default", "x", "1", "A_", "é")) if choice.chance(0.9) else word(choice),
        {},
    )


def label(choice: Choice, things: list[Thing]) -> Made:
    """Labels or annotations for all."""
    if choice.chance(0.3):
        return choice.one(("commonLabels", "commonAnnotations")), labels(choice), {}
    entry: dict[str, Value] = {"pairs": labels(choice)}
    for key in ("includeSelectors", "includeTemplates"):
        if choice.chance(0.4):
            entry[key] = choice.chance(0.8)
    if choice.chance(0.35):
        entry["fields"] = [spec(choice, choice.one(things)) for _ in range(choice.number(1, 2))]
    return "labels", [entry], {}


def spec(choice: Choice, thing: Thing) -> dict[str, Value]:
    """A field spec."""
    group, _, version = thing.api.rpartition("/")
    others = (("kind", thing.kind, 0.7), ("group", group, 0.2), ("version", version, 0.2), ("create", True, 0.4))
    return {"path": slashed(choice, thing), **{key: value for key, value, share in others if choice.chance(share)}}


def configuration(choice: Choice, things: list[Thing]) -> Made:
    """Where transformers write."""
    body: dict[str, Value] = {}
    for _ in range(choice.number(1, 3)):
        thing = choice.one(things)
        field = choice.one(
            (
                "namePrefix",
                "nameSuffix",
                "namespace",
                "commonLabels",
                "labels",
                "templateLabels",
                "commonAnnotations",
                "images",
                "replicas",
                "varReference",
                "nameReference",
            )
        )
        entries = [spec(choice, thing)]
        if field == "nameReference":
            other = choice.one(things)
            entries = [{"kind": other.kind, "version": other.api.rpartition("/")[2], "fieldSpecs": entries}]
        body.setdefault(field, []).extend(entries)
    return (
        "configurations",
        ["made-config.yaml"],
        {"made-config.yaml": write([as_node(body)]).decode("utf-8", "surrogatepass")},
    )


def generator(choice: Choice, things: list[Thing]) -> Made:
    """A generator, mostly onto something that is there."""
    field, kind = choice.one(
        (("configMapGenerator", "ConfigMap"), ("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret"))
    )
    held = [thing for thing in things if thing.kind == kind]
    entry: dict[str, Value] = {
        "name": choice.one(held).name if held and choice.chance(0.7) else choice.one(("made", "config"))
    }
    if choice.chance(0.5):
        entry["behavior"] = choice.one(("merge", "replace", "create", "merge"))
    literals = [f"{choice.one(KEYS)}={choice.one((*WORDS, *TEXTS, *ODD))}" for _ in range(choice.number(1, 3))]
    entry["literals"] = literals
    files = {}
    if choice.chance(0.3):
        entry["files"] = ["made.txt", "k=made.txt"]
        files["made.txt"] = choice.one(TEXTS)
    if choice.chance(0.2):
        entry["envs"] = ["made.env"]
        files["made.env"] = "A=b\n#c\nB= c \n\nexport D=e\n"
    if choice.chance(0.3):
        entry["options"] = {
            key: value
            for key, value in (
                ("labels", labels(choice)),
                ("annotations", labels(choice)),
                ("disableNameSuffixHash", True),
                ("immutable", True),
            )
            if choice.chance(0.5)
        }
    if choice.chance(0.15):
        entry["namespace"] = choice.one(things).namespace or "default"
    return field, [entry], files


def setting(choice: Choice, things: list[Thing]) -> Made:
    """A field that concerns the whole build."""
    kinds = [thing.kind for thing in things]
    return choice.one((
        ("sortOptions", {"order": choice.one(("legacy", "fifo", "odd")), **({"legacySortOptions": {"orderFirst": choice.some(kinds), "orderLast": choice.some(kinds)}} if choice.chance(0.4) else {})}, {}),
        ("buildMetadata", choice.some(["originAnnotations", "transformerAnnotations", "managedByLabel", "odd"]), {}),
        ("generatorOptions", {"disableNameSuffixHash": choice.chance(0.5), "labels": labels(choice), "annotations": labels(choice)}, {}),
        ("openapi", {"version": choice.one(("v1.21.2", "v1.20.4"))}, {}),
        ("crds", ["made-crd.json"], {"made-crd.json": crd(choice, choice.one(things))}),
    ))  # fmt: skip


def crd(choice: Choice, thing: Thing) -> str:
    """A definition that makes a field of some kind a reference, in the form of `crds`."""
    field = choice.one([path for path in thing.leaves() if path[0] == "spec" and len(path) > 1] or [("spec", "a")])[1]
    notes = choice.one((
        '"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap"', '"x-kubernetes-annotation": ""',
        '"x-kubernetes-label-selector": ""', '"x-kubernetes-identity": ""',
    ))  # fmt: skip
    version = thing.api.rpartition("/")[2] or "v1"
    return (
        f'{{"x.{version}.{thing.kind}": {{"Schema": {{"properties": {{"apiVersion": {{"type": "string"}}, "kind": {{"type": "string"}}, '
        f'"metadata": {{"$ref": "k8s.io/apimachinery/pkg/apis/meta/v1.ObjectMeta"}}, "spec": {{"$ref": "x.{version}.Spec"}}}}}}}}, '
        f'"x.{version}.Spec": {{"Schema": {{"properties": {{"{field}": {{"type": "string", {notes}}}}}}}}}}}'
    )


def transformer(choice: Choice, things: list[Thing]) -> Made:
    """A transformer or generator as a resource of its own."""
    thing = choice.one(things)
    kind, fields = choice.one((
        ("PrefixTransformer", {"prefix": "p-", "fieldSpecs": [spec(choice, thing), {"path": "metadata/name"}]}),
        ("SuffixTransformer", {"suffix": "-s", "fieldSpecs": [{"path": "metadata/name"}]}),
        ("LabelTransformer", {"labels": labels(choice), "fieldSpecs": [spec(choice, thing)]}),
        ("AnnotationsTransformer", {"annotations": labels(choice), "fieldSpecs": [spec(choice, thing)]}),
        ("NamespaceTransformer", {"metadata": {"name": "n", "namespace": "made"}, "setRoleBindingSubjects": choice.one(("none", "allServiceAccounts", "defaultOnly", "odd")), "unsetOnly": choice.chance(0.4), "fieldSpecs": [{"path": "metadata/namespace", "create": True}]}),
        ("ImageTagTransformer", {"imageTag": image(choice, things)[1][0], "fieldSpecs": [spec(choice, thing)]}),
        ("ReplicaCountTransformer", {"replica": {"name": thing.name, "count": 3}, "fieldSpecs": [spec(choice, thing)]}),
        ("PatchTransformer", {"patch": write([merged(choice, thing)]).decode("utf-8", "surrogatepass"), "target": selector(choice, thing)}),
        ("PatchJson6902Transformer", {"target": {"kind": thing.kind, "name": thing.name}, "jsonOp": write([as_node(operations(choice, thing))]).decode("utf-8", "surrogatepass")}),
        ("ReplacementTransformer", {"replacements": replacement(choice, things)[1]}),
        ("HashTransformer", {}),
        ("ValueAddTransformer", {"value": "v", "targets": [{"selector": selector(choice, thing), "fieldPath": slashed(choice, thing)}]}),
        ("SortOrderTransformer", {"sortOptions": {"order": "fifo"}}),
    ))  # fmt: skip
    body = {"apiVersion": "builtin", "kind": kind, "metadata": {"name": "made"}, **fields}
    return choice.one(("transformers", "transformers", "transformers", "validators", "generators")), ["made-transformer.yaml"], {
        "made-transformer.yaml": write([as_node(body)]).decode("utf-8", "surrogatepass")
    }  # fmt: skip


Maker = Callable[[Choice, list[Thing]], Made]
MAKERS: tuple[Maker, ...] = (
    patch, patch, patch, old_patch, replacement, replacement, replacement, variable, image, replica, simple, simple, label, label, configuration,
    configuration, generator, generator, setting, transformer, transformer,
)  # fmt: skip
