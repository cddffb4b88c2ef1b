"""The human queue, and what agents do with a conversation."""

from __future__ import annotations

from collections.abc import Sequence

import redis.asyncio as aioredis

from bot.errors import AlreadyClaimed, CustomerWrote, NotFound
from bot.model import (
    AGENT_PREFIX,
    ASSISTANT,
    CLOSED,
    META_INBOX,
    META_INBOX_NAME,
    QUEUE,
    Account,
    Conversation,
    Handoff,
    Message,
    Priority,
)
from bot.store.connection import Script, encode, translated_errors
from bot.store.conversations import ConversationStore, message_group
from bot.store.departments import DepartmentStore
from bot.store.keys import Keys
from bot.store.priority import queue_score, score_range


class HumanQueue:
    """Who waits for a human, and the changes of owner, each of them one atomic step."""

    def __init__(
        self, client: aioredis.Redis, keys: Keys, conversations: ConversationStore, departments: DepartmentStore
    ) -> None:
        self._client = client
        self._keys = keys
        self._conversations = conversations
        self._departments = departments
        self._change_owner = Script(client, "change_owner", replicas=conversations.replicas)
        self._reply = Script(client, "reply", replicas=conversations.replicas)
        self._elsewhere = Script(client, "elsewhere")
        self._snooze = Script(client, "snooze")
        self._alarm = Script(client, "alarm")
        self._priority = Script(client, "priority")

    async def waiting(self, limit: int = 500) -> list[Conversation]:
        """The conversations that wait for a human: highest priority first, then longest waiting."""
        with translated_errors():
            ids = await self._client.zrange(self._keys.queue, 0, limit - 1)
        return await self._conversations.get_many(ids)

    async def size(self) -> int:
        """How many conversations wait for a human."""
        with translated_errors():
            return int(await self._client.zcard(self._keys.queue))

    async def put(
        self,
        conversation: Conversation,
        handoff: Handoff,
        notices: Sequence[Message] = (),
        *,
        if_waiting_since_before_ms: int | None = None,
    ) -> None:
        """Put a conversation in the queue, if its owner is still the one in `conversation`.

        if_waiting_since_before_ms: only if the assistant has let a message wait since before then.
        Raises AlreadyClaimed when somebody else has it (or the assistant did answer).
        """
        due = "" if if_waiting_since_before_ms is None else if_waiting_since_before_ms
        await self._change(conversation, QUEUE, handoff=handoff, due_before_ms=due, notices=notices, is_answer=True)

    async def claim(
        self,
        conversation: Conversation,
        agent: Account,
        notices: Sequence[Message] = (),
        handoff: Handoff | None = None,
        *,
        what: str = "claim",
        if_unchanged: bool = False,
    ) -> None:
        """Give the conversation to `agent`, if its owner is still the one that the caller saw in `conversation`.

        what: `claim`, or `transfer` for one that somebody else gives away; if_unchanged: as in `hand_back`.
        Claiming what one has already changes nothing. Raises AlreadyClaimed when another agent was first.
        """
        owner = AGENT_PREFIX + agent.id
        if conversation.owner != owner:
            await self._change(
                conversation,
                owner,
                agent_name=agent.name,
                handoff=handoff,
                notices=notices,
                what=what,
                if_unchanged=if_unchanged,
            )

    async def reply(self, conversation_id: str, agent: Account, message: Message, *, seen_entry_id: str = "") -> str:
        """Store an agent's message; returns its entry id. A repeat of the same id is stored once.

        seen_entry_id: place of the customer's last message that the agent has seen; raises CustomerWrote if they wrote
        again since. Raises AlreadyClaimed when the conversation is not (any more) this agent's.
        """
        return await self._say(conversation_id, AGENT_PREFIX + agent.id, message, seen_entry_id=seen_entry_id)

    async def remind(self, conversation_id: str, message: Message) -> str:
        """Tell a customer who waits in the queue something. Raises AlreadyClaimed when that is over."""
        return await self._say(conversation_id, QUEUE, message)

    async def ask_for_patience(self, conversation_id: str, message: Message, *, waiting_since_ms: int) -> str:
        """Tell a customer who waits for the assistant something. Raises AlreadyClaimed when that is over."""
        return await self._say(conversation_id, ASSISTANT, message, waiting_since_ms)

    async def hand_back(
        self,
        conversation: Conversation,
        notices: Sequence[Message] = (),
        *,
        if_unchanged: bool = False,
        seen_entry_id: str = "",
    ) -> None:
        """Give an agent's conversation back to the assistant. Earlier messages are not answered again.

        A customer who hears nothing about it hears it with the assistant's next reply.
        if_unchanged: raises AlreadyClaimed too if anything was said, or anybody had it, since `conversation` was read.
        seen_entry_id: as in `reply`, since nobody answers what was not seen.
        """
        await self._change(
            conversation,
            ASSISTANT,
            notices=notices,
            if_unchanged=if_unchanged,
            seen_entry_id=seen_entry_id,
            what="hand_back",
        )

    async def put_back(
        self,
        conversation: Conversation,
        handoff: Handoff,
        notices: Sequence[Message] = (),
        *,
        if_unchanged: bool = False,
        what: str = "put_back",
    ) -> None:
        """Give an agent's conversation back to the queue, for a colleague; if_unchanged: as in `hand_back`.

        what: `put_back`, or `transfer` when `handoff` names another department. A handoff without times gets new ones.
        """
        await self._change(conversation, QUEUE, handoff=handoff, notices=notices, if_unchanged=if_unchanged, what=what)

    async def end_lease(
        self,
        conversation: Conversation,
        handoff: Handoff,
        note: Message,
        notice: Message,
        *,
        last_seen_ms: int,
        if_unchanged: bool = False,
    ) -> None:
        """Give the conversation of an agent who is gone back to the queue, if nobody has seen the agent since.

        note: what agents read about it. notice: what the customer hears, unless the agent had the last word: then they
        hear it when they write again.
        last_seen_ms: when the agent was last seen, 0 for never. Raises AlreadyClaimed when that has changed too.
        if_unchanged: as in `hand_back`.
        """
        await self._change(
            conversation,
            QUEUE,
            handoff=handoff,
            last_seen_ms=last_seen_ms,
            notices=[note, notice],
            if_unchanged=if_unchanged,
            what="put_back",
        )

    async def snooze(
        self,
        conversation: Conversation,
        until_ms: int,
        note: Message | None = None,
        *,
        if_until_ms: int | None = None,
        seen_entry_id: str = "",
    ) -> None:
        """Put an agent's conversation aside until then; 0 takes it up again. A word of the customer does too.

        The promise of an end counts anew from `until_ms`. if_until_ms: only while it is put aside until then.
        seen_entry_id: as in `reply`. Raises AlreadyClaimed when the owner is another one now, or that time.
        """
        due_ms = 0
        if until_ms and conversation.handoff:
            due_ms = (
                await self._departments.promise(conversation.handoff, conversation.channel, until_ms)
            ).resolve_due_ms
        args = [*self._conversations.script_args(conversation.id), conversation.owner, until_ms, due_ms]
        args += ["" if if_until_ms is None else if_until_ms, seen_entry_id]
        args += message_group(note) if note else []
        done, answer = await self._snooze(self._conversations.script_keys(conversation.id), args)
        _check(done, answer, conversation.id)

    async def set_priority(self, conversation_id: str, priority: Priority, note: Message) -> None:
        """Say how urgent it is; its place in the queue changes along. note: what agents read about it.

        Raises AlreadyClaimed when no human has to do with it (any more).
        """
        args = [*self._conversations.script_args(conversation_id), priority, score_range(priority)[0]]
        args += message_group(note)
        done, answer = await self._priority(self._conversations.script_keys(conversation_id), args)
        _check(done, answer, conversation_id)

    async def warned(self, conversation: Conversation, *, next_at_ms: int, every_ms: int = 0) -> int:
        """Note that this process warns that a promise is not kept: which warning it is, counted from 1.

        0 when another process does it, or somebody acted in between. next_at_ms: when to look again, 0 for never.
        every_ms: how long it is silent when somebody claims it, or answers again.
        """
        args = [*self._conversations.script_args(conversation.id), conversation.alarm_at_ms, next_at_ms, every_ms]
        return int(await self._alarm(self._conversations.script_keys(conversation.id), args))

    async def answered_elsewhere(
        self,
        conversation_id: str,
        *,
        at_ms: int,
        control: str = "",
        takes_from: Sequence[str] = (ASSISTANT, QUEUE, CLOSED),
        is_news: bool = True,
        message: Message | None = None,
    ) -> bool:
        """Somebody has the conversation in Meta's own inbox; the assistant is silent from now on.

        at_ms: when, by the platform's clock; what is older than the last change of hands changes the transcript only.
        control: id of the app that has the thread, or UNKNOWN_APP; empty leaves what is known. takes_from: owners who
        lose it to that inbox.
        is_news: the platform says so, rather than that we conclude it. message: what was said, which is stored once; or
        a note, which is stored if this changed something. Returns whether a message or the owner is new.
        """
        args = [
            *self._conversations.script_args(conversation_id),
            at_ms,
            control,
            META_INBOX,
            META_INBOX_NAME,
            f" {' '.join(takes_from)} ",
            int(is_news),
        ]
        args += message_group(message) if message else []
        is_new, _ = await self._elsewhere(self._conversations.script_keys(conversation_id), args)
        return bool(is_new)

    async def close(
        self,
        conversation: Conversation,
        notices: Sequence[Message] = (),
        *,
        reason: str = "",
        seen_entry_id: str = "",
    ) -> None:
        """End the conversation; a next message of the customer starts afresh with the assistant.

        reason: a key of CLOSE_REASONS, or empty. seen_entry_id: as in `reply`, since nobody answers what was not seen.
        """
        await self._change(
            conversation, CLOSED, notices=notices, close_reason=reason, seen_entry_id=seen_entry_id, what="close"
        )

    async def _say(
        self,
        conversation_id: str,
        owner: str,
        message: Message,
        due_before_ms: int | str = "",
        seen_entry_id: str = "",
    ) -> str:
        args = [
            *self._conversations.script_args(conversation_id),
            owner,
            due_before_ms,
            seen_entry_id,
            *message_group(message),
        ]
        done, answer = await self._reply(self._conversations.script_keys(conversation_id), args)
        _check(done, answer, conversation_id)
        return str(answer)

    async def _change(
        self,
        conversation: Conversation,
        owner: str,
        *,
        agent_name: str = "",
        handoff: Handoff | None = None,
        due_before_ms: int | str = "",
        last_seen_ms: int | str = "",
        if_unchanged: bool = False,
        notices: Sequence[Message] = (),
        is_answer: bool = False,
        close_reason: str = "",
        what: str = "",
        seen_entry_id: str = "",
    ) -> None:
        """is_answer: the notices are what the customer hears instead of an answer. what: its name in `happenings`."""
        handoff = handoff and await self._departments.plan(handoff, conversation.channel)
        args = [
            *self._conversations.script_args(conversation.id),
            conversation.owner,
            owner,
            agent_name,
            encode(handoff) if handoff else "",
            queue_score(handoff) if handoff else 0,
            due_before_ms,
            last_seen_ms,
            f"{conversation.version} {conversation.last_at_ms}" if if_unchanged else "",
            close_reason,
            what,
            seen_entry_id,
        ]
        for notice in notices:
            if is_answer or conversation.hears_notices or not notice.to_customer:
                args += message_group(notice)
        keys = [*self._conversations.script_keys(conversation.id), self._keys.agents]
        done, answer = await self._change_owner(keys, args)
        _check(done, answer, conversation.id)


def _check(done: int, answer: str, conversation_id: str) -> None:
    if done == -1:
        raise NotFound(f"no conversation {conversation_id!r}")
    if done == 2:
        raise CustomerWrote(f"the customer of {conversation_id!r} wrote again: {answer}")
    if done == 0:
        raise AlreadyClaimed(f"conversation {conversation_id!r} now belongs to {answer}")
