"""My own account: name, e-mail, and where I'm signed in."""

from __future__ import annotations

from dataclasses import dataclass, field

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.store.sessions import Session, session_id
from bot.web.access import SESSION_COOKIE, signed_in
from bot.web.audit.noting import note_deed
from bot.web.form_fields import field as form_field
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.sign_in.account_form import email_errors, name_errors
from bot.web.sign_in.password import current_errors
from bot.web.sign_in.session import end_session_cookie

_NOTICES = {
    "saved": "Je gegevens zijn opgeslagen.",
    "ended": "Dat apparaat is uitgelogd.",
}


@dataclass(frozen=True)
class ProfilePage:
    """What profile.html shows."""

    name: str
    """As typed, or as it is."""
    email: str
    """As typed, or as it is."""
    sessions: list[Session]
    """Where I'm signed in, the one used last first."""
    session_id: str
    """Which of them this is."""
    codes_left: int
    """Recovery codes that are not used yet."""
    said: str = ""
    """What just happened, as a Dutch sentence."""
    errors: dict[str, str] = field(default_factory=dict)
    """Id of the control to Dutch sentence."""


@signed_in()
async def show_profile(request: Request) -> HTTPResponse:
    """Everything on one page."""
    account = request.ctx.account
    return await _page(request, account.name, account.email, said=_NOTICES.get(request.args.get("said", ""), ""))


@signed_in()
async def save_profile(request: Request) -> HTTPResponse:
    """Name and e-mail. A new address needs the password: a link for a new one may go there."""
    account, store = request.ctx.account, request.app.ctx.store
    name, email = line_field(request, "name"), line_field(request, "email")
    errors = name_errors(name) | email_errors(email)
    if not errors and email != account.email:
        errors = await current_errors(request, form_field(request, "current"))
    if errors:
        return await _page(request, name, email, errors=errors, status=400)
    await store.accounts.change(account.id, name=name, email=email)
    if email != account.email:
        await store.links.revoke(account.id)
    changed = [what for what, is_new in (("name", name != account.name), ("email", email != account.email)) if is_new]
    if changed:
        what = ", ".join(changed)
        await note_deed(request, "account.changed", account.id, what)
    return redirect("/account?said=saved", status=303)


@signed_in()
async def end_session(request: Request, session: str) -> HTTPResponse:
    """Sign one of my browsers out."""
    store, account = request.app.ctx.store, request.ctx.account
    await store.sessions.end_one(account.id, session)
    await note_deed(request, "session.ended", account.id)
    return redirect("/account?said=ended#sessions", status=303)


@signed_in()
async def end_all_sessions(request: Request) -> HTTPResponse:
    """Sign all of my browsers out, this one too."""
    store, account = request.app.ctx.store, request.ctx.account
    await store.sessions.end_all(account.id)
    await note_deed(request, "session.all_ended", account.id)
    response = redirect("/sign-in?said=out", status=303)
    end_session_cookie(request, response)
    return response


async def _page(
    request: Request,
    name: str,
    email: str,
    *,
    said: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HTTPResponse:
    account, store = request.ctx.account, request.app.ctx.store
    page = ProfilePage(
        name=name,
        email=email,
        sessions=await store.sessions.all(account.id),
        session_id=session_id(request.cookies.get(SESSION_COOKIE) or ""),
        codes_left=await store.second_factor.codes_left(account.id) if account.has_totp else 0,
        said=said,
        errors=errors or {},
    )
    return render(request, "sign_in/profile.html", status=status, page=page)
