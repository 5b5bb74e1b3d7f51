from runs.endings import interrupted

from lionsearch.runs.saving import save_best


def test_a_resume_that_is_interrupted_among_stored_results_keeps_the_best(tmp_path):
    def save(text, caught_up):
        save_best(tmp_path, interrupted(text, caught_up))
        return (tmp_path / "best.py").read_text()

    older, best, newer = (f"def train(w, g, lr): return g * {number}" for number in (1, 2, 3))
    assert "g * 1" in save(older, caught_up=False), "a process that was killed has left none"
    assert "g * 2" in save(best, caught_up=True)
    assert "g * 2" in save(older, caught_up=False)
    assert "g * 3" in save(newer, caught_up=True)


def test_a_best_program_that_cannot_be_saved_is_said_and_printed(tmp_path):
    result = interrupted("def train(w, g, lr): return g", caught_up=True)
    assert save_best(tmp_path, result) == []
    (tmp_path / "best.py").unlink()
    (tmp_path / "best.py").mkdir()
    [fault] = save_best(tmp_path, result)
    assert fault == f"{tmp_path}/best.py: cannot be written: Is a directory; the program is only printed"
    [fault] = save_best(tmp_path / "gone", result)
    assert fault == f"{tmp_path}/gone: the folder was renamed or deleted; best.py is not written, only printed"
