import pickle

import pytest
from api.given_tasks import make_problem, make_task

import lionsearch
from lionsearch import Task
from lionsearch.errors import SettingError, TaskError
from lionsearch.tasks.given import GIVEN, reunite, unavailable
from lionsearch.tasks.spec import TaskSpec, load_problem


def test_a_task_holds_its_problem_and_fills_in_what_is_not_said():
    problem = make_problem()
    task = Task(problem, steps=90, batch=8)
    assert load_problem(task) is problem
    assert (task.name, task.warmup, task.chunks, task.factory) == ("task", 9, 10, GIVEN)
    assert Task(problem, steps=7).chunks == 7
    assert Task(problem, steps=11).chunks == 1
    assert str(task) == repr(task) == "Task('task', steps=90, batch=8, learning_rate=0.001, weight_decay=0)"


def test_an_untuned_task_is_sent_to_what_tunes_it():
    with pytest.raises(TaskError, match=r"no better than the untrained .*; tune it: lionsearch\.tuned\(task\)"):
        lionsearch.evaluate("lion", make_task(learning_rate=30.0), seeds=1)


def test_a_problem_may_be_made_where_it_is_needed():
    made = []

    def make():
        made.append(make_problem())
        return made[-1]

    task = Task(make)
    assert not made
    assert load_problem(task) is made[0]


def test_a_task_travels_with_its_problem():
    cloudpickle = pytest.importorskip("cloudpickle")
    again = pickle.loads(cloudpickle.dumps(make_task()))
    assert load_problem(again).train[0].shape == (96, 8)
    assert again.model_dump() == make_task().model_dump()
    assert make_task().model_copy(update={"seeds": 3}).make() is not None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "task 'task': setting 'steps' is 0; it should be greater than 0"),
        ({"steps": 100, "chunks": 7}, "steps \\(100\\) must be a multiple of chunks \\(7\\)"),
        ({"step": 100}, "unknown setting 'step'; did you mean 'steps'"),
        ({"batch": "8"}, "setting 'batch' is '8'; it should be a valid integer"),
    ],
)
def test_a_setting_that_cannot_be(settings, message):
    with pytest.raises(SettingError, match=message):
        Task(make_problem(), **settings)


def test_what_is_no_problem():
    with pytest.raises(TaskError, match=r"task 'mine': expected a lionsearch.Problem or a function .*, not int"):
        Task(3, name="mine")
    with pytest.raises(TaskError, match="the factory returned int; expected"):
        load_problem(Task(lambda: 3))


def test_a_run_gets_its_tasks_back():
    task = make_task()
    stored = TaskSpec.model_validate(task.model_dump())
    with pytest.raises(TaskError, match=r"task 'sine'.*go on where it is made"):
        load_problem(stored)
    with pytest.raises(TaskError, match="Python value"):
        unavailable()
    [again] = reunite((stored,), (task,), "runs/a")
    assert again is task
    with pytest.raises(SettingError, match="runs/a: task 'sine' was given as a Python value"):
        reunite((stored,), (), "runs/a")
    with pytest.raises(SettingError, match="task 'sine' has batch = 16; the one given has 8"):
        reunite((stored,), (make_task(batch=8),), "runs/a")
    other = stored.model_copy(update={"factory": "mine:make"})
    assert reunite((other,), (), "runs/a") == (other,)
