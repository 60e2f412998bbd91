"""The fields of a kustomization file, as one table: the strict decoder and the JSON Schema are made from it.

Source: kustomize v5.8.1 `types.Kustomization` and the structs below it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    # A type is "string", "bool", "int", "int64", "any", "map" (texts), "values" (map of anything), the name of a struct,
    # or one of these in a one-element tuple for a list.
    Type = str | tuple[str]
    Table = dict[str, tuple[Type, str]]


# struct -> field -> (type, embedded struct that the field sits in, "" for none)
def of(**fields: Type) -> Table:
    """Fields that a struct has itself."""
    return {name: (kind, "") for name, kind in fields.items()}


def gvk(embedding: str) -> Table:
    """The fields that name a kind."""
    return {"group": ("string", embedding), "version": ("string", embedding), "kind": ("string", embedding)}


def embedded_in(embedding: str, **fields: Type) -> Table:
    """Fields of an embedded struct."""
    return {name: (kind, embedding) for name, kind in fields.items()}


_GENERATOR = {
    **embedded_in(
        "GeneratorArgs", namespace="string", name="string", behavior="string", options="GeneratorOptions",
    ),
    **embedded_in(
        "GeneratorArgs.KvPairSources", literals=("string",), files=("string",), envs=("string",), env="string",
    ),
}  # fmt: skip

STRUCTS: dict[str, Table] = {
    "Kustomization": {
        **embedded_in("TypeMeta", kind="string", apiVersion="string"),
        **of(
            metadata="ObjectMeta", openapi="map", namePrefix="string", nameSuffix="string", namespace="string",
            commonLabels="map", labels=("Label",), commonAnnotations="map", patchesStrategicMerge=("PatchStrategicMerge",),
            patchesJson6902=("Patch",), patches=("Patch",), images=("Image",), imageTags=("Image",),
            replacements=("ReplacementField",), replicas=("Replica",), vars=("Var",), sortOptions="SortOptions",
            resources=("string",), components=("string",), crds=("string",), bases=("string",),
            configMapGenerator=("ConfigMapArgs",), secretGenerator=("SecretArgs",), helmGlobals="HelmGlobals",
            helmCharts=("HelmChart",), helmChartInflationGenerator=("HelmChartArgs",),
            generatorOptions="GeneratorOptions", configurations=("string",), generators=("string",),
            transformers=("string",), validators=("string",), buildMetadata=("string",),
        ),
    },
    "ObjectMeta": of(name="string", namespace="string", labels="map", annotations="map"),
    "Label": of(pairs="map", includeSelectors="bool", includeTemplates="bool", fields=("FieldSpec",)),
    "FieldSpec": {**gvk("Gvk"), **of(path="string", create="bool")},
    "Patch": of(path="string", patch="string", target="Selector", options="PatchArgs"),
    "PatchArgs": of(allowNameChange="bool", allowKindChange="bool"),
    "Selector": {
        **gvk("ResId.Gvk"), **embedded_in("ResId", name="string", namespace="string"),
        **of(annotationSelector="string", labelSelector="string"),
    },
    "Image": of(name="string", newName="string", tagSuffix="string", newTag="string", digest="string"),
    "Replica": of(name="string", count="int64"),
    "ReplacementField": {
        **embedded_in("Replacement", source="SourceSelector", targets=("TargetSelector",), sourceValue="string"),
        **of(path="string"),
    },
    "SourceSelector": {
        **gvk("ResId.Gvk"), **embedded_in("ResId", name="string", namespace="string"),
        **of(fieldPath="string", options="FieldOptions"),
    },
    "TargetSelector": of(select="Selector", reject=("Selector",), fieldPaths=("string",), options="FieldOptions"),
    "FieldOptions": of(delimiter="string", index="int", encoding="string", create="bool"),
    "Var": of(name="string", objref="Target", fieldref="FieldSelector"),
    "Target": {**gvk("Gvk"), **of(apiVersion="string", name="string", namespace="string")},
    "FieldSelector": of(fieldPath="string"),
    "SortOptions": of(order="SortOrder", legacySortOptions="LegacySortOptions"),
    "LegacySortOptions": of(orderFirst=("string",), orderLast=("string",)),
    "ConfigMapArgs": _GENERATOR,
    "SecretArgs": {**_GENERATOR, **of(type="string")},
    "GeneratorOptions": of(labels="map", annotations="map", disableNameSuffixHash="bool", immutable="bool"),
    "HelmGlobals": of(chartHome="string", configHome="string"),
    "HelmChart": of(
        name="string", version="string", repo="string", releaseName="string", namespace="string",
        additionalValuesFiles=("string",), valuesFile="string", valuesInline="values", valuesMerge="string",
        includeCRDs="bool", skipHooks="bool", apiVersions=("string",), kubeVersion="string", nameTemplate="string",
        skipTests="bool", debug="bool", devel="bool",
    ),
    "HelmChartArgs": of(
        chartName="string", chartVersion="string", chartRepoUrl="string", chartHome="string", chartRepoName="string",
        helmBin="string", helmHome="string", values="string", valuesLocal="values", valuesMerge="string",
        releaseName="string", releaseNamespace="string", extraArgs=("string",),
    ),
}  # fmt: skip

# Named string types of the reference.
STRING_TYPES = {
    "PatchStrategicMerge": "types.PatchStrategicMerge", "SortOrder": "types.SortOrder", "Cloud": "types.Cloud",
    "RoleBindingSubjectMode": "namespace.RoleBindingSubjectMode",
}  # fmt: skip
GO_TYPES = {"string": "string", "bool": "bool", "int": "int", "int64": "int64", "map": "map[string]string"}
