import pytest

from lionsearch.evaluation.plan import Limits, limits_for
from lionsearch.graph import check_program

LONG = check_program("def train(w, g, lr):\n" + " g = sin(g)\n" * 99 + " x = cos(g)\n return g")
WIDE_SLOTS = ", ".join(f"s{i}" for i in range(8))
WIDE = check_program(
    f"def train(w, g, {WIDE_SLOTS}, dead, lr):\n"
    + "".join(f" s{i} = s{i} + g\n g = g + s{i}\n" for i in range(8))
    + f" dead = g\n return g, {WIDE_SLOTS}, dead"
)
SHORT = check_program("def train(w, g, lr): return g * lr")


@pytest.mark.parametrize(
    ("programs", "length", "slots"),
    [
        ([SHORT], Limits().max_length, Limits().max_slots),
        ([SHORT, LONG], 99, Limits().max_slots),
        ([WIDE, SHORT], Limits().max_length, 8),
        ([LONG, WIDE], 99, 8),
    ],
)
def test_limits_grow_with_the_live_part_of_the_programs(programs, length, slots):
    assert limits_for(programs) == Limits(max_length=length, max_slots=slots)
    assert limits_for(iter(programs)) == limits_for(programs)
