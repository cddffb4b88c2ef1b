"""The stakeholder lists that customers can be on, as "Pers": who should be answered with some thought."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import Conflict, InvalidMessage, NotFound
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

MAX_LISTS = 20
MAX_NAME_CHARS = 40
_SAVE = """
local known = redis.call('GET', KEYS[1])
if (known and cjson.decode(known).version or 0) ~= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
_TRIES = 20


@dataclass(frozen=True)
class StakeholderList:
    """id: made of the first name, and stays. name: as agents read it."""

    id: str
    name: str


@dataclass(frozen=True)
class _Lists:
    lists: tuple[StakeholderList, ...]
    version: int = 0


_DEFAULT = _Lists((StakeholderList("influencer", "Influencer"), StakeholderList("pers", "Pers")))


class StakeholderLists:
    """All of them in one record: there are few, and they change seldom."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._save = client.register_script(_SAVE)

    async def all(self) -> tuple[StakeholderList, ...]:
        """In the order in which they were made."""
        return (await self._load()).lists

    async def add(self, name: str) -> StakeholderList:
        """Raises InvalidMessage, and Conflict for a name that another list has."""
        list_id = _id(name)
        for _ in range(_TRIES):
            known = await self._load()
            self._check(name, known.lists)
            taken = {one.id for one in known.lists}
            free = next(one for one in (list_id, *(f"{list_id}-{n}" for n in range(2, 99))) if one not in taken)
            added = StakeholderList(free, name)
            if await self._store(known, (*known.lists, added)):
                return added
        raise Conflict("others changed the lists all the time")

    async def rename(self, list_id: str, name: str) -> None:
        """Who is on it stays. Raises NotFound, InvalidMessage, Conflict."""
        for _ in range(_TRIES):
            known = await self._load()
            others = tuple(one for one in known.lists if one.id != list_id)
            if len(others) == len(known.lists):
                raise NotFound(f"no list {list_id!r}")
            self._check(name, others)
            renamed = (replace(one, name=name) if one.id == list_id else one for one in known.lists)
            if await self._store(known, tuple(renamed)):
                return
        raise Conflict("others changed the lists all the time")

    async def remove(self, list_id: str) -> None:
        """Nobody is on it any more. Raises NotFound."""
        for _ in range(_TRIES):
            known = await self._load()
            left = tuple(one for one in known.lists if one.id != list_id)
            if len(left) == len(known.lists):
                raise NotFound(f"no list {list_id!r}")
            if await self._store(known, left):
                return
        raise Conflict("others changed the lists all the time")

    async def _load(self) -> _Lists:
        with translated_errors():
            record = await self._client.get(self._keys.stakeholder_lists)
        return msgspec.json.decode(record, type=_Lists) if record else _DEFAULT

    async def _store(self, known: _Lists, lists: tuple[StakeholderList, ...]) -> bool:
        args = [known.version, encode(_Lists(lists, known.version + 1))]
        with translated_errors():
            return bool(await self._save(keys=[self._keys.stakeholder_lists], args=args))

    def _check(self, name: str, others: tuple[StakeholderList, ...]) -> None:
        if not 1 <= len(name) <= MAX_NAME_CHARS:
            raise InvalidMessage(f"name: expected 1 to {MAX_NAME_CHARS} characters")
        if len(others) >= MAX_LISTS:
            raise InvalidMessage(f"lists: expected at most {MAX_LISTS}")
        if name.casefold() in {one.name.casefold() for one in others}:
            raise Conflict(f"list {name!r} exists")


def _id(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:30] or "lijst"
