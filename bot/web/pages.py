"""HTML pages: Jinja templates, with what all of them need."""

from __future__ import annotations

import hashlib
import re
import time
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from sanic import HTTPResponse, Request
from sanic.response import html

from bot.model import AGENT_PREFIX, ASSISTANT, CLOSED, QUEUE, REASONS, Conversation
from bot.settings import Settings

HERE = Path(__file__).parent
STATIC = HERE / "static"
CHANNELS = {
    "widget": "Website",
    "rest": "Koppeling (REST)",
    "messenger": "Messenger",
    "instagram": "Instagram",
    "comment": "Facebook-reactie",
}
_DESK_PAGE = re.compile(r"/desk/[\w-]+")
# A post, as the note about a comment under it names it.
_POST = re.compile(r"https://www\.facebook\.com/[0-9_]+(?!\S)")
_DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
_MONTHS = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")


def environment(settings: Settings) -> Environment:
    """The templates, with filters for the company's time zone."""
    jinja = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    zone = ZoneInfo(settings.timezone)
    jinja.globals.update(company=settings.company, static=static, module=module)
    # What the button to sign in elsewhere says, empty without one; and whether that is the only way in.
    jinja.globals.update(openid=settings.oidc_issuer and settings.oidc_name, openid_only=settings.oidc_only == "on")
    jinja.filters.update(
        ago=ago,
        clock=lambda ms: f"{datetime.fromtimestamp(ms / 1000, zone):%H:%M}",
        moment=lambda ms: moment(datetime.fromtimestamp(ms / 1000, zone)),
        day=lambda ms: moment(datetime.fromtimestamp(ms / 1000, zone), with_time=False),
        channel=lambda name: CHANNELS.get(name, name),
        reason=lambda code: REASONS.get(code, code),
        owner=owner,
        minutes=minutes,
        desk_links=desk_links,
    )
    return jinja


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTTPResponse:
    """The page that `template` makes of `context`, which also has path, status, account, away and crisis."""
    page = request.app.ctx.jinja.get_template(template)
    known = {"crisis": request.app.ctx.crisis_watch.now}
    known |= {name: getattr(request.ctx, name, None) for name in ("account", "away")}
    return html(page.render(**known, path=request.path, status=status, **context), status=status)


@lru_cache
def static(name: str) -> str:
    """The address of a static file, which changes with its content, so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


@lru_cache
def modules() -> dict[str, Path]:
    """Our scripts, by their name below the static folder."""
    return {str(path.relative_to(STATIC)): path for path in sorted(STATIC.rglob("*.js"))}


@lru_cache
def modules_version() -> str:
    """Changes when any of our scripts does."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in modules().values())).hexdigest()[:10]


def module(name: str) -> str:
    """The address of a script that imports others: theirs begin as it does, so that browsers may keep all of them."""
    return f"/modules/{modules_version()}/{name}"


def ago(ms: int) -> str:
    """How long ago, as in `3 min`."""
    return duration(max(0, int(time.time() - ms / 1000)))


def duration(seconds: int) -> str:
    """As in `3 min`."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86_400:
        return f"{seconds // 3600} u {seconds % 3600 // 60:02d}"
    days = seconds // 86_400
    return "1 dag" if days == 1 else f"{days} dagen"


def minutes(count: int) -> str:
    """So many minutes as people say it: `45 min`, `4 uur`, `2 u 30`."""
    if count < 60:
        return f"{count} min"
    return f"{count // 60} uur" if count % 60 == 0 else f"{count // 60} u {count % 60:02d}"


def desk_links(note: str) -> Markup:
    """A note of ours for agents: where it names another conversation's page or a post on Facebook, that is a link."""
    linked = _DESK_PAGE.sub(r'<a href="\g<0>">ga naar dat gesprek</a>', str(escape(note)))
    post = r'<a href="\g<0>" target="_blank" rel="noopener noreferrer">bekijk het op Facebook</a>'
    return Markup(_POST.sub(post, linked))


def moment(at: datetime, *, with_time: bool = True) -> str:
    """`do 20 nov 14:05`, with the year when it is another one."""
    year = "" if at.year == datetime.now(at.tzinfo).year else f" {at.year}"
    day = f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}{year}"
    return f"{day} {at:%H:%M}" if with_time else day


def owner(conversation: Conversation) -> str:
    """Who has the conversation, in Dutch."""
    if conversation.owner.startswith(AGENT_PREFIX):
        return conversation.agent_name or conversation.agent_id
    return {ASSISTANT: "Assistent", QUEUE: "Wachtrij", CLOSED: "Gesloten"}.get(conversation.owner, conversation.owner)
