"""What a password must be: long, and not what somebody would guess first (NIST SP 800-63B rev. 4, section 3.1.1.2).

No rules about which characters, and nobody has to change it after some time: both make passwords worse.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable

from sanic import Request
from zxcvbn import zxcvbn

from bot.model import Account
from bot.store.accounts import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS, normalised

# What pages say before anybody typed something.
PASSWORD_HINT = (
    f"Minstens {MIN_PASSWORD_CHARS} tekens, liever 15 of meer. Vier losse woorden achter elkaar onthoud je makkelijk "
    "en zijn moeilijk te raden. Hoofdletters en leestekens mogen, maar hoeven niet."
)
# zxcvbn's score goes from 0 to 4; from 3 on it takes more than 10^8 guesses.
_ENOUGH_SCORE = 3
# Of a password, without what is known about its owner, so much must be left.
_MIN_OWN_CHARS = 8
# Its time grows with the length; this much is enough to tell.
_LOOKED_AT_CHARS = 64
# What Dutch people choose; zxcvbn's own lists are English.
_COMMON_DUTCH = (
    "wachtwoord welkom geheim hallo inloggen beheer beheerder medewerker klantenservice vraagbaak nederland amsterdam "
    "rotterdam feyenoord voetbal lente zomer herfst winter maandag dinsdag woensdag donderdag vrijdag zaterdag zondag "
    "januari februari maart april mei juni juli augustus september oktober november december ikhouvanjou schatje "
    "liefde vakantie kerstmis sinterklaas lekker knuffel poesje hondje"
).split()


async def password_problem(request: Request, password: str, account: Account) -> str:
    """What is wrong with it as the account's new password, in Dutch; an empty string if nothing is."""
    password = normalised(password)
    if len(password) < MIN_PASSWORD_CHARS:
        return f"Kies een wachtwoord van minstens {MIN_PASSWORD_CHARS} tekens."
    if len(password) > MAX_PASSWORD_CHARS:
        return f"Kies een wachtwoord van hoogstens {MAX_PASSWORD_CHARS} tekens."
    known = _known_words(request.app.ctx.settings.company, account)
    if _own_part(password, known) < _MIN_OWN_CHARS:
        return "In dit wachtwoord staat vooral de naam van het bedrijf of van jezelf. Dat raadt iemand als eerste."
    if await asyncio.to_thread(_score, password, known) < _ENOUGH_SCORE:
        return "Dit wachtwoord lijkt te veel op wat anderen ook kiezen. Neem bijvoorbeeld vier losse woorden."
    return ""


def _known_words(company: str, account: Account) -> list[str]:
    """What anybody knows: whole, and in words."""
    texts = [company, account.id, account.name, account.email.partition("@")[0]]
    words = {word for text in texts for word in (_letters(text), *map(_letters, re.split(r"[\W_]+", text)))}
    return sorted((word for word in words if len(word) > 2), key=len, reverse=True)


def _own_part(password: str, known: Iterable[str]) -> int:
    """How many letters and digits are left without the known words, the longest first."""
    left = _letters(password)
    for word in known:
        left = left.replace(word, "")
    return len(left) if left != _letters(password) else len(password)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


def _score(password: str, known: list[str]) -> int:
    return int(zxcvbn(password[:_LOOKED_AT_CHARS], user_inputs=[*known, *_COMMON_DUTCH])["score"])
