"""Program -> a PyTorch optimizer class in this process: the exported file, imported from memory.

What is executed is text that `lionsearch.export.torch_module` wrote, of a program whose every name and number has
passed the parser; nothing of a user's text is in it, the docstring included.
"""

from __future__ import annotations

import linecache
from dataclasses import replace
from importlib.util import find_spec
from itertools import count
from types import ModuleType
from typing import Any

from lionsearch.archive.targets import Provenance, load_target
from lionsearch.errors import SettingError
from lionsearch.export.preparation import prepare
from lionsearch.export.torch_module import write_torch_module
from lionsearch.lang import Program, format_program, parse

_numbers = count(1)


def to_torch(program: Program | str) -> type[Any]:
    """Return a program as a subclass of `torch.optim.Optimizer`.

    Its arguments are the parameters, `lr`, the hyperparameters by name, and `maximize`. `lr` is the learning rate
    that acts, where the program reads `lr` only in `lr * lr_scale`; its default is the program's `lr_scale`. Any other
    program, such as one that a search found (`lr * 0.001`), gets it as its own `lr`; the default, 1.0, is the program's
    own rate. In training on a task, `lr` is the task's schedule, whose peak is tuned AdamW's learning rate divided by
    0.001. A program that reads the loss takes it from the closure of `step`.

    Args:
        program: a program, its name or file, a composition, or `RUN:ID`.

    Raises:
        SettingError: if PyTorch is not installed, or the program asks for what an optimizer does not get.
    """
    loaded, provenance = load_target(program) if isinstance(program, str) else (program, Provenance("", "program"))
    if find_spec("torch") is None:
        raise SettingError("PyTorch is not installed: pip install torch")
    bare = replace(loaded, description="")
    if parse(format_program(bare)) != bare:
        raise SettingError(f"{provenance.name}: not a program that its own text gives back")
    prepared = prepare(bare, replace(provenance, text="", run=None))
    text = write_torch_module(prepared, "lionsearch.to_torch")
    module = ModuleType(f"lionsearch_exported_{prepared.name}")
    filename = f"<lionsearch export {next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)  # for tracebacks
    exec(compile(text, filename, "exec"), module.__dict__)
    made = getattr(module, prepared.class_name)
    made.__doc__ = f"{loaded.description}\n\n{made.__doc__}".strip()
    return made
