"""One kustomization in the making: its folder, its fields, and what its makers may refer to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trees.choice import Choice
from trees.objects import Made, make_object
from trees.yaml_text import document

Map = dict[str, Any]


@dataclass(slots=True)
class Layer:
    """Mutated by the makers of fields."""

    folder: str
    files: dict[str, bytes]
    choice: Choice
    seen: list[Made] = field(default_factory=list)
    fields: Map = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)  # names of vars, shared by all layers

    def write(self, name: str, text: str) -> str:
        """Write a file of the layer; gives its name as a kustomization says it."""
        path = f"{self.folder}/{name}"
        if path in self.files and self.choice.chance(0.7):
            return self.write(f"x{name}", text)
        self.files[path] = text.encode("utf-8", "surrogatepass")
        return name if self.choice.chance(0.95) else f"./{name}"

    def write_value(self, name: str, value: Any) -> str:
        """Write plain data as YAML."""
        return self.write(name, document(value, self.choice))

    def add(self, name: str, item: Any) -> None:
        """Append to a list field."""
        self.fields.setdefault(name, []).append(item)

    def target(self) -> Made:
        """An object that is there; sometimes one that is not."""
        if self.seen and not self.choice.chance(0.03):
            return self.choice.one(self.seen)
        return make_object(self.choice)

    def target_of(self, *kinds: str) -> Made:
        """An object of one of some kinds, if there is any."""
        found = [made for made in self.seen if made.kind in kinds]
        return self.choice.one(found) if found else self.target()


def field_paths(value: Any, choice: Choice, prefix: str = "", depth: int = 0) -> list[str]:
    """Paths as replacements write them; those of scalars come four times."""
    found: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            name = key.replace(".", "\\.") if choice.chance(0.7) or "." not in key else f"[{key}]"
            path = f"{prefix}.{name}" if prefix else name
            found += [path] if isinstance(item, dict | list) else [path] * 4
            found += field_paths(item, choice, path, depth + 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            parts = [str(number), "*"]
            if isinstance(item, dict) and item:
                key = choice.one(list(item))
                if not isinstance(item[key], dict | list):
                    parts += [f"[{key}={item[key]}]"] * 3
            elif not isinstance(item, dict | list):
                parts.append(f"[={item}]")
            path = f"{prefix}.{choice.one(parts)}"
            found += [path] if isinstance(item, dict | list) else [path] * 4
            found += field_paths(item, choice, path, depth + 1)
    return found


def pointers(value: Any, choice: Choice, prefix: str = "") -> Map:
    """JSON pointers to everything in a value, with what is there."""
    found: Map = {}
    if isinstance(value, dict):
        entries = [(key.replace("~", "~0").replace("/", "~1"), item) for key, item in value.items()]
    elif isinstance(value, list):
        entries = [(str(number), item) for number, item in enumerate(value)]
    else:
        return found
    for part, item in entries:
        found[f"{prefix}/{part}"] = item
        found.update(pointers(item, choice, f"{prefix}/{part}"))
    return found
