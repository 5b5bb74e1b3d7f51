"""Exported PyTorch optimizers of parameters that FSDP2 shards give what they give of whole ones.

Each test starts its processes once, which go over all of its cases and write down what they find.
"""

import datetime
import time
import warnings
from pathlib import Path

import pytest
from exports.exported import draw
from exports.test_speller import operation_programs

from lionsearch import to_torch
from lionsearch.catalog import PROGRAMS
from lionsearch.errors import SettingError
from lionsearch.lang import OPERATIONS, format_program

torch = pytest.importorskip("torch")
pytest.importorskip("torch.distributed.tensor")
fully_shard = pytest.importorskip("torch.distributed.fsdp").fully_shard
from torch.distributed.checkpoint.state_dict import (  # noqa: E402
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.tensor import DTensor, Shard, distribute_tensor, init_device_mesh  # noqa: E402
from torch.distributed.tensor.debug import CommDebugMode  # noqa: E402

SECONDS = 200
"""After which processes are ended, whatever they do."""
SAMPLE = ("adamw_debiased", "apollo", "polyak_sgd", "muon", "shampoo")
COMPOSITIONS = ("clip_norm(adam, limit=0.5)", "lookahead(sgd)", "clip_adaptive(sgd, limit=0.01)")
COMPOSITIONS += ("matrices(muon, adam)", "clip_norm(muon, limit=0.5)")
SILENT = ("adamw_debiased", "lion", "schedule_free_adamw")
SAVED = ("adamw_debiased", "lion", "dog", "adam_mini", "adafactor", "muon")
DATA = draw(4, steps=1, shapes=((3, 2), (5,), (1,), (), (3, 2, 2, 2)))


def _exported() -> list[str]:
    def is_exported(name: str) -> bool:
        try:
            to_torch(name)
        except SettingError:
            return False
        return True

    return [*filter(is_exported, PROGRAMS.names()), *COMPOSITIONS]


def _model():
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(2, 3, 2), torch.nn.Flatten(), torch.nn.Linear(12, 5), torch.nn.Tanh()]
    layers += [torch.nn.Linear(5, 4, bias=False), torch.nn.Tanh(), torch.nn.Linear(4, 1)]
    return torch.nn.Sequential(*layers).double()


def _sharded_model(mesh):
    model = _model()
    fully_shard(model, mesh=mesh)
    return model


def _steps(model, optimizer, steps, parts):
    """Train on the mean over parts of each batch; a process has one of them."""
    for step in steps:
        torch.manual_seed(1 + step)
        x, y = torch.randn(6, 2, 3, 3, dtype=torch.float64), torch.randn(6, 1, dtype=torch.float64)

        def closure(x=x, y=y):
            optimizer.zero_grad()
            losses = [((model(x[part]) - y[part]) ** 2).mean() / len(parts) for part in parts]
            for loss in losses:
                loss.backward()
            return sum(losses).detach()

        optimizer.step(closure)


def _parts(mesh):
    return [slice(rank, None, mesh.size()) for rank in range(mesh.size())]


def _part(mesh):
    return [_parts(mesh)[mesh.get_local_rank()]]


def _whole(model):
    return [p.detach().full_tensor() if isinstance(p, DTensor) else p.detach() for p in model.parameters()]


def _compare(found, expected, start):
    """Raise unless weights are the same, but for a millionth of how far they are from the start."""
    difference = max(float((x - y).abs().max()) for x, y in zip(found, expected, strict=True))
    moved = max(float((x - y).abs().max()) for x, y in zip(start, expected, strict=True))
    assert moved > 0
    assert difference < 1e-6 * moved, f"{difference:.1e} off, after {moved:.1e}"


def _check_placements(optimizer):
    """Raise unless what is as large as a parameter is sharded as it is, and all else in one piece."""
    for p, state in optimizer.state.items():
        for value in state.values():
            if isinstance(value, torch.Tensor):
                assert value.placements == p.placements if isinstance(value, DTensor) else value.shape != p.shape
    assert not any(isinstance(value, DTensor) for group in optimizer.param_groups for value in group.values())


def check_training(name, mesh):
    make, model, whole = to_torch(name), _sharded_model(mesh), _model()
    optimizer = make(model.parameters())
    _steps(model, optimizer, range(4), _part(mesh))
    _steps(whole, make(whole.parameters()), range(4), _parts(mesh))
    _compare(_whole(model), _whole(whole), _whole(_model()))
    _check_placements(optimizer)


def check_silence(name, mesh):
    """Raise if processes talk in a step of a program that is elementwise."""
    model = _sharded_model(mesh)
    optimizer = to_torch(name)(model.parameters())
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    with CommDebugMode() as traffic:
        optimizer.step()
    assert traffic.get_total_counts() == 0


def check_saving(name, mesh):
    """Raise unless a training goes on from a saved state of the optimizer, sharded or in one piece."""
    make, models = to_torch(name), [_sharded_model(mesh) for _ in range(3)]
    one = make(models[0].parameters())
    _steps(models[0], one, range(2), _part(mesh))
    for model, full in zip(models[1:], (False, True), strict=True):
        options = StateDictOptions(full_state_dict=full)
        saved = get_optimizer_state_dict(models[0], one, options=options)
        other = make(model.parameters())
        set_optimizer_state_dict(model, other, saved, options=options)
        model.load_state_dict(models[0].state_dict())
        _steps(model, other, range(2, 4), _part(mesh))
        _check_placements(other)
    _steps(models[0], one, range(2, 4), _part(mesh))
    for model in models[1:]:
        _compare(_whole(model), _whole(models[0]), _whole(_model()))


def check_operation(name, mesh):
    """Raise unless an operation does to sharded parameters, whatever their kinds, what it does to whole ones."""
    for program in operation_programs(name):
        make = to_torch(program)
        whole = [torch.nn.Parameter(torch.tensor(w)) for w in DATA.weights]
        parts = [torch.nn.Parameter(_distributed(w, mesh) if w.ndim else torch.tensor(w)) for w in DATA.weights]
        for parameters in (whole, parts):
            for p, g in zip(parameters, DATA.gradients[0], strict=True):
                p.grad = _distributed(g, mesh) if isinstance(p, DTensor) else torch.tensor(g)
            make(parameters, lr=0.1).step()
        for p, q in zip(parts, whole, strict=True):
            found = p.detach().full_tensor() if isinstance(p, DTensor) else p
            torch.testing.assert_close(found, q, rtol=1e-9, atol=1e-9, equal_nan=True, msg=format_program(program))


def _distributed(array, mesh):
    return distribute_tensor(torch.tensor(array), mesh, [Shard(0)])


def _run(rank, world, folder, cases):
    torch.set_num_threads(1)
    wait = datetime.timedelta(seconds=20)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world, timeout=wait
    )
    mesh = init_device_mesh("cpu", (world,))
    warnings.simplefilter("error")
    for check, case in cases:
        try:
            check(case, mesh)
            outcome = "as expected"
        except Exception as error:
            outcome = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
        with (Path(folder) / f"{rank}.txt").open("a") as file:
            file.write(f"{check.__name__} {case}: {outcome}\n")
    torch.distributed.destroy_process_group()


def _found(world, folder, cases):
    """Return what each process wrote of each case."""
    started = torch.multiprocessing.start_processes(_run, (world, str(folder), cases), world, join=False)
    deadline = time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline and not started.join(timeout=1):
            pass
    finally:
        for process in started.processes:
            process.kill()
            process.join()
    files = [folder / f"{rank}.txt" for rank in range(world)]
    return [file.read_text().splitlines() if file.exists() else [] for file in files]


def _test(world, folder, cases):
    expected = [f"{check.__name__} {case}: as expected" for check, case in cases]
    for lines in _found(world, folder, cases):
        wrong = [line for line in lines if line not in expected]
        wrong += [f"{line}: but not reached" for line in expected[len(lines) :]]
        assert not wrong, "\n".join(wrong)


def _cases(check, names):
    return [(check, name) for name in names]


@pytest.mark.thorough
def test_sharded_parameters_train_as_whole_ones(tmp_path):
    _test(2, tmp_path, [*_cases(check_training, SAMPLE), (check_silence, "lion"), (check_saving, "adamw_debiased")])


@pytest.mark.slow
@pytest.mark.parametrize("world", [1, 2])
def test_all_programs_train_sharded_parameters_as_whole_ones(world, tmp_path):
    _test(
        world,
        tmp_path,
        _cases(check_training, _exported()) + _cases(check_silence, SILENT) + _cases(check_saving, SAVED),
    )


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])
def test_operations_do_to_sharded_parameters_what_they_do_to_whole_ones(half, tmp_path):
    _test(2, tmp_path, _cases(check_operation, list(OPERATIONS)[half::2]))
