"""The commands by name, each loading no more than it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.cli import flags
from applier.cli.session import guarded
from applier.failures import EXIT_INPUT

if TYPE_CHECKING:
    from collections.abc import Sequence

ONE, AT_MOST_ONE = (1, 1), (0, 1)


def apply(argv: Sequence[str]) -> int:
    """`kbuild apply DIR|FILE|-`; returns the exit status."""
    from applier.cli.apply import run

    return guarded("apply", argv, flags.APPLY, run, ONE)


def diff(argv: Sequence[str]) -> int:
    """`kbuild diff DIR|FILE|-`; returns 0 where nothing differs, 1 where something does, 2 and more for errors."""
    from applier.cli.diff import run

    return guarded("diff", argv, flags.DIFF, run, ONE, least_error=EXIT_INPUT)


def status(argv: Sequence[str]) -> int:
    """`kbuild status [DIR|FILE|-]`; returns the exit status."""
    from applier.cli.status import run

    return guarded("status", argv, flags.STATUS, run, AT_MOST_ONE)


def delete(argv: Sequence[str]) -> int:
    """`kbuild delete [DIR|FILE|-]`; returns the exit status."""
    from applier.cli.apply import run_delete

    return guarded("delete", argv, flags.DELETE, run_delete, AT_MOST_ONE)


def inventory(argv: Sequence[str]) -> int:
    """`kbuild inventory show|import|rebuild|export`; returns the exit status."""
    from applier.cli.inventory import run

    return run(argv)
