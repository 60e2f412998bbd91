"""The graph that a run works off: order without stages, and what a failure takes with it."""

from __future__ import annotations

from applier.executor.graph import Graph, State
from applier.model.ids import ObjectId
from applier.model.plan import Action, Edge, EdgeType, Step


def one(name: str) -> ObjectId:
    return ObjectId("", "ConfigMap", "n", name)


def step(name: str, *edges: tuple[str, str]) -> Step:
    return Step(
        id=one(name),
        version="v1",
        action=Action.CREATE,
        direction="apply",
        phase=0,
        edges=tuple(Edge(one(target), EdgeType(kind), "test") for target, kind in edges),
    )


def begun(graph: Graph) -> list[str]:
    """The names of all steps that may begin now; they count as running."""
    found = []
    while (node := graph.next_ready()) is not None:
        found.append(node.step.id.name)
    return found


def state(graph: Graph, name: str) -> State:
    return graph.nodes[one(name)].state


def test_steps_begin_in_plan_order_as_soon_as_nothing_holds_them() -> None:
    graph = Graph([step("c"), step("a"), step("b", ("a", "A"))])
    assert begun(graph) == ["c", "a"]
    graph.written(graph.nodes[one("a")])
    assert begun(graph) == ["b"]


def test_a_strong_edge_waits_for_health() -> None:
    graph = Graph([step("a"), step("b", ("a", "H")), step("c", ("a", "A"))])
    assert begun(graph) == ["a"]
    graph.written(graph.nodes[one("a")])
    assert begun(graph) == ["c"]
    graph.done(graph.nodes[one("a")])
    assert begun(graph) == ["b"]


def test_a_failed_write_takes_with_it_what_needs_it_and_frees_what_does_not() -> None:
    graph = Graph([step("a"), step("b", ("a", "A")), step("c", ("b", "H")), step("d", ("a", "S")), step("e")])
    assert begun(graph) == ["a", "e"]
    lost = graph.failed(graph.nodes[one("a")])
    assert [(node.step.id.name, [found.name for found in node.blocked_by]) for node in lost] == [
        ("b", ["a"]),
        ("c", ["a", "b"]),
    ]
    assert begun(graph) == ["d"]
    assert state(graph, "e") is State.RUNNING


def test_bad_health_spares_who_waited_for_the_write_only() -> None:
    graph = Graph([step("a"), step("b", ("a", "A")), step("c", ("a", "H"))])
    begun(graph)
    graph.written(graph.nodes[one("a")])
    lost = graph.failed(graph.nodes[one("a")])
    assert [node.step.id.name for node in lost] == ["c"]
    assert begun(graph) == ["b"]


def test_a_repeated_step_keeps_its_place() -> None:
    graph = Graph([step("a"), step("b"), step("c")])
    first = graph.next_ready()
    assert first is not None
    graph.requeue(first)
    assert begun(graph) == ["a", "b", "c"]


def test_it_is_finished_when_every_step_is() -> None:
    graph = Graph([step("a"), step("b", ("a", "H")), step("c", ("b", "H"))])
    begun(graph)
    graph.failed(graph.nodes[one("a")])
    assert graph.is_finished
    assert list(graph.open_nodes()) == []


def test_objects_outside_the_set_hold_their_dependents() -> None:
    held = Step(
        id=one("a"), version="v1", action=Action.CREATE, direction="apply", phase=0,
        external=(Edge(one("outside"), EdgeType.HEALTHY, "depends-on"),),
    )  # fmt: skip
    outside = Step(id=one("outside"), version="v1", action=Action.UNCHANGED, direction="apply", phase=0)
    graph = Graph([held], [outside])
    first = graph.next_ready()
    assert first is not None
    assert first.external
    assert begun(graph) == []
    graph.done(first)
    assert begun(graph) == ["a"]


def test_work_is_linear_in_the_edges() -> None:
    chain = [step("0"), *(step(str(number), (str(number - 1), "H")) for number in range(1, 3000))]
    graph = Graph(chain)
    for _ in chain:
        node = graph.next_ready()
        assert node is not None
        graph.done(node)
    assert graph.is_finished


def test_a_long_chain_can_fail_at_its_head() -> None:
    chain = [step("0"), *(step(str(number), (str(number - 1), "H")) for number in range(1, 3000))]
    graph = Graph(chain)
    first = graph.next_ready()
    assert first is not None
    assert len(graph.failed(first)) == 2999
