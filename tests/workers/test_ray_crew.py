from types import SimpleNamespace

import pytest

from lionsearch.errors import RunError
from lionsearch.workers.ray_crew import Actor, Crew, describe_loss


@pytest.fixture
def crew():
    """A crew of two that no Ray is behind: the node `gone` has left the cluster."""
    made = object.__new__(Crew)
    made._plan = SimpleNamespace(names=("linear",))
    made.actors = [Actor(None, None, "here"), Actor(None, None, "gone")]
    made._losses = 0
    made._watch = SimpleNamespace(check=lambda: None, is_alive=lambda node: node == "here")
    return made


def test_a_worker_that_went_with_its_node_is_no_programs_fault(crew):
    here, gone = crew.actors
    assert crew.count_loss(here, "it died")
    assert not crew.count_loss(gone, "it died")
    assert crew.count_loss(Actor(None, None), "it did not start")


def test_losses_again_and_again_are_an_error_unless_there_is_a_result(crew):
    here, gone = crew.actors
    for _ in range(12):
        crew.count_loss(here, "it died")
    for _ in range(20):
        crew.count_loss(gone, "its node went")
    crew.note_result()
    for _ in range(12):
        crew.count_loss(here, "it died")
    with pytest.raises(RunError, match="13 workers were lost on 'linear' with no result in between; the last: it died"):
        crew.count_loss(here, "it died")


def test_only_actors_that_have_started_are_ready(crew):
    crew.actors.append(Actor(None, None))
    assert crew.ready == crew.actors[:2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The actor died.\n  more", "The actor died."),
        ("the creation task failed\n  Traceback\n  OSError: no data", "OSError: no data"),
        ("", "ValueError"),
    ],
)
def test_a_loss_is_said_in_a_line(text, said):
    assert describe_loss(ValueError(text)) == said
