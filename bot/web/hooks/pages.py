"""The pages for webhooks, for admins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.store.hooks import KEPT, MAX_HOOKS, Delivery, Hook
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.hooks.delivering import new_test, redelivery
from bot.web.hooks.form import EVENT_HELP, HookForm
from bot.web.pages import render
from bot.web.rights import ADMINS

_PROBLEMS = {
    "timeout": "geen antwoord binnen 10 seconden",
    "connection": "geen verbinding",
    "not_allowed": "het adres mag niet",
    "off": "de webhook stond uit",
    "too_many": "er wachtten te veel berichten",
    "broken": "dit ging bij ons mis",
}
_STATES = {"waiting": "Wacht", "delivered": "Aangekomen", "failed": "Mislukt", "dropped": "Niet verstuurd"}
_NOTICES = {
    "saved": ("good", "De webhook is opgeslagen."),
    "arrived": ("good", "Het bericht is aangekomen."),
    "missed": ("bad", "Het bericht kwam niet aan. In de lijst staat waarom."),
    "removed": ("good", "De webhook is verwijderd."),
}


@dataclass(frozen=True)
class HookRow:
    """One webhook in the list."""

    hook: Hook
    host: str
    state: str  # in Dutch
    kind: str  # of its badge


@dataclass(frozen=True)
class HooksPage:
    """What list.html shows."""

    rows: list[HookRow]
    """The oldest first."""
    form: HookForm = field(default_factory=HookForm)
    """The form for a new one, as it was sent."""
    errors: dict[str, str] = field(default_factory=dict)
    """What is wrong with the form: id of the control to Dutch sentence."""
    notice: tuple[str, str] | None = None
    """What just happened: kind and Dutch sentence."""
    connector: str = ""
    """Where conversations go instead of our own desk; empty for nowhere."""
    has_messenger: bool = False
    """Whether there is a page about what Meta sent."""


@dataclass(frozen=True)
class DeliveryRow:
    """One line of the log."""

    delivery: Delivery
    event: str  # in Dutch
    state: str  # in Dutch
    kind: str  # of its badge
    answer: str  # what the receiver said, in Dutch


@dataclass(frozen=True)
class HookPage:
    """What hook.html shows."""

    row: HookRow
    form: HookForm
    """Its settings, as stored or as sent."""
    deliveries: list[DeliveryRow]
    """The newest first."""
    errors: dict[str, str] = field(default_factory=dict)
    """What is wrong with the form: id of the control to Dutch sentence."""
    notice: tuple[str, str] | None = None
    """What just happened: kind and Dutch sentence."""
    secret: str = ""
    """The secret, this once."""
    is_renewed: bool = False
    """Whether there is an earlier secret that still counts."""


@signed_in(*ADMINS)
async def show_list(request: Request) -> HTTPResponse:
    """Every webhook, and the form for a new one."""
    return await _list_page(request, notice=_notice(request))


@signed_in(*ADMINS)
async def create(request: Request) -> HTTPResponse:
    """A new webhook; its secret is on the page that comes back, and nowhere else."""
    store, form = request.app.ctx.store, HookForm.read(request)
    errors = form.errors(private=request.app.ctx.hooks.allows_private)
    if not errors and len(await store.hooks.all()) >= MAX_HOOKS:
        errors[""] = f"Er zijn al {MAX_HOOKS} webhooks. Verwijder er eerst een."
    if errors:
        return await _list_page(request, 400, form=form, errors=errors)
    hook = await store.hooks.create(form.url, form.events, with_text=form.with_text)
    await _note(request, "hook.created", hook)
    return await _hook_page(request, hook, 201, secret=hook.secret)


@signed_in(*ADMINS)
async def show_one(request: Request, hook_id: str) -> HTTPResponse:
    """One webhook with its log."""
    hook = await request.app.ctx.store.hooks.get(hook_id)
    return await _hook_page(request, hook, notice=_notice(request))


@signed_in(*ADMINS)
async def save(request: Request, hook_id: str) -> HTTPResponse:
    """Change a webhook; one that was switched off begins anew."""
    store, form = request.app.ctx.store, HookForm.read(request)
    hook = await store.hooks.get(hook_id)
    errors = form.errors(private=request.app.ctx.hooks.allows_private)
    if errors:
        return await _hook_page(request, hook, 400, form=form, errors=errors)
    await store.hooks.save(replace(hook, url=form.url, events=form.events, with_text=form.with_text, is_on=form.is_on))
    await _note(request, "hook.saved", hook)
    return _to(hook_id, "saved")


@signed_in(*ADMINS)
async def test(request: Request, hook_id: str) -> HTTPResponse:
    """Send a test now."""
    hook = await request.app.ctx.store.hooks.get(hook_id)
    return await _try_now(request, hook, new_test(hook))


@signed_in(*ADMINS)
async def again(request: Request, hook_id: str, delivery_id: str) -> HTTPResponse:
    """Send one again, now."""
    hook, delivery = await redelivery(request.app.ctx.store, hook_id, delivery_id)
    return await _try_now(request, hook, delivery)


@signed_in(*ADMINS)
async def renew_secret(request: Request, hook_id: str) -> HTTPResponse:
    """A new secret, on the page that comes back; the one before counts a day longer."""
    hook = await request.app.ctx.store.hooks.renew_secret(hook_id)
    await _note(request, "hook.secret_renewed", hook)
    return await _hook_page(request, hook, 201, secret=hook.secret)


@signed_in(*ADMINS)
async def remove(request: Request, hook_id: str) -> HTTPResponse:
    """Remove a webhook, with its log."""
    store = request.app.ctx.store
    hook = await store.hooks.get(hook_id)
    await store.hooks.remove(hook_id)
    await _note(request, "hook.removed", hook)
    return redirect("/koppelingen?notice=removed", status=303)


async def _try_now(request: Request, hook: Hook, delivery: Delivery) -> HTTPResponse:
    tried = await request.app.ctx.hooks.try_now(hook, delivery)
    return _to(hook.id, "arrived" if 200 <= tried.status < 300 else "missed")


async def _note(request: Request, what: str, hook: Hook) -> None:
    await note_deed(request, what, hook.id, _host(hook))


async def _list_page(
    request: Request,
    status: int = 200,
    *,
    form: HookForm | None = None,
    errors: dict[str, str] | None = None,
    notice: tuple[str, str] | None = None,
) -> HTTPResponse:
    hooks = await request.app.ctx.store.hooks.all()
    page = HooksPage(
        [_row(hook) for hook in hooks],
        form or HookForm(),
        errors or {},
        notice,
        await _connector(request),
        has_messenger=request.app.ctx.messenger is not None,
    )
    return render(request, "hooks/list.html", status, page=page, event_help=EVENT_HELP)


async def _hook_page(
    request: Request,
    hook: Hook,
    status: int = 200,
    *,
    form: HookForm | None = None,
    errors: dict[str, str] | None = None,
    notice: tuple[str, str] | None = None,
    secret: str = "",
) -> HTTPResponse:
    deliveries = await request.app.ctx.store.hooks.deliveries(hook.id)
    page = HookPage(
        _row(hook),
        form or HookForm.of(hook),
        [_delivery_row(one) for one in deliveries[:KEPT]],
        errors or {},
        notice,
        secret,
        is_renewed=hook.old_secret_until_ms > now_ms(),
    )
    return render(request, "hooks/hook.html", status, page=page, event_help=EVENT_HELP)


async def _connector(request: Request) -> str:
    """One sentence or two; empty without a connector."""
    chatwoot = request.app.ctx.chatwoot
    if chatwoot is None:
        return ""
    text = f"Gesprekken voor een medewerker gaan naar Chatwoot: {urlsplit(chatwoot.config.url).netloc}."
    trouble = await request.app.ctx.store.chatwoot.trouble()
    if trouble is None:
        return text
    why = "weigert onze berichten" if trouble.what == "refused" else "is niet bereikbaar"
    return f"{text} Chatwoot {why}. Nieuwe gesprekken blijven zolang in onze eigen wachtrij."


def _row(hook: Hook) -> HookRow:
    return HookRow(hook, _host(hook), *_state(hook))


def _state(hook: Hook) -> tuple[str, str]:
    if hook.off_reason:
        return "Uitgezet", "bad"
    if not hook.is_on:
        return "Staat uit", ""
    if hook.lost_until_ms:
        return "Mist berichten", "bad"
    return ("Lukt nu niet", "warn") if hook.failing_since_ms else ("Werkt", "good")


def _delivery_row(delivery: Delivery) -> DeliveryRow:
    kind = {"delivered": "good", "failed": "bad", "waiting": "warn"}.get(delivery.state, "")
    answer = f"HTTP {delivery.status}" if delivery.status else _PROBLEMS.get(delivery.problem, "")
    event = "Proef" if delivery.type == "test" else EVENT_HELP.get(delivery.type, delivery.type)
    return DeliveryRow(delivery, event, _STATES[delivery.state], kind, answer)


def _host(hook: Hook) -> str:
    return urlsplit(hook.url).netloc


def _notice(request: Request) -> tuple[str, str] | None:
    return _NOTICES.get(request.args.get("notice", ""))


def _to(hook_id: str, notice: str) -> HTTPResponse:
    return redirect(f"/koppelingen/webhooks/{hook_id}?notice={notice}", status=303)
