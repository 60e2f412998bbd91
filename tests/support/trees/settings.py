"""Fields that set up: configurations, schemas, order, metadata, and plugins with builtin configurations."""

from __future__ import annotations

from typing import Any

from trees.choice import Choice
from trees.generators import options, sources
from trees.layer import Layer
from trees.objects import make_object
from trees.patches import operations, patch_text, selector, strategic
from trees.pods import labels
from trees.transformers import field_spec, image_entry, replacement
from trees.words import ANNOTATION_VALUES, NAMES
from trees.yaml_text import document, documents

Map = dict[str, Any]


def configuration(choice: Choice) -> Map:
    """A transformer configuration."""
    found: Map = {}
    sections = (
        "namePrefix",
        "nameSuffix",
        "namespace",
        "commonLabels",
        "labels",
        "templateLabels",
        "commonAnnotations",
        "nameReference",
        "varReference",
        "images",
        "replicas",
    )
    for name in choice.some(sections, 1, 3):
        if name == "nameReference":
            target = choice.one(("ConfigMap", "Secret", "Widget", "Deployment", "ServiceAccount"))
            referrers = [
                {
                    "kind": choice.one(("Widget", "Rollout", "Deployment")),
                    "path": choice.one(("spec/ref/name", "spec/a", "spec/list", "spec/secretName", "spec/ref")),
                }
            ]
            found[name] = [
                {"kind": target, **({"version": "v1"} if choice.chance(0.3) else {}), "fieldSpecs": referrers}
            ]
        elif name == "images":
            found[name] = [
                {
                    "path": choice.one(("spec/image", "spec/template/spec/containers[]/image")),
                    **({"kind": "Widget"} if choice.chance(0.5) else {}),
                }
            ]
        elif name == "replicas":
            found[name] = [
                {"path": choice.one(("spec/replicas", "spec/count")), "kind": "Widget", "create": choice.chance(0.5)}
            ]
        elif name == "varReference":
            found[name] = [
                {
                    "path": choice.one(("spec/a", "data", "spec/list", "spec/template/spec/containers/image")),
                    **({"kind": "Widget"} if choice.chance(0.3) else {}),
                }
            ]
        elif name in ("namePrefix", "nameSuffix"):
            found[name] = [
                {
                    "path": choice.one(("spec/a", "metadata/name", "spec/ref/name", "spec/secretName")),
                    **({"kind": "Widget"} if choice.chance(0.7) else {}),
                }
            ]
        elif name == "namespace":
            found[name] = [
                {
                    "path": choice.one(("spec/ns", "metadata/namespace", "spec/ref/namespace")),
                    "create": choice.chance(0.8),
                    **({"kind": "Widget"} if choice.chance(0.7) else {}),
                }
            ]
        else:
            found[name] = [field_spec(choice) for _ in range(choice.number(1, 2))]
    if choice.chance(0.03):
        found[choice.one(("foo", "nameprefix"))] = []
    return found


def configurations(layer: Layer) -> None:
    """Files of `configurations`."""
    for _ in range(layer.choice.number(1, 2)):
        layer.add("configurations", layer.write_value("config.yaml", configuration(layer.choice)))


def crds(layer: Layer) -> None:
    """Files of `crds`."""
    choice = layer.choice
    spec: Map = {
        "ref": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap", "type": "object"},
        "secretName": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "Secret", "x-kubernetes-object-ref-name-key": "name"},
        "a": {"x-kubernetes-annotation": ""}, "nested": {"x-kubernetes-label-selector": ""}, "b": {"x-kubernetes-identity": ""},
    }  # fmt: skip
    chosen = {name: spec[name] for name in choice.some(list(spec), 1, 3)}
    properties: Map = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    widget = "com.example.v1.Widget"
    types: Map = {widget: {"Schema": {"properties": {**properties, "spec": {"properties": chosen}}}}}
    if choice.chance(0.5):
        types = {
            widget: {"Schema": {"properties": {**properties, "spec": {"$ref": f"{widget}Spec"}}}},
            f"{widget}Spec": {"Schema": {"properties": chosen}},
        }
    if choice.chance(0.02):
        types = make_object(choice).body
    layer.add("crds", layer.write_value("crd.yaml", types))


def openapi(layer: Layer) -> None:
    """The field `openapi`."""
    choice = layer.choice
    if choice.chance(0.3):
        layer.fields["openapi"] = {
            "version": choice.one(("v1.21.2", "v1.21.2", "v1.20.4" if choice.chance(0.1) else "v1.21.2"))
        }
        return
    definitions: Map = {
        "v1.Widget": {
            "properties": {
                "spec": {
                    "properties": {
                        "nested": {
                            "properties": {
                                "list": {
                                    "type": "array",
                                    "x-kubernetes-patch-merge-key": "name",
                                    "x-kubernetes-patch-strategy": "merge",
                                    "items": {"type": "object"},
                                }
                            }
                        }
                    }
                }
            },
            "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}],
        }
    }
    swagger: Map = {"definitions": definitions}
    if choice.chance(0.2):
        swagger["paths"] = {
            "/apis/example.com/v1/widgets": {
                "get": {
                    "x-kubernetes-action": "list",
                    "x-kubernetes-group-version-kind": {"group": "example.com", "version": "v1", "kind": "Widget"},
                }
            }
        }
    layer.fields["openapi"] = {"path": layer.write_value("schema.yaml", swagger)}


def sort_options(layer: Layer) -> None:
    """The field `sortOptions`."""
    choice = layer.choice
    if choice.chance(0.35):
        layer.fields["sortOptions"] = {"order": "fifo"}
        return
    found: Map = {"order": "legacy"}
    if choice.chance(0.6):
        lists = {
            "orderFirst": choice.some(("Deployment", "ConfigMap", "Widget", "Secret"), 0, 3),
            "orderLast": choice.some(("Service", "Namespace", "Deployment"), 0, 2),
        }
        found["legacySortOptions"] = {name: lists[name] for name in choice.some(list(lists), 1, 2)}
    if choice.chance(0.05):
        found = choice.one(
            (
                {},
                {"order": "x"},
                {"order": "fifo", "legacySortOptions": {"orderFirst": ["A"]}},
                {"legacySortOptions": {}},
            )
        )
    layer.fields["sortOptions"] = found


def build_metadata(layer: Layer) -> None:
    """The field `buildMetadata`."""
    layer.fields["buildMetadata"] = layer.choice.some(
        ("originAnnotations", "transformerAnnotations", "managedByLabel", "managedByLabel", "other"), 0, 3
    )


def plugin_head(kind: str, choice: Choice) -> Map:
    """The head of a plugin's configuration."""
    return {"apiVersion": "builtin", "kind": kind, "metadata": {"name": choice.one(("plugin", "web", "p2", "x"))}}


def generator_plugin(layer: Layer) -> Map:
    """A generator's configuration."""
    choice = layer.choice
    kind = choice.one(("ConfigMapGenerator", "SecretGenerator", "ConfigMapGenerator", "IAMPolicyGenerator"))
    found = plugin_head(kind, choice)
    if kind == "IAMPolicyGenerator":
        return {
            **found,
            "cloud": "gke",
            "kubernetesService": {"namespace": "k", "name": "n"},
            "serviceAccount": {"name": "g", "projectId": "p"},
        }
    found["metadata"]["name"] = choice.one(("plugged", "plugged2"))
    found.update(sources(layer))
    if choice.chance(0.3):
        found["options"] = options(choice)
    if choice.chance(0.1):
        found["namespace"] = "dev"
    return found


def transformer_plugin(layer: Layer) -> Map:
    """A transformer's configuration."""
    choice = layer.choice
    name_spec: list[Map] = [{"path": choice.one(("metadata/name", "metadata/name", "spec/a"))}]
    made = layer.target()
    group, _, version = made.api.rpartition("/")
    kinds: dict[str, Map] = {
        "AnnotationsTransformer": {"annotations": {"new": choice.one(ANNOTATION_VALUES)}, "fieldSpecs": [{"path": "metadata/annotations", "create": choice.chance(0.8)}]},
        "LabelTransformer": {"labels": labels(choice), "fieldSpecs": [{"path": "metadata/labels", "create": True}, field_spec(choice)]},
        "NamespaceTransformer": {
            "metadata": {"name": "x", "namespace": choice.one(("prod", "dev"))}, "setRoleBindingSubjects": choice.one(("none", "defaultOnly", "allServiceAccounts", "odd")),
            "unsetOnly": choice.chance(0.4), "fieldSpecs": [{"path": "metadata/namespace", "create": True}],
        },
        "PrefixTransformer": {"prefix": "p-", "fieldSpecs": name_spec}, "SuffixTransformer": {"suffix": "-s", "fieldSpecs": name_spec},
        "PrefixSuffixTransformer": {"prefix": "p-", "suffix": "-s", "fieldSpecs": name_spec},
        "ImageTagTransformer": {"imageTag": image_entry(choice), "fieldSpecs": [{"path": "spec/image"}]},
        "ReplicaCountTransformer": {"replica": {"name": made.name, "count": 4}, "fieldSpecs": [{"path": "spec/replicas", "create": True, "kind": made.kind}]},
        "ReplacementTransformer": {"replacements": [replacement(layer)]},
        "PatchTransformer": {"patch": patch_text(layer, made, json_patch=False, one_document=True).replace("\r", "")},
        "PatchStrategicMergeTransformer": {"paths": [document(strategic(layer, made), choice)]},
        "PatchJson6902Transformer": {"target": {"group": group, "version": version, "kind": made.kind, "name": made.name}, "jsonOp": document(operations(layer, made), choice)},
        "ValueAddTransformer": {"value": "added", "targets": [{"selector": selector(layer, made), "fieldPath": choice.one(("metadata/annotations/x", "spec/a", "metadata/name")), "filePathPosition": choice.number(0, 3)}]},
    }  # fmt: skip
    kind = choice.one(list(kinds))
    if choice.chance(0.03):
        return plugin_head(choice.one(("Nope", "SortOrderTransformer")), choice)
    return {**plugin_head(kind, choice), **kinds[kind]}


def plug(layer: Layer, name: str, config: Map) -> None:
    """Add a plugin's configuration: inline, as a file, or as a folder of its own."""
    choice = layer.choice
    way = choice.number(0, 2)
    if way == 0:
        layer.add(name, document(config, choice))
    elif way == 1:
        layer.add(name, layer.write(f"{name}.yaml", documents([config], choice)))
    else:
        folder = f"{name}-{sum(path.startswith(layer.folder) for path in layer.files)}"
        layer.write(f"{folder}/c.yaml", documents([config], choice))
        inner: Map = {"resources": ["c.yaml"]}
        if choice.chance(0.15):
            inner["namePrefix"] = "z-"
        layer.write(f"{folder}/kustomization.yaml", document(inner, choice))
        layer.add(name, f"./{folder}" if choice.chance(0.2) else folder)


def generators(layer: Layer) -> None:
    """Entries of `generators`."""
    plug(layer, "generators", generator_plugin(layer))


def transformers(layer: Layer) -> None:
    """Entries of `transformers`."""
    for _ in range(layer.choice.number(1, 2)):
        plug(layer, "transformers", transformer_plugin(layer))


def validators(layer: Layer) -> None:
    """Entries of `validators`: ones that agree, ones that change too much."""
    choice = layer.choice
    config: Map = {
        **plugin_head("LabelTransformer", choice),
        "labels": {"validated-by": choice.one(NAMES)},
        "fieldSpecs": [{"path": "metadata/labels", "create": choice.chance(0.2)}],
    }
    if choice.chance(0.4):
        config = {**plugin_head("AnnotationsTransformer", choice), "annotations": {"a": "b"}, "fieldSpecs": []}
    if choice.chance(0.1):
        config = transformer_plugin(layer)
    plug(layer, "validators", config)
