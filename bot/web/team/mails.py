"""Mails of notifications that wait, and those that never arrived, for whoever manages."""

from __future__ import annotations

from dataclasses import dataclass

from sanic import HTTPResponse, Request

from bot.store.mails import Mail, Problem
from bot.web.access import signed_in
from bot.web.notices.pages import KINDS
from bot.web.pages import render
from bot.web.rights import MANAGERS

SHOWN = 100
_LATER = "De mailserver neemt deze mail nu niet aan."
_PROBLEMS: dict[Problem, str] = {
    "": "",
    "unreachable": "De mailserver antwoordt niet.",
    "not_let_in": "De mailserver neemt onze mail niet aan.",
    "refused": "De mailserver weigert deze mail. Klopt het adres?",
    "address": "Het mailadres van dit account klopt niet.",
    "expired": "De mailserver nam een dag lang niets aan.",
    "broken": "Dit ging bij ons mis. De beheerder vindt meer in het logboek van de server.",
}


@dataclass(frozen=True)
class MailRow:
    """One mail: whom it is for, what about and, in Dutch, why it did not arrive."""

    mail: Mail
    name: str
    kind: str
    problem: str


@dataclass(frozen=True)
class MailsPage:
    """What mails.html shows."""

    is_on: bool
    failed: list[MailRow]
    """Those that are not tried any more, the newest first."""
    waiting: list[MailRow]
    """The oldest first, and not more than a page full."""
    waiting_count: int


@signed_in(*MANAGERS)
async def show_mails(request: Request) -> HTTPResponse:
    """What still has to arrive, and what never did."""
    store = request.app.ctx.store
    names = {one.id: one.name for one in await store.accounts.all()}
    waiting = await store.mails.waiting()
    page = MailsPage(
        is_on=request.app.ctx.mail.is_on,
        failed=[_row(one, names) for one in (await store.mails.failed())[:SHOWN]],
        waiting=[_row(one, names) for one in waiting[:SHOWN]],
        waiting_count=len(waiting),
    )
    return render(request, "team/mails.html", page=page)


def _row(mail: Mail, names: dict[str, str]) -> MailRow:
    status = f" (antwoord {mail.status})" if mail.status else ""
    problem = _LATER if mail.problem == "refused" and mail.status < 500 else _PROBLEMS[mail.problem]
    return MailRow(mail, names.get(mail.account_id, mail.account_id), KINDS[mail.kind], problem + status)
