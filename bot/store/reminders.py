"""What agents want to be reminded of: call back on Tuesday."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace

import msgspec
import redis.asyncio as aioredis

from bot.errors import InvalidMessage, NotFound
from bot.store.connection import encode, translated_errors
from bot.store.keys import Keys
from bot.store.mails import LIFETIME_S, Mail
from bot.store.notifications import KEPT, Notification
from bot.store.work import now_ms

MAX_TEXT_CHARS = 200
MAX_OF_ACCOUNT = 200
# Told and never ticked off.
KEPT_MS = 90 * 86_400_000

# One process tells; that it was told, and what the account reads, are one step, so that a crash loses or repeats none.
# KEYS: reminders-due, reminders, notifications, events, mails, mails:due. ARGV: account, id, the reminder as JSON
# before and after, notification JSON, how many are kept, their lifetime in s, event JSON, and of the mail its id (empty
# for none), JSON, when it goes (ms), lifetime in s. Returns 1 if this one tells.
_TELL = """
if redis.call('HGET', KEYS[2], ARGV[2]) ~= ARGV[3] then
  if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then redis.call('ZREM', KEYS[1], ARGV[1] .. ' ' .. ARGV[2]) end
  return 0
end
if redis.call('ZREM', KEYS[1], ARGV[1] .. ' ' .. ARGV[2]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', 'notification', ARGV[5])
redis.call('EXPIRE', KEYS[3], ARGV[7])
if ARGV[9] ~= '' then
  redis.call('HSET', KEYS[5], ARGV[9], ARGV[10])
  redis.call('ZADD', KEYS[6], ARGV[11], ARGV[9])
  for i = 5, 6 do redis.call('EXPIRE', KEYS[i], ARGV[12]) end
end
redis.call('PUBLISH', KEYS[4], ARGV[8])
return 1
"""


@dataclass(frozen=True)
class Reminder:
    """account_id: who is told. by: who made it, the same or a colleague. told_at_ms: 0 while it is not due yet."""

    account_id: str
    conversation_id: str
    text: str
    at_ms: int
    by: str
    told_at_ms: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Reminders:
    """Each is told once, when it is due; it stays on the list until somebody ticks it off."""

    def __init__(self, client: aioredis.Redis, keys: Keys, *, notifications_lifetime_s: int) -> None:
        self._client = client
        self._keys = keys
        self._lifetime_s = notifications_lifetime_s
        self._tell = client.register_script(_TELL)

    async def add(self, reminder: Reminder) -> None:
        """Raises InvalidMessage for an empty or long text, or when the account has too many."""
        if not 1 <= len(reminder.text) <= MAX_TEXT_CHARS:
            raise InvalidMessage(f"text: expected 1 to {MAX_TEXT_CHARS} characters")
        if len(await self.of_account(reminder.account_id)) >= MAX_OF_ACCOUNT:
            raise InvalidMessage(f"reminders: expected at most {MAX_OF_ACCOUNT} of one account")
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hset(self._keys.reminders(reminder.account_id), reminder.id, encode(reminder))
        pipeline.zadd(self._keys.reminders_due, {f"{reminder.account_id} {reminder.id}": reminder.at_ms})
        with translated_errors():
            await pipeline.execute()

    async def of_account(self, account_id: str) -> list[Reminder]:
        """Those that are not ticked off, the earliest first."""
        with translated_errors():
            found = await self._client.hvals(self._keys.reminders(account_id))
        reminders = [msgspec.json.decode(record, type=Reminder) for record in found]
        stale = [one for one in reminders if one.told_at_ms and one.told_at_ms < now_ms() - KEPT_MS]
        for one in stale:
            await self._remove(one.account_id, one.id)
        return sorted((one for one in reminders if one not in stale), key=lambda one: (one.at_ms, one.id))

    async def done(self, account_id: str, reminder_id: str) -> None:
        """Tick it off, due or not. Raises NotFound."""
        if not await self._remove(account_id, reminder_id):
            raise NotFound(f"no reminder {reminder_id!r}")

    async def due(self, at_ms: int, limit: int = 100) -> list[Reminder]:
        """Those to tell by then, the earliest first."""
        with translated_errors():
            members = await self._client.zrangebyscore(self._keys.reminders_due, "-inf", at_ms, start=0, num=limit)
            found = []
            for member in members:
                account_id, _, reminder_id = member.partition(" ")
                record = await self._client.hget(self._keys.reminders(account_id), reminder_id)
                if record is None:
                    await self._client.zrem(self._keys.reminders_due, member)
                else:
                    found.append(msgspec.json.decode(record, type=Reminder))
        return found

    async def tell(self, reminder: Reminder, url: str, *, mail: Mail | None = None) -> bool:
        """Tell its account, and its open pages, and put the mail on its way; url: the conversation's page. False if
        another process did."""
        told = replace(reminder, told_at_ms=now_ms())
        notification = Notification("reminder", reminder.text, url, reminder.conversation_id, told.told_at_ms)
        account_id = reminder.account_id
        event = {"type": "notify", "account_id": account_id, "why": "reminder", "text": reminder.text, "url": url}
        keys = [
            self._keys.reminders_due,
            self._keys.reminders(account_id),
            self._keys.notifications(account_id),
            self._keys.events,
            self._keys.mails,
            self._keys.mails_due,
        ]
        mail_args = [mail.id, encode(mail), mail.at_ms, LIFETIME_S] if mail else [""]
        args = [account_id, reminder.id, encode(reminder), encode(told), encode(notification), KEPT, self._lifetime_s]
        with translated_errors():
            return bool(await self._tell(keys=keys, args=[*args, encode(event), *mail_args]))

    async def forget(self, account_id: str) -> None:
        """The account is gone. What it was told already goes; of what is still to come its colleagues will be told."""
        for one in await self.of_account(account_id):
            if one.told_at_ms:
                await self._remove(account_id, one.id)

    async def _remove(self, account_id: str, reminder_id: str) -> bool:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hdel(self._keys.reminders(account_id), reminder_id)
        pipeline.zrem(self._keys.reminders_due, f"{account_id} {reminder_id}")
        with translated_errors():
            removed, _ = await pipeline.execute()
        return bool(removed)
