"""The page where admins see what Meta sent that nothing could be done with, raw, as it is kept for a while."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from bot.store.conversations import ENTRY_ID
from bot.store.inbound import ODD_DAYS, RawEvent
from bot.web.access import signed_in
from bot.web.channels.messenger.config import MessengerConfig
from bot.web.pages import render
from bot.web.rights import ADMINS

blueprint = Blueprint("odd_events")

SHOWN = 50
# Of one event. Meta's are seldom longer than 2,000; the page must stay one that a browser can show.
MAX_CHARS = 20_000
_WHAT = {"failed": "Verwerken mislukte", "not read": "Lezen mislukte"}


@dataclass(frozen=True)
class OddEvent:
    """One event. page: name or id of the Facebook page or Instagram account. why: the inbox's reason, in English."""

    at_ms: int
    page: str
    what: str
    why: str
    raw: str
    is_cut: bool


@dataclass(frozen=True)
class OddEventsPage:
    """days: how long they are kept. older: where the next page begins, empty on the last. is_on: the channel is."""

    events: list[OddEvent]
    days: int
    older: str
    is_first: bool
    is_on: bool


@blueprint.get("/koppelingen/messenger")
@signed_in(*ADMINS)
async def show_odd_events(request: Request) -> HTTPResponse:
    """The newest first; `before` goes on."""
    ctx = request.app.ctx
    before = request.args.get("before", "")
    before = before if ENTRY_ID.fullmatch(before) else ""
    found = await ctx.store.inbound.odd(SHOWN + 1, before=before)
    config = ctx.messenger.config if ctx.messenger else None
    page = OddEventsPage(
        [_odd_event(raw, why, config) for raw, why in found[:SHOWN]],
        min(ODD_DAYS, ctx.settings.retention_days),
        found[SHOWN - 1][0].entry_id if len(found) > SHOWN else "",
        is_first=not before,
        is_on=config is not None,
    )
    return render(request, "hooks/odd_events.html", page=page)


def _odd_event(raw: RawEvent, why: str, config: MessengerConfig | None) -> OddEvent:
    text = _indented(raw.event)
    return OddEvent(
        at_ms=int(raw.entry_id.partition("-")[0]),
        page=_page_name(raw.account_id, config),
        what=_WHAT.get(why.partition(":")[0], "Niet begrepen"),
        why=why,
        raw=text[:MAX_CHARS],
        is_cut=len(text) > MAX_CHARS,
    )


def _indented(event: msgspec.Raw) -> str:
    try:
        return msgspec.json.format(bytes(event), indent=2).decode(errors="replace")
    except (msgspec.MsgspecError, RecursionError):
        return bytes(event).decode(errors="replace")


def _page_name(account_id: str, config: MessengerConfig | None) -> str:
    page = config and (config.page(account_id) or config.page_of_instagram(account_id))
    return page.name if page and page.name else account_id
