"""The registry of trained models: which there are, which one answers, and their files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import msgspec
import redis.asyncio as aioredis

from bot.errors import NotFound
from bot.model import ModelRecord
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

# Names of models that were active, for `rollback`.
HISTORY = 20
# Of these the store keeps the file, some 30 MB each: the active model and those that one may want back.
KEPT_FILES = 3
CHUNK_BYTES = 1 << 20


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
            history = self._keys.model_history
            async with self._client.pipeline() as change:
                change.set(self._keys.active_model, name)
                change.lrem(history, 0, name)
                change.lpush(history, name)
                change.ltrim(history, 0, HISTORY - 1)
                change.publish(self._keys.events, encode({"type": "model", "name": name}))
                await change.execute()
        await self._drop_old_files()

    async def active(self) -> ModelRecord | None:
        """The model that answers, or None before the first training."""
        with translated_errors():
            name = await self._client.get(self._keys.active_model)
            record = await self._client.hget(self._keys.models, name) if name else None
        return _decoded(record) if record else None

    async def activated(self) -> list[ModelRecord]:
        """The active model, then those that were active before it, the latest first."""
        with translated_errors():
            names = [await self._client.get(self._keys.active_model)]
            names += await self._client.lrange(self._keys.model_history, 0, -1)
            wanted = [name for name in dict.fromkeys(names) if name]
            found = await self._client.hmget(self._keys.models, wanted) if wanted else []
        return [_decoded(record) for record in found if record]

    async def all(self) -> list[ModelRecord]:
        """Every registered model, newest first."""
        with translated_errors():
            found = await self._client.hvals(self._keys.models)
        return sorted(map(_decoded, found), key=lambda record: record.trained_at_ms, reverse=True)

    async def put_file(self, name: str, chunks: Iterable[bytes]) -> None:
        """Keep a model's file, so that assistants on other machines can fetch it."""
        new = self._keys.model_file(f"{name}.new")
        with translated_errors():
            await self._client.delete(new)
            for chunk in chunks:
                await self._client.append(new, chunk)
            await self._client.rename(new, self._keys.model_file(name))

    async def has_file(self, model: ModelRecord) -> bool:
        """Whether its file is on this machine, where training put it, or in the store."""
        with translated_errors():
            return Path(model.path).is_file() or bool(await self._client.exists(self._keys.model_file(model.name)))

    async def file(self, name: str) -> AsyncIterator[bytes]:
        """The model's file in pieces; nothing if it isn't kept."""
        start, key = 0, self._keys.model_file(name)
        while True:
            with translated_errors():
                # Bytes, where everything else in the store is text.
                chunk = await self._client.execute_command(
                    "GETRANGE", key, start, start + CHUNK_BYTES - 1, NEVER_DECODE=True
                )
            if not chunk:
                return
            yield chunk
            start += len(chunk)

    async def _drop_old_files(self) -> None:
        with translated_errors():
            old = await self._client.lrange(self._keys.model_history, KEPT_FILES, -1)
            if old:
                await self._client.unlink(*map(self._keys.model_file, old))


def _decoded(record: str) -> ModelRecord:
    return msgspec.json.decode(record, type=ModelRecord)
