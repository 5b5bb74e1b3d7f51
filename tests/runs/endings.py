"""A project in which a search finds something better, or nothing, and a result without any."""

from workers.tiny_project import write_project

from lionsearch.lang import parse
from lionsearch.records import Evaluation, Stage, TaskResult
from lionsearch.runs.result import Elite, Progress, RunResult

TUNING = """programs = {programs}
window = 4
initial = ["{initial}"]

[[tasks]]
task = "linear"
hurdle = 0.9

[[tasks]]
task = "digits_mlp"

[search]
algorithm = "tuning"
population = 4
tournament = 2
racing = {{ seeds = 2 }}

[evaluation]
elites = 2
confirm_seeds = 2
report_seeds = 5
simplify = 0.05
"""


def make_project(folder):
    """Return a folder with tasks and programs on which a search finds something better, or nothing."""
    write_project(folder)
    write_program(folder, "slow", "m = interp(g, m, 0.5)", "x = sin(lr) * 0.0", "return (m + x) * (lr * 0.001), m")
    write_program(folder, "gentle", "return g * (lr * 0.0003), m")
    task = (
        folder / "proxy_tasks" / "linear.toml"
    ).read_text()  # a rate far from AdamW's best, so that it can be beaten
    (folder / "proxy_tasks" / "untuned.toml").write_text(task.replace("learning_rate = 0.3", "learning_rate = 0.003"))
    return folder


def write_program(folder, name, *lines):
    text = "\n  ".join(["def train(w, g, m, lr):", *lines])
    (folder / "programs" / f"{name}.py").write_text(f"{text}\n")


def interrupted(text, caught_up):
    """The result of a run that was interrupted, with this program the best."""
    results = (TaskResult("digits", 0.5, 0.25, scores=(0.2, 0.3)),)
    search, confirm = Evaluation(Stage.SEARCH, 0.25, results), Evaluation(Stage.CONFIRM, 0.25, results)
    progress = Progress(500, 1000, 0, 100, 4000, 1000, 0, 0.0, None)
    return RunResult(progress, Elite(1, "f", parse(text), search, confirm), None, None, False, caught_up)
