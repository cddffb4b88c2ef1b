"""What colleagues get by e-mail: the link to choose a password."""

from __future__ import annotations

from contextlib import suppress

from sanic import Request

from bot.errors import InvalidMessage, UpstreamError
from bot.model import Account
from bot.store.one_time_links import Kind
from bot.web.access import site_url
from bot.web.links import site_address

_SUBJECTS: dict[Kind, str] = {"invitation": "Je account bij {company}", "reset": "Een nieuw wachtwoord voor {company}"}
_TEXTS: dict[Kind, str] = {
    "invitation": """Hallo {name},

Er is een account voor je gemaakt bij {company}. Je inlognaam is: {id}

Kies een wachtwoord via deze link. De link werkt één keer, en maar {time}:
{url}

Verwacht je dit bericht niet? Dan hoef je niets te doen.
""",
    "reset": """Hallo {name},

Kies een nieuw wachtwoord via deze link. De link werkt één keer, en maar {time}:
{url}

Je inlognaam is: {id}

Heb je hier niet om gevraagd? Dan hoef je niets te doen: je wachtwoord blijft zoals het is.
""",
}


def can_mail(request: Request) -> bool:
    """Whether there is a mail server to send with."""
    return bool(request.app.ctx.mail.is_on)


def link_url(request: Request, token: str) -> str:
    """The whole address of a one-time link, for a page that the reader of this request sees."""
    return _under(site_url(request), token)


async def mail_link(request: Request, account: Account, kind: Kind, token: str, *, time: str) -> bool:
    """Whether the mail server took it; without one, or without an address, it does not go at all.

    time: how long the link works, in words.
    """
    if not account.email or not can_mail(request):
        return False
    words = {"company": request.app.ctx.settings.company, "name": account.name, "id": account.id}
    # Never the address that the request names: anybody may ask for a link, and would have it lead to a site of theirs.
    url = _under(site_address(request.app.ctx.settings), token)
    text = _TEXTS[kind].format(url=url, time=time, **words)
    with suppress(UpstreamError, InvalidMessage):
        await request.app.ctx.mail.send(account.email, _SUBJECTS[kind].format(**words), text)
        return True
    return False


def _under(site: str, token: str) -> str:
    return f"{site}/sign-in/link/{token}"
