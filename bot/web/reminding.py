"""Tells agents what they asked to be reminded of, when its time has come."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import structlog

from bot.errors import NotFound
from bot.store import Store
from bot.store.notifications import Notification
from bot.store.reminders import Reminder
from bot.store.work import now_ms
from bot.web.rescue import apart, for_ever
from bot.web.telling import Telling

log = structlog.get_logger()

EVERY_S = 2.0


class Reminding:
    """Every web process runs one; the store lets only one of them tell."""

    def __init__(self, store: Store, telling: Telling) -> None:
        self._store = store
        self._telling = telling

    async def run(self) -> None:
        """Look for what is due, for ever."""
        await for_ever(self.look, every_s=EVERY_S)

    async def look(self) -> None:
        """Tell each reminder whose time has come, once."""
        for reminder in await self._store.reminders.due(now_ms()):
            await apart(self._tell(reminder), reminder.conversation_id)

    async def _tell(self, reminder: Reminder) -> None:
        url = f"/desk/{quote(reminder.conversation_id, safe='')}"
        account = {one.id: one for one in await self._store.accounts.active()}.get(reminder.account_id)
        mailed = Notification("reminder", f"Herinnering: {reminder.text}", url, at_ms=now_ms())
        mail = await self._telling.mail_of(account, mailed) if account else None
        if not await self._store.reminders.tell(reminder, url, mail=mail):
            return
        log.info("reminder.told", conversation_id=reminder.conversation_id, agent_id=reminder.account_id)
        if not account:
            await self._tell_managers(reminder, url)

    async def _tell_managers(self, reminder: Reminder, url: str) -> None:
        """Whose it was is gone; the customer still counts on it."""
        text = f"Herinnering van {reminder.account_id}, die er niet meer is: {reminder.text}"
        told = Notification("reminder", text, url, reminder.conversation_id, now_ms())
        accounts = await self._store.accounts.active()
        managers = [one for one in accounts if "manager" in one.roles]
        for account in managers or [one for one in accounts if "admin" in one.roles]:
            await self._telling.tell(account, told)
        with suppress(NotFound):
            await self._store.reminders.done(reminder.account_id, reminder.id)
