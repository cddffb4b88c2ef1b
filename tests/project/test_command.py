"""`make export` and `make import`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import EXIT_CONFIG
from bot.project.__main__ import main
from bot.settings import Settings
from bot.store import Store


@pytest.fixture(autouse=True)
def environment(project: Path, redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ENV_FILE", "/nonexistent"), ("PROJECT", project), ("REDIS_URL", redis_url)):
        monkeypatch.setenv(f"BOT_{name}", str(value))
    monkeypatch.setenv("BOT_REDIS_PREFIX", settings.redis_prefix)


def run(*arguments: str) -> int:
    """In a thread: it has an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(main, list(arguments)).result()


async def test_what_is_imported_and_exported_is_said(
    project: Path, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", "--dry-run") == 0
    assert "Would import:\n  50 topics added: faq_openingstijden, " in capsys.readouterr().out
    assert await store.topics.all() == []
    assert run("import") == 0 and run("import") == 0 and run("export") == 0
    said = capsys.readouterr().out
    assert "Imported:\n  50 topics added" in said and "and 40 more\n  72 answers added" in said
    assert said.endswith("say the same already.\nThe files say the same already.\n")

    groet = await store.templates.published("utter_groet")
    await store.templates.save(replace(groet, text="Hoi!", edited_by="robin"), expected_version=groet.version)
    assert run("import") == 0
    assert "kept as an editor wrote them (ARGS=--overwrite replaces them): utter_groet" in capsys.readouterr().out
    assert run("export", str(tmp_path / "other")) == 0
    assert f"Written in {tmp_path / 'other'}: domain.yml." in capsys.readouterr().out
    assert "text: |-\n      Hoi!" in (tmp_path / "other" / "domain.yml").read_text()
    assert "Hoi!" not in (project / "domain.yml").read_text()


async def test_what_is_wrong_is_said_with_its_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "data" / "golden.jsonl").write_text("{")
    assert run("import") == EXIT_CONFIG
    assert "golden.jsonl, line 1: not JSON" in capsys.readouterr().err
