import pytest
from pydantic import Field, ValidationError

from lionsearch.catalog.schema import Settings, at_most, load_settings, parse_settings
from lionsearch.errors import MissingFileError, ProgramError, SettingError


class Stop(Settings):
    budget: int = 10
    patience: float = 1.0


class Entry(Settings):
    name: str
    hurdle: float = 0.0


class Bound(Settings):
    many: int = at_most(1_000, "more do not fit", gt=0)


class Whole(Settings):
    size: int = Field(gt=0)
    names: tuple[str, ...] = ()
    stop: Stop = Stop()
    tasks: tuple[Entry, ...] = ()


def test_a_file_is_read_over_what_is_given(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('size = 3\nnames = ["x", "y"]\n[stop]\npatience = 2\n[[tasks]]\nname = "t"\n', encoding="utf-8-sig")
    expected = Whole(size=3, names=("x", "y"), stop=Stop(patience=2.0), tasks=(Entry(name="t"),))
    assert load_settings(path, Whole, size=1) == expected
    path.write_text("")
    assert load_settings(path, Whole, size=1) == Whole(size=1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"size": 3, "sice": 3}, "here: unknown setting 'sice'; did you mean 'size'?"),
        ({"size": 3, "zzz": 3}, "here: unknown setting 'zzz'; expected one of: names, size, stop, tasks"),
        ({"size": 3, "stop": {"budgets": 1}}, "here: unknown setting 'stop.budgets'; did you mean 'budget'?"),
        (
            {"size": 3, "tasks": [{"name": "a"}, {"name": "b", "hurdel": 1}]},
            "here: unknown setting 'tasks.1.hurdel'; did you mean 'hurdle'?",
        ),
        ({}, "here: setting 'size' is missing"),
        ({"size": 3, "tasks": [{}]}, "here: setting 'tasks.0.name' is missing"),
        ({"size": "3"}, "here: setting 'size' is '3'; it should be a valid integer"),
        ({"size": True}, "here: setting 'size' is True; it should be a valid integer"),
        ({"size": 3.0}, "here: setting 'size' is 3.0; it should be a valid integer"),
        ({"size": 0}, "here: setting 'size' is 0; it should be greater than 0"),
        ({"size": 3, "names": [1]}, "here: setting 'names.0' is 1; it should be a valid string"),
        (
            {"size": 3, "stop": {"patience": "long"}},
            "here: setting 'stop.patience' is 'long'; it should be a valid number",
        ),
    ],
)
def test_the_key_the_value_and_the_nearest_key_are_named(content, message):
    with pytest.raises(SettingError) as error:
        parse_settings(content, Whole, "here")
    assert str(error.value) == message


def test_a_file_that_is_not_toml_is_named(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text("size = \n")
    with pytest.raises(SettingError, match=r"a\.toml: not TOML: Invalid value \(at line 1, column 8\)"):
        load_settings(path, Whole)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"a\.toml: No such file"):
        load_settings(tmp_path / "a.toml", Whole)
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProgramError, match=r"b\.toml: not UTF-8 text"):
        load_settings(tmp_path / "b.toml", Whole)


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Whole(size=1).size = 2  # type: ignore


def test_half_a_character_is_no_text():
    for content in ({"size": 3, "names": ["x\ud800"]}, {"size": 3, "\ud800": 1}):
        with pytest.raises(SettingError, match=r"here: '.*ud800' holds half a character"):
            parse_settings(content, Whole, "here")


def test_an_upper_bound_says_what_it_is_for():
    class Bounded(Settings):
        inner: tuple[Bound, ...] = ()

    with pytest.raises(SettingError) as error:
        parse_settings({"inner": [{"many": 1}, {"many": 1001}]}, Bounded, "here")
    assert str(error.value) == "here: setting 'inner.1.many' is 1001; it should be at most 1_000: more do not fit"
