"""`--generate`: a folder without a kustomization file, as Flux fetches and renders it."""

from __future__ import annotations

from pathlib import Path

import pytest

import kbuild


def config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


APP = {"app/a.yaml": config_map("a"), "app/deep/b.yml": config_map("b"), "app/deep/er/e.yaml": config_map("e")}
SUB = {"app/sub/kustomization.yaml": "namePrefix: p-\nresources: [s.yaml]\n", "app/sub/s.yaml": config_map("s")}


def render(files: dict[str, str], folder: str = "app") -> kbuild.Result:
    fs = kbuild.MemoryFileSystem({f"/{path}": text for path, text in files.items()})
    return kbuild.render(f"/{folder}", fs=fs, generate=True)


def names(result: kbuild.Result) -> list[str]:
    return [resource.id.name for resource in result.resources]


# claim -> (files, names of what is rendered)
CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "every manifest below it": (APP, ["a", "b", "e"]),
    "a nested kustomization is one resource": ({**APP, **SUB}, ["a", "b", "e", "p-s"]),
    "all three names count": (
        {
            "app/x/Kustomization": SUB["app/sub/kustomization.yaml"],
            "app/x/s.yaml": config_map("s"),
            "app/x/t.yaml": config_map("t"),
        },
        ["p-s"],
    ),
    "a file of comments is listed and gives nothing": ({**APP, "app/c.yaml": "# nothing\n"}, ["a", "b", "e"]),
    "other files are left out": ({**APP, "app/j.json": "{}", "app/README.md": "# x"}, ["a", "b", "e"]),
    "files of CI systems are left out": (
        {
            **APP,
            "app/.github/w.yaml": config_map("w"),
            "app/.drone.yml": "kind: pipeline\n",
            "app/.flux.yaml": "x: y\n",
        },
        ["a", "b", "e"],
    ),
    "a sourceignore of any pattern switches the defaults off": (
        {**APP, "app/.github/w.yaml": config_map("w"), "app/.sourceignore": "/deep/er\n"},
        ["a", "b", "w"],
    ),
    "a sourceignore of comments does not": (
        {**APP, "app/.github/w.yaml": config_map("w"), "app/.sourceignore": "# nothing\n\n"},
        ["a", "b", "e"],
    ),
    "a nested sourceignore holds below its folder": (
        {**APP, "app/deep/.sourceignore": "*.yaml\n"},
        ["a", "b"],
    ),
    "a nested sourceignore can bring back": (
        {**APP, "app/.sourceignore": "*.yaml\n", "app/deep/er/.sourceignore": "!e.yaml\n"},
        ["b", "e"],
    ),
    "everything but one folder": ({**APP, "app/.sourceignore": "/*\n!/deep\n"}, ["b", "e"]),
    "rules above the folder hold up to the repository": (
        {**APP, ".git/HEAD": "x", ".sourceignore": "er/\n"},
        ["a", "b"],
    ),
    "rules above the repository do not": ({**APP, "app/.git/HEAD": "x", ".sourceignore": "er/\n"}, ["a", "b", "e"]),
    "an empty folder gives nothing": ({"app/x.txt": ""}, []),
    "an existing kustomization is used as it is": ({**SUB, "app/sub/t.yaml": config_map("t")}, ["p-s"]),
}


@pytest.mark.parametrize("claim", CASES)
def test_renders(claim: str) -> None:
    files, expected = CASES[claim]
    folder = "app/sub" if claim.startswith("an existing") else "app"
    assert names(render(files, folder)) == expected


def test_entries_are_listed_in_the_order_of_the_walk() -> None:
    files = {**APP, **SUB, "app/comment.yaml": "# c\n"}
    result = render(files)
    assert result.files_read[:4] == ("/app/a.yaml", "/app/comment.yaml", "/app/deep/b.yml", "/app/deep/er/e.yaml")


def test_a_file_that_is_no_manifest_is_refused_with_its_path() -> None:
    with pytest.raises(kbuild.KbuildError) as caught:
        render({**APP, "app/z.yaml": "a: b\n"})
    assert caught.value.reason == "failed to decode Kubernetes YAML from /app/z.yaml: missing Resource metadata"
    assert (caught.value.file, caught.value.line) == ("/app/z.yaml", 1)


def test_hidden_files_are_missing_for_kustomizations_below_as_well() -> None:
    with pytest.raises(kbuild.MissingFileError) as caught:
        render({**APP, **SUB, "app/.sourceignore": "s.yaml\n"})
    assert caught.value.file == "/app/sub/kustomization.yaml"


def test_what_is_left_out_is_told_with_the_reason(tmp_path: Path) -> None:
    for path, text in {**APP, "app/j.json": "{}", "app/p.png": "", "app/deep/er/.sourceignore": "*\n"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "app" / "link.yaml").symlink_to("a.yaml")
    (tmp_path / "app" / "folder").symlink_to("deep")
    result = kbuild.render(tmp_path / "app", generate=True)
    assert names(result) == ["a", "b"]
    assert dict(result.left_out) == {
        "deep/er/.sourceignore": "hidden by ignore rules",
        "deep/er/e.yaml": "hidden by ignore rules",
        "folder": "a link, which Flux does not fetch",
        "link.yaml": "a link, which Flux does not fetch",
        "j.json": "neither .yaml nor .yml",
        "p.png": "neither .yaml nor .yml",
    }


def test_without_it_the_folder_is_an_error() -> None:
    fs = kbuild.MemoryFileSystem({"/app/a.yaml": config_map("a")})
    with pytest.raises(kbuild.MissingFileError, match="unable to find one of"):
        kbuild.render("/app", fs=fs)


# --ignore: claim -> (patterns, what is rendered)
IGNORED: dict[str, tuple[list[str], list[str]]] = {
    "a manifest": (["deep/b.yml"], ["a", "e"]),
    "a folder": (["/deep/"], ["a"]),
    "all but one": (["*", "!a.yaml"], ["a"]),
}


@pytest.mark.parametrize("claim", IGNORED)
def test_patterns_hide_from_generate_as_well(claim: str) -> None:
    patterns, expected = IGNORED[claim]
    fs = kbuild.MemoryFileSystem({f"/{path}": text for path, text in APP.items()})
    assert names(kbuild.render("/app", fs=fs, generate=True, ignore=patterns)) == expected


def test_a_hidden_file_that_is_asked_for_is_missing_and_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(config_map("a"))
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    with pytest.raises(kbuild.MissingFileError, match="no such file or directory"):
        kbuild.render(tmp_path, ignore=["a.yaml"])
    (tmp_path / "rules").write_text("# all\n*.yaml\n!kustomization.yaml\n!a.yaml\n")
    assert names(kbuild.render(tmp_path, ignore_files=[str(tmp_path / "rules")])) == ["a"]
    with pytest.raises(kbuild.MissingFileError, match="no such file or directory"):
        kbuild.render(tmp_path, ignore_files=[str(tmp_path / "gone")])
