from fractions import Fraction

from lionsearch.algebra.value import SUM, Base, Product, leaf, number, order, walk


def test_equal_values_are_equal_whatever_the_last_digits():
    one = Product(0.1 + 0.2, leaf("g").factors)
    other = Product(0.3, leaf("g").factors)
    assert one == other
    assert hash(one) == hash(other)
    assert one != Product(0.31, leaf("g").factors)


def test_skeletons_leave_out_constants_and_nothing_else():
    assert Product(2.0, leaf("g").factors).skeleton == leaf("g").skeleton
    assert leaf("g").skeleton != leaf("w").skeleton
    squared = Product(1.0, ((Base("g"), False, Fraction(2)),))
    assert squared.skeleton != leaf("g").skeleton
    assert number(0.0).skeleton != number(1.0).skeleton


def test_sums_are_seen_only_where_they_stand_alone():
    total = Base(SUM, (leaf("g"), leaf("w")))
    assert Product(3.0, ((total, True, Fraction(1)),)).sum is total
    assert Product(3.0, ((total, False, Fraction(2)),)).sum is None
    assert leaf("g").sum is None


def test_constants_come_last_in_order():
    assert sorted([number(2.0), leaf("g")], key=order) == [leaf("g"), number(2.0)]


def test_walk_yields_each_base_once():
    inner = Product(1.0, ((Base("sin", (leaf("g"),)), True, Fraction(1)),))
    outer = Product(1.0, ((Base("dot", (inner, inner)), True, Fraction(1)),))
    assert [base.operation for base in walk([outer, inner])] == ["dot", "sin", "g"]
