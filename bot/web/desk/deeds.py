"""What the menus above a conversation offer: to whom it goes, until when it can wait, how urgent it is, why it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.model import CHATWOOT, CLOSE_REASONS, META_INBOX, QUEUE, Account, Conversation
from bot.store import Store
from bot.web.assignment import HERE_S
from bot.web.desk import later, words
from bot.web.handling import MAX_NOTE_CHARS, MAX_SNOOZE_DAYS
from bot.web.rights import AGENTS, MANAGERS


@dataclass(frozen=True)
class Target:
    """value: what the form sends, as bot/web/desk/targets.py reads it. title: name, with whether they are there."""

    value: str
    title: str


@dataclass(frozen=True)
class Deeds:
    """Empty where this agent may not do it, or it makes no sense."""

    colleagues: tuple[Target, ...] = ()
    departments: tuple[Target, ...] = ()
    later: tuple[later.Choice, ...] = ()
    first_time: str = ""  # of a time of their own, and the last: as a browser's field has them
    last_time: str = ""
    priorities: tuple[tuple[str, str], ...] = ()  # other ones than it has, with their Dutch words
    reasons: tuple[tuple[str, str], ...] = ()  # why it ends
    max_note_chars: int = MAX_NOTE_CHARS
    put_aside: bool = False  # until later, by this agent


async def load_deeds(store: Store, account: Account, conversation: Conversation, *, timezone: str) -> Deeds:
    """What `account` may do with it now."""
    mine = conversation.agent_id == account.id
    waits = conversation.owner == QUEUE
    is_agents = bool(conversation.agent_id) and conversation.owner not in (META_INBOX, CHATWOOT)
    if not (mine or waits or (is_agents and set(account.roles) & set(MANAGERS))):
        return Deeds()
    now = later.now_in(timezone)
    handoff = conversation.handoff
    return Deeds(
        colleagues=await _colleagues(store, account, conversation),
        departments=await _departments(store, conversation),
        later=later.choices(now) if mine else (),
        first_time=f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M}",
        last_time=f"{now + timedelta(days=MAX_SNOOZE_DAYS):%Y-%m-%dT%H:%M}",
        priorities=tuple(
            (code, title) for code, title in words.PRIORITIES.items() if handoff and code != handoff.priority
        ),
        reasons=tuple(CLOSE_REASONS.items()) if mine or waits else (),
        put_aside=mine and bool(conversation.snoozed_until_ms),
    )


async def _colleagues(store: Store, account: Account, conversation: Conversation) -> tuple[Target, ...]:
    """Who is there first, then by name."""
    agents = [
        one
        for one in await store.accounts.active()
        if set(one.roles) & set(AGENTS) and one.id not in (account.id, conversation.agent_id)
    ]
    here, away, counts = await asyncio.gather(
        store.agents.here(HERE_S), store.agents.away(), store.views.counts([f"held/{one.id}" for one in agents])
    )

    def about(one: Account) -> str:
        if one.id not in here:
            return "niet online"
        if one.id in away:
            return "even weg"
        return f"online, {counts[f'held/{one.id}']} gesprekken"

    agents.sort(key=lambda one: (one.id not in here or one.id in away, one.name.casefold()))
    return tuple(Target(f"agent:{one.id}", f"{one.name} ({about(one)})") for one in agents)


async def _departments(store: Store, conversation: Conversation) -> tuple[Target, ...]:
    own = conversation.handoff.department if conversation.handoff else ""
    return tuple(Target(f"department:{one.id}", one.name) for one in await store.departments.recent() if one.id != own)
