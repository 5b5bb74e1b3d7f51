import pytest

from lionsearch.comparison.funnel_file import FUNNEL, FunnelTable, ShownFunnel, read_funnel, write_funnel
from lionsearch.errors import SettingError

SHOWN = ShownFunnel(
    command="lionsearch funnel run",
    tables=(FunnelTable(title="Stage proxy: few", heads=("place", "program"), rows=(("1", "\u1234"), ("2", "<b>"))),),
    verdict="no program climbed",
    legend="what it means",
)


def test_what_was_written_is_read(tmp_path):
    (tmp_path / FUNNEL).mkdir()
    write_funnel(tmp_path / FUNNEL, SHOWN)
    assert read_funnel(tmp_path) == SHOWN


@pytest.mark.parametrize("text", ["", "[]", "{}", "no JSON", '{"command": 1}', "[" * 10_000, "\udcff"])
def test_what_is_none_is_left_out(tmp_path, text):
    assert read_funnel(tmp_path) is None
    (tmp_path / FUNNEL).mkdir()
    (tmp_path / FUNNEL / "funnel.json").write_text(text, errors="surrogateescape")
    assert read_funnel(tmp_path) is None


def test_a_folder_that_is_not_there_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match="cannot be written"):
        write_funnel(tmp_path / "file", SHOWN)
