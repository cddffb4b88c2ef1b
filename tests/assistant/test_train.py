"""A model that fails the golden set does not take the place of one that answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.assistant import train
from bot.assistant.rasa_import import import_rasa
from bot.errors import EXIT_CONFIG
from bot.model import ModelRecord
from bot.project.files import GOLDEN, NLU
from bot.project.sync import copy_project, import_project
from bot.settings import Settings
from bot.store import Store
from bot.store.topics import Example, with_examples
from tools.trained_model import trained_model

import_rasa()
pytestmark = pytest.mark.train

GOOD = '{"text": "hoe laat zijn jullie open op zondag?", "intent": "faq_openingstijden", "must": "answer"}\n'
# Wrong on purpose: nobody may be told this.
IMPOSSIBLE = '{"text": "hoe laat zijn jullie open op zondag?", "intent": "faq_retourkosten", "must": "answer"}\n'


@pytest.fixture
def project(tmp_path: Path, redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that trains at once: its model is that of the real one."""
    copy_project(train.PROJECT, tmp_path)
    (tmp_path / GOLDEN).unlink()
    monkeypatch.setattr(train, "train", lambda models, project: trained_model())
    # Else every later test logs to the stream that pytest caught this one's output with.
    monkeypatch.setattr(train.logs, "configure", lambda log_format: None)
    for name, value in (
        ("ENV_FILE", "/nonexistent"),
        ("VAR", tmp_path),
        ("REDIS_URL", redis_url),
        ("PROJECT", tmp_path),
    ):
        monkeypatch.setenv(f"BOT_{name}", str(value))
    monkeypatch.setenv("BOT_REDIS_PREFIX", settings.redis_prefix)
    return tmp_path


def run(*arguments: str) -> int:
    """In a thread: it has an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(train.main, list(arguments)).result()


def write_golden(project: Path, lines: str) -> None:
    (project / GOLDEN).write_text(lines)


async def register(store: Store, path: Path) -> None:
    """Another model, that answers now."""
    await store.models.register(ModelRecord("earlier", str(path), "0", 1))
    await store.models.activate("earlier")


async def active(store: Store) -> ModelRecord:
    found = await store.models.active()
    assert found is not None
    return found


async def test_a_model_that_passes_is_activated(project: Path, store: Store) -> None:
    await register(store, trained_model())
    write_golden(project, GOOD)
    assert run() == 0
    record = await active(store)
    assert record.name != "earlier"
    assert record.card["golden"] == {"n": 1, "failed_lines": []}


async def test_a_model_that_fails_leaves_the_old_one(
    project: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await register(store, trained_model())
    write_golden(project, GOOD + IMPOSSIBLE)
    assert run() == train.EXIT_FAILED
    assert (await active(store)).name == "earlier"
    assert [record.name for record in await store.models.all()] == ["earlier"]
    said = capsys.readouterr()
    assert "1 of 2 messages pass" in said.out and "line 2:" in said.out
    assert "--override" in said.err


async def test_an_override_activates_and_its_reason_is_kept(project: Path, store: Store) -> None:
    await register(store, trained_model())
    write_golden(project, GOOD + IMPOSSIBLE)
    assert run("--override", "the shop moved") == 0
    assert (await active(store)).card["golden"] == {"n": 2, "failed_lines": [2], "override": "the shop moved"}


@pytest.mark.parametrize("reason", ["", "  "])
async def test_an_override_without_a_reason_is_none(project: Path, store: Store, reason: str) -> None:
    await register(store, trained_model())
    write_golden(project, IMPOSSIBLE)
    assert run("--override", reason) == train.EXIT_FAILED


@pytest.mark.parametrize("file_of_earlier", [None, "gone.tar.gz"])
async def test_the_first_model_is_activated_whatever_it_fails(
    project: Path, store: Store, capsys: pytest.CaptureFixture[str], file_of_earlier: str | None
) -> None:
    if file_of_earlier:
        await register(store, project / file_of_earlier)
    write_golden(project, IMPOSSIBLE)
    assert run() == 0
    assert (await active(store)).card["golden"]["failed_lines"] == [1]
    assert "in spite of" in capsys.readouterr().out


async def test_without_a_golden_set_training_says_so_and_goes_on(
    project: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    assert "golden" not in (await active(store)).card
    assert "golden.jsonl" in capsys.readouterr().out


async def test_a_broken_line_is_named_before_anything_is_trained(
    project: Path, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "train", lambda models, project: pytest.fail("it trained"))
    write_golden(project, GOOD + "{")
    assert run() == EXIT_CONFIG
    assert "golden.jsonl, line 2: not JSON" in capsys.readouterr().err


async def test_what_was_changed_in_the_browser_is_trained_on(
    project: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await import_project(store, project)
    contact = await store.topics.get("faq_contact")
    await store.topics.save(with_examples(contact, [Example("hebben jullie een faxnummer")]))
    trained_on: list[str] = []

    def read_instead(models: Path, project: Path) -> Path:
        trained_on.append((project / NLU).read_text())
        return trained_model()

    monkeypatch.setattr(train, "train", read_instead)
    assert run() == 0
    assert "    - hebben jullie een faxnummer\n" in trained_on[0]
    assert "    - hebben jullie een faxnummer\n" not in (project / NLU).read_text()


async def test_topics_that_were_changed_on_both_sides_are_not_trained_on(
    project: Path, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "train", lambda models, project: pytest.fail("it trained"))
    await import_project(store, project)
    contact = await store.topics.get("faq_contact")
    await store.topics.save(with_examples(contact, [Example("hebben jullie een faxnummer")]))
    write_golden(project, GOOD)
    assert run() == EXIT_CONFIG
    assert "make export" in capsys.readouterr().err
