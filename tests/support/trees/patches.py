"""Fields that patch: strategic merges, JSON patches, and their targets."""

from __future__ import annotations

import json
from typing import Any

from trees.choice import Choice
from trees.layer import Layer, pointers
from trees.objects import Made, make_object
from trees.pods import container, labels, volume
from trees.words import CLUSTER_NAMES, LABEL_VALUES, NAMES, NAMESPACES, ODD_SCALARS, TEXTS
from trees.yaml_text import Raw, Style, document, documents

Map = dict[str, Any]
HEAD = ("/apiVersion", "/kind", "/metadata", "/metadata/name", "/spec")


def identity(made: Made, choice: Choice) -> Map:
    """The head of a strategic merge."""
    meta: Map = {"name": made.name or "x"}
    if made.namespace and choice.chance(0.9):
        meta["namespace"] = made.namespace
    elif choice.chance(0.02):
        meta["namespace"] = choice.one(NAMESPACES)
    return {"apiVersion": made.api, "kind": made.kind, "metadata": meta}


def merge_body(value: Any, choice: Choice, depth: int = 0) -> Any:
    """Something to merge onto a value: parts of it, changed, with directives here and there."""
    if isinstance(value, dict):
        found: Map = {}
        for key in choice.some(list(value), 0, 3):
            found[key] = merge_body(value[key], choice, depth + 1)
        roll = choice.random.random()
        if roll < 0.15:
            found[choice.one(("added", "image", "n"))] = choice.one(
                (None, "x", Raw(choice.one(ODD_SCALARS[:30])), {"k": "v"}, [])
            )
        elif roll < 0.19 and depth:
            found["$patch"] = choice.one(("replace", "delete", "merge", "replace", "delete", "merge", "replace", "foo"))
        elif roll < 0.2:
            found["$retainKeys"] = ["a"]
        return found
    if isinstance(value, list):
        found_list = [merge_element(item, choice, depth) for item in choice.some(value, 0, 3)]
        if choice.chance(0.06):
            found_list.append({"$patch": choice.one(("replace", "delete"))})
        return found_list
    roll = choice.random.random()
    if roll < 0.12:
        return None
    if roll < 0.13:
        return choice.one(({"k": "v"}, ["x"], {}, []))
    return Raw(choice.one(ODD_SCALARS)) if roll < 0.4 else choice.one(TEXTS)


def merge_element(item: Any, choice: Choice, depth: int) -> Any:
    """An element of a list, with the key by which it is merged more often than not."""
    if not isinstance(item, dict):
        return item if choice.chance(0.5) else choice.one(NAMES)
    found = merge_body(item, choice, depth + 1)
    for key in ("name", "containerPort", "port", "mountPath", "ip", "uid", "topologyKey"):
        if key in item and choice.chance(0.8):
            found[key] = item[key]
    for key in ("protocol", "whenUnsatisfiable"):
        if key in item and choice.chance(0.5):
            found[key] = item[key]
    if choice.chance(0.05):
        found["$patch"] = choice.one(("delete", "replace"))
    return found


def strategic(layer: Layer, made: Made) -> Map:
    """A strategic merge of an object."""
    choice = layer.choice
    body = identity(made, choice)
    rest = {key: value for key, value in made.body.items() if key not in ("apiVersion", "kind", "metadata")}
    merged = merge_body(rest, choice)
    if isinstance(merged, dict):
        body.update(merged)
    if choice.chance(0.3):
        body["metadata"]["labels"] = {**labels(choice)}
    if choice.chance(0.2):
        body["metadata"]["annotations"] = choice.one(({"note": None}, {"z": "1"}, None, {}, {"z": Raw("1.0")}))
    if choice.chance(0.06):
        body["$patch"] = choice.one(("delete", "delete", "replace", "merge"))
    spec = body.get("spec")
    if isinstance(spec, dict) and "template" in made.body.get("spec", {}) and choice.chance(0.3):
        added: Map = {"containers": [container(choice)]} if choice.chance(0.6) else {"volumes": [volume(choice)]}
        spec["template"] = {"spec": added}
    return body


def operations(layer: Layer, made: Made) -> list[Map]:
    """A JSON patch of an object."""
    choice = layer.choice
    known = pointers(made.body, choice) or {"/spec": {}}
    known.pop("/kind", None)
    places = [path for path in known if path not in HEAD] if choice.chance(0.85) else list(known)
    found: list[Map] = []
    for _ in range(choice.one((1, 1, 1, 2, 3))):
        kind = choice.one(("add", "add", "add", "replace", "replace", "replace", "remove", "move", "copy", "test"))
        path = choice.one(places or ["/metadata/labels"])
        operation: Map = {"op": kind, "path": path}
        if kind == "add" and choice.chance(0.5):
            below = {dict: ("new", "a~1b", "x"), list: ("-", "0", "0", "-1", "5")}.get(type(known.get(path)), ())
            if below or choice.chance(0.05):
                operation["path"] = f"{path}/{choice.one(below or ('new', '-', '1'))}"
        if kind in ("add", "replace", "test"):
            operation["value"] = operation_value(choice)
        if kind == "test" and choice.chance(0.8) and not isinstance(known.get(path), Raw):
            operation["value"] = known.get(path)
        if kind in ("move", "copy"):
            operation["from"] = path
            place = choice.one(places or [path])
            operation["path"] = place if choice.chance(0.1) else f"{place.rpartition('/')[0]}/moved"
        if choice.chance(0.02):
            operation.pop(choice.one(list(operation)))
        found.append(operation)
    return found


def operation_value(choice: Choice) -> Any:
    """A value for an operation."""
    return choice.one(
        (
            choice.one(TEXTS),
            choice.number(0, 5),
            True,
            None,
            {"a": "b"},
            ["x", 1],
            "1",
            1.5,
            1e20,
            12345678901234567890,
            "",
            [],
            {},
        )
    )


def patch_text(layer: Layer, made: Made, *, json_patch: bool, one_document: bool) -> str:
    """The text of a patch."""
    choice = layer.choice
    if json_patch:
        steps = operations(layer, made)
        if choice.chance(0.4):
            return json.dumps(steps, indent=choice.one((None, 2)))
        return document(steps, choice, Style(quoted=0.3, shuffle=choice.chance(0.3)))
    bodies: list[Any] = [strategic(layer, made)]
    if not one_document and choice.chance(0.15):
        bodies.append(strategic(layer, layer.target()))
    text = documents(bodies, choice)
    return text.replace("\r\n", "\n").lstrip("\ufeff") if choice.chance(0.8) else text


def expression(text: str, choice: Choice) -> str:
    """A regular expression that may match a text."""
    return choice.one(
        (
            text,
            text,
            text,
            f"{text[:1]}.*",
            ".*",
            f"({text}|zz)",
            f"^{text}$",
            f"{text}x?",
            text[:-1] or "x",
            f"[{text[:1]}].+",
        )
    )


def selector(layer: Layer, made: Made) -> Map:
    """A selector of an object by some of its parts."""
    choice = layer.choice
    group, _, version = made.api.rpartition("/")
    parts = {"group": group, "version": version, "kind": made.kind, "name": made.name, "namespace": made.namespace}
    found: Map = {}
    for key in choice.some(("kind", "name", "group", "version", "namespace", "kind", "name"), 1, 3):
        if parts[key] or choice.chance(0.1):
            found[key] = expression(parts[key] or "x", choice) if choice.chance(0.3) else parts[key]
    if choice.chance(0.12):
        found["labelSelector"] = choice.one(
            (
                "app=web",
                "app",
                "!app",
                "app!=web",
                "app in (web,db)",
                "tier notin (web)",
                "app=web,env",
                "team==1",
                "x1 in (1,yes)",
                "team exists" if choice.chance(0.1) else "team",
                "app in ()" if choice.chance(0.1) else "app",
            )
        )
    if choice.chance(0.08):
        found["annotationSelector"] = choice.one(("note=web", "note", "!note", "a/b", "team in (x, web)"))
    if choice.chance(0.008):
        found[choice.one(("name", "kind"))] = choice.one(("[", "(a", "*", "a{2,1}"))
    return found


def patches(layer: Layer) -> None:
    """Entries of `patches`."""
    choice = layer.choice
    for _ in range(choice.number(1, 3)):
        made = layer.target()
        json_patch = choice.chance(0.4)
        entry: Map = {}
        if json_patch or choice.chance(0.45):
            entry["target"] = selector(layer, made)
        text = patch_text(layer, made, json_patch=json_patch, one_document="target" in entry and choice.chance(0.95))
        if choice.chance(0.4):
            entry["path"] = layer.write(choice.one(("patch.yaml", "p.json", "p1.yaml")), text)
        else:
            entry["patch"] = text.replace("\r", "")
        if choice.chance(0.15):
            names = choice.some(("allowNameChange", "allowKindChange"), 1, 2)
            entry["options"] = {name: choice.chance(0.8) for name in names}
            if not json_patch and "target" not in entry and choice.chance(0.5):
                entry["target"] = selector(layer, made)
        if choice.chance(0.02):
            entry[choice.one(("patch", "path"))] = choice.one(("", "x", "nope.yaml"))
        layer.add("patches", entry)


def patches_strategic_merge(layer: Layer) -> None:
    """Entries of the old field."""
    choice = layer.choice
    for _ in range(choice.number(1, 2)):
        made = layer.target()
        text = patch_text(layer, made, json_patch=False, one_document=False)
        if choice.chance(0.5):
            layer.add("patchesStrategicMerge", layer.write("sm.yaml", text))
        else:
            layer.add("patchesStrategicMerge", text.replace("\r", ""))


def patches_json6902(layer: Layer) -> None:
    """Entries of the old field."""
    choice = layer.choice
    made = layer.target()
    group, _, version = made.api.rpartition("/")
    target: Map = {"version": version, "kind": made.kind, "name": made.name or "x"}
    if group:
        target["group"] = group
    if made.namespace:
        target["namespace"] = made.namespace
    if choice.chance(0.1):
        target.pop(choice.one(list(target)))
    if choice.chance(0.1):
        target = {**target, **selector(layer, made), choice.one(("annotationSelector", "labelSelector")): "!nothing"}
    text = patch_text(layer, made, json_patch=True, one_document=True)
    entry: Map = {"target": target}
    if choice.chance(0.5):
        entry["path"] = layer.write("j6902.yaml", text)
    else:
        entry["patch"] = text
    if choice.chance(0.05):
        entry["options"] = dict.fromkeys(choice.some(("allowNameChange", "allowKindChange"), 1, 2), True)
    layer.add("patchesJson6902", entry)


def renaming_patch(layer: Layer) -> None:
    """A patch that renames, allowed or not."""
    choice = layer.choice
    made = layer.target()
    body = identity(made, choice)
    body["metadata"]["name"] = choice.one((*CLUSTER_NAMES, "renamed"))
    # Another kind's hash is of the parser's nodes: what generators name keeps its kind.
    if choice.chance(0.3) and made.kind not in ("ConfigMap", "Secret"):
        body["kind"] = choice.one(("Widget", "Deployment", "ConfigMap"))
    entry: Map = {"patch": document(body, choice), "target": {"kind": made.kind, "name": made.name}}
    if choice.chance(0.8):
        entry["options"] = {"allowNameChange": True, "allowKindChange": choice.chance(0.5)}
    layer.add("patches", entry)


def odd_patch(layer: Layer) -> None:
    """Something that is hardly a patch."""
    choice = layer.choice
    text = choice.one(
        (
            "",
            "# nothing\n",
            "[]",
            "{}",
            "x",
            "- op: add\n",
            "kind: A\n",
            "[{]",
            "a: [",
            "null",
            "---\n",
            "- a\n- b\n",
            document(make_object(choice).body, choice),
        )
    )
    entry: Map = {"patch": text}
    if choice.chance(0.6):
        entry["target"] = choice.one(
            ({}, {"kind": "ConfigMap"}, {"name": choice.one(LABEL_VALUES)}, {"labelSelector": "app"})
        )
    layer.add("patches", entry)
