"""Keys and certificates as files for programs that read nothing else: only we can read them, and not for long."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def key_files(**contents: bytes) -> Iterator[dict[str, str]]:
    """Paths of files with these contents, for as long as the block lasts; empty contents have no file."""
    folder = Path(tempfile.mkdtemp(prefix="kbuild-keys-"))
    try:
        paths = {}
        for name, content in contents.items():
            if content:
                paths[name] = str(folder / name)
                descriptor = os.open(paths[name], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
        yield paths
    finally:
        shutil.rmtree(folder, ignore_errors=True)
