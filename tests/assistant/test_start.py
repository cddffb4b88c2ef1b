"""The assistant's process, from its start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.assistant.__main__ import _import_topics
from bot.project.sync import copy_project
from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store
from tests.conftest import ROOT, eventually

Process = subprocess.Popen[bytes]


@pytest.fixture
def two_assistants(tmp_path: Path) -> Iterator[dict[Path, Process]]:
    """Started without a Redis, each looking for the one of its own folder."""
    started = {}
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        environ = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
        environ |= {"BOT_VAR": str(folder), "BOT_ENV_FILE": "/nonexistent", "BOT_LOG_FORMAT": "json"}
        with (folder / "log").open("wb") as log:
            started[folder] = subprocess.Popen(
                [sys.executable, "-m", "bot.assistant"], cwd=ROOT, env=environ, stderr=log
            )
    yield started
    for process in started.values():
        process.kill()
        process.wait()


async def test_waits_for_redis_until_it_comes_or_until_told_to_stop(two_assistants: dict[Path, Process]) -> None:
    async def wait() -> bool:
        return all("redis.waiting" in (folder / "log").read_text() for folder in two_assistants)

    await eventually(wait, 240)
    (folder, _), (others_folder, other) = two_assistants.items()
    with OwnRedis(folder) as redis:
        store = Store(redis.url, Settings())

        async def has_the_group_that_it_makes_when_it_connects() -> bool:
            return bool(await store._client.exists(store._keys.work))

        await eventually(has_the_group_that_it_makes_when_it_connects, 120)

        async def has_the_topics_of_the_project() -> bool:
            return len(await store.topics.all()) == 50

        await eventually(has_the_topics_of_the_project, 120)
        await store.close()

    async def ended() -> bool:
        return other.poll() is not None

    other.send_signal(signal.SIGTERM)
    await eventually(ended, 120)
    assert other.returncode == 0 and "Traceback" not in (others_folder / "log").read_text()


@pytest.mark.parametrize("is_readable", [True, False])
async def test_a_project_that_can_not_be_read_keeps_no_assistant_from_answering(
    store: Store, tmp_path: Path, is_readable: bool
) -> None:
    copy_project(ROOT, tmp_path)
    if not is_readable:
        (tmp_path / "data" / "golden.jsonl").write_text("{")
    await _import_topics(store, tmp_path)
    assert bool(await store.topics.all()) == is_readable
