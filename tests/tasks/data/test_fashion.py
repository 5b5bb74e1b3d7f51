import gzip
import hashlib

import numpy as np
import pytest
from data_sets import needs_fashion

from lionsearch.errors import TaskError
from lionsearch.tasks.data.fashion import MEAN, SOURCE, load_fashion

DIGESTS = {
    "train-images-idx3": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def write_idx(path, array, kind=8):
    head = bytes((0, 0, kind, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes(), mtime=0))


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A data set of the same form: 5,006 images, in which each pixel is the image's number modulo 251."""
    monkeypatch.setenv("LIONSEARCH_DATA", str(tmp_path))
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    numbers = np.arange(5_006)
    for part in ("train", "t10k"):
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", np.tile((numbers % 251)[:, None, None], (1, 28, 28)))
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", numbers % 10)
    return folder


def test_the_last_five_thousand_validate(small):
    data = load_fashion(examples=6, evaluated=4)
    assert data["train"]["image"][:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert data["validation"]["image"][:, 27, 27].tolist() == [6, 7, 8, 9]
    assert data["validation"]["label"].tolist() == [6, 7, 8, 9]
    assert data["test"]["image"][:, 0, 0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("examples", "evaluated"), [(7, 4), (0, 4), (6, 5_001), (6, 0)])
def test_more_than_there_is_is_refused(small, examples, evaluated):
    with pytest.raises(ValueError, match="there are 6 and 5000 images"):
        load_fashion(examples, evaluated)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "cannot be read: Not a gzipped file"),
        (gzip.compress(b"\0\0\x0d\x03" + bytes(12), mtime=0), "is no IDX file of bytes along 3 axes"),
        (gzip.compress(b"\0\0\x08\x03\0\0", mtime=0), "is no IDX file of bytes along 3 axes"),
        (
            gzip.compress(b"\0\0\x08\x03" + np.array([2, 28, 28], ">u4").tobytes() + bytes(9), mtime=0),
            "is no IDX file of bytes",
        ),
        (None, "No such file or directory"),
    ],
)
def test_a_file_that_is_none_is_named(small, content, message):
    path = small / "train-images-idx3-ubyte.gz"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TaskError, match=message) as error:
        load_fashion(6, 4)
    assert str(path) in str(error.value)


@needs_fashion
def test_it_is_the_published_data_set():
    for name, digest in DIGESTS.items():
        content = gzip.decompress((SOURCE.find() / f"{name}-ubyte.gz").read_bytes())
        assert hashlib.sha256(content).hexdigest() == digest


@needs_fashion
def test_classes_are_balanced_and_the_test_split_is_the_published_one():
    data = load_fashion(55_000, 5_000)
    assert data["train"]["image"].shape == (55_000, 28, 28)
    assert data["train"]["label"][:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    both = np.concatenate([data[split]["label"] for split in ("train", "validation")])
    assert np.bincount(both).tolist() == [6_000] * 10
    assert np.abs(np.bincount(data["test"]["label"]) - 500).max() < 60
    assert data["train"]["image"].mean() / 255 == pytest.approx(MEAN, abs=0.001)


@needs_fashion
def test_no_image_is_in_two_splits():
    data = load_fashion(55_000, 5_000)
    seen = {split: {image.tobytes() for image in part["image"]} for split, part in data.items()}
    assert not seen["train"] & seen["validation"]
    assert not seen["train"] & seen["test"]
    assert not seen["validation"] & seen["test"]
