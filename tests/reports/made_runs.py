"""Run folders whose results are made up, for pages: nothing is trained."""

import random

from lionsearch.archive import CandidateRow, ConditionRow, RunStore
from lionsearch.catalog import load_program
from lionsearch.graph import fingerprint, remove_dead_code
from lionsearch.lang import format_program, parse
from lionsearch.records import Evaluation, Failure, FailureKind, Stage, TaskResult
from lionsearch.runs.config import dump_config, load_experiment
from lionsearch.runs.view import Run

TASKS = ("digits_rnn", "digits_small_vit")
SCRIPT = "<script>window.broken = 1</script>"
TEXTS = (
    '"""{note}"""\n\ndef train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  update = m * lr\n  return update, m\n',
    "def train(w, g, m, lr):\n  m = interp(g, m, 0.9)\n  v1 = sign(m)\n  update = v1 * lr\n  return update, m\n",
    "def train(w, g, m, lr):\n  m = interp(g, m, 0.5)\n  v1 = sign(m)\n  update = v1 * lr\n  return update, m\n",
    "def train(w, g, lr): return sign(g) * lr\n",
    "def train(w, g, lr): return log(g) * lr\n",
)
SCORES = (0.01, 0.05, 0.08, 0.03, None)
PARENTS = (None, 0, 1, 2, 3)
CHANGES = ("initial", "operation", "tune + match", "bypass", "splice")


def evaluation(stage, score, seeds=2):
    if score is None:
        failure = Failure(FailureKind.NON_FINITE, f"the loss was not finite {SCRIPT}")
        return Evaluation(stage, None, (TaskResult(TASKS[0], failure=failure),))
    scores = tuple(score + 0.001 * (number - (seeds - 1) / 2) for number in range(seeds))
    results = tuple(TaskResult(task, 1.0, score, scores=scores) for task in TASKS)
    return Evaluation(stage, score, results, scores if stage is Stage.SEARCH else (score,))


def make_run(folder, told=5, *, ended=True, note="made up", description="made up", **settings):
    """Return a run whose third program is the best; the last does not train, and the fifth candidate is the second."""
    config = load_experiment("quickstart", programs=max(told, 1) if ended else 100)
    experiment = config.experiment.model_copy(update={"description": description, **settings})
    store = RunStore.create(folder, dump_config(config.model_copy(update={"experiment": experiment})))
    for number in range(told):
        place = number if number < len(TEXTS) else 1
        program = parse(TEXTS[place].format(note=note))
        name = fingerprint(remove_dead_code(program))
        statements = len(program.statements)
        store.add_candidate(
            CandidateRow(number, PARENTS[place], CHANGES[place], name, statements + number % 2, statements)
        )
        store.add_time(number, 150.0 * number + 20)
        if number == place:
            store.add_program(name, number, format_program(program))
            store.add_evaluation(name, evaluation(Stage.SEARCH, SCORES[place]))
            if ended and place in (0, 2, 3):
                store.add_evaluation(name, evaluation(Stage.CONFIRM, SCORES[place] - 0.005, 3))
            if ended and place in (0, 2):
                store.add_evaluation(name, evaluation(Stage.REPORT, SCORES[place] - 0.01, 4))
    store.add_condition(ConditionRow(0, "version", "jax", "1.2.3"))
    store.close()
    return Run(folder)


def tell_one_more(run):
    """Add a candidate to a run as a search does; it is the best."""
    store = RunStore.resume(run.folder)
    number = store.counts()["generated"]
    store.add_candidate(CandidateRow(number, 0, "tune", f"new{number}", 3, 3))
    store.add_program(f"new{number}", number, "def train(w, g, lr):\n    v1 = g * lr\n    return v1\n")
    store.add_evaluation(f"new{number}", evaluation(Stage.SEARCH, 0.2))
    store.close()


def make_large_run(folder, programs):
    """Return a run of many programs with random scores and lengths."""
    rng = random.Random(0)
    store = RunStore.create(folder, dump_config(load_experiment("quickstart", programs=programs)))
    text = format_program(load_program("sgd").inline_hyperparameters())
    for number in range(programs):
        name = f"{number:024x}"
        parent = None if number == 0 else rng.randrange(number)
        store.add_candidate(
            CandidateRow(number, parent, "initial" if number == 0 else "tune", name, 9, rng.randint(2, 14))
        )
        store.add_program(name, number, text)
        store.add_evaluation(name, evaluation(Stage.SEARCH, rng.gauss(0, 0.02) if rng.random() < 0.7 else None))
    store.close()
    return Run(folder)
