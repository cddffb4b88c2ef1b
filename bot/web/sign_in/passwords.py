"""Checking and making passwords."""

from __future__ import annotations

import secrets

from sanic import Request

from bot.model import Account
from bot.web.sign_in.attempts import attempts_of

# Without what is easily misread (0 O 1 l I): a first password is often read out. 16 of these are 92 bits.
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP_LENGTH = 4, 4


async def check_password(request: Request, account_id: str, password: str) -> Account:
    """The account, if the password is right. Raises NotSignedIn, TooManyAttempts."""
    attempts, who = attempts_of(request), (account_id[:40], request.client_ip)
    attempts.count(*who)
    account: Account = await request.app.ctx.store.accounts.verify(account_id, password)
    attempts.forget(*who)
    return account


def new_password() -> str:
    """A password that nobody had before, as in `kfTq-7mPb-x3Wd-HnRs`."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)
