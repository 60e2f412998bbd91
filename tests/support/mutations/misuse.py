"""Mistakes that people make in what they write: values of another type, fields that are missing or unknown, patches of other objects."""

from __future__ import annotations

import json
from typing import Any

from mutations.content import chosen
from mutations.made import images_of, merged, operations, selector
from mutations.nodes import (
    LIST,
    MAP,
    Collection,
    Mapping,
    Node,
    Place,
    Scalar,
    Sequence,
    build,
    copied,
    get,
    places,
    put,
    raw,
    scalar,
    text_of,
    write,
)
from mutations.work import Thing, Work

NULLS = ("", "null", "~", "Null", "{}", "[]", "''", "# nothing")
REQUIRED = ("apiVersion", "kind", "metadata", "name", "selector", "matchLabels", "template", "spec", "containers", "image", "path", "target", "op", "value", "source", "targets",
            "fieldPaths", "fieldPath", "select", "count", "newTag", "newName", "literals", "files", "pairs", "subjects", "roleRef", "data", "type", "objref", "fieldref", "port", "ports")  # fmt: skip
NUMBERS = ("1", "0", "01", "1.0", "1.10", "1e3", "0x10", "true", "no", "on", "null", "-", "~", "12345678901234567890", "2024-01-01", "1_0", ".5", "08", "1:20", "+1", "NaN", ".nan", ".inf")  # fmt: skip
UNICODE = ("é", "漢字", "ñandú", "app\u200b", "a\u0301", "\U0001f600", "ﬁ", "Ä-b", "пример", "a\u00a0b", "ａ", "\u202ea")  # fmt: skip
PICKY = ("labels", "matchLabels", "selector", "annotations", "data", "stringData", "metadata", "spec", "template", "containers", "env", "args", "command", "ports", "volumes",
         "commonLabels", "commonAnnotations", "resources", "patches", "images", "replicas", "configMapGenerator", "secretGenerator", "generatorOptions", "namespace", "namePrefix",
         "components", "replacements", "vars", "options", "target", "name", "items", "subjects", "rules", "limits", "requests", "finalizers", "initContainers")  # fmt: skip
# Fields that a kustomization does not have, or not in this place or spelling.
UNKNOWN = ("resource", "Resources", "ressources", "base", "patch", "patchesStrategicMerges", "patchesJson6902s", "patchesJSON6902", "commonlabels", "commonLabel", "label", "annotations", "image",
           "configMapGenerators", "configmapGenerator", "secretsGenerator", "secretGenerators", "nameprefix", "prefix", "suffix", "namespaces", "generatorOption", "spec", "data", "items", "status",
           "replicaCount", "replacement", "transformer", "var", "component", "helmChart", "helm", "values", "buildMetaData", "sortOption", "labels ", "metadata", "kind", "Kind", "apiversion", "version",
           "imageTags", "helmChartInflationGenerator", "inventory", "openAPI", "crd", "configuration", "validator", "generator", "# x", "x-anchor", ".common", "1", "null", "true")  # fmt: skip
WITHIN = {
    "patches": ("file", "patchPath", "paths", "targets", "Target", "kind", "name", "option", "op", "inline"), "images": ("image", "tag", "newtag", "newImage", "Name", "version", "digests"),
    "configMapGenerator": ("literal", "file", "env", "envs", "data", "labels", "annotations", "immutable", "type", "kind", "behaviour", "metadata", "generatorOptions", "options"),
    "secretGenerator": ("literal", "stringData", "env", "data", "labels", "behaviour", "immutable", "Type", "options"), "replicas": ("replicas", "Count", "kind", "namespace", "target"),
    "replacements": ("sources", "target", "fieldPaths", "select", "options", "sourceValue", "path"), "labels": ("labels", "includeSelector", "includeTemplate", "fieldSpecs", "fields", "annotations"),
    "vars": ("objRef", "fieldRef", "fieldPath", "value", "default"), "patchesJson6902": ("patches", "ops", "options", "target", "path", "patch"),
    "helmCharts": ("chart", "values", "valueFile", "release"), "openapi": ("Path", "schema"), "sortOptions": ("orders", "legacy"), "generatorOptions": ("behavior", "namespace", "suffix"),
}  # fmt: skip


def held(work: Work, *keys: str) -> tuple[str, list[Node], list[Place]] | None:
    """(file, documents, places of the keys in one of them); every place of the file's document where none has such a key."""
    found = chosen(work)
    if found is None:
        return None
    name, documents, all_places = found
    return name, documents, [place for place in all_places if place.key in keys] or all_places


def other_type(work: Work) -> None:
    """A value of another type with the same meaning: a number in quotes, a list of one, a map as a list of pairs."""
    if not (found := chosen(work)):
        return
    choice, place = work.choice, work.choice.one(found[2])
    place.put(choice.one(recast(place.node)))
    work.write(*found[:2])


def recast(node: Node) -> list[Node]:
    """A value as values of other types."""
    if isinstance(node, Scalar):
        plain = scalar(node.value) if node.value else scalar("null")
        number = [scalar(node.value, "'")] if node.style is None else [plain]
        return [*number, build([copied(node)]), build({node.value or "a": True}), build({"name": copied(node)}), Sequence(LIST, [scalar(part) for part in node.value.split()], flow_style=False), scalar(node.value + "\n", "|")]  # fmt: skip
    if isinstance(node, Sequence):
        joined = ",".join(text_of(item) for item in node.value)
        named = [(copied(get(item, "name") or scalar(str(at))), copied(item)) for at, item in enumerate(node.value)]
        return [
            Mapping(MAP, named, flow_style=False), scalar(joined), scalar(write([node]).decode("utf-8", "surrogatepass"), "|"), build([copied(node)]), copied(node.value[0]) if node.value else build({}),
            build({"items": copied(node)}), build({text_of(item) or str(at): None for at, item in enumerate(node.value)}),
        ]  # fmt: skip
    if isinstance(node, Mapping):
        pairs = [(copied(key), copied(value)) for key, value in node.value]
        return [
            build([Mapping(MAP, [pair], flow_style=False) for pair in pairs]), build([{"name": key, "value": value} for key, value in pairs]), build([copied(node)]), scalar("true"),
            scalar(write([node]).decode("utf-8", "surrogatepass"), "|"), build([f"{text_of(key)}={text_of(value)}" for key, value in pairs]), scalar(",".join(text_of(key) for key, _ in pairs)),
        ]  # fmt: skip
    return [build(None)]


def missing(work: Work) -> None:
    """Without a field that is needed."""
    if found := held(work, *REQUIRED):
        place = work.choice.one(found[2])
        del place.parent.value[place.index]
        work.write(*found[:2])


def nothing(work: Work) -> None:
    """A key without its value, or an entry without one."""
    if found := held(work, *PICKY):
        place = work.choice.one(found[2])
        place.put(raw(work.choice.one(NULLS)))
        work.write(*found[:2])


def strange_name(work: Work) -> None:
    """A name, namespace, kind, key or label that is a number, a word of YAML, or no ASCII; sometimes everywhere in all files."""
    choice = work.choice
    new = choice.one(NUMBERS) if choice.chance(0.6) else choice.one(UNICODE)
    things = work.things()
    if things and choice.chance(0.35):
        old = choice.one(things).name
        for name in work.texts():
            work.files[name] = work.files[name].replace(b" " + old.encode(), b" " + new.encode())
        return
    found = held(work, "name", "namespace", "labels", "matchLabels", "annotations", "selector", "kind", "data", "commonLabels", "commonAnnotations", "pairs", "literals")  # fmt: skip
    if found is None:
        return
    place = choice.one(found[2])
    if isinstance(place.node, Mapping) and place.node.value:
        at = choice.number(0, len(place.node.value) - 1)
        key, value = place.node.value[at]
        place.node.value[at] = choice.one(((raw(new), value), (key, raw(new)), (raw(new), raw(new))))
    else:
        place.put(raw(new))
    work.write(*found[:2])


def confused(work: Work) -> None:
    """Two fields of an object in each other's place: name and namespace, kind and version, requests and limits, key and value."""
    found = chosen(work)
    if found is None:
        return
    choice = work.choice
    pairs = (("name", "namespace"), ("kind", "apiVersion"), ("labels", "annotations"), ("requests", "limits"), ("command", "args"), ("name", "value"), ("port", "targetPort"), ("path", "patch"),
             ("source", "targets"), ("newName", "newTag"), ("group", "version"), ("files", "literals"), ("namePrefix", "nameSuffix"), ("path", "target"), ("data", "stringData"), ("name", "key"))  # fmt: skip
    one, other = choice.one(pairs)
    maps = [node for node in (found[1][0], *(place.node for place in found[2])) if isinstance(node, Mapping)]
    maps = [node for node in maps if get(node, one) is not None or get(node, other) is not None]
    if not maps:
        return
    node = choice.one(maps)
    names = {one: other, other: one}
    if choice.chance(0.3):
        names = {one: other}  # the same key twice, where both are there
    node.value = [(scalar(names.get(str(key.value), str(key.value)), key.style), value) for key, value in node.value]
    work.write(*found[:2])


def level(work: Work) -> None:
    """A key one level too high or too low."""
    if not (found := chosen(work)):
        return
    choice = work.choice
    low = [
        place
        for place in found[2]
        if isinstance(place.parent, Mapping) and isinstance(place.node, Mapping) and place.node.value
    ]
    if not low:
        return
    place = choice.one(low)
    if choice.chance(0.5):
        place.parent.value.append(place.node.value.pop(choice.number(0, len(place.node.value) - 1)))
    else:
        others = [at for at in range(len(place.parent.value)) if at != place.index]
        if not others:
            return
        place.node.value.append(place.parent.value.pop(choice.one(others)))
    work.write(*found[:2])


def unknown(work: Work) -> None:
    """A field that a kustomization does not have, in it or in an entry of one of its lists; or one of its own, misspelt."""
    name = work.kustomization()
    body = work.body(name) if name is not None else None
    if name is None or body is None:
        return
    choice = work.choice
    inside = [(str(key.value), value) for key, value in body.value if key.value in WITHIN]
    if inside and choice.chance(0.6):
        key, value = choice.one(inside)
        entries = value.value if isinstance(value, Sequence) else [value]
        maps = [entry for entry in entries if isinstance(entry, Mapping)]
        if not maps:
            return
        entry = choice.one(maps)
        word = choice.one(WITHIN[key])
        if entry.value and choice.chance(0.5):
            at = choice.number(0, len(entry.value) - 1)
            entry.value[at] = (scalar(word), entry.value[at][1])
        else:
            entry.value.append((scalar(word), build(choice.one(("x", 1, ["a"], {"a": "b"}, None)))))
    elif body.value and choice.chance(0.5):
        at = choice.number(0, len(body.value) - 1)
        body.value[at] = (raw(choice.one(UNKNOWN)), body.value[at][1])
    else:
        body.value.insert(
            choice.number(0, len(body.value)),
            (raw(choice.one(UNKNOWN)), build(choice.one(("x", 1, ["a"], {"a": "b"}, None, [])))),
        )
    work.write(name, [body])


def doubled(work: Work) -> None:
    """An entry of a list twice, side by side or at the end, as it is or nearly: of resources, patches, images, containers, keys."""
    found = held(work, "resources", "patches", "images", "configMapGenerator", "secretGenerator", "components", "replicas", "replacements", "vars", "labels", "containers", "env", "ports",
                 "volumes", "volumeMounts", "literals", "files", "subjects", "rules", "items")  # fmt: skip
    lists = [place.node for place in found[2] if isinstance(place.node, Sequence) and place.node.value] if found else []
    if found is None or not lists:
        return
    choice, node = work.choice, work.choice.one(lists)
    at = choice.number(0, len(node.value) - 1)
    entry = copied(node.value[at])
    inner = [place for place in places(entry) if isinstance(place.node, Scalar)]
    if inner and choice.chance(0.4):
        choice.one(inner).put(raw(choice.one(("x", "1", "null", "''"))))
    node.value.insert(choice.one((at, at + 1, len(node.value))), entry)
    if choice.chance(0.15):
        node.value.insert(choice.number(0, len(node.value)), raw(choice.one(NULLS)))
    work.write(*found[:2])


def wrong_patch(work: Work) -> None:
    """A patch of another kind or object, of several documents, of neither or both forms, or without what says whom it is for."""
    name, things, choice = work.kustomization(), work.things(), work.choice
    body = work.body(name) if name is not None else None
    if name is None or body is None or not things:
        return
    text = patch_text(work, things)
    entry: dict[str, object] = {"patch": text}
    if choice.chance(0.5):
        entry = {"path": "slip.yaml"}
        work.files[work.beside(name, "slip.yaml")] = text.encode("utf-8", "surrogatepass")
    if choice.chance(0.08):
        entry = choice.one(({}, {"patch": text, "path": "slip.yaml"}, {"patch": ""}, {"path": ""}, {"path": "."}, {"patch": None, "path": None}))  # fmt: skip
    if choice.chance(0.45):
        entry["target"] = (
            selector(choice, choice.one(things)) if choice.chance(0.85) else choice.one(({}, None, [], "x"))
        )
    field, value = "patches", build([entry])
    if choice.chance(0.2):
        field, value = "patchesStrategicMerge", build([entry.get("path") or text])
    elif choice.chance(0.1):
        field = "patchesJson6902"
    there = get(body, field)
    if isinstance(there, Sequence) and isinstance(value, Sequence):
        there.value += value.value
    else:
        put(body, field, value)
    work.write(name, [body])


def patch_text(work: Work, things: list[Thing]) -> str:
    """The text of a patch that is not quite right."""
    choice = work.choice
    one, other = choice.one(things), choice.one(things)
    node = merged(choice, one)
    documents: list[Node] = [node]
    roll = choice.number(0, 8)
    if roll == 0:
        put(node, "kind", build(other.kind))
    elif roll == 1:
        put(node, "metadata", build(choice.one(({}, None, {"name": one.name + "x"}, {"namespace": "x"}, {"name": one.name, "namespace": "other"}, {"name": None}, []))))  # fmt: skip
    elif roll == 2:
        documents.append(merged(choice, other))
    elif roll == 3:
        documents = choice.one(([build([node])], [build({"apiVersion": "v1", "kind": "List", "items": [node]})], [node, build(None)], [build({}), node], [build(operations(choice, one)), node], [node, build(operations(choice, one))]))  # fmt: skip
    elif roll == 4:
        node.value = [pair for pair in node.value if pair[0].value != choice.one(("apiVersion", "kind", "metadata"))]
    elif roll == 5:
        ops = operations(choice, one)
        for entry in choice.some(ops):
            key = choice.one(("op", "path", "value", "from"))
            entry[key] = choice.one(("", "Replace", "/", "metadata/name", "/metadata/annotations/a", "set", None, 1, {}, [], "/spec/containers[0]/image", "/spec/template/spec/containers/0/image"))  # fmt: skip
            if choice.chance(0.3):
                del entry[key]
        documents = [build(ops if choice.chance(0.8) else ops[0])]
    elif roll == 6:
        return choice.one(("", "\n", "---\n", "# nothing\n", "{}", "[]", "null", "x", "- x\n", "- op: add\n", "a: [\n", "\t\n", "- {op: remove, path: /metadata/labels}\n# end\n---\n"))  # fmt: skip
    return write(documents).decode("utf-8", "surrogatepass")


def reference(work: Work) -> None:
    """A reference to a variable in a value, where there may be none of that name."""
    found = chosen(work)
    scalars = [place for place in found[2] if isinstance(place.node, Scalar)] if found else []
    if found is None or not scalars:
        return
    choice, place = work.choice, work.choice.one(scalars)
    word = choice.one(("$(FOO)", "$(A)", "x-$(SERVICE)-y", "$$(FOO)", "$(FOO", "$FOO", "${FOO}", "$(foo.bar)", "$( FOO )", "$(A)$(B)", "$()", "$(FOO)$(FOO)"))  # fmt: skip
    place.put(build(choice.one((word, place.node.value + word, word + place.node.value))))
    work.write(*found[:2])


def generated(work: Work) -> None:
    """A generator whose sources are not quite right, or an environment file with lines that are none."""
    name, choice, things = work.kustomization(), work.choice, work.things()
    body = work.body(name) if name is not None else None
    if name is None or body is None:
        return
    field = choice.one(("configMapGenerator", "configMapGenerator", "secretGenerator"))
    held = [thing.name for thing in things if thing.kind in ("ConfigMap", "Secret")]
    entry: dict[str, object] = {
        "name": choice.one(held) if held and choice.chance(0.5) else choice.one(("slip", "", None, 1, True, "a b", "é"))
    }
    for key, values in (
        ("literals", (["A"], ["=a"], ["A=b", "A=c"], ["A=b=c"], ["A b=c"], [""], [None], "A=b", {"A": "b"}, [1], ["A='x'"], ['A="x"'], ["A='x"], ["a/b=c"], ["é=é"], [" A=b "], [{"A": "b"}], ["A=$(B)"], ["A: b"], [".=a"], ["..=a"])),
        ("files", (["slip.txt"], ["nope.txt"], ["k=slip.txt", "k=slip.txt"], ["=slip.txt"], ["k="], ["a=b=slip.txt"], "slip.txt", [None], ["."], ["k=."], ["../x"], ["é=slip.txt"], ["slip.txt", "slip.txt"], ["a b=slip.txt"], ["./slip.txt"], [" slip.txt"])),
        ("envs", (["slip.env"], "slip.env", ["nope.env"], [None], [""], ["."], ["slip.env", "slip.env"])), ("env", ("slip.env", ["slip.env"], "", None, "nope.env")),
        ("behavior", ("merge", "replace", "create", "Merge", "", "odd", None, 1)), ("type", ("Opaque", "kubernetes.io/tls", "", 1, None, [])), ("namespace", ("x", "", None, 1, "é")),
        ("options", (None, {}, [], {"labels": {"a": 1}}, {"annotations": {"a": True}}, {"disableNameSuffixHash": "true"}, {"immutable": "yes"}, {"labels": None}, {"labels": []}, {"odd": 1}, {"labels": {1: "a"}})),
    ):  # fmt: skip
        if choice.chance(0.3):
            entry[key] = choice.one(values)
    work.files[work.beside(name, "slip.txt")] = choice.one((b"x\n", b"", b"\xff\xfe\x00", b"\x00\n", "é\u2028\n".encode(), b"a\r\nb\r\n", b"\xef\xbb\xbfa\n", b" \n\n", b"a: b\n---\n"))  # fmt: skip
    work.files[work.beside(name, "slip.env")] = b"\n".join(
        choice.some((b"A=b", b"B", b"=c", b"1A=b", b"A-B=c", b"A B=c", b" C=d", b"D= e ", b"E='f'", b'F="g"', b"# x", b"  # y", b"", b"export G=h", b"H=i # j", b"I=a=b", b"\xc3\xa9=1", b"J=\xff", b"K=\\n", b"A=again", b"\xef\xbb\xbfL=m", b"M=n\r", b"a.b=c", b"$X=y", b"N=$A", b"O:p"), 1, 6)
    )  # fmt: skip
    there = get(body, field)
    if isinstance(there, Sequence):
        there.value.append(build(entry))
    else:
        put(body, field, build([entry]))
    work.write(name, [body])


def transformed(work: Work) -> None:
    """Images, replicas, labels, prefixes and namespaces that are written wrongly."""
    name, choice, things = work.kustomization(), work.choice, work.things()
    body = work.body(name) if name is not None else None
    if name is None or body is None or not things:
        return
    image, thing = choice.one(images_of(things) or ["nginx"]), choice.one(things)
    odd = raw(choice.one((*NUMBERS, *UNICODE)))
    field, value = choice.one((
        ("images", [{"name": choice.one((image, image + ":x", image.partition(":")[0], image.rpartition("/")[2], "*", "", None, 1)), choice.one(("newTag", "newName", "digest", "tag", "newImage")): choice.one((odd, "", "a b", "v1:v2", "@sha256:x", "x/y:z", None, [], "latest"))}]),
        ("images", [choice.one((image, f"{image}=x", None, [], {}))]), ("images", choice.one(({image: "x"}, image, None, {}, {"name": image, "newTag": "x"}))),
        ("replicas", [{"name": thing.name, "count": choice.one((odd, "3", -1, 1.5, None, "x", [], 2**70, True))}]), ("replicas", choice.one((3, [3], {"name": thing.name, "count": 2}, {thing.name: 3}, [{"name": None}], [{"count": 2}], [{"name": thing.kind + "/" + thing.name, "count": 2}]))),
        ("commonLabels", choice.one(({"a": odd}, {"a": None}, ["a"], "a=b", {"a": {"b": "c"}}, {"a": ["b"]}, {odd: "a"}, {"a b": "c"}, {"": "a"}, {"a": ""}, [{"a": "b"}], None))),
        ("commonAnnotations", choice.one(({"a": odd}, {"a": None}, ["a"], "a=b", {"a": {"b": "c"}}, {odd: "a"}, {"": "a"}, {"a": 1}, None))),
        ("labels", choice.one(([{"pairs": {"a": odd}}], [{"pairs": ["a=b"]}], {"pairs": {"a": "b"}}, {"a": "b"}, [{"a": "b"}], [{"pairs": None}], [{"pairs": {"a": "b"}, "includeSelectors": "true"}], [{"pairs": {"a": "b"}, "includeSelectors": None}], [{"pairs": {"a": "b"}, "fields": ["metadata/labels"]}], [None], [{"pairs": {"a": "b"}, "fields": [{"path": ""}]}], [{"pairs": {"a": "b"}, "fields": [{"path": "spec.template.metadata.labels", "create": True}]}]))),
        ("namePrefix", choice.one((odd, None, ["a"], {}, "", " ", "a b", "a/", "A"))), ("nameSuffix", choice.one((odd, None, ["a"], "", "-", "a/b"))), ("namespace", choice.one((odd, None, [], {}, "", " ", "a b", ["a"], "a/b", "Default", "~"))),
        ("vars", choice.one(([{"name": "FOO"}], [{"name": "FOO", "objref": {"kind": thing.kind, "name": thing.name}}], [{"name": "A", "objref": {"kind": thing.kind, "name": thing.name, "apiVersion": thing.api}, "fieldref": {"fieldPath": "metadata.name"}}], [{"name": "B", "objref": {"kind": "X", "name": "nope", "apiVersion": "v1"}}], [{"objref": {"kind": thing.kind, "name": thing.name, "apiVersion": thing.api}}], {"name": "FOO"}, [{"name": "FOO", "objref": None}]))),
        ("generatorOptions", choice.one(([], None, "x", {"disableNameSuffixHash": "yes"}, {"labels": {"a": odd}}, {"labels": ["a"]}, [{"disableNameSuffixHash": True}], {"immutable": None}))), ("buildMetadata", choice.one(("originAnnotations", ["origin"], [None], {}, ["originAnnotations", "originAnnotations"], [1], None))),
        ("sortOptions", choice.one(("legacy", None, {}, {"order": "Legacy"}, {"order": None}, {"order": "fifo", "legacySortOptions": {}}, {"legacySortOptions": {"orderFirst": [1]}}, []))), ("openapi", choice.one(("v1", {"path": "nope.json"}, {"version": "v9"}, {"path": ""}, {"version": "v1.21.2", "path": "x"}, None, {"path": "kustomization.yaml"}, {"version": "1.21.2"}, []))),
        ("crds", choice.one((["nope.yaml"], ["."], [None], "x", [""], ["kustomization.yaml"]))), ("configurations", choice.one((["nope.yaml"], ["."], [None], [""], ["kustomization.yaml"], "x", [{"a": "b"}]))),
        ("kind", choice.one(("Kustomize", "kustomization", "Component", "", None, "Deployment", 1, []))), ("apiVersion", choice.one(("v1", "kustomize.config.k8s.io/v1", "kustomize.config.k8s.io/v1alpha1", "", None, "kustomize.config.k8s.io/v1beta2", 1, "kustomize.k8s.io/v1beta1"))), ("metadata", choice.one((None, {}, {"name": "x"}, {"name": 1}, {"namespace": "x"}, {"labels": ["a"]}, {"annotations": {"a": 1}}, [], "x", {"odd": 1}))),
    ))  # fmt: skip
    put(body, field, build(value))
    work.write(name, [body])


def json_value(work: Work) -> None:
    """A file of JSON with a value of another type, without one, or with one under another name."""
    names = [name for name in sorted(work.files) if name.endswith(".json")]
    if not names:
        return
    choice, name = work.choice, work.choice.one(names)
    try:
        value = json.loads(work.files[name])
    except ValueError:
        return
    holders = [holder for holder in containers(value) if holder]
    for holder in choice.some(holders, 1, 2):
        key = choice.one(sorted(holder) if isinstance(holder, dict) else range(len(holder)))
        roll = choice.number(0, 4)
        if roll == 0:
            del holder[key]
        elif roll == 1 and isinstance(holder, dict):
            holder[choice.one((key + "s", key.upper(), "", "$ref", "x-kubernetes-" + key, "a"))] = holder.pop(key)
        else:
            holder[key] = choice.one(
                (
                    None,
                    1,
                    1.5,
                    True,
                    "",
                    "x",
                    [],
                    {},
                    [None],
                    {"a": None},
                    [holder[key]],
                    {"a": holder[key]},
                    str(holder[key]),
                    "object",
                    "#/definitions/x",
                )
            )
    work.files[name] = json.dumps(value, indent=choice.one((None, 2)), ensure_ascii=choice.chance(0.5)).encode()


def containers(value: object) -> list[Any]:
    """Every list and object of a value, the outer ones first."""
    found: list[Any] = []
    waiting = [value]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, dict | list):
            found.append(item)
            waiting += item.values() if isinstance(item, dict) else item
    return found


def unheld(work: Work) -> None:
    """An alias of another document, an anchor twice, or an anchor that nobody has."""
    found = chosen(work)
    if found is None:
        return
    name, documents, held = found
    choice, place = work.choice, work.choice.one(held)
    if isinstance(place.node, Collection) or isinstance(place.parent, Collection):
        other = choice.one(held)
        if choice.chance(0.5) and isinstance(place.node, Scalar) and "\n" not in place.node.value:
            place.put(raw(f"&x {place.node.value or 'null'}"))
        other.put(raw(choice.one(("*x", "*x", "&x y", "&x", "*missing", "{<<: *x}", "[*x, *x]", "*x y"))))
    work.write(name, documents)


CHANGES = (
    other_type, other_type, other_type, missing, missing, nothing, nothing, strange_name, strange_name, confused, confused, level, level, unknown, unknown, doubled, doubled,
    wrong_patch, wrong_patch, wrong_patch, reference, generated, generated, generated, transformed, transformed, transformed, transformed, unheld, json_value,
)  # fmt: skip
