"""Scenarios need the command that applies; until it is there they are left out."""

from __future__ import annotations

import pytest

from kbuild.cli.main import COMMANDS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what cannot run yet."""
    if "apply" not in COMMANDS:
        for item in items:
            if "/scenario/" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="there is no command that applies"))
