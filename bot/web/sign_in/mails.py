"""What colleagues get by e-mail: the link to choose a password."""

from __future__ import annotations

from contextlib import suppress

from sanic import Request

from bot.errors import InvalidMessage, UpstreamError
from bot.model import Account
from bot.store.one_time_links import Kind
from bot.web.access import site_url

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
    """The whole address of a one-time link."""
    return f"{site_url(request)}/sign-in/link/{token}"


async def mail_link(request: Request, account: Account, kind: Kind, token: str, *, time: str) -> bool:
    """Whether the mail server took it; without one, or without an address, it does not go at all.

    time: how long the link works, in words.
    """
    if not account.email or not can_mail(request):
        return False
    words = {"company": request.app.ctx.settings.company, "name": account.name, "id": account.id}
    text = _TEXTS[kind].format(url=link_url(request, token), time=time, **words)
    with suppress(UpstreamError, InvalidMessage):
        await request.app.ctx.mail.send(account.email, _SUBJECTS[kind].format(**words), text)
        return True
    return False
