"""HelmChartInflationGenerator: a helm chart rendered by helm itself, with the values of the kustomization.

This module decides what helm is told; running it, and every file besides the kustomization's own, is the capability
`Context.helm`.
Source: kustomize v5.8.1 `HelmChartInflationGenerator`, `types.HelmChart.AsHelmArgs`.
"""

from __future__ import annotations

from os.path import isabs, join, normpath

from kbuild.model.errors import ConfigurationError, KbuildError, PatchError, PluginError
from kbuild.model.quote import go_quote
from kbuild.model.resource import INTERNAL, mark
from kbuild.model.scalars import NULL, OddKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kbuild.documents.nodes import Node
    from kbuild.model.context import Context, Helm
    from kbuild.model.resource import Resource

MERGE, OVERRIDE, REPLACE = "merge", "override", "replace"
STRING, BOOL, LIST, VALUES = "string", "bool", "[]string", "map[string]interface {}"
# Go's names of the types of what a chart's configuration may set.
_TYPES = {
    "chartHome": STRING, "configHome": STRING, "name": STRING, "version": STRING, "repo": STRING, "releaseName": STRING,
    "namespace": STRING, "valuesFile": STRING, "valuesMerge": STRING, "kubeVersion": STRING, "nameTemplate": STRING,
    "includeCRDs": BOOL, "skipHooks": BOOL, "skipTests": BOOL, "debug": BOOL, "devel": BOOL,
    "additionalValuesFiles": LIST, "apiVersions": LIST, "valuesInline": VALUES,
}  # fmt: skip
_PYTHON: dict[str, type] = {STRING: str, BOOL: bool, LIST: list, VALUES: dict}


class HelmChartInflationGenerator:
    """Config: the fields of a `helmCharts` entry and of `helmGlobals`.

    Raises: ConfigurationError, unless helm is enabled and the entry is in order; KbuildError, for an additional values
    file that cannot be read.
    """

    def __init__(self, config: dict[str, Any], context: Context) -> None:
        self.check_options(context)
        self.context = context
        self.helm: Helm = context.helm()
        options = self.helm.options
        self.chart: dict[str, Any] = {
            "kubeVersion": options.helm_kube_version,
            "apiVersions": list(options.helm_api_versions),
            "debug": options.helm_debug,
        }
        self.chart.update(fitting(config))
        if not self.chart.get("name"):
            raise ConfigurationError("chart name cannot be empty")
        if context.is_latest:
            check_no_flags(self.chart)
        self.values_file = self.chart.get("valuesFile") or f"{self.chart_path()}/values.yaml"
        self.more_values = [self.additional(path) for path in self.chart.get("additionalValuesFiles") or ()]
        self.strategy = self.chart.get("valuesMerge") or OVERRIDE
        if self.strategy not in (MERGE, OVERRIDE, REPLACE):
            raise ConfigurationError(f"valuesMerge must be one of [{MERGE} {OVERRIDE} {REPLACE}]")

    @staticmethod
    def check_options(context: Context) -> None:
        """Raise ConfigurationError where helm may not run; a plugin's configuration is read after that only."""
        options = context.helm().options
        if not (options.enable_helm or options.enable_alpha_plugins):
            raise ConfigurationError("must specify --enable-helm")
        if not options.helm_command:
            raise ConfigurationError("must specify --helm-command")

    def additional(self, path: str) -> str:
        """The absolute path of an additional values file. Raises: KbuildError, where it cannot be loaded."""
        try:
            self.context.read(path)
        except KbuildError as error:
            raise error.within("could not load additionalValuesFile") from None
        return normpath(f"{self.helm.root}/{path}")

    def chart_home(self) -> str:
        """The absolute folder that has, or is to have, the chart's folder."""
        home = self.chart.get("chartHome") or "charts"
        home = normpath(home if isabs(home) else join(self.helm.root, home))
        version = self.chart.get("version")
        return normpath(f"{home}/{self.chart['name']}-{version}") if version and self.chart.get("repo") else home

    def chart_path(self) -> str:
        """The absolute folder of the chart."""
        return normpath(f"{self.chart_home()}/{self.chart['name']}")

    def generate(self) -> list[Resource]:
        """What helm renders, marked as made by helm. Raises: PluginError, KbuildError."""
        try:
            config_home = self.chart.get("configHome") or f"{self.helm.folder()}/helm"
            check_version(self.helm.run(["version", "--short"], config_home))
            self.fetch(config_home)
            values = self.helm.write(f"{self.chart['name']}-kustomize-values.yaml", self.values())
            output = self.helm.run(
                template_arguments(self.chart, self.chart_path(), [values, *self.more_values]), config_home
            )
        finally:
            self.helm.close()
        resources = self.helm.parse(output)
        for resource in resources:
            resource.helm_generated = True
            mark(resource, f"{INTERNAL}helm-generated")
        return resources

    def fetch(self, config_home: str) -> None:
        """Pull the chart unless its folder is there. Raises: PluginError."""
        path = self.chart_path()
        if self.helm.is_folder(path):
            return
        if not self.chart.get("repo"):
            found = path if self.helm.exists(path) else ""
            raise PluginError(f"no repo specified for pull, no chart found at '{found}'").advise(
                f"put the chart into {path}, or name its repository with `repo`"
            )
        self.helm.run(pull_arguments(self.chart, self.chart_home()), config_home)

    def values(self) -> bytes:
        """The values file that helm gets: as it is, or merged with the inline values. Raises: KbuildError."""
        inline = self.chart.get("valuesInline")
        if not inline:
            return self.context.read(self.values_file)
        from kbuild.documents.generic import marshalled
        from kbuild.documents.writer import marshal

        if self.strategy != REPLACE:
            merged = merged_values(self.context.read(self.values_file), inline, self.strategy, self.context)
            try:
                inline = marshalled(merged)
            except KbuildError as error:
                raise error.within("error marshaling into JSON") from None
        return marshal(inline).encode("utf-8", "surrogatepass")


def check_no_flags(chart: dict[str, Any]) -> None:
    """Raise ConfigurationError for a name that helm would take for a flag, which later versions refuse (ADR 0017)."""
    for field, word in (("releaseName", "releaseName"), ("name", "chart name")):
        text = chart.get(field) or ""
        if text.startswith("-"):
            raise ConfigurationError(f"{word} must not start with '-', got {go_quote(text)}")


def fitting(config: dict[str, Any]) -> dict[str, Any]:
    """The settings of a chart entry, null ones left out as Go's decoder does. Raises: ConfigurationError."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        wanted = _TYPES.get(name)
        if wanted is None:
            continue
        if value is None:
            if wanted == LIST:
                found[name] = []
            continue
        fits = type(value) is _PYTHON[wanted]
        if not fits:
            raise wrong_type(value, name, wanted)
        found[name] = texts_of(value, name) if wanted == LIST else value
    return found


def texts_of(items: list[Any], name: str) -> list[str]:
    """The texts of a list setting; null counts as empty. Raises: ConfigurationError."""
    for item in items:
        if type(item) is not str and item is not None:
            raise wrong_type(item, name, STRING)
    return [item or "" for item in items]


def wrong_type(value: Any, name: str, wanted: str) -> ConfigurationError:
    """The error for a setting of another type."""
    from kbuild.documents.gojson import json_kind

    embedding = "HelmGlobals" if name in ("chartHome", "configHome") else "HelmChart"
    return ConfigurationError(
        f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {json_kind(value)} into Go struct field "
        f"HelmChartInflationGeneratorPlugin.{embedding}.{name} of type {wanted}"
    )


def merged_values(data: bytes, inline: dict[str, Any], strategy: str, context: Context) -> Any:
    """The chart's values and the inline ones as one map: with `override` the inline ones win, with `merge` the chart's.

    A chart's value that is an alias gets lost, as in the reference, which merges before it resolves them.
    Mutates: `inline`. Raises: KbuildError.
    """
    from kbuild.documents.compose import NOTHING, compose
    from kbuild.documents.generic import check_duplicates, decode
    from kbuild.merge.strategic import ABSENT, Merger

    aliases: list[tuple[tuple[str, ...], str]] = []
    try:
        chart = compose(data.decode("utf-8", "replace"), lambda root: aliases.extend(take_aliases(root, ())))
    except KbuildError as error:
        raise error.within("could not parse values file into rnode") from None
    if chart is NOTHING:
        raise ConfigurationError("EOF").within("could not parse values file into rnode")
    drop_repeated_nulls(chart)
    base, patch = (chart, inline) if strategy == OVERRIDE else (inline, chart)
    try:
        for path, name in sorted(aliases):
            resolve_clash(inline, path, name, is_overridden=strategy == OVERRIDE)
        schema: Any = context.schema()
        merged = Merger(schema).merge(base, patch, None)
    except KbuildError as error:
        # Inline values were printed in block style before the reference merged them: their file's style is gone.
        error.shown = None
        raise error.within("could not merge values") from None
    if merged is ABSENT:
        return {}
    try:
        check_duplicates(merged)
    except KbuildError as error:
        from kbuild.documents.v3text import dumps

        error.reason = f"received error {error.reason} for the following resource:\n{dumps(merged)}"
        raise error.within("could not parse merged values into map") from None
    return decode(merged)


def drop_repeated_nulls(value: Any) -> None:
    """Take out the second uses of null keys: only where the reference resolves aliases it adds them. Mutates: `value`."""
    if type(value) is list:
        for item in value:
            drop_repeated_nulls(item)
    elif type(value) is dict:
        for name in [name for name in value if type(name) is OddKey and name.duplicate and name.tag == NULL]:
            del value[name]
        for item in value.values():
            drop_repeated_nulls(item)


def take_aliases(node: Node, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    """Take the fields that are aliases out of the maps that a merge looks into; returns their paths and names.

    Mutates: `node`.
    """
    from kbuild.documents.nodes import ALIAS_NODE, MAPPING_NODE

    if node.kind != MAPPING_NODE:
        return []
    found, kept = [], []
    for key, value in zip(node.content[::2], node.content[1::2], strict=True):
        here = (*path, key.text)
        if value.kind == ALIAS_NODE:
            found.append((here, value.text))
        else:
            kept += [key, value]
            found += take_aliases(value, here)
    node.content = kept
    return found


def resolve_clash(inline: Any, path: tuple[str, ...], name: str, *, is_overridden: bool) -> None:
    """Where an inline value stands against an alias: the alias takes it along where it is to be overridden.

    Mutates: `inline`. Raises: PatchError, where the alias is to override.
    """
    for key in path[:-1]:
        inline = inline.get(key) if type(inline) is dict else None
    if type(inline) is not dict or path[-1] not in inline:
        return
    value = inline[path[-1]]
    if is_overridden:
        del inline[path[-1]]
    elif value is not None:
        kind = "MappingNode" if type(value) is dict else "SequenceNode" if type(value) is list else "ScalarNode"
        raise PatchError(f"wrong node kind: expected {kind} but got AliasNode: node contents:\n*{name}\n")


def check_version(output: bytes) -> None:
    """Raise PluginError unless `helm version --short` names helm 3 or 4."""
    import re

    text = output.decode("utf-8", "replace")
    found = re.search(r"v?\d+(?:\.\d+)+", text, re.ASCII)
    if found is None:
        raise PluginError(f"cannot find version string in {text}")
    version = found.group().removeprefix("v")
    if version.partition(".")[0] not in ("3", "4"):
        raise PluginError(f"this plugin requires helm V3 or V4 but got v{version}")


def pull_arguments(chart: dict[str, Any], home: str) -> list[str]:
    """The arguments that fetch a chart into `home`."""
    repo, name = chart["repo"], chart["name"]
    source = [repo.removesuffix("/") + "/" + name] if repo.startswith("oci://") else ["--repo", repo, name]
    result = ["pull", "--untar", "--untardir", home, *source]
    if chart.get("version"):
        result += ["--version", chart["version"]]
    return [*result, "--devel"] if chart.get("devel") else result


def template_arguments(chart: dict[str, Any], path: str, values: list[str]) -> list[str]:
    """The arguments that render a chart."""
    result = ["template", chart.get("releaseName") or "--generate-name", path]
    for name, flag in (("namespace", "--namespace"), ("nameTemplate", "--name-template")):
        if chart.get(name):
            result += [flag, chart[name]]
    for file in values:
        result += ["-f", file]
    for version in chart.get("apiVersions") or ():
        result += ["--api-versions", version]
    if chart.get("kubeVersion"):
        result += ["--kube-version", chart["kubeVersion"]]
    switches = (
        ("includeCRDs", "--include-crds"), ("skipTests", "--skip-tests"), ("skipHooks", "--no-hooks"),
        ("debug", "--debug"), ("devel", "--devel"),
    )  # fmt: skip
    return result + [flag for name, flag in switches if chart.get(name)]
