"""The fields of a kustomization file, as one table: the strict decoder and the JSON Schema are made from it.

Source: kustomize v5.8.1 `types.Kustomization` and the structs below it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    # A type is "string", "bool", "int", "int64", "any", "map" (texts), "values" (map of anything), the name of a struct,
    # or one of these in a one-element tuple for a list.
    Type = str | tuple[str]


# struct -> field -> (type, embedded struct that the field sits in, "" for none)
def _of(**fields: Type) -> dict[str, tuple[Type, str]]:
    return {name: (kind, "") for name, kind in fields.items()}


def _gvk(embedding: str) -> dict[str, tuple[Type, str]]:
    return {"group": ("string", embedding), "version": ("string", embedding), "kind": ("string", embedding)}


def _in(embedding: str, **fields: Type) -> dict[str, tuple[Type, str]]:
    return {name: (kind, embedding) for name, kind in fields.items()}


_GENERATOR = {
    **_in(
        "GeneratorArgs", namespace="string", name="string", behavior="string", options="GeneratorOptions",
    ),
    **_in(
        "GeneratorArgs.KvPairSources", literals=("string",), files=("string",), envs=("string",), env="string",
    ),
}  # fmt: skip

STRUCTS: dict[str, dict[str, tuple[Type, str]]] = {
    "Kustomization": {
        **_in("TypeMeta", kind="string", apiVersion="string"),
        **_of(
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
    "ObjectMeta": _of(name="string", namespace="string", labels="map", annotations="map"),
    "Label": _of(pairs="map", includeSelectors="bool", includeTemplates="bool", fields=("FieldSpec",)),
    "FieldSpec": {**_gvk("Gvk"), **_of(path="string", create="bool")},
    "Patch": _of(path="string", patch="string", target="Selector", options="PatchArgs"),
    "PatchArgs": _of(allowNameChange="bool", allowKindChange="bool"),
    "Selector": {
        **_gvk("ResId.Gvk"), **_in("ResId", name="string", namespace="string"),
        **_of(annotationSelector="string", labelSelector="string"),
    },
    "Image": _of(name="string", newName="string", tagSuffix="string", newTag="string", digest="string"),
    "Replica": _of(name="string", count="int64"),
    "ReplacementField": {
        **_in("Replacement", source="SourceSelector", targets=("TargetSelector",), sourceValue="string"),
        **_of(path="string"),
    },
    "SourceSelector": {
        **_gvk("ResId.Gvk"), **_in("ResId", name="string", namespace="string"),
        **_of(fieldPath="string", options="FieldOptions"),
    },
    "TargetSelector": _of(select="Selector", reject=("Selector",), fieldPaths=("string",), options="FieldOptions"),
    "FieldOptions": _of(delimiter="string", index="int", encoding="string", create="bool"),
    "Var": _of(name="string", objref="Target", fieldref="FieldSelector"),
    "Target": {**_gvk("Gvk"), **_of(apiVersion="string", name="string", namespace="string")},
    "FieldSelector": _of(fieldPath="string"),
    "SortOptions": _of(order="SortOrder", legacySortOptions="LegacySortOptions"),
    "LegacySortOptions": _of(orderFirst=("string",), orderLast=("string",)),
    "ConfigMapArgs": _GENERATOR,
    "SecretArgs": {**_GENERATOR, **_of(type="string")},
    "GeneratorOptions": _of(labels="map", annotations="map", disableNameSuffixHash="bool", immutable="bool"),
    "HelmGlobals": _of(chartHome="string", configHome="string"),
    "HelmChart": _of(
        name="string", version="string", repo="string", releaseName="string", namespace="string",
        additionalValuesFiles=("string",), valuesFile="string", valuesInline="values", valuesMerge="string",
        includeCRDs="bool", skipHooks="bool", apiVersions=("string",), kubeVersion="string", nameTemplate="string",
        skipTests="bool", debug="bool", devel="bool",
    ),
    "HelmChartArgs": _of(
        chartName="string", chartVersion="string", chartRepoUrl="string", chartHome="string", chartRepoName="string",
        helmBin="string", helmHome="string", values="string", valuesLocal="values", valuesMerge="string",
        releaseName="string", releaseNamespace="string", extraArgs=("string",),
    ),
}  # fmt: skip

# Named string types of the reference.
STRING_TYPES = {"PatchStrategicMerge": "types.PatchStrategicMerge", "SortOrder": "types.SortOrder"}
GO_TYPES = {"string": "string", "bool": "bool", "int": "int", "int64": "int64", "map": "map[string]string"}
