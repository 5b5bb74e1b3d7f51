import pytest
from reports.made_runs import make_run

from lionsearch.errors import SettingError
from lionsearch.reports.report_file import make_page, write_report


def test_a_report_is_a_file(tmp_path):
    run = make_run(tmp_path / "run")
    assert write_report([run], tmp_path / "page.html") == tmp_path / "page.html"
    assert (tmp_path / "page.html").read_text() == make_page([run])
    assert write_report([run]) == tmp_path / "run" / "report.html"


def test_a_report_needs_a_run_and_a_place(tmp_path):
    with pytest.raises(SettingError, match="a report needs a run"):
        write_report([], tmp_path / "page.html")
    with pytest.raises(SettingError, match=r"nowhere/page\.html: cannot be written: No such file"):
        write_report([make_run(tmp_path / "run")], tmp_path / "nowhere" / "page.html")
