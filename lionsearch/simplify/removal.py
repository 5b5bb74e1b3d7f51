"""Statements that matter little go: each is replaced by one of its arguments, 0 or 1, and the score is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lionsearch.graph import Node, Reference, find_live, fingerprint, replace_node, to_graph, to_program
from lionsearch.lang import GRADIENTS, Program
from lionsearch.simplify.exact import is_valid, simplify_exactly, size
from lionsearch.simplify.paired import Difference, Scorer
from lionsearch.simplify.steps import Step, make_step

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
        difference, change, variant = min(found, key=lambda item: (item[0].effect, size(item[2])))
        scores = scorer.score(current), scorer.score(variant)
        listener(make_step("little effect", change, variant, *scores, difference.interval), variant)
        current = variant


def _variants(program: Program) -> Iterator[tuple[str, Program]]:
    """Yield each shorter program that one replacement makes, once, and what was replaced."""
    seen = {fingerprint(program)}
    needs_rate = "lr" in find_live(program).reads
    for change, changed in _replacements(program):
        if not is_valid(changed):
            continue
        shorter, _ = simplify_exactly(changed)
        name, reads = fingerprint(shorter), find_live(shorter).reads
        if not GRADIENTS & reads or (needs_rate and "lr" not in reads):
            continue  # it would be no optimizer any more, or one whose rate cannot be set
        if name not in seen and size(shorter) < size(program):
            seen.add(name)
            yield change, shorter


def _replacements(program: Program) -> Iterator[tuple[str, Program]]:
    graph = to_graph(program)
    for index, node in enumerate(graph.nodes):
        for choice in dict.fromkeys((*node.arguments, *_CONSTANTS)):
            change = f"{_text(node, graph.nodes)}  ->  {_name(choice, graph.nodes)}"
            yield change, to_program(replace_node(graph, index, [], choice))


def _text(node: Node, nodes: tuple[Node, ...]) -> str:
    return f"{node.operation}({', '.join(_name(argument, nodes) for argument in node.arguments)})"


def _name(reference: Reference, nodes: tuple[Node, ...]) -> str:
    if isinstance(reference, int):
        return nodes[reference].name
    return reference if isinstance(reference, str) else f"{reference:g}"
