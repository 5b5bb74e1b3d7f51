"""The notebook runs from its first cell to its last, and shows what a notebook shows: tables and equations."""

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "search.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of what runs notebooks
def test_the_notebook_runs(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=200, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output["data"] for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    tables = [data["text/html"] for data in shown if "text/html" in data]
    assert any("<th>score, 95 % interval</th>" in table for table in tables)
    assert any("300 of 300 programs" in table for table in tables)
    assert any("\\begin{align*}" in table for table in tables)
    assert (tmp_path / "runs" / "notebook" / "best.py").is_file()
