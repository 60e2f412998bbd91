"""Kustomization trees for the benchmarks, made by size: the same size gives the same bytes, everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Maker = Callable[[Path], Path]

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels:
    tier: web
spec:
  replicas: 2
  selector:
    matchLabels:
      app: {name}
  strategy:
    rollingUpdate:
      maxSurge: 25%
      maxUnavailable: 0
    type: RollingUpdate
  template:
    metadata:
      labels:
        app: {name}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "9090"
    spec:
      serviceAccountName: default
      containers:
        - name: app
          image: registry.example/shop/app:1.4.2
          args: ["--listen", ":8080", "--log-level=info"]
          env:
            - name: HOST
              value: {name}.example.com
            - name: REGION
              value: eu-west-1
          ports:
            - containerPort: 8080
              name: http
            - containerPort: 9090
              name: metrics
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              memory: 256Mi
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
            periodSeconds: 5
      volumes:{volumes}
"""
NO_VOLUMES = """
        - name: cache
          emptyDir: {}"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {name}
spec:
  selector:
    app: {name}
  ports:
    - name: http
      port: 80
      targetPort: http
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
data:
  host: {name}.example.com
  LOG_LEVEL: info
  timeout: "30"
  settings.toml: |
    # settings of {name}
    [server]
    port = 8080
    workers = 4
"""
STRATEGIC = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: any
spec:
  template:
    spec:
      containers:
        - name: app
          env:
            - name: ADDED
              value: "yes"
        - name: sidecar
          image: registry.example/shop/sidecar:2
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder; returns the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def listed(names: list[str]) -> str:
    """A YAML list, indented as an entry's value."""
    return "".join(f"  - {name}\n" for name in names)


def app(name: str) -> list[str]:
    """The three documents of one application."""
    return [
        DEPLOYMENT.format(name=name, volumes=NO_VOLUMES),
        SERVICE.format(name=name),
        CONFIG_MAP.format(name=name + "-settings"),
    ]


def apps(count: int, prefix: str = "app") -> dict[str, str]:
    """Files with `count` resources altogether, one file per application."""
    documents: list[str] = []
    files = {}
    for index in range((count + 2) // 3):
        documents = app(f"{prefix}-{index}")[: count - 3 * index]
        files[f"{prefix}-{index}.yaml"] = "---\n".join(documents)
    return files


def tiny(count: int, extra: str = "", also: tuple[str, ...] = (), **files: str) -> Maker:
    """A small kustomization: `count` resources (and `also` other files), a prefix, a label, and what is to be measured."""

    def make(folder: Path) -> Path:
        found = apps(count)
        text = f"resources:\n{listed([*found, *also])}namePrefix: demo-\nlabels:\n  - pairs: {{team: shop}}\n{extra}"
        others = {name.replace("_yaml", ".yaml").replace("__", "/"): body for name, body in files.items()}
        return write(folder, {**found, **others, "kustomization.yaml": text})

    return make


TINY: dict[str, Maker] = {
    "1 resource": tiny(1),
    "5 resources": tiny(5),
    "20 resources": tiny(20),
    "1, strategic merge patch": tiny(1, "patches:\n  - path: patch.yaml\n", patch_yaml=STRATEGIC.replace("any", "app-0")),
    "5, strategic merge patch": tiny(5, "patches:\n  - path: patch.yaml\n", patch_yaml=STRATEGIC.replace("any", "app-0")),
    "20, strategic merge patch": tiny(20, "patches:\n  - path: patch.yaml\n    target: {kind: Deployment}\n", patch_yaml=STRATEGIC),
    "5, component": tiny(
        5,
        "components: [extra]\n",
        extra__kustomization_yaml="apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "resources: [map.yaml]\nreplicas: [{name: app-0, count: 5}]\n",
        extra__map_yaml=CONFIG_MAP.format(name="added"),
    ),
    "5, replacement": tiny(
        5,
        "replacements:\n  - source: {kind: ConfigMap, name: app-0-settings, fieldPath: data.host}\n    targets:\n"
        "      - select: {kind: Deployment}\n        fieldPaths: ['spec.template.spec.containers.[name=app].env.[name=HOST].value']\n",
    ),
    "5, generator": tiny(5, "configMapGenerator:\n  - name: generated\n    literals: [a=1, b=2]\n"),
    "5, unknown kind": tiny(
        5,
        also=("extra.yaml",),
        extra_yaml="apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {items: [{name: a}]}\n",
    ),
    "5, JSON patch": tiny(
        5,
        "patches:\n  - target: {kind: Deployment, name: app-0}\n    patch: |-\n      - op: replace\n        path: /spec/replicas\n        value: 7\n",
    ),
}  # fmt: skip


def scale(count: int) -> Maker:
    """An overlay that does a bit of everything to `count` resources."""

    def make(folder: Path) -> Path:
        found = apps(count)
        base = {f"base/{name}": text for name, text in found.items()}
        overlay = """\
resources: [../base]
namePrefix: prod-
namespace: shop
labels:
  - pairs: {env: prod, team: shop}
    includeSelectors: true
images:
  - name: registry.example/shop/app
    newTag: 2.0.0
patches:
  - target: {kind: Service}
    patch: |-
      - op: add
        path: /spec/sessionAffinity
        value: ClientIP
  - path: patch.yaml
    target: {kind: Deployment}
"""
        files = {
            **base,
            "base/kustomization.yaml": "resources:\n" + listed([*found]),
            "overlay/kustomization.yaml": overlay,
            "overlay/patch.yaml": STRATEGIC,
        }
        return write(folder, files) / "overlay"

    return make


def leaf(name: str, resources: int, patches: int) -> dict[str, str]:
    """A folder of the tree: its resources and patches that each name one of them."""
    found = apps(resources, name)
    text = f"resources:\n{listed([*found])}labels:\n  - pairs: {{leaf: {name}}}\npatches:\n"
    for index in range(patches):
        text += (
            f"  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata:\n        name: {name}-{index}\n"
            f"      spec:\n        replicas: {index}\n        template:\n          spec:\n            containers:\n"
            f"              - name: app\n                image: registry.example/shop/app:{index}\n"
        )
    return {**found, "kustomization.yaml": text}


def tree(groups: int, middles: int, leaves: int) -> Maker:
    """A root, then groups, middles and leaves, each leaf with 32 resources and 10 patches."""

    def make(folder: Path) -> Path:
        files: dict[str, str] = {}
        names = [f"g{group}" for group in range(groups)]
        for group in names:
            middle_names = [f"{group}m{index}" for index in range(middles)]
            files[f"{group}/kustomization.yaml"] = f"namespace: {group}\nresources:\n{listed(middle_names)}"
            for middle in middle_names:
                leaf_names = [f"{middle}l{index}" for index in range(leaves)]
                files[f"{group}/{middle}/kustomization.yaml"] = (
                    f"resources:\n{listed(leaf_names)}labels:\n  - pairs: {{middle: {middle}}}\n"
                )
                for name in leaf_names:
                    made = leaf(name, 32, 10)
                    files.update({f"{group}/{middle}/{name}/{path}": text for path, text in made.items()})
        files["kustomization.yaml"] = f"namePrefix: all-\nresources:\n{listed(names)}"
        return write(folder, files)

    return make


def references(count: int) -> Maker:
    """`count` Deployments that each mount three of twice as many generated ConfigMaps; as many RoleBindings."""

    def make(folder: Path) -> Path:
        documents = []
        for index in range(count):
            mounts = "".join(
                f"\n        - name: v{k}\n          configMap:\n            name: map-{(index * 2 + k * 7) % (2 * count)}"
                for k in range(3)
            )
            documents.append(DEPLOYMENT.format(name=f"app-{index}", volumes=mounts))
            documents.append(f"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: account-{index}\n")
            documents.append(
                f"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: binding-{index}\n"
                f"roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: view\n"
                f"subjects:\n  - kind: ServiceAccount\n    name: account-{index}\n    namespace: default\n"
            )
        generators = "".join(f"  - name: map-{index}\n    literals: [key={index}]\n" for index in range(2 * count))
        text = f"resources: [all.yaml]\nnamePrefix: x-\nconfigMapGenerator:\n{generators}"
        return write(folder, {"all.yaml": "---\n".join(documents), "kustomization.yaml": text})

    return make


def replacements(count: int, resources: int) -> Maker:
    """`count` replacements, each from a ConfigMap into a Deployment of its own."""

    def make(folder: Path) -> Path:
        found = apps(resources)
        total = resources // 3
        entries = "".join(
            f"  - source:\n      kind: ConfigMap\n      name: app-{index % total}-settings\n      fieldPath: data.host\n"
            f"    targets:\n      - select:\n          kind: Deployment\n          name: app-{(index * 7 + 1) % total}\n"
            "        fieldPaths:\n          - spec.template.spec.containers.[name=app].env.[name=HOST].value\n"
            for index in range(count)
        )
        text = f"resources:\n{listed([*found])}replacements:\n{entries}"
        return write(folder, {**found, "kustomization.yaml": text})

    return make


def schema_node(depth: int, width: int, path: str) -> list[str]:
    """The lines of an OpenAPI object schema with `width` properties per level."""
    lines = [
        f"description: {'What the field ' + path + ' is for, and which values it takes; see the documentation.'!r}",
        "properties:",
    ]
    for index in range(width):
        name = f"field{'ABCDEFGH'[index]}"
        lines.append(f"  {name}:")
        if depth:
            lines += [f"    {line}" for line in schema_node(depth - 1, width, f"{path}.{name}")]
        else:
            lines += [
                "    description: |-",
                f"      The value of {name} below {path}.",
                "      It is kept as it is: a colon, a # and 'quotes' included.",
                "    maxLength: 253",
                "    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'",
                "    type: string",
            ]
    return [*lines, "required:", "- fieldA", "type: object"]


def custom_resource_definitions(count: int) -> Maker:
    """`count` definitions of about 0.4 MB each, as controller-gen lays them out."""

    def make(folder: Path) -> Path:
        body = "\n".join(f"          {line}" for line in schema_node(3, 5, "spec"))
        documents = [
            f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things{index}.example.com\n"
            f"spec:\n  group: example.com\n  names:\n    kind: Thing{index}\n    plural: things{index}\n  scope: Namespaced\n"
            f"  versions:\n  - name: v1\n    schema:\n      openAPIV3Schema:\n        properties:\n          spec:\n"
            + "\n".join(f"  {line}" for line in body.splitlines())
            + "\n        type: object\n    served: true\n    storage: true\n"
            for index in range(count)
        ]
        text = "resources: [crds.yaml]\nlabels:\n  - pairs: {team: shop}\n"
        return write(folder, {"crds.yaml": "---\n".join(documents), "kustomization.yaml": text})

    return make
