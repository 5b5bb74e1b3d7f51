from lionsearch.graph import find_live_nodes, prune, replace_node, to_graph, to_program
from lionsearch.lang import format_program, parse


def test_replaced_nodes_leave_their_readers_in_place():
    graph = to_graph(parse("def train(w, g, lr):\n  x = sin(g)\n  y = x + w\n  return y"))
    changed = replace_node(graph, 0, [], "g")
    assert format_program(to_program(changed)) == "def train(w, g, lr):\n    y = g + w\n    return y\n"
    assert len(find_live_nodes(graph).nodes) == 2
    assert len(find_live_nodes(changed).nodes) == 1


def test_a_copy_is_another_name_or_a_node():
    program = parse("def train(w, g, lr):\n  x = g\n  return x * lr\n")
    assert [node.operation for node in to_graph(program).nodes] == ["multiply"]
    assert [node.arguments for node in to_graph(program, keep_copies=True).nodes] == [("g",), (0, "lr")]


def test_live_is_what_reaches_the_update_in_this_step_or_a_later_one():
    text = "def train(w, g, m, v, d, lr):\n  x = m + g\n  m = v\n  v = g * lr\n  d = sin(d)\n  return x, m, v, d\n"
    live = find_live_nodes(to_graph(parse(text)))
    assert (live.nodes, live.leaves) == ({0, 1}, {"m", "g", "v", "lr"})


def test_pruned_graphs_lose_dead_nodes_and_dead_slots_or_keep_those_as_they_are():
    graph = to_graph(parse("def train(w, g, m, d, lr):\n  m = m + g\n  d = sin(d)\n  return m * lr, m, d\n"))
    assert [node.operation for node in prune(graph).nodes] == ["add", "multiply"]
    assert prune(graph).program.slots == ("m",)
    kept = prune(graph, keep_slots=True)
    assert (kept.program.slots, kept.slots) == (("m", "d"), (0, "d"))


def test_a_node_reads_nodes_and_leaves():
    graph = to_graph(parse("def train(w, g, lr):\n  x = sin(g)\n  return interp(x, w, 0.5)\n"))
    assert [node.reads for node in graph.nodes] == [("g",), (0, "w")]
