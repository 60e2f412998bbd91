"""Changes of documents: keys, values, shapes and places of what is in them."""

from __future__ import annotations

from trees.choice import Choice

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
)
from mutations.work import Work

# Scalars as they stand in a file.
ODD = (
    "null", "~", "", '""', "''", "0o17", "017", "0x1F", "1e3", "1E-3", ".inf", "-.inf", ".nan", "2020-01-01", "2020-01-01T10:20:30Z",
    "2001-12-14 21:59:43.10 -5", "yes", "no", "on", "Off", "y", "N", "true", "True", "12345678901234567890", "18446744073709551616",
    "9007199254740993", "-9223372036854775809", "1_000", "1.0", "1.50", "0.1", "1.", ".5", "+1", "-0", "08", "1:30", "'1'", '"1"', "'true'",
    '"yes"', "'a: b'", '"a\\tb"', '"\\u00e9\\n"', '"\\U0001F600"', "é", "漢字", "a#b", "a #b", "!!str 1", "!!int '1'", "!!float 3", "!foo bar",
    "!!binary aGVsbG8=", "<<", "=", "{}", "[]", "[null]", "{a: b}", "[a, b]", "[{name: a}]", "*nope", "- a", "|", ">", "@a", "`a", "%a", "$(FOO)",
    "$$(FOO)", "$(A)-$(B)", "text", "a b", "' a '", "'a '", "1.2.3", "v1", "app", "default", "*", "/", "..", ".", "a/b", "a.b", "a,b", "a=b", "[",
    "0.0000001", "1e21", "123456789.5", '"x\\\n  y"', "'it''s'", "!!null ''", "!!bool 'true'", "!!timestamp '2020-01-01'", "1e400", "0b11",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccc ddddd",
)  # fmt: skip
TEXTS = (
    "a\nb\n", "a\nb", "\na\n", " a\nb\n", "a\n\n", "a\n\n\nb\n", "#!/bin/sh\necho  x \n", "key: value\nother: 1\n", "\ta\n", "a\r\nb\r\n", "trail \nx\n",
    '{\n  "a": 1\n}\n', "---\na: b\n", "é\n漢\n", "x" * 90 + "\n" + "y z " * 30, "a\u2028b", "\ufeffa", "a\x7f", "a\x85b", "a\u00a0b", "- a\n- b\n",
)  # fmt: skip
ODD_KEYS = (
    "1",
    "1.5",
    "true",
    "yes",
    "null",
    "~",
    '""',
    "2020-01-01",
    "<<",
    "? a",
    "a.b/c",
    "é",
    "$patch",
    "a b",
    "x10",
    "x9",
    "0x1",
    "'1'",
)
KINDS = (
    "Deployment", "StatefulSet", "DaemonSet", "Service", "ConfigMap", "Secret", "Namespace", "ServiceAccount", "ClusterRole", "RoleBinding",
    "ClusterRoleBinding", "CustomResourceDefinition", "Job", "CronJob", "Pod", "Ingress", "List", "ConfigMapList", "Widget", "Kustomization",
    "PersistentVolumeClaim", "HorizontalPodAutoscaler", "ValidatingWebhookConfiguration", "APIService", "ReplicaSet", "Component", "deployment",
)  # fmt: skip
APIS = (
    "v1", "apps/v1", "apps/v1beta1", "extensions/v1beta1", "batch/v1", "batch/v1beta1", "rbac.authorization.k8s.io/v1", "example.com/v1",
    "networking.k8s.io/v1", "apiextensions.k8s.io/v1", "policy/v1", "", "v2", "a/b/c", "/v1", "example.com/", "kustomize.config.k8s.io/v1beta1",
)  # fmt: skip
NAMES = (
    "a",
    "app",
    "web",
    "config",
    "default",
    "a.b",
    "A",
    "1",
    "a/b",
    "",
    "a_b",
    "x" * 70,
    "a-b-c",
    "true",
    "é",
    "a,b",
    "my-app",
)
NAMESPACES = ("default", "prod", "", "kube-system", "a,b", "1", "null")
DIRECTIVES = ("replace", "delete", "merge", "Replace", "odd", "")


def chosen(work: Work) -> tuple[str, list[Node], list[Place]] | None:
    """(file, documents, places in one of them)."""
    name = work.text()
    documents = work.documents(name)
    if name is None or documents is None:
        return None
    found = list(places(work.choice.one(documents)))
    return (name, documents, found) if found else None


def odd(choice: Choice) -> Node:
    """A value that is read in some special way."""
    if choice.chance(0.2):
        return scalar(choice.one(TEXTS), choice.one(("|", ">", '"', "'")))
    return raw(choice.one(ODD))


def drop(work: Work) -> None:
    """Without one key or element."""
    if found := chosen(work):
        place = work.choice.one(found[2])
        del place.parent.value[place.index]
        work.write(*found[:2])


def duplicate(work: Work) -> None:
    """One key or element twice, somewhere in the same collection, as it is or with another value."""
    if found := chosen(work):
        place = work.choice.one(found[2])
        item = place.parent.value[place.index]
        if isinstance(place.parent, Mapping):
            item = (copied(item[0]), copied(item[1]) if work.choice.chance(0.5) else odd(work.choice))
        else:
            item = copied(item)
        place.parent.value.insert(work.choice.number(0, len(place.parent.value)), item)
        work.write(*found[:2])


def rename(work: Work) -> None:
    """Another key: one of the file's own, a misspelt one, or an odd one."""
    if found := chosen(work):
        choice = work.choice
        held = [place for place in found[2] if isinstance(place.parent, Mapping)]
        if not held:
            return
        place = choice.one(held)
        key = place.key
        options = (
            lambda: scalar(choice.one(held).key),
            lambda: scalar(choice.one((key + "s", key[:-1] or "k", key.upper(), key.capitalize(), key.lower()))),
            lambda: raw(choice.one(ODD_KEYS)),
            lambda: scalar(key, choice.one(("'", '"'))),
        )
        place.parent.value[place.index] = (choice.one(options)(), place.node)
        work.write(*found[:2])


def swap(work: Work) -> None:
    """Two values in each other's place, or two entries of one collection."""
    if found := chosen(work):
        one, other = work.choice.one(found[2]), work.choice.one(found[2])
        if work.choice.chance(0.5):
            items = one.parent.value
            at = work.choice.number(0, len(items) - 1)
            items[one.index], items[at] = items[at], items[one.index]
        elif one.path[: len(other.path)] != other.path and other.path[: len(one.path)] != one.path:
            first, second = one.node, other.node
            one.put(second)
            other.put(first)
        work.write(*found[:2])


def replace_scalar(work: Work) -> None:
    """Odd scalars in the place of others."""
    if found := chosen(work):
        held = [place for place in found[2] if isinstance(place.node, Scalar)]
        for place in work.choice.some(held, 1, 3):
            place.put(odd(work.choice))
        work.write(*found[:2])


def replace_value(work: Work) -> None:
    """An odd value in the place of anything."""
    if found := chosen(work):
        work.choice.one(found[2]).put(odd(work.choice))
        work.write(*found[:2])


def wrap(work: Work) -> None:
    """A value inside a list or a map."""
    if found := chosen(work):
        place, choice = work.choice.one(found[2]), work.choice
        key = choice.one((place.key, "name", "a", "value"))
        wrapped: Node = Sequence(LIST, [place.node], flow_style=False)
        if choice.chance(0.5):
            wrapped = Mapping(MAP, [(scalar(key), place.node)], flow_style=False)
        place.put(wrapped)
        work.write(*found[:2])


def unwrap(work: Work) -> None:
    """What is in a collection in its place."""
    if found := chosen(work):
        held = [place for place in found[2] if isinstance(place.node, Collection) and place.node.value]
        if held:
            place = work.choice.one(held)
            item = work.choice.one(place.node.value)
            place.put(item[1] if isinstance(item, tuple) else item)
            work.write(*found[:2])


def transplant(work: Work) -> None:
    """A value of one file in the place of another, or beside it; those of the same key first."""
    source, target = chosen(work), chosen(work)
    if source is None or target is None:
        return
    choice = work.choice
    one, other = choice.one(source[2]), choice.one(target[2])
    same = [place for place in target[2] if place.key == one.key]
    if same and choice.chance(0.7):
        other = choice.one(same)
    if isinstance(other.parent, Mapping) and choice.chance(0.3):
        put(other.parent, one.key, copied(one.node))
    else:
        other.put(copied(one.node))
    work.write(*target[:2])


def identity(work: Work) -> None:
    """Another kind, version, name or namespace of an object."""
    things = work.things()
    if not things:
        return
    choice, thing = work.choice, work.choice.one(things)
    other = choice.one(things)
    documents = work.documents(thing.file) or []
    node = next((each for each in documents if text_of(get(each, "metadata", "name")) == thing.name), None)
    if not isinstance(node, Mapping):
        return
    what = choice.one(("kind", "apiVersion", "name", "name", "namespace", "namespace"))
    own = {"kind": other.kind, "apiVersion": other.api, "name": other.name, "namespace": other.namespace}[what]
    pool = {"kind": KINDS, "apiVersion": APIS, "name": NAMES, "namespace": NAMESPACES}[what]
    value = build(own if own and choice.chance(0.4) else choice.one(pool))
    if choice.chance(0.1):
        value = raw(choice.one(ODD))
    holder = node if what in ("kind", "apiVersion") else get(node, "metadata")
    if isinstance(holder, Mapping):
        put(holder, what, value)
        work.write(thing.file, documents)


def history(work: Work) -> None:
    """An annotation of the build, or one that says what a build shall do with an object."""
    things = work.things()
    if not things:
        return
    choice, thing, other = work.choice, work.choice.one(things), work.choice.one(things)
    documents = work.documents(thing.file) or []
    node = next((each for each in documents if text_of(get(each, "metadata", "name")) == thing.name), None)
    holder = get(node, "metadata")
    if not isinstance(holder, Mapping):
        return
    internal = "internal.config.kubernetes.io/"
    some: tuple[dict[str, str], ...] = (
        {"config.kubernetes.io/local-config": choice.one(("true", "false", ""))},
        {f"{internal}needsHashSuffix": "enabled"}
        if thing.kind in ("ConfigMap", "Secret")
        else {f"{internal}refBy": "a"},
        {f"{internal}previousNames": other.name, f"{internal}previousKinds": other.kind, f"{internal}previousNamespaces": other.namespace or "default"},
        {f"{internal}allowNameChange": "enabled"},
        {f"{internal}generatorBehavior": choice.one(("merge", "replace", "create"))},
        {"config.kubernetes.io/origin": "path: a\n"},
        {"kustomize.config.k8s.io/id": "1", "config.kubernetes.io/index": "0", "config.kubernetes.io/path": "a.yaml"},
        {"a": choice.one(ODD), "b": choice.one(TEXTS)},
    )  # fmt: skip
    annotations = get(holder, "annotations")
    if not isinstance(annotations, Mapping):
        annotations = build({})
        put(holder, "annotations", annotations)
    for key, value in choice.one(some).items():
        put(annotations, key, build(value))
    work.write(thing.file, documents)


def directive(work: Work) -> None:
    """A directive of strategic merges in a map or a list."""
    if found := chosen(work):
        choice = work.choice
        held = [place.node for place in found[2] if isinstance(place.node, Collection)]
        if not held:
            return
        node = choice.one(held)
        entry = {"$patch": choice.one(DIRECTIVES)}
        if isinstance(node, Mapping):
            node.value.insert(choice.number(0, len(node.value)), (scalar("$patch"), build(entry["$patch"])))
        else:
            node.value.insert(choice.number(0, len(node.value)), build(entry))
        work.write(*found[:2])


def move_document(work: Work) -> None:
    """A document at another place of its file, or in another file."""
    name = work.text()
    documents = work.documents(name)
    if name is None or documents is None:
        return
    document = documents.pop(work.choice.number(0, len(documents) - 1))
    other = work.text() if work.choice.chance(0.6) else name
    if other is None or other == name:
        documents.insert(work.choice.number(0, len(documents)), document)
        if work.choice.chance(0.3):
            documents.append(copied(document))
    else:
        there = work.documents(other) or []
        there.insert(work.choice.number(0, len(there)), document)
        work.write(other, there)
    work.write(name, documents)


def wrap_in_list(work: Work) -> None:
    """Some documents as items of a list of objects."""
    name = work.text()
    documents = work.documents(name)
    if name is None or documents is None:
        return
    choice = work.choice
    start = choice.number(0, len(documents) - 1)
    end = choice.number(start + 1, len(documents))
    kind = choice.one(("List", "List", "ConfigMapList", "DeploymentList", "FooList", "ResourceList"))
    held = build({"apiVersion": "v1", "kind": kind, "items": documents[start:end]})
    if choice.chance(0.2):
        put(held, "metadata", build({"name": "x"}))
    documents[start:end] = [held]
    work.write(name, documents)


CHANGES = (
    drop, drop, duplicate, rename, rename, swap, replace_scalar, replace_scalar, replace_scalar, replace_value, wrap, unwrap, transplant,
    transplant, identity, identity, identity, history, directive, move_document, wrap_in_list,
)  # fmt: skip
