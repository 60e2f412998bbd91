"""Functions and plugins, run by the reference and by kbuild: the same standard input, output, error and status."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from against import difference, masked, without_places, write_tree
from in_process import run

pytestmark = pytest.mark.differential

Oracle = Callable[..., "subprocess.CompletedProcess[str]"]
EXEC = "exec: {path: ./fn.sh}"
FLAGS = ("--enable-alpha-plugins", "--enable-exec")

# Resources whose texts need every style.
RESOURCES = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
  annotations: {number: 1, word: 'yes', emoji: "é 😀", empty: "", multi: "a\\nb"}
  labels: {a: 1, b: 'x'}
spec:
  tab: "a\\tb"
  at: '@x'
  block: |
    a
     b
  folded: >
    a
    b

    c
  break: "trailing \\n x"
  floats: [1.0, 1e30, 1e3, 0777, 0o7, 12e03, .5]
  words: ["y", n, on, null, ~, "null", "1:20", 2020-01-01, "2020-01-01"]
  empties: [{}, [], "", {a: {}}]
  nested: [[1, 2], [{a: b}, [c]]]
  long: "aaaaaaaaaaaaaaaaaaaaaaaaaa: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbb"
  plain: aaaaaaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbb
  quoted: "é aaaaaaaaaaaaaaaaaaaaaaaaaa: aaaaaaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaa\\taaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbb"
  keep: "a\\n\\n"
  strip: "\\n a\\n b"
  ? a key that is longer than one hundred and twenty-eight characters a key that is longer than one hundred and twenty-eight characters
  : x
---
apiVersion: v1
kind: Namespace
metadata: {name: n}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: n}
data: {a: b}
"""
SMALL = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata: {a: b}\n"
MADE = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: made\n"


def indented(text: str, width: int) -> str:
    return "".join(" " * width + line for line in text.splitlines(keepends=True))


def configuration(spec: str = EXEC, *, more: str = "", name: str = "fn", annotations: str = "") -> str:
    """A configuration whose annotation names a function."""
    text = f"apiVersion: example.com/v1\nkind: Fn\nmetadata:\n  name: {name}\n  annotations:\n"
    text += f"    config.kubernetes.io/function: |\n{indented(spec, 6)}\n"
    return text + indented(annotations, 4) + more


def kustomization(field: str, *configurations: str, more: str = "resources: [r.yaml]\n") -> str:
    return more + f"{field}:\n" + "".join(f"- |-\n{indented(text, 2)}\n" for text in configurations)


def script(text: str) -> str:
    return f"#!/bin/sh\n{text}\n"


@pytest.fixture(autouse=True)
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs write down what they read, and a home without plugins."""
    path = tmp_path / "record"
    monkeypatch.setenv("RECORD", str(path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CONFIG_HOME", "KUSTOMIZE_PLUGIN_HOME"):
        monkeypatch.delenv(name, raising=False)
    return path


def tree(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a tree; scripts can be run."""
    write_tree(folder, files)
    for path in folder.rglob("*"):
        if path.is_file() and path.read_bytes()[:2] == b"#!":
            path.chmod(0o755)
    return folder


def recorded(path: Path) -> str:
    text = masked(path.read_text()) if path.exists() else ""
    path.unlink(missing_ok=True)
    return text


def compare(oracle: Oracle, record: Path, folder: Path, *arguments: str) -> tuple[int, str, str, str]:
    """Build with both and see that they agree; returns status, output, errors and what programs wrote down."""
    theirs = oracle(str(folder), *arguments)
    expected = (theirs.returncode, theirs.stdout, without_places(theirs.stderr), recorded(record))
    done = run(["render", str(folder), *arguments], folder)
    found = (done.status, done.stdout.decode(), without_places(done.stderr), recorded(record))
    assert not difference(expected, found), difference(expected, found)
    return expected


@pytest.mark.parametrize("field", ["transformers", "generators"])
def test_the_input_of_a_function(oracle: Oracle, record: Path, tmp_path: Path, field: str) -> None:
    config = configuration(more='spec: {a: "1", b: [x, 1.0, 2020-01-01], t: "a\\nb"}\n')
    files = {"kustomization.yaml": kustomization(field, config), "r.yaml": RESOURCES, "fn.sh": script('tee "$RECORD"')}
    status, _, _, seen = compare(oracle, record, tree(tmp_path / "k", files), *FLAGS)
    assert status == 0
    assert "functionConfig:" in seen


@pytest.mark.parametrize("odd", ["annotations: {true: a}", "labels: {1: a}", "finalizers: [.inf]", "x: {<<: {a: b}}"])
def test_resources_that_cannot_be_printed(oracle: Oracle, record: Path, tmp_path: Path, odd: str) -> None:
    files = {
        "kustomization.yaml": kustomization("transformers", configuration()),
        "r.yaml": SMALL.replace("  name: c\n", f"  name: c\n  {odd}\n"),
        "fn.sh": script('tee "$RECORD"'),
    }
    compare(oracle, record, tree(tmp_path / "k", files), *FLAGS)


def test_the_input_shows_what_the_build_keeps(oracle: Oracle, record: Path, tmp_path: Path) -> None:
    more = (
        "resources: [r.yaml]\nnamePrefix: p-\nnameSuffix: -s\nnamespace: other\nbuildMetadata: [originAnnotations,"
        " transformerAnnotations]\nconfigMapGenerator:\n- {name: g, literals: [a=b]}\n"
        "- {name: h, behavior: create, literals: [a=b], options: {disableNameSuffixHash: true}}\n"
    )
    files = {
        "kustomization.yaml": kustomization("transformers", configuration(), configuration(name="second"), more=more),
        "r.yaml": RESOURCES,
        "fn.sh": script('tee -a "$RECORD"'),
    }
    status, _, _, seen = compare(oracle, record, tree(tmp_path / "k", files), *FLAGS)
    assert status == 0
    assert "internal.config.kubernetes.io/previousNames" in seen


@pytest.mark.parametrize(
    "annotations",
    [
        "config.kubernetes.io/path: a/b.yaml\n",
        "internal.config.kubernetes.io/path: a/b.yaml\n",
        "config.kubernetes.io/path: a/b.yaml\ninternal.config.kubernetes.io/path: c.yaml\n",
        'config.kubernetes.io/index: "7"\n',
        "config.k8s.io/id: x\n",
        "config.k8s.io/id: x\ninternal.config.kubernetes.io/id: y\n",
        "internal.config.kubernetes.io/seqindent: wide\n",
        "internal.config.kubernetes.io/prefixes: a\ninternal.config.kubernetes.io/needsHashSuffix: enabled\n",
        "internal.config.kubernetes.io/generatorBehavior: odd\n",
        "kustomize.config.k8s.io/id: x\n",
        "config.kubernetes.io/path: x.json\n",
    ],
)
@pytest.mark.parametrize("answer", ["cat", "grep -v kubernetes.io/ | sed 's/annotations:/annotations: {}/'"])
def test_annotations_of_the_protocol(
    oracle: Oracle, record: Path, tmp_path: Path, annotations: str, answer: str
) -> None:
    resource = SMALL.replace("  name: c\n", f"  name: c\n  annotations:\n{indented(annotations, 4)}")
    files = {
        "kustomization.yaml": kustomization("transformers", configuration()),
        "r.yaml": resource,
        "fn.sh": script(f'tee "$RECORD" | {answer}'),
    }
    compare(oracle, record, tree(tmp_path / "k", files), *FLAGS)


ANSWERS = {
    "nothing": "cat > /dev/null",
    "without reading": "true",
    "a text": "echo hello",
    "a list": 'printf -- "- a\\n- b\\n"',
    "no resource": 'echo "a: b"',
    "no kind": 'echo "metadata: {name: x}"',
    "no name": 'printf "kind: X\\n---\\nkind: Y\\nmetadata: {name: y}\\n"',
    "bad yaml": 'echo "a: b: c"',
    "bad yaml on line 3": 'printf "a: b\\nc: d\\ne: f: g\\n"',
    "a bad separator": 'printf "a: b\\n--- x\\nb: c\\n"',
    "a failure": "cat > /dev/null; echo oops >&2; exit 3",
    "a failure with output": "cat; exit 3",
    "a failure with a bad text": 'echo "a: b: c"; exit 3',
    "a signal": "kill -9 $$",
    "two of one id": f'printf "{MADE}---\\n{MADE}"'.replace("\n", "\\n"),
    "a text as item": 'printf "kind: ResourceList\\nitems:\\n- a\\n"',
    "a null as item": 'printf "kind: ResourceList\\nitems:\\n- \\n- {kind: X, metadata: {name: k}}\\n"',
    "an empty item": 'printf "kind: ResourceList\\nitems:\\n- {}\\n"',
    "an item without identity": 'printf "kind: ResourceList\\nitems:\\n- {a: b}\\n"',
    "no items": 'printf "kind: ResourceList\\nitems: []\\n"',
    "only a config": 'printf "kind: ResourceList\\nfunctionConfig: {a: b}\\n"',
    "a list of another kind": 'printf "kind: ConfigMapList\\napiVersion: v1\\nitems:\\n- {kind: ConfigMap, apiVersion: v1, metadata: {name: k}}\\n"',
    "results": "sed 's/^functionConfig:/results: [{message: hi}]\\nfunctionConfig:/'",
    "one more": f"cat > /dev/null; printf '{MADE}'".replace("\n", "\\n"),
    "one more behind": "sed 's/^items:/items:\\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: made, namespace: x}}/'",
    "another value": "sed 's/a: b/a: c/'",
    "another type": "sed 's/a: b/a: 1/'",
    "another shape": "sed 's/a: b/a:\\n      x: y/'",
    "a list for a map": "sed 's/    a: b/  - b/'",
    "another name": "sed 's/name: c$/name: d/'",
    "a comment": "sed 's/a: b/a: b # see/'",
    "a date": "sed 's/a: b/a: 2020-01-01/'",
    "an anchor": "sed 's/a: b/a: \\&x b\\n    c: *x/'",
    "a folded block": "sed 's/a: b/a: >\\n      b\\n      c/'",
    "local configuration": "sed 's/  annotations:/  annotations:\\n      config.kubernetes.io\\/local-config: \"true\"/'",
    "crlf": "sed 's/$/\\r/'",
    "a json": """echo '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}'""",
    "a hash wish": f"printf '{MADE}  annotations: {{kustomize.config.k8s.io/needs-hash: \"true\"}}\\ndata: {{a: b}}\\n'".replace("\n", "\\n"),
    "a bad hash wish": f"printf '{MADE}  annotations: {{kustomize.config.k8s.io/needs-hash: maybe}}\\n'".replace("\n", "\\n"),
    "a merge": "printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: c, annotations: {kustomize.config.k8s.io/behavior: merge}}\\ndata: {c: d}\\n'",
    "a replace": "printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: c, annotations: {kustomize.config.k8s.io/behavior: replace}}\\ndata: {c: d}\\n'",
    "a clash": "printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: c}\\ndata: {c: d}\\n'",
    "a path": f"printf '{MADE}  annotations: {{config.kubernetes.io/path: a.yaml}}\\n'".replace("\n", "\\n"),
    "two paths": f"printf '{MADE}  annotations: {{config.kubernetes.io/path: a.yaml, internal.config.kubernetes.io/path: b.yaml}}\\n'".replace("\n", "\\n"),
    "another index": "sed \"s/internal.config.kubernetes.io.index: '0'/internal.config.kubernetes.io\\/index: '5'/\"",
    "other indexes": "sed \"s/config.kubernetes.io.index: '0'/config.kubernetes.io\\/index: '5'/\"",
    "no ids": "grep -v 'io.id:'",
    "no annotations": "awk '/annotations:/ {skip=1; next} skip && /^      / {next} {skip=0; print}'",
}  # fmt: skip


@pytest.mark.parametrize("field", ["transformers", "generators", "validators"])
@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_of_a_function(oracle: Oracle, record: Path, tmp_path: Path, name: str, field: str) -> None:
    files = {
        "kustomization.yaml": kustomization(field, configuration()),
        "r.yaml": SMALL,
        "fn.sh": script(ANSWERS[name]),
    }
    theirs = oracle(str(tree(tmp_path / "k", files)), *FLAGS)
    if "nodes unequal" in theirs.stderr:
        done = run(["render", str(tmp_path / "k"), *FLAGS], tmp_path / "k")
        assert done.status == theirs.returncode
        assert without_places(done.stderr).startswith(
            "Error: validator shouldn't modify the resource map: nodes unequal: "
        )
        return
    compare(oracle, record, tmp_path / "k", *FLAGS)


SPECS = {
    "missing program": "exec: {path: ./nope.sh}",
    "missing program of the path": "exec: {path: nope-nope}",
    "no permission": "exec: {path: ./r.yaml}",
    "a folder": "exec: {path: ./sub}",
    "no program text": "exec: {path: ./noexec}",
    "absolute": "exec: {path: /bin/cat}",
    "of the path": "exec: {path: cat}",
    "arguments": "exec:\n  path: ./fn.sh\n  args: [a, 'b c', \"1\", 2, true]",
    "environment": "exec:\n  path: ./fn.sh\n  envs: [FN_A=1, FN_B, FN_C=x=y, FN_D=]",
    "deferred": "exec: {path: ./bad.sh}\ndeferFailure: true",
    "starlark": "starlark: {path: x.star}",
    "any case": "EXEC: {Path: ./fn.sh}",
    "number as path": "exec: {path: 5}",
    "list as path": "exec: {path: [a]}",
    "text as exec": "exec: foo",
    "text as spec": "foo",
    "list as spec": "[a]",
    "number as args": "exec: {path: ./fn.sh, args: 5}",
    "map in args": "exec: {path: ./fn.sh, args: [{a: b}]}",
    "bad yaml": "a: b: c",
    "repeated key": "{exec: {}, exec: {path: ./fn.sh}}",
    "unknown field": "exec: {path: ./fn.sh, foo: bar}",
    "nothing to run": "exec: {}",
    "null": "exec:",
    "text as bool": "deferFailure: x",
    "unknown mount field": "container: {image: x, mounts: [{a: b}]}",
    "number as mounts": "container: {image: x, mounts: 5}",
    "absolute mount": "container: {image: x, mounts: [{src: /etc}]}",
    "outside mount": "container: {image: x, mounts: [{src: a/../../b}]}",
    "network": "container: {image: x, network: true}",
}


@pytest.mark.parametrize("field", ["transformers", "generators"])
@pytest.mark.parametrize("name", SPECS)
def test_the_specification_of_a_function(oracle: Oracle, record: Path, tmp_path: Path, name: str, field: str) -> None:
    files = {
        "kustomization.yaml": kustomization(field, configuration(SPECS[name])),
        "r.yaml": SMALL,
        "sub/x": "",
        "noexec": "a",
        "fn.sh": script('echo "$0 $*" > "$RECORD"; env | grep ^FN_ | sort >> "$RECORD"; tee -a "$RECORD"'),
        "bad.sh": script("cat; echo oops >&2; exit 4"),
    }
    folder = tree(tmp_path / "k", files)
    (folder / "noexec").chmod(0o755)
    for flags in (FLAGS, ("--enable-alpha-plugins",), ("--enable-exec",), (*FLAGS, "-e", "FN_A=2", "--env", "FN_E=3")):
        compare(oracle, record, folder, *flags)


def test_old_ways_to_name_a_function(oracle: Oracle, record: Path, tmp_path: Path) -> None:
    named = "apiVersion: v1\nkind: Fn\nmetadata:\n  name: fn\n"
    for config in (
        f"{named}  annotations:\n    config.k8s.io/function: |\n      {EXEC}\n",
        f"{named}  configFn:\n    {EXEC}\n",
        f"{named}  configFn: {{a: b}}\n",
        f"{named}  annotations: {{config.kubernetes.io/function: ''}}\n",
    ):
        files = {
            "kustomization.yaml": kustomization("transformers", config),
            "r.yaml": SMALL,
            "fn.sh": script('tee "$RECORD"'),
        }
        compare(oracle, record, tree(tmp_path / "k", files), *FLAGS)


def test_functions_run_in_the_folder_of_their_kustomization(oracle: Oracle, record: Path, tmp_path: Path) -> None:
    config = configuration()
    files = {
        "base/kustomization.yaml": "resources: [r.yaml]\ntransformers: [sub/fn.yaml]\n",
        "base/r.yaml": SMALL,
        "base/sub/fn.yaml": config,
        "base/fn.sh": script('pwd >> "$RECORD"; cat'),
        "over/kustomization.yaml": "resources: [../base]\nnamePrefix: o-\nbuildMetadata: [originAnnotations, transformerAnnotations]\ntransformers: [fn.yaml, ../plugins]\n",
        "over/fn.yaml": config,
        "over/fn.sh": script('pwd >> "$RECORD"; tee -a "$RECORD"'),
        "plugins/kustomization.yaml": "namePrefix: q-\nresources: [fn.yaml]\n",
        "plugins/fn.yaml": config,
    }
    status, *_ = compare(oracle, record, tree(tmp_path / "k", files) / "over", *FLAGS)
    assert status == 0


@pytest.mark.parametrize("path", ["a/fn.yaml", "fn.yaml", "a/functions/fn.yaml", "/x/fn.yaml"])
def test_a_function_with_a_path_sees_what_is_below_it(oracle: Oracle, record: Path, tmp_path: Path, path: str) -> None:
    config = configuration(annotations=f"config.kubernetes.io/path: {path}\n")
    resources = "---\n".join(
        SMALL.replace("name: c", f"name: c{at}\n  annotations: {{config.kubernetes.io/path: {where}}}")
        for at, where in enumerate(("a/r.yaml", "a/b/r.yaml", "b/r.yaml", "r.yaml", "a/functions/r.yaml"))
    )
    files = {
        "kustomization.yaml": kustomization("transformers", config),
        "r.yaml": f"{resources}---\n{SMALL}",
        "fn.sh": script('tee "$RECORD" | sed "s/a: b/a: c/"'),
    }
    compare(oracle, record, tree(tmp_path / "k", files), *FLAGS)


DOCKER = script(
    'printf "%s" "${0##*/}" > "$RECORD"; for w in "$@"; do printf " [%s]" "$w" >> "$RECORD"; done; echo >> "$RECORD"; tee -a "$RECORD"'
)
CONTAINERS = {
    "plain": ("container: {image: 'gcr.io/x/y:v1'}", ()),
    "environment": ("container: {image: x, envs: [A=1, B, LOG_TO_STDERR=false, C=x=y, B, '=z']}", ()),
    "given environment": ("container: {image: x, envs: [A=1, B]}", ("-e", "A=2", "--env", "D", "-e", "B", "--env", "LOG_TO_STDERR=no")),
    "network": ("container: {image: x, network: true}", ("--network",)),
    "no network asked for": ("container: {image: x}", ("--network", "--network-name", "other")),
    "network name": ("container: {image: x, network: true}", ("--network", "--network-name", "other")),
    "mounts": ("container: {image: x, mounts: [{type: bind, src: ./a, dst: /b}, {type: volume, src: v, dst: /c, rw: true}, {}]}", ()),
    "given mounts": ("container: {image: x}", ("--mount", "type=bind,src=a/../b,dst=/c", "--mount", "type=bind,source=/x,target=/y,rw=true", "--mount", "rw=false,odd")),
    "user": ("container: {image: x}", ("--as-current-user",)),
    "both kinds": ("container: {image: x}\nexec: {path: ./fn.sh}", ("--enable-exec",)),
}  # fmt: skip


@pytest.mark.parametrize("field", ["transformers", "generators"])
@pytest.mark.parametrize("name", CONTAINERS)
def test_the_command_line_of_a_container(
    oracle: Oracle, record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, field: str
) -> None:
    spec, flags = CONTAINERS[name]
    tree(tmp_path / "bin", {"docker": DOCKER})
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    files = {"kustomization.yaml": kustomization(field, configuration(spec)), "r.yaml": SMALL}
    status, *_, seen = compare(oracle, record, tree(tmp_path / "k", files), "--enable-alpha-plugins", *flags)
    assert status == 0
    assert seen.startswith("docker [run]")


def test_a_container_of_the_old_annotation(
    oracle: Oracle, record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path / "bin", {"docker": DOCKER})
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    config = "apiVersion: v1\nkind: Fn\nmetadata:\n  name: fn\n  annotations: {config.kubernetes.io/container: 'a:b'}\n"
    files = {"kustomization.yaml": kustomization("transformers", config), "r.yaml": SMALL}
    compare(oracle, record, tree(tmp_path / "k", files), "--enable-alpha-plugins")


def only(folder: Path, *programs: str) -> str:
    """A search path with nothing but these programs of the system."""
    folder.mkdir(exist_ok=True)
    for program in programs:
        (folder / program).symlink_to(f"/bin/{program}")
    return str(folder)


def test_without_a_container_program(
    oracle: Oracle, record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", only(tmp_path / "bin", "sh"))
    files = {
        "kustomization.yaml": kustomization("transformers", configuration("container: {image: x}")),
        "r.yaml": SMALL,
    }
    status, _, errors, _ = compare(oracle, record, tree(tmp_path / "k", files), "--enable-alpha-plugins")
    assert status == 1
    assert 'exec: "docker": executable file not found in $PATH' in errors


def test_podman_stands_in_for_docker(record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", only(tree(tmp_path / "bin", {"podman": DOCKER}), "sh", "tee"))
    files = {
        "kustomization.yaml": kustomization("transformers", configuration("container: {image: x}")),
        "r.yaml": SMALL,
    }
    done = run(["render", str(tree(tmp_path / "k", files)), "--enable-alpha-plugins"], tmp_path)
    assert (done.status, done.stderr) == (0, "")
    assert recorded(record).startswith("podman [run] [--rm] [-i]")


PLUGIN = script('{ echo "$@" | cut -d" " -f2-; pwd; env | grep ^KUSTOMIZE_PLUGIN_CONFIG | sort; cat "$1"; echo ---; } > "$RECORD"; tee -a "$RECORD"')  # fmt: skip
PLUGIN_CONFIG = "apiVersion: team.example.com/v1\nkind: Old\nmetadata:\n  name: p\n"
PLUGIN_CONFIGS = {
    "plain": PLUGIN_CONFIG
    + "spec: {long: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccc'}\n",
    "one line": PLUGIN_CONFIG + 'argsOneLiner: a \'b c\' "d\\\\"e" f\\ g # no\n',
    "open quote": PLUGIN_CONFIG + "argsOneLiner: a 'b\n",
    "number": PLUGIN_CONFIG + "argsOneLiner: 5\n",
    "list": PLUGIN_CONFIG + "argsOneLiner: [a]\n",
    "file": PLUGIN_CONFIG + "argsFromFile: args.txt\n",
    "both": PLUGIN_CONFIG + "argsFromFile: args.txt\nargsOneLiner: x y\n",
    "missing file": PLUGIN_CONFIG + "argsFromFile: nope.txt\n",
    "core group": PLUGIN_CONFIG.replace("team.example.com/v1", "v1"),
    "unknown": PLUGIN_CONFIG.replace("Old", "Other"),
}


@pytest.mark.parametrize("field", ["transformers", "generators", "validators"])
@pytest.mark.parametrize("name", PLUGIN_CONFIGS)
def test_an_executable_plugin(
    oracle: Oracle, record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, field: str
) -> None:
    home = tree(tmp_path / "plugins", {"team.example.com/v1/old/Old": PLUGIN, "v1/old/Old": PLUGIN})
    monkeypatch.setenv("KUSTOMIZE_PLUGIN_HOME", str(home))
    files = {
        "kustomization.yaml": kustomization(field, PLUGIN_CONFIGS[name]),
        "r.yaml": RESOURCES,
        "args.txt": "a\n  b c\n\n d\n",
    }
    folder = tree(tmp_path / "k", files)
    if field == "validators":
        theirs = oracle(str(folder), *FLAGS)
        if "nodes unequal" in theirs.stderr:
            assert run(["render", str(folder), *FLAGS], folder).status == 1
            return
    compare(oracle, record, folder, "--enable-alpha-plugins")
    compare(oracle, record, folder)


PLUGIN_ANSWERS = {
    "failure": "echo oops >&2; exit 3",
    "quiet failure": "exit 3",
    "noise": "echo oops >&2; cat",
    "no reading": "true",
    "bad yaml": 'echo "a: b: c"',
    "text": "echo hello",
    "twice": f"printf '{MADE}---\\n{MADE}'".replace("\n", "\\n"),
    "made": f"printf '{MADE}'".replace("\n", "\\n"),
    "no kind": 'echo "metadata: {name: x}"',
    "a hash wish": ANSWERS["a hash wish"],
    "a merge": ANSWERS["a merge"],
}


@pytest.mark.parametrize("field", ["transformers", "generators"])
@pytest.mark.parametrize("name", PLUGIN_ANSWERS)
def test_the_answer_of_an_executable_plugin(
    oracle: Oracle, record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, field: str
) -> None:
    home = tree(tmp_path / "plugins", {"team.example.com/v1/old/Old": script(PLUGIN_ANSWERS[name])})
    monkeypatch.setenv("KUSTOMIZE_PLUGIN_HOME", str(home))
    files = {"kustomization.yaml": kustomization(field, PLUGIN_CONFIG), "r.yaml": SMALL}
    compare(oracle, record, tree(tmp_path / "k", files), "--enable-alpha-plugins")


def test_where_executable_plugins_are_looked_for(
    oracle: Oracle, record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"kustomization.yaml": kustomization("generators", PLUGIN_CONFIG), "r.yaml": SMALL}
    folder = tree(tmp_path / "k", files)
    home, name = tmp_path / "home", "team.example.com/v1/old/Old"
    status, _, errors, _ = compare(oracle, record, folder, "--enable-alpha-plugins")
    assert (status, "unable to find plugin root" in errors) == (1, True)
    made = script(f"printf '{MADE}'".replace("\n", "\\n"))
    for at, place in enumerate(
        ("home/kustomize/plugin", "home/.config/kustomize/plugin", "xdg/kustomize/plugin", "own")
    ):
        tree(tmp_path / place, {name: made.replace("made", f"made{at}")})
        if place.startswith("xdg"):
            monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
        if place == "own":
            monkeypatch.setenv("KUSTOMIZE_PLUGIN_HOME", str(tmp_path / "own"))
        status, output, *_ = compare(oracle, record, folder, "--enable-alpha-plugins")
        assert (status, f"made{at}" in output) == (0, True)
    (tmp_path / "own" / name).chmod(0o644)
    compare(oracle, record, folder, "--enable-alpha-plugins")
    (tmp_path / "own" / name).unlink()
    compare(oracle, record, folder, "--enable-alpha-plugins")
    monkeypatch.setenv("KUSTOMIZE_PLUGIN_HOME", str(folder / "r.yaml"))
    compare(oracle, record, folder, "--enable-alpha-plugins")
    monkeypatch.setenv("KUSTOMIZE_PLUGIN_HOME", str(home / "nowhere"))
    compare(oracle, record, folder, "--enable-alpha-plugins")


def test_a_go_plugin_is_answered_as_by_a_static_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tree(tmp_path / "plugins", {"team.example.com/v1/old/Old.so": "x"})
    monkeypatch.setenv("KUSTOMIZE_PLUGIN_HOME", str(home))
    files = {"kustomization.yaml": kustomization("generators", PLUGIN_CONFIG), "r.yaml": SMALL}
    done = run(["render", str(tree(tmp_path / "k", files)), "--enable-alpha-plugins"], tmp_path)
    path = home / "team.example.com/v1/old/Old.so"
    assert done.status == 1
    assert f'Attempting plugin load from "{path}"\n' in done.stderr
    assert done.stderr.endswith(f"plugin {path} fails to load: plugin: not implemented\n")


def test_nothing_runs_unless_it_is_allowed(oracle: Oracle, record: Path, tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": kustomization("generators", configuration()),
        "r.yaml": SMALL,
        "fn.sh": script('echo ran > "$RECORD"'),
    }
    folder = tree(tmp_path / "k", files)
    for flags in ((), ("--enable-exec",), ("--enable-alpha-plugins",)):
        *_, seen = compare(oracle, record, folder, *flags)
        assert seen == ""


def test_a_function_without_resources_gets_its_configuration(oracle: Oracle, record: Path, tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": kustomization("transformers", configuration(), more="resources: []\n"),
        "fn.sh": script('tee "$RECORD"'),
    }
    *_, seen = compare(oracle, record, tree(tmp_path / "k", files), *FLAGS)
    assert "local-config" in seen.partition("functionConfig:")[0]


@pytest.mark.parametrize("text", ["<<", '"\\ta\\nb"', "|\n  a\n  b", '" a\\n b"', "!!binary aGk=", "~", ".5"])
def test_odd_texts_reach_a_function(oracle: Oracle, record: Path, tmp_path: Path, text: str) -> None:
    resource = f"apiVersion: x/v1\nkind: X\nmetadata: {{name: x}}\nspec: {text}\n"
    files = {
        "kustomization.yaml": kustomization("transformers", configuration()),
        "r.yaml": resource,
        "fn.sh": script('tee "$RECORD"'),
    }
    compare(oracle, record, tree(tmp_path / "k", files), *FLAGS)


def test_a_validator_may_return_what_a_transformer_returned(oracle: Oracle, record: Path, tmp_path: Path) -> None:
    steps = kustomization("transformers", configuration()) + kustomization("validators", configuration(), more="")
    for answer, status in (("cat", 0), ("sed 's/a: b/a: c/'", 0)):
        files = {"kustomization.yaml": steps, "r.yaml": SMALL, "fn.sh": script(answer)}
        assert compare(oracle, record, tree(tmp_path / "k", files), *FLAGS)[0] == status
