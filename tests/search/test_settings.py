import pytest

from lionsearch.catalog.schema import parse_settings
from lionsearch.errors import SettingError
from lionsearch.search import SearchSettings


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
