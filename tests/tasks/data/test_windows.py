import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lionsearch.tasks.data.windows import ALPHABET, cut_windows, decode_text, encode_text


def test_the_alphabet_is_a_lines_end_and_what_ascii_prints():
    assert len(ALPHABET) == len(set(ALPHABET)) == 96
    assert decode_text(encode_text("Où—là?\t“Ay…”\r\n☃")) == 'Ou--la? "Ay..."\n'


@given(st.text(ALPHABET))
def test_what_is_in_the_alphabet_comes_back(text):
    assert decode_text(encode_text(text)) == text


def codes(*numbers):
    return np.array(numbers, np.uint8)


def test_windows_lie_side_by_side_and_none_is_in_two_splits():
    texts = {
        "train": [codes(0, 1, 2, 3, 4), codes(5, 6, 7)],
        "validation": [codes(2, 3, 8, 9)],
        "test": [codes(8, 9, 10, 11)],
    }
    splits = cut_windows(texts, 2, 0, 1)
    assert sorted(splits["train"].tolist()) == [[0, 1], [2, 3], [5, 6]]
    assert splits["validation"].tolist() == [[8, 9]]
    assert splits["test"].tolist() == [[10, 11]]


@pytest.mark.parametrize(("examples", "evaluated", "split"), [(4, 1, "train"), (1, 2, "validation")])
def test_more_windows_than_there_are_are_refused(examples, evaluated, split):
    texts = {"train": [codes(*range(6))], "validation": [codes(8, 9)], "test": [codes(*range(10, 20))]}
    with pytest.raises(ValueError, match=f"{max(examples, evaluated)} windows of 2 characters for {split}; the text"):
        cut_windows(texts, 2, examples, evaluated)
