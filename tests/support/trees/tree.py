"""A whole tree: bases below overlays, components, files, and mistakes in some of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from trees import generators, patches, settings, transformers
from trees.choice import Choice
from trees.layer import Layer
from trees.mistakes import spoil
from trees.objects import Made, make_object
from trees.yaml_text import document, documents, random_style

KUSTOMIZATION = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
COMPONENT = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
ROOT = "root"


@dataclass(slots=True)
class Tree:
    """What one build reads: files by path, the folder to build, further arguments, and symbolic links with where they lead."""

    files: dict[str, bytes]
    target: str = ROOT
    arguments: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)

    def copy(self) -> Tree:
        """Another tree of the same files."""
        return Tree(dict(self.files), self.target, list(self.arguments), dict(self.links))


# Makers in the order in which they are asked; a maker that refers to objects comes after those that make them.
Maker = Callable[[Layer], None]
FIELDS: tuple[tuple[float, Maker], ...] = (
    (0.12, generators.config_map_generator), (0.1, generators.secret_generator), (0.07, generators.generator_options),
    (0.05, settings.generators), (0.01, generators.helm_globals), (0.004, generators.helm_charts), (0.004, generators.helm_inflation),
    (0.2, transformers.name_prefix), (0.15, transformers.name_suffix), (0.2, transformers.namespace), (0.15, transformers.label_entries),
    (0.08, transformers.common_labels), (0.1, transformers.common_annotations), (0.14, transformers.images), (0.02, transformers.image_tags),
    (0.1, transformers.replicas), (0.2, patches.patches), (0.05, patches.renaming_patch), (0.015, patches.odd_patch),
    (0.07, patches.patches_strategic_merge), (0.06, patches.patches_json6902), (0.15, transformers.replacements),
    (0.05, transformers.variables), (0.04, transformers.object_meta), (0.06, settings.configurations), (0.04, settings.crds),
    (0.02, settings.openapi), (0.05, settings.sort_options), (0.06, settings.build_metadata), (0.07, settings.transformers),
    (0.02, settings.validators),
)  # fmt: skip


def fill(layer: Layer, most: float = 1.0) -> None:
    """Give a layer some of all fields; how many depends on a draw, so that small and large kustomizations appear."""
    scale = most * layer.choice.one((0.2, 0.4, 0.6, 0.8, 1.2))
    for probability, maker in FIELDS:
        if layer.choice.chance(min(probability * scale, 0.9)):
            maker(layer)


def own_resources(layer: Layer, low: int, high: int) -> None:
    """Write files of objects and list them; ids are mostly unique."""
    choice = layer.choice
    made: list[Made] = []
    taken = {identity(other) for other in layer.seen}
    for _ in range(choice.number(low, high)):
        item = make_object(choice)
        if identity(item) in taken and choice.chance(0.985):
            continue
        taken.add(identity(item))
        made.append(item)
    layer.seen += made
    while made:
        count = choice.number(1, len(made))
        batch, made = made[:count], made[count:]
        bodies = [copy.deepcopy(item.body) for item in batch]
        if choice.chance(0.06):
            kind = choice.one(("List", "List", "ConfigMapList", "FooList"))
            text = documents([{"apiVersion": "v1", "kind": kind, "items": bodies}], choice)
        else:
            text = documents(bodies, choice)
        name = choice.one((f"{batch[0].kind.lower()}.yaml", "all.yaml", "r.yaml", "sub/r.yaml"))
        layer.add("resources", layer.write(name, text))


def identity(made: Made) -> tuple[str, str, str, str]:
    """What makes an id unique, as far as the maker of trees cares."""
    return made.api, made.kind, made.name, made.namespace or "default"


class Builder:
    """Makes the layers of one tree."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.files: dict[str, bytes] = {}
        self.taken: set[str] = set()
        self.count = 0

    def folder(self, word: str) -> str:
        """A new folder."""
        self.count += 1
        return f"{word}{self.count}"

    def layer(self, folder: str, seen: list[Made]) -> Layer:
        """An empty layer."""
        return Layer(folder, self.files, self.choice, seen, taken=self.taken)

    def finish(self, layer: Layer, head: dict[str, str]) -> None:
        """Write the kustomization file."""
        choice = self.choice
        fields = dict(layer.fields)
        if head is COMPONENT or choice.chance(0.7):
            fields = {**head, **fields}
            if head is KUSTOMIZATION and choice.chance(0.2):
                fields.pop("apiVersion")
        name = choice.one(("kustomization.yaml",) * 8 + ("kustomization.yml", "Kustomization"))
        style = random_style(choice)
        text = document(fields, choice, style)
        self.files[f"{layer.folder}/{name}"] = text.encode("utf-8", "surrogatepass")

    def component(self, seen: list[Made], depth: int) -> str:
        """A component; what it adds is seen by the layer that uses it."""
        layer = self.layer(self.folder("component"), seen)
        if self.choice.chance(0.4):
            own_resources(layer, 1, 2)
        if depth and self.choice.chance(0.2):
            layer.add("components", f"../{self.component(seen, depth - 1)}")
        fill(layer, 0.7)
        if not layer.fields and self.choice.chance(0.9):
            transformers.common_annotations(layer)
        self.finish(layer, COMPONENT)
        return layer.folder

    def base(self, folder: str, depth: int) -> list[Made]:
        """A kustomization and everything below it; gives what it has."""
        choice = self.choice
        layer = self.layer(folder, [])
        if depth:
            for _ in range(choice.one((1, 1, 1, 1, 2, 3))):
                below = self.folder("base")
                layer.seen += self.base(below, depth - 1)
                layer.add("bases" if choice.chance(0.04) else "resources", f"../{below}")
            if choice.chance(0.4):
                own_resources(layer, 1, 2)
        else:
            own_resources(layer, 1, choice.one((2, 3, 5)))
        if choice.chance(0.2):
            for _ in range(choice.one((1, 1, 2))):
                layer.add("components", f"../{self.component(layer.seen, 1)}")
        fill(layer)
        self.finish(layer, KUSTOMIZATION)
        return layer.seen


def make_field(random: Random, maker: Maker) -> Tree:
    """A tree of some objects and one field."""
    builder = Builder(Choice(random))
    layer = builder.layer(ROOT, [])
    own_resources(layer, 2, 5)
    maker(layer)
    builder.finish(layer, KUSTOMIZATION)
    return Tree(builder.files)


def arguments(choice: Choice) -> list[str]:
    """Flags, mostly none."""
    if choice.chance(0.9):
        return []
    return choice.one(
        (
            ["--reorder", "none"],
            ["--reorder=legacy"],
            ["--load-restrictor", "LoadRestrictionsNone"],
            ["--enable-managedby-label"],
            ["--enable-alpha-plugins"],
        )
    )


def make_tree(random: Random) -> Tree:
    """A random tree."""
    choice = Choice(random)
    builder = Builder(choice)
    builder.base(ROOT, choice.one((0, 0, 1, 1, 1, 2)))
    tree = Tree(builder.files, ROOT, arguments(choice))
    if choice.chance(0.2):
        spoil(tree.files, choice)
    return tree
