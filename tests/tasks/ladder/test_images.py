import numpy as np
import pytest
from data_sets import needs_fashion

from lionsearch.tasks.ladder.images import fashion_mixer, fashion_mlp, fashion_vit


@needs_fashion
def test_the_images_are_the_data_sets_own():
    problem = fashion_mlp(examples=64, evaluated=16)
    assert problem.train["image"].dtype == np.uint8
    assert problem.train["label"][:5].tolist() == [9, 0, 0, 3, 0]


@pytest.mark.parametrize("make", [fashion_vit, fashion_mixer])
def test_a_patch_that_does_not_divide_a_side_is_refused(make):
    with pytest.raises(ValueError, match="patch is 5; it must be 1, 2, 4, 7, 14 or 28"):
        make(patch=5)
