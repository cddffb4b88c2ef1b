"""The house style: how a company writes to its customers, as its managers set it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import EditConflict
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys

# KEYS: house style, events. ARGV: version that was read, JSON.
_SAVE = """
local known = redis.call('GET', KEYS[1])
local version = known and cjson.decode(known).version or 0
if version ~= tonumber(ARGV[1]) then return version end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', KEYS[2], '{"type":"house_style"}')
return -1
"""

Address = Literal["je", "u", ""]
Place = Literal["must", "must_not", ""]


@dataclass(frozen=True)
class HouseStyle:
    """What is set to None, empty or False is not looked at. Hashable, so that a check can be remembered.

    address: how customers are addressed. plain: officialese, rare words and hard texts are pointed at.
    greeting, sign_off: whether an answer begins or ends with one of `greetings` or `sign_offs`, or must not.
    forbidden: word or words, and the reason. preferred: word or words, and what to write instead.
    most_*: at most so many. own_domains: links go there, or to a name below it.
    required: ids of the rules without which nothing is published.
    """

    address: Address = "je"
    most_words: int | None = 20
    plain: bool = True
    most_emoji: int | None = 1
    most_exclamations: int | None = 2
    capitals: bool = True
    greeting: Place = ""
    greetings: tuple[str, ...] = ("Hallo", "Hoi", "Goedemorgen", "Goedemiddag", "Goedenavond", "Beste klant")
    sign_off: Place = ""
    sign_offs: tuple[str, ...] = ("Groet", "Groetjes", "Met vriendelijke groet", "Fijne dag")
    own_domains: tuple[str, ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()
    preferred: tuple[tuple[str, str], ...] = ()
    required: tuple[str, ...] = ()
    by: str = ""
    at_ms: int = 0
    version: int = 0


class HouseStyleStore:
    """One record for the installation; what is changed counts at once."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._save = client.register_script(_SAVE)

    async def get(self) -> HouseStyle:
        with translated_errors():
            found = await self._client.get(self._keys.house_style)
        return msgspec.json.decode(found, type=HouseStyle) if found else HouseStyle()

    async def save(self, style: HouseStyle) -> HouseStyle:
        """Raises EditConflict if somebody set it since `style.version`."""
        saved = replace(style, version=style.version + 1)
        with translated_errors():
            current = await self._save(
                keys=[self._keys.house_style, self._keys.events], args=[style.version, encode(saved)]
            )
        if int(current) != -1:
            raise EditConflict(f"the house style is at version {current}, expected {style.version}")
        return saved
