import pytest

from lionsearch.catalog.schema import parse_settings
from lionsearch.errors import SettingError
from lionsearch.evolution import SearchSettings


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"algorithm": "evolutoin"}, "'evolution', 'random' or 'tuning'"),
        ({"population": 0}, "greater than 0"),
        ({"tournament": 2.5}, "valid integer"),
        ({"tournamnet": 2}, "did you mean 'tournament'"),
        ({"preset": "papr"}, "'live' or 'paper'"),
        ({"racing": {"seeds": -1}}, "greater than or equal to 0"),
        ({"mutation": {"rate": {}}}, "unknown setting 'mutation.rate'; did you mean 'rates'"),
    ],
)
def test_settings_that_cannot_be(content, message):
    with pytest.raises(SettingError, match=message):
        parse_settings(content, SearchSettings, "here")


@pytest.mark.parametrize(("given", "tournament"), [({}, 5), ({"population": 3}, 3), ({"population": 30}, 5)])
def test_a_tournament_is_no_larger_than_the_population(given, tournament):
    assert parse_settings(given, SearchSettings, "here").tournament == tournament
    with pytest.raises(SettingError, match="must not exceed population"):
        parse_settings({"population": 3, "tournament": 4}, SearchSettings, "here")
