"""The channel put together: its parts, and what runs for it in every web process."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from bot.settings import Settings
from bot.store import Store
from bot.web.channels.intake import Intake
from bot.web.channels.messenger.config import MessengerConfig
from bot.web.channels.messenger.graph import Graph
from bot.web.channels.messenger.large_bodies import LargeBodies
from bot.web.live import Live
from bot.web.operations.metrics import Metrics

# Requests of more than LARGE_BYTES (webhook.py) that one process reads at a time.
LARGE_AT_A_TIME = 4


class Messenger:
    """What `app.ctx.messenger` is while the channel is on."""

    def __init__(
        self,
        config: MessengerConfig,
        settings: Settings,
        *,
        store: Store,
        intake: Intake,
        live: Live,
        metrics: Metrics,
    ) -> None:
        self.config = config
        self.graph = Graph(config)
        self.large_bodies = LargeBodies(LARGE_AT_A_TIME)

    async def open(self) -> None:
        await self.graph.open()

    async def close(self) -> None:
        await self.graph.close()

    def background(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """What runs for ever, by the name of its task."""
        return {}
