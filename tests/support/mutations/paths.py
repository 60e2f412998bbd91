"""Mistakes that people make with paths: where files are, what they are called, and what is asked to be built."""

from __future__ import annotations

import posixpath

from trees.choice import Choice

from mutations.nodes import Place, Scalar, build, places, put, raw
from mutations.seeds import NAMES
from mutations.work import Work

OTHER_NAMES = ("Kustomization.yaml", "kustomization.YAML", "kustomize.yaml", "kustomization.yaml.bak", "kustomization", "kustomization.yml", "Kustomization", "kustomization.json", "kustomization.yaml ")  # fmt: skip
ODD_NAMES = ("a b.yaml", "é.yaml", "漢字.yaml", "-x.yaml", "a#b.yaml", "a?b.yaml", "a:b.yaml", "a@b.yaml", "a%20b.yaml", "$(A).yaml", "UPPER.YAML", "x", ".hidden.yaml", "a,b.yaml", "a=b.yaml", "a&b.yaml", "a//b.yaml",
             "~x.yaml", "*.yaml", "[a].yaml", "x.json", "x.txt", "1", "true", "a\\b.yaml", "sub/deep/x.yaml", "x.yaml.yaml", "git.yaml", "x.git", "a..b.yaml", "...", "x.")  # fmt: skip
CONTENTS = (b"", b"\n", b"---\n", b"{}\n", b"null\n", b"# nothing\n", b"- a\n", b"a\n", b"\x00\x01\x02", b"\xff\n", b"a: [\n", b" ", b"...\n", b"---\n---\n", b"kind: X\n", b"%YAML 1.2\n---\n", b"apiVersion: v1\nkind: ConfigMap\n")  # fmt: skip
TARGETS = ("{}/", "./{}", "{}/.", "{}/../{last}", "{}//", "{}/kustomization.yaml", "{}/nope", "./{}/./", "x/../{}", "{}/*", " {}", "file://{}", "{}?ref=x", "{}#x", "{}\\", "~/{}")  # fmt: skip


def named(work: Work) -> tuple[str, list[Place], object] | None:
    """(kustomization, places of its paths that are there, its map)."""
    name = work.kustomization()
    body = work.body(name) if name is not None else None
    if name is None or body is None:
        return None
    held = [
        place
        for place in places(body)
        if isinstance(place.node, Scalar)
        and place.node.value
        and "\n" not in place.node.value
        and there(work, name, place.node.value)
    ]
    return (name, held, body) if held else None


def there(work: Work, kustomization: str, path: str) -> bool:
    """Whether a word names a file or folder as seen from a kustomization; `key=path` counts, too."""
    full = posixpath.normpath(work.beside(kustomization, path.rpartition("=")[2]))
    return full in work.files or any(name.startswith(full + "/") for name in work.files)


def misspelt(choice: Choice, path: str, folder: str) -> str:
    """A path that is nearly the same, or the same in another spelling."""
    head, slash, last = path.rpartition("/")
    stem, _, ending = last.rpartition(".")
    return choice.one((
        path + "/", "./" + path, "../" + path, f"x/../{path}", f"../{folder}/{path}", path.replace("/", "\\"), ".\\" + path, "C:\\" + path, "/" + path, f"/{folder}/{path}", "~/" + path, f"file://{path}", f"file:///{path}", f"file://./{path}",
        path.upper(), path.capitalize(), path + " ", " " + path, path + "x", path[:-1], head + slash + stem, f"{head}{slash}{stem}.{'yml' if ending == 'yaml' else 'yaml'}", f"{path}/kustomization.yaml", path + "/.", path + "/..", path.replace("/", "//"),
        "*.yaml", head + slash + "*", "", ".", "..", "/", "$DIR/" + path, f"{path}?ref=v1", f"{path}#x", path + "\n", path.replace(".", ". ", 1), head or ".", f"{path},{path}", f"{path} {path}", path + "\u200b", f"./././{path}", f"{path}.yaml", f"{path}=x",
        f"x={path}", f"{{{path}}}", path + "//", last, f"base/{path}", f"../../{path}", f"../../../../../../../../{path}", path + "\\",
    ))  # fmt: skip


def spelling(work: Work) -> None:
    """A path in a kustomization that is written in another way, or wrongly."""
    if found := named(work):
        name, held, body = found
        place = work.choice.one(held)
        folder = posixpath.basename(posixpath.dirname(name))
        place.put(build(misspelt(work.choice, place.node.value, folder)))
        work.write(name, [body])  # type: ignore[list-item]


def moved(work: Work) -> None:
    """A file under another name: with the paths that lead to it, or without them."""
    choice = work.choice
    name = choice.one(sorted(work.files))
    folder, _, last = name.rpartition("/")
    new = choice.one(OTHER_NAMES) if last in NAMES and choice.chance(0.8) else choice.one(ODD_NAMES)
    if choice.chance(0.2):
        new = choice.one(
            (last.upper(), last.capitalize(), f"{last}x", f"sub/{last}", f"../{last}", last.replace(".yaml", ".yml"))
        )
    path = posixpath.normpath(f"{folder}/{new}")
    if path.startswith("..") or path in work.files or len(work.files) == 1:
        return
    work.files[path] = work.files.pop(name)
    if not choice.chance(0.6):
        return
    for kustomization in work.kustomizations():
        body = work.body(kustomization)
        here = posixpath.dirname(kustomization)
        for place in list(places(body)) if body is not None else ():
            if isinstance(place.node, Scalar) and posixpath.normpath(f"{here}/{place.node.value}") == name:
                place.put(build(posixpath.relpath(path, here)))
        if body is not None:
            work.write(kustomization, [body])


def link(work: Work) -> None:
    """A symbolic link in the place of a file or folder: to the same thing elsewhere, to nothing, to itself, or out of the tree."""
    choice = work.choice
    name = choice.one(sorted(work.files))
    folder, _, last = name.rpartition("/")
    roll = choice.number(0, 5)
    if roll == 0:
        work.files[f"elsewhere/{last}"] = work.files.pop(name)
        work.tree.links[name] = posixpath.relpath(f"elsewhere/{last}", folder)
    elif roll == 1:
        work.files[f"{folder}/real-{last}"] = work.files.pop(name)
        work.tree.links[name] = f"real-{last}"
    elif roll == 2:
        del work.files[name]
        work.tree.links[name] = choice.one(("nope", last, "/dev/null", ".", "..", "/nope/x", "/"))
    elif folder.count("/") >= 1 or folder != work.tree.target:
        below = [path for path in work.files if path.startswith(folder + "/")]
        for path in below:
            work.files["elsewhere" + path[len(folder) :]] = work.files.pop(path)
        work.tree.links[folder] = posixpath.relpath("elsewhere", posixpath.dirname(folder) or ".")
    else:
        work.tree.links["linked"] = work.tree.target
        work.tree.target = "linked"


def kind_of_file(work: Work) -> None:
    """A folder in the place of a file, a file in the place of a folder, an empty folder, a file without content."""
    choice = work.choice
    name = choice.one(sorted(work.files))
    folder, _, last = name.rpartition("/")
    roll = choice.number(0, 5)
    if roll == 0:
        content = work.files.pop(name)
        work.files[f"{name}/{choice.one((last, 'kustomization.yaml', 'keep.txt'))}"] = content
    elif roll == 1 and folder != work.tree.target:
        content = work.files[name]
        for path in [path for path in work.files if path.startswith(folder + "/")]:
            del work.files[path]
        work.files[folder] = content
    elif roll == 2:
        for path in [path for path in work.files if path.startswith(folder + "/") and path.rpartition("/")[2] in NAMES]:
            del work.files[path]
        work.files.setdefault(f"{folder}/keep.txt", b"")
    elif roll == 3 and len(work.files) > 1:
        del work.files[name]
    elif roll == 4:
        work.files[f"{folder}/{choice.one(NAMES)}"] = work.files[choice.one(sorted(work.files))]
    else:
        work.files[name] = choice.one(CONTENTS)


def circle(work: Work) -> None:
    """A kustomization that lists itself, the one that lists it, its own file, or a file as a folder."""
    name = work.kustomization()
    body = work.body(name) if name is not None else None
    if name is None or body is None:
        return
    choice, here = work.choice, posixpath.dirname(name)
    goal = choice.one((".", "./", f"../{posixpath.basename(here)}", posixpath.relpath(work.tree.target, here), "..", "kustomization.yaml", posixpath.basename(name), posixpath.relpath(choice.one(sorted(work.files)), here), "/", here))  # fmt: skip
    field = choice.one(("resources", "resources", "resources", "components", "bases", "crds", "configurations", "transformers", "generators", "validators", "patchesStrategicMerge"))  # fmt: skip
    entries = (
        [build(goal)] if choice.chance(0.9) else [build(goal), raw(choice.one(("null", "''", "1", "{}", "[a]", "- a")))]
    )
    put(
        body,
        field,
        build(
            [*(place.node for place in places(body) if place.path[:1] == (field,) and len(place.path) == 2), *entries]
        ),
    )
    work.write(name, [body])


def asked(work: Work) -> None:
    """The folder to build in another spelling, a file in its place, or words of the command that are no flags."""
    choice, target = work.choice, work.tree.target
    if choice.chance(0.6):
        work.tree.target = choice.one(TARGETS).format(target, last=posixpath.basename(target))
    else:
        work.tree.arguments += choice.one((["--reorder"], ["--reorder", ""], ["--odd"], ["-x"], ["--load-restrictor"], ["--load-restrictor", "none"], ["--load-restrictor="], ["--load_restrictor", "LoadRestrictionsNone"], ["-o", ""], ["-o", "nope/out.yaml"], ["-o", "-"], ["--output"], ["--enable-helm=maybe"],
                                            ["--enable-alpha-plugins=false"], ["--as-current-user"], ["-e", ""], ["-e", "A"], ["--env", "A=b,C=d"], ["--help-command", "x"], ["--helm-command", ""], ["--network=yes"], ["--mount", "x"], ["--helm-kube-version", "x"], ["extra"], ["--", "extra"], ["-"], ["--reorder", "none", "--reorder", "legacy"], ["-eA=b"], ["-oout.yaml"], ["--enable-star"]))  # fmt: skip


CHANGES = (spelling, spelling, spelling, spelling, moved, moved, link, link, kind_of_file, kind_of_file, circle, circle, asked)  # fmt: skip
