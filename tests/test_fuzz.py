"""Twenty thousand mutated inputs; `python tests/fuzz.py --inputs 1000000` is a million."""

import fuzz
import pytest


@pytest.mark.faults
def test_twenty_thousand_mutated_inputs_are_read_or_refused():
    outcome = fuzz.run(20_000, seed=2)
    assert outcome.failures == [], "\n".join(outcome.failures[:5])
    assert all(outcome.refused[kind] for kind in outcome.drawn if kind != "reference")
    assert all(outcome.refused[kind] < outcome.drawn[kind] for kind in outcome.drawn)


def test_each_kind_of_input_is_read_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def train(w, g, lr): return g * lr\n")
    for target in fuzz.make_targets(tmp_path):
        found = [fuzz.try_input(target, seed) for seed in target.seeds]
        assert None in found, target.name


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError])
def test_what_is_no_sentence_is_a_failure(error):
    def read(given):
        raise error

    assert error.__name__ in (fuzz.try_input(fuzz.Target("x", [""], read, fuzz.mutate_text, 1), "") or "")
