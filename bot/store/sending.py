"""Messages on their way to a platform: one at a time and in order for each conversation, by any number of senders.

A part of a message is noted as an attempt before it goes out. So after a crash or a time-out it is known that it may
have arrived; the platform's echo, which carries the attempt's id, then settles it
(docs/decisions/0011-messenger.md).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import redis.asyncio as aioredis

from bot.errors import AlreadyClaimed, NotFound
from bot.model import AGENT_PREFIX, Account, Message
from bot.store.connection import Script, translated_errors
from bot.store.conversations import ConversationStore, stored_message
from bot.store.keys import Keys

# What became of the wish to send a message again.
SentAgain = Literal["in_line", "not_failed", "partly_arrived"]


@dataclass(frozen=True)
class Claim:
    """That one sender, and no other, sends for a conversation until its lease ends."""

    conversation_id: str
    token: str


@dataclass(frozen=True)
class ToSend:
    """The next message of a conversation.

    parts_sent: how many of its parts the platform has accepted. tries: refused attempts at the next part.
    attempt: one at that part whose end is not known, begun `attempt_age_ms` ago; empty for none. with_it: ids of the
    messages that went out with it.
    """

    message: Message
    parts_sent: int
    tries: int
    attempt: str
    attempt_age_ms: int
    with_it: tuple[str, ...] = ()


@dataclass(frozen=True)
class InTheAir:
    """An attempt whose end is not known: part `part` (from 0) of a message."""

    attempt: str
    message: Message
    part: int


class SendQueue:
    """What waits to be sent to platforms."""

    def __init__(
        self, client: aioredis.Redis, keys: Keys, conversations: ConversationStore, *, lease_ms: int = 10_000
    ) -> None:
        """lease_ms: after so long without a sign of its sender, another one takes a conversation over."""
        self._client = client
        self._keys = keys
        self._conversations = conversations
        self.lease_ms = lease_ms
        self._next = Script(client, "send_next", on_conversation=False)
        self._renew = Script(client, "send_renew", on_conversation=False)
        self._begin = Script(client, "send_begin")
        self._attempt = Script(client, "send_attempt")
        self._settle = Script(client, "send_settle")
        self._fail = Script(client, "send_fail")
        self._later = Script(client, "send_later")
        self._again = Script(client, "send_again")

    async def claim(self) -> Claim | None:
        """A conversation with something to send now, or None."""
        conversation_id = await self._next([self._keys.sending], [self.lease_ms])
        return Claim(conversation_id, uuid.uuid4().hex) if conversation_id else None

    async def begin(self, claim: Claim, *, claiming: bool) -> ToSend | None:
        """The next message of a claimed conversation, with a new lease; None when there is none or the claim is lost.

        claiming: the first call for a claim.
        """
        found = await self._run(self._begin, claim.conversation_id, claim.token, self.lease_ms, int(claiming))
        if not found:
            return None
        entry_id, record, parts, tries, attempt, attempt_at_ms, now_ms, with_it = found
        age_ms = int(now_ms) - int(attempt_at_ms) if attempt else 0
        message = stored_message(entry_id, record)
        return ToSend(message, int(parts), int(tries), attempt, age_ms, tuple(with_it.split()))

    async def renew(self, claim: Claim) -> bool:
        """The sender is still at it: a new lease. False when the claim is lost."""
        keys = [self._keys.sends(claim.conversation_id), self._keys.sending]
        return bool(await self._renew(keys, [claim.token, claim.conversation_id, self.lease_ms]))

    async def attempt(
        self, claim: Claim, message_id: str, *, part: int, parts: int, with_it: Sequence[str] = ()
    ) -> str | None:
        """Note that part `part` (from 0) of `parts` goes out now; returns the attempt's id, None if it must not.

        with_it: ids of further messages of the line that are sent when this one is.
        """
        attempt = uuid.uuid4().hex
        args = (claim.token, message_id, part, parts, attempt, *with_it)
        noted = await self._run(self._attempt, claim.conversation_id, *args)
        return attempt if noted else None

    async def settle(
        self, conversation_id: str, attempt: str, *, mid: str, at_ms: int, is_echo: bool = False
    ) -> str | None:
        """The platform accepted the attempt. Returns the message's id, None for an attempt that is not ours.

        is_echo: the platform tells it by itself, and `at_ms` is of its clock, not of ours.
        """
        settled = await self._run(self._settle, conversation_id, attempt, mid, at_ms, int(is_echo))
        return str(settled) if settled else None

    async def fail(self, claim: Claim, message_id: str, problem: str, *, unreachable: bool = False) -> bool:
        """The message can't be sent; False when the claim is lost.

        problem: a code that the desk has words for. unreachable: nothing arrives until the customer acts.
        """
        args = (claim.token, message_id, problem, int(unreachable))
        return bool(await self._run(self._fail, claim.conversation_id, *args))

    async def later(self, claim: Claim, delay_ms: int, *, refused: bool, counts: bool = True) -> bool:
        """End the claim and try again after a while; False when it was lost.

        refused: the platform surely did not take the attempt. Otherwise it stays open, to be settled by an echo.
        counts: as one of the tries that a message has, not so for what has nothing to do with it.
        """
        args = (claim.token, delay_ms, int(refused), int(counts))
        return bool(await self._run(self._later, claim.conversation_id, *args))

    async def again(self, conversation_id: str, agent: Account, message_id: str) -> SentAgain:
        """Put a message that failed in line once more, at the wish of the agent who has the conversation.

        Raises NotFound, and AlreadyClaimed when it is not (any more) this agent's.
        """
        answer, owner = await self._run(self._again, conversation_id, AGENT_PREFIX + agent.id, message_id)
        if answer == -1:
            raise NotFound(f"no conversation {conversation_id!r}")
        if answer == 0:
            raise AlreadyClaimed(f"conversation {conversation_id!r} now belongs to {owner}")
        answers: dict[int, SentAgain] = {1: "in_line", 2: "not_failed", 3: "partly_arrived"}
        return answers[answer]

    async def wake(self, conversation_id: str) -> None:
        """Try again now what waits in this conversation, if anything does."""
        with translated_errors():
            if await self._client.exists(self._keys.to_send(conversation_id)):
                await self._client.zadd(self._keys.sending, {conversation_id: 0})

    async def size(self) -> int:
        """How many conversations have something to send."""
        with translated_errors():
            return int(await self._client.zcard(self._keys.sending))

    async def sent_until(self, conversation_id: str, at_ms: int) -> list[str]:
        """Ids of the messages that the platform accepted at or before `at_ms` (its clock) and that are not read yet."""
        with translated_errors():
            states = await self._client.hgetall(self._keys.states(conversation_id))
            waiting = [message_id for message_id, state in states.items() if state in ("sent", "delivered")]
            if not waiting:
                return []
            fields = [f"at {message_id}" for message_id in waiting]
            found = await self._client.hmget(self._keys.sends(conversation_id), fields)
        return [one for one, when in zip(waiting, found, strict=True) if when and int(when) <= at_ms]

    async def message_ids(self, conversation_id: str, mids: list[str]) -> list[str]:
        """Our ids of what the platform calls `mids`; left out is what it took from others, or not wholly yet."""
        if not mids:
            return []
        with translated_errors():
            found = await self._client.hmget(self._keys.sends(conversation_id), [f"mid {mid}" for mid in mids])
            ids = list(dict.fromkeys(one.partition(" ")[0] for one in found if one))
            states = await self._client.hmget(self._keys.states(conversation_id), ids) if ids else []
        return [one for one, state in zip(ids, states, strict=True) if state != "waiting"]

    async def named(self, conversation_id: str, mids: list[str]) -> dict[str, str]:
        """Our id of each message that the platform calls one of `mids`, as far as we know it."""
        if not mids:
            return {}
        with translated_errors():
            found = await self._client.hmget(self._keys.sends(conversation_id), [f"mid {mid}" for mid in mids])
        return {mid: one.partition(" ")[0] for mid, one in zip(mids, found, strict=True) if one}

    async def knows(self, conversation_id: str, mid: str) -> bool:
        """Whether the platform's `mid` belongs to something that we have: a part of a message, or somebody else's."""
        with translated_errors():
            return bool(await self._client.hexists(self._keys.sends(conversation_id), f"mid {mid}"))

    async def in_the_air(self, conversation_id: str) -> InTheAir | None:
        """The attempt whose end is not known, None when there is none."""
        sends = self._keys.sends(conversation_id)
        with translated_errors():
            attempt, part = await self._client.hmget(sends, ["attempt", "attempt_part"])
            of = await self._client.hget(sends, f"attempt {attempt}") if attempt else None
            if not of:
                return None
            entry_id = await self._client.hget(self._keys.message_ids(conversation_id), of.partition(" ")[0])
            entries = await self._client.xrange(self._keys.log(conversation_id), entry_id or "-", entry_id or "-")
        return (
            InTheAir(attempt, stored_message(entries[0][0], entries[0][1]["message"]), int(part)) if entries else None
        )

    async def _run(self, script: Script, conversation_id: str, *args: object) -> Any:
        return await script(
            self._conversations.script_keys(conversation_id),
            [*self._conversations.script_args(conversation_id), *args],
        )
