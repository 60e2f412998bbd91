"""The tool that changes code: it makes the changes it says, one at a time, and leaves types and annotations alone."""

from __future__ import annotations

import ast
import sys

import pytest
from code_changes import changed, mutants
from mutants import in_child
from plain_calls import Calls

SOURCE = """
if TYPE_CHECKING:
    from a import b

def f(x: int = 1) -> bool | None:
    if x < 2 and not x:
        return x == 1
    while x:
        x = x - 1
        continue
    g(x)
    return None
"""


def variants() -> list[str]:
    tree = ast.parse(SOURCE)
    return [ast.unparse(changed(tree, mutant)) for mutant in mutants(ast.parse(SOURCE))]


def test_every_change_is_made_once() -> None:
    before = ast.unparse(ast.parse(SOURCE)).splitlines()[2:]
    seen = []
    for text in variants():
        after = text.splitlines()[2:]
        assert len(after) == len(before)
        seen += [line.strip() for old, line in zip(before, after, strict=True) if old != line]
    assert sorted(seen) == sorted(
        [
            "def f(x: int=2) -> bool | None:",
            "if x <= 2 and (not x):", "if x > 2 and (not x):", "if x < 3 and (not x):", "if x < 2 or not x:", "if x < 2 and x:",
            "if True:", "if False:", "return x != 1", "return x == 2", "return None", "x = x + 1", "x = x - 2", "break", "pass",
        ]
    )  # fmt: skip


def test_the_tree_itself_stays() -> None:
    tree = ast.parse(SOURCE)
    before = ast.dump(tree)
    for mutant in mutants(ast.parse(SOURCE)):
        changed(tree, mutant)
    assert ast.dump(tree) == before


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_crash_or_a_loop_without_end_counts_as_noticed() -> None:
    def forever() -> int:
        while True:
            pass

    def broken() -> int:
        raise RuntimeError

    assert in_child(lambda: 7) == 7
    assert in_child(lambda: None) is None
    assert in_child(broken) == -1
    assert in_child(forever, patience_s=1) == -1


CALLS = Calls()


def doubled(number: int, case: int) -> int:
    CALLS.note(sys._getframe(), case)
    return 2 * number


def first(numbers: list[int], case: int) -> int:
    CALLS.note(sys._getframe(), case)
    return numbers[0]


def test_a_change_of_a_plain_function_shows_where_a_call_gives_something_else() -> None:
    assert [doubled(1, 0), doubled(2, 1), doubled(2, 2), first([1], 3)] == [2, 4, 4, 1]
    assert CALLS.knows(["doubled"])
    assert not CALLS.knows(["first"])
    before = CALLS.results("doubled", doubled)
    after = CALLS.results("doubled", lambda number, _case: number + 1 if number == 1 else number // (2 - number))
    assert CALLS.cases_between("doubled", before, before) == set()
    assert CALLS.cases_between("doubled", before, after) == {1, 2}
