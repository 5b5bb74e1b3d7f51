"""What can be done with a program without training: read, check, show, identify, export; and simplify, which may train.

Wherever a program is asked for, a `Program` will do, or a text that names one: a name or file, a composition such as
`lookahead(adamw, k=5)`, or `RUN:ID`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lionsearch.archive.targets import Provenance, load_target, names_rival
from lionsearch.compose import TRANSFORMS
from lionsearch.errors import LionSearchError, SettingError, UnknownNameError, quote
from lionsearch.graph import check_program, find_live, fingerprint
from lionsearch.lang import Program, format_program
from lionsearch.lang.summary import Summary, summarize
from lionsearch.limits import MOST_SEEDS
from lionsearch.render.html import html_code, html_table
from lionsearch.rivals.rival_spec import RivalSpec
from lionsearch.simplification.tolerance import DEFAULT_TOLERANCE
from lionsearch.terminal.plain import plain

if TYPE_CHECKING:
    from lionsearch.identification import Identity
    from lionsearch.identification.nearest import Neighbour
    from lionsearch.simplification.pipeline import Simplified
    from lionsearch.simplification.steps import Step
    from lionsearch.tasks.spec import TaskSpec


def parse(text: str) -> Program:
    """Return the program of a text, checked; it is never executed.

    Args:
        text: `def train(w, g, ..., lr): ...`, in the subset of Python that programs are written in.

    Raises:
        ProgramError: naming line, column and what was expected.

    Examples:
        >>> import lionsearch
        >>> program = lionsearch.parse("def train(w, g, lr): return sign(g) * lr")
        >>> len(program.statements)
        2
    """
    return check_program(text)


def load(target: str | Path | Program) -> Program:
    """Return the program that a text names: a name, a file, a composition, or `RUN:ID`.

    Raises:
        LionSearchError: if it is not there or not valid, with the nearest name.

    Examples:
        >>> import lionsearch
        >>> lionsearch.load("lookahead(lion, k=5)").slots
        ('m', 'slow')
    """
    return trace(target)[0]


def trace(target: Any) -> tuple[Program, Provenance]:
    """Return a program, or that of a value which has one, such as `run.best`; and where it is from.

    Raises:
        LionSearchError: as `load`; for what is no program and names none.
    """
    if isinstance(target, str | Path):
        return load_target(str(target))
    if isinstance(where := getattr(target, "target", None), str):  # of a run
        return load_target(where)
    program = getattr(target, "program", target)
    if not isinstance(program, Program):
        raise SettingError(
            f"expected a program, its name, file or composition, RUN:ID, or what has a program; not {quote(target)}"
        )
    return program, Provenance("", "program")


def trace_optimizer(target: Any) -> tuple[Program | RivalSpec, Provenance]:
    """Return a program as `trace`, or of a text such as `optax:adamw` or `mymodule:make` a rival.

    Raises:
        LionSearchError: as `trace`; for a rival that is not there, or does not take what it is given.
    """
    if isinstance(target, str) and names_rival(target):
        from lionsearch.evaluation.device import configure_jax

        configure_jax()  # before what follows brings JAX
        from lionsearch.rivals.making import resolve_rival

        return resolve_rival(target), Provenance(target.strip(), target.strip())
    return trace(target)


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of a program without training.

    Attributes:
        name: what it is called.
        statements: dead ones included.
        live_statements: that reach the update.
        slots: of optimizer state that are used.
        inputs: that the live statements read.
        fingerprint: the same for programs that differ in names, order or dead code alone.

    Examples:
        >>> import lionsearch
        >>> lionsearch.check("lion").live_statements
        7
    """

    name: str
    statements: int
    live_statements: int
    slots: int
    inputs: tuple[str, ...]
    fingerprint: str


def check(program: str | Path | Program) -> Checked:
    """Return what is known of a program without training.

    Raises:
        LionSearchError: if it is not there or not valid, saying what is wrong and where.

    Examples:
        >>> import lionsearch
        >>> found = lionsearch.check("adamw")
        >>> found.live_statements, found.slots, found.inputs
        (9, 2, ('w', 'g', 'lr'))
    """
    loaded, provenance = trace(program)
    return describe_program(provenance.name, loaded)


def describe_program(name: str, program: Program) -> Checked:
    """Return what is known of a program of this name without training."""
    live = find_live(program)
    inputs = tuple(each for each in program.inputs if each in live.reads)
    return Checked(name, len(program.statements), len(live.statements), len(live.slots), inputs, fingerprint(program))


@dataclass(frozen=True)
class Shown:
    """A program for people: it prints as `lionsearch show` does, and as equations in a notebook.

    Attributes:
        name: what it is called.
        program: itself.
        summary: title, equations, source, state and needs.

    Examples:
        >>> import lionsearch
        >>> lionsearch.show("lion").summary.year
        2023
    """

    name: str
    program: Program
    summary: Summary

    @property
    def text(self) -> str:
        """The program's text."""
        return format_program(replace(self.program, description=""))

    @property
    def latex(self) -> str:
        """The equations of one step, and the values of the hyperparameters.

        Raises:
            SettingError: if they cannot be written.
        """
        from lionsearch.exports.formats import Target
        from lionsearch.exports.preparation import prepare
        from lionsearch.exports.writing import write_text

        text = write_text(prepare(self.program, Provenance(self.name, self.name)), Target.LATEX)
        return "\n".join(line for line in text.splitlines() if not line.startswith("%"))

    def __str__(self) -> str:
        """Return what it is, its equations, its state and needs, and its text."""
        found = self.summary
        title = self.name if found.title in ("", self.name) else f"{self.name}: {found.title}"
        facts = {"source": found.source, "group": found.group, "state": found.state, "needs": ", ".join(found.needs)}
        lines = [f"    {line}" for line in found.equations]
        said = [f"{label}: {value}" for label, value in facts.items() if value]
        return plain("\n".join([title, "", *lines, *([""] if lines else []), *said, "", self.text]))

    def __repr__(self) -> str:
        """Return the same, as a session shows it."""
        return str(self)

    def _repr_latex_(self) -> str | None:
        try:
            return self.latex
        except LionSearchError:
            return None

    def _repr_html_(self) -> str:
        found = self.summary
        facts = {"source": found.source, "group": found.group, "state": found.state, "needs": ", ".join(found.needs)}
        rows = [(label, value) for label, value in facts.items() if value]
        equations = f"<div>{escape(latex)}</div>" if (latex := self._repr_latex_()) else ""
        return html_table((self.name, found.title), rows) + equations + html_code(self.text)


def show(program: str | Path | Program) -> Shown:
    """Return a program with its equations, source, state and needs; of a transform, the program with a gap.

    Raises:
        LionSearchError: if it is not there or not valid.

    Examples:
        >>> import lionsearch
        >>> print(str(lionsearch.show("lion")).splitlines()[0])
        lion: Lion: the sign of an interpolated momentum, with decoupled weight decay and one state slot.
    """
    if isinstance(program, str) and (row := TRANSFORMS.get(program)) is not None:
        others = ", lion" if row.programs > 1 else ""
        title = f"a transform, used as {row.name}(adamw{others}): {row.description}"
        return Shown(row.name, row.template, replace(summarize(row.template), title=title, source=row.source))
    loaded, provenance = trace(program)
    return Shown(provenance.name, loaded, summarize(loaded))


def simplify(
    program: str | Path | Program,
    tasks: Sequence[str | TaskSpec] | str | TaskSpec = (),
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    seeds: int = 8,
    listener: Callable[[Step], None] | None = None,
) -> Simplified:
    """Make a program shorter: exactly, and with tasks also by what hardly changes its scores on them.

    Args:
        program: itself, or what names it.
        tasks: to train on; without any, only what changes nothing but rounding is done.
        tolerance: how much a score may change; 1 is what tuned AdamW gains.
        seeds: paired trainings on each task.
        listener: called with each step as it is made.

    Raises:
        LionSearchError: if the program or a task is wrong, or the program does not train on it.

    Examples:
        >>> import lionsearch
        >>> found = lionsearch.simplify(lionsearch.parse("def train(w, g, lr): return (g + g * 0.0) * lr"))
        >>> len(found.program.statements)
        1
    """
    loaded, provenance = trace(program)
    if not 2 <= seeds <= MOST_SEEDS:
        raise SettingError(f"seeds is {seeds}; expected 2 to {MOST_SEEDS}")
    if not tolerance >= 0:
        raise SettingError(f"tolerance is {tolerance}; expected 0 or more")
    from lionsearch.evaluation.device import configure_jax

    configure_jax()
    from lionsearch.simplification.pipeline import make_judges
    from lionsearch.simplification.pipeline import simplify as run

    specs = load_tasks(tasks)
    judges = make_judges(loaded, provenance.name, specs, seeds, tolerance) if specs else None
    return run(loaded, judges, listener or (lambda step: None))


def identify(program: str | Path | Program) -> Identity | None:
    """Return the known optimizer that a program is up to constants, transforms of one included; None if it is none.

    Raises:
        LionSearchError: if it is not there or not valid.

    Examples:
        >>> import lionsearch
        >>> print(lionsearch.identify(lionsearch.parse("def train(w, g, lr): return sign(g) * (lr * 0.1)")))
        sign_sgd with weight_decay = 0, lr_scale = 0.1
    """
    loaded = load(program)
    from lionsearch.evaluation.device import configure_jax

    configure_jax()
    from lionsearch.identification.identity import identify as find

    return find(loaded)


def nearest(program: str | Path | Program, task: str | TaskSpec = "digits_mlp", most: int = 5) -> list[Neighbour]:
    """Return the known programs whose updates are nearest to a program's, along one training, constants fitted.

    Args:
        program: itself, or what names it.
        task: whose training is recorded.
        most: how many.

    Raises:
        LionSearchError: if the program or the task is wrong.

    Examples:
        >>> import lionsearch
        >>> [found] = lionsearch.nearest("signum", "teacher_student", most=1)  # doctest: +SKIP
        >>> found.name, round(found.similarity, 3)  # doctest: +SKIP
        ('signum', 1.0)
    """
    if most < 1:
        raise SettingError(f"most is {most}; expected 1 or more")
    loaded, found = load(program), identify(program)
    from lionsearch.identification.neighbours import find_neighbours

    [spec] = load_tasks(task)
    return find_neighbours(loaded, found, spec, most)


def export(program: str | Path | Program, to: str = "optax", output: str | Path | None = None) -> str:
    """Return a program as a Python file for optax or PyTorch, as equations, or write a picture of its graph.

    Args:
        program: itself, or what names it.
        to: `optax`, `torch`, `latex` or `graph`.
        output: a file to write; a graph needs one, in .svg or .png.

    Returns:
        The text; of a graph, the file's name.

    Raises:
        LionSearchError: if the target cannot express the program, or the file cannot be written.

    Examples:
        >>> import lionsearch
        >>> text = lionsearch.export("lion", "torch")
        >>> print(next(line for line in text.splitlines() if line.startswith("class ")))
        class Lion(torch.optim.Optimizer):
    """
    loaded, provenance = trace(program)
    from lionsearch.exports.formats import Target
    from lionsearch.exports.writing import write_export

    if to not in [target.value for target in Target]:
        raise UnknownNameError("target", str(to), [target.value for target in Target])
    path = None if output is None else Path(output)
    text = write_export(loaded, provenance, Target(to), path)
    return str(path) if text is None else text


def load_tasks(tasks: Sequence[str | TaskSpec] | str | TaskSpec, *, twice: bool = False) -> list[TaskSpec]:
    """Return tasks given by name, file or value.

    Args:
        tasks: one or several.
        twice: whether one may be given more than once.

    Raises:
        LionSearchError: if one is not there, or is given twice where it may not be.
    """
    from lionsearch.tasks.spec import TaskSpec, load_task

    one = isinstance(tasks, str | Path | TaskSpec) or not isinstance(tasks, Sequence)
    given = [tasks] if one else list(tasks)
    for task in given:
        if not isinstance(task, str | Path | TaskSpec):
            raise SettingError(f"tasks: expected names or lionsearch.Task, not {type(task).__name__}")
    specs = [task if isinstance(task, TaskSpec) else load_task(str(task)) for task in given]
    names = [spec.name for spec in specs]
    if len({*names}) < len(names) and not twice:
        raise SettingError(f"a task is given twice: {', '.join(names)}")
    return specs
