import numpy as np

from lionsearch.reports.samples import chart_samples

IMAGES = np.random.default_rng(0).random((16, 4, 5))


def test_a_row_of_images_for_each_program():
    chart = chart_samples("digits", {"one": IMAGES, "two <b>": IMAGES[::-1]}, "picture")
    assert chart.title == "What is drawn after training on digits"
    assert chart.text.startswith("A row for each program (one; two <b>), trained with the same seed")
    assert chart.note == ""
    assert chart.svg.count("data:image/png;base64") == 1
    assert "two &lt;b&gt;" in chart.svg


def test_where_training_failed_there_is_no_row():
    chart = chart_samples("digits", {"one": None, "two": IMAGES}, "picture")
    assert chart.note == "No images where training failed: one."
    assert "one" not in chart.text
    nothing = chart_samples("digits", {"one": None}, "picture")
    assert (nothing.text, nothing.note) == ("Training failed.", "No images where training failed: one.")
