"""Who a bearer token of the API is."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict

from bot.errors import NotFound, NotSignedIn, TooManyRequests
from bot.model import PROGRAM_NAME, TOKEN_PREFIX, Account
from bot.store import Store
from bot.store.attempts import Limit
from bot.store.tokens import ApiToken
from bot.web.rights import covered

# Who acts when the bearer token of BOT_API_TOKEN does.
API_ACCOUNT = Account("api", PROGRAM_NAME, ("admin",))

# Wrong ones from one address. After that only tokens that were right before, in this process, are looked at: whoever
# guesses learns nothing, and nobody behind the same proxy is shut out.
WRONG_PER_ADDRESS = Limit("tokens", 100, 300)
KNOWN = 1_000


def is_program(account_id: str) -> bool:
    """Whether it is a program that uses the API, and no person."""
    return account_id == API_ACCOUNT.id or account_id.startswith(TOKEN_PREFIX)


class BearerTokens:
    """BOT_API_TOKEN, and the tokens that people made."""

    def __init__(self, store: Store, api_token: str) -> None:
        self._store = store
        self._api_token = api_token.encode()
        self._known: OrderedDict[bytes, None] = OrderedDict()

    async def account(self, header: str, address: str) -> Account:
        """Who comes with this Authorization header. Raises NotSignedIn, TooManyRequests, StoreUnavailable."""
        digest = hashlib.sha256(header.encode(errors="surrogateescape")).digest()
        if digest not in self._known and await self._store.attempts.is_reached(WRONG_PER_ADDRESS, address):
            raise TooManyRequests("too many wrong tokens from this address; wait five minutes")
        try:
            account = await self._find(header)
        except NotSignedIn:
            self._known.pop(digest, None)
            await self._store.attempts.add(WRONG_PER_ADDRESS, address)
            raise
        self._known[digest] = None
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        return account

    async def _find(self, header: str) -> Account:
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn("expected the header 'Authorization: Bearer ...'")
        # A header's value as it came: Sanic keeps bytes that are no UTF-8 as surrogates.
        given = text.strip().encode(errors="surrogateescape")
        if self._api_token and hmac.compare_digest(given, self._api_token):
            return API_ACCOUNT
        token = await self._store.tokens.verify(text.strip())
        if token.account_id and not has_backing(token, await self._owner(token)):
            raise NotSignedIn("the account that the token belongs to is gone, or does not have its role any more")
        return token.account

    async def _owner(self, token: ApiToken) -> Account | None:
        try:
            owner: Account = await self._store.accounts.get(token.account_id)
        except NotFound:
            return None
        return owner


def has_backing(token: ApiToken, owner: Account | None) -> bool:
    """Whether the account of a token still may what the token may. It goes with the account."""
    if owner is None or owner.is_disabled:
        return False
    # A later account of the same name is somebody else's.
    return owner.created_at_ms <= token.created_at_ms and token.role in covered(owner.roles)
