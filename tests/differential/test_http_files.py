"""Files over http, from a server on the loopback: the same output, the same sentences."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from against import ours, reference, write_tree
from servers import Server, http_server

pytestmark = pytest.mark.differential

Oracle = Callable[..., "subprocess.CompletedProcess[str]"]

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: remote\ndata: {a: b}\n"
FILES = {
    "/files/map.yaml": MAP,
    "/files/a b.yaml": MAP,
    "/files/a%20b.yaml": MAP,
    "/files/a/b/map.yaml": MAP,
    "/files/two.yaml": MAP + "---\n" + MAP.replace("remote", "other"),
    "/files/page.html": "<html>\n<body>a: b: c</body>\n</html>\n",
    "/files/broken.yaml": "a: [\n",
    "/files/empty.yaml": "",
    "/files/text.yaml": "text\n",
    "/files/patch.yaml": MAP.replace("{a: b}", "{a: c}"),
    "/files/json.yaml": "- {op: add, path: /data/x, value: y}\n",
    "/files/values.env": "A=1\nB=2\n",
    "/files/schema.json": '{"definitions": {}}',
    "/files/config.yaml": "namePrefix:\n- {path: data/a}\n",
    "/files/crd.json": '{"x": {"Schema": {"description": "", "properties": {}}}}',
    "/files/prefix.yaml": (
        "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: x-\nfieldSpecs: [{path: metadata/name}]\n"
    ),
    "/files/generator.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: made}\nliterals: [a=b]\n",
    "/files/replacement.yaml": (
        "source: {kind: ConfigMap, fieldPath: metadata.name}\ntargets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]\n"
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with http_server(FILES, tmp_path_factory.mktemp("none")) as found:
        yield found


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")


ENTRIES = {
    "a file": "resources: [URL/files/map.yaml]",
    "a scheme in capitals": "resources: ['HTTP://ADDRESS/files/map.yaml']",
    "a name with a blank": "resources: ['URL/files/a b.yaml']",
    "a name with an escape": "resources: ['URL/files/a%20b.yaml']",
    "a query": "resources: ['URL/files/map.yaml?x=1&y=/a%20b']",
    "a lonely question mark": "resources: ['URL/files/map.yaml?']",
    "a fragment": "resources: ['URL/files/map.yaml#part']",
    "a user": "resources: ['http://user:word@ADDRESS/files/map.yaml']",
    "a long path": "resources: [URL/files/a/b/map.yaml]",
    "two documents": "resources: [URL/files/two.yaml]",
    "twice": "resources: [URL/files/map.yaml, URL/files/map.yaml]",
    "a page": "resources: [URL/files/page.html]",
    "broken YAML": "resources: [URL/files/broken.yaml]",
    "broken YAML in a short path": "resources: [URL/broken.yaml]",
    "nothing": "resources: [URL/files/empty.yaml]",
    "a text": "resources: [URL/files/text.yaml]",
    "not there": "resources: [URL/status/404]",
    "not there, like a repository": "resources: [URL/files/a/b]",
    "no Location": "resources: [URL/redirect/302/nowhere]",
    "no Location for 308": "resources: [URL/redirect/308/nowhere]",
    "a page of a status": "resources: [URL/status/302]",
    "a redirect": "resources: [URL/redirect/302/files/map.yaml]",
    "a lasting redirect": "resources: [URL/redirect/301/files/map.yaml]",
    "a strict redirect": "resources: [URL/redirect/308/files/map.yaml]",
    "nine redirects": "resources: ['URL/redirect/302/files/map.yaml?8']",
    "ten redirects": "resources: ['URL/redirect/302/files/map.yaml?9']",
    "eleven redirects": "resources: ['URL/redirect/302/files/map.yaml?10']",
    "redirects without end": "resources: ['URL/redirect/307/files/map.yaml?100']",
    "a redirect to a file": "resources: ['URL/redirect/302/file%3A%2F%2F%2Fetc%2Fpasswd']",
    "a redirect to another machine": "resources: ['URL/redirect/302/http%3A%2F%2F127.0.0.1%3A1%2Fx']",
    "packed": "resources: [URL/packed/files/map.yaml]",
    "an early end": "resources: [URL/drop]",
    "a short body": "resources: [URL/short]",
    "no http": "resources: [URL/garbage]",
    "nobody there": "resources: ['http://127.0.0.1:1/map.yaml']",
    "nobody there by name": "resources: ['http://localhost:1/map.yaml']",
    "a port out of range": "resources: ['http://127.0.0.1:70000/map.yaml']",
    "no host": "resources: ['http:///map.yaml']",
    "no slashes": "resources: ['http:map.yaml']",
    "a broken escape": "resources: ['URL/files/%zz']",
    "a broken host": "resources: ['http://[::1/map.yaml']",
    "another scheme": "resources: ['ftp://ADDRESS/files/map.yaml']",
    "as a component": "components: [URL/files/map.yaml]",
    "as a base": "bases: [URL/files/map.yaml]",
    "a patch": "resources: [URL/files/map.yaml]\npatches: [{path: URL/files/patch.yaml}]",
    "a JSON patch": "resources: [URL/files/map.yaml]\npatches: [{path: URL/files/json.yaml, target: {kind: ConfigMap}}]",
    "an old JSON patch": "resources: [URL/files/map.yaml]\npatchesJson6902: [{path: URL/files/json.yaml, target: {version: v1, kind: ConfigMap, name: remote}}]",
    "an old patch": "resources: [URL/files/map.yaml]\npatchesStrategicMerge: [URL/files/patch.yaml]",
    "a patch that is not there": "resources: [URL/files/map.yaml]\npatches: [{path: URL/status/500}]",
    "an old patch that is not there": "resources: [URL/files/map.yaml]\npatchesStrategicMerge: [URL/status/404]",
    "a file of a ConfigMap": "configMapGenerator: [{name: m, files: [URL/files/values.env, 'k=URL/files/text.yaml']}]",
    "a file with a query": "configMapGenerator: [{name: m, files: ['k=URL/files/values.env?a=b']}]",
    "an env file": "configMapGenerator: [{name: m, envs: [URL/files/values.env]}]",
    "a file that is not there": "secretGenerator: [{name: m, files: [URL/status/403]}]",
    "an env file that is not there": "secretGenerator: [{name: m, envs: [URL/status/404]}]",
    "configurations": "resources: [URL/files/map.yaml]\nnamePrefix: p-\nconfigurations: [URL/files/config.yaml]",
    "configurations that are not there": "configurations: [URL/status/404]",
    "crds": "resources: [URL/files/map.yaml]\ncrds: [URL/files/crd.json]",
    "crds that are not there": "crds: [URL/status/404]",
    "openapi": "resources: [URL/files/map.yaml]\nopenapi: {path: URL/files/schema.json}",
    "openapi that is not there": "openapi: {path: URL/status/404}",
    "a transformer": "resources: [URL/files/map.yaml]\ntransformers: [URL/files/prefix.yaml]",
    "a transformer that is not there": "transformers: [URL/status/404]",
    "a generator": "generators: [URL/files/generator.yaml]",
    "a validator": "resources: [URL/files/map.yaml]\nvalidators: [URL/files/prefix.yaml]",
    "a replacement": "resources: [URL/files/map.yaml]\nreplacements: [{path: URL/files/replacement.yaml}]",
    "a replacement that is not there": "resources: [URL/files/map.yaml]\nreplacements: [{path: URL/status/404}]",
    "origins": "buildMetadata: [originAnnotations, transformerAnnotations]\nresources: [URL/files/two.yaml]\ntransformers: [URL/files/prefix.yaml]\ngenerators: [URL/files/generator.yaml]",
    "origins of a long path": "buildMetadata: [originAnnotations]\nresources: [URL/files/a/b/map.yaml]",
    "origins of a query": "buildMetadata: [originAnnotations]\nresources: ['URL/files/a/b/map.yaml?ref=v1']",
    "origins of a short path": "buildMetadata: [originAnnotations]\nresources: ['URL/redirect/302/files/map.yaml']",
}  # fmt: skip


@pytest.mark.parametrize("text", ENTRIES.values(), ids=ENTRIES)
def test_a_file_by_url_is_taken_as_the_reference_takes_it(
    oracle: Oracle, server: Server, tmp_path: Path, text: str
) -> None:
    text = text.replace("URL", server.url).replace("ADDRESS", server.url.partition("//")[2])
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": text + "\n"})
    expected = reference(oracle, str(folder))
    assert ours(str(folder), cwd=folder) == expected


@pytest.mark.parametrize("status", [
    201, 204, 206, 300, 304, 305, 400, 401, 402, 403, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418,
    421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 299, 599, 600,
])  # fmt: skip
def test_a_status_is_named_as_the_reference_names_it(
    oracle: Oracle, server: Server, tmp_path: Path, status: int
) -> None:
    text = f"resources: [{server.url}/status/{status}]\n"
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": text})
    expected = reference(oracle, str(folder))
    assert ours(str(folder), cwd=folder) == expected


def test_a_request_looks_like_the_reference_s(oracle: Oracle, server: Server, tmp_path: Path) -> None:
    address = server.url.partition("//")[2]
    text = f"resources: ['http://us%20er:wo:rd@{address}/files/é b.yaml?q=1%202']\n"
    folder = write_tree(tmp_path / "k", {"kustomization.yaml": text})
    seen = []
    for build in (lambda: reference(oracle, str(folder)), lambda: ours(str(folder), cwd=folder)):
        server.requests.clear()
        build()
        path, headers = server.requests[0]
        headers.pop("Connection", None)
        seen.append((path, headers))
    assert seen[1] == seen[0]
