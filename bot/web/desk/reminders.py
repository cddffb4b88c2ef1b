"""A reminder on a conversation: what, when, and for whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request

from bot.errors import InvalidMessage
from bot.model import Account, Conversation
from bot.store.reminders import MAX_TEXT_CHARS, Reminder
from bot.web.desk import words
from bot.web.desk.asked import agents_only, to_page
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.rights import AGENTS

MAX_DAYS = 365


@dataclass(frozen=True)
class ReminderForm:
    """As it was typed."""

    text: str = ""
    day: str = ""
    time: str = "09:00"
    account: str = ""

    @classmethod
    def read(cls, request: Request) -> ReminderForm:
        """From the fields of a request."""
        return cls(**{name: line_field(request, name) for name in cls.__dataclass_fields__})

    def at_ms(self, zone: ZoneInfo) -> int:
        """When it is due, 0 if that can't be read."""
        try:
            at = datetime.fromisoformat(f"{self.day}T{self.time}")
        except ValueError:
            return 0
        return int(at.replace(tzinfo=zone).timestamp() * 1000)

    def errors(self, accounts: list[Account], zone: ZoneInfo) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence."""
        errors = {}
        if not 1 <= len(self.text) <= MAX_TEXT_CHARS:
            errors["text"] = f"Schrijf op wat je wilt doen, in hoogstens {MAX_TEXT_CHARS} tekens."
        ahead_ms = self.at_ms(zone) - int(datetime.now(zone).timestamp() * 1000)
        if not 0 < ahead_ms <= MAX_DAYS * 86_400_000:
            errors["day"] = "Kies een dag en tijd die nog komen, hoogstens een jaar vooruit."
        if self.account not in {one.id for one in accounts}:
            errors["account"] = "Kies voor wie het is."
        return errors


@dataclass(frozen=True)
class ReminderPage:
    """What reminder.html shows."""

    conversation: Conversation
    url: str
    who: str
    form: ReminderForm
    accounts: list[Account]
    mine: list[Reminder]
    """The reader's own of this conversation."""
    errors: dict[str, str] = field(default_factory=dict)


@agents_only
async def show_reminder(request: Request, conversation_id: str) -> HTTPResponse:
    """The form, for tomorrow morning."""
    tomorrow = (datetime.now(_zone(request)) + timedelta(days=1)).date()
    return await _page(request, ReminderForm(day=tomorrow.isoformat(), account=request.ctx.account.id))


@agents_only
async def remind(request: Request, conversation_id: str) -> HTTPResponse:
    """Make it, and go back to the conversation."""
    store, form = request.app.ctx.store, ReminderForm.read(request)
    conversation = await store.conversations.get(asked_id(request))
    errors = form.errors(await _agents(request), _zone(request))
    if not errors:
        by = request.ctx.account.id
        try:
            await store.reminders.add(
                Reminder(form.account, conversation.id, form.text, form.at_ms(_zone(request)), by)
            )
        except InvalidMessage:
            errors["account"] = "Er staan al heel veel herinneringen op de lijst. Ruim eerst op."
    if errors:
        return await _page(request, form, 400, errors)
    return to_page(request)


async def _page(
    request: Request, form: ReminderForm, status: int = 200, errors: dict[str, str] | None = None
) -> HTTPResponse:
    store = request.app.ctx.store
    conversation = await store.conversations.get(asked_id(request))
    reminders = await store.reminders.of_account(request.ctx.account.id)
    page = ReminderPage(
        conversation=conversation,
        url=words.page_url(conversation.id),
        who=words.customer_name(conversation),
        form=form,
        accounts=await _agents(request),
        mine=[one for one in reminders if one.conversation_id == conversation.id],
        errors=errors or {},
    )
    return render(request, "desk/reminder.html", status=status, page=page)


async def _agents(request: Request) -> list[Account]:
    """Who can be reminded: whoever has the desk, by name."""
    accounts = await request.app.ctx.store.accounts.all()
    found = [one for one in accounts if set(AGENTS) & set(one.roles) and not one.is_disabled]
    return sorted(found, key=lambda one: one.name.casefold())


def _zone(request: Request) -> ZoneInfo:
    return ZoneInfo(request.app.ctx.settings.timezone)
