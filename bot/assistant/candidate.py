"""A model that does not answer anybody yet: trained, tried on the golden set, and held beside the one that answers."""

from __future__ import annotations

import asyncio
import gc
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bot.assistant.candidate_steps import step_line
from bot.assistant.comparing import (
    RecentMessage,
    became,
    golden_changes,
    golden_failures,
    message_changes,
    more_confused,
)
from bot.assistant.model_files import chunks_of, fetch
from bot.assistant.train import load_golden, record_of, train
from bot.errors import ModelError
from bot.model import ModelRecord
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.store import Store
from bot.store.models import CANDIDATE_S
from bot.store.trainings import Became, Report

if TYPE_CHECKING:  # imports Rasa, which takes seconds
    from bot.nlu.confusions import Mixed


def make_candidate(settings: Settings, project: Path, messages: Path | None) -> Report:
    """Train on the files of `project` and compare; the model is registered, and nothing answers with it.

    messages: JSON of RecentMessage's, which is gone once it is read. Raises BotError.
    """
    _begin("read")
    recent = _taken(messages) if messages else []
    golden = load_golden(project / "data" / "golden.jsonl", project / "domain.yml")
    _begin("train")
    record = record_of(train(settings.var / "models", project))
    from bot.nlu.golden import failures_of
    from bot.nlu.rasa_model import parse_all

    _begin("golden")
    texts = [*(one.text for one in golden), *(one.text for one in recent)]
    parsed, _ = parse_all(Path(record.path), texts)
    failures = failures_of(golden, parsed[: len(golden)])
    after = [became(one) for one in parsed]
    result = {"n": len(golden), "failed_lines": [failure.message.line for failure in failures]}
    record = replace(record, card={**record.card, "golden": result})
    del parsed
    gc.collect()  # two models at once are 300 MB more

    _begin("compare")
    active, path = asyncio.run(_active(settings))
    before = _read_again(path, texts) if path else []
    n = len(golden)
    counts, changes = message_changes(recent, before[n:], after[n:]) if before else ({}, ())
    report = Report(
        model=record.name,
        before=active.name if active and path else "",
        golden=n,
        golden_failures=golden_failures(failures, golden, before),
        golden_changes=golden_changes(golden, before[:n], after[:n]) if before else (),
        messages=len(recent) if before else 0,
        message_counts=counts,
        message_changes=changes,
        confusions=more_confused(_confusions(path), _confusions(Path(record.path)) or []),
    )
    _begin("keep")
    asyncio.run(_keep(settings, record))
    return report


def _begin(step: str) -> None:
    print(step_line(step), flush=True)


def _read_again(path: Path, texts: list[str]) -> list[Became]:
    """What the model that answers now makes of them; nothing if it can't be loaded here."""
    from bot.nlu.rasa_model import parse_all

    try:
        return [became(one) for one in parse_all(path, texts)[0]]
    except Exception as exc:  # whatever Rasa raises for a model of another version: the new one is no worse for it
        print(f"The model that answers now can't be compared with: {type(exc).__name__}", flush=True)
        return []


def _confusions(path: Path | None) -> list[Mixed] | None:
    from bot.nlu.confusions import read_confusions

    try:
        return read_confusions(path) if path else None
    except (OSError, tarfile.TarError):
        return None


def _taken(messages: Path) -> list[RecentMessage]:
    """What customers wrote. A training takes minutes, and one that is killed would leave it behind."""
    recent = msgspec.json.decode(messages.read_bytes(), type=list[RecentMessage])
    messages.unlink()
    return recent


async def _active(settings: Settings) -> tuple[ModelRecord | None, Path | None]:
    store = await Store(redis_url(settings), settings).open()
    try:
        active = await store.models.active()
        if active is None:
            return None, None
        try:
            return active, await fetch(active, store.models, settings.var / "models", settings.model_url)
        except ModelError as exc:
            print(f"The model that answers now can't be compared with: {exc}", flush=True)
            return active, None
    finally:
        await store.close()


async def _keep(settings: Settings, record: ModelRecord) -> None:
    store = await Store(redis_url(settings), settings).open()
    try:
        await store.models.register(record)
        if not settings.model_url:
            await store.models.put_file(record.name, chunks_of(Path(record.path)), lifetime_s=CANDIDATE_S)
    finally:
        await store.close()
