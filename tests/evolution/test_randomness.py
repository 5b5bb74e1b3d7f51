from itertools import product

from lionsearch.evolution.randomness import derive_seed, make_rng


def test_seed_purpose_and_counter_each_give_a_stream_of_their_own():
    keys = list(product((0, 1, 11), ("child", "random"), (0, 1, 11)))
    assert len({derive_seed(*key) for key in keys}) == len(keys)
    assert len({make_rng(*key).random() for key in keys}) == len(keys)


def test_a_stream_can_be_drawn_again():
    assert make_rng(3, "child", 5).random() == make_rng(3, "child", 5).random()


def test_seeds_do_not_change_between_versions():
    assert derive_seed(0, "child", 1) == 8078948870694732505
