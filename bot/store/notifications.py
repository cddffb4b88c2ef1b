"""What an account should know about: a promise that is not kept, a colleague who names it, a reminder."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import redis.asyncio as aioredis

from bot.store.connection import encode, translated_errors
from bot.store.events import Events
from bot.store.keys import Keys
from bot.store.mails import Kind, Mail, queue_mail

KEPT = 100


@dataclass(frozen=True)
class Notification:
    """text: a Dutch sentence. url: the page that it is about, on this site. id: its place, empty until stored."""

    kind: Kind
    text: str
    url: str = ""
    conversation_id: str = ""
    at_ms: int = 0
    id: str = ""


@dataclass(frozen=True)
class Choices:
    """Where an account wants to be told, besides on our pages. Each browser remembers itself what it shows."""

    mail: bool = True


class Notifications:
    """The last hundred of each account, and how far it has read."""

    def __init__(self, client: aioredis.Redis, keys: Keys, events: Events, *, lifetime_s: int) -> None:
        self._client = client
        self._keys = keys
        self._events = events
        self._lifetime_s = lifetime_s

    async def tell(self, account_id: str, notification: Notification, *, mail: Mail | None = None) -> None:
        """Store it, with the mail that goes with it, and tell the account's open pages."""
        key = self._keys.notifications(account_id)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.xadd(key, {"notification": encode(notification)}, maxlen=KEPT)
        pipeline.expire(key, self._lifetime_s)
        if mail:
            queue_mail(pipeline, self._keys, mail)
        event = {"account_id": account_id, "why": notification.kind, "text": notification.text, "url": notification.url}
        pipeline.publish(self._keys.events, encode({"type": "notify", **event}))
        with translated_errors():
            await pipeline.execute()

    async def latest(self, account_id: str, limit: int = KEPT) -> list[Notification]:
        """The newest first."""
        with translated_errors():
            found = await self._client.xrevrange(self._keys.notifications(account_id), count=limit)
        return [_notification(entry_id, fields["notification"]) for entry_id, fields in found]

    async def unread(self, account_id: str) -> int:
        """How many came since `mark_read`."""
        with translated_errors():
            read = await self._client.hget(self._keys.notifications_read, account_id)
            found = await self._client.xrange(self._keys.notifications(account_id), min=f"({read}" if read else "-")
        return len(found)

    async def read_until(self, account_id: str) -> str:
        """The id of the last one that was seen, empty before the first."""
        with translated_errors():
            return await self._client.hget(self._keys.notifications_read, account_id) or ""

    async def mark_read(self, account_id: str) -> None:
        """All that is there now was seen."""
        with translated_errors():
            last = await self._client.xrevrange(self._keys.notifications(account_id), count=1)
            if last:
                await self._client.hset(self._keys.notifications_read, account_id, last[0][0])
        await self._events.publish("notified", account_id=account_id)

    async def choices(self, account_id: str) -> Choices:
        """By mail too, until the account chose otherwise."""
        with translated_errors():
            record = await self._client.hget(self._keys.notification_choices, account_id)
        return msgspec.json.decode(record, type=Choices) if record else Choices()

    async def choose(self, account_id: str, choices: Choices) -> None:
        """From now on."""
        with translated_errors():
            await self._client.hset(self._keys.notification_choices, account_id, encode(choices))

    async def forget(self, account_id: str) -> None:
        """The account is gone."""
        with translated_errors():
            await self._client.delete(self._keys.notifications(account_id))
            await self._client.hdel(self._keys.notifications_read, account_id)
            await self._client.hdel(self._keys.notification_choices, account_id)


def _notification(entry_id: str, record: str) -> Notification:
    return replace(msgspec.json.decode(record, type=Notification), id=entry_id)
