"""The registry of trained models: which there are, which one answers, and their files."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path

import msgspec
import redis.asyncio as aioredis

from bot.errors import ModelError, NotFound
from bot.model import ModelRecord
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

# Names of models that were active, for `rollback`.
HISTORY = 20
# Of those that were never active, so many records.
KEPT_RECORDS = 100
# Of these the store keeps the file, some 30 MB each: the active model and those that one may want back.
KEPT_FILES = 3
CHUNK_BYTES = 1 << 20
# A string in Redis is no longer.
MAX_FILE_BYTES = 512 << 20
# A file goes away by itself if its model is not activated within this: its training was killed in between.
NOT_ACTIVATED_S = 3600
# For one that editors look at before it goes live.
CANDIDATE_S = 7 * 86_400
WITHOUT_LIFETIME = -1  # what TTL answers


class ModelRegistry:
    """Models by name, and the active one."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def register(self, model: ModelRecord) -> None:
        """Add a model, or replace the record of the same name. Of those never active the latest KEPT_RECORDS stay."""
        with translated_errors():
            await self._client.hset(self._keys.models, model.name, encode(model))
            kept = {model.name, await self._client.get(self._keys.active_model)}
            kept.update(await self._client.lrange(self._keys.model_history, 0, -1))
            unused = [one.name for one in await self.all() if one.name not in kept]
            if unused[KEPT_RECORDS:]:
                await self._client.hdel(self._keys.models, *unused[KEPT_RECORDS:])
                await self._client.hdel(self._keys.model_topics, *unused[KEPT_RECORDS:])

    async def activate(self, name: str) -> None:
        """Make a registered model the one that answers. Raises NotFound.

        Its file stays in the store from now on; those of models that are too old now go.
        """
        history = self._keys.model_history
        with translated_errors():
            if not await self._client.hexists(self._keys.models, name):
                raise NotFound(f"no model {name!r} in the registry")
            earlier = [one for one in await self._client.lrange(history, 0, -1) if one != name]
            old = earlier[KEPT_FILES - 1 :]
            async with self._client.pipeline() as change:
                change.set(self._keys.active_model, name)
                change.lrem(history, 0, name)
                change.lpush(history, name)
                change.ltrim(history, 0, HISTORY - 1)
                change.persist(self._keys.model_file(name))
                if old:
                    change.unlink(*map(self._keys.model_file, old))
                change.publish(self._keys.events, encode({"type": "model", "name": name}))
                await change.execute()

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

    async def get(self, name: str) -> ModelRecord:
        """Raises NotFound."""
        with translated_errors():
            record = await self._client.hget(self._keys.models, name)
        if not record:
            raise NotFound(f"no model {name!r} in the registry")
        return _decoded(record)

    async def note_topics(self, name: str, versions: Mapping[str, int]) -> None:
        """Keep which version of each topic a registered model was trained on."""
        with translated_errors():
            await self._client.hset(self._keys.model_topics, name, encode(versions))

    async def topics_of(self, name: str) -> dict[str, int] | None:
        """Intent -> the version that the model was trained on; None if that was not kept."""
        with translated_errors():
            found = await self._client.hget(self._keys.model_topics, name)
        return msgspec.json.decode(found, type=dict[str, int]) if found else None

    async def put_file(self, name: str, chunks: Iterable[bytes], *, lifetime_s: int = NOT_ACTIVATED_S) -> None:
        """Keep a model's file, so that assistants on other machines can fetch it. Raises ModelError if it is too large.

        It has this lifetime until the model is activated. The client may repeat each step, as when a connection breaks.
        """
        key, size = self._keys.model_file(name), 0
        with translated_errors():
            await self._client.delete(key)
            for chunk in chunks:
                if size + len(chunk) > MAX_FILE_BYTES:
                    await self._client.unlink(key)
                    raise ModelError(f"model {name} is too large for Redis; serve its file with BOT_MODEL_URL")
                async with self._client.pipeline() as change:
                    change.setrange(key, size, chunk)
                    change.expire(key, lifetime_s)
                    await change.execute()
                size += len(chunk)

    async def stores_file(self, name: str) -> bool:
        """Whether the store has the file of this model, and keeps it."""
        with translated_errors():
            return bool(await self._client.ttl(self._keys.model_file(name)) == WITHOUT_LIFETIME)

    async def drop_file(self, name: str) -> None:
        """Of a model that will not be activated: a newer one took its place."""
        with translated_errors():
            await self._client.unlink(self._keys.model_file(name))

    async def is_to_be_had(self, model: ModelRecord) -> bool:
        """As `has_file`, or the store has it for a while."""
        with translated_errors():
            in_store = bool(await self._client.exists(self._keys.model_file(model.name)))
        return in_store or Path(model.path).is_file()

    async def hold_file(self, name: str) -> None:
        """Keep the file of a model that is not active for longer, if the store has it."""
        with translated_errors():
            await self._client.persist(self._keys.model_file(name))

    async def let_file_go(self, name: str) -> None:
        """Undo `hold_file`: those that were active last stay, others go when editors no longer look at them."""
        with translated_errors():
            kept = await self._client.lrange(self._keys.model_history, 0, KEPT_FILES - 1)
            if name not in kept:
                await self._client.expire(self._keys.model_file(name), CANDIDATE_S)

    async def has_file(self, model: ModelRecord) -> bool:
        """Whether its file is on this machine, where training put it, or in the store."""
        return Path(model.path).is_file() or await self.stores_file(model.name)

    async def file(self, name: str) -> AsyncGenerator[bytes, None]:
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


def _decoded(record: str) -> ModelRecord:
    return msgspec.json.decode(record, type=ModelRecord)
