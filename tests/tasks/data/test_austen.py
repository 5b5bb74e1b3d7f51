from data_sets import needs_austen

from lionsearch.tasks.data.austen import load_austen
from lionsearch.tasks.data.windows import decode_text


@needs_austen
def test_of_each_novel_the_end_is_held_out():
    novels = load_austen()
    assert {split: len(parts) for split, parts in novels.items()} == {"train": 6, "validation": 6, "test": 6}
    sizes = {split: sum(map(len, parts)) for split, parts in novels.items()}
    assert 4_000_000 < sum(sizes.values()) < 4_050_000
    assert sizes["train"] > 7.9 * sizes["test"]
    assert abs(sizes["test"] - sizes["validation"]) < 10
    opening = decode_text(novels["train"][0][:400])
    assert "Emma Woodhouse, handsome, clever, and rich" in opening.replace("\n", " ")
    assert "uniting them" in decode_text(novels["test"][4][-100:]).replace(
        "\n", " "
    )  # the last words of Pride and Prejudice
