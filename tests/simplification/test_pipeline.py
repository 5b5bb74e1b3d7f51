from dataclasses import dataclass

from lionsearch.catalog import load_program
from lionsearch.lang import Program, parse
from lionsearch.simplification.paired import Difference
from lionsearch.simplification.pipeline import Judges, simplify


@dataclass
class Judge:
    """Scores by operations; `trap` is what only this judge sees missing."""

    trap: str = ""

    def score(self, program: Program) -> float:
        operations = {s.operation for s in program.statements}
        score = 0.01 * ("arcsin" in operations) + 1.0 * ("sign" in operations) + 1.0 * ("multiply" in operations)
        score += 1.0 * (sum(s.operation == "interp" for s in program.statements) == 2)
        score += 1.0 * any("w" in s.arguments for s in program.statements)
        score += 1.0 * any("lr" in s.arguments and s.operation == "multiply" for s in program.statements)
        return score + (1.0 if self.trap in operations else 0.0)

    def compare(self, program, base, tolerance=None):
        return Difference((self.score(program) - self.score(base),), (0.001,))

    def within(self, program, base, tolerance):
        found = self.compare(program, base)
        return found if found.bound <= tolerance else None


def run(program: Program, checking: Judge, tolerance: float = 0.05):
    return simplify(program, Judges(Judge(), checking, Judge(), tolerance))  # type: ignore[arg-type]


def test_without_tasks_numbers_stay():
    found = simplify(load_program("lion_raw"))
    assert len(found.program.statements) == 9
    assert found.unseen is None
    assert [step.stage for step in found.steps] == ["dead code", "algebra", "algebra", "named"]
    assert dict(found.program.hyperparameters)["b1"] == 0.8999999761581421
    again = simplify(found.program)
    assert (again.program, again.steps) == (found.program, ())


def test_with_tasks_little_goes_and_digits_go():
    found = run(load_program("lion_raw"), Judge())
    operations = [s.operation for s in found.program.statements]
    assert "arcsin" not in operations
    assert "clip" not in operations
    assert operations.count("interp") == 2
    values = dict(found.program.hyperparameters)
    assert (values["b1"], values["b2"]) == (0.9, 0.998)
    assert found.unseen is not None
    assert found.unseen.means[0] >= -0.05
    assert run(found.program, Judge()).program == found.program


def test_what_fails_on_unseen_seeds_is_taken_back():
    found = run(load_program("lion_raw"), Judge(trap="arcsin"))
    operations = [s.operation for s in found.program.statements]
    assert "arcsin" in operations
    assert all(step.change != "arcsin(g)  ->  g" for step in found.steps)
    assert found.steps[-1].stage == "taken back"
    assert "arcsin(g)  ->  g" in found.steps[-1].change


def test_the_listener_hears_every_step():
    heard = []
    program = parse("def train(w, g, m, lr):\n  x = sin(w)\n  m = interp(g, m, 0.9)\n  return m / sqrt(m * m) * lr, m")
    found = simplify(program, listener=heard.append)
    assert tuple(heard) == found.steps
    assert [step.stage for step in heard] == ["dead code", "algebra", "named"]


def test_an_interrupt_ends_it_with_what_was_reached():
    class Impatient(Judge):
        def compare(self, program, base, tolerance=None):
            raise KeyboardInterrupt

    whole, cut = (run(load_program("lion_raw"), judge) for judge in (Judge(), Impatient()))
    assert (whole.finished, cut.finished) == (True, False)
    assert cut.unseen is None
    assert cut.program == whole.program
    assert [step.change for step in cut.steps] == [step.change for step in whole.steps]
