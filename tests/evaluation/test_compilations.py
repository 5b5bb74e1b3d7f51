import os
import subprocess
import sys
import time

import pytest

from lionsearch.evaluation import compilations
from lionsearch.evaluation.compilations import keep_compilations

_COMPILES = """
from lionsearch.evaluation.device import configure_jax
configure_jax()
import jax
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event.endswith("cache_hits") else None)
print(jax.jit(lambda x: x @ x + 1)(jax.numpy.ones((3, 3)))[0, 0], len(hits) > 0)
"""


def compile_in_a_process(**given):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    environment |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"} | given
    done = subprocess.run(
        [sys.executable, "-c", _COMPILES], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_what_one_process_compiles_the_next_one_has(tmp_path):
    given = {"LIONSEARCH_CACHE": str(tmp_path)}
    assert compile_in_a_process(**given) == "4.0 False"
    assert compile_in_a_process(**given) == "4.0 True"


def test_what_a_killed_process_has_left_is_cleared_away(tmp_path):
    """JAX would write nothing as long as an entry has no second file, and never write that entry again."""
    given = {"LIONSEARCH_CACHE": str(tmp_path)}
    compile_in_a_process(**given)
    for path in tmp_path.glob("compilations/*/*-cache"):
        path.write_bytes(path.read_bytes()[:50])
        os.utime(path, (time.time() - 100,) * 2)
        path.with_name(path.name.removesuffix("-cache") + "-atime").unlink()
    assert compile_in_a_process(**given) == "4.0 False"
    assert compile_in_a_process(**given) == "4.0 True"


def test_what_another_process_is_writing_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    keep_compilations("abc")
    [folder] = tmp_path.glob("compilations/abc-*")
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(folder)
    (folder / "new-cache").touch()
    keep_compilations("abc")
    assert (folder / "new-cache").exists()


def test_threads_have_a_folder_each_and_a_relative_place_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIONSEARCH_CACHE", "here")
    for threads in ("1", "8"):
        monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
        monkeypatch.setenv("NPROC", threads)
        keep_compilations("abc")
        assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "here" / "compilations" / f"abc-{threads}")


@pytest.mark.parametrize(("found", "is_kept"), [("0.10.1", False), ("0.10.2", True), ("0.11.0.dev3", True)])
def test_a_jaxlib_that_prints_what_is_wrong_keeps_nothing(tmp_path, monkeypatch, found, is_kept):
    monkeypatch.setattr(compilations, "version", lambda name: found)
    monkeypatch.setenv("LIONSEARCH_CACHE", str(tmp_path))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    keep_compilations("abc")
    assert ("JAX_COMPILATION_CACHE_DIR" in os.environ) == is_kept


def test_where_nothing_can_be_kept_all_is_compiled(tmp_path):
    (tmp_path / "file").touch()
    assert compile_in_a_process(LIONSEARCH_CACHE=str(tmp_path / "file")) == "4.0 False"


def test_a_place_for_compilations_that_is_named_is_left_alone(tmp_path):
    given = {"LIONSEARCH_CACHE": str(tmp_path / "ours"), "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "theirs")}
    compile_in_a_process(**given)
    assert not (tmp_path / "ours").exists()
    assert [*(tmp_path / "theirs").glob("*-cache")]
