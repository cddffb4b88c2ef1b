"""Tells accounts what they should know: on our pages, and by mail to who wants that."""

from __future__ import annotations

import asyncio

import structlog

from bot.errors import BotError
from bot.logs import described
from bot.model import Account
from bot.settings import Settings
from bot.store import Store
from bot.store.notifications import Notification
from bot.web.mail import Mailer

log = structlog.get_logger()

# A slow mail server keeps nobody waiting; this many mails are on their way at once.
MAILS_AT_ONCE = 4
MAX_MAILS_WAITING = 500
_FOOT = "Je krijgt deze mail omdat mail bij je meldingen aan staat. Uitzetten: {url}"


class Telling:
    """Notifications are stored at once; mail goes out beside what else happens, and is tried once."""

    def __init__(self, store: Store, mail: Mailer, settings: Settings) -> None:
        self._store = store
        self._mail = mail
        self._site_url = site_address(settings)
        self._mails: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(MAILS_AT_ONCE)

    async def tell(self, account: Account, notification: Notification) -> None:
        """On our pages, and by mail. Raises StoreUnavailable."""
        await self._store.notifications.tell(account.id, notification)
        await self.mail(account, notification)

    async def mail(self, account: Account, notification: Notification) -> None:
        """By mail alone, for what is on our pages already; nothing for who has no address, or wants none."""
        if not self._mail.is_on or not account.email or len(self._mails) >= MAX_MAILS_WAITING:
            return
        if not (await self._store.notifications.choices(account.id)).mail:
            return
        task = asyncio.create_task(self._send(account.email, notification))
        self._mails.add(task)
        task.add_done_callback(self._mails.discard)

    async def close(self) -> None:
        """Give mails on their way a moment."""
        if self._mails:
            _, late = await asyncio.wait(self._mails, timeout=1.0)
            for task in late:
                task.cancel()

    async def _send(self, address: str, notification: Notification) -> None:
        lines = [notification.text]
        if notification.url:
            lines += ["", self._site_url + notification.url]
        lines += ["", "-- ", _FOOT.format(url=self._site_url + "/notifications")]
        subject = notification.text.partition("\n")[0]
        async with self._slots:
            try:
                await self._mail.send(address, subject, "\n".join(lines))
            except BotError:
                return  # logged by the mailer; the notification is on our pages
            except Exception as exc:
                log.error("mail.broken", error=described(exc))


def site_address(settings: Settings) -> str:
    """Where people find our pages, for what is read elsewhere."""
    return settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
