"""`make test` runs the few tests that failed once more, and says which were unsteady."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import run_tests
from tools.run_tests import MAX_AGAIN, Run, run_again

PASSES_ALONE = """
from pathlib import Path

def test_unsteady():
    mark = Path(__file__).with_name("was here")
    seen = mark.exists()
    mark.touch()
    assert seen
"""
BROKEN = "def test_broken():\n    assert False\n"


def results_of(tmp_path: Path, source: str) -> list[run_tests.Result]:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "tests" / "test_some.py").write_text(source)
    # As a path: names of folders for caches come from it.
    run = Run(".venv", (str(tmp_path / "tests"),))
    with (tmp_path / "said").open("wb") as said:
        return [run_tests._pytest(run, [], tmp_path / "caches", said)]


def test_what_passes_alone_does_not_fail_the_run_and_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    results = results_of(tmp_path, PASSES_ALONE)
    assert [result.exit_code for result in results] == [1]
    assert [result.exit_code for result in run_again(results, [])] == [0]
    assert "UNSTEADY test_some.py::test_unsteady" in capfd.readouterr().out


def test_what_fails_again_fails_the_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    results = run_again(results_of(tmp_path, PASSES_ALONE + BROKEN), [])
    assert [result.exit_code for result in results] == [1]
    said = capfd.readouterr().out
    assert "UNSTEADY test_some.py::test_unsteady" in said and "UNSTEADY test_some.py::test_broken" not in said


def test_many_failures_are_no_chance(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    many = "".join(BROKEN.replace("broken", f"broken_{number}") for number in range(MAX_AGAIN + 1))
    results = results_of(tmp_path, many)
    assert run_again(results, []) is results and "Once more" not in capfd.readouterr().out
