"""The trainer, with a real process in place of the training: what becomes of it is what editors see."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.assistant.trainer import NICENESS, Trainer
from bot.assistant.training_files import recent_messages, write_messages
from bot.model import Message, Nlu
from bot.settings import Settings
from bot.store import Store
from bot.store.trainings import Training
from tests.conftest import HANG_S, eventually
from tests.fakes.conversations import handed_over

LEASE_MS = 5_000
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environ(settings: Settings, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """For this process, whose trainer passes it on, and for one of its own."""
    given = {"VAR": tmp_path, "REDIS_URL": redis_url, "REDIS_PREFIX": settings.redis_prefix, "ENV_FILE": os.devnull}
    for name, value in given.items():
        monkeypatch.setenv(f"BOT_{name}", str(value))
    return dict(os.environ)


@asynccontextmanager
async def training(store: Store, settings: Settings, how: str, tmp_path: Path, redis_url: str) -> AsyncIterator[None]:
    """A trainer that trains so."""
    own = replace(settings, var=tmp_path, redis_url=redis_url)
    command = (sys.executable, "-m", "tests.fakes.quick_training", how)
    trainer = Trainer(store, own, how, command=command, lease_ms=LEASE_MS)
    running = asyncio.create_task(trainer.run())
    try:
        yield
    finally:
        trainer.stop()
        await running


async def over(store: Store, asked: Training) -> Training:
    async def is_over() -> Training | None:
        found = await store.trainings.get(asked.id)
        return found if found.is_over else None

    found = await eventually(is_over)
    assert found is not None
    return found


def train_pid(folder: Path) -> tuple[int, int]:
    """Of the training that hangs, and its niceness."""
    pid, niceness = (folder / "pid").read_text().split()
    return int(pid), int(niceness)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


async def say(store: Store, text: str, *, payload: str = "") -> None:
    """A customer's message that the assistant read."""
    message = Message(f"id-{text}", f"widget-{len(text)}", "customer", text, sent_at_ms=1, payload=payload)
    await store.conversations.receive(message, channel="widget", customer_id=message.conversation_id)
    item = await store.work.take("w", block_ms=1000)
    assert item is not None
    turn = await store.work.begin(item)
    assert turn is not None
    await store.work.finish(turn, [], dialogue="", nlu=Nlu("human", "faq_ruilen", 0.5))


@pytest.mark.usefixtures("environ")
async def test_what_is_asked_for_is_trained_and_nothing_answers_with_it(
    store: Store, settings: Settings, tmp_path: Path, redis_url: str
) -> None:
    await say(store, "kan ik ook ruilen")
    asked = await store.trainings.ask("anna")
    async with training(store, settings, "good", tmp_path, redis_url):
        done = await over(store, asked)
        assert (done.state, done.reason) == ("done", "")
        report = await store.trainings.report(asked.id)
    assert report is not None and report.messages == 1
    assert [one.name for one in await store.models.all()] == [done.model]
    assert await store.models.active() is None
    versions = await store.models.topics_of(done.model)
    assert versions is not None and versions["faq_ruilen"] == 1
    assert not list(tmp_path.rglob("messages.json")), "customers' words don't stay"
    assert await store.trainings.trainers() == []


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("how", "reason", "detail"),
    [
        ("config", "data", "there are fewer than two topics with examples"),
        ("crash", "failed", "Traceback: out of memory"),
        ("no-report", "failed", "report.json"),
    ],
)
async def test_a_training_that_goes_wrong_says_why_and_the_next_one_runs(
    store: Store, settings: Settings, tmp_path: Path, redis_url: str, how: str, reason: str, detail: str
) -> None:
    asked = await store.trainings.ask("anna")
    async with training(store, settings, how, tmp_path, redis_url):
        failed = await over(store, asked)
        assert (failed.state, failed.reason) == ("failed", reason)
        assert detail in failed.detail
        assert (tmp_path / "trainings" / asked.id / "train.log").is_file()
        assert (await over(store, await store.trainings.ask("anna"))).id != asked.id


@pytest.mark.usefixtures("environ")
async def test_one_that_is_cancelled_ends_its_process(
    store: Store, settings: Settings, tmp_path: Path, redis_url: str
) -> None:
    asked = await store.trainings.ask("anna")
    folder = tmp_path / "trainings" / asked.id
    async with training(store, settings, "hang", tmp_path, redis_url):
        await eventually(lambda: _exists(folder / "pid"))
        pid, niceness = train_pid(folder)
        assert niceness == NICENESS, "assistants go first"
        await eventually(lambda: _has_step(store, asked, "train"))
        await store.trainings.cancel(asked.id, "bas")
        await eventually(lambda: _is_gone(pid))
    assert (await store.trainings.get(asked.id)).state == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_trainer_that_ends_takes_its_training_with_it(
    store: Store, environ: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    """Stopped, it says so at once; killed, the next trainer finds out when the lease is over."""
    asked = await store.trainings.ask("anna")
    command = [
        sys.executable,
        "-m",
        "bot.assistant.trainer",
        sys.executable,
        "-m",
        "tests.fakes.quick_training",
        "hang",
    ]
    folder = tmp_path / "trainings" / asked.id
    with subprocess.Popen(command, env=environ, cwd=ROOT) as process:
        try:
            await eventually(lambda: _exists(folder / "pid"))
            process.send_signal(number)
            await asyncio.to_thread(process.wait, HANG_S)
        finally:
            process.kill()
    await eventually(lambda: _is_gone(train_pid(folder)[0]))
    if number == signal.SIGTERM:
        failed = await over(store, asked)
        assert (failed.state, failed.reason) == ("failed", "stopped")


@pytest.mark.usefixtures("environ")
async def test_what_a_killed_trainer_left_of_customers_words_goes_when_the_next_one_starts(
    store: Store, settings: Settings, tmp_path: Path, redis_url: str
) -> None:
    left, new = (tmp_path / "trainings" / name / "messages.json" for name in ("left", "new"))
    for file in (left, new):
        file.parent.mkdir(parents=True)
        file.write_text("[]")
    os.utime(left, (1, 1))

    async def is_gone() -> bool:
        return not left.exists()

    async with training(store, settings, "good", tmp_path, redis_url):
        await eventually(is_gone)
    assert new.exists(), "a training that begins just now reads it"


async def test_what_is_compared_is_what_customers_asked_masked_and_once(store: Store, tmp_path: Path) -> None:
    await say(store, "hoe laat open")
    await say(store, "Hoe laat open")
    await say(store, "mijn bsn is 123456782")
    await say(store, "een knop", payload="/faq_ruilen")
    await handed_over(store, "wat een rotzooi", reason="complaint")
    found = await recent_messages(store)
    assert sorted(one.text.lower() for one in found) == ["hoe laat open", "mijn bsn is [bsn]"]
    file = tmp_path / "messages.json"
    assert await write_messages(store, file) == 2
    assert file.stat().st_mode & 0o077 == 0, "nobody else reads it"


async def _exists(path: Path) -> bool:
    return path.is_file() and bool(path.read_text())


async def _has_step(store: Store, asked: Training, step: str) -> bool:
    return (await store.trainings.get(asked.id)).step == step


async def _is_gone(pid: int) -> bool:
    return not is_alive(pid)
