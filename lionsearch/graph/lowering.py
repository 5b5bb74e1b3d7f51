"""Program -> the graph that every export is made from.

Dead code is gone, copies are resolved, nothing is computed twice, and constant nodes are numbers. Where `lr_scale` is
the learning rate's scale and nothing else, it is 1: in an export, the learning rate that the user gives is the one
that acts; a scale of a part, such as `adamw_lr_scale`, is then what that part's rate is of it. `clip` and
`cosine_sim` are taken apart, as their rows say, so that what looks at the whole tree is one of `dot`, `global_norm`
and `global_sum`. The number of a tensor's axes is a leaf: an exported file may reshape tensors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lionsearch.graph.kind_inference import initial_kinds, kind_of, node_kinds
from lionsearch.graph.liveness import remove_dead_code
from lionsearch.graph.ssa import Graph, Node, Reference, prune
from lionsearch.lang import MULTIPLY, OPERATIONS, Kind, Program

LR_SCALE = "lr_scale"
AXES = "dimensions"
"""The operation that becomes a leaf of that name, which no variable can have."""
SHARED_CLOCK = "steps of the group"
"""The leaf that counts the steps of all parameters together, where each has a count of its own too."""
_UNNAMED = re.compile(r"(?:\w+_)?v\d+")


def is_unnamed(name: str) -> bool:
    """Return whether the program leaves a value without a name of its own: the parser, or a transform, gave it one.

    Examples:
        >>> is_unnamed("v12"), is_unnamed("lookahead_v1"), is_unnamed("v"), is_unnamed("sqrt_v")
        (True, True, False, False)
    """
    return _UNNAMED.fullmatch(name) is not None


@dataclass(frozen=True)
class LoweredProgram:
    """A program as its exports see it.

    Attributes:
        graph: every node of it is needed.
        leaves: the kind of each leaf that the program may read: inputs, slots, hyperparameters, `dimensions`.
        scale: the program's `lr_scale`, where that is 1 in an export; else None.
    """

    graph: Graph
    leaves: Mapping[str, Kind]
    scale: float | None = None

    @property
    def program(self) -> Program:
        """The program, without dead code."""
        return self.graph.program

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The graph's nodes."""
        return self.graph.nodes

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """The kind of each node."""
        return node_kinds(self.graph, self.leaves)

    @cached_property
    def outputs(self) -> tuple[int | str, ...]:
        """What leaves the program: the update and the slots, constants left out."""
        return tuple(ref for ref in (self.graph.update, *self.graph.slots) if not isinstance(ref, float))

    @cached_property
    def readers(self) -> dict[int | str, list[int]]:
        """The nodes that read a node or leaf, once for each argument."""
        found: dict[int | str, list[int]] = {ref: [] for ref in (*self.leaves, *range(len(self.nodes)))}
        for index, node in enumerate(self.nodes):
            for read in node.reads:
                found[read].append(index)
        return found

    @property
    def hyperparameters(self) -> dict[str, float]:
        """What a caller may set: what the program reads, without an `lr_scale` that is the learning rate's."""
        return {name: value for name, value in self.program.hyperparameters if self.reads(name)}

    def kind(self, reference: Reference) -> Kind:
        """Return the kind of a node, a leaf or a constant."""
        if isinstance(reference, float):
            return Kind.SCALAR
        return self.kinds[reference] if isinstance(reference, int) else self.leaves[reference]

    def name(self, reference: int | str) -> str:
        """Return what the program calls a node or leaf."""
        return self.nodes[reference].name if isinstance(reference, int) else reference

    def reads(self, leaf: str) -> bool:
        """Return whether the program reads an input, slot or hyperparameter."""
        return leaf in self.leaves and (bool(self.readers[leaf]) or leaf in self.outputs)


def lower(program: Program, per_tensor: tuple[str, ...] = ()) -> LoweredProgram:
    """Return a program as its exports see it.

    Args:
        program: any valid program.
        per_tensor: hyperparameters that may differ from tensor to tensor.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> [node.operation for node in lower(load_program("lion")).nodes]
        ['interp', 'sign', 'interp', 'multiply', 'add', 'multiply']
    """
    live = remove_dead_code(program)
    lowered = _Builder(live, per_tensor).build({})
    if not _is_rates_scale(lowered):
        return lowered
    scale = dict(live.hyperparameters)[LR_SCALE]
    others = _scales(live) - {LR_SCALE} if scale else set()
    relative = {name: value / scale for name, value in live.hyperparameters if name in others}
    live = live.with_hyperparameters(relative)
    return replace(_Builder(live, per_tensor).build({LR_SCALE: 1.0}), scale=scale)


def _scales(program: Program) -> set[str]:
    """Return the hyperparameters that scale the learning rate: `lr_scale`, and those of parts, `adamw_lr_scale`."""
    return {name for name, _ in program.hyperparameters if name == LR_SCALE or name.endswith(f"_{LR_SCALE}")}


def _is_rates_scale(lowered: LoweredProgram) -> bool:
    """Return whether `lr_scale` could be part of `lr`: with those of parts, it scales every use, and nothing else.

    A rate, which is `lr` or a product of a rate and what is none (a schedule, a gradient), is read only by products
    with such a scale and by those that make another rate.
    """
    rates: set[int | str] = {"lr"}
    scales, scaled = _scales(lowered.program), set[int | str]()
    for index, node in enumerate(lowered.nodes):
        read = [each for each in node.reads if each in rates]
        factors = scales.intersection(node.reads)
        if not read and not factors:
            continue
        if len(read) != 1 or node.operation != MULTIPLY:
            return False
        if factors:
            scaled |= factors
        else:
            rates.add(index)
    return LR_SCALE in scaled and not rates.union(scales).intersection(lowered.outputs)


class _Builder:
    """Makes the graph of one program.

    Args:
        program: without dead code.
        per_tensor: as for `lower`.
    """

    def __init__(self, program: Program, per_tensor: tuple[str, ...]):
        self._program = program
        self._leaves = initial_kinds(program)
        self._leaves.update((name, Kind.PER_TENSOR) for name in per_tensor if name in self._leaves)
        self._nodes: list[Node] = []
        self._kinds: list[Kind] = []
        self._known: dict[tuple[str, str], int] = {}

    def build(self, known: Mapping[str, float]) -> LoweredProgram:
        """Return the program with numbers for some of its leaves."""
        bound: dict[str, Reference] = {name: name for name in self._leaves} | dict(known)
        for statement in self._program.statements:
            arguments = tuple(bound[a] if isinstance(a, str) else float(a) for a in statement.arguments)
            bound[statement.target] = self._apply(statement.target, statement.operation, arguments)
        slots = tuple(bound[slot] for slot in self._program.slots)
        graph = Graph(tuple(self._nodes), bound[self._program.update], slots, self._program)
        return LoweredProgram(prune(graph, keep_slots=True), self._leaves)

    def _apply(self, name: str, operation: str, arguments: tuple[Reference, ...]) -> Reference:
        row = OPERATIONS[operation]
        if row.expansion:
            return self._expand(name, row.expansion, arguments)
        match operation, arguments:
            case "copy", (x,):
                return x
            case "multiply", (one, x) if _is_one(one):
                return x
            case "multiply" | "divide", (x, one) if _is_one(one):
                return x
            case "dimensions", _:
                self._leaves[AXES] = Kind.PER_TENSOR
                return AXES
        kind = kind_of(row, [self._kind(argument) for argument in arguments])
        if operation == "where" and isinstance(arguments[0], float):
            chosen = arguments[1] if arguments[0] != 0 else arguments[2]
            if self._kind(arguments[1]) is self._kind(arguments[2]) is kind:
                return chosen
        if all(isinstance(argument, float) for argument in arguments):
            return _fold(operation, arguments)
        key = (operation, repr(arguments))  # as text, 0 and -0 are two
        if key not in self._known:
            self._known[key] = len(self._nodes)
            self._nodes.append(Node(operation, arguments, name))
            self._kinds.append(kind)
        return self._known[key]

    def _expand(
        self, name: str, steps: tuple[tuple[str, str, tuple[str | float, ...]], ...], arguments: tuple[Reference, ...]
    ) -> Reference:
        """Return what an operation that is written as several others gives."""
        values: dict[str, Reference] = dict(zip("xyz", arguments, strict=False))
        for end, operation, reads in steps:
            given = tuple(values[read] if isinstance(read, str) else read for read in reads)
            values[end] = self._apply(f"{name}_{end}" if end else name, operation, given)
        return values[""]

    def _kind(self, reference: Reference) -> Kind:
        if isinstance(reference, float):
            return Kind.SCALAR
        return self._kinds[reference] if isinstance(reference, int) else self._leaves[reference]


def _is_one(reference: Reference) -> bool:
    return isinstance(reference, float) and reference == 1.0  # a reference to node 1 equals it, too


def _fold(operation: str, constants: tuple[Reference, ...]) -> float:
    function = OPERATIONS[operation].elementwise
    assert function is not None  # nothing else takes numbers alone
    with np.errstate(all="ignore"):
        return float(function(np, *(np.float64(constant) for constant in constants)))
