"""The model that an assistant answers with, and how another one takes its place."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from bot.assistant.model_files import fetch
from bot.assistant.taking_turns import one_at_a_time
from bot.errors import ModelError, StoreUnavailable
from bot.logs import described
from bot.model import ModelRecord
from bot.store import Store

if TYPE_CHECKING:  # imports Rasa, which takes seconds
    from bot.assistant.rasa_agent import RasaAgent

log = structlog.get_logger()

# An activation is heard of at once. This is for one of which the news was lost.
LOOK_EVERY_S = 30.0
# After Redis was away.
RETRY_S = 1.0
# A file that can't be had may be there later: a web server that is down, a full disk. Waits double up to the second.
FETCH_AGAIN_S = (30.0, 600.0)


@dataclass(frozen=True)
class Refusal:
    """The active model is not taken over. again_in_s: when to try again; None for one that is itself broken."""

    record: ModelRecord
    again_in_s: float | None = None
    since_s: float = 0.0

    @property
    def holds(self) -> bool:
        return self.again_in_s is None or time.monotonic() < self.since_s + self.again_in_s


class LiveModel:
    """Loads the active model, and every one that becomes active; a broken one changes nothing."""

    def __init__(self, store: Store, *, folder: Path, url: str = "") -> None:
        """folder: where files of models are kept on this machine. url: where they come from, if not from the store."""
        self._store = store
        self._folder = folder
        self._url = url
        self._agent: RasaAgent | None = None
        self._record: ModelRecord | None = None
        self._refusal: Refusal | None = None
        self._seeded: RasaAgent | None = None
        self._news = asyncio.Event()

    @property
    def agent(self) -> RasaAgent:
        """Raises AssertionError before `start`."""
        assert self._agent is not None
        return self._agent

    @property
    def name(self) -> str:
        """Of the model that answers; empty before `start`."""
        return self._record.name if self._record else ""

    def described(self) -> str:
        """JSON for the health page: the model that answers, and the active one if that was refused."""
        about = {"model": self._record.name if self._record else None}
        refused = {"refused": self._refusal.record.name} if self._refusal else {}
        return msgspec.json.encode(about | refused).decode()

    async def start(self) -> None:
        """Load the active model; if that is broken, the last one before it that is not.

        Raises ModelError if there is none, StoreUnavailable.
        """
        records = await self._store.models.activated()
        if not records:
            raise ModelError("no model was trained yet; `make train` does")
        active, *earlier = records
        self._refusal = await self._take_over(active)
        if self._refusal:
            for record in earlier:
                if not await self._take_over(record):
                    return
            raise ModelError("none of the models that were active can be loaded")

    async def load_beside(self, record: ModelRecord) -> RasaAgent:
        """Another model, while this one answers. Raises ModelError, StoreUnavailable, or what its first turns raise."""
        from bot.assistant.rasa_agent import load

        path = await fetch(record, self._store.models, self._folder, self._url)
        async with one_at_a_time(self._folder):
            return await load(path)

    async def follow(self) -> None:
        """Load a model that becomes the active one, for ever."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                wait_s = await self._look()
                # Not `wait_for`: Python 3.10's loses a cancellation that comes together with the news.
                timer = asyncio.get_running_loop().call_later(wait_s, self._news.set)
                await self._news.wait()
                timer.cancel()
                self._news.clear()
        finally:
            listening.cancel()

    async def _listen(self) -> None:
        async for event in self._store.events.listen():
            if event["type"] == "model":
                self._refusal = None  # whoever activates it again has perhaps mended what was wrong
            if event["type"] in ("model", "resync"):
                self._news.set()

    async def _look(self) -> float:
        """Take over the active model if another one answers. Returns after how many seconds to look again."""
        try:
            await self._follow_active()
            await self._seed(self.agent)
        except StoreUnavailable:
            return RETRY_S
        except Exception as exc:  # whatever it is, this assistant must hear of the next model
            log.error("model.not_followed", error=described(exc))
        return LOOK_EVERY_S

    async def _follow_active(self) -> None:
        """Raises StoreUnavailable."""
        refusal = (
            self._refusal
        )  # before the wait: news that comes meanwhile is of another one, which the next look finds
        active = await self._store.models.active()
        if active is None:
            return
        if self._record and (active.name, active.sha256) == (self._record.name, self._record.sha256):
            self._refusal = None
            return
        if not (refusal and refusal.record == active and refusal.holds):
            self._refusal = await self._take_over(active)

    async def _take_over(self, record: ModelRecord) -> Refusal | None:
        """Answer with this model from now on; else say why not. Raises StoreUnavailable."""
        from bot.assistant.rasa_agent import load, settle

        started_s = time.monotonic()
        try:
            path = await fetch(record, self._store.models, self._folder, self._url)
        except ModelError as exc:
            return self._refused(record, str(exc), self._next_fetch_in_s(record))
        try:
            # At the start nobody is being answered here, and the sooner the better.
            async with one_at_a_time(self._folder) if self._agent else nullcontext():
                agent = await load(path)
        except ModelError as exc:
            return self._refused(record, str(exc))
        except Exception as exc:  # it loads, but its first turn fails
            return self._refused(record, described(exc))
        with suppress(Exception):  # `follow` does it later, and says what is wrong: the model can answer without
            await self._seed(agent)
        self._agent, self._record = agent, record
        await settle()
        log.info("model.loaded", model=record.name, took_ms=int((time.monotonic() - started_s) * 1000))
        return None

    def _next_fetch_in_s(self, record: ModelRecord) -> float:
        first_s, most_s = FETCH_AGAIN_S
        before = self._refusal.again_in_s if self._refusal and self._refusal.record == record else None
        return min(2 * before, most_s) if before else first_s

    def _refused(self, record: ModelRecord, reason: str, again_in_s: float | None = None) -> Refusal:
        log.error("model.refused", model=record.name, reason=reason, again_in_s=again_in_s)
        return Refusal(record, again_in_s, time.monotonic())

    async def _seed(self, agent: RasaAgent) -> None:
        """Put the answers of the model's domain in the store, where editors have none of their own, once."""
        if self._seeded is not agent:
            await self._store.templates.seed(agent.templates)
            self._seeded = agent
