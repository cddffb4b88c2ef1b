"""The company's pages on a platform: whether we may send for them, and what was made for them there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import redis.asyncio as aioredis

from bot.store.connection import translated_errors
from bot.store.keys import Keys

_PAUSE = """
local known = redis.call('HGET', KEYS[1], 'paused_until_ms')
if tonumber(ARGV[1]) > tonumber(known or '0') then redis.call('HSET', KEYS[1], 'paused_until_ms', ARGV[1]) end
"""


@dataclass(frozen=True)
class PageState:
    """How sending for one page is. Times in ms of the clock of whoever noted it.

    trouble: what a person must mend before anything can be sent, a code that the desk has words for; empty if all is
    well. detail: what the platform said, for the engineer. paused_until_ms: a limit was reached; 0 for none.
    """

    page_id: str
    trouble: str = ""
    detail: str = ""
    since_ms: int = 0
    paused_until_ms: int = 0


class PageStore:
    """One hash a page, shared by all processes."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._pause = client.register_script(_PAUSE)

    async def states(self, page_ids: Iterable[str]) -> list[PageState]:
        """Of each page, in the order given."""
        wanted = list(page_ids)
        pipeline = self._client.pipeline(transaction=False)
        for page_id in wanted:
            pipeline.hgetall(self._keys.page(page_id))
        with translated_errors():
            found = await pipeline.execute()
        return [_state(page_id, record) for page_id, record in zip(wanted, found, strict=True)]

    async def set_trouble(self, page_id: str, trouble: str, detail: str, *, at_ms: int) -> bool:
        """Nothing can be sent until a person mends it; returns whether that is news."""
        before = (await self.states([page_id]))[0]
        with translated_errors():
            await self._client.hset(
                self._keys.page(page_id),
                mapping={"trouble": trouble, "detail": detail, "since_ms": before.since_ms or at_ms},
            )
        return before.trouble != trouble

    async def clear_trouble(self, page_id: str) -> bool:
        """Sending works again; returns whether it did not before."""
        with translated_errors():
            return bool(await self._client.hdel(self._keys.page(page_id), "trouble", "detail", "since_ms"))

    async def pause(self, page_id: str, until_ms: int) -> None:
        """A limit of the platform was reached: nothing goes out before `until_ms`, or a later time known already."""
        with translated_errors():
            await self._pause(keys=[self._keys.page(page_id)], args=[until_ms])

    async def persona(self, page_id: str, name: str) -> str:
        """The platform's id of the persona with this name, or an empty string."""
        with translated_errors():
            return str(await self._client.hget(self._keys.page(page_id), f"persona {name}") or "")

    async def set_persona(self, page_id: str, name: str, persona_id: str) -> None:
        """Empty: there is none (any more)."""
        with translated_errors():
            await self._client.hset(self._keys.page(page_id), f"persona {name}", persona_id)


def _state(page_id: str, record: dict[str, str]) -> PageState:
    known = {name: record[name] for name in asdict(PageState("")) if name in record}
    numbers = {name: int(known.pop(name, 0)) for name in ("since_ms", "paused_until_ms")}
    return PageState(page_id, trouble=known.get("trouble", ""), detail=known.get("detail", ""), **numbers)
