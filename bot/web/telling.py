"""Tells accounts what they should know: on our pages, and by mail to who wants that."""

from __future__ import annotations

import structlog

from bot.model import Account
from bot.store import Store
from bot.store.mails import Mail
from bot.store.notifications import Notification
from bot.store.work import now_ms
from bot.web.mail import Mailer

log = structlog.get_logger()


class Telling:
    """Notifications are stored at once, with the mail that is to go out; MailOutbox sends it."""

    def __init__(self, store: Store, mail: Mailer) -> None:
        self._store = store
        self._mail = mail

    async def tell(self, account: Account, notification: Notification) -> None:
        """On our pages, and by mail. Raises StoreUnavailable."""
        await self._store.notifications.tell(account.id, notification, mail=await self.mail_of(account, notification))

    async def mail_of(self, account: Account, notification: Notification) -> Mail | None:
        """What goes with a notification; None for who has no address, or wants none. Raises StoreUnavailable."""
        if not self._mail.is_on or not account.email:
            return None
        if not (await self._store.notifications.choices(account.id)).mail:
            return None
        if await self._store.mails.is_full():
            log.error("mail.dropped", account_id=account.id, kind=notification.kind)
            return None
        return Mail(account.id, notification.kind, notification.text, notification.url, notification.at_ms or now_ms())
