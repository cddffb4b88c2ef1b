"""The model that an assistant answers with, and how another one takes its place."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from bot.assistant.model_files import fetch
from bot.errors import ModelError, StoreUnavailable
from bot.logs import described
from bot.model import ModelRecord
from bot.store import Store

if TYPE_CHECKING:  # imports Rasa, which takes seconds
    from bot.assistant.rasa_agent import RasaAgent

log = structlog.get_logger()


class LiveModel:
    """Loads the active model, and every one that becomes active; a broken one changes nothing."""

    def __init__(self, store: Store, *, folder: Path, url: str = "") -> None:
        """folder: where files of models are kept on this machine. url: where they come from, if not from the store."""
        self._store = store
        self._folder = folder
        self._url = url
        self._agent: RasaAgent | None = None
        self._record: ModelRecord | None = None
        self._refused: ModelRecord | None = None

    @property
    def agent(self) -> RasaAgent:
        """Raises AssertionError before `start`."""
        assert self._agent is not None
        return self._agent

    def described(self) -> str:
        """JSON for the health page: the model that answers, and the active one if that was refused."""
        about = {"model": self._record.name if self._record else None}
        refused = {"refused": self._refused.name} if self._refused else {}
        return msgspec.json.encode(about | refused).decode()

    async def start(self) -> None:
        """Load the active model; if that is broken, the last one before it that is not.

        Raises ModelError if there is none, StoreUnavailable.
        """
        records = await self._store.models.activated()
        for record in records:
            if await self._try(record):
                return
        raise ModelError(
            "none of the models that were active can be loaded"
            if records
            else "no model was trained yet; `make train` does"
        )

    async def follow(self) -> None:
        """Load a model that becomes the active one, for ever."""
        async for event in self._store.events.listen():
            if event["type"] in ("model", "resync"):
                await self._load_active()

    async def _load_active(self) -> None:
        try:
            active = await self._store.models.active()
        except StoreUnavailable:
            return  # the listener says `resync` once it is connected again
        if active is None or active == self._refused:
            return
        if self._record and (active.name, active.sha256) == (self._record.name, self._record.sha256):
            self._refused = None
        else:
            await self._try(active)

    async def _try(self, record: ModelRecord) -> bool:
        """Answer with this model from now on; False if it can't be loaded or its first turns fail."""
        from bot.assistant.rasa_agent import load

        started_s = time.monotonic()
        try:
            agent = await load(await fetch(record, self._store.models, self._folder, self._url))
        except (ModelError, StoreUnavailable) as exc:
            reason = str(exc)
        except Exception as exc:  # it loads, but its first turn fails
            reason = described(exc)
        else:
            await self._store.templates.seed(agent.templates)
            self._agent, self._record, self._refused = agent, record, None
            log.info("model.loaded", model=record.name, took_ms=int((time.monotonic() - started_s) * 1000))
            return True
        self._refused = record
        log.error("model.refused", model=record.name, reason=reason)
        return False
