import numpy as np

from lionsearch.tasks.data.signals import load_signals


def test_the_splits_are_of_ten_classes_and_share_no_signal():
    state = np.random.get_state()[1].tolist()
    data = load_signals()
    assert {split: part["image"].shape for split, part in data.items()} == {
        "train": (3_200, 40),
        "validation": (800, 40),
        "test": (1_000, 40),
    }
    assert all(np.bincount(part["label"]).min() > 50 for part in data.values())
    every = np.concatenate([part["image"] for part in data.values()])
    assert len({signal.tobytes() for signal in every}) == 5_000
    assert np.random.get_state()[1].tolist() == state, "making it seeds no other random numbers"
