"""The day in a running product: Redis, web server and, if wanted, the assistant, all of them gone afterwards."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.model import ModelRecord
from bot.redis_server import OwnRedis
from bot.store import Store
from tests.conftest import Site, running_site
from tests.e2e.conftest import Assistant
from tools.demo_day.chat import Chat
from tools.demo_day.seed import seed

# Nobody sits at the desks of the others: what they have stays theirs all day.
_ALL_DAY = {"agent_away_s": 86_400.0, "agent_timeout_minutes": 1_440}


@dataclass(frozen=True)
class DemoDay:
    """site: the web server. main: the conversation that shows the most."""

    site: Site
    main: Chat


@contextmanager
def running_day(var: Path, model: Path | None = None, **settings: Any) -> Iterator[DemoDay]:
    """model: what the assistant answers with; without one there is no assistant. settings: BOT_ names, lower case."""
    with OwnRedis(var / "redis") as redis:
        running = running_site(redis.url, var, **{**_ALL_DAY, **settings})
        site = running.site

        async def prepare(store: Store) -> Chat:
            main = await seed(store, site.settings)
            if model:
                await _use(store, model)
            return main

        main = site.run(prepare)
        site.start()
        assistant = Assistant(site, var / "assistant.log")
        try:
            if model:
                assistant.start()
            yield DemoDay(site, main)
        finally:
            assistant.stop()
            site.stop()


async def _use(store: Store, model: Path) -> None:
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    record = ModelRecord(model.name.removesuffix(".tar.gz"), str(model), digest, int(time.time() * 1000))
    await store.models.register(record)
    await store.models.activate(record.name)
