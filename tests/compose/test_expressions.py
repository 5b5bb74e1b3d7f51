import pytest

from lionsearch.catalog import load_program
from lionsearch.compose import compose, is_expression
from lionsearch.errors import LionSearchError, SettingError, UnknownNameError


def test_settings_reach_the_part_that_they_are_given_to():
    program = compose("lookahead(adamw(b1=0.5), k=7)", load_program)
    values = dict(program.hyperparameters)
    assert (values["b1"], values["k"], values["alpha"]) == (0.5, 7.0, 0.5)
    assert dict(load_program("adamw(b1=0.5)").hyperparameters)["b1"] == 0.5


def test_a_path_stands_in_quotes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def train(w, g, lr, *, c=2.0): return g * lr * c")
    assert dict(load_program('clip_norm("mine.py")').hyperparameters) == {"c": 2.0, "limit": 1.0}
    assert dict(load_program('clip_norm("mine.py"(c=3))').hyperparameters)["c"] == 3.0


@pytest.mark.parametrize(
    "text",
    [
        "clip_norm(mine.py)",
        "clip_norm( ./mine.py , limit=1)",
        "clip_norm(lookahead(./mine.py, k=3))",
        "clip_norm(my rule-2.py)",
        "matrices(mine.py, 'my rule-2.py')",
        'matrices("(mine.py)", mine.py)',
    ],
)
def test_a_path_of_a_file_needs_no_quotes(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    for name in ("mine.py", "my rule-2.py", "(mine.py)"):
        (tmp_path / name).write_text("def train(w, g, lr, *, c=2.0): return g * lr * c")
    assert 2.0 in dict(load_program(text).hyperparameters).values()
    assert load_program(text).description.startswith(text)


def test_a_file_without_quotes_takes_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def train(w, g, lr, *, c=2.0): return g * lr * c")
    assert dict(load_program("mine.py(c=3)").hyperparameters) == {"c": 3.0}
    assert dict(load_program("clip_norm(mine.py(c=3))").hyperparameters)["c"] == 3.0


def test_a_name_of_a_file_in_the_folder_is_led_to_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "novel.py").write_text("def train(w, g, lr): return g * lr")
    with pytest.raises(UnknownNameError, match=r"unknown program 'novel'; did you mean 'novel\.py'\?"):
        load_program("clip_norm(novel)")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("clip_norm(lion", "is not closed"),
        ("clip_norm(./lion.py", "is not closed"),
        ("clip_norm(lookahead(lion)", "is not closed"),
        ("clip_norm(lion))", "is closed that was not opened"),
    ],
)
def test_parentheses_that_do_not_match(text, wrong):
    with pytest.raises(SettingError, match="a parenthesis") as caught:
        load_program(text)
    assert str(caught.value) == f"{text}: a parenthesis {wrong}; expected something like lookahead(adamw, k=5)"


def test_the_description_says_what_it_is():
    text = "clip_norm(sgd, limit=2)"
    lines = load_program(text).description.splitlines()
    assert lines[0] == text
    assert any(line.startswith("Stochastic gradient descent") for line in lines)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("lookahed(adamw)", UnknownNameError, "unknown transform 'lookahed'; did you mean 'lookahead'"),
        ("lookahead(adamw, j=3)", UnknownNameError, "unknown setting of lookahead 'j'; expected one of: alpha, k"),
        ("lookahead()", SettingError, "lookahead takes 1 program, not 0"),
        ("lookahead(adamw, lion)", SettingError, "lookahead takes 1 program, not 2"),
        ("matrices(adamw)", SettingError, "matrices takes 2 programs, not 1"),
        ("lookahead(adamw, k='a')", SettingError, "a setting of lookahead is \"'a'\"; expected a number"),
        ("lookahead(adamw, k=True)", SettingError, "expected a number"),
        ("lookahead(adamw, **k)", SettingError, "lookahead takes settings by name"),
        ("lookahead(adam_w)", UnknownNameError, "unknown program 'adam_w'; did you mean 'adamw'"),
        ("adamw(b9=1)", UnknownNameError, "unknown hyperparameter 'b9'; expected one of: b1, b2"),
        ("lookahead(3)", SettingError, "'3' is neither a program nor a transform"),
        ("lookahead(adamw)(3)", SettingError, "neither a program nor a transform"),
        ("lookahead(adamw, k=)", SettingError, "is not a composition such as lookahead(adamw, k=5)"),
        ("lookahead(adamw, k={[]: 1})", SettingError, "expected a number"),
        (f"lookahead(adamw, k=1{'0' * 400})", SettingError, "too large a number"),
        ("lookahead(adamw, k=1, k=2)", SettingError, "lookahead is given 'k' twice"),
        ("lookahead(adamw, k=1e999)", SettingError, "expected a finite number"),
    ],
)
def test_mistakes_are_named(text, error, message):
    assert is_expression(text)
    with pytest.raises(error) as caught:
        load_program(text)
    assert isinstance(caught.value, LionSearchError)
    assert message in str(caught.value)


def test_names_and_paths_are_no_expressions():
    assert not any(is_expression(text) for text in ("adamw", "programs/adamw.py", "my (old) rule.py", "a(b"))
