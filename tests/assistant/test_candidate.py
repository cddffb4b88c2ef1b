"""A real training on the store's topics, few examples of each, held beside the project's own model."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bot.assistant import train
from bot.assistant.rasa_import import import_rasa
from bot.assistant.training_files import write_files, write_messages
from bot.model import Message, ModelRecord, Nlu, Template
from bot.project.sync import import_project
from bot.settings import Settings
from bot.store import Store
from bot.store.topics import Example, TestMessage, Topic
from bot.store.trainings import Report
from tools.trained_model import trained_model

import_rasa()
pytestmark = pytest.mark.train

FEW = 6
NEW = Topic(
    "faq_fiets_stallen",
    "Fiets stallen",
    examples=tuple(
        Example(text)
        for text in (
            "waar kan ik mijn fiets stallen",
            "hebben jullie een fietsenstalling",
            "is er een plek om mijn fiets neer te zetten",
            "kan ik mijn fiets ergens kwijt bij de winkel",
            "fietsenrek bij jullie voor de deur?",
            "mag mijn fiets voor de winkel staan",
        )
    ),
    tests=(TestMessage("waar mag ik mijn fiets stallen", must_answer=False),),
    place=500,
)
# No model gets this right: it asks for another topic.
WRONG = TestMessage("waar kan ik mijn fiets stallen", must_answer=True)


async def few_topics(store: Store) -> None:
    """The project's, each with few examples and no tests, and a new one; a test that can't pass."""
    await import_project(store, train.PROJECT)
    topics = [
        replace(one, examples=one.examples[:: max(1, len(one.examples) // FEW)], tests=())
        for one in await store.topics.all()
    ]
    topics = [replace(one, tests=(WRONG,)) if one.intent == "faq_garantie" else one for one in topics]
    await store.topics.save_all([*topics, NEW])
    await store.templates.save(Template(NEW.answer, "Fiets stallen", "Voor de deur."), expected_version=0)


async def test_what_changes_is_known_before_anybody_is_answered(
    store: Store, settings: Settings, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train.logs, "configure", lambda log_format: None)
    for name, value in (("ENV_FILE", "/nonexistent"), ("VAR", tmp_path), ("REDIS_URL", redis_url)):
        monkeypatch.setenv(f"BOT_{name}", str(value))
    monkeypatch.setenv("BOT_REDIS_PREFIX", settings.redis_prefix)
    monkeypatch.setenv("RASA_CACHE_DIRECTORY", str(tmp_path / "cache"))
    await few_topics(store)
    own = trained_model()
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    await store.models.register(ModelRecord("own", str(own), digest, 1))
    await store.models.activate("own")
    await asked(store, "waar kan ik mijn fiets neerzetten")
    folder, report = tmp_path / "project", tmp_path / "report.json"
    snapshot = await write_files(store, folder, train.PROJECT)
    assert snapshot.versions[NEW.intent] == 1
    await write_messages(store, tmp_path / "messages.json")

    arguments = ["--project", folder, "--messages", tmp_path / "messages.json", "--report", report]
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(train.main, list(map(str, arguments))).result() == 0

    found = msgspec.json.decode(report.read_bytes(), type=Report)
    active = await store.models.active()
    assert active is not None and active.name == "own", "nothing answers with it"
    record = await store.models.get(found.model)
    assert not (tmp_path / "messages.json").exists(), "customers' words don't stay, also when it is killed after this"
    assert found.before == "own" and found.golden == 2 and found.messages == 1
    assert [(one.text, one.intent) for one in found.golden_failures] == [(WRONG.text, "faq_garantie")]
    assert found.golden_failures[0].after.intent == NEW.intent
    assert record.card["golden"]["n"] == 2 and len(record.card["golden"]["failed_lines"]) == 1
    assert record.card["n_examples"] < 1000, "on the store's topics, not the project's"
    assert await store.models.is_to_be_had(record) and not await store.models.stores_file(record.name)
    assert found.confusions and found.confusions[0].before is not None
    kept = [one for one in (tmp_path / "cache").iterdir() if one.is_dir()]
    assert not kept, "Rasa keeps nothing for a training that would not begin anew"


async def asked(store: Store, text: str) -> None:
    message = Message("m", "widget-1", "customer", text, sent_at_ms=1)
    await store.conversations.receive(message, channel="widget", customer_id="k")
    item = await store.work.take("w", block_ms=1000)
    assert item is not None
    turn = await store.work.begin(item)
    assert turn is not None
    await store.work.finish(turn, [], dialogue="", nlu=Nlu("human", "faq_contact", 0.3))
