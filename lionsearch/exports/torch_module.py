"""Program -> the text of a Python file with a PyTorch optimizer, which needs torch and nothing else."""

from __future__ import annotations

from lionsearch.errors import SettingError
from lionsearch.exports.clock import CLOCK, with_own_clocks
from lionsearch.exports.helpers import called_helpers, helper_texts, helpers_of
from lionsearch.exports.preparation import Prepared, module_docstring, range_checks, rate_note, rate_warning
from lionsearch.exports.rule import is_oriented, uses_matrices, write_rule
from lionsearch.graph.lowering import AXES, SHARED_CLOCK
from lionsearch.lang import INPUTS, MATRIX_KINDS, OPERATIONS, Kind

_STARTS = {
    Kind.TENSOR: "torch.zeros_like(p)",
    Kind.PER_TENSOR: "torch.zeros((), dtype=p.dtype, device=p.device)",
    Kind.ROW: "torch.zeros_like(x[..., :1, :], dtype=p.dtype)",
    Kind.COLUMN: "torch.zeros_like(x[..., :1], dtype=p.dtype)",
    Kind.LEFT: "x.new_zeros((*x.shape[:-1], x.shape[-2]), dtype=p.dtype)",
    Kind.RIGHT: "x.new_zeros((*x.shape[:-2], x.shape[-1], x.shape[-1]), dtype=p.dtype)",
}

_SCHEDULERS = "Schedulers that cycle a momentum, such as OneCycleLR, need `cycle_momentum=False`."


def write_torch_module(prepared: Prepared, command: str) -> str:
    """Return the file.

    Args:
        prepared: the program.
        command: that asked for it, for the docstring.

    Raises:
        SettingError: if the program asks for an input that a PyTorch optimizer does not get.
    """
    check_expressible(prepared)
    return _TorchModule(prepared, command).text()


def check_expressible(prepared: Prepared) -> None:
    """Raise unless a PyTorch optimizer gets all that the program asks for.

    Raises:
        SettingError: naming the input.
    """
    for name in prepared.program.optional_inputs:
        if not INPUTS[name].in_torch:
            raise SettingError(
                f"{prepared.provenance.name} asks for {name} ({INPUTS[name].description}), which a PyTorch optimizer"
                f" does not get; export it to optax, where `update` takes {name} as a keyword argument"
            )


class _TorchModule:
    def __init__(self, prepared: Prepared, command: str):
        self._prepared, self._command = prepared, command
        self._lowered = with_own_clocks(prepared.lowered)
        self._rule = write_rule(self._lowered, torch=True, names={**prepared.names, SHARED_CLOCK: "steps"})
        self._oriented = is_oriented(self._lowered)
        stacks = "_as_matrices" if uses_matrices(self._lowered) else ""
        self._layout = "_as_one_matrix" if self._oriented else stacks
        state = self._lowered.program.state
        self._numbers = [slot for slot, kind in state if kind is Kind.SCALAR]
        self._leaf_slots = [(slot, kind) for slot, kind in state if kind is not Kind.SCALAR]
        numbers = {slot for slot, kind in prepared.program.state if kind is Kind.SCALAR}
        self._own_numbers = numbers.difference(self._numbers)

    def text(self) -> str:
        body = ["\n".join(lines) for lines in self._methods()]
        helpers = {*self._rule.helpers, *called_helpers("\n".join(body))}.intersection(helpers_of("torch"))
        parts = [
            module_docstring(self._prepared, self._command, self._notes()),
            "from numbers import Real\nfrom typing import Any\n\nimport torch",
            "\n" + "\n\n".join(body),
            "\n" + self._rule.function(),
            *("\n" + text for text in helper_texts(helpers, "torch")),
        ]
        return "\n\n".join(parts) + "\n"

    def _methods(self) -> list[list[str]]:
        loading = [self._load_state()] if self._own_numbers else []
        return [self._head(), self._add_group(), *loading, self._step()]

    def _notes(self) -> tuple[str, ...]:
        sums = any(OPERATIONS[node.operation].sums_tree for node in self._lowered.nodes)
        notes = ["A norm or sum over all parameters is over those of one parameter group."] if sums else []
        if self._oriented:
            notes.append("A weight (out, in, ...) is one matrix, with a row for each input; a kernel is flattened.")
        warning = rate_warning(self._prepared, "lr")
        return (*warning, *([""] if warning and notes else []), *notes)

    def _key(self, name: str) -> str:
        """Return the key of a hyperparameter in a parameter group, or of a slot there or in a parameter's state."""
        return self._prepared.names[name]

    def _head(self) -> list[str]:
        prepared = self._prepared
        keys = {prepared.names[name]: value for name, value in prepared.hyperparameters.items()}
        lines = [
            f"class {prepared.class_name}(torch.optim.Optimizer):",
            f'    """{prepared.class_name} for PyTorch.',
            "",
        ]
        lines += ["    Args:", "        params: parameters, or parameter groups; all that follows may differ by group."]
        lines += [f"        lr: the learning rate; {rate_note(prepared)}."]
        lines += [f"        {key}: a hyperparameter of the program." for key in keys]
        lines += ["        maximize: go up instead of down.", "", f"    {_SCHEDULERS}", '    """', ""]
        lines += ["    def __init__(", "        self,", "        params: Any,"]
        lines += [f"        lr: Any = {prepared.default_rate!r},"]
        lines += [f"        {key}: float = {value!r}," for key, value in keys.items()]
        lines += ["        *,", "        maximize: bool = False,", "    ):", "        defaults = {"]
        lines += [f'            "{key}": {key},' for key in ("lr", *keys, "maximize")]
        lines += (
            ['            "step": torch.zeros((), dtype=torch.float64),'] if SHARED_CLOCK in self._rule.names else []
        )
        numbers = [prepared.names[slot] for slot in self._numbers]
        lines += [f'            "{key}": torch.zeros((), dtype=torch.float64),' for key in numbers]
        return [*lines, "        }", "        super().__init__(params, defaults)"]

    def _add_group(self) -> list[str]:
        """Return the method that takes each group, those of the constructor too; one that is refused is not kept."""
        checks = ['_check_real(group["params"])', *range_checks(self._prepared, "lr", 0.0, 'group["{}"]')]
        return [
            "    def add_param_group(self, param_group: Any) -> None:",
            '        """Add a parameter group."""',
            "        super().add_param_group(param_group)",
            "        group = self.param_groups[-1]",
            "        try:",
            *(f"            {check}" for check in checks),
            "        except ValueError:",
            "            self.param_groups.pop()",
            "            raise",
        ]

    def _load_state(self) -> list[str]:
        """Return the method that loads a state: PyTorch's has every tensor but `step` in the parameter's dtype."""
        keys = ", ".join(f'"{self._key(slot)}"' for slot, _ in self._leaf_slots if slot in self._own_numbers)
        return [
            "    def load_state_dict(self, state_dict: Any) -> None:",
            '        """Load a state; what is one number for a parameter keeps its digits."""',
            "        super().load_state_dict(state_dict)",
            '        indices = [index for group in state_dict["param_groups"] for index in group["params"]]',
            '        params = [p for group in self.param_groups for p in group["params"]]',
            "        for index, p in zip(indices, params, strict=True):",
            '            given = state_dict["state"].get(index, {})',
            f"            for key in {{{keys}}}.intersection(given):",
            "                self.state[p][key] = _number(given[key]).clone()",
        ]

    def _step(self) -> list[str]:
        rule, slots = self._rule.names, self._leaf_slots
        needs_loss = "loss" in rule
        lines = ["    @torch.no_grad()", "    def step(self, closure: Any = None) -> Any:"]
        lines += ['        """Make one step; return what the closure returns."""', "        loss = None"]
        lines += ["        if closure is not None:", "            with torch.enable_grad():"]
        lines += ["                loss = closure()"]
        if needs_loss:
            lines += ["        if loss is None:"]
            lines += [
                f'            raise ValueError("{self._prepared.class_name} needs the loss: give step() a closure")'
            ]
        lines += ["        _check_dense(self.param_groups)", "        for group in self.param_groups:"]
        lines += ['            params = [p for p in group["params"] if p.grad is not None]']
        lines += ["            if not params:", "                continue"]
        lines += ['            group["step"] = group["step"] + 1'] if SHARED_CLOCK in rule else []
        starts = {"step": "torch.zeros((), dtype=torch.float64)"} if CLOCK in rule else {}
        starts |= {self._key(slot): self._start(slot, kind) for slot, kind in slots}
        if starts:
            lines += [
                "            for p in params:",
                f'                if "{next(iter(starts))}" not in self.state[p]:',
            ]
            if any(kind in MATRIX_KINDS for _, kind in slots):
                lines += [f"                    [x] = {self._layout}([p])"]
            lines += [f'                    self.state[p]["{key}"] = {start}' for key, start in starts.items()]
            lines += ['                self.state[p]["step"] = self.state[p]["step"] + 1'] if CLOCK in rule else []
            lines += ["            states = [self.state[p] for p in params]"]
        lines += ["            rows, numbers = _train("] if self._numbers else ["            rows = _train("]
        lines += [f"                {shown}={self._argument(name)}," for name, shown in rule.items()]
        return [*lines, "            )", *self._outcome(), "        return loss"]

    def _start(self, slot: str, kind: Kind) -> str:
        return "torch.zeros((), dtype=torch.float64)" if slot in self._own_numbers else _STARTS[kind]

    def _argument(self, name: str) -> str:
        kinds = dict(self._lowered.program.state)
        if name in self._numbers or name in self._prepared.hyperparameters:
            return f'group["{self._key(name)}"]'
        if name in self._own_numbers:
            return f'[_number(state["{self._key(name)}"]) for state in states]'
        if name in kinds:
            return self._leaves(f'state["{self._key(name)}"] for state in states', kinds[name])
        match name:
            case "w":
                return self._leaves("p for p in params", Kind.TENSOR)
            case "g":
                return self._leaves('-p.grad if group["maximize"] else p.grad for p in params', Kind.TENSOR)
            case _ if name == CLOCK:
                return '[state["step"] for state in states]'
            case _ if name == SHARED_CLOCK:
                return '_number(group["step"])'
            case "lr":
                return 'group["lr"]'
            case _ if name == AXES:
                return "[float(p.ndim) for p in params]"
        return "_mean_loss(loss, params)"

    def _leaves(self, text: str, kind: Kind) -> str:
        return f"{self._layout if self._layout and kind is Kind.TENSOR else '_wide'}({text})"

    def _outcome(self) -> list[str]:
        keys = [self._key(slot) for slot, _ in self._leaf_slots]
        names = [f"new_{key}" for key in keys]
        if keys:
            lines = ["            for p, state, row in zip(params, states, rows, strict=True):"]
            lines += [f"                update, {', '.join(names)} = row"]
        else:
            lines = ["            for p, (update,) in zip(params, rows, strict=True):"]
        for (slot, kind), key, name in zip(self._leaf_slots, keys, names, strict=True):
            shaped = self._shaped(name) if kind is Kind.TENSOR else name
            kept = f"_number({name}).clone()" if slot in self._own_numbers else self._cast(shaped, key, kind)
            lines += [f'                state["{key}"] = {kept}']
        lines += [f"                p.sub_({self._shaped('update')})"]
        for position, slot in enumerate(self._numbers):
            lines += [f'            group["{self._key(slot)}"] = _number(numbers[{position}]).clone()']
        return lines

    def _shaped(self, text: str) -> str:
        """Return what is laid out as the rule wants it in the shape of the parameter."""
        return f"_as_weight({text}, p)" if self._layout else text

    def _cast(self, text: str, key: str, kind: Kind) -> str:
        if kind is Kind.PER_TENSOR:
            return f'torch.as_tensor({text}).to(state["{key}"])'
        return f'{text}.to(state["{key}"].dtype)'
