"""`make new-company`: an empty project for another company."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.answers import unknown_variables
from bot.errors import EXIT_CONFIG, ConfigError
from bot.project.files import FILES
from bot.project.new_company import main, make_company
from bot.project.read import read_project
from bot.project.sync import changed_side, export_project, import_project
from bot.settings import Settings
from bot.store import Store


@pytest.fixture
def company(tmp_path: Path) -> Path:
    folder = tmp_path / "bakker"
    make_company(folder, "Bakker Jansen & Zn.")
    return folder


def test_nothing_of_the_demo_is_in_it(company: Path) -> None:
    for file in company.rglob("*.*"):
        text = file.read_text(encoding="utf-8").casefold()
        assert "sinkel" not in text and "faq_" not in text and "winterjas" not in text, file
    assert not (company / "data" / "retired.jsonl").exists()
    assert "assistant_id: bakker_jansen_zn\n" in (company / "config.yml").read_text()


def test_it_has_what_every_assistant_must_understand(company: Path) -> None:
    project = read_project(company)
    assert len(project.topics) == 12 and not any(one.is_question for one in project.topics)
    without = [one.intent for one in project.topics if len(one.examples) < 15]
    assert without == ["nlu_fallback"]
    known = {one.intent for one in project.topics}
    for answer in project.answers:
        assert unknown_variables(answer.text) == []
        assert {button.payload.removeprefix("/") for button in answer.buttons} <= known


def test_its_settings_are_those_of_a_second_installation(company: Path) -> None:
    settings = Settings.load({}, company / ".env")
    assert settings.company == "Bakker Jansen & Zn." and settings.project == company
    assert settings.var == company / "var" and settings.port != Settings().port


async def test_it_is_imported_and_exported_as_any_project(company: Path, store: Store) -> None:
    before = {name: (company / name).read_bytes() for name in FILES if (company / name).exists()}
    await import_project(store, company)
    assert await export_project(store, company, base=company) == []
    assert {name: (company / name).read_bytes() for name in before} == before
    assert await changed_side(store, company) == "neither"


@pytest.mark.parametrize("name", ["", "x" * 61, "Twee\nregels", '"Bakker"'])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="NAME: expected"):
        make_company(tmp_path / "bakker", name)
    assert not (tmp_path / "bakker").exists()


def test_a_folder_in_use_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "brief.txt").write_text("lief dagboek")
    assert main([str(tmp_path), "Bakker"]) == EXIT_CONFIG
    assert "not empty" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["brief.txt"]
