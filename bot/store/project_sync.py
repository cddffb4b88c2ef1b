"""What topics and the Rasa project's files were when they last said the same."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import redis.asyncio as aioredis

from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys


@dataclass(frozen=True)
class InSync:
    """files: fingerprint of the topics in the files. changes: TopicStore.changes at that moment."""

    files: str
    changes: int
    at_ms: int


class ProjectSync:
    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def get(self) -> InSync | None:
        """None where topics were never imported."""
        with translated_errors():
            found = await self._client.get(self._keys.project_sync)
        return msgspec.json.decode(found, type=InSync) if found else None

    async def put(self, in_sync: InSync) -> None:
        with translated_errors():
            await self._client.set(self._keys.project_sync, encode(in_sync))
