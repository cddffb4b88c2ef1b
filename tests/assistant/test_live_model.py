"""How an assistant takes over another model while it answers, and which ones it refuses."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.assistant import live_model, taking_turns
from bot.assistant.live_model import LiveModel
from bot.assistant.model_files import chunks_of
from bot.assistant.rasa_import import import_rasa
from bot.errors import ModelError, StoreUnavailable
from bot.model import ModelRecord, Template
from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store
from tests.conftest import eventually
from tests.fakes.model_server import serving_models
from tools.trained_model import trained_model

import_rasa()

from bot.assistant import rasa_agent  # noqa: E402

BROKEN = b"broken"


class Loaded:
    """Stands where RasaAgent stands, where it only matters which model was loaded."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.templates = [Template("utter_groet", "Groet", content.decode())]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Models load at once and are only their bytes; returns which were loaded, in order."""
    loaded: list[bytes] = []

    async def load(path: Path) -> Loaded:
        loaded.append(path.read_bytes())
        if path.read_bytes() == BROKEN:
            raise ModelError("it is broken")
        return Loaded(path.read_bytes())

    monkeypatch.setattr(rasa_agent, "load", load)
    return loaded


@pytest.fixture
def model(store: Store, tmp_path: Path) -> LiveModel:
    return LiveModel(store, folder=tmp_path / "models")


async def register(store: Store, name: str, content: bytes | None = None) -> None:
    content = content or name.encode()
    await store.models.register(ModelRecord(name, "/nowhere", hashlib.sha256(content).hexdigest(), 1))
    await store.models.put_file(name, [content])


async def activate(store: Store, name: str, content: bytes | None = None) -> None:
    await register(store, name, content)
    await store.models.activate(name)


@asynccontextmanager
async def following(model: LiveModel) -> AsyncIterator[None]:
    await model.start()
    task = asyncio.create_task(model.follow())
    try:
        yield
    finally:
        while not task.done():  # redis-py may lose a cancellation in Python 3.10
            task.cancel()
            await asyncio.wait([task], timeout=0.2)


def said(model: LiveModel) -> dict[str, Any]:
    """What the sign of life says."""
    return dict(json.loads(model.described()))


async def says(model: LiveModel, name: str, refused: str | None = None) -> None:
    wanted = {"model": name} | ({"refused": refused} if refused else {})

    async def does() -> bool:
        return said(model) == wanted

    await eventually(does, timeout_s=60)


@pytest.mark.train
async def test_a_real_model_takes_over_and_the_one_before_is_freed(store: Store, model: LiveModel) -> None:
    file = trained_model()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    for name in ("one", "two"):
        await store.models.register(ModelRecord(name, "/nowhere", digest, 1))
        await store.models.put_file(name, chunks_of(file))
    await store.models.activate("one")
    async with following(model):
        before = weakref.ref(model.agent)
        await store.models.activate("two")
        await says(model, "two")
        await activate(store, "no model", b"not even an archive")
        await says(model, "two", refused="no model")
        result = await model.agent.turn("c1", "hoe laat zijn jullie open op zondag?", "", "")
    assert result.nlu.intent == "faq_openingstijden"
    gc.collect()
    assert before() is None
    assert (await store.templates.get("utter_faq_openingstijden")).text


async def test_a_model_that_becomes_active_answers_from_then_on(
    store: Store, model: LiveModel, loads: list[bytes]
) -> None:
    await activate(store, "a")
    async with following(model):
        await activate(store, "b")
        await says(model, "b")
        await store.models.activate("a")
        await says(model, "a")
    assert loads == [b"a", b"b", b"a"]


async def test_of_two_that_become_active_at_once_the_last_one_answers(
    store: Store, model: LiveModel, loads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = rasa_agent.load

    async def load_while_another_becomes_active(path: Path) -> Any:
        if path.read_bytes() == b"b":
            await activate(store, "c")
            await asyncio.sleep(0.1)  # and the assistant heard of it
        return await load(path)

    monkeypatch.setattr(rasa_agent, "load", load_while_another_becomes_active)
    await activate(store, "a")
    async with following(model):
        await activate(store, "b")
        await says(model, "c")
    assert loads[-1] == b"c"


@pytest.mark.parametrize(("wait_s", "at_once"), [(60.0, 1), (0.1, 2)])
async def test_assistants_of_one_machine_load_one_after_the_other_but_do_not_wait_for_ever(
    store: Store,
    tmp_path: Path,
    loads: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    wait_s: float,
    at_once: int,
) -> None:
    monkeypatch.setattr(taking_turns, "WAIT_S", wait_s)
    load, loading, most = rasa_agent.load, 0, 0

    async def slowly(path: Path) -> Any:
        nonlocal loading, most
        loading += 1
        most = max(most, loading)
        await asyncio.sleep(0.5)
        loading -= 1
        return await load(path)

    await activate(store, "a")
    one, other = (LiveModel(store, folder=tmp_path / "models") for _ in range(2))
    async with following(one), following(other):
        monkeypatch.setattr(rasa_agent, "load", slowly)
        await activate(store, "b")
        await says(one, "b")
        await says(other, "b")
    assert most == at_once


async def test_a_broken_model_is_refused_and_the_one_before_answers(
    store: Store, model: LiveModel, loads: list[bytes]
) -> None:
    await activate(store, "a")
    with capture_logs() as lines:
        async with following(model):
            await activate(store, "b", BROKEN)
            await says(model, "a", refused="b")
            assert model.agent.content == b"a"  # type: ignore[attr-defined]
            await store.models.activate("a")  # rolled back
            await says(model, "a")
    (line,) = [line for line in lines if line["event"] == "model.refused"]
    assert (line["model"], line["reason"], line["log_level"]) == ("b", "it is broken", "error")
    assert loads == [b"a", BROKEN]


async def test_a_refused_model_is_not_tried_over_and_over(
    store: Store, model: LiveModel, loads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_model, "LOOK_EVERY_S", 0.01)
    looks = 0
    active = store.models.active

    async def counted() -> ModelRecord | None:
        nonlocal looks
        looks += 1
        return await active()

    monkeypatch.setattr(store.models, "active", counted)
    await activate(store, "a")
    async with following(model):
        await activate(store, "b", BROKEN)
        await says(model, "a", refused="b")
        enough = looks + 10

        async def looked_often() -> bool:
            return looks > enough

        await eventually(looked_often)
    assert loads.count(BROKEN) == 1


async def test_a_refused_model_is_tried_again_when_it_is_activated_again(
    store: Store, model: LiveModel, loads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    load = rasa_agent.load

    async def load_with_something_missing(path: Path) -> Any:
        if path.read_bytes() == b"b":
            raise ModelError("this machine has another sentence encoder")
        return await load(path)

    await activate(store, "a")
    async with following(model):
        with monkeypatch.context() as missing:
            missing.setattr(rasa_agent, "load", load_with_something_missing)
            await activate(store, "b")
            await says(model, "a", refused="b")
        await store.models.activate("b")
        await says(model, "b")
    assert loads == [b"a", b"b"]


async def test_it_starts_with_the_last_one_that_works_and_says_which_it_refused(
    store: Store, model: LiveModel, loads: list[bytes]
) -> None:
    await activate(store, "a")
    await activate(store, "b")
    await activate(store, "c", BROKEN)
    await activate(store, "d", BROKEN)
    async with following(model):
        assert said(model) == {"model": "b", "refused": "d"}
        await activate(store, "e")
        await says(model, "e")
    assert loads == [BROKEN, BROKEN, b"b", b"e"]


async def test_news_that_comes_while_it_looks_does_not_load_a_refused_model_again(
    store: Store, model: LiveModel, loads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    await activate(store, "a")
    await activate(store, "b", BROKEN)
    active = store.models.active

    async def heard() -> bool:
        return model._refusal is None

    async def active_a_moment_ago() -> ModelRecord | None:
        record = await active()
        monkeypatch.setattr(store.models, "active", active)
        await activate(store, "c")
        await eventually(heard)
        return record

    monkeypatch.setattr(store.models, "active", active_a_moment_ago)
    async with following(model):
        await says(model, "c")
    assert loads == [BROKEN, b"a", b"c"]


@pytest.mark.parametrize(("names", "reason"), [(("a", "b"), "none of the models"), ((), "make train")])
async def test_without_a_model_that_works_it_does_not_start(
    store: Store, model: LiveModel, loads: list[bytes], names: tuple[str, ...], reason: str
) -> None:
    for name in names:
        await activate(store, name, BROKEN)
    with pytest.raises(ModelError, match=reason):
        await model.start()


async def test_an_activation_of_which_the_news_was_lost_is_found_after_reconnecting(
    store: Store, model: LiveModel, loads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_model, "LOOK_EVERY_S", 3600.0)
    await activate(store, "a")
    await register(store, "c")
    async with following(model):
        await activate(store, "b")  # it listens
        await says(model, "b")

        async def waits_for_news() -> bool:
            return bool(model._news._waiters) and not model._news.is_set()

        await eventually(waits_for_news)
        await store._client.set(store._keys.active_model, "c")
        await store._client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await says(model, "c")


async def test_an_activation_of_which_the_news_was_lost_is_found_without_reconnecting_too(
    store: Store, model: LiveModel, loads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_model, "LOOK_EVERY_S", 0.05)
    await activate(store, "a")
    await register(store, "b")
    async with following(model):
        await store._client.set(store._keys.active_model, "b")
        await says(model, "b")


async def test_a_redis_that_restarts_during_the_fetch_is_not_the_models_fault(
    tmp_path: Path, settings: Settings, loads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with OwnRedis(tmp_path / "var") as redis:
        store = await Store(redis.url, settings).open()
        file = store.models.file
        began = asyncio.Event()

        async def interrupted(name: str) -> AsyncIterator[bytes]:
            async for chunk in file(name):
                if name == "b" and not began.is_set():
                    await asyncio.to_thread(redis.stop)
                    began.set()
                yield chunk

        monkeypatch.setattr(store.models, "file", interrupted)
        content = b"b" * 2_500_000
        await activate(store, "a")
        await register(store, "b")
        await store.models.put_file("b", [content[:1_500_000], content[1_500_000:]])
        record = ModelRecord("b", "/nowhere", hashlib.sha256(content).hexdigest(), 1)
        await store.models.register(record)
        model = LiveModel(store, folder=tmp_path / "models")
        with capture_logs() as lines:
            async with following(model):
                await store.models.activate("b")
                await began.wait()
                assert said(model) == {"model": "a"}
                await asyncio.to_thread(redis.start)
                await says(model, "b")
        await store.close()
    assert loads == [b"a", content]
    assert "model.refused" not in [line["event"] for line in lines]


async def test_a_file_that_can_not_be_had_now_is_asked_for_again_later(
    store: Store, tmp_path: Path, loads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_model, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(live_model, "FETCH_AGAIN_S", (0.1, 0.2))
    async with serving_models() as server:
        model = LiveModel(store, folder=tmp_path / "models", url=server.url)
        server.files["a.tar.gz"] = b"a"
        await activate(store, "a")
        async with following(model):
            await activate(store, "b")
            await says(model, "a", refused="b")
            server.files["b.tar.gz"] = b"b"
            await says(model, "b")
    assert loads == [b"a", b"b"]


async def test_answers_that_can_not_be_stored_now_hold_up_no_model(
    store: Store, model: LiveModel, loads: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_model, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(live_model, "RETRY_S", 0.05)
    seed = store.templates.seed
    errors: list[Exception] = [StoreUnavailable("Redis is full"), RuntimeError("a mistake of ours"), ValueError()]

    async def fail_at_first(templates: list[Template]) -> int:
        if errors and model.agent.content == b"a":  # type: ignore[attr-defined]
            raise errors.pop()
        return await seed(templates)

    await activate(store, "a")
    async with following(model):
        monkeypatch.setattr(store.templates, "seed", fail_at_first)
        await activate(store, "b")
        await says(model, "b")

        async def are_stored() -> bool:
            return (await store.templates.get("utter_groet")).text == "b"

        await eventually(are_stored)
    assert len(errors) == 2  # and the model was not loaded again for that
    assert loads == [b"a", b"b"]
