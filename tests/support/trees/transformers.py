"""Fields that transform, other than patches."""

from __future__ import annotations

from typing import Any

from trees.choice import Choice
from trees.layer import Layer, field_paths
from trees.objects import Made
from trees.patches import selector
from trees.pods import labels
from trees.words import ANNOTATION_VALUES, IMAGE_NAMES, NAMESPACES, WORKLOAD_NAMES

Map = dict[str, Any]
DEEPER = ("new", "a.b", "0", "[name=x].v", "[k\\.x/y]", "-", "*", "l.0", "[=x]", "1.name")
WORKLOADS = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")


def name_prefix(layer: Layer) -> None:
    """The field `namePrefix`."""
    layer.fields["namePrefix"] = layer.choice.one(("a-", "b-", "pre-", "a-", "x.", "", "1"))


def name_suffix(layer: Layer) -> None:
    """The field `nameSuffix`."""
    layer.fields["nameSuffix"] = layer.choice.one(("-a", "-b", "-v1", "-a", ".x", "", "1"))


def namespace(layer: Layer) -> None:
    """The field `namespace`."""
    layer.fields["namespace"] = layer.choice.one((*NAMESPACES, "prod", ""))


def field_spec(choice: Choice) -> Map:
    """A field spec."""
    found: Map = {
        "path": choice.one(
            (
                "spec/labels",
                "metadata/extra",
                "spec/template/metadata/labels",
                "spec/list",
                "spec/a",
                "spec/nested/list/name",
                "spec/x/y/z",
                "metadata/labels",
                "spec/volumeClaimTemplates[]/metadata/labels",
                "data",
            )
        )
    }
    if choice.chance(0.4):
        found["create"] = choice.chance(0.7)
    if choice.chance(0.4):
        found["kind"] = choice.one(("Deployment", "Widget", "ConfigMap", "Rollout"))
    if choice.chance(0.1):
        found["group"] = choice.one(("apps", "example.com"))
    if choice.chance(0.1):
        found["version"] = "v1"
    return found


def label_entries(layer: Layer) -> None:
    """Entries of `labels`."""
    choice = layer.choice
    for _ in range(choice.number(1, 2)):
        entry: Map = {"pairs": labels(choice)}
        for name, probability in (("includeSelectors", 0.35), ("includeTemplates", 0.3)):
            if choice.chance(probability):
                entry[name] = choice.chance(0.85)
        if choice.chance(0.2):
            entry["fields"] = [field_spec(choice) for _ in range(choice.number(1, 2))]
        if choice.chance(0.04):
            del entry["pairs"]
        layer.add("labels", entry)


def common_labels(layer: Layer) -> None:
    """The field `commonLabels`."""
    layer.fields["commonLabels"] = labels(layer.choice) if layer.choice.chance(0.95) else {}


def common_annotations(layer: Layer) -> None:
    """The field `commonAnnotations`."""
    choice = layer.choice
    layer.fields["commonAnnotations"] = {
        key: choice.one(ANNOTATION_VALUES) for key in choice.some(("note", "a/b", "new", "z"), 1, 3)
    }


def image_entry(choice: Choice) -> Map:
    """An entry of `images`."""
    found: Map = {"name": choice.one(IMAGE_NAMES)}
    changes: Map = {
        "newName": choice.one(("mirror/nginx", "nginx", "12345", "example.com:5000/x/y", "redis")),
        "newTag": choice.one(("2.0", "v3", "latest", "1", "")),
        "digest": choice.one(("sha256:ffff", "sha256:0123abcd", "")),
        "tagSuffix": choice.one(("-alpine", "-x")),
    }
    for name in choice.some(("newName", "newTag", "newName", "newTag", "digest", "tagSuffix"), 1, 2):
        found[name] = changes[name]
    if choice.chance(0.04):
        found["name"] = choice.one(("n.inx", "ngin[x]", ".*", "a+b", "", "nginx:1.19", "re(dis|d)"))
    return found


def images(layer: Layer) -> None:
    """Entries of `images`."""
    for _ in range(layer.choice.number(1, 3)):
        layer.add("images", image_entry(layer.choice))


def image_tags(layer: Layer) -> None:
    """Entries of `imageTags`."""
    layer.add("imageTags", image_entry(layer.choice))


def replicas(layer: Layer) -> None:
    """Entries of `replicas`."""
    choice = layer.choice
    made = layer.target_of(*WORKLOADS)
    name = made.name or "web"
    if made.kind not in WORKLOADS and choice.chance(0.8):
        return
    if choice.chance(0.02):
        name = choice.one(WORKLOAD_NAMES)
    layer.add("replicas", {"name": name, "count": choice.one((0, 1, 5, 5, 7, -1))})


def source(layer: Layer, made: Made) -> Map:
    """The source of a replacement."""
    choice = layer.choice
    group, _, version = made.api.rpartition("/")
    found: Map = {"kind": made.kind, "name": made.name}
    extra = {"group": group, "version": version, "namespace": made.namespace}
    for key, value in extra.items():
        if value and choice.chance(0.4):
            found[key] = value
    if choice.chance(0.06):
        found.pop(choice.one(("kind", "name")))
    if choice.chance(0.85):
        paths = [path for path in field_paths(made.body, choice) if "*" not in path]
        found["fieldPath"] = choice.one(paths or ["metadata.name"])
        if choice.chance(0.04):
            found["fieldPath"] = choice.one(
                (
                    "spec.nope",
                    "metadata",
                    "spec.list.-",
                    "spec.template.spec.containers.0.image",
                    "data.c\\.yaml",
                    "",
                    "spec.*",
                )
            )
    if choice.chance(0.2):
        found["options"] = field_options(choice, is_source=True)
    return found


def field_options(choice: Choice, *, is_source: bool) -> Map:
    """Options of one side."""
    found: Map = {}
    if choice.chance(0.7):
        found["delimiter"] = choice.one((":", "-", "/", ".", "@", " "))
        if choice.chance(0.7):
            found["index"] = choice.one(
                (0, 0, 1, 1, 2, -1, 9) if not is_source else (0, 0, 0, 0, 0, 1, 5) if choice.chance(0.3) else (0,)
            )
    if choice.chance(0.2):
        found["encoding"] = "base64"
    if choice.chance(0.1 if is_source else 0.6):
        found["create"] = choice.chance(0.85)
    return found


def target(layer: Layer) -> Map:
    """A target of a replacement."""
    choice = layer.choice
    made = layer.target()
    found: Map = {"select": selector(layer, made)}
    if choice.chance(0.75):
        found["select"] = {
            "kind": made.kind,
            "name": made.name,
            **({"version": made.api.rpartition("/")[2]} if choice.chance(0.3) else {}),
        }
    if choice.chance(0.2):
        found["reject"] = [selector(layer, layer.target()) for _ in range(choice.number(1, 2))]
    if choice.chance(0.9):
        # Another kind's hash is of the parser's nodes: nothing that generators name may change its kind.
        known = [path for path in field_paths(made.body, choice) if path != "kind"] or ["metadata.name"]
        paths = choice.some(known, 1, 2)
        if choice.chance(0.35):
            found["options"] = field_options(choice, is_source=False)
            if choice.chance(0.5):
                paths = [f"{choice.one(known)}.{choice.one(DEEPER)}"]
        if choice.chance(0.05):
            paths = [
                choice.one(
                    (
                        "metadata.annotations.note",
                        "spec.new.field",
                        "metadata.labels.app",
                        "spec.template.spec.containers.[name=main].image",
                        "spec.template.spec.containers.*.image",
                        "",
                        "data.c\\.yaml.k",
                        "spec.containers.-.image",
                    )
                )
            ]
        found["fieldPaths"] = paths
    if choice.chance(0.02):
        found.pop(choice.one(list(found)))
    return found


def replacement(layer: Layer) -> Map:
    """One replacement."""
    choice = layer.choice
    found: Map = {"targets": [target(layer) for _ in range(choice.number(1, 2))]}
    if choice.chance(0.15):
        found["sourceValue"] = choice.one(("text", "1", "true", "", "a:b", "k: v", "x\ny", "1.0", "null"))
    if "sourceValue" not in found or choice.chance(0.03):
        found["source"] = source(layer, layer.target())
    if choice.chance(0.02):
        found.pop(choice.one(list(found)))
    return found


def replacements(layer: Layer) -> None:
    """Entries of `replacements`, inline or in files."""
    choice = layer.choice
    for _ in range(choice.number(1, 2)):
        if choice.chance(0.7):
            layer.add("replacements", replacement(layer))
            continue
        value: Any = [replacement(layer) for _ in range(choice.number(1, 2))]
        if choice.chance(0.4):
            value = value[0]
        entry: Map = {"path": layer.write_value("replacement.yaml", value)}
        if choice.chance(0.03):
            entry["sourceValue"] = "x"
        layer.add("replacements", entry)


def variables(layer: Layer) -> None:
    """Entries of `vars`."""
    choice = layer.choice
    for name in choice.some(("VAR_A", "VAR_B", "UNUSED"), 1, 2):
        if name in layer.taken:
            continue
        if choice.chance(0.95):
            layer.taken.add(name)
        made = layer.target()
        reference: Map = {"kind": made.kind, "name": made.name, "apiVersion": made.api}
        if choice.chance(0.2):
            group, _, version = made.api.rpartition("/")
            reference = {
                "kind": made.kind,
                "name": made.name,
                "version": version,
                **({"group": group} if group else {}),
            }
        if made.namespace and choice.chance(0.5):
            reference["namespace"] = made.namespace
        entry: Map = {"name": name, "objref": reference}
        if choice.chance(0.6):
            paths = [path for path in field_paths(made.body, choice) if "*" not in path and "=" not in path]
            entry["fieldref"] = {"fieldPath": choice.one(paths or ["metadata.name"])}
        if choice.chance(0.03):
            entry.pop(choice.one(list(entry)))
        layer.add("vars", entry)


def object_meta(layer: Layer) -> None:
    """The kustomization's own metadata."""
    layer.fields["metadata"] = layer.choice.one(
        (
            {"name": "k"},
            {"name": "k", "namespace": "n", "labels": {"a": "b"}, "annotations": {"c": "d"}},
            {},
            {"annotations": {"config.kubernetes.io/local-config": "true"}},
        )
    )
