import pytest

import lionsearch
from lionsearch.errors import LionSearchError, ProgramError, SettingError, UnknownNameError

TEXT = "def train(w, g, m, lr):\n  m = interp(g, m, 0.8)\n  dead = g * 2.0\n  return sign(m) * lr * 0.1, m"


def test_a_program_prints_as_the_text_that_gives_it_back():
    program = lionsearch.parse(TEXT)
    assert lionsearch.parse(str(program)) == program
    assert program._repr_html_().startswith("<pre><code>def train(w, g, m, lr):")
    assert lionsearch.load(program) is program
    assert lionsearch.load("lion") == lionsearch.load("programs/lion.py")
    with pytest.raises(ProgramError, match="<program>:1:29: unknown operation 'open'"):
        lionsearch.parse("def train(w, g, lr): return open(g)")


def test_check_counts_what_lives():
    found = lionsearch.check(lionsearch.parse(TEXT))
    assert (found.statements, found.live_statements, found.slots, found.inputs) == (5, 4, 1, ("g", "lr"))
    assert found.fingerprint == lionsearch.check(lionsearch.parse(TEXT.replace("dead", "other"))).fingerprint
    with pytest.raises(UnknownNameError, match="did you mean 'lion'"):
        lionsearch.check("loin")


def test_show_prints_as_text_as_equations_and_as_html():
    shown = lionsearch.show("lion")
    assert str(shown).startswith("lion: Lion: ")
    assert "state: 1" in str(shown)
    assert repr(shown) == str(shown)
    assert shown.latex.startswith("\\begin{align*}")
    assert shown._repr_latex_() == shown.latex
    assert "<td>source</td>" in shown._repr_html_()
    assert "def train(" in shown._repr_html_()


@pytest.mark.parametrize("use", [lionsearch.load, lionsearch.check, lionsearch.export, lionsearch.to_optax])
def test_what_is_no_program(use):
    arguments = (0.1,) if use is lionsearch.to_optax else ()
    for wrong in (None, 3, ["adamw"]):
        with pytest.raises(SettingError, match="expected a program, its name, file or composition"):
            use(wrong, *arguments)


def test_numbers_out_of_range():
    for call, message in (
        (lambda: lionsearch.simplify("lion", "digits_mlp", seeds=1), "seeds is 1; expected 2 to"),
        (lambda: lionsearch.simplify("lion", tolerance=-1), "tolerance is -1; expected 0 or more"),
        (lambda: lionsearch.nearest("lion", most=0), "most is 0; expected 1 or more"),
    ):
        with pytest.raises(SettingError, match=message):
            call()


def test_show_of_what_comes_from_others_is_escaped():
    program = lionsearch.parse('"""<script>alert(1)</script>"""\ndef train(w, g, lr):\n  return g * lr')
    page = lionsearch.show(program)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_transform_is_shown_as_one():
    shown = lionsearch.show("lookahead")
    assert "a transform, used as lookahead(adamw)" in str(shown)
    assert "inner = g" in shown.text
    assert "matrices(adamw, lion)" in str(lionsearch.show("matrices"))
    with pytest.raises(SettingError, match="'lookahead' is a transform: it wraps a program"):
        lionsearch.load("lookahead")


def test_simplify_without_tasks_is_exact_and_tells_its_steps():
    seen = []
    found = lionsearch.simplify(lionsearch.parse(TEXT), listener=seen.append)
    assert tuple(seen) == found.steps
    assert len(found.program.statements) == 4
    assert found.unseen is None


@pytest.mark.thorough
def test_simplify_with_a_task():
    text = TEXT.replace("sign(m) * lr * 0.1", "sign(m + w * 1e-9) * lr * 0.0003")
    found = lionsearch.simplify(lionsearch.parse(text), "teacher_student", seeds=2, tolerance=0.1)
    assert len(found.program.statements) <= 4
    assert found.unseen is not None
    with pytest.raises(SettingError, match="a task is given twice: teacher_student, teacher_student"):
        lionsearch.simplify("lion", ["teacher_student", "teacher_student"])
    with pytest.raises(SettingError, match=r"expected names or lionsearch.Task, not int"):
        lionsearch.simplify("lion", [3])


def test_identify_names_a_program_or_says_none():
    found = lionsearch.identify(lionsearch.parse(TEXT))
    assert (found.name, dict(found.hyperparameters)["b1"]) == ("signum", pytest.approx(0.8))
    assert lionsearch.identify(lionsearch.parse("def train(w, g, lr): return sin(g) * cosh(w) * lr")) is None


@pytest.mark.thorough
def test_nearest_lists_known_programs():
    found = lionsearch.nearest(lionsearch.parse(TEXT), "teacher_student", most=2)
    assert found[0].name == "signum"
    assert found[0].similarity > 0.999
    assert len(found) == 2


def test_export_writes_what_it_returns(tmp_path):
    text = lionsearch.export("lion", "optax", tmp_path / "lion.py")
    assert (tmp_path / "lion.py").read_text() == text == lionsearch.export("lion")
    assert lionsearch.export("lion", "graph", tmp_path / "lion.svg") == str(tmp_path / "lion.svg")
    assert (tmp_path / "lion.svg").read_text().startswith("<?xml")
    program = lionsearch.parse(TEXT)
    assert "class Program(" in lionsearch.export(program, "torch")
    for arguments, message in (
        (("lion", "tensorflow"), "unknown target 'tensorflow'"),
        (("lion", "graph"), "svg"),
        (("lion", "optax", tmp_path / "nowhere" / "lion.py"), "cannot be written"),
    ):
        with pytest.raises(LionSearchError, match=message):
            lionsearch.export(*arguments)
