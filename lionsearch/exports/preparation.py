"""Program + provenance -> what a file for either library says besides the rule: names, docstring, parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from textwrap import wrap

from lionsearch.archive.targets import Provenance
from lionsearch.errors import SettingError
from lionsearch.exports.broadcasting import find_thin_use
from lionsearch.exports.naming import identifier, public_names
from lionsearch.graph import KindError, infer_kinds, remove_dead_code
from lionsearch.graph.lowering import LR_SCALE, LoweredProgram, lower
from lionsearch.lang import INPUTS, INTERP, MULTIPLY, POWER, Kind, Program
from lionsearch.lang.summary import summarize
from lionsearch.tasks.spec import TUNED_RATE

WEIGHT_DECAY = "weight_decay"


@dataclass(frozen=True)
class Prepared:
    """A program on its way into a file.

    Attributes:
        program: without dead code.
        provenance: where it is from.
    """

    program: Program
    provenance: Provenance

    @cached_property
    def name(self) -> str:
        """The name of the function: of the program, as far as Python allows it."""
        name = re.sub(r"[^a-z0-9]+", "_", self.provenance.name.lower()).strip("_") or "rule"
        return identifier(f"rule_{name}" if name[0].isdigit() else name)

    @property
    def class_name(self) -> str:
        """The same as the name of a class."""
        return identifier("".join(part[:1].upper() + part[1:] for part in self.name.split("_")))

    @property
    def state_name(self) -> str:
        """The name of the class of an optax state."""
        return f"{self.class_name}State"

    @cached_property
    def names(self) -> dict[str, str]:
        """What an export calls each input, slot and hyperparameter, by the program's name for it."""
        return public_names(self.lowered, (self.name, self.class_name, self.state_name))

    @cached_property
    def lowered(self) -> LoweredProgram:
        """The program as its exports see it; the same weight decay for all parameters."""
        return lower(self.program)

    @property
    def hyperparameters(self) -> dict[str, float]:
        """What a caller may set."""
        return self.lowered.hyperparameters

    @property
    def default_rate(self) -> float:
        """The program's learning rate."""
        return 1.0 if self.lowered.scale is None else self.lowered.scale

    @property
    def extra_inputs(self) -> tuple[str, ...]:
        """The inputs that only a training loop can give."""
        return tuple(name for name in self.program.optional_inputs if not INPUTS[name].scheduled)

    def describe_input(self, name: str) -> str:
        """Return one line on an input, with the hyperparameter that belongs to it."""
        row = INPUTS[name]
        setting = "" if row.setting is None else f"; {row.setting[0]} is {self.program.settings[row.setting[0]]:g}"
        return f"{row.description}{setting}"


def prepare(program: Program, provenance: Provenance) -> Prepared:
    """Return what every export of a program starts from.

    Raises:
        KindError: if the program is not valid.
        SettingError: if the program needs shapes that an exported file does not keep.

    Examples:
        >>> from lionsearch.archive.targets import load_target
        >>> prepared = prepare(*load_target("lookahead(lion, k=5)"))
        >>> prepared.name, prepared.class_name, list(prepared.hyperparameters)
        ('lookahead_lion_k_5', 'LookaheadLionK5', ['b1', 'b2', 'weight_decay', 'k', 'alpha'])
    """
    infer_kinds(program)
    prepared = Prepared(remove_dead_code(program), provenance)
    thin = find_thin_use(prepared.lowered)
    if thin is not None:
        raise SettingError(
            f"{provenance.name} takes the mean over rows and over columns, and needs it in the shape of a tensor for"
            f" its {thin}; such a program cannot be exported"
        )
    return prepared


def can_mask_decay(program: Program) -> bool:
    """Return whether weight decay may differ from tensor to tensor: it is in no number of the whole tree.

    Examples:
        >>> from lionsearch.catalog import load_program
        >>> can_mask_decay(load_program("lion")), can_mask_decay(load_program("sign_sgd(weight_decay=0.1)"))
        (True, True)
    """
    if WEIGHT_DECAY not in dict(program.hyperparameters):
        return False
    kinds = (*(kind for _, kind in program.state), Kind.PER_TENSOR)
    others = tuple(item for item in program.hyperparameters if item[0] != WEIGHT_DECAY)
    slots = (*program.slots, WEIGHT_DECAY)
    try:
        infer_kinds(replace(program, slots=slots, slot_kinds=kinds, hyperparameters=others))
    except KindError:
        return False
    return True


def range_checks(prepared: Prepared, rate: str, least_rate: float, read: str = "{}") -> list[str]:
    """Return calls that check what a caller gives.

    Args:
        prepared: the program.
        rate: what the learning rate is called.
        least_rate: what it may be.
        read: how a number is read by its name.
    """
    found = [
        (prepared.names[name], value, _range_of(name, prepared)) for name, value in prepared.hyperparameters.items()
    ]
    found.insert(0, (rate, prepared.default_rate, (least_rate, inf)))
    return [
        f'_check("{name}", {read.format(name)}, {default!r}, {_shown(low)}, {_shown(high)})'
        for name, default, (low, high) in found
    ]


def _range_of(name: str, prepared: Prepared) -> tuple[float, float]:
    """Return what a hyperparameter may be: the weight of an average, or what has its name everywhere."""
    for node in prepared.lowered.nodes:
        weighs = node.operation == INTERP and node.arguments[2] == name
        if weighs or (node.operation == POWER and node.arguments == (name, "t")):
            return 0.0, 1.0
    return (0.0, inf) if re.fullmatch(rf"(.*_)?({WEIGHT_DECAY}|eps\d?)", name) else (-inf, inf)


def _shown(number: float) -> str:
    return f"{number:g}" if abs(number) < inf else f'float("{number}")'


def rate_note(prepared: Prepared) -> str:
    """Return what is to be known of the learning rate."""
    if prepared.lowered.scale is not None:
        return f"the program's own is {prepared.default_rate:g}"
    if LR_SCALE in prepared.hyperparameters:
        return "the program's `lr`, which it reads unscaled too; 1.0 is its own rate"
    if not prepared.lowered.reads("lr"):
        return "the program does not read it"
    return f"the program's `lr`{_describe_use(prepared.lowered)}; 1.0 is its own rate"


def _describe_use(lowered: LoweredProgram) -> str:
    """Return what a program multiplies by `lr`, as a clause; "" if it does more with it than that."""
    readers = lowered.readers["lr"]
    if len(readers) != 1 or "lr" in lowered.outputs or lowered.nodes[readers[0]].operation != MULTIPLY:
        return ""
    numbers = [each for each in lowered.nodes[readers[0]].arguments if isinstance(each, float)]
    if numbers:
        return f", which it multiplies by {numbers[0]:g}"
    return ", which multiplies its update" if lowered.graph.update == readers[0] else ""


def rate_warning(prepared: Prepared, argument: str) -> tuple[str, ...]:
    """Return lines on a learning rate that is the program's `lr`; none where it is the rate that acts.

    Args:
        prepared: the program.
        argument: what the file calls the learning rate.
    """
    if prepared.lowered.scale is not None or not prepared.lowered.reads("lr"):
        return ()
    text = (
        f"`{argument}` is the program's `lr` as it stands, not the size of a step. 1.0 is the program's own rate; how"
        " a step shrinks with it is the program's business, and need not be in proportion."
    )
    if not prepared.provenance.peaks:
        text += (
            " Where the program was trained, `lr` was the task's schedule, a warm-up and a cosine whose peak is tuned"
            " AdamW's learning rate on that task, divided by 0.001."
        )
    return tuple(wrap(text, 110))


def trained_with(prepared: Prepared) -> tuple[str, ...]:
    """Return lines on the learning rates that a program of a run was trained with; none of another one."""
    if not prepared.provenance.peaks or not prepared.lowered.reads("lr"):
        return ()
    rates = [f"{peak * prepared.default_rate:.3g} on {task}" for task, peak in prepared.provenance.peaks]
    if prepared.lowered.scale is None:
        text = f"Where it was found, `lr` went up to {' and '.join(rates)}: tuned AdamW's rate there, in thousandths."
    else:
        times = prepared.lowered.scale / TUNED_RATE
        text = (
            f"Where it was found, the learning rate went up to {' and '.join(rates)}: {times:.2g} times tuned AdamW's."
        )
    return tuple(wrap(text, 110))


def module_docstring(prepared: Prepared, command: str, notes: tuple[str, ...] = ()) -> str:
    """Return the docstring of an exported file: title, equations, notes, source, and where the program is from.

    Args:
        prepared: the program.
        command: that wrote the file.
        notes: further lines.
    """
    found, provenance = summarize(prepared.program), prepared.provenance
    title = found.title or f"The update rule {provenance.name}."
    lines = [title, ""]
    if found.equations:
        lines += [*(f"    {line}" for line in found.equations), ""]
    lines += [found.notes, ""] if found.notes else []
    lines += [*notes, ""] if notes else []
    lines += [*trained, ""] if (trained := trained_with(prepared)) else []
    lines += [f"Source: {found.source}"] if found.source else []
    if provenance.run is not None:
        lines.append(f"Found by lionsearch: candidate {provenance.candidate} of {provenance.run}.")
        if provenance.score is not None:
            lines.append(f"It was selected by a score of {provenance.score:+.4f}; on held-out seeds expect less.")
    lines.append(f"Written by: {command}")
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{text}\n"""'
