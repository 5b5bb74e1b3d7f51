import json
import math

from lionsearch.cli.json_output import print_json


def test_numbers_that_json_has_not_are_null(capsys):
    print_json({"a": [1.5, math.inf, {"b": (math.nan, 2)}], "c": "NaN"})
    assert json.loads(capsys.readouterr().out) == {"a": [1.5, None, {"b": [None, 2]}], "c": "NaN"}
