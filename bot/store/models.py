"""The registry of trained models: which there are, and which one answers."""

from __future__ import annotations

import msgspec
import redis.asyncio as aioredis

from bot.errors import NotFound
from bot.model import ModelRecord
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys


class ModelRegistry:
    """Models by name, and the active one."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def register(self, model: ModelRecord) -> None:
        """Add a model, or replace the record of the same name."""
        with translated_errors():
            await self._client.hset(self._keys.models, model.name, encode(model))

    async def activate(self, name: str) -> None:
        """Make a registered model the one that answers. Raises NotFound."""
        with translated_errors():
            if not await self._client.hexists(self._keys.models, name):
                raise NotFound(f"no model {name!r} in the registry")
            await self._client.set(self._keys.active_model, name)
            await self._client.publish(self._keys.events, encode({"type": "model", "name": name}))

    async def active(self) -> ModelRecord | None:
        """The model that answers, or None before the first training."""
        with translated_errors():
            name = await self._client.get(self._keys.active_model)
            record = await self._client.hget(self._keys.models, name) if name else None
        return msgspec.json.decode(record, type=ModelRecord) if record else None

    async def all(self) -> list[ModelRecord]:
        """Every registered model, newest first."""
        with translated_errors():
            found = await self._client.hvals(self._keys.models)
        records = [msgspec.json.decode(record, type=ModelRecord) for record in found]
        return sorted(records, key=lambda record: record.trained_at_ms, reverse=True)
