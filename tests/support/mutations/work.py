"""What a change works on: the files of a tree, the objects in them, and fields of other kustomizations."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from trees.choice import Choice
from trees.tree import Tree

from mutations.nodes import Mapping, Node, Scalar, get, places, read, text_of, write
from mutations.seeds import NAMES


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of a tree."""

    file: str
    node: Mapping

    @property
    def api(self) -> str:
        return text_of(get(self.node, "apiVersion"))

    @property
    def kind(self) -> str:
        return text_of(get(self.node, "kind"))

    @property
    def name(self) -> str:
        return text_of(get(self.node, "metadata", "name"))

    @property
    def namespace(self) -> str:
        return text_of(get(self.node, "metadata", "namespace"))

    def leaves(self) -> list[tuple[str, ...]]:
        """The paths of all scalars."""
        return [place.path for place in places(self.node) if isinstance(place.node, Scalar)]


@dataclass(frozen=True, slots=True)
class Donor:
    """A field of some kustomization: its value, and the files beside it that it may name."""

    value: Node
    files: dict[str, bytes]


Pool = dict[str, list[Donor]]


@dataclass(slots=True)
class Work:
    """A tree that is being changed."""

    tree: Tree
    choice: Choice
    pool: Pool = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        return self.tree.files

    def kustomizations(self) -> list[str]:
        """The paths of all kustomization files; that of the target first."""
        found = [name for name in sorted(self.files) if name.rpartition("/")[2] in NAMES]
        return sorted(found, key=lambda name: name.rpartition("/")[0] != self.tree.target)

    def kustomization(self) -> str | None:
        """One of them, mostly the target's."""
        found = self.kustomizations()
        if not found:
            return None
        return found[0] if self.choice.chance(0.6) else self.choice.one(found)

    def texts(self) -> list[str]:
        """The paths of all files that may hold YAML."""
        endings = (".yaml", ".yml", ".json", *NAMES)
        return [name for name in sorted(self.files) if name.endswith(endings)]

    def text(self) -> str | None:
        """One of them; JSON is left alone, for nodes are written as YAML."""
        if self.choice.chance(0.35):
            return self.kustomization()
        others = [name for name in self.texts() if name.rpartition("/")[2] not in NAMES and not name.endswith(".json")]
        return self.choice.one(others) if others else self.kustomization()

    def documents(self, name: str | None) -> list[Node] | None:
        """The documents of a file, to be changed and written back."""
        return (read(self.files[name]) or None) if name is not None else None

    def write(self, name: str, documents: list[Node]) -> None:
        """Write the documents of a file, mostly in the usual layout. Mutates: the files."""
        self.files[name] = write(documents, self.choice if self.choice.chance(0.2) else None)

    def things(self) -> list[Thing]:
        """Every object in every file that is no kustomization."""
        found = []
        for name in self.texts():
            if name.rpartition("/")[2] in NAMES:
                continue
            for node in read(self.files[name]) or []:
                thing = Thing(name, node) if isinstance(node, Mapping) else None
                if thing and thing.kind and thing.name:
                    found.append(thing)
        return found

    def body(self, name: str) -> Mapping | None:
        """A kustomization's map."""
        documents = self.documents(name)
        return documents[0] if documents and isinstance(documents[0], Mapping) else None

    def beside(self, kustomization: str, name: str) -> str:
        """The path of a file that a kustomization names so."""
        return str(PurePosixPath(kustomization).parent / name)
