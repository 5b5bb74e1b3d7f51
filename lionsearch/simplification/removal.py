"""What matters little goes: a statement for one of its arguments, 0 or 1; a product of tensors in an average's weight.

The score is measured each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lionsearch.graph import (
    Node,
    Reference,
    find_live,
    fingerprint,
    initial_kinds,
    node_kinds,
    replace_node,
    to_graph,
    to_program,
)
from lionsearch.lang import ADD, GRADIENTS, INTERP, MULTIPLY, SUBTRACT, Kind, Program
from lionsearch.simplification.exact import is_valid, simplify_exactly, size
from lionsearch.simplification.paired import Difference, Scorer
from lionsearch.simplification.steps import Step, make_step

_CONSTANTS = (0.0, 1.0)


def remove_little(
    program: Program, base: Program, scorer: Scorer, tolerance: float, listener: Callable[[Step, Program], None]
) -> Program:
    """Return the program without the statements whose loss changes the score little, the least first.

    A variant is in question only if the whole confidence interval of its difference from the base is within the
    tolerance on every task: what makes a program much better is a change of it, too. What is out of the question once
    is not tried again here.

    Args:
        program: exactly simplified.
        base: what scores are compared with.
        scorer: trains.
        tolerance: in units of the score.
        listener: called with each step and what it led to.
    """
    current = program
    settled: set[str] = set()
    while True:
        found: list[tuple[Difference, str, Program]] = []
        for change, variant in _variants(current):
            difference = None if change in settled else scorer.within(variant, base, tolerance)
            if difference is None:
                settled.add(change)
            else:
                found.append((difference, change, variant))
        if not found:
            return current
        difference, change, variant = min(found, key=lambda item: (item[0].effect, _complexity(item[2])))
        scores = scorer.score(current), scorer.score(variant)
        listener(make_step("little effect", change, variant, *scores, difference.interval), variant)
        current = variant


def _variants(program: Program) -> Iterator[tuple[str, Program]]:
    """Yield each simpler program that one replacement makes, once, and what was replaced."""
    seen = {fingerprint(program)}
    needs_rate = "lr" in find_live(program).reads
    for change, changed in _replacements(program):
        if not is_valid(changed):
            continue
        shorter, _ = simplify_exactly(changed)
        name, reads = fingerprint(shorter), find_live(shorter).reads
        if not GRADIENTS & reads or (needs_rate and "lr" not in reads):
            continue  # it would be no optimizer any more, or one whose rate cannot be set
        if name not in seen and _complexity(shorter) < _complexity(program):
            seen.add(name)
            yield change, shorter


def _replacements(program: Program) -> Iterator[tuple[str, Program]]:
    graph = to_graph(program)
    weighted = _tensor_weights(program)
    for index, node in enumerate(graph.nodes):
        for terms, new in _without_a_term(node, index) if index in weighted else ():
            shown = " ".join(_name(term, graph.nodes) for term in terms)
            yield f"{_text(node, graph.nodes)}  ->  {shown}", to_program(replace_node(graph, index, new, index + 1))
        for choice in dict.fromkeys((*node.arguments, *_CONSTANTS)):
            change = f"{_text(node, graph.nodes)}  ->  {_name(choice, graph.nodes)}"
            yield change, to_program(replace_node(graph, index, [], choice))


def _without_a_term(node: Node, index: int) -> Iterator[tuple[tuple[Reference, ...], list[Node]]]:
    """Yield x - x a + y a, which is interp(x, y, a), without one of its terms: how it reads, and as nodes."""
    x, y, a = node.arguments
    for terms, first, second in (
        ((x, "+", y, "*", a), (MULTIPLY, (a, y)), (ADD, (x, index))),
        ((x, "-", x, "*", a), (MULTIPLY, (a, x)), (SUBTRACT, (x, index))),
        (("(", y, "-", x, ") *", a), (SUBTRACT, (y, x)), (MULTIPLY, (a, index))),
    ):
        yield terms, [Node(*first, node.name), Node(*second, node.name)]


def _tensor_weights(program: Program) -> set[int]:
    """Return the averages (`interp`) in a program's graph whose weight is a tensor, so that tensors are multiplied."""
    graph, leaves = to_graph(program), initial_kinds(program)
    kinds: dict[int | str, Kind] = {**leaves, **dict(enumerate(node_kinds(graph, leaves)))}
    weights = {index: node.arguments[2] for index, node in enumerate(graph.nodes) if node.operation == INTERP}
    return {index for index, a in weights.items() if not isinstance(a, float) and kinds[a] is not Kind.SCALAR}


def _complexity(program: Program) -> tuple[int, ...]:
    """Return what is to become smaller: as `size`, but averages with tensors as weights come before reads."""
    statements, slots, reads = size(program)
    return statements, slots, len(_tensor_weights(program)), reads


def _text(node: Node, nodes: tuple[Node, ...]) -> str:
    return f"{node.operation}({', '.join(_name(argument, nodes) for argument in node.arguments)})"


def _name(reference: Reference, nodes: tuple[Node, ...]) -> str:
    if isinstance(reference, int):
        return nodes[reference].name
    return reference if isinstance(reference, str) else f"{reference:g}"
