"""Tunes AdamW and Lion on tasks, measures both on fresh seeds, and writes what it found.

    python experiments/ladder/tune.py TASK [TASK ...] [--only adamw] [--seeds N] [--fresh N]
    python experiments/ladder/tune.py --cost TASK [TASK ...]
    python experiments/ladder/tune.py --compared FOLDER TASK [TASK ...]

Five learning rates, each 4 times the one before, then from the best in factors of 2 to where both neighbours are
worse, then of the square root of 2. At the best rate four weight decays are tried, more where the largest is best, and
from the best of these the rate again. Losses are of the validation split and the first seeds; what is measured at the
end is of the test split and seeds that nothing was tuned on.

Each task gets a file `experiments/ladder/TASK.json` with every point, and in its TOML the rates and `[measured]`. Where
AdamW was tuned by another command, its rate and decay stay. With `--cost` nothing is tuned: `[measured]` has the
parameters, and the seconds of a few steps, for an accelerator on a part of a batch, times what is left out. With
`--compared` it is taken from a folder of `lionsearch compare`, in which Lion was; AdamW is then `adamw_debiased`, and
the command that tuned it is that of the comparison.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from pathlib import Path
from typing import Any

from lionsearch.evaluation.device import configure_jax

configure_jax()

from lionsearch.catalog import TASKS, load_program
from lionsearch.comparison.contest import ADAMW
from lionsearch.evaluation.estimate import estimate
from lionsearch.evaluation.plan import FIRST_SEED, Limits, Seeds
from lionsearch.evaluation.task_runner import TaskRunner
from lionsearch.lang import Program
from lionsearch.records import Stage
from lionsearch.runs.tune import GridPoint, tune_program
from lionsearch.tasks.spec import TaskSpec, load_problem, load_task
from lionsearch.tasks.validation import count_parameters

HERE = Path(__file__).parent
DECAYS = {"adamw": (0.0, 0.1, 0.3, 1.0), "lion": (0.0, 0.1, 1.0, 3.0)}
START = {"adamw": 0, "lion": -2}
"""Half powers of 2 by which the search begins away from the program's own rate on the task."""
TUNED_ON = {"proxy": 12, "middle": 2, "target": 1, "accelerator": 1}
"""Seeds of each point, by stage."""
MEASURED_ON = {"proxy": 32, "middle": 8, "target": 3, "accelerator": 3}
"""Fresh seeds of what is measured, by stage."""
LIMITS = Limits(max_length=12, max_slots=2)


class Search:
    """Looks for a program's best learning rate and weight decay on a task.

    Args:
        program: the optimizer.
        runner: the task.
        seeds: trainings at each point.
    """

    def __init__(self, program: Program, runner: TaskRunner, seeds: int):
        self._program, self._runner, self._seeds = program, runner, seeds
        self.points: dict[tuple[int, float], GridPoint] = {}

    def loss(self, power: int, decay: float) -> float:
        """Return the loss at a half power of 2 times the program's own rate."""
        if (power, decay) not in self.points:
            factors, decays = (2 ** (power / 2),), (decay,)
            [point] = tune_program(
                self._program, self._runner, seeds=self._seeds, factors=factors, decays=decays
            ).points
            self.points[power, decay] = point
            print(f"  rate {point.learning_rate:.4g}  decay {decay:g}  loss {point.loss:.5g}", flush=True)
        return self.points[power, decay].loss

    def walk(self, power: int, decay: float, width: int) -> int:
        """Return the power from which no step of a width leads down."""
        while True:
            best = min((power, power + width, power - width), key=lambda at: self.loss(at, decay))
            if best == power:
                return power
            power = best

    def run(self, power: int, decay: float, decays: tuple[float, ...]) -> GridPoint:
        """Return the best point that was found."""
        power = min((power, power - 4, power + 4, power - 8, power + 8), key=lambda at: self.loss(at, decay))
        power = self.walk(self.walk(power, decay, 2), decay, 1)
        best = min((decay, *decays), key=lambda at: self.loss(power, at))
        while best >= max(decays) and self.loss(power, 3 * best) < self.loss(power, best):
            best *= 3
        power = self.walk(power, best, 1)
        return self.points[power, best]


def tune_task(name: str, only: str | None, seeds: int | None, fresh: int | None) -> dict[str, Any]:
    """Return what was found on a task, every point included."""
    spec = load_task(name)
    seeds = seeds or TUNED_ON[spec.stage]
    found: dict[str, Any] = {"task": name, "stage": spec.stage, "seeds": seeds}
    runner = TaskRunner(spec, LIMITS)
    adamw, lion = (load_program(str(Path("programs") / f"{each}.py")) for each in ("adamw", "lion"))
    if not spec.tuned_by.startswith("lionsearch tune"):
        search = Search(adamw, runner, seeds)
        best = search.run(START["adamw"], spec.weight_decay, DECAYS["adamw"])
        rates = {"learning_rate": float(f"{best.learning_rate:.3g}"), "weight_decay": best.weight_decay}
        found["adamw"] = {**rates, "points": _rows(search)}
        spec = spec.model_copy(update=rates)
        runner = TaskRunner(spec, LIMITS)
    if only == "adamw":
        found["measured"] = {"parameters": count_parameters(runner.trainer.problem), "seconds": _time(runner, adamw)}
        return found
    search = Search(lion, runner, seeds)
    best = search.run(START["lion"], 0.1, DECAYS["lion"])
    found["lion"] = {
        "learning_rate": best.learning_rate,
        "weight_decay": best.weight_decay,
        "points": _rows(search),
    }
    settings = {"lr_scale": best.lr_scale, "weight_decay": best.weight_decay or 0.0}
    found["measured"] = _measure(runner, spec, lion.with_hyperparameters(settings), best, fresh)
    return found


def _measure(runner: TaskRunner, spec: TaskSpec, lion: Program, best: GridPoint, fresh: int | None) -> dict[str, Any]:
    first, count = FIRST_SEED[Stage.REPORT], fresh or MEASURED_ON[spec.stage]
    chosen = Seeds(tuple(range(first, first + count)), "test")
    adamw = load_program(str(Path("programs") / "adamw.py")).with_hyperparameters({"weight_decay": spec.weight_decay})
    losses = {"adamw": runner.losses(adamw, chosen), "lion": runner.losses(lion, chosen)}
    scores = [
        runner.reference(seed, "test").score(loss) for seed, loss in zip(chosen.seeds, losses["lion"], strict=True)
    ]
    measured: dict[str, Any] = {
        "parameters": count_parameters(runner.trainer.problem),
        "seconds": _time(runner, adamw),
        "seeds": count,
    }
    for name, each in losses.items():
        measured |= {name: math.fsum(each) / count, f"{name}_interval": estimate(tuple(each)).interval}
    measured |= {"lion_rate": best.learning_rate, "lion_decay": best.weight_decay}
    return measured | {"lion_score": math.fsum(scores) / count, "lion_score_interval": estimate(tuple(scores)).interval}


def _time(runner: TaskRunner, program: Program) -> float:
    """Return the processor's seconds of a training, which other processes do not add to."""
    start = time.process_time()
    runner.losses(program, Seeds((0,)))
    return time.process_time() - start


def cost_task(name: str) -> dict[str, Any]:
    """Return a task's parameters and about how long a training takes; its data are cut down, and few steps made."""
    spec = load_task(name)
    few, share = (2, 16) if spec.stage == "accelerator" else (10, 1)  # of the steps, and of a batch
    cut = {"evaluated": 64, "pretraining_steps": 2}
    options = {**spec.options, **{key: value for key, value in cut.items() if key in spec.options}}
    short = spec.model_copy(update={"options": options, "steps": few, "chunks": 1, "warmup": 0})
    short = short.model_copy(update={"batch": spec.batch // share})
    runner = TaskRunner(short, LIMITS)
    adamw = load_program(str(Path("programs") / "adamw.py"))
    runner.losses(adamw, Seeds((0,)))  # which compiles
    seconds = _time(runner, adamw) * spec.steps * share / few
    return {"task": name, "measured": {"parameters": count_parameters(runner.trainer.problem), "seconds": seconds}}


def take_compared(name: str, folder: Path) -> dict[str, Any]:
    """Return what a comparison has found of AdamW and Lion on a task."""
    rows = {row["program"]: row for row in json.loads((folder / "comparison.json").read_text()) if row["task"] == name}
    adamw, lion, spec = rows[ADAMW], rows["lion"], load_task(name)
    measured: dict[str, Any] = {
        "parameters": count_parameters(load_problem(spec)),
        "seconds": adamw["seconds_per_step"] * spec.steps,
        "seeds": len(adamw["scores"]),
    }
    for key, row in (("adamw", adamw), ("lion", lion)):
        measured |= {key: row["loss"], f"{key}_interval": row["loss_interval"]}
    measured |= {"lion_rate": lion["learning_rate"], "lion_decay": lion["weight_decay"]}
    measured |= {"lion_score": lion["score"], "lion_score_interval": lion["interval"]}
    tuned = {"learning_rate": float(f"{adamw['learning_rate']:.3g}"), "weight_decay": adamw["weight_decay"]}
    return {"task": name, "adamw": tuned, "measured": measured}


def _rows(search: Search) -> list[dict[str, Any]]:
    """Return the points of a search, a loss that is no number as null."""
    return [
        {"rate": p.learning_rate, "decay": p.weight_decay, "loss": p.loss if math.isfinite(p.loss) else None}
        for p in search.points.values()
    ]


def write_task(found: dict[str, Any], command: str | None = None) -> None:
    """Put what was found into the task's TOML, and the command that found it."""
    path = TASKS.find(found["task"])
    seeds = {"seeds": found.get("seeds"), "fresh": found["measured"].get("seeds")}
    flags = [f"--{key} {value}" for key, value in seeds.items() if value] or ["--cost"]
    text, command = path.read_text(), command or " ".join(["python experiments/ladder/tune.py", found["task"], *flags])
    if adamw := found.get("adamw"):
        for key in ("learning_rate", "weight_decay"):
            text = re.sub(rf"^{key} = .*$", f"{key} = {adamw[key]:g}", text, flags=re.MULTILINE)
        text = re.sub(r"^weight_decay = (\d+)$", r"weight_decay = \1.0", text, flags=re.MULTILINE)
        text = re.sub(r"^tuned_by = .*$", f'tuned_by = "{command}"', text, flags=re.MULTILINE)
    rows = [
        f"{key} = {value if isinstance(value, int) else float(f'{value:.4g}')}"
        for key, value in found["measured"].items()
        if value is not None
    ]
    text = re.sub(r"\n*\[measured\]\n(?:.+\n)*", "\n", text).rstrip("\n")
    path.write_text("\n".join([text, "", "[measured]", *rows, f'by = "{command}"']) + "\n")


def main() -> None:
    """Tune what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tasks", nargs="+", metavar="TASK")
    parser.add_argument("--only", choices=["adamw"], help="Lion is left out, and what is measured of both.")
    parser.add_argument("--seeds", type=int, help="Trainings at each point.")
    parser.add_argument("--fresh", type=int, help="Seeds of what is measured at the end.")
    parser.add_argument("--cost", action="store_true", help="Nothing is tuned.")
    parser.add_argument("--compared", type=Path, metavar="FOLDER", help="A comparison has it.")
    given = parser.parse_args()
    if given.compared:
        command = re.search("^`(.+)`$", (given.compared / "comparison.md").read_text(), re.MULTILINE)
        for name in given.tasks:
            write_task(take_compared(name, given.compared), command and command[1])
        return
    for name in given.tasks:
        print(name, flush=True)
        found = cost_task(name) if given.cost else tune_task(name, given.only, given.seeds, given.fresh)
        if not given.cost:
            (HERE / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
        write_task(found)
        print(f"  {found['measured']}", flush=True)


if __name__ == "__main__":
    main()
