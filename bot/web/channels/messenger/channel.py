"""The channel put together: its parts, and what runs for it in every web process."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from bot.answers import Answers
from bot.settings import Settings
from bot.store import Store
from bot.web.channels.intake import Intake
from bot.web.channels.messenger.actions import Actions
from bot.web.channels.messenger.comments import Comments
from bot.web.channels.messenger.config import MessengerConfig
from bot.web.channels.messenger.courier import Courier
from bot.web.channels.messenger.effects import Effects
from bot.web.channels.messenger.elsewhere import Elsewhere
from bot.web.channels.messenger.graph import Graph
from bot.web.channels.messenger.inbox import Inbox
from bot.web.channels.messenger.large_bodies import LargeBodies
from bot.web.channels.messenger.pace import Pace
from bot.web.channels.messenger.page_watch import PageWatch
from bot.web.channels.messenger.parsing import parse
from bot.web.channels.messenger.people import People
from bot.web.channels.messenger.personas import Personas
from bot.web.channels.messenger.sender import Sender
from bot.web.channels.messenger.silence import Silence
from bot.web.live import Live
from bot.web.operations.metrics import Metrics

# Requests of more than LARGE_BYTES (webhook.py) that one process reads at a time.
LARGE_AT_A_TIME = 4
# How long requests in the air have to end when the process is asked to stop; as GRACEFUL_STOP_S of server.py.
STOP_S = 5.0


class Messenger:
    """What `app.ctx.messenger` is while the channel is on."""

    def __init__(
        self,
        config: MessengerConfig,
        settings: Settings,
        *,
        store: Store,
        intake: Intake,
        answers: Answers,
        live: Live,
        metrics: Metrics,
    ) -> None:
        self.config = config
        self.graph = Graph(config)
        self.personas = Personas(store.pages, self.graph)
        self.actions = Actions(store, self.graph, config, self.personas)
        # What comes in.
        self.elsewhere = Elsewhere(store, answers, app_id=config.app_id)
        self.comments = Comments(store, intake, answers, self.graph, config)
        self.silence = Silence(store, answers, settings)
        self.effects = Effects(
            store, intake, answers, self.elsewhere, self.comments, app_id=config.app_id, actions=self.actions
        )
        self.inbox = Inbox(
            store.inbound,
            partial(parse, config=config, max_text_chars=settings.max_text_chars),
            self.effects.give,
            metrics,
            ahead_s=lambda: self.graph.ahead_s,
        )
        self.large_bodies = LargeBodies(LARGE_AT_A_TIME)
        self.people = People(config, self.graph, store=store, live=live)
        # What goes out.
        self.pages = PageWatch(store, self.graph, config, metrics)
        self.courier = Courier(
            store,
            self.graph,
            config,
            metrics=metrics,
            pages=self.pages,
            pace=Pace(store.pages),
            personas=self.personas,
            actions=self.actions,
            elsewhere=self.elsewhere,
            comments=self.comments,
        )
        self.sender = Sender(store.sending, self.courier, live)

    async def open(self) -> None:
        await self.graph.open()

    async def close(self) -> None:
        await self.inbox.close()
        await self.sender.stop(within_s=STOP_S)
        await self.actions.close()
        await self.graph.close()

    def background(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """What runs for ever, by the name of its task."""
        return {
            "messenger_inbox": self.inbox.run,
            "messenger_silence": self.silence.run,
            "messenger_people": self.people.run,
            "sender": self.sender.run,
            "page_watch": self.pages.run,
        }
