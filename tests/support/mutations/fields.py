"""Changes of kustomizations: fields of others, made for the objects that are there, and layers above and beside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from trees.tree import Tree

from mutations.made import MAKERS, Value
from mutations.nodes import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    build,
    copied,
    get,
    places,
    put,
    read,
    scalar,
    text_of,
    write,
)
from mutations.seeds import NAMES, REMOTE
from mutations.work import Donor, Pool, Thing, Work

HEAD = ("apiVersion", "kind", "metadata")
LISTS = ("resources", "components", "bases")
FLAGS = (
    ["--reorder", "none"], ["--reorder", "legacy"], ["--load-restrictor", "LoadRestrictionsNone"], ["--enable-managedby-label"], ["-e", "A=b"],
    ["-o", "out"], ["-o", "out"], ["--load-restrictor=LoadRestrictionsRootOnly"], ["--reorder=odd"], ["--enable-alpha-plugins"], ["-o", "out.yaml"],
)  # fmt: skip


def donors(tree: Tree) -> Iterator[tuple[str, Donor]]:
    """(name, value) of every field of every kustomization of a tree that reaches for no other machine."""
    for name, content in tree.files.items():
        folder, _, last = name.rpartition("/")
        documents = read(content) if last in NAMES and not REMOTE.search(content) else None
        if not documents or not isinstance(documents[0], Mapping):
            continue
        for key, value in documents[0].value:
            if key.value not in HEAD and key.value not in LISTS:
                yield key.value, Donor(value, dict(beside(tree, folder, value)))


def beside(tree: Tree, folder: str, value: Node) -> Iterator[tuple[str, bytes]]:
    """The files that the scalars of a field name."""
    holder = build([value])
    for place in places(holder):
        for word in text_of(place.node).split("\n")[:1]:
            name = word.rpartition("=")[2]
            content = tree.files.get(f"{folder}/{name}") if name else None
            if content is not None and len(content) < 20_000:
                yield name, content


def pool_of(trees: list[Tree]) -> Pool:
    """Every field of some trees, by name; of each name at most a few hundred."""
    found: Pool = {}
    for tree in trees:
        for name, donor in donors(tree):
            if len(held := found.setdefault(name, [])) < 400:
                held.append(donor)
    return found


def adapted(work: Work, value: Node, things: list[Thing]) -> Node:
    """A field's value with names, kinds and paths of the objects that are there. Mutates: the value."""
    if not things:
        return value
    choice = work.choice
    thing = choice.one(things)
    held = build([value])
    for place in places(held):
        if not isinstance(place.node, Scalar):
            continue
        if place.key == "name" and len(place.path) > 3 and choice.chance(0.5):
            thing = choice.one(things)
        group, _, version = thing.api.rpartition("/")
        other = {
            "name": thing.name, "kind": thing.kind, "namespace": thing.namespace, "group": group, "version": version, "apiVersion": thing.api,
        }.get(place.key)  # fmt: skip
        if "fieldPaths" in place.path or place.key in ("fieldPath", "fieldpath"):
            leaves = thing.leaves()
            other = ".".join(key.replace(".", "\\.") for key in choice.one(leaves)) if leaves else None
        if other is not None and choice.chance(0.7):
            place.put(build(other))
    return held.value[0]


def add(work: Work, name: str, field: str, value: Node) -> None:
    """Give a kustomization a field: more entries of a list that is there, or in its place. Mutates: the files."""
    body = work.body(name)
    if body is None:
        return
    there = get(body, field)
    if (isinstance(there, Sequence) and isinstance(value, Sequence) and work.choice.chance(0.8)) or (
        isinstance(there, Mapping) and isinstance(value, Mapping) and work.choice.chance(0.7)
    ):
        there.value += value.value
    else:
        put(body, field, value)
    work.write(name, [body])


def transplant(work: Work) -> None:
    """A field of another kustomization, mostly with names of the objects that are there."""
    name = work.kustomization()
    if name is None or not work.pool:
        return
    field = work.choice.one(sorted(work.pool))
    donor = work.choice.one(work.pool[field])
    value = copied(donor.value)
    if work.choice.chance(0.75):
        value = adapted(work, value, work.things())
    for path, content in donor.files.items():
        work.files.setdefault(work.beside(name, path), content)
    add(work, name, field, value)


def make(work: Work) -> None:
    """A field made for the objects that are there."""
    name = work.kustomization()
    things = work.things()
    if name is None or not things:
        return
    field, value, files = work.choice.one(MAKERS)(work.choice, things)
    for path, content in files.items():
        work.files[work.beside(name, path)] = content.encode()
    add(work, name, field, build(value))


def move_field(work: Work) -> None:
    """A field of a kustomization in another one, or nowhere."""
    name, other = work.kustomization(), work.kustomization()
    body = work.body(name) if name is not None else None
    if name is None or body is None or other is None:
        return
    held = [index for index, (key, _) in enumerate(body.value) if key.value not in (*HEAD, *LISTS)]
    if not held:
        return
    key, value = body.value.pop(work.choice.one(held))
    work.write(name, [body])
    if other != name and work.choice.chance(0.8):
        add(work, other, key.value, value)


def layer(work: Work) -> None:
    """An overlay on top of what is built, with some fields."""
    folder = f"over{len(work.files)}"
    fields: dict[str, Value] = {"resources": [f"../{work.tree.target}"]}
    if work.choice.chance(0.2):
        fields["resources"] = [f"../{work.tree.target}", f"../{work.tree.target}"]
    work.files[f"{folder}/kustomization.yaml"] = write([build(fields)])
    work.tree.target = folder
    for _ in range(work.choice.number(1, 3)):
        work.choice.one((make, make, transplant))(work)


def component(work: Work) -> None:
    """A component with some fields of the kustomization that uses it."""
    name = work.kustomization()
    body = work.body(name) if name is not None else None
    if name is None or body is None:
        return
    held = [pair for pair in body.value if pair[0].value not in (*HEAD, *LISTS)]
    moved = work.choice.some(held, 1, 2)
    body.value = [pair for pair in body.value if pair not in moved]
    parts = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
    made = build(parts)
    made.value += moved
    folder = f"part{len(work.files)}"
    for path in [path for path in work.files if path.rpartition("/")[0] == name.rpartition("/")[0]]:
        if path != name and work.choice.chance(0.9):
            work.files.setdefault(work.beside(name, f"{folder}/{PurePosixPath(path).name}"), work.files[path])
    work.files[work.beside(name, f"{folder}/kustomization.yaml")] = write([made])
    work.write(name, [body])
    add(work, name, "components", build([folder]))


def entries(work: Work) -> None:
    """The entries of a list of resources in another order, twice, or of another kind of list."""
    name = work.kustomization()
    body = work.body(name) if name is not None else None
    field = get(body, "resources")
    if name is None or body is None or not isinstance(field, Sequence) or not field.value:
        return
    choice = work.choice
    roll = choice.number(0, 4)
    if roll == 0:
        field.value = choice.shuffled(field.value)
    elif roll == 1:
        field.value.append(copied(choice.one(field.value)))
    elif roll == 2:
        field.value.pop(choice.number(0, len(field.value) - 1))
    elif roll == 3:
        put(
            body,
            choice.one(("components", "bases", "crds", "configurations", "generators", "transformers", "validators")),
            build([field.value.pop()]),
        )
    else:
        path = text_of(choice.one(field.value))
        field.value.append(
            scalar(
                choice.one(
                    (f"./{path}", f"{path}/", f"x/../{path}", f"../{path}", ".", "..", "nope.yaml", f"{path}?ref=a")
                )
            )
        )
    work.write(name, [body])


def flag(work: Work) -> None:
    """A flag of the command."""
    chosen = work.choice.one(FLAGS)
    work.tree.arguments += chosen
    if chosen[-1] == "out":
        work.files.setdefault("out/kept.txt", b"so that the folder exists\n")


def file(work: Work) -> None:
    """A file that is gone, empty, under another name, or with what another one has."""
    names = sorted(work.files)
    name, other, choice = work.choice.one(names), work.choice.one(names), work.choice
    roll = choice.number(0, 4)
    if roll == 0 and len(names) > 1:
        del work.files[name]
    elif roll == 1:
        work.files[name] = choice.one(
            (b"", b"---\n", b"{}", b"[]", b"null\n", b"# c\n", b"- a\n", b"a\n", b"a: [\n", b"\xff\n")
        )
    elif roll == 2:
        work.files[name] = work.files[other]
    elif roll == 3:
        work.files[name] += b"\n---\n" + work.files[other]
    else:
        work.files[f"{name.rpartition('/')[0]}/{choice.one(('kustomization.yml', 'Kustomization', 'x.yaml'))}"] = (
            work.files[name]
        )


CHANGES = (transplant,) * 5 + (make,) * 7 + (layer, layer, component, move_field, entries, flag, flag, file)
