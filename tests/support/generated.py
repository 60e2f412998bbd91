"""Generated files, built by the reference and by kbuild: what property tests share."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from against import ours, reference, write_tree
from hypothesis import HealthCheck, settings

import kbuild


def examples(count: int) -> settings:
    """So many examples in an ordinary run; the profile `search` decides for itself."""
    chosen = (
        int(os.environ.get("KBUILD_EXAMPLES", "2000")) if os.environ.get("KBUILD_HYPOTHESIS") == "search" else count
    )
    return settings(max_examples=chosen, suppress_health_check=list(HealthCheck))


def assert_agree(oracle: Callable[..., object], folder: Path, files: Mapping[str, str]) -> None:
    """Both programs build the same output of these files, or fail with the same sentence.

    Which of several wrong references it tells is random in the reference: it is then asked again.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_tree(folder, files)
    found = ours(str(folder), cwd=folder.parent)
    for _ in range(20):
        expected = reference(oracle, str(folder))  # type: ignore[arg-type]
        if found == expected or "found multiple possible referrals" not in expected[2]:
            break
    assert found == expected, dict(files)


def built(files: Mapping[str, str]) -> str:
    """What kbuild makes of files in memory. Raises: KbuildError."""
    fs = kbuild.MemoryFileSystem({f"/a/{name}": text for name, text in files.items()})
    return kbuild.render("/a", fs=fs).to_yaml()


def as_block(value: Any, indent: str = "") -> str:
    """A value as block YAML with its scalars as JSON writes them. Shape: a whole number of lines."""
    if isinstance(value, dict) and value:
        lines = []
        for key, item in value.items():
            nested = isinstance(item, dict | list) and item
            lines.append(
                f"{indent}{key}:" + (f"\n{as_block(item, indent + '  ')}" if nested else f" {json.dumps(item)}\n")
            )
        return "".join(lines)
    if isinstance(value, list) and value:
        return "".join(f"{indent}- {as_block(item, indent + '  ').lstrip(' ')}" for item in value)
    return f"{indent}{json.dumps(value)}\n"
