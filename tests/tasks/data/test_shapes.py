import numpy as np
import pytest

from lionsearch.tasks.data.shapes import COLOURS, SHAPES, SIZES, load_shapes, say_caption


@pytest.fixture(scope="module")
def data():
    return load_shapes(600, 200, 24, 0.05)


def pairs(part):
    return {tuple(caption) for caption in part["caption"][:, 1:3].tolist()}


def test_the_pairs_that_are_measured_are_never_trained_on(data):
    seen = pairs(data["train"])
    for split, other in (("validation", "test"), ("test", "validation")):
        new = [tuple(pair) not in seen for pair in data[split]["caption"][:, 1:3].tolist()]
        assert 85 < sum(new) <= 100, "every second one"
        assert len(pairs(data[split]) - seen) == 8
        assert not (pairs(data[split]) - seen) & pairs(data[other])


def test_captions_are_words_and_images_are_of_their_colour(data):
    caption = say_caption(data["train"]["caption"][0]).split()
    assert (caption[0] in SIZES, caption[1] in COLOURS, caption[2] in SHAPES) == (True, True, True)
    clean = load_shapes(64, 10, 24, 0.0)["train"]
    for image, words in zip(clean["image"], clean["caption"], strict=True):
        paint = np.array(COLOURS[say_caption(words).split()[1]])
        share = np.mean(np.all(image == paint.astype(np.uint8), axis=-1) | np.all(abs(image - paint) < 2, axis=-1))
        assert 0.01 < share < 0.4, say_caption(words)


def test_no_drawing_is_in_two_splits(data):
    seen = [{image.tobytes() for image in part["image"]} for part in data.values()]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 1_000
