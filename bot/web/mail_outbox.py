"""Sends what Mails keeps: one web process does, in turn for each account, and tries for a day."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import structlog

from bot.errors import InvalidMessage, NotFound
from bot.logs import described
from bot.settings import Settings
from bot.store import Store
from bot.store.mails import Mail, Problem
from bot.store.work import now_ms
from bot.web.leading import InHand, Leading
from bot.web.links import site_address
from bot.web.mail import Mailer, MailNotTaken
from bot.web.operations.metrics import Metrics
from bot.web.pages import moment

log = structlog.get_logger()

# Waits after a try at a mail that the server does not take now; the last one is repeated.
RETRIES_S = (60, 300, 900, 3_600, 3 * 3_600)
# The same while it takes none: then it is the server that is waited for, and not each mail.
SERVER_RETRIES_S = (5, 15, 60, 300)
GIVE_UP_MS = 86_400_000
# Who reads it later than this is told when it was.
LATE_MS = 600_000
AT_A_TIME = 4
DUE_READ = 100
EVERY_S, BUSY_S = 1.0, 0.1
# After an error of the server nothing is sent for a while, twice as long each time.
PAUSE_S, MAX_PAUSE_S = 1.0, 60.0
_FOOT = "Je krijgt deze mail omdat mail bij je meldingen aan staat. Uitzetten: {url}"

Outcome = Literal["sent", "retried", "failed", "not_wanted"]


class MailOutbox:
    """What `app.ctx.mail_outbox` is. Every web process has one; one of them sends."""

    def __init__(self, store: Store, mailer: Mailer, settings: Settings, metrics: Metrics) -> None:
        self._store = store
        self._mailer = mailer
        self._metrics = metrics
        self._site_url = site_address(settings)
        self._zone = ZoneInfo(settings.timezone)
        self._in_hand = InHand(AT_A_TIME)
        self._leading = Leading(store.mails_leader, self._turn, self._in_hand)
        self._paused_until_s = 0.0
        self._pause_s = PAUSE_S

    async def run(self) -> None:
        """For ever. Cancel it, then `close`."""
        await self._leading.run()

    async def close(self) -> None:
        await self._leading.close()

    async def _turn(self) -> None:
        due = await self._store.mails.due(now_ms(), DUE_READ)
        if time.monotonic() >= self._paused_until_s:
            for mail in due:
                if self._in_hand.is_full:
                    break
                if not self._in_hand.has(mail.account_id):
                    self._in_hand.begin(mail.account_id, self._send(mail))
        await asyncio.sleep(BUSY_S if due else EVERY_S)

    async def _send(self, mail: Mail) -> None:
        address = await self._address(mail.account_id)
        if not address:
            await self._store.mails.done(mail)
            self._count(mail, "not_wanted")
            return
        try:
            await self._mailer.send(address, mail.text.partition("\n")[0], self._text(mail), message_id=mail.id)
        except InvalidMessage:
            await self._give_up(_tried(mail, "address"))
        except MailNotTaken as exc:
            await self._missed(mail, exc)
        except Exception as exc:  # a mistake of ours, which trying again does not mend
            log.error("mail.broken", error=described(exc))
            await self._give_up(_tried(mail, "broken"))
        else:
            self._pause_s = PAUSE_S
            await self._store.mails.done(mail)
            self._count(mail, "sent")

    async def _address(self, account_id: str) -> str:
        """Empty for who is gone, has none, or wants no mail any more."""
        try:
            account = await self._store.accounts.get(account_id)
        except NotFound:
            return ""
        wants = not account.is_disabled and (await self._store.notifications.choices(account_id)).mail
        return account.email if wants else ""

    async def _missed(self, mail: Mail, exc: MailNotTaken) -> None:
        if exc.is_about_mail:
            tried = _tried(mail, "refused", exc.smtp_code)
            if exc.smtp_code >= 500:
                await self._give_up(tried)
                return
        else:
            tried = _tried(mail, "not_let_in" if exc.smtp_code >= 500 else "unreachable", exc.smtp_code)
            self._paused_until_s = time.monotonic() + self._pause_s
            self._pause_s = min(self._pause_s * 2, MAX_PAUSE_S)
        waits_s = RETRIES_S if exc.is_about_mail else SERVER_RETRIES_S
        next_at_ms = now_ms() + round(waits_s[min(tried.tries, len(waits_s)) - 1] * 1000)
        if next_at_ms - mail.at_ms > GIVE_UP_MS:
            await self._give_up(replace(tried, problem=tried.problem if exc.is_about_mail else "expired"))
            return
        await self._store.mails.later(replace(tried, next_at_ms=next_at_ms))
        self._count(tried, "retried")

    async def _give_up(self, tried: Mail) -> None:
        if await self._store.mails.give_up(tried):
            self._count(tried, "failed")

    def _count(self, mail: Mail, outcome: Outcome) -> None:
        self._metrics.mails.labels(outcome).inc()
        facts = {"mail_id": mail.id, "account_id": mail.account_id, "kind": mail.kind, "tries": mail.tries}
        if outcome in ("retried", "failed"):
            log.warning("mail.missed", given_up=outcome == "failed", problem=mail.problem, status=mail.status, **facts)

    def _text(self, mail: Mail) -> str:
        lines = [mail.text]
        if now_ms() - mail.at_ms > LATE_MS:
            told = moment(datetime.fromtimestamp(mail.at_ms / 1000, self._zone))
            lines += ["", f"Deze melding is van {told}. De mail kon niet eerder weg."]
        if mail.url:
            lines += ["", self._site_url + mail.url]
        lines += ["", "-- ", _FOOT.format(url=self._site_url + "/notifications")]
        return "\n".join(lines)


def _tried(mail: Mail, problem: Problem, status: int = 0) -> Mail:
    return replace(mail, tries=mail.tries + 1, tried_at_ms=now_ms(), problem=problem, status=status)
