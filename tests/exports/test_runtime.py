import numpy as np
import pytest

from lionsearch.exports import runtime


def test_a_number_in_its_range_or_the_programs_own_passes():
    for value in (0.0, 0.5, 1, np.float32(1.0), 7.0, "not a number", None):
        runtime._check("b1", value, 7.0, 0, 1)
    for value in (-0.1, 1.5, float("nan"), float("inf"), np.float32(1.5)):
        with pytest.raises(ValueError, match=rf"b1 is {value}; expected a finite number from 0 to 1"):
            runtime._check("b1", value, 7.0, 0, 1)


def test_ten_to_the_power():
    np.testing.assert_allclose(runtime._exp10(np.array([-1.0, 0.0, 2.0])), [0.1, 1.0, 100.0])
