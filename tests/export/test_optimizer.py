import subprocess
import sys
import traceback
from dataclasses import replace

import pytest

import lionsearch
from lionsearch.errors import SettingError
from lionsearch.lang import Statement, parse


def test_a_program_becomes_a_class():
    torch = pytest.importorskip("torch")
    lion = lionsearch.to_torch("lion")
    assert issubclass(lion, torch.optim.Optimizer)
    assert lion.__name__ == "Lion"
    assert "Lion: the sign of an interpolated momentum" in (lion.__doc__ or "")
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = lion([weight], lr=0.1, weight_decay=0.0)
    (weight * torch.tensor([1.0, -1.0])).sum().backward()
    optimizer.step()
    assert torch.allclose(weight, torch.tensor([0.9, 1.1]))


def test_an_exported_class_shows_its_lines_in_tracebacks():
    torch = pytest.importorskip("torch")
    optimizer = lionsearch.to_torch("polyak_sgd")([torch.nn.Parameter(torch.ones(2))])
    try:
        optimizer.step()
    except ValueError:
        assert "raise ValueError(" in traceback.format_exc()


def test_what_no_text_gives_is_refused():
    pytest.importorskip("torch")
    program = parse("def train(w, g, lr): return g * lr")
    odd = replace(program, statements=(Statement("v1 = exit()\n", "multiply", ("g", "lr")),), update="v1 = exit()\n")
    with pytest.raises((SettingError, SyntaxError)):
        lionsearch.to_torch(odd)
    described = replace(program, description='"""\nexit()\n"""')
    assert lionsearch.to_torch(described).__name__ == "Program"


def test_importing_lionsearch_loads_nothing_heavy():
    code = (
        "import sys, lionsearch\n"
        "assert {'to_optax', 'to_torch', 'optax_factory'} <= set(dir(lionsearch))\n"
        "print([name for name in ('numpy', 'jax', 'optax', 'torch', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="no attribute 'to_tensorflow'"):
        _ = lionsearch.to_tensorflow
