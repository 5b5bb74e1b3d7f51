"""What is this program? A known method up to constants, transforms of one included; else what it is near to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lionsearch.compose import TRANSFORMS
from lionsearch.graph import Node, replace_node, to_graph, to_program
from lionsearch.identification.matching import Match, known_shape, match_known, shape_of_program, shipped_names, shorten
from lionsearch.lang import MULTIPLY, OPERATIONS, Program
from lionsearch.simplification.exact import simplify_exactly


@dataclass(frozen=True, slots=True)
class Identity:
    """The known method that a program is.

    Attributes:
        name: of the known program.
        transforms: names of transforms around it, the outermost first.
        hyperparameters: with which it is the program.
        also: other known programs that are the same rule with these constants.
        schedule: what the program makes of `lr` before it reads it, such as `cbrt(lr)`; "" if it reads `lr` itself.
    """

    name: str
    transforms: tuple[str, ...]
    hyperparameters: tuple[tuple[str, float], ...]
    also: tuple[str, ...]
    schedule: str = ""

    @property
    def method(self) -> str:
        """The known program in its transforms, without constants: `cautious(adamw)`."""
        whole = self.name
        for transform in reversed(self.transforms):
            whole = f"{transform}({whole})"
        return whole

    def describe(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "name": self.name,
            "hyperparameters": dict(self.hyperparameters),
            "transforms": list(self.transforms),
            "also": list(self.also),
            "schedule": self.schedule or None,
        }

    def __str__(self) -> str:
        """Return it as a sentence says it: lion with b1 = 0.9, b2 = 0.99."""
        values = [f"{name} = {shorten(value, 4):.12g}" for name, value in self.hyperparameters]
        values += [f"{self.schedule} in the place of lr"] if self.schedule else []
        return f"{self.method} with {', '.join(values)}" if values else self.method


def identify(program: Program) -> Identity | None:
    r"""Return the known method that a program is up to constants, or None if it is none.

    The program is compared as it stands, then exactly simplified, then with every transform of every known program;
    and all that once more with what it makes of `lr` left out, which is a schedule and no part of the rule.

    Examples:
        >>> from lionsearch.lang import parse
        >>> text = "def train(w, g, m, lr):\n  m = m * 0.8 + g * 0.2\n  return sign(m) * lr * 0.1, m"
        >>> str(identify(parse(text)))
        'signum with b1 = 0.8, weight_decay = 0, lr_scale = 0.1'
    """
    found = match_known(program)
    if found:
        return _describe(found)
    shorter, _ = simplify_exactly(program.inline_hyperparameters())
    scheduled = without_schedule(shorter)
    for schedule, rule in (("", shorter), *([scheduled] if scheduled is not None else [])):
        found = match_known(rule) or match_known(rule, _compositions(rule))
        if found:
            return _describe(found, schedule)
    return None


def without_schedule(program: Program) -> tuple[str, Program] | None:
    r"""Return what a program makes of `lr`, and the program that reads `lr` in its place; None if it reads `lr` itself.

    That is what it computes of `lr`, the step and constants alone, where nothing else reads `lr`; a constant factor
    stays, as it is the scale of the learning rate.

    Examples:
        >>> from lionsearch.lang import parse
        >>> found = without_schedule(parse("def train(w, g, lr): return g * (cbrt(lr) * 0.1)"))
        >>> found[0], [statement.operation for statement in found[1].statements]
        ('cbrt(lr)', ['multiply', 'multiply'])
    """
    graph = to_graph(program)
    texts: dict[int | str, str] = {"lr": "lr", "t": "t"}
    schedules: set[int | str] = {"lr"}  # what depends on `lr`, and on nothing else but the step and constants
    read: set[int | str] = set()  # those of them that something else reads
    for index, node in enumerate(graph.nodes):
        if all(isinstance(a, float) or a in texts for a in node.arguments):
            texts[index] = _spell(node, texts)
            if schedules.intersection(node.reads):
                schedules.add(index)
        else:
            read.update(schedules.intersection(node.reads))
    read.update(schedules.intersection(ref for ref in (graph.update, *graph.slots) if not isinstance(ref, float)))
    if len(read) != 1:
        return None
    [schedule] = read
    while isinstance(schedule, int) and graph.nodes[schedule].operation == MULTIPLY:
        factors = graph.nodes[schedule].reads
        if len(factors) != 1:
            break
        [schedule] = factors
    if not isinstance(schedule, int):
        return None
    return texts[schedule], to_program(replace_node(graph, schedule, [], "lr"))


def _spell(node: Node, texts: dict[int | str, str]) -> str:
    """Return a node of a schedule as it would be written."""
    given = [f"{shorten(a, 4):g}" if isinstance(a, float) else texts[a] for a in node.arguments]
    symbol = OPERATIONS[node.operation].symbol
    return f"({f' {symbol} '.join(given)})" if symbol else f"{node.operation}({', '.join(given)})"


def _compositions(program: Program) -> list[str]:
    """Return every transform of every known program that there is room for in the program."""
    whole = shape_of_program(program)
    names = [name for name in shipped_names() if whole.has_room_for(known_shape(name))]
    transforms = [row for row in TRANSFORMS.values() if row.programs == 1]
    fitting = [row.name for row in transforms if whole.has_room_for(shape_of_program(row.template))]
    return [f"{transform}({name})" for transform in fitting for name in names]


def _describe(found: list[Match], schedule: str = "") -> Identity:
    best = found[0]
    *transforms, name = best.name.rstrip(")").split("(")
    also = tuple(match.name for match in found[1:] if match.free == best.free)
    return Identity(name, tuple(transforms), best.hyperparameters, also, schedule)
