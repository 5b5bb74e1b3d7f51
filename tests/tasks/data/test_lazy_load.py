import gzip
import struct
import zlib

import pytest

from lionsearch.errors import TaskError
from lionsearch.tasks.data.lazy_load import read_lazy_load

HEAD = b"X\n" + struct.pack(">3i", 3, 0x040201, 0x030500) + struct.pack(">i", 5) + b"UTF-8"


def integer(number):
    return struct.pack(">i", number)


def characters(text):
    return integer(0x40009) + (integer(-1) if text is None else integer(len(text.encode())) + text.encode())


def texts(*lines, flags=0):
    return integer(16 | flags) + integer(len(lines)) + b"".join(map(characters, lines))


def numbers(*values):
    return integer(13) + integer(len(values)) + b"".join(map(integer, values))


def named(*items, names):
    """A list whose names are its attribute."""
    attributes = integer(0x402) + integer(1) + characters("names") + texts(*names) + integer(254)
    return integer(0x213) + integer(len(items)) + b"".join(items) + attributes


def write_database(folder, objects):
    content, places = b"", []
    for each in objects.values():
        packed = integer(len(HEAD + each)) + zlib.compress(HEAD + each)
        places.append(numbers(len(content), len(packed)))
        content += packed
    index = named(named(*places, names=tuple(objects)), numbers(1), names=("variables", "compressed"))
    (folder / "Rdata.rdx").write_bytes(gzip.compress(HEAD + index))
    (folder / "Rdata.rdb").write_bytes(content)
    return folder / "Rdata"


def test_vectors_of_text_are_read_by_name_and_others_left_out(tmp_path):
    empty, first = texts(), texts("a line", "", "another: ü")
    path = write_database(tmp_path, {"one": first, "counts": numbers(1, 2), "none": empty, "gap": texts("x", None)})
    assert read_lazy_load(path) == {"one": ["a line", "", "another: ü"]}


def test_a_file_that_is_not_there_or_none_is_named(tmp_path):
    with pytest.raises(TaskError, match=r"Rdata\.rdx: cannot be read as R's lazy-load database: .*No such file"):
        read_lazy_load(tmp_path / "Rdata")
    path = write_database(tmp_path, {"one": texts("a")})
    whole = (tmp_path / "Rdata.rdb").read_bytes()
    damaged = {b"": "incomplete", whole[:-4]: "incomplete or truncated", bytes(len(whole)): "decompressing"}
    for content, message in damaged.items():
        (tmp_path / "Rdata.rdb").write_bytes(content)
        with pytest.raises(TaskError, match=message):
            read_lazy_load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"A\n" + bytes(12), "not R's serialization in XDR"),
        (HEAD + integer(3) + integer(0), "an object of type 3, which is not read"),
        (HEAD + integer(16) + integer(9), "it ends too soon"),
        (HEAD + integer(254), "Rdata.rdx: cannot be read"),
        (HEAD + integer(255 | 5 << 8), "index out of range"),
    ],
)
def test_an_index_that_is_none_is_said_to_be(tmp_path, content, message):
    (tmp_path / "Rdata.rdx").write_bytes(gzip.compress(content))
    (tmp_path / "Rdata.rdb").write_bytes(b"")
    with pytest.raises(TaskError, match=message):
        read_lazy_load(tmp_path / "Rdata")
