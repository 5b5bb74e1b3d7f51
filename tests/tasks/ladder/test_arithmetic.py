import numpy as np

from lionsearch.tasks.ladder.arithmetic import modular_addition, sparse_parity


def test_all_pairs_are_there_once_with_their_sum():
    problem = modular_addition(modulus=7, share=0.5)
    pairs = np.concatenate([part["numbers"] for part in (problem.train, problem.validation, problem.test)])
    labels = np.concatenate([part["label"] for part in (problem.train, problem.validation, problem.test)])
    assert sorted(map(tuple, pairs.tolist())) == [(a, b) for a in range(7) for b in range(7)]
    assert (labels == pairs.sum(axis=1) % 7).all()
    assert [len(part["label"]) for part in (problem.train, problem.validation, problem.test)] == [24, 12, 13]


def test_a_label_is_the_parity_of_the_first_bits():
    problem = sparse_parity(bits=10, relevant=3, width=8, examples=100)
    for part, count in ((problem.train, 100), (problem.validation, 2_000), (problem.test, 2_000)):
        assert part["bits"].shape == (count, 10)
        negative = (part["bits"][:, :3] < 0).sum(axis=1)
        assert (part["label"] == (negative % 2 == 0)).all()
        assert 0.3 < part["label"].mean() < 0.7
