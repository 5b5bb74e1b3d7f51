from itertools import combinations

import networkx
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import ArrowStyle

from lionsearch.catalog import PROGRAMS, load_program
from lionsearch.graph.lowering import lower
from lionsearch.lang import parse
from lionsearch.render.diagram import build_graph, draw_graph


@pytest.mark.parametrize("name", PROGRAMS.names())
def test_everything_in_a_graph_reaches_an_output(name):
    lowered = lower(load_program(name))
    graph = build_graph(lowered)
    assert networkx.is_directed_acyclic_graph(graph)
    outputs = {node for node, data in graph.nodes(data=True) if data["role"] in ("update", "next state")}
    assert len(outputs) == 1 + len(lowered.program.slots)
    reaching = outputs.union(*(networkx.ancestors(graph, node) for node in outputs))
    assert reaching == set(graph)
    states = {data["label"] for _, data in graph.nodes(data=True) if data["role"] == "state"}
    assert states <= set(lowered.program.slots)


def test_dead_statements_are_not_in_it():
    lowered = lower(parse("def train(w, g, m, lr):\n  x = sin(g)\n  m = m + x\n  y = g * lr\n  return y, m\n"))
    labels = [data["label"] for _, data in build_graph(lowered).nodes(data=True)]
    assert sorted(labels) == ["*\ny", "g", "lr", "w - update"]


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_a_picture_is_drawn(tmp_path, suffix):
    path = tmp_path / f"lion{suffix}"
    draw_graph(lower(load_program("lion")), "lion", path)
    start = path.read_bytes()[:8]
    assert start == b"\x89PNG\r\n\x1a\n" if suffix == ".png" else start.startswith(b"<?xml")
    if suffix == ".svg":
        once = path.read_bytes()
        draw_graph(lower(load_program("lion")), "lion", path)
        assert len(path.read_bytes()) == len(once)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("g - w", {"g": (1,), "w": (2,)}),
        ("w / g", {"g": (2,), "w": (1,)}),
        ("interp(w, g, 0.1)", {"w": (1,), "g": (2,), "0.1": (3,)}),
        ("interp(w, g, w)", {"w": (1, 3), "g": (2,)}),
        ("w + g", {"w": (), "g": ()}),
    ],
)
def test_arguments_are_told_apart_where_it_matters(text, expected):
    graph = build_graph(lower(parse(f"def train(w, g, lr):\n  x = {text}\n  return x * lr\n")))
    found = {graph.nodes[start]["label"]: at for start, end, at in graph.edges(data="positions") if end == 0}
    assert found == expected


@pytest.mark.parametrize("name", ["adam", "soap", "lbfgs"])
def test_every_arrow_ends_outside_of_the_boxes(name, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, metadata: drawn.append(figure))
    draw_graph(lower(load_program(name)), name, tmp_path / "x.svg")
    drawn[0].draw_without_rendering()
    texts = drawn[0].axes[0].texts
    boxes = [text.get_bbox_patch().get_window_extent() for text in texts if text.get_zorder() == 2]
    arrows = [text.arrow_patch for text in texts if getattr(text, "arrow_patch", None)]
    assert boxes
    assert arrows
    for arrow in arrows:
        tip = arrow.get_transform().transform_path(arrow.get_path()).vertices[2]  # start, bend, tip; then its head
        assert not any(box.padded(-1.5).contains(*tip) for box in boxes)
        passes = not isinstance(arrow.get_arrowstyle(), ArrowStyle.CurveFilledB)
        assert passes or any(box.padded(4).contains(*tip) for box in boxes)


@pytest.mark.parametrize("name", ["lion", "lbfgs"])
def test_no_label_and_no_title_lies_on_another(name, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, metadata: drawn.append(figure))
    draw_graph(lower(load_program(name)), name, tmp_path / "x.svg")
    texts = [text for text in drawn[0].axes[0].texts if text.get_text() and text.get_fontsize() > 6]
    assert name in {text.get_text() for text in texts}
    boxes = [text.get_window_extent() for text in texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
