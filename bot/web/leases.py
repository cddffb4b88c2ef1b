"""Gives the conversations of agents who are gone back to the queue."""

from __future__ import annotations

import time
import uuid

import structlog

from bot.answers import Answers
from bot.errors import AlreadyClaimed, NotFound, StoreUnavailable
from bot.model import AGENT_PREFIX, META_INBOX, Conversation, Message
from bot.store import Store
from bot.store.work import now_ms
from bot.web.bearer_tokens import is_program
from bot.web.presence import Presence
from bot.web.rescue import apart, for_ever

log = structlog.get_logger()

# How often the store hears who is here: often enough for the shortest lease, rarely enough to cost nothing.
EVERY_S = 5.0
TIMES_A_LEASE = 10
# Meta's inbox, which like programs gives no signs of life.
NO_LEASE = META_INBOX.removeprefix(AGENT_PREFIX)


class Watch:
    """Tells who gave no sign of life for a whole lease, by what this process saw itself.

    It compares no clocks. Whoever's time of last sign has changed since the last look is here, and the lease is
    measured from there with this machine's steady clock. So neither a clock that jumps nor a fresh start makes anybody
    look gone.
    """

    def __init__(self, *, lease_s: float) -> None:
        self._lease_s = lease_s
        self._seen: dict[str, tuple[int, float]] = {}  # account id: (the store's time, ours when it came)
        self._looked_at_s = 0.0

    def look(self, last_seen: dict[str, int], at_s: float) -> set[str]:
        """Who is gone. last_seen: of everybody that matters; at_s: steady clock."""
        if at_s - self._looked_at_s > self._lease_s / 2:
            self.forget()  # this process stood still, and so did the signs of life that it passes on
        self._looked_at_s = at_s
        before = self._seen
        self._seen = {
            account_id: before[account_id] if before.get(account_id, (-1, 0.0))[0] == seen_ms else (seen_ms, at_s)
            for account_id, seen_ms in last_seen.items()
        }
        return {account_id for account_id, (_, since_s) in self._seen.items() if at_s - since_s >= self._lease_s}

    def forget(self) -> None:
        """Begin anew: for a while nobody could give a sign of life."""
        self._seen = {}


class Leases:
    """Every web process runs one; the store lets only one of them act on a conversation."""

    def __init__(self, store: Store, answers: Answers, presence: Presence, *, away_s: float) -> None:
        self._store = store
        self._answers = answers
        self._presence = presence
        self._away_s = away_s
        self._watch = Watch(lease_s=away_s)

    async def run(self) -> None:
        """Pass signs of life on and look who is gone, for ever."""
        await for_ever(self._look, every_s=min(EVERY_S, self._away_s / TIMES_A_LEASE))

    async def _look(self) -> None:
        try:
            # In this order: who is here must not look gone because this process was busy.
            await self._presence.tell()
            holders = [one for one in await self._store.views.holders() if _has_lease(one)]
            last_seen = await self._store.agents.last_seen(holders)
        except StoreUnavailable:
            self._watch.forget()
            raise
        for account_id in sorted(self._watch.look(last_seen, time.monotonic())):
            # Without what is put aside until later, which waits for nobody now: bot/web/snoozes.py has it.
            async for conversation in self._store.views.every(f"held/{account_id}"):
                if conversation.agent_id == account_id and not conversation.snoozed_until_ms:
                    await apart(self._put_back(conversation, last_seen[account_id]), conversation.id)

    async def _put_back(self, conversation: Conversation, last_seen_ms: int) -> None:
        handoff = await self._store.departments.returned(conversation, now_ms())
        name = conversation.agent_name or conversation.agent_id
        note = Message(
            id=uuid.uuid4().hex,
            conversation_id=conversation.id,
            sender="note",
            text=f"{name} was {_duration(self._away_s)} niet bereikbaar. Het gesprek staat weer in de wachtrij.",
            sent_at_ms=now_ms(),
            agent_name=name,
            notice="agent_away",
        )
        notice = await self._answers.agent_away(
            conversation.id, agent_name=name, handoff=handoff, channel=conversation.channel
        )
        try:
            # An answer through another process, which has not told yet that its agent is back, counts too.
            await self._store.queue.end_lease(
                conversation, handoff, note, notice, last_seen_ms=last_seen_ms, if_unchanged=True
            )
        except (AlreadyClaimed, NotFound):
            return  # another process did it, the agent is back, or it is over
        log.info("agent.away", conversation_id=conversation.id, agent_id=conversation.agent_id)


def _has_lease(account_id: str) -> bool:
    return account_id != NO_LEASE and not is_program(account_id)


def _duration(seconds: float) -> str:
    """In Dutch, as an agent would say it."""
    count, singular, plural = (seconds, "seconde", "seconden") if seconds < 60 else (seconds / 60, "minuut", "minuten")
    return f"{round(count)} {singular if round(count) == 1 else plural}"
