"""Webhooks of others: who wants to hear what, and each delivery from the moment that it is due until it arrived."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote

import msgspec
import redis.asyncio as aioredis

from bot.errors import NotFound
from bot.store.connection import LUA, encode, translated_errors
from bot.store.keys import Keys
from bot.store.work import now_ms

READER = "hooks"
# What a subscription may ask for: happenings of the scripts. `test` comes from the button alone.
EVENTS = (
    "handoff",
    "claim",
    "reply",
    "message",
    "transfer",
    "put_back",
    "hand_back",
    "close",
    "promise",
    "rating",
)
MAX_HOOKS = 20
# Deliveries that a subscription keeps when they are done; what still has to be delivered is kept besides.
KEPT = 200
MAX_WAITING = 10_000
# So many more may be there: all records are read to see which are the oldest.
SLACK = 10
MENDED_AT_ONCE = 500
# What is lost within so long is told as one time.
ONE_LOSS_MS = 3_600_000
OLD_SECRET_MS = 24 * 3600 * 1000
SECRET_PREFIX = "whsec_"
# What the hash has of each hook beside its record, as `<id> <field>`.
_BESIDE = ("failing_since_ms", "off_reason", "lost_from_ms", "lost_until_ms")

State = Literal["waiting", "delivered", "failed", "dropped"]
OffReason = Literal["", "failing", "gone"]


@dataclass(frozen=True)
class Hook:
    """A subscription. url: where to. with_text: whether the words of messages go along.

    secret: `whsec_` and base64; old_secret: the one before, good until old_secret_until_ms. is_on: as the admin wants
    it. failing_since_ms: since when nothing arrived, 0 if the last did. off_reason: why we switched it off.
    lost_from_ms, lost_until_ms: when that happened of which it will never hear, or not of all; 0 without.
    """

    id: str
    url: str
    events: tuple[str, ...]
    secret: str = field(repr=False)
    is_on: bool = True
    with_text: bool = False
    old_secret: str = field(default="", repr=False)
    old_secret_until_ms: int = 0
    created_at_ms: int = 0
    failing_since_ms: int = 0
    off_reason: OffReason = ""
    lost_from_ms: int = 0
    lost_until_ms: int = 0

    @property
    def is_active(self) -> bool:
        return self.is_on and not self.off_reason

    def secrets(self, at_ms: int) -> tuple[str, ...]:
        """Those that it signs with, the newest first."""
        return (self.secret, self.old_secret) if self.old_secret_until_ms > at_ms else (self.secret,)


@dataclass(frozen=True)
class Delivery:
    """One message to one subscription. Words are looked up when it is sent, so that none are kept here.

    id: the receiver's too, the same at each try. about: of the happening. status: of the last answer, 0 without one;
    problem: a code, why there was none. took_ms: how long the last try took. next_at_ms: when it is tried next.
    """

    id: str
    hook_id: str
    type: str
    at_ms: int
    conversation_id: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    state: State = "waiting"
    tries: int = 0
    tried_at_ms: int = 0
    took_ms: int = 0
    status: int = 0
    problem: str = ""
    next_at_ms: int = 0

    @property
    def lane(self) -> str:
        """What it is delivered in order with: its conversation, as one word."""
        return quote(self.conversation_id or self.id, safe="")

    @property
    def place(self) -> str:
        """Among those of its lane: that of the happening, as text that sorts."""
        ms, _, number = self.id.rpartition("_")[2].partition("-")
        return f"{ms.zfill(15)}-{number.zfill(8)}"

    @property
    def in_line(self) -> str:
        """As it stands in line."""
        return f"{self.lane} {self.place} {self.id}"


class HookStore:
    """Subscriptions, and their deliveries."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        shared = (LUA / "hook_line.lua").read_text()
        self._spread = client.register_script(shared + (LUA / "hook_spread.lua").read_text())
        self._settle = client.register_script(shared + (LUA / "hook_settle.lua").read_text())
        self._mend = client.register_script(shared + (LUA / "hook_mend.lua").read_text())

    async def all(self) -> tuple[Hook, ...]:
        """The oldest first."""
        with translated_errors():
            fields = await self._client.hgetall(self._keys.hooks)
        found = [_hook(name, fields) for name in fields if " " not in name]
        return tuple(sorted(found, key=lambda hook: (hook.created_at_ms, hook.id)))

    async def get(self, hook_id: str) -> Hook:
        """Raises NotFound."""
        for hook in await self.all():
            if hook.id == hook_id:
                return hook
        raise NotFound(f"no webhook {hook_id!r}")

    async def create(self, url: str, events: Sequence[str], *, with_text: bool = False) -> Hook:
        """A new subscription: to what happens from now on."""
        hook = Hook(
            uuid.uuid4().hex[:12], url, tuple(events), _new_secret(), with_text=with_text, created_at_ms=now_ms()
        )
        with translated_errors():
            await self._client.hset(self._keys.hooks, hook.id, encode(hook))
        return hook

    async def save(self, hook: Hook) -> None:
        """Store it. One that we had switched off begins anew, and what it lost is no longer told. Raises NotFound."""
        await self.get(hook.id)
        anew = replace(hook, failing_since_ms=0, off_reason="", lost_from_ms=0, lost_until_ms=0)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hset(self._keys.hooks, hook.id, encode(anew))
        pipeline.hdel(self._keys.hooks, *(f"{hook.id} {name}" for name in _BESIDE))
        with translated_errors():
            await pipeline.execute()

    async def renew_secret(self, hook_id: str) -> Hook:
        """A new secret; for a day what is sent is signed with the one before as well. Raises NotFound."""
        hook = await self.get(hook_id)
        renewed = replace(
            hook, secret=_new_secret(), old_secret=hook.secret, old_secret_until_ms=now_ms() + OLD_SECRET_MS
        )
        with translated_errors():
            await self._client.hset(self._keys.hooks, hook_id, encode(renewed))
        return renewed

    async def remove(self, hook_id: str) -> None:
        """With what still had to be delivered. Raises NotFound."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hdel(self._keys.hooks, hook_id)
        pipeline.hdel(self._keys.hooks, *(f"{hook_id} {name}" for name in _BESIDE))
        pipeline.delete(*self._of(hook_id))
        with translated_errors():
            removed, *_ = await pipeline.execute()
        if not removed:
            raise NotFound(f"no webhook {hook_id!r}")

    async def arrived(self, hook_id: str) -> None:
        """Something got through."""
        with translated_errors():
            await self._client.hdel(self._keys.hooks, f"{hook_id} failing_since_ms")

    async def missed(self, hook_id: str, at_ms: int) -> int:
        """A try failed; returns since when all do."""
        name = f"{hook_id} failing_since_ms"
        with translated_errors():
            await self._client.hsetnx(self._keys.hooks, name, at_ms)
            return int(await self._client.hget(self._keys.hooks, name) or at_ms)

    async def switch_off(self, hook_id: str, reason: OffReason) -> bool:
        """False if it was off already."""
        with translated_errors():
            return bool(await self._client.hsetnx(self._keys.hooks, f"{hook_id} off_reason", reason))

    async def lost(self, hook: Hook, from_ms: int, until_ms: int) -> bool:
        """It will never hear of what happened in between, or not of all. True if that is news."""
        is_news = not hook.lost_until_ms or from_ms - hook.lost_until_ms > ONE_LOSS_MS
        first_ms = from_ms if is_news else min(from_ms, hook.lost_from_ms)
        last_ms = until_ms if is_news else max(until_ms, hook.lost_until_ms)
        beside = {f"{hook.id} lost_from_ms": first_ms, f"{hook.id} lost_until_ms": last_ms}
        with translated_errors():
            await self._client.hset(self._keys.hooks, mapping=beside)
        return is_news

    async def spread(self, deliveries: Sequence[Delivery], *, until: str) -> None:
        """They are to be delivered, each behind those of its conversation that wait; everything up to this place in the
        happenings is dealt with, in the same step."""
        hook_ids = list(dict.fromkeys(one.hook_id for one in deliveries))
        keys = [key for hook_id in hook_ids for key in self._of(hook_id)]
        args = [
            part
            for one in deliveries
            for part in (hook_ids.index(one.hook_id) + 1, one.hook_id, one.id, encode(one), one.lane, one.place)
        ]
        with translated_errors():
            await self._spread(
                keys=[self._keys.hooks, self._keys.happenings_read, *keys], args=[READER, until, now_ms(), *args]
            )

    async def due(self, hook_id: str, at_ms: int, limit: int) -> list[Delivery]:
        """What is to be delivered now, the one that waits longest first; of each conversation one at most."""
        with translated_errors():
            ids = await self._client.zrangebyscore(self._keys.hook_due(hook_id), "-inf", at_ms, start=0, num=limit)
            found = await self._client.hmget(self._keys.hook_deliveries(hook_id), ids) if ids else []
        return [msgspec.json.decode(one, type=Delivery) for one in found if one]

    async def mend(self, hook_id: str) -> None:
        """Put what waits in line, and take out what does not: a process of a version before kept no line, and what
        stands behind a delivery that it made would wait for ever."""
        _, line, _ = keys = self._of(hook_id)
        waiting = {one.in_line for one in await self.deliveries(hook_id) if one.state == "waiting"}
        with translated_errors():
            wrong = sorted(waiting ^ set(await self._client.zrange(line, 0, -1)))
            for start in range(0, len(wrong), MENDED_AT_ONCE):
                await self._mend(keys=keys, args=[now_ms(), *wrong[start : start + MENDED_AT_ONCE]])

    async def oldest_due_ms(self, hook_id: str) -> int | None:
        """When the next one is, or was, to be delivered."""
        with translated_errors():
            found = await self._client.zrange(self._keys.hook_due(hook_id), 0, 0, withscores=True)
        return int(found[0][1]) if found else None

    async def settle(self, delivery: Delivery) -> bool:
        """What became of a try; it is due again at its `next_at_ms`, 0 for never: then the next one of its conversation
        is due. False if the hook is gone."""
        args = [delivery.hook_id, delivery.id, encode(delivery), delivery.next_at_ms or ""]
        with translated_errors():
            return bool(
                await self._settle(
                    keys=[self._keys.hooks, *self._of(delivery.hook_id)],
                    args=[*args, delivery.lane, delivery.place, now_ms()],
                )
            )

    async def delivery(self, hook_id: str, delivery_id: str) -> Delivery:
        """Raises NotFound."""
        with translated_errors():
            found = await self._client.hget(self._keys.hook_deliveries(hook_id), delivery_id)
        if found is None:
            raise NotFound(f"no delivery {delivery_id!r}")
        return msgspec.json.decode(found, type=Delivery)

    async def deliveries(self, hook_id: str) -> list[Delivery]:
        """All that is kept, the newest first."""
        with translated_errors():
            found = await self._client.hvals(self._keys.hook_deliveries(hook_id))
        records = [msgspec.json.decode(one, type=Delivery) for one in found]
        return sorted(records, key=lambda one: (one.at_ms, one.id), reverse=True)

    async def trim(self, hook_id: str) -> list[Delivery]:
        """Forget the oldest that are done; of what waits the oldest that are too many are dropped, and returned."""
        with translated_errors():
            waiting = await self._client.zcard(self._keys.hook_line(hook_id))
            done = await self._client.hlen(self._keys.hook_deliveries(hook_id)) - waiting
        if waiting <= MAX_WAITING + SLACK and done <= KEPT + SLACK:
            return []
        records = await self.deliveries(hook_id)
        if gone := [one.id for one in records if one.state != "waiting"][KEPT:]:
            with translated_errors():
                await self._client.hdel(self._keys.hook_deliveries(hook_id), *gone)
        dropped = [
            replace(one, state="dropped", problem="too_many", next_at_ms=0)
            for one in [one for one in records if one.state == "waiting"][MAX_WAITING:]
        ]
        for one in dropped:
            await self.settle(one)
        return dropped

    def _of(self, hook_id: str) -> list[str]:
        """In the order that the scripts expect."""
        return [self._keys.hook_deliveries(hook_id), self._keys.hook_line(hook_id), self._keys.hook_due(hook_id)]


def _new_secret() -> str:
    """As Standard Webhooks wants it: 24 to 64 random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _hook(hook_id: str, fields: dict[str, str]) -> Hook:
    hook = msgspec.json.decode(fields[hook_id], type=Hook)
    off_reason: Any = fields.get(f"{hook_id} off_reason", "")
    times: dict[str, Any] = {name: int(fields.get(f"{hook_id} {name}", 0)) for name in _BESIDE if name.endswith("_ms")}
    return replace(hook, off_reason=off_reason, **times)
