import pytest

from lionsearch.catalog.guide import describe_settings, meanings_of, toml_text
from lionsearch.catalog.schema import parse_toml
from lionsearch.evolution import SearchSettings
from lionsearch.runs.config import Experiment
from lionsearch.tasks.spec import TaskSpec


def test_every_setting_has_a_type_a_default_bounds_and_a_meaning():
    found = {setting.name: setting for setting in describe_settings(SearchSettings)}
    assert set(found) == set(SearchSettings.model_fields)
    population = found["population"]
    assert (population.kind, population.default) == ("whole number", "50")
    assert population.bounds == "above 0, at most 100,000: every program of it is held in memory"
    assert population.meaning == "programs kept by evolution, on each island."
    assert found["mutation"].table is SearchSettings.model_fields["mutation"].annotation
    assert {setting.name: setting.default for setting in describe_settings(TaskSpec)}["factory"] == "required"


def test_a_setting_without_a_meaning_is_an_error():
    class Unsaid(Experiment):
        """Nothing is said.

        Attributes:
            seed: said.
        """

    with pytest.raises(KeyError, match="Unsaid: the docstring says nothing of description, programs"):
        meanings_of(Unsaid)


@pytest.mark.parametrize(
    "value", [1, -0.5, 1e-30, True, 'a "quoted" \\ text', ("a", "b"), {"x": 1.5, "y z": 2}, {}, "a\nb\x1b\x7f"]
)
def test_a_value_is_written_as_toml(value):
    read = parse_toml(f"x = {toml_text(value)}", "here")["x"]
    assert read == (list(value) if isinstance(value, tuple) else value)
