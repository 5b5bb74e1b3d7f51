"""A template and the programs that go into it -> one program.

A template is a program in which the statement `inner = g` stands for a program; what comes before it prepares what
that program reads, what comes after it reads its update as `inner`. `other = g` is the place of a second one.
Names keep apart: a variable of the template, or of the second program, that the program before it also has is renamed.
Invariant: each program sees the inputs as the template left them, and keeps its own state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from lionsearch.errors import SettingError
from lionsearch.lang import COPY, INPUTS, Argument, Program, Statement

PLACES = ("inner", "other")
"""The variables of a template that stand for programs."""

_SHARED = "lr_scale"  # a template that reads it means the program's own


def weave(template: Program, inner: Iterable[tuple[str, Program]], name: str) -> Program:
    """Return the template with the programs in their places.

    Args:
        template: with one statement `inner = g`, and `other = g` for a second program.
        inner: the programs, each with a name that its variables get as a prefix where they would clash.
        name: the same for the template's variables.

    Raises:
        SettingError: if two of them ask for an input that is to be computed in two ways.
    """
    places = dict(zip(PLACES, inner, strict=False))
    settings = _common_settings([*places.values(), (name, template)])
    taken: set[str] = {*INPUTS, *PLACES, *settings}
    woven: dict[str, Program] = {}
    for place, (prefix, program) in places.items():
        woven[place] = _set_apart(program, taken, prefix)
        taken |= _variables(woven[place])
    shared = {_SHARED} if any(_SHARED in dict(program.hyperparameters) for program in woven.values()) else set()
    taken |= {_SHARED} - shared
    frame = _rename(template, _fresh_names(_variables(template) - shared - set(PLACES), taken, name))
    programs = (*woven.values(), frame)
    hyperparameters = dict(item for program in reversed(programs) for item in program.hyperparameters)
    ordered = dict(item for program in programs for item in program.hyperparameters)
    wanted = {name for program in programs for name in program.optional_inputs}
    return Program(
        tuple(_statements(frame, woven)),
        woven["inner"].update if frame.update == "inner" else frame.update,
        tuple(slot for program in programs for slot in program.slots),
        tuple(kind for program in programs for _, kind in program.state),
        tuple(name for name in INPUTS if name in wanted),
        tuple((key, hyperparameters[key]) for key in ordered),
    )


def _statements(frame: Program, woven: Mapping[str, Program]) -> Iterable[Statement]:
    """Yield the template's statements with each program in its place, its update under the place's name."""
    updates: dict[str, str] = {}
    for statement in frame.statements:
        if statement.target in woven and statement.operation == COPY:
            program = woven[statement.target]
            yield from program.statements
            updates[statement.target] = program.update
        else:
            arguments = tuple(updates.get(a, a) if isinstance(a, str) else a for a in statement.arguments)
            yield replace(statement, arguments=arguments)


def _set_apart(program: Program, taken: set[str], prefix: str) -> Program:
    """Return the program with names of its own for what others have, and for inputs that it overwrites."""
    renamed = _rename(program, _fresh_names(_variables(program), taken, prefix))
    current: dict[str, str] = {}
    used = taken | _variables(renamed) | set(INPUTS)
    statements: list[Statement] = []
    for statement in renamed.statements:
        arguments = tuple(current.get(a, a) if isinstance(a, str) else a for a in statement.arguments)
        target = statement.target
        if target in INPUTS or target in program.settings:
            current.setdefault(target, _free(f"{prefix}_{target}", used))
            used.add(current[target])
            target = current[target]
        statements.append(Statement(target, statement.operation, arguments))
    return replace(renamed, statements=tuple(statements), update=current.get(renamed.update, renamed.update))


def _variables(program: Program) -> set[str]:
    """Return every name of the program that is not an input."""
    names = {statement.target for statement in program.statements} | set(program.slots)
    names.update(name for name, _ in program.hyperparameters)
    return names - set(INPUTS) - set(program.settings)


def _common_settings(parts: Iterable[tuple[str, Program]]) -> dict[str, float]:
    """Return how the optional inputs of all parts are computed."""
    common: dict[str, float] = {}
    for prefix, program in parts:
        for name, value in program.settings.items():
            if common.setdefault(name, value) != value:
                raise SettingError(
                    f"{prefix} needs its inputs with {name} = {value:g}, another part with {common[name]:g}; "
                    "a composition computes them in one way"
                )
    return common


def _fresh_names(names: set[str], taken: set[str], prefix: str) -> dict[str, str]:
    """Return another name for each that is taken."""
    used = taken | names
    changed: dict[str, str] = {}
    for name in sorted(names & taken):
        changed[name] = _free(f"{prefix}_{name}", used)
        used.add(changed[name])
    return changed


def _free(name: str, used: set[str]) -> str:
    candidate, number = name, 2
    while candidate in used:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def _rename(program: Program, names: Mapping[str, str]) -> Program:
    if not names:
        return program

    def new(argument: Argument) -> Argument:
        return names.get(argument, argument) if isinstance(argument, str) else argument

    return replace(
        program,
        statements=tuple(
            Statement(names.get(s.target, s.target), s.operation, tuple(new(a) for a in s.arguments))
            for s in program.statements
        ),
        update=names.get(program.update, program.update),
        slots=tuple(names.get(slot, slot) for slot in program.slots),
        hyperparameters=tuple((names.get(name, name), value) for name, value in program.hyperparameters),
    )
