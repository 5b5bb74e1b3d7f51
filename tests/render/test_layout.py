from itertools import pairwise

import networkx
import pytest

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.graph.lowering import lower
from lionsearch.render.diagram import build_graph
from lionsearch.render.layout import Via, find_places, with_vias


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_edges_lead_from_row_to_row_and_nothing_stands_on_another(name):
    graph = build_graph(lower(load_program(name)))
    routed, rows = with_vias(graph)
    places = find_places(routed, rows)
    assert set(places) == set(routed) >= set(graph)
    assert all(places[end][1] == places[start][1] + 1 for start, end in routed.edges)
    for row in rows:
        for left, right in pairwise(sorted(row, key=places.__getitem__)):
            room = (isinstance(left, Via) + isinstance(right, Via)) * 0.325
            assert places[right][0] - places[left][0] >= 1 - room - 1e-9
    for start, end in graph.edges:
        between = {start, end, *(node for node in routed if isinstance(node, Via) and node.start == start)}
        assert networkx.has_path(routed.subgraph(between), start, end)


def test_a_chain_is_straight_beside_the_edge_that_passes_it():
    routed, rows = with_vias(networkx.DiGraph([("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]))
    places = find_places(routed, rows)
    assert places["b"][0] == pytest.approx(places["c"][0])
    assert places[Via("a", 1)][0] == pytest.approx(places[Via("a", 2)][0])
    assert places["b"][0] != places[Via("a", 1)][0]
