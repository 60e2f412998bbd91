"""What the project's files may say: no path of a machine, no unfinished work, and a sentence for everything public."""

from __future__ import annotations

import ast

from source_tree import modules, texts

# Put together here, so that this file does not name them itself.
MACHINE_PATHS = ("/" + "work/", "/" + "root/", "/" + "farm/", "." + "library", "/home/" + "runner")
HOSTS = ("pypi" + ".org", "proxy.golang" + ".org", "npmjs" + ".org", "crates" + ".io")
MAKERS = ("open" + "ai", "anthro" + "pic", "chat" + "gpt", "clau" + "de", "copi" + "lot", "language " + "model")
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X:")


def lines_with(words: tuple[str, ...], *, fold: bool = False, suffix: str = "") -> list[str]:
    found = []
    for name, text in texts():
        if name.endswith(suffix):
            for number, line in enumerate(text.splitlines(), 1):
                where = line.lower() if fold else line
                found += [f"{name}:{number}: {word}" for word in words if word in where]
    return found


def test_no_file_names_a_path_of_a_machine() -> None:
    wrong = lines_with(MACHINE_PATHS)
    assert not wrong, "\n".join(wrong)


def test_no_file_names_a_registry_or_a_maker() -> None:
    wrong = lines_with(HOSTS + MAKERS, fold=True)
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_unfinished() -> None:
    wrong = lines_with(UNFINISHED, suffix=".py")
    assert not wrong, "\n".join(wrong)


def test_every_module_says_what_it_is_for() -> None:
    wrong = [
        str(path)
        for path, tree in modules("kbuild", "applier", "tools", "benchmarks", "tests")
        if tree.body and not ast.get_docstring(tree)
    ]
    assert not wrong, "\n".join(wrong)


def test_everything_public_has_a_docstring() -> None:
    wrong = []
    for path, tree in modules("kbuild", "applier"):
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                wrong.append(f"{path}:{node.lineno}: {node.name}")
    assert not wrong, "\n".join(wrong)


def test_docstrings_use_the_headings_of_the_house() -> None:
    wrong = []
    for path, tree in modules("kbuild", "applier"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                text = ast.get_docstring(node) or ""
                for word in ("Args:", "Returns:", "Parameters", ":param", ":return"):
                    if any(line.strip().startswith(word) for line in text.splitlines()):
                        wrong.append(f"{path}:{getattr(node, 'lineno', 1)}: {word}")
    assert not wrong, "\n".join(wrong)
