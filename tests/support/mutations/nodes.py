"""YAML as nodes of PyYAML: what is changed keeps its tags, quotes and layout, unlike plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from trees.choice import Choice

Node = yaml.Node
Scalar, Sequence, Mapping = yaml.ScalarNode, yaml.SequenceNode, yaml.MappingNode
Collection = yaml.CollectionNode

MAP, LIST = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
RESOLVER = yaml.resolver.Resolver()
# A scalar with this in front is printed as what follows, whatever that is: nodes cannot say everything that a text can.
RAW = "zzraw"


class IndentedDumper(yaml.SafeDumper):
    """Writes lists deeper than the key they belong to."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the writer's own
        super().increase_indent(flow, False)


def scalar(text: str, style: str | None = None) -> Scalar:
    """A scalar as it would be read from this text: plain, or with a style."""
    tag = RESOLVER.resolve(Scalar, text, (style is None, style is not None))
    return Scalar(tag, text, style=style)


def build(value: object) -> Node:
    """Nodes of plain values; nodes inside stay what they are."""
    if isinstance(value, Node):
        return value
    if isinstance(value, dict):
        return Mapping(MAP, [(build(key), build(item)) for key, item in value.items()], flow_style=False)
    if isinstance(value, list):
        return Sequence(LIST, [build(item) for item in value], flow_style=False)
    if isinstance(value, str):
        plain = RESOLVER.resolve(Scalar, value, (True, False)) == "tag:yaml.org,2002:str"
        return scalar(value, None if plain else "'")
    return scalar({None: "null", True: "true", False: "false"}.get(value, str(value)))


def read(content: bytes) -> list[Node] | None:
    """The documents of a text; nothing where it is none."""
    try:
        return [node for node in yaml.compose_all(content.decode(), Loader=yaml.CSafeLoader) if node is not None]
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return None


def write(nodes: list[Node], choice: Choice | None = None) -> bytes:
    """The text of some documents, with a layout that the choice decides."""
    dumper, indent, width = yaml.CSafeDumper, 2, 10000
    if choice is not None and choice.chance(0.25):
        dumper, indent = IndentedDumper, choice.one((2, 2, 4))
    if choice is not None and choice.chance(0.1):
        width = choice.one((20, 40, 80))
    text = yaml.serialize_all(
        nodes, Dumper=dumper, indent=indent, width=width, allow_unicode=True, explicit_start=len(nodes) > 1
    )
    return unescaped(text).encode("utf-8", "surrogatepass")


def unescaped(text: str) -> str:
    """A text with every raw scalar as it shall stand."""
    parts = text.split(RAW)
    for number in range(1, len(parts)):
        code, _, rest = parts[number].partition("zz")
        parts[number] = bytes.fromhex(code).decode() + rest
    return "".join(parts)


def raw(text: str) -> Scalar:
    """A scalar that is written as this text."""
    return scalar(f"{RAW}{text.encode().hex()}zz")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is: its parent, and which value of it; `path` are the keys and numbers above it, from the top."""

    parent: Collection
    index: int
    path: tuple[str, ...]

    @property
    def node(self) -> Node:
        """What is there."""
        item = self.parent.value[self.index]
        return item[1] if isinstance(self.parent, Mapping) else item

    @property
    def key(self) -> str:
        """The last key of the path."""
        return self.path[-1]

    def put(self, node: Node) -> None:
        """Put something else there. Mutates: the parent."""
        if isinstance(self.parent, Mapping):
            self.parent.value[self.index] = (self.parent.value[self.index][0], node)
        else:
            self.parent.value[self.index] = node


def places(node: Node, path: tuple[str, ...] = ()) -> Iterator[Place]:
    """Every place below a node, those above others first. A node that is shared has several."""
    if not isinstance(node, Collection) or len(path) > 40:
        return
    for index, item in enumerate(node.value):
        key = str(item[0].value) if isinstance(node, Mapping) else str(index)
        place = Place(node, index, (*path, key))
        yield place
        yield from places(place.node, place.path)


def get(node: Node | None, *keys: str) -> Node | None:
    """What is below keys of maps."""
    for key in keys:
        if not isinstance(node, Mapping):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    return node


def text_of(node: Node | None) -> str:
    """A scalar's text; `""` for anything else."""
    return node.value if isinstance(node, Scalar) else ""


def put(node: Mapping, key: str, value: Node) -> None:
    """Set a key of a map. Mutates: the map."""
    for index, (name, _) in enumerate(node.value):
        if name.value == key:
            node.value[index] = (name, value)
            return
    node.value.append((scalar(key), value))


def copied(node: Node) -> Node:
    """A deep copy without what nodes remember of their text."""
    if isinstance(node, Scalar):
        return Scalar(node.tag, node.value, style=node.style)
    if isinstance(node, Mapping):
        return Mapping(node.tag, [(copied(a), copied(b)) for a, b in node.value], flow_style=node.flow_style)
    return Sequence(node.tag, [copied(item) for item in node.value], flow_style=node.flow_style)
