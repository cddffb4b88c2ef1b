"""Warns people when a customer waits longer than a department promised, again and again until somebody acts."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote
from zoneinfo import ZoneInfo

import structlog

from bot.errors import StoreUnavailable
from bot.model import REASONS, Account, Conversation, Role
from bot.settings import Settings
from bot.store import Store
from bot.store.departments import Department
from bot.store.notifications import Notification
from bot.store.work import now_ms
from bot.web.rescue import apart, for_ever
from bot.web.telling import Telling

log = structlog.get_logger()

EVERY_S = 2.0
# Who was seen so short ago is at work, unless they say that they are not.
PRESENT_S = 60.0
# Whoever is in danger waits no quarter of an hour for the next warning.
URGENT_REPEAT_MINUTES = 5
# More at once become one notification, and the next of the kind comes a while after it.
MAX_APART = 3
MAX_URGENT_APART = 10
BUNDLE_PAUSE_S = 30.0
# Warnings that are noted at once, so that ten thousand do not wait for each other, nor take all of Redis.
AT_ONCE = 16


@dataclass(frozen=True)
class Breach:
    """One promise that is not kept. level: which warning it is, counted from 1."""

    conversation: Conversation
    department: Department
    level: int

    @property
    def is_urgent(self) -> bool:
        return _is_urgent(self.conversation)


@dataclass(frozen=True)
class Team:
    """Who could be warned, as it was a moment ago."""

    accounts: dict[str, Account]
    present: frozenset[str]

    def first(self, department: Department, on_duty: Iterable[str], holder: str) -> list[Account]:
        """Whom a first warning goes to: who has duty now; else who of the department is there, else all of it, else
        its managers. An agent who has the conversation always hears it too."""
        members = self._known(department.members) or self._with_role("agent")
        present = [one for one in members if one.id in self.present]
        found = self._known(on_duty) or present or members or self.managers(department)
        return _each_once([*self._known([holder]), *found])

    def managers(self, department: Department) -> list[Account]:
        """Of the department; without any, everybody who manages, else the admins."""
        return self._known(department.managers) or self._with_role("manager") or self._with_role("admin")

    def _known(self, account_ids: Iterable[str]) -> list[Account]:
        return [self.accounts[one] for one in account_ids if one in self.accounts]

    def _with_role(self, role: Role) -> list[Account]:
        return [one for one in self.accounts.values() if role in one.roles]


class Roster:
    """Who has duty, read once for each department and minute: thousands of promises may break together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, int], list[str]] = {}
        self._reading = asyncio.Lock()

    async def on_duty(self, department_id: str, at_ms: int) -> list[str]:
        """As DutyRoster has it; shifts begin and end with a minute."""
        key = (department_id, at_ms // 60_000)
        async with self._reading:
            if key not in self._known:
                self._known[key] = await self._store.duty.on_duty(department_id, at_ms)
        return self._known[key]


class Promises:
    """Every web process runs one; the store lets only one of them warn."""

    def __init__(self, store: Store, telling: Telling, settings: Settings) -> None:
        self._store = store
        self._telling = telling
        self._zone = ZoneInfo(settings.timezone)
        # By whether it is urgent, account to what it is to hear; kept while Redis is away, as nobody else tells it.
        self._to_tell: dict[bool, defaultdict[str, list[Breach]]] = {True: defaultdict(list), False: defaultdict(list)}
        # Account to when it was told of many at once, by the steady clock.
        self._bundled_s: dict[str, float] = {}

    async def run(self) -> None:
        """Look for promises that are not kept, for ever."""
        await for_ever(self.look, every_s=EVERY_S)

    async def close(self) -> None:
        """Tell what waits to be told, which no other process will. Cancel `run` first."""
        self._bundled_s.clear()
        with suppress(StoreUnavailable):  # then it comes with the next warning
            if any(self._to_tell.values()):
                team = await self._team()
                for urgent in (True, False):
                    await self._tell_all(team, urgent=urgent)

    async def look(self) -> None:
        """Warn once of each promise whose time has come."""
        team, roster = None, Roster(self._store)
        async for late in self._store.views.pages("alarm", until_ms=now_ms()):
            team = team or await self._team()
            # However many are late: who may be in danger comes first, and is not told of together with them.
            await self._warn_all(await self._late_and_urgent(), team, roster)
            await self._warn_all(late, team, roster)
            await self._tell_all(team, urgent=True)
        if any(self._to_tell.values()):
            team = team or await self._team()
            for urgent in (True, False):
                await self._tell_all(team, urgent=urgent)

    async def _late_and_urgent(self) -> list[Conversation]:
        found = await self._store.views.urgent()
        return [one for one in found if 0 < one.alarm_at_ms <= now_ms()]

    async def _warn_all(self, late: Sequence[Conversation], team: Team, roster: Roster) -> None:
        for first in range(0, len(late), AT_ONCE):
            part = late[first : first + AT_ONCE]
            await asyncio.gather(*(apart(self._warn(one, team, roster), one.id) for one in part))

    async def _tell_all(self, team: Team, *, urgent: bool) -> None:
        """Each account at once, but of many that are not urgent only now and then."""
        waiting = self._to_tell[urgent]
        for account_id in list(waiting):
            if not urgent and not self._may_bundle(account_id):
                continue
            breaches = waiting.pop(account_id, [])
            if breaches and (account := team.accounts.get(account_id)):
                await self._tell(account, breaches, urgent=urgent)

    def _may_bundle(self, account_id: str) -> bool:
        return time.monotonic() - self._bundled_s.get(account_id, -BUNDLE_PAUSE_S) >= BUNDLE_PAUSE_S

    async def _tell(self, account: Account, breaches: list[Breach], *, urgent: bool) -> None:
        try:
            for notification in self._notifications(breaches, urgent=urgent):
                await self._telling.tell(account, notification)
        except (StoreUnavailable, asyncio.CancelledError):
            self._to_tell[urgent][account.id] = breaches + self._to_tell[urgent][account.id]
            raise
        if not urgent and len(breaches) > MAX_APART:
            self._bundled_s[account.id] = time.monotonic()

    async def _warn(self, conversation: Conversation, team: Team, roster: Roster) -> None:
        """Note that this process warns, and whom."""
        handoff = conversation.handoff
        department = await self._store.departments.of_handoff(handoff)
        at_ms = now_ms()
        every_ms = _repeat_minutes(conversation, department) * 60_000
        next_at_ms = await self._next_at_ms(conversation, department, at_ms, every_ms, roster)
        level = await self._store.queue.warned(conversation, next_at_ms=next_at_ms, every_ms=every_ms)
        if not level:
            return
        on_duty = await roster.on_duty(department.id, at_ms)
        people = team.first(department, on_duty, conversation.agent_id)
        if level > 1:
            people = _each_once([*people, *team.managers(department)])
        breach = Breach(conversation, department, level)
        for account in people:
            self._to_tell[breach.is_urgent][account.id].append(breach)
        log.warning(
            "promise.broken",
            conversation_id=conversation.id,
            department=department.id,
            reason=handoff.reason if handoff else None,
            times=level,
            told=len(people),
        )

    async def _next_at_ms(
        self, conversation: Conversation, department: Department, at_ms: int, every_ms: int, roster: Roster
    ) -> int:
        """By the clock for who is in danger, or while somebody has duty then; else when the department is open."""
        then_ms = at_ms + every_ms
        if _is_urgent(conversation) or await roster.on_duty(department.id, then_ms):
            return then_ms
        hours = self._store.departments.hours(department)
        then = hours.after(datetime.fromtimestamp(at_ms / 1000, timezone.utc), every_ms / 60_000)
        return int(then.timestamp() * 1000) if then else then_ms

    async def _team(self) -> Team:
        accounts = {one.id: one for one in await self._store.accounts.active()}
        here = await self._store.agents.here(PRESENT_S) - await self._store.agents.away()
        return Team(accounts, frozenset(here & accounts.keys()))

    def _notifications(self, breaches: list[Breach], *, urgent: bool) -> list[Notification]:
        """One each, or one for all of many."""
        if len(breaches) <= (MAX_URGENT_APART if urgent else MAX_APART):
            return [self._notification(one) for one in breaches]
        text = (
            "Spoed: {} klanten wachten op antwoord ({})." if urgent else "{} klanten wachten langer dan beloofd ({})."
        )
        names = ", ".join(sorted({one.department.name for one in breaches}))
        return [Notification("promise", text.format(len(breaches), names), "/desk", at_ms=now_ms())]

    def _notification(self, warning: Breach) -> Notification:
        conversation = warning.conversation
        url = f"/desk/{quote(conversation.id, safe='')}"
        return Notification("promise", self._text(warning), url, conversation.id, now_ms())

    def _text(self, warning: Breach) -> str:
        """What is late, of what, until when it was promised; no word of the customer's."""
        conversation, handoff = warning.conversation, warning.conversation.handoff
        reason = REASONS.get(handoff.reason, handoff.reason) if handoff else ""
        about = f"{warning.department.name}, {reason.lower()}" if reason else warning.department.name
        again = "" if warning.level == 1 else f" Dit is de {warning.level}e waarschuwing."
        if warning.is_urgent and not conversation.answered_at_ms:
            return f"Spoed: {reason.lower()}. Een klant wacht op antwoord ({warning.department.name}).{again}"
        due_ms = 0
        if handoff:
            due_ms = handoff.resolve_due_ms if conversation.answered_at_ms else handoff.first_due_ms
        until = f" Beloofd: {self._moment(due_ms)}." if due_ms else ""
        what = "een gesprek is nog niet klaar" if conversation.answered_at_ms else "een klant wacht nog op antwoord"
        return f"Te laat: {what} ({about}).{until}{again}"

    def _moment(self, ms: int) -> str:
        at, now = datetime.fromtimestamp(ms / 1000, self._zone), datetime.now(self._zone)
        clock = f"{at.hour}.{at.minute:02d} uur"
        return f"vandaag {clock}" if at.date() == now.date() else f"{at.day}-{at.month} {clock}"


def _is_urgent(conversation: Conversation) -> bool:
    return bool(conversation.handoff and conversation.handoff.priority == "urgent")


def _repeat_minutes(conversation: Conversation, department: Department) -> int:
    minutes = max(1, department.repeat_minutes)
    return min(minutes, URGENT_REPEAT_MINUTES) if _is_urgent(conversation) else minutes


def _each_once(accounts: Iterable[Account]) -> list[Account]:
    return list({one.id: one for one in accounts}.values())
