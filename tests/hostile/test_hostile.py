"""Input that means harm, or that nobody meant: answered within 5 s of one processor and 1 GiB, and never by a traceback.

Each case is a small tree and how its build ends: the end of the error, or `""` for a build that succeeds. Where the
reference answers, the error is its own; it waits for ever at a pipe, and takes all memory for some of the others.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from against import write_tree

CPU_S, MEMORY = 5, 1 << 30
HEAD = "kind: A\nmetadata:\n  name: a\n"
RESOURCES = "resources: [r.yaml]\n"


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))


def render(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """(status, output, error) of a process that has little time and memory."""
    command = [sys.executable, "-m", "kbuild", "render", *(arguments or (".",))]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, check=False, timeout=120, preexec_fn=bounded, stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")


def check(folder: Path, expected: str, *arguments: str) -> str:
    """Render and compare; returns the output."""
    status, out, err = render(folder, *arguments)
    assert "Traceback" not in err
    if expected:
        assert (status, out) == (1, ""), err[-500:]
        assert err.rstrip().endswith(expected), err[-500:]
    else:
        assert (status, err) == (0, "")
    return out


def malformed(reason: str) -> str:
    return f"MalformedYAMLError: yaml: {reason} in File: r.yaml"


DEPTH = malformed("exceeded max depth of 250")
ALIASING = malformed("document contains excessive aliasing")
CONTROL = malformed("control characters are not allowed")
OCTET = malformed("invalid leading UTF-8 octet")


def lines(count: int, text: str) -> str:
    """A line for each number, which stands for the `@`."""
    return "".join([text.replace("@", str(number)) for number in range(count)])


def doubled(start: str, line: str, count: int) -> str:
    """An anchor, and lines that each use the anchor before them (`@`) and set the next (`#`)."""
    return start + "".join([line.replace("@", str(at)).replace("#", str(at + 1)) for at in range(count)])


YAML: dict[str, tuple[Callable[[], str | bytes], str]] = {
    # aliases
    "alias-bomb": (lambda: HEAD + doubled("a: &a0 [x, x]\n", "b#: &a# [*a@, *a@, *a@, *a@, *a@, *a@, *a@, *a@]\n", 9), ALIASING),
    "alias-bomb-of-maps": (lambda: HEAD + doubled("a: &a0 {x: 1}\n", "b#: &a# {p: *a@, q: *a@, r: *a@}\n", 20), ALIASING),
    "merge-chain": (lambda: HEAD + doubled("a: &a0 {x: 1}\n", "b#: &a#\n  <<: *a@\n  k#: 1\n", 1000), ALIASING),
    "alias-of-itself": (lambda: HEAD + "a: &a [*a]\n", malformed("anchor 'a' value contains itself")),
    "merge-of-itself": (lambda: HEAD + "a: &a\n  <<: *a\n", ""),
    "many-anchors": (lambda: HEAD + "d:\n" + lines(20_000, "  k@: &a@ v\n") + "e:\n" + lines(20_000, "  k@: *a@\n"), ""),
    "many-merges": (
        lambda: HEAD + "b: &b {" + lines(100, "k@: 1, ") + "}\nd:\n" + lines(2000, "  e@: {<<: *b}\n"), "",
    ),
    "a-merge-of-many": (lambda: HEAD + "b: &b {x: 1}\nd:\n  <<: [" + "*b, " * 20_000 + "]\n", ""),
    # long lines
    "line-plain": (lambda: HEAD + "k: " + "x" * 10_000_000 + "\n", ""),
    "line-words": (lambda: HEAD + "k: " + "xy " * 3_300_000 + "\n", ""),
    "line-single": (lambda: HEAD + "k: '" + "x'' " * 1_500_000 + "'\n", ""),
    "line-double": (lambda: HEAD + 'k: "' + "x\\n" * 1_500_000 + '"\n', ""),
    "line-unicode": (lambda: HEAD + 'k: "' + "é😀" * 700_000 + '"\n', ""),
    "line-flow": (lambda: HEAD + "k: [" + "x," * 400_000 + "]\n", ""),
    "line-comment": (lambda: HEAD + "#" * 10_000_000 + "\n", ""),
    "line-blanks": (lambda: HEAD + " " * 10_000_000 + "\n", ""),
    "line-tabs": (lambda: HEAD + "k:" + "\t" * 10_000_000 + "v\n", ""),
    "line-key": (lambda: HEAD + "k" * 10_000_000 + ": v\n", malformed("line 4: could not find expected ':'")),
    "line-tag": (lambda: HEAD + "k: !" + "x" * 10_000_000 + " v\n", ""),
    "line-anchor": (lambda: HEAD + "k: &" + "x" * 10_000_000 + " v\n", ""),
    "line-colons": (
        lambda: HEAD + "k: " + "a:" * 4_000_000 + "\n", malformed("line 4: mapping values are not allowed in this context"),
    ),
    "line-dashes": (
        lambda: HEAD + "k: " + "- " * 1_000_000 + "\n",
        malformed("line 4: block sequence entries are not allowed in this context"),
    ),
    "line-open-quote": (lambda: HEAD + 'k: "' + "x" * 10_000_000 + "\n", malformed("line 4: found unexpected end of stream")),
    "line-brackets": (lambda: HEAD + "k: " + "[" * 1_000_000 + "\n", malformed("line 4: exceeded max depth of 10000")),
    # nesting
    "deep-block": (lambda: HEAD + "".join([" " * at + "k:\n" for at in range(10_000)]), DEPTH),
    "deep-dashes": (lambda: HEAD + "k:\n" + "- " * 10_000 + "x\n", DEPTH),
    "deep-questions": (lambda: HEAD + "? " * 10_000 + "a\n", DEPTH),
    "deep-flow": (lambda: HEAD + "k: " + "[" * 10_000 + "]" * 10_000 + "\n", DEPTH),
    "deep-flow-maps": (lambda: HEAD + "k: " + "{a: " * 9_990 + "}" * 9_990 + "\n", DEPTH),
    "deep-json": (
        lambda: '{"kind":"A","metadata":{"name":"a"},"k":' + "[" * 10_000 + "]" * 10_000 + "}",
        malformed("exceeded max depth of 10000"),
    ),
    "deep-enough": (lambda: HEAD + "k: " + "[" * 240 + "]" * 240 + "\n", ""),
    # many
    "documents": (lambda: "---\n".join([HEAD.replace("name: a", f"name: a{at}") for at in range(100_000)]), ""),
    "empty-documents": (lambda: "# c\n---\n" * 100_000, ""),
    "equal-documents": (lambda: (HEAD + "---\n") * 100_000, "file is not directory"),
    "keys": (lambda: HEAD + "d:\n" + lines(100_000, "  k@: v@\n"), ""),
    "equal-keys": (
        lambda: HEAD + "d:\n" + "  k: v\n" * 100_000, 'line 10005: mapping key "k" already defined at line 5',
    ),
    "pairs-of-keys": (
        lambda: HEAD + "d:\n" + lines(9_000, "  k@: v\n  k@: v\n"),
        'line 18004: mapping key "k8999" already defined at line 18003',
    ),
    "keys-of-digits": (lambda: HEAD + "d:\n" + lines(4000, "  " + "1" * 800 + "@: v\n"), ""),
    "maps-in-a-list": (lambda: HEAD + "d:\n" + "- {a: b, c: d}\n" * 150_000, ""),
    "tags": (lambda: HEAD + "d:\n" + lines(20_000, "  k@: !t@ v\n"), ""),
    "comments": (lambda: HEAD + "# c\n" * 200_000, ""),
    "comments-behind-an-anchor": (lambda: HEAD + "k: &a\n" + lines(20_000, "  # c\n\n  k@: v # x\n"), ""),
    "blank-lines": (lambda: HEAD + "\n" * 3_000_000, ""),
    "lines-of-a-plain-text": (lambda: HEAD + "k: a\n" + "  b\n" * 500_000, ""),
    "lines-of-a-literal": (lambda: HEAD + "k: |\n" + "  b\n" * 1_000_000, ""),
    "lines-of-a-folded-text": (lambda: HEAD + "k: >\n" + "  b\n   c\n" * 100_000, ""),
    "lines-of-a-quoted-text": (lambda: HEAD + 'k: "a\n' + "  b\n" * 500_000 + '"\n', ""),
    # numbers
    "integer": (lambda: HEAD + "k: " + "9" * 1_000_000 + "\n", ""),
    "integer-in-base-16": (lambda: HEAD + "k: 0x" + "f" * 1_000_000 + "\n", ""),
    "zeros": (lambda: HEAD + "k: " + "0" * 1_000_000 + "\n", ""),
    "underscores": (lambda: HEAD + "k: 1" + "_" * 1_000_000 + "\n", ""),
    "exponent": (lambda: HEAD + "k: 1e" + "9" * 1_000_000 + "\n", ""),
    "fraction": (lambda: HEAD + "k: 0." + "9" * 1_000_000 + "\n", ""),
    "base-60": (lambda: HEAD + 'k: "1' + ":59" * 1_000_000 + '"\n', ""),
    # octets
    "nul": (lambda: HEAD + "k: a\0b\n", CONTROL),
    "all-octets": (lambda: bytes(range(256)) * 100, CONTROL),
    "utf-16": (lambda: HEAD.encode("utf-16"), ""),
    "utf-16-big": (lambda: b"\xfe\xff" + HEAD.encode("utf-16-be"), ""),
    "utf-32": (lambda: HEAD.encode("utf-32"), CONTROL),
    "no-utf-8": (lambda: HEAD.encode() + b"k: \xff\xfe\n", OCTET),
}  # fmt: skip


@pytest.mark.parametrize("name", YAML)
def test_a_resource_file_of_any_kind_is_answered(name: str, tmp_path: Path) -> None:
    source, expected = YAML[name]
    text = source()
    (tmp_path / "kustomization.yaml").write_text(RESOURCES)
    (tmp_path / "r.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    check(tmp_path, expected)


def one(text: str, **files: str) -> Callable[[], dict[str, str]]:
    """A kustomization, a resource beside it and more files (`_` stands for a dot)."""
    return lambda: {
        "kustomization.yaml": text,
        "r.yaml": HEAD,
        **{name.replace("_", "."): files[name] for name in files},
    }


def patched(operations: str) -> Callable[[], dict[str, str]]:
    return one(RESOURCES + "patches: [{path: p.json, target: {kind: A}}]\n", p_json=operations)


def targeted(pattern: str) -> Callable[[], dict[str, str]]:
    """A patch whose target is an expression, and a resource of a long name."""
    entry = {"patch": '[{"op": "add", "path": "/k", "value": 1}]', "target": {"name": pattern}}
    tree = {"resources": ["r.yaml"], "patches": [entry]}
    return lambda: {"kustomization.yaml": json.dumps(tree), "r.yaml": HEAD.replace("name: a", "name: " + "a" * 200)}


def chain(count: int) -> dict[str, str]:
    """A folder that has the next as its base, and so on."""
    files = {f"d{at}/kustomization.yaml": f"namePrefix: p\nresources: [../d{at + 1}]\n" for at in range(count)}
    last = {f"d{count}/kustomization.yaml": RESOURCES, f"d{count}/r.yaml": HEAD}
    return {"kustomization.yaml": "resources: [d0]\n", **files, **last}


TOO_LARGE = "into Go value of type float64"
NO_INT = "json: cannot unmarshal string into Go struct field Replica.replicas.count of type int64"
TREES: dict[str, tuple[Callable[[], dict[str, str]], str]] = {
    "alias-bomb": (one(RESOURCES + doubled("a: &a0 [x, x]\n", "b#: &a# [*a@, *a@, *a@, *a@, *a@, *a@, *a@]\n", 9)), "excessive aliasing"),
    "deep": (one(RESOURCES + "k: " + "[" * 10_000 + "]" * 10_000 + "\n"), "exceeded max depth of 250"),
    "deep-json": (one('{"resources":["r.yaml"],"k":' + "[" * 10_000 + "]" * 10_000 + "}"), "exceeded max depth of 10000"),
    "nul": (one(RESOURCES + "namePrefix: a\0\n"), "yaml: control characters are not allowed"),
    "entries": (one("resources:\n" + "- r.yaml\n" * 100_000), "file is not directory"),
    "missing-entries": (one("resources:\n" + lines(100_000, "- r@.yaml\n")), "r0.yaml: no such file or directory"),
    "name-of-a-file-with-a-nul": (one('resources: ["r\\0.yaml"]\n'), "r\0.yaml: invalid argument"),
    "name-of-a-file-too-long": (one("resources: [" + "r" * 5000 + "]\n"), "r: file name too long"),
    "long-prefix": (one(RESOURCES + "namePrefix: " + "p" * 1_000_000 + "\n"), ""),
    "replicas": (one(RESOURCES + "replicas: [{name: a, count: " + "9" * 5000 + "}]\n"), NO_INT),
    "annotation-of-digits": (one(RESOURCES + "commonAnnotations: {a: " + "9" * 5000 + "}\n"), ""),
    # patches
    "patch-deep": (patched('[{"op":"add","path":"/k","value":' + "[" * 10_000 + "]" * 10_000 + "}]"), 'unable to parse SM or JSON patch from [path: "p.json"]'),
    "patch-deep-path": (patched('[{"op":"add","path":"' + "/k" * 100_000 + '","value":1}]'), '/k/k": missing value'),
    "patch-wide": (patched("[" + ",".join([f'{{"op":"add","path":"/k{at}","value":1}}' for at in range(20_000)]) + "]"), ""),
    "patch-copy-bomb": (
        patched('[{"op":"add","path":"/k","value":["x"]}' + ',{"op":"copy","from":"/k","path":"/k/0"}' * 40 + "]"),
        "copy operation does not apply: /k holds more than 100000 values",
    ),
    "patch-index": (patched('[{"op":"add","path":"/k","value":[]},{"op":"add","path":"/k/999999999999","value":1}]'), "invalid index referenced"),
    "patch-integer": (patched('[{"op":"add","path":"/k","value":' + "9" * 400 + "}]"), TOO_LARGE),
    "patch-long-integer": (patched('[{"op":"add","path":"/k","value":' + "9" * 5000 + "}]"), TOO_LARGE),
    "patch-exponent": (patched('[{"op":"add","path":"/k","value":1e999999999}]'), TOO_LARGE),
    # expressions
    "expression-plus": (targeted("(a+)+b"), ""),
    "expression-or": (targeted("(a|a)*b"), ""),
    "expression-copies": (targeted("(a{0,31}){0,31}b"), ""),
    "expression-optional": (targeted("a?" * 5000 + "b"), ""),
    "expression-deep": (targeted("(" * 5000 + ")" * 5000), ")$`"),
    "image-expression": (
        lambda: {
            "kustomization.yaml": RESOURCES + "images: [{name: (x+x+)+y, newTag: v2}]\n",
            "r.yaml": f"kind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: {'x' * 200}}}]}}\n",
        },
        "",
    ),
    # replacements
    "replacement-explosion": (
        lambda: {
            "kustomization.yaml": RESOURCES
            + "replacements:\n"
            + "- source: {kind: A, fieldPath: k}\n  targets: [{select: {kind: A}, fieldPaths: [k], options: {delimiter: x, index: 99}}]\n" * 18,
            "r.yaml": HEAD + "k: axb\n",
        },
        "",
    ),
    # bases
    "cycle-of-one": (lambda: {"kustomization.yaml": "resources: [.]\n"}, "contains visited root '{root}'"),
    "cycle-of-two": (
        lambda: {"kustomization.yaml": "resources: [x]\n", "x/kustomization.yaml": "resources: [..]\n"},
        "candidate root '{root}' contains visited root '{root}/x'",
    ),
    "long-chain": (lambda: chain(150), ""),
    # generators
    "large-file": (lambda: {"kustomization.yaml": "configMapGenerator: [{name: a, files: [f]}]\n", "f": "x" * 20_000_000}, ""),
    "file-of-many-lines": (lambda: {"kustomization.yaml": "configMapGenerator: [{name: a, files: [f]}]\n", "f": "xy\n" * 1_500_000}, ""),
    "many-variables": (lambda: {"kustomization.yaml": "configMapGenerator: [{name: a, envs: [f]}]\n", "f": lines(50_000, "k@=v\n")}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", TREES)
def test_a_tree_of_any_kind_is_answered(name: str, tmp_path: Path) -> None:
    source, expected = TREES[name]
    write_tree(tmp_path, source())
    check(tmp_path, expected.replace("{root}", str(tmp_path)))


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(path.parent)
        server.bind(path.name)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def link_to_a_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


NO_DEVICE = "open {root}/f: no such device or address"
SPECIAL = {
    pipe: NO_DEVICE,
    unix_socket: NO_DEVICE,
    link_to_a_pipe: "open {root}/pipe: no such device or address",
    endless: "security; file '{root}/f' is not in or below '{root}'",
    link_to_itself: "evalsymlink failure on '{root}/f' : EvalSymlinks: too many links",
    Path.mkdir: "'{root}/f' must resolve to a file",
}
USES = {
    "generator": "configMapGenerator: [{name: a, files: [f]}]\n",
    "variables": "configMapGenerator: [{name: a, envs: [f]}]\n",
    "patch": RESOURCES + "patches: [{path: f}]\n",
    "configuration": RESOURCES + "configurations: [f]\n",
    "crd": RESOURCES + "crds: [f]\n",
    "openapi": RESOURCES + "openapi: {path: f}\n",
    "replacements": RESOURCES + "replacements: [{path: f}]\n",
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("make", SPECIAL, ids=lambda make: make.__name__)
def test_a_file_that_is_none_is_refused(
    make: Callable[[Path], None], use: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path, {"kustomization.yaml": USES[use], "r.yaml": HEAD})
    make(tmp_path / "f")
    check(tmp_path, SPECIAL[make].replace("{root}", str(tmp_path)))


@pytest.mark.parametrize(
    "make", [pipe, unix_socket, link_to_itself, endless, Path.mkdir], ids=lambda make: make.__name__
)
@pytest.mark.parametrize("name", ["r.yaml", "kustomization.yaml"])
def test_a_manifest_that_is_no_file_is_refused(
    make: Callable[[Path], None], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "r.yaml":
        write_tree(tmp_path, {"kustomization.yaml": RESOURCES})
    make(tmp_path / name)
    status, out, err = render(tmp_path)
    assert (status, out) == (1, "")
    assert "Traceback" not in err
    assert name in err


def test_a_device_without_an_end_is_read_to_a_bound(tmp_path: Path) -> None:
    write_tree(tmp_path, {"kustomization.yaml": "configMapGenerator: [{name: a, files: [f]}]\n"})
    endless(tmp_path / "f")
    check(tmp_path, f"open {tmp_path}/f: file too large", ".", "--load-restrictor", "LoadRestrictionsNone")


def test_a_pipe_that_somebody_writes_to_is_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {"kustomization.yaml": RESOURCES})
    pipe(tmp_path / "r.yaml")
    writer = os.open(tmp_path / "r.yaml", os.O_RDWR)
    os.write(writer, b"kind: A\n")

    def end() -> None:
        os.write(writer, b"metadata: {name: a}\n")
        os.close(writer)

    # By then the reader waits for more.
    late = threading.Timer(1.5, end)
    late.start()
    assert check(tmp_path, "") == HEAD
    late.join()


def test_links_between_folders_end_as_a_cycle(tmp_path: Path) -> None:
    write_tree(tmp_path, {"kustomization.yaml": "resources: [x/up]\n", "x/f": ""})
    (tmp_path / "x/up").symlink_to("..")
    check(tmp_path, f"candidate root '{tmp_path}' contains visited root '{tmp_path}'")


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "..", "a/../../b", "a\0b", "."])
def test_no_name_leaves_the_folder_of_the_output(name: str, tmp_path: Path) -> None:
    quoted = json.dumps(name)
    write_tree(tmp_path, {"in/kustomization.yaml": RESOURCES, "in/r.yaml": f"kind: A\nmetadata: {{name: {quoted}}}\n"})
    (tmp_path / "out/deep").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    status, out, err = render(tmp_path, "in", "-o", "out/deep")
    assert out == ""
    assert "Traceback" not in err
    added = [path.relative_to(tmp_path) for path in sorted(tmp_path.rglob("*")) if path not in before]
    assert all(path.parent == Path("out/deep") for path in added)
    assert len(added) == (1 if status == 0 else 0)
