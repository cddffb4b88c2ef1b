"""An agent's turn: the next conversation that waits for them, and whether they are there."""

from __future__ import annotations

import re

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.web.desk import words
from bot.web.desk.asked import agents_only, list_choice
from bot.web.form_fields import field

# A page of the desk, to go back to.
_DESK_PAGE = re.compile(r"/desk(/[\w%.~-]+)?")


@agents_only
async def take_next(request: Request) -> HTTPResponse:
    """Claim what this agent should do next and show it; without anything, the desk says so."""
    conversation = await request.app.ctx.assignment.next_for(request.ctx.account)
    if conversation is None:
        return redirect("/desk?said=nobody", status=303)
    # The box to answer in has the focus: the agent types on.
    return redirect(f"{words.page_url(conversation.id)}{list_choice(request).query}#reply", status=303)


@agents_only
async def set_away(request: Request) -> HTTPResponse:
    """`away` is 1 for who is not there for a while: they are given nothing by itself; 0 for who is back."""
    await request.app.ctx.store.agents.set_away(request.ctx.account.id, field(request, "away") == "1")
    back = field(request, "back")
    return redirect(back if _DESK_PAGE.fullmatch(back) else "/desk", status=303)
