"""Render all folders that are named, in one process."""

from __future__ import annotations

import sys

import kbuild

for path in sys.argv[1:]:
    kbuild.render(path).to_yaml()
