"""Program -> the text of a Python file with an optax transformation, which needs jax and optax and nothing else."""

from __future__ import annotations

from math import inf
from textwrap import wrap

from lionsearch.exports.helpers import called_helpers, helper_texts, helpers_of
from lionsearch.exports.preparation import (
    WEIGHT_DECAY,
    Prepared,
    can_mask_decay,
    module_docstring,
    range_checks,
    rate_note,
    rate_warning,
)
from lionsearch.exports.rule import Rule, uses_matrices, write_rule
from lionsearch.graph.lowering import AXES, lower
from lionsearch.lang import INPUTS, MATRIX_KINDS, Kind

_STARTS = {
    Kind.TENSOR: "jax.tree.map(lambda w: jnp.zeros_like(w, dtype=dtype{slot}), params)",
    Kind.PER_TENSOR: "jax.tree.map(lambda w: jnp.zeros((), dtype{slot} or w.dtype), params)",
    Kind.SCALAR: "jnp.zeros((), jnp.result_type(float))",
    Kind.ROW: "start(lambda w: jnp.zeros_like(w[..., :1, :], dtype=dtype{slot}))",
    Kind.COLUMN: "start(lambda w: jnp.zeros_like(w[..., :1], dtype=dtype{slot}))",
    Kind.LEFT: "start(lambda w: jnp.zeros((*w.shape[:-1], w.shape[-2]), dtype{slot} or w.dtype))",
    Kind.RIGHT: "start(lambda w: jnp.zeros((*w.shape[:-2], w.shape[-1], w.shape[-1]), dtype{slot} or w.dtype))",
}


def optax_name(name: str) -> str:
    """Return what optax calls an input."""
    return INPUTS[name].optax_name or name


def write_optax_module(prepared: Prepared, command: str) -> str:
    """Return the file.

    Args:
        prepared: the program.
        command: that asked for it, for the docstring.
    """
    return _OptaxModule(prepared, command).text()


def masks_decay(prepared: Prepared) -> bool:
    """Return whether the file's function takes a mask of the weights that decay."""
    return can_mask_decay(prepared.program) and WEIGHT_DECAY in prepared.hyperparameters


class _OptaxModule:
    def __init__(self, prepared: Prepared, command: str):
        self._prepared, self._command = prepared, command
        self._masks = masks_decay(prepared)
        self._lowered = lower(prepared.program, (WEIGHT_DECAY,) if self._masks else ())
        self._rule: Rule = write_rule(self._lowered, torch=False, names=prepared.names)
        self._matrices = uses_matrices(self._lowered)
        names = self._rule.names
        self._state = [(slot, prepared.names[slot], kind) for slot, kind in prepared.program.state]
        self._needs_params = "w" in names or self._masks

    def text(self) -> str:
        factory = "\n\n".join(["\n".join(self._signature()), self._indent(self._init()), self._indent(self._update())])
        tail = "    return optax.GradientTransformationExtraArgs(init, update)"
        helpers = {*self._rule.helpers, *called_helpers(factory)}.intersection(helpers_of("jax"))
        parts = [
            module_docstring(self._prepared, self._command, rate_warning(self._prepared, "learning_rate")),
            "from numbers import Real\nfrom typing import Any, NamedTuple",
            "import jax\nimport jax.numpy as jnp\nimport optax",
            "\n" + "\n".join(self._state_class()),
            "\n" + f"{factory}\n\n{tail}",
            "\n" + self._rule.function(),
            *("\n" + text for text in helper_texts(helpers, "jax")),
        ]
        return "\n\n".join(parts) + "\n"

    def _indent(self, lines: list[str]) -> str:
        return "\n".join(f"    {line}" if line else "" for line in lines)

    def _state_class(self) -> list[str]:
        lines = [f"class {self._prepared.state_name}(NamedTuple):"]
        lines += ['    """The number of steps, and what is kept from step to step."""', "", "    count: jax.Array"]
        return lines + [
            f"    {field}: {'jax.Array' if kind is Kind.SCALAR else 'Any'}" for _, field, kind in self._state
        ]

    def _signature(self) -> list[str]:
        prepared = self._prepared
        lines = [f"def {prepared.name}(", "    learning_rate: optax.ScalarOrSchedule,"]
        lines += [f"    {prepared.names[name]}: Any = {value!r}," for name, value in prepared.hyperparameters.items()]
        lines += ["    *,"] if self._masks or self._state else []
        lines += ["    mask: Any = None,"] if self._masks else []
        lines += ["    state_dtype: Any = None,"] if self._state else []
        lines += [") -> optax.GradientTransformationExtraArgs:", f'    """Return {prepared.name} for optax.', ""]
        lines += ["    Args:", f"        learning_rate: a number or a schedule; {rate_note(prepared)}."]
        arguments = [prepared.names[name] for name in prepared.hyperparameters]
        lines += [f"        {argument}: a hyperparameter of the program." for argument in arguments]
        if self._masks:
            lines.append(
                "        mask: a tree of booleans, or a function of the parameters that gives one: whose weights decay."
            )
        if self._state:
            lines.append("        state_dtype: of the state; a dictionary gives it by slot. The parameters' if None.")
        for name in prepared.extra_inputs:
            given = optax_name(name)
            text = f"`update` takes `{given}`: {prepared.describe_input(name)}."
            lines += ["", *wrap(text, 110, initial_indent=" " * 4, subsequent_indent=" " * 4)]
        checks = [f"    {check}" for check in range_checks(prepared, "learning_rate", -inf)]
        return [*lines, '    """', *checks, *self._dtype_check()]

    def _dtype_check(self) -> list[str]:
        if not self._state:
            return []
        slots = ", ".join(f'"{slot}"' for slot, _, _ in self._state)
        return [f"    _check_slots(state_dtype, [{slots}])"]

    def _init(self) -> list[str]:
        lines = [f"def init(params: Any) -> {self._prepared.state_name}:"]
        if any(kind in MATRIX_KINDS for _, _, kind in self._state):
            lines += [
                "    def start(make):",
                "        return jax.tree.map(lambda w: make(_as_matrices([w])[0]), params)",
            ]
            lines += [""]
        if any(kind is not Kind.SCALAR for _, _, kind in self._state):
            lines += ["    def dtype(slot):"]
            lines += ["        return state_dtype.get(slot) if isinstance(state_dtype, dict) else state_dtype", ""]
        starts = [f"{field}=" + _STARTS[kind].format(slot=f'("{slot}")') for slot, field, kind in self._state]
        count = "jnp.zeros([], jnp.int32)"
        lines += ["    _check_real(params)"]
        return [*lines, f"    return {self._prepared.state_name}(", f"        count={count},",
                *(f"        {start}," for start in starts), "    )"]  # fmt: skip

    def _update(self) -> list[str]:
        prepared, names = self._prepared, self._rule.names
        extra = [name for name in prepared.extra_inputs if name in names]
        lines = [f"def update(updates: Any, state: {prepared.state_name}, params: Any = None, **extra: Any):"]
        if self._needs_params:
            lines += [
                "    if params is None:",
                f'        raise ValueError("{prepared.name} reads the weights: call update with params")',
            ]
        for name in extra:
            text = f"{prepared.name} asks for {name} ({prepared.describe_input(name)}): pass it to update as"
            parts = wrap(f"{text} {optax_name(name)}=...", 100, drop_whitespace=False)
            lines += [f'    if extra.get("{optax_name(name)}") is None:', "        raise ValueError("]
            lines += [*(f'            "{part}"' for part in parts), "        )"]
        lines += [
            "    leaves, structure = jax.tree.flatten(updates)",
            "    if not leaves:",
            "        return updates, state",
        ]
        if "lr" in names:
            lines += ["    lr = learning_rate(state.count) if callable(learning_rate) else learning_rate"]
        numbers = any(kind is Kind.SCALAR for _, _, kind in self._state)
        lines += ["    rows, numbers = _train(" if numbers else "    rows = _train("]
        lines += [f"        {names[name]}={self._argument(name)}," for name in names]
        lines += ["    )"]
        return lines + self._outcome()

    def _argument(self, name: str) -> str:
        kinds = {slot: kind for slot, _, kind in self._state}
        fields = {slot: field for slot, field, _ in self._state}
        if name in kinds:
            stored = f"state.{fields[name]}"
            return (
                stored
                if kinds[name] is Kind.SCALAR
                else self._leaves(f"structure.flatten_up_to({stored})", kinds[name])
            )
        if name == WEIGHT_DECAY and self._masks:
            return f"_masked({self._rule.names[name]}, mask, params, structure)"
        if name in self._prepared.hyperparameters:
            return self._rule.names[name]
        match name:
            case "w":
                return self._leaves("structure.flatten_up_to(params)", Kind.TENSOR)
            case "g":
                return self._leaves("leaves", Kind.TENSOR)
            case "lr":
                return "lr"
            case _ if name == AXES:
                return "[float(x.ndim) for x in leaves]"
            case "t":
                return "(state.count + 1).astype(jnp.result_type(float))"
        stored = f'extra["{optax_name(name)}"]'
        return stored if INPUTS[name].kind is Kind.SCALAR else self._leaves(
            f"structure.flatten_up_to({stored})", Kind.TENSOR
        )  # fmt: skip

    def _leaves(self, text: str, kind: Kind) -> str:
        wide = f"_wide({text})"
        return f"_as_matrices({wide})" if self._matrices and kind is Kind.TENSOR else wide

    def _outcome(self) -> list[str]:
        state = self._prepared.state_name
        columns = [field for _, field, kind in self._state if kind is not Kind.SCALAR]
        numbers = [field for _, field, kind in self._state if kind is Kind.SCALAR]
        lines = [
            f"    update, {', '.join(columns)} = zip(*rows, strict=True)"
            if columns
            else "    (update,) = zip(*rows, strict=True)"
        ]
        lines += ["    update = [-x for x in update]"]
        fields = ["count=optax.safe_increment(state.count)"]
        for _, field, kind in self._state:
            if kind is Kind.SCALAR:
                fields.append(f"{field}=jnp.asarray(numbers[{numbers.index(field)}], state.{field}.dtype)")
            else:
                fields.append(f"{field}=_like(structure, {field}, structure.flatten_up_to(state.{field}))")
        lines += [f"    state = {state}(", *(f"        {field}," for field in fields), "    )"]
        return [*lines, "    return _change(structure, update, leaves, params), state"]
