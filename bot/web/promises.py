"""Warns people when a customer waits longer than a department promised, again and again until somebody acts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
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
# More at once become one notification.
MAX_APART = 3


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


class Promises:
    """Every web process runs one; the store lets only one of them warn."""

    def __init__(self, store: Store, telling: Telling, settings: Settings) -> None:
        self._store = store
        self._telling = telling
        self._zone = ZoneInfo(settings.timezone)
        # Account to what it is to hear; kept while Redis is away, as nobody else tells it.
        self._to_tell: defaultdict[str, list[Breach]] = defaultdict(list)

    async def run(self) -> None:
        """Look for promises that are not kept, for ever."""
        await for_ever(self.look, every_s=EVERY_S)

    async def look(self) -> None:
        """Warn once of each promise whose time has come."""
        late = await self._store.views.until("alarm", now_ms())
        if not late and not self._to_tell:
            return
        team = await self._team()
        for conversation in late:
            await apart(self._warn(conversation, team), conversation.id)
        for account_id in list(self._to_tell):
            breaches = self._to_tell.pop(account_id, [])
            if account := team.accounts.get(account_id):
                await self._tell(account, breaches)

    async def _tell(self, account: Account, breaches: list[Breach]) -> None:
        try:
            for notification in self._notifications(breaches):
                await self._telling.tell(account, notification)
        except StoreUnavailable:
            self._to_tell[account.id] = breaches + self._to_tell[account.id]
            raise

    async def _warn(self, conversation: Conversation, team: Team) -> None:
        """Note that this process warns, and whom."""
        handoff = conversation.handoff
        department = await self._store.departments.of_handoff(handoff)
        at_ms = now_ms()
        every_ms = _repeat_minutes(conversation, department) * 60_000
        next_at_ms = await self._next_at_ms(conversation, department, at_ms, every_ms)
        level = await self._store.queue.warned(conversation, next_at_ms=next_at_ms, every_ms=every_ms)
        if not level:
            return
        on_duty = await self._store.duty.on_duty(department.id, at_ms)
        people = team.first(department, on_duty, conversation.agent_id)
        if level > 1:
            people = _each_once([*people, *team.managers(department)])
        for account in people:
            self._to_tell[account.id].append(Breach(conversation, department, level))
        log.warning(
            "promise.broken",
            conversation_id=conversation.id,
            department=department.id,
            reason=handoff.reason if handoff else None,
            times=level,
            told=len(people),
        )

    async def _next_at_ms(self, conversation: Conversation, department: Department, at_ms: int, every_ms: int) -> int:
        """By the clock for who is in danger, or while somebody has duty then; else when the department is open."""
        then_ms = at_ms + every_ms
        if _is_urgent(conversation) or await self._store.duty.on_duty(department.id, then_ms):
            return then_ms
        hours = self._store.departments.hours(department)
        then = hours.after(datetime.fromtimestamp(at_ms / 1000, timezone.utc), every_ms / 60_000)
        return int(then.timestamp() * 1000) if then else then_ms

    async def _team(self) -> Team:
        accounts = {one.id: one for one in await self._store.accounts.active()}
        here = await self._store.agents.here(PRESENT_S) - await self._store.agents.away()
        return Team(accounts, frozenset(here & accounts.keys()))

    def _notifications(self, warnings: list[Breach]) -> list[Notification]:
        """One each; of many, one for all but those in which somebody may be in danger."""
        urgent = [one for one in warnings if one.is_urgent]
        others = [one for one in warnings if not one.is_urgent]
        if len(others) <= MAX_APART:
            return [self._notification(one) for one in urgent + others]
        names = sorted({one.department.name for one in others})
        text = f"{len(others)} klanten wachten langer dan beloofd ({', '.join(names)})."
        return [*map(self._notification, urgent), Notification("promise", text, "/desk", at_ms=now_ms())]

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
