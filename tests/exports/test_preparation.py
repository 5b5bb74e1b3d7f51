import ast
import json

import pytest

from lionsearch.archive.targets import Provenance, load_target
from lionsearch.catalog import TASKS
from lionsearch.exports.formats import Target
from lionsearch.exports.preparation import (
    can_mask_decay,
    module_docstring,
    prepare,
    rate_note,
    rate_warning,
    trained_with,
)
from lionsearch.exports.writing import write_text
from lionsearch.lang import parse
from lionsearch.tasks.spec import load_task


@pytest.mark.parametrize(
    ("text", "name", "class_name"),
    [
        ("lion", "lion", "Lion"),
        ("adamw_debiased", "adamw_debiased", "AdamwDebiased"),
        ("lookahead(adamw(b1=0.95), k=5)", "lookahead_adamw_b1_0_95_k_5", "LookaheadAdamwB1095K5"),
        ("candidate_7", "candidate_7", "Candidate7"),
        ("2nd try", "rule_2nd_try", "Rule2ndTry"),
        ("lambda", "lambda_", "Lambda"),
        ("?", "rule", "Rule"),
    ],
)
def test_names_are_pythons(text, name, class_name):
    prepared = prepare(parse("def train(w, g, lr): return g * lr"), Provenance(text, text))
    assert (prepared.name, prepared.class_name) == (name, class_name)
    ast.parse(f"{prepared.name} = 1")


def test_hyperparameters_are_those_that_are_read():
    text = (
        "def train(w, g, lr, *, a=1.0, unread=2.0, lr_scale=0.5):\n  x = g * unread\n  return g * (lr * lr_scale * a)\n"
    )
    prepared = prepare(parse(text), Provenance("", "mine"))
    assert prepared.hyperparameters == {"a": 1.0}
    assert prepared.default_rate == 0.5
    assert rate_note(prepared) == "the program's own is 0.5"
    assert rate_warning(prepared, "lr") == ()


def test_an_lr_scale_that_is_not_the_learning_rates_is_a_hyperparameter():
    text = "def train(w, g, lr, *, lr_scale=0.5): return clip(g, lr) * (lr * lr_scale)"
    prepared = prepare(parse(text), Provenance("", "mine"))
    assert prepared.hyperparameters == {"lr_scale": 0.5}
    assert prepared.default_rate == 1.0
    assert rate_note(prepared) == "the program's `lr`, which it reads unscaled too; 1.0 is its own rate"
    assert rate_warning(prepared, "lr")


def test_a_rate_that_is_only_a_factor_is_explained():
    prepared = prepare(parse("def train(w, g, lr): return sign(g) * (lr * 0.001)"), Provenance("", "mine"))
    note = "the program's `lr`, which it multiplies by 0.001; 1.0 is its own rate"
    assert rate_note(prepared) == note
    text = " ".join(rate_warning(prepared, "learning_rate"))
    assert "`learning_rate` is the program's `lr` as it stands" in text
    assert "1.0 is the program's own rate" in text
    for target, name in ((Target.OPTAX, "learning_rate"), (Target.TORCH, "lr")):
        module = ast.parse(write_text(prepared, target))
        assert "\n".join(rate_warning(prepared, name)) in (ast.get_docstring(module) or "")
        assert note in ast.unparse(module.body[1:])
        assert max(map(len, write_text(prepared, target).splitlines())) <= 120


@pytest.mark.parametrize(
    ("body", "use"),
    [
        ("sign(g) * lr", ", which multiplies its update"),
        ("lr * 0.5 * g", ", which it multiplies by 0.5"),
        ("clip(g, lr)", ""),
        ("clip(g, lr) * lr", ""),
    ],
)
def test_what_a_rate_multiplies_is_said(body, use):
    prepared = prepare(parse(f"def train(w, g, lr): return {body}"), Provenance("", "mine"))
    assert rate_note(prepared) == f"the program's `lr`{use}; 1.0 is its own rate"


def test_a_rate_that_is_not_read_is_said_to_be():
    prepared = prepare(parse("def train(w, g, lr): return g * 0.001"), Provenance("", "mine"))
    assert rate_note(prepared) == "the program does not read it"
    assert rate_warning(prepared, "lr") == ()


def test_the_peak_of_a_tasks_schedule_is_as_the_explanation_says():
    for name in TASKS.names():
        spec = load_task(name)
        assert float(spec.schedule().max()) == pytest.approx(spec.learning_rate / 0.001, rel=1e-3)


def test_the_docstring_holds_equations_source_and_where_it_is_from():
    program, _ = load_target("lion")
    found = Provenance("runs/first:7", "candidate_7", "runs/first", 7, -0.0044)
    text = ast.literal_eval(module_docstring(prepare(program, found), "lionsearch export runs/first:7 --to optax"))
    assert text.splitlines()[0].startswith("Lion: the sign of an interpolated momentum")
    assert "    m <- b2 m + (1 - b2) g\n" in text
    assert "Found by lionsearch: candidate 7 of runs/first.\nIt was selected by a score of -0.0044;" in text
    assert text.endswith("Written by: lionsearch export runs/first:7 --to optax\n")


def test_a_docstring_cannot_end_early():
    program = parse("def train(w, g, lr): return g * lr")
    quoted = Provenance('"""\\', '"""\\ "')
    text = module_docstring(prepare(program, quoted), '"""\nraise SystemExit\n\\"""')
    assert isinstance(ast.literal_eval(text), str)


def test_weight_decay_in_a_number_of_the_tree_cannot_be_masked():
    masked = "def train(w, g, lr, *, weight_decay=0.1): return (g + w * weight_decay) * lr"
    assert can_mask_decay(parse(masked))
    assert not can_mask_decay(parse("def train(w, g, lr, *, decay=0.1): return (g + w * decay) * lr"))
    summed = "def train(w, g, s: scalar, lr, *, weight_decay=0.1):\n  s = s + weight_decay\n  return g * s, s\n"
    assert not can_mask_decay(parse(summed))


def test_a_program_of_a_run_says_what_it_was_trained_with(tmp_path):
    specs = [{"name": "digits_rnn", "learning_rate": 0.002}, {"name": "cnn", "learning_rate": 0.004}]
    (tmp_path / "config.json").write_text(json.dumps({"specs": specs}))
    (tmp_path / "best.py").write_text("def train(w, g, lr): return g * lr * 0.01\n")
    (tmp_path / "short.py").write_text("def train(w, g, lr, *, lr_scale=0.003): return g * (lr * lr_scale)\n")
    found = {name: prepare(*load_target(str(tmp_path / name))) for name in ("best.py", "short.py")}
    expected = (
        "Where it was found, the learning rate went up to 0.006 on digits_rnn and 0.012 on cnn: 3 times tuned AdamW's."
    )
    assert " ".join(trained_with(found["short.py"])) == expected
    assert " ".join(trained_with(found["best.py"])).startswith(
        "Where it was found, `lr` went up to 2 on digits_rnn and 4"
    )
    assert "divided by 0.001" not in " ".join(rate_warning(found["best.py"], "lr"))
    assert trained_with(prepare(*load_target("lion"))) == ()
    (tmp_path / "config.json").write_text("[]")
    assert trained_with(prepare(*load_target(str(tmp_path / "best.py")))) == ()
