"""The fields of plugin configurations, and of what else is decoded on its own, in the form of `kustomization_fields`.

Source: kustomize v5.8.1 `internal/builtins`, `types.Replacement`.
"""

from __future__ import annotations

from kbuild.fields.kustomization_fields import STRUCTS, embedded_in, gvk, of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.fields.kustomization_fields import Table


def _embedded(struct: str) -> Table:
    """The fields of a struct that another one embeds."""
    return {name: (kind, f"{struct}.{inner}" if inner else struct) for name, (kind, inner) in STRUCTS[struct].items()}


_SPECS = of(fieldSpecs=("FieldSpec",))
# The lists of field specs in a file of `configurations`.
SPEC_LISTS = (
    "namePrefix", "nameSuffix", "namespace", "commonLabels", "labels", "templateLabels", "volumeClaimTemplateLabels",
    "commonAnnotations", "varReference", "images", "replicas",
)  # fmt: skip
_META = of(metadata="ObjectMeta")

PLUGINS: dict[str, Table] = {
    "Replacement": {name: (kind, "") for name, (kind, inner) in STRUCTS["ReplacementField"].items() if inner},
    "AnnotationsTransformerPlugin": {**of(annotations="map"), **_SPECS},
    "ConfigMapGeneratorPlugin": {**_embedded("ConfigMapArgs"), **_META},
    "SecretGeneratorPlugin": {**_embedded("SecretArgs"), **_META},
    "HelmChartInflationGeneratorPlugin": {**_embedded("HelmChart"), **_embedded("HelmGlobals")},
    "KubernetesService": of(name="string", namespace="string"),
    "ServiceAccount": of(name="string", projectId="string"),
    "IAMPolicyGeneratorPlugin": embedded_in(
        "IAMPolicyGeneratorArgs", cloud="Cloud", kubernetesService="KubernetesService", serviceAccount="ServiceAccount",
    ),
    "ImageTagTransformerPlugin": {**of(imageTag="Image"), **_SPECS},
    "LabelTransformerPlugin": {**of(labels="map"), **_SPECS},
    "NamespaceTransformerPlugin": {
        **_META, **_SPECS, **of(unsetOnly="bool", setRoleBindingSubjects="RoleBindingSubjectMode"),
    },
    "PatchJson6902TransformerPlugin": of(target="Selector", path="string", jsonOp="string"),
    "PatchStrategicMergeTransformerPlugin": of(paths=("PatchStrategicMerge",), patches="string"),
    "PatchTransformerPlugin": STRUCTS["Patch"],
    "ReplacementTransformerPlugin": of(replacements=("ReplacementField",)),
    "ReplicaCountTransformerPlugin": {**of(replica="Replica"), **_SPECS},
    # Not the struct of the same name that a var has.
    "Target": of(selector="Selector", fieldPath="string", filePathPosition="int"),
    "ValueAddTransformerPlugin": of(value="string", targets=("Target",), targetFilePath="string"),
    # A file of targets is decoded into a struct without a name.
    "": of(targets=("Target",)),
    "TransformerConfig": of(
        **dict.fromkeys(SPEC_LISTS, ("FieldSpec",)), nameReference=("NameBackReferences",),
    ),
    "NameBackReferences": {**gvk("Gvk"), **_SPECS},
}  # fmt: skip

# What Go calls structs that are not in its package `types`.
GO_NAMES = {
    "Target": "builtins.Target",
    "": 'struct { Targets []builtins.Target "json:\\"targets,omitempty\\" yaml:\\"targets,omitempty\\"" }',
}
