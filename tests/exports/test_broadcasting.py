import pytest

from lionsearch.archive.targets import Provenance
from lionsearch.errors import SettingError
from lionsearch.exports.preparation import prepare
from lionsearch.lang import parse

MEAN = "row_mean(column_mean(g))"


@pytest.mark.parametrize("body", [f"g * {MEAN}", f"g / {MEAN} * row_mean(g)", f"g * mean(w * {MEAN})"])
def test_a_mean_of_means_that_meets_a_tensor_is_exported(body):
    prepare(parse(f"def train(w, g, lr): return {body}"), Provenance("", "mine"))


@pytest.mark.parametrize("body", [f"column_mean(g) * {MEAN}", f"matmul(transpose(column_mean(g) * {MEAN}), g)"])
def test_one_that_has_to_be_as_large_as_a_tensor_is_refused(body):
    program = parse(f"def train(w, g, lr): return {body if 'matmul' not in body else 'matmul(g, ' + body + ')'}")
    with pytest.raises(SettingError, match="mine takes the mean over rows and over columns"):
        prepare(program, Provenance("", "mine"))
