"""Inbound work: which conversations wait for the assistant, and who handles them.

A stream with a consumer group wakes one assistant for a conversation; the conversation's own list keeps its messages in
order. A conversation has at most one entry in the stream, so its messages are handled one at a time however many
assistants run. An assistant that gives no sign of life leaves its entry pending, and another takes it over; what the
first one still sends is refused, because the turn's token and the conversation's version have moved on.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import redis.asyncio as aioredis
from redis.exceptions import ResponseError

from bot.model import Handoff, Message, Nlu
from bot.store.connection import Script, encode, translated_errors
from bot.store.conversations import ConversationStore, message_group, stored_message
from bot.store.departments import DepartmentStore
from bot.store.keys import WORK_GROUP, Keys
from bot.store.marks import edited_text
from bot.store.priority import queue_score

# What is said about assistants that are gone is kept for so long.
FORGET_AFTER_MS = 3_600_000


# Templates that answer a question begin with it; the other is said to who says that an answer helped.
QUESTION_PREFIX = "utter_faq_"
HELPED_TEMPLATE = "utter_geholpen"
# What agents would not look for any more.
UNREAD_MAX_MS = 10 * 60_000


class _Place(msgspec.Struct):
    conversation_id: str
    message_id: str


@dataclass(frozen=True)
class WorkItem:
    """A conversation with messages for the assistant, given to one worker."""

    work_id: str
    conversation_id: str
    worker: str


@dataclass(frozen=True)
class Turn:
    """One customer message, taken by one worker.

    dialogue: what the assistant remembered, as it stored it.
    attempts: how many workers began this message, 1 for the first; the ones before it are gone.
    unannounced: a human had the conversation last, and nobody told the customer that they don't any more.
    customer_name: as the platform says, or the shop's own site has signed; empty for who is not known.
    """

    conversation_id: str
    message: Message
    dialogue: str
    version: int
    token: str
    attempts: int
    channel: str = ""
    unannounced: bool = False
    customer_name: str = ""


@dataclass(frozen=True)
class Overdue:
    """A conversation whose oldest message waits for the assistant longer than asked for. Times in ms.

    begun_ms: for how long a worker has had that message in hand; None when none has.
    told: whether the customer was asked for patience because of that message.
    """

    conversation_id: str
    since_ms: int
    waited_ms: int
    begun_ms: int | None
    told: bool


@dataclass(frozen=True)
class Unread:
    """A message that humans got without the assistant; text: as the customer last made it."""

    conversation_id: str
    message_id: str
    text: str


class WorkQueue:
    """The assistant's side of the store."""

    def __init__(
        self,
        client: aioredis.Redis,
        keys: Keys,
        conversations: ConversationStore,
        departments: DepartmentStore,
        *,
        claim_idle_ms: int,
    ) -> None:
        self._client = client
        self._keys = keys
        self._conversations = conversations
        self._departments = departments
        self._claim_idle_ms = claim_idle_ms
        self._begin = Script(client, "begin")
        self._finish = Script(client, "finish")
        self._release = Script(client, "release")
        self._understood = Script(client, "understood")
        self._take_over = Script(client, "take_over", on_conversation=False)

    async def open(self) -> None:
        """Create the consumer group if it isn't there."""
        with translated_errors():
            try:
                await self._client.xgroup_create(self._keys.work, WORK_GROUP, id="0", mkstream=True)
            except ResponseError as exc:
                if not str(exc).startswith("BUSYGROUP"):
                    raise

    async def take(self, worker: str, *, block_ms: int) -> WorkItem | None:
        """The next conversation with work, or None after `block_ms` without."""
        with translated_errors():
            try:
                found = await self._client.xreadgroup(
                    WORK_GROUP, worker, {self._keys.work: ">"}, count=1, block=block_ms
                )
            except ResponseError as exc:
                if not str(exc).startswith("NOGROUP"):
                    raise
                await self.open()  # Redis came back without its data
                return None
        if not found:
            return None
        work_id, fields = found[0][1][0]
        return WorkItem(work_id, fields["conversation_id"], worker)

    async def take_over(self, worker: str) -> WorkItem | None:
        """A conversation whose worker gave no sign of life for `claim_idle_ms`, if there is one.

        Or one that was given to this worker over a connection that broke: it must have nothing in hand when it asks.
        """
        keys = [self._keys.work, self._keys.assistants]
        found = await self._take_over(keys, [worker, self._claim_idle_ms])
        return WorkItem(found[0], found[1], worker) if found else None

    async def release(self, item: WorkItem) -> None:
        """Give a conversation's work back, for whichever worker is free first."""
        conversation_id = item.conversation_id
        args = [*self._conversations.script_args(conversation_id), item.work_id]
        await self._release(self._conversations.script_keys(conversation_id), args)

    async def begin(self, item: WorkItem) -> Turn | None:
        """The conversation's next message, or None when there is nothing (any more) for the assistant to do."""
        conversation_id, token = item.conversation_id, uuid.uuid4().hex
        found = await self._begin(
            self._conversations.script_keys(conversation_id),
            [*self._conversations.script_args(conversation_id), item.work_id, token, item.worker],
        )
        if not found:
            return None
        entry_id, record, version, dialogue, attempts, edit, channel, unannounced, name = found
        message = stored_message(entry_id, record)
        if edit:
            message = replace(message, text=edited_text(edit))
        return Turn(conversation_id, message, dialogue, int(version), token, attempts, channel, bool(unannounced), name)

    async def finish(
        self,
        turn: Turn,
        replies: Sequence[Message],
        *,
        dialogue: str,
        nlu: Nlu,
        handoff: Handoff | None = None,
        ends: bool = False,
    ) -> int | None:
        """Store the replies, and the hand-over to the queue, in one step.

        ends: the conversation is over with that, unless another message waits.
        Returns how many messages of the conversation still wait, or None when the conversation moved on in between (a
        human took over, or another worker did it): then nothing was stored, and nothing may be said.
        """
        handoff = handoff and await self._departments.plan(handoff, turn.channel)
        args = [
            *self._conversations.script_args(turn.conversation_id),
            turn.token,
            turn.version,
            turn.message.entry_id,
            turn.message.id,
            dialogue,
            encode(nlu),
            encode(handoff) if handoff else "",
            queue_score(handoff) if handoff else 0,
            int(ends),
            _answered_with(replies),
            _helped(replies, handoff),
        ]
        for reply in replies:
            args += message_group(reply)
        left = int(await self._finish(self._conversations.script_keys(turn.conversation_id), args))
        return None if left < 0 else left

    async def next_unread(self) -> Unread | None:
        """A message that humans got and the assistant has not read, or None; each is given out once.

        What is older than UNREAD_MAX_MS, or gone, is passed over: nobody waits for it.
        """
        with translated_errors():
            while record := await self._client.lpop(self._keys.unread):
                place = msgspec.json.decode(record, type=_Place)
                if found := await self._unread(place.conversation_id, place.message_id):
                    return found
        return None

    async def _unread(self, conversation_id: str, message_id: str) -> Unread | None:
        entry_id = await self._client.hget(self._keys.message_ids(conversation_id), message_id)
        if not entry_id or await self._now_ms() - int(entry_id.partition("-")[0]) > UNREAD_MAX_MS:
            return None
        entries = await self._client.xrange(self._keys.log(conversation_id), entry_id, entry_id)
        if not entries:
            return None
        edit = await self._client.hget(self._keys.marks(conversation_id), f"edit {message_id}")
        text = edited_text(edit) if edit else stored_message(entry_id, entries[0][1]["message"]).text
        return Unread(conversation_id, message_id, text) if text else None

    async def understood(self, unread: Unread, nlu: Nlu) -> bool:
        """Note what the NLU makes of it. False when the message is gone, or was understood before."""
        args = [*self._conversations.script_args(unread.conversation_id), unread.message_id, encode(nlu)]
        return bool(await self._understood(self._conversations.script_keys(unread.conversation_id), args))

    async def overdue(self, older_than_ms: int, limit: int = 500) -> list[Overdue]:
        """The conversations whose oldest message waits longer than `older_than_ms`, longest first."""
        with translated_errors():
            now_ms = await self._now_ms()
            waiting = await self._client.zrangebyscore(
                self._keys.due, "-inf", now_ms - older_than_ms, start=0, num=limit, withscores=True
            )
            pipeline = self._client.pipeline(transaction=False)
            for conversation_id, since in waiting:
                pipeline.hget(self._keys.conversation(conversation_id), "begun_at_ms")
                pipeline.hexists(self._keys.message_ids(conversation_id), patience_id(int(since)))
            found = await pipeline.execute() if waiting else []
        return [
            Overdue(
                conversation_id,
                int(since),
                waited_ms=now_ms - int(since),
                begun_ms=now_ms - int(begun_at_ms) if begun_at_ms else None,
                told=bool(told),
            )
            for (conversation_id, since), begun_at_ms, told in zip(waiting, found[::2], found[1::2], strict=True)
        ]

    async def oldest_pending(self, conversation_id: str) -> str:
        """The id of the message that waits longest for the assistant, or an empty string."""
        with translated_errors():
            entry_id = await self._client.lindex(self._keys.pending(conversation_id), 0)
            found = await self._client.xrange(self._keys.log(conversation_id), entry_id, entry_id) if entry_id else []
        return stored_message(found[0][0], found[0][1]["message"]).id if found else ""

    async def forget(self, conversation_id: str) -> None:
        """Stop waiting for the assistant on a conversation that is gone."""
        with translated_errors():
            await self._client.zrem(self._keys.due, conversation_id)

    async def waiting(self) -> int:
        """How many conversations wait for the assistant."""
        with translated_errors():
            return int(await self._client.zcard(self._keys.due))

    async def sign_of_life(self, worker: str, about: str) -> None:
        """Say that this assistant runs; `about` is JSON for the health page."""
        with translated_errors():
            now_ms = await self._now_ms()
            await self._client.hset(self._keys.assistants, worker, f"{now_ms} {about}")

    async def sign_off(self, worker: str) -> None:
        """Say that this assistant stops. What it had in hand is taken over at once."""
        with translated_errors():
            await self._client.hdel(self._keys.assistants, worker)

    async def forget_gone_workers(self) -> None:
        """Take workers that are long gone, and have nothing in hand, out of the stream's group."""
        with translated_errors():
            for consumer in await self._client.xinfo_consumers(self._keys.work, WORK_GROUP):
                if not consumer["pending"] and consumer["idle"] > FORGET_AFTER_MS:
                    await self._client.xgroup_delconsumer(self._keys.work, WORK_GROUP, consumer["name"])

    async def alive(self) -> dict[str, str]:
        """The assistants that run: name -> what they said about themselves. Those long gone are forgotten."""
        with translated_errors():
            now_ms = await self._now_ms()
            said = await self._client.hgetall(self._keys.assistants)
            found = {}
            for worker, line in said.items():
                at_ms, _, about = line.partition(" ")
                if now_ms - int(at_ms) <= self._claim_idle_ms:
                    found[worker] = about
                elif now_ms - int(at_ms) > FORGET_AFTER_MS:
                    await self._client.hdel(self._keys.assistants, worker)
        return found

    async def _now_ms(self) -> int:
        seconds, micros = await self._client.time()
        return int(seconds) * 1000 + int(micros) // 1000


def _answered_with(replies: Sequence[Message]) -> str:
    """The template that answers a question, of the last reply that does; empty for small talk and handoffs."""
    return next((one.template for one in reversed(replies) if one.template.startswith(QUESTION_PREFIX)), "")


def _helped(replies: Sequence[Message], handoff: Handoff | None) -> str:
    """Whether the customer said in words that the answer before helped: `yes`, `no`, or empty."""
    if handoff:
        return "no" if handoff.reason == "not_helped" else ""
    return "yes" if any(one.template == HELPED_TEMPLATE for one in replies) else ""


def now_ms() -> int:
    """This machine's clock, in ms."""
    return int(time.time() * 1000)


def patience_id(since_ms: int) -> str:
    """The id of the message that asks for patience with a message that came at `since_ms`: said once."""
    return f"patience-{since_ms}"
