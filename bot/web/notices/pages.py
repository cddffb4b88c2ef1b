"""The page with notifications and reminders, and the number on the bell."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from sanic import HTTPResponse, Request
from sanic.response import empty, json, redirect

from bot.errors import NotFound
from bot.store.mails import Kind
from bot.store.notifications import Choices, Notification
from bot.store.reminders import Reminder
from bot.web.access import signed_in, wants_fragment
from bot.web.form_fields import field
from bot.web.pages import render

KINDS: dict[Kind, str] = {
    "promise": "Belofte",
    "mention": "Genoemd",
    "reminder": "Herinnering",
    "assigned": "Nieuw gesprek",
    "webhook": "Koppeling",
    "rating": "Beoordeling",
    "answer": "Antwoord",
}


@dataclass(frozen=True)
class Shown:
    """One notification on the page."""

    notification: Notification
    kind: str
    is_new: bool


@dataclass(frozen=True)
class ShownReminder:
    """One reminder of the account, due or not."""

    reminder: Reminder
    url: str
    by: str
    """Who made it, empty for oneself."""


@dataclass(frozen=True)
class NotificationsPage:
    """What notifications.html shows."""

    notifications: list[Shown]
    unread: int
    reminders: list[ShownReminder]
    choices: Choices
    mail_is_on: bool
    has_address: bool
    saved: bool


@signed_in()
async def show_notifications(request: Request) -> HTTPResponse:
    """The newest first; they count as new until the page's script, or its button, says otherwise."""
    store, account = request.app.ctx.store, request.ctx.account
    unread = await store.notifications.unread(account.id)
    latest = await store.notifications.latest(account.id)
    names = {one.id: one.name for one in await store.accounts.all()}
    page = NotificationsPage(
        notifications=[Shown(one, KINDS[one.kind], place < unread) for place, one in enumerate(latest)],
        unread=unread,
        reminders=[_shown_reminder(one, names, account.id) for one in await store.reminders.of_account(account.id)],
        choices=await store.notifications.choices(account.id),
        mail_is_on=request.app.ctx.mail.is_on,
        has_address=bool(account.email),
        saved="saved" in request.args,
    )
    return render(request, "notices/notifications.html", page=page)


@signed_in()
async def count_unread(request: Request) -> HTTPResponse:
    """For the bell and the bar about a crisis. crisis_until: when that ends, as people read it; empty without one."""
    ctx, crisis = request.app.ctx, request.app.ctx.crisis_watch.now
    until = ctx.jinja.filters["moment"](crisis.until_ms) if crisis else ""
    return json({"unread": await ctx.store.notifications.unread(request.ctx.account.id), "crisis_until": until})


@signed_in()
async def mark_read(request: Request) -> HTTPResponse:
    """All that there is was seen."""
    await request.app.ctx.store.notifications.mark_read(request.ctx.account.id)
    return empty() if wants_fragment(request) else redirect("/notifications", status=303)


@signed_in()
async def choose(request: Request) -> HTTPResponse:
    """Whether mail is wanted too."""
    choices = Choices(mail=field(request, "mail") == "on")
    await request.app.ctx.store.notifications.choose(request.ctx.account.id, choices)
    return redirect("/notifications?saved=1", status=303)


@signed_in()
async def reminder_done(request: Request, reminder_id: str) -> HTTPResponse:
    """Tick off one of one's own; twice is once."""
    with suppress(NotFound):
        await request.app.ctx.store.reminders.done(request.ctx.account.id, reminder_id)
    return redirect("/notifications#reminders", status=303)


def _shown_reminder(reminder: Reminder, names: dict[str, str], account_id: str) -> ShownReminder:
    by = "" if reminder.by == account_id else names.get(reminder.by, reminder.by)
    return ShownReminder(reminder, f"/desk/{quote(reminder.conversation_id, safe='')}", by)
