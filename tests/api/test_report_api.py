from reports.made_runs import make_run

import lionsearch


def test_a_report_takes_runs_and_folders(tmp_path):
    run, other = make_run(tmp_path / "run"), make_run(tmp_path / "other", 0, ended=False)
    one = lionsearch.report(run, tmp_path / "one.html")
    assert one == tmp_path / "one.html"
    assert lionsearch.report(str(run.folder), tmp_path / "two.html").read_text() == one.read_text()
    both = lionsearch.report([run, other.folder], tmp_path / "both.html").read_text()
    assert "The runs side by side" in both
