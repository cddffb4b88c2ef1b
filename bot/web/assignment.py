"""Who gets a conversation that waits: an agent who asks for the next one, or one whom a department gives it to."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone

from bot.errors import AlreadyClaimed, NotFound
from bot.model import QUEUE, Account, Conversation, Handoff
from bot.store import Store
from bot.store.departments import Department
from bot.store.priority import waiting_order
from bot.web.handling import Handling
from bot.web.rescue import apart, for_ever
from bot.web.rights import AGENTS

CHECK_EVERY_S = 2.0
# Who gave no sign of life for so long is given nothing.
HERE_S = 60.0
# How many of each department are looked at, and how often when others were first with all of them.
CANDIDATES = 20
ROUNDS = 10
# How many a department gives out at most before the next one has its turn.
AT_ONCE = 100


class Assignment:
    """Every web process runs one; a claim is atomic, and who comes second goes on."""

    def __init__(self, store: Store, handling: Handling) -> None:
        self._store = store
        self._handling = handling
        # All who ask want the same first one. One after the other costs less than fifty claims of which one wins; that
        # two never get the same one does not depend on it.
        self._turn = asyncio.Lock()

    async def next_for(self, account: Account) -> Conversation | None:
        """Claim for `account` what waits for them: highest priority first, then whose promise ends first.

        Of their departments, and those that have no members; an agent in no department gets all. What they gave back
        themselves comes last. None when nothing waits.
        """
        async with self._turn:
            for _ in range(ROUNDS):
                candidates = await self._candidates(account)
                for conversation in candidates:
                    with suppress(AlreadyClaimed, NotFound):  # another process was first
                        return await self._handling.claim(conversation.id, account, QUEUE)
                if not candidates:
                    return None
        return None

    async def run(self) -> None:
        """Give conversations out for the departments that want it, for ever."""
        await for_ever(self.give_out, every_s=CHECK_EVERY_S)

    async def give_out(self, at: datetime | None = None) -> None:
        """Once, as if it were `at`: for departments that are open."""
        at = at or datetime.now(timezone.utc)
        departments = [
            one
            for one in await self._store.departments.recent()
            if one.assignment == "automatic" and self._store.departments.hours(one).is_open(at)
        ]
        counts = await self._store.views.counts([_waiting(one) for one in departments])
        for department in departments:
            if counts[_waiting(department)]:
                await apart(self._give_out_of(department), f"department {department.id}")

    async def _candidates(self, account: Account) -> list[Conversation]:
        departments = await self._store.departments.recent()
        if any(account.id in one.members for one in departments):
            wanted = [one for one in departments if account.id in one.members or not one.members]
            pages = [await self._store.views.page(_waiting(one), limit=CANDIDATES) for one in wanted]
            found = await self._nobodys(departments)
        else:
            pages, found = [await self._store.views.page("waiting", limit=CANDIDATES)], []
        found += [one for page in pages for one in page.conversations if one.owner == QUEUE]
        return sorted(found, key=lambda one: (one.returned_by == account.id, *_order(one)))

    async def _nobodys(self, departments: Sequence[Department]) -> list[Conversation]:
        """What waits for a department that is gone; one count says that there is none, as nearly always."""
        known = {one.id for one in departments}
        counts = await self._store.views.counts(["waiting", *map(_waiting, departments)])
        if counts["waiting"] <= sum(counts[_waiting(one)] for one in departments):
            return []
        page = await self._store.views.page("waiting", limit=10 * CANDIDATES)
        return [one for one in page.conversations if one.handoff and one.handoff.department not in known]

    async def _give_out_of(self, department: Department) -> None:
        team = await self._team(department)
        if not team.has_room:
            return
        page = await self._store.views.page(_waiting(department), limit=AT_ONCE)
        for conversation in page.conversations:
            agent = team.best_for(conversation)
            if agent is None:
                continue  # one that nobody but the agent who gave it back could have
            try:
                await self._handling.assign_by_itself(conversation, agent)
            except (AlreadyClaimed, NotFound):
                return  # another process gives out too; what it gave is counted next time
            team.load[agent.id] += 1

    async def _team(self, department: Department) -> Team:
        accounts = [one for one in await self._store.accounts.active() if set(one.roles) & set(AGENTS)]
        here = await self._store.agents.here(HERE_S) - await self._store.agents.away()
        agents = [
            one for one in accounts if one.id in here and (one.id in department.members or not department.members)
        ]
        counts = await self._store.views.counts([f"held/{one.id}" for one in agents])
        return Team(agents, {one.id: counts[f"held/{one.id}"] for one in agents})


@dataclass(frozen=True)
class Team:
    """Who can be given conversations now. load: how many each has that are not put aside, by account."""

    agents: Sequence[Account]
    load: dict[str, int] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        return any(self.load[one.id] < one.capacity for one in self.agents)

    def best_for(self, conversation: Conversation) -> Account | None:
        """Who had this customer last, else the least busy; nobody above their capacity, nor who gave it back."""
        free = [one for one in self.agents if self.load[one.id] < one.capacity and one.id != conversation.returned_by]
        for one in free:
            if one.id == conversation.last_agent_id:
                return one
        # By lot among equals: otherwise the first of the alphabet has all the work of a quiet day.
        return min(free, key=lambda one: (self.load[one.id], random.random()), default=None)


def _waiting(department: Department) -> str:
    return f"waiting/{department.id}"


def _order(conversation: Conversation) -> tuple[int, int, int]:
    return waiting_order(conversation.handoff or Handoff("taken_over", "normal", conversation.last_at_ms))
