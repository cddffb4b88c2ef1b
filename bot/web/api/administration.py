"""The audit log and the tokens over the API."""

from __future__ import annotations

from sanic import Request

from bot.web.api.description import Parameter
from bot.web.api.mounting import number_of, operation, text_of
from bot.web.api.shapes import AuditList, Done, NewToken, Token, TokenList, TokenMade
from bot.web.rights import ADMINS, MANAGERS
from bot.web.tokens.pages import note, revoke

MOST = 500


@operation(
    "GET",
    "/audit",
    *MANAGERS,
    summary="Who did what, the newest first",
    query=(
        Parameter("account", "Id of who did it, or to whose account it was done."),
        Parameter("kind", "What it is about: the part of `what` before the dot."),
        Parameter("before", "`before` of the page before; without it, the newest."),
        Parameter("limit", f"How many at most, 1 to {MOST}; 100 without it.", "integer"),
    ),
    gives=AuditList,
    errors=(400,),
)
async def audit(request: Request) -> AuditList:
    found = await request.app.ctx.store.audit.search(
        account_id=text_of(request, "account"),
        kind=text_of(request, "kind"),
        before=text_of(request, "before"),
        limit=number_of(request, "limit", default=100, most=MOST),
    )
    return AuditList(list(found.entries), found.before)


@operation("GET", "/tokens", *ADMINS, summary="Everybody's tokens, the newest first", gives=TokenList)
async def tokens(request: Request) -> TokenList:
    return TokenList([Token.of(token) for token in await request.app.ctx.store.tokens.all()])


@operation(
    "POST",
    "/tokens",
    *ADMINS,
    summary="Make a token of the installation; its text is in this answer only",
    takes=NewToken,
    gives=TokenMade,
    errors=(400, 409),
)
async def create_token(request: Request, body: NewToken) -> TokenMade:
    token, text = await request.app.ctx.store.tokens.create(
        body.name, body.role, created_by=request.ctx.account.id, days=body.days
    )
    await note(request, "token.created", token)
    return TokenMade(Token.of(token), text)


@operation("DELETE", "/tokens/{id}", *ADMINS, summary="End anybody's token", gives=Done, errors=(404,))
async def revoke_token(request: Request, token_id: str) -> Done:
    await revoke(request, await request.app.ctx.store.tokens.get(token_id))
    return Done()
