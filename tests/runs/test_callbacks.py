import pytest

from lionsearch.errors import SettingError
from lionsearch.runs.callbacks import Callback, Callbacks, StopSearch


class Heard(Callback):
    def __init__(self):
        self.heard = []

    def on_start(self, folder, config):
        self.heard.append(("start", folder, config))

    def on_candidate(self, event, progress):
        self.heard.append(("candidate", event, progress))

    def on_improvement(self, elite, progress):
        self.heard.append(("improvement", elite, progress))

    def on_end(self, result):
        self.heard.append(("end", result))


def tell_all(callback):
    callback.on_start("folder", "config")
    callback.on_candidate("event", "progress")
    callback.on_improvement("elite", "progress")
    callback.on_end("result")


def test_several_callbacks_hear_the_same_in_their_order():
    one, two = Heard(), Heard()
    tell_all(Callbacks([one, Callback(), two]))
    assert (
        one.heard
        == two.heard
        == [
            ("start", "folder", "config"),
            ("candidate", "event", "progress"),
            ("improvement", "elite", "progress"),
            ("end", "result"),
        ]
    )


def test_one_that_stops_is_heard_and_the_others_are_told_what_it_was_told():
    class Stop(Callback):
        def on_improvement(self, elite, progress):
            raise StopSearch("enough")

    later = Heard()
    with pytest.raises(StopSearch, match="enough"):
        tell_all(Callbacks([Stop(), later]))
    assert [each[0] for each in later.heard] == ["start", "candidate", "improvement"]


@pytest.mark.parametrize("wrong", [Heard(), [lambda event: None], "log.csv", [Heard]])
def test_what_is_no_callback(wrong):
    with pytest.raises(SettingError, match=r"callbacks: expected (a list|values) of lionsearch.Callback, not "):
        Callbacks(wrong)


def test_all_are_closed_even_if_one_fails():
    closed = []

    class Closes(Callback):
        def close(self):
            closed.append(self)
            raise OSError("full")

    both = [Closes(), Closes()]
    with pytest.raises(OSError, match="full"):
        Callbacks(both).close()
    assert sorted(map(id, closed)) == sorted(map(id, both))
