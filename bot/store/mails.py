"""Notifications on their way by mail: kept until the mail server has them, or until it is clear that it never will."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec
import redis.asyncio as aioredis

from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys
from bot.store.work import now_ms

Kind = Literal["promise", "mention", "reminder", "assigned", "webhook", "rating", "answer"]

# An outage of the mail server in which everybody is warned all day; beyond that they are on our pages only.
MAX_WAITING = 2_000
FAILED_KEPT = 200
FAILED_KEPT_S = 30 * 86_400

# For when mail is turned off with some on their way.
LIFETIME_S = 7 * 86_400

# Why a try failed. `unreachable`: no answer, or none in time; `not_let_in`: the server takes no mail of ours;
# `refused`: it does not take this one; `address`: what the account has is none; `expired`: it was tried for a day;
# `broken`: a mistake of ours.
Problem = Literal["", "unreachable", "not_let_in", "refused", "address", "expired", "broken"]

# Only for a mail that is still there: another process may have sent it.
# KEYS: mails, mails:due. ARGV: id, record, when it is tried next (ms).
_LATER = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""
# KEYS: mails, mails:due, mails:failed. ARGV: id, record, how many are kept, for how long (s).
_GIVE_UP = """
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('LPUSH', KEYS[3], ARGV[2])
redis.call('LTRIM', KEYS[3], 0, ARGV[3] - 1)
redis.call('EXPIRE', KEYS[3], ARGV[4])
return 1
"""


@dataclass(frozen=True)
class Mail:
    """What an account is told. Where to is looked up when it is sent, so that no address is kept here.

    kind: of the notification. url: the page on this site. at_ms: when it was told. problem: why the last try failed;
    status: what the mail server answered then, 0 without an answer.
    """

    account_id: str
    kind: Kind
    text: str
    url: str
    at_ms: int
    id: str = field(default_factory=lambda: f"{now_ms()}-{uuid.uuid4().hex[:12]}")
    tries: int = 0
    tried_at_ms: int = 0
    problem: Problem = ""
    status: int = 0
    next_at_ms: int = 0


class Mails:
    """Sent at least once. What is given up is kept a while for whoever manages, without its words."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._later = client.register_script(_LATER)
        self._give_up = client.register_script(_GIVE_UP)

    async def is_full(self) -> bool:
        """Whether so many wait that no more are taken."""
        with translated_errors():
            return int(await self._client.hlen(self._keys.mails)) >= MAX_WAITING

    async def due(self, at_ms: int, limit: int) -> list[Mail]:
        """Those to try by then, the one that waits longest first."""
        with translated_errors():
            ids = await self._client.zrangebyscore(self._keys.mails_due, "-inf", at_ms, start=0, num=limit)
            found = await self._client.hmget(self._keys.mails, ids) if ids else []
        return [msgspec.json.decode(one, type=Mail) for one in found if one]

    async def waiting(self) -> list[Mail]:
        """All that are on their way, the oldest first."""
        with translated_errors():
            found = await self._client.hvals(self._keys.mails)
        return sorted((msgspec.json.decode(one, type=Mail) for one in found), key=lambda one: (one.at_ms, one.id))

    async def failed(self) -> list[Mail]:
        """Those that were given up, the newest first; without their words."""
        with translated_errors():
            found = await self._client.lrange(self._keys.mails_failed, 0, -1)
        return [msgspec.json.decode(one, type=Mail) for one in found]

    async def done(self, mail: Mail) -> None:
        """The mail server has it, or nobody wants it any more."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hdel(self._keys.mails, mail.id)
        pipeline.zrem(self._keys.mails_due, mail.id)
        with translated_errors():
            await pipeline.execute()

    async def later(self, mail: Mail) -> bool:
        """Try it again at its `next_at_ms`; False if it is done."""
        keys = [self._keys.mails, self._keys.mails_due]
        with translated_errors():
            return bool(await self._later(keys=keys, args=[mail.id, encode(mail), mail.next_at_ms]))

    async def give_up(self, mail: Mail) -> bool:
        """It is not tried any more; False if it is done."""
        keys = [self._keys.mails, self._keys.mails_due, self._keys.mails_failed]
        record = encode(replace(mail, text="", next_at_ms=0))
        with translated_errors():
            return bool(await self._give_up(keys=keys, args=[mail.id, record, FAILED_KEPT, FAILED_KEPT_S]))


def queue_mail(pipeline: Any, keys: Keys, mail: Mail) -> None:
    """Put it on its way, in the same step as what it tells."""
    pipeline.hset(keys.mails, mail.id, encode(mail))
    pipeline.zadd(keys.mails_due, {mail.id: mail.at_ms})
    pipeline.expire(keys.mails, LIFETIME_S)
    pipeline.expire(keys.mails_due, LIFETIME_S)
