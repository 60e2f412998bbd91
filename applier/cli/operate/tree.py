"""`kbuild tree kustomization NAME`: what its inventory holds, and what Kustomizations and releases in it hold in turn."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from applier.cli.operate import kinds, releases, tree_text
from applier.cli.operate.call import SHARED, Call, guarded
from applier.cli.operate.tree_text import Node
from applier.cli.operate.words import StoppedError
from applier.model.ids import ObjectId, parse_id
from applier.report import plain_yaml
from kbuild.cli.flags import BOOL, TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from applier.cli.operate.kinds import Noun
    from applier.model.ids import Body

FLUX_GROUPS = "toolkit.fluxcd.io"
FLAGS = (
    Flag("compact", BOOL, "only Flux's own resources"),
    Flag("output", TEXT, "'json' or 'yaml' for scripts (default: a drawn tree)", short="o", placeholder="FORM",
         choices=("json", "yaml")),
    *SHARED,
)  # fmt: skip


def run(argv: Sequence[str]) -> int:
    """`kbuild tree kustomization NAME`."""
    return guarded("tree", argv, FLAGS, _tree)


def _tree(call: Call) -> int:
    noun, names = call.noun_and_names()
    if noun not in (kinds.KUSTOMIZATION, kinds.GENERATOR):
        raise StoppedError("only a Kustomization has an inventory: kbuild tree kustomization NAME")
    if len(names) != 1:
        raise StoppedError(f"{noun.human} name is required")
    body = call.need(noun, names[0])
    root = Node(_id(body, noun))
    if noun is kinds.GENERATOR:
        root.children += [
            Node(_id({"metadata": one}, kinds.EXTERNAL)) for one in (body.get("status") or {}).get("inventory") or ()
        ]
    else:
        Planter(call, compact=bool(call.values.get("compact"))).grow(root, body)
    form = call.values.get("output")
    if form == "json":
        print(json.dumps(tree_text.value(root), indent=2, ensure_ascii=False))
    elif form == "yaml":
        sys.stdout.write("\n".join(plain_yaml.lines(tree_text.value(root))) + "\n\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in tree_text.lines(root)) + "\n")
    return 0


def _id(body: Body, noun: Noun = kinds.KUSTOMIZATION) -> ObjectId:
    metadata = body["metadata"]
    return ObjectId(noun.collection.group, noun.kind, str(metadata["namespace"]), str(metadata["name"]))


class Planter:
    """Reads inventories and makes them a tree. What was drawn once is not drawn again below itself."""

    def __init__(self, call: Call, *, compact: bool) -> None:
        self.call, self.compact = call, compact
        self.seen: set[ObjectId] = set()

    def grow(self, root: Node, body: Body) -> None:
        """Add everything below a Kustomization. Raises: ApplierError, StoppedError."""
        waiting = [(root, body)]
        self.seen.add(root.id)
        while waiting:
            node, owner = waiting.pop()
            is_remote = bool((owner.get("spec") or {}).get("kubeConfig"))
            for object_id in self._held(owner):
                child = Node(object_id)
                node.children.append(child)
                if is_remote or object_id in self.seen:
                    continue
                inner = self._inner(child)
                if inner is not None:
                    waiting.append((child, inner))

    def _held(self, owner: Body) -> Iterator[ObjectId]:
        own = _id(owner)
        for entry in ((owner.get("status") or {}).get("inventory") or {}).get("entries") or ():
            try:
                object_id = parse_id(str(entry["id"]))
            except ValueError:
                raise StoppedError(f"unable to parse stored object metadata: {entry['id']}") from None
            if object_id != own and self._is_drawn(object_id):
                yield object_id

    def _is_drawn(self, object_id: ObjectId) -> bool:
        return not self.compact or FLUX_GROUPS in object_id.group

    def _inner(self, node: Node) -> Body | None:
        """The Kustomization that a node stands for; a release's objects are added here. Raises: ApplierError."""
        object_id = node.id
        there = self.call.elsewhere(object_id.namespace)
        if (object_id.group, object_id.kind) == (kinds.RELEASE.collection.group, kinds.RELEASE.kind):
            found = there.get(kinds.RELEASE, object_id.name)
            held = releases.objects_of(there, found) if found is not None else []
            node.children += [Node(one) for one in held if self._is_drawn(one)]
        elif (object_id.group, object_id.kind) == (kinds.KUSTOMIZATION.collection.group, kinds.KUSTOMIZATION.kind):
            self.seen.add(object_id)
            inner: Any = there.get(kinds.KUSTOMIZATION, object_id.name)
            node.note = "" if inner is not None else " (not found)"
            return inner  # type: ignore[no-any-return]
        return None
