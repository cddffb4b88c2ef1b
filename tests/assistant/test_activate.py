"""`make activate` and `make rollback`, as who types them sees them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.assistant import activate
from bot.assistant.rasa_import import import_rasa
from bot.errors import ModelError
from bot.model import ModelRecord
from bot.settings import Settings
from bot.store import Store
from tools.trained_model import trained_model

import_rasa()

from bot.assistant import rasa_agent  # noqa: E402

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, redis_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, in a thread: it has an event loop of its own."""
    # Else every later test logs to the stream that pytest caught this one's output with.
    monkeypatch.setattr(activate.logs, "configure", lambda log_format: None)
    for name, value in (("ENV_FILE", "/nonexistent"), ("VAR", tmp_path), ("REDIS_URL", redis_url)):
        monkeypatch.setenv(f"BOT_{name}", str(value))
    monkeypatch.setenv("BOT_REDIS_PREFIX", settings.redis_prefix)

    def run(*arguments: str) -> int:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(activate.main, list(arguments)).result()

    return run


@pytest.fixture
def loads_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model loads at once, unless its file says "broken"."""

    async def load(path: Path) -> object:
        if path.read_bytes() == b"broken":
            raise ModelError("it is broken")
        if path.read_bytes() == b"fails":
            raise KeyError("the words of a customer")
        return object()

    monkeypatch.setattr(rasa_agent, "load", load)


async def register(store: Store, name: str, content: bytes = b"a model") -> None:
    await store.models.register(ModelRecord(name, "/nowhere", hashlib.sha256(content).hexdigest(), 1))
    await store.models.put_file(name, [content])


async def activated(store: Store, *names: str) -> None:
    for name in names:
        await register(store, name)
        await store.models.activate(name)


async def active(store: Store) -> str | None:
    record = await store.models.active()
    return record.name if record else None


@pytest.mark.train
async def test_a_real_model_is_tried_before_it_is_activated(
    store: Store, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    await activated(store, "a")
    await register(store, "b", trained_model().read_bytes())
    assert await asyncio.to_thread(run, "b") == 0
    assert await active(store) == "b"
    assert "Model b is active.\nNo assistant runs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "reason"), [(b"broken", "it is broken"), (b"fails", "does not answer: KeyError at")]
)
async def test_a_broken_model_changes_nothing(
    store: Store, run: Run, loads_anything: None, capsys: pytest.CaptureFixture[str], content: bytes, reason: str
) -> None:
    await activated(store, "a")
    await register(store, "b", content)
    assert await asyncio.to_thread(run, "b") == activate.EXIT_FAILED
    assert await active(store) == "a"
    said = capsys.readouterr()
    assert reason in said.err and "the model that answers stays" in said.err
    assert "customer" not in said.err
    assert said.out == ""


async def test_a_model_without_a_file_changes_nothing(
    store: Store, run: Run, loads_anything: None, capsys: pytest.CaptureFixture[str]
) -> None:
    await activated(store, "a")
    await store.models.register(ModelRecord("b", "/nowhere", "0", 1))
    assert await asyncio.to_thread(run, "b") == activate.EXIT_FAILED
    assert await active(store) == "a"
    assert "neither on this machine nor in the store" in capsys.readouterr().err


async def test_a_name_that_is_wrong_brings_the_names_that_are_right(
    store: Store, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    await activated(store, "a", "b")
    assert await asyncio.to_thread(run, "c") == activate.EXIT_FAILED
    said = capsys.readouterr().err
    assert "no model 'c'" in said and {"a", "b"} == set(said.partition("there are: ")[2].partition(";")[0].split(", "))


@pytest.mark.parametrize("arguments", [("a",), ("--rollback",)])
async def test_before_the_first_training_it_says_so(
    store: Store, run: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert await asyncio.to_thread(run, *arguments) == activate.EXIT_FAILED
    assert "no model was trained yet" in capsys.readouterr().err


async def test_rolling_back_twice_brings_the_same_model_back(
    store: Store, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    await activated(store, "a", "b", "c")
    for name in ("b", "c"):
        assert await asyncio.to_thread(run, "--rollback") == 0
        assert await active(store) == name
        assert f"Model {name} is active." in capsys.readouterr().out


async def test_nothing_to_roll_back_to_is_said_so(store: Store, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    await activated(store, "a")
    assert await asyncio.to_thread(run, "--rollback") == activate.EXIT_FAILED
    assert await active(store) == "a"
    assert "no other model was active before" in capsys.readouterr().err


async def test_an_old_models_file_is_in_the_store_again_for_other_machines(
    store: Store, run: Run, loads_anything: None, tmp_path: Path
) -> None:
    here = tmp_path / "old.tar.gz"
    here.write_bytes(b"a model")
    await store.models.register(ModelRecord("old", str(here), hashlib.sha256(b"a model").hexdigest(), 1))
    await activated(store, "a", "b", "c")
    assert not await store.models.stores_file("old")
    assert await asyncio.to_thread(run, "old") == 0
    assert b"".join([chunk async for chunk in store.models.file("old")]) == b"a model"
    assert await store.models.stores_file("old")


@pytest.mark.parametrize(
    ("about", "outcome"),
    [
        ([], "No assistant runs"),
        (["a"], "1 of 1 assistant answers with it."),
        (["a", "a"], "2 of 2 assistants answer with it."),
        (["a", "refused"], "1 of 2 assistants answer with it. 1 refused it"),
        (["a", "refused", "b"], "1 of 3 assistants answer with it. 1 refused it"),
        (["b"], "0 of 1 assistant answers with it. 1 did not load it within"),
    ],
)
async def test_it_says_what_running_assistants_made_of_it(
    store: Store,
    run: Run,
    loads_anything: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    about: list[str],
    outcome: str,
) -> None:
    monkeypatch.setattr(activate, "WATCH_S", 0.2)
    monkeypatch.setattr(activate, "SETTLED_S", 0.1)
    monkeypatch.setattr(activate, "POLL_S", 0.05)
    monkeypatch.setattr(store.work, "_claim_idle_ms", 60_000)
    await register(store, "a")
    monkeypatch.setenv("BOT_CLAIM_IDLE_MS", "60000")
    for number, model in enumerate(about):
        said = {"model": "b", "refused": "a"} if model == "refused" else {"model": model}
        await store.work.sign_of_life(f"assistant-{number}", json.dumps(said))
    assert await asyncio.to_thread(run, "a") == 0
    assert outcome in capsys.readouterr().out


async def test_without_redis_nothing_is_changed(
    store: Store, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await activated(store, "a", "b")
    monkeypatch.setenv("BOT_REDIS_URL", f"unix://{tmp_path}/nobody.sock")
    assert await asyncio.to_thread(run, "--rollback") == activate.EXIT_FAILED
    assert await active(store) == "b"
    assert "Redis" in capsys.readouterr().err
