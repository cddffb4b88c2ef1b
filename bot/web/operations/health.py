"""`/health/live`: this process answers. `/health/ready`: every part of the path works, or which one doesn't."""

from __future__ import annotations

from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json

from bot.errors import StoreUnavailable
from bot.model import ModelRecord
from bot.store.work import now_ms

blueprint = Blueprint("health", url_prefix="/health")

# The web processes give what is overdue to a human within this.
RESCUED_WITHIN_MS = 1_000
# Events of Meta have their effect within a second; those of after a failure wait a few for each other.
EVENTS_WITHIN_S = 60.0
# A receiver that takes long holds up its own deliveries.
HOOKS_WITHIN_S = 300.0
# A mail server may ask to come back later.
MAILS_WITHIN_S = 900.0


@blueprint.get("/live")
async def live(_: Request) -> HTTPResponse:
    return json({"ok": True})


@blueprint.get("/ready")
async def ready(request: Request) -> HTTPResponse:
    """503 when a part is down that the path needs. Without the assistant customers still reach humans, so balance on
    /health/live. degraded: parts that are down and that the path can do without."""
    parts = await _parts(request)
    down = [name for name, part in parts.items() if not part["ok"]]
    degraded = [name for name in down if not parts[name].get("essential", True)]
    ok = down == degraded
    return json({"ok": ok, "degraded": degraded, "parts": parts}, status=200 if ok else 503)


async def _parts(request: Request) -> dict[str, dict[str, Any]]:
    store, turn_timeout_s = request.app.ctx.store, request.app.ctx.settings.turn_timeout_s
    try:
        state = await store.state()
        alive = await store.work.alive()
        active = await store.models.active()
        trainer = await _trainer(request)
        late = await store.work.overdue(int(turn_timeout_s * 1000) + RESCUED_WITHIN_MS)
        messenger = await _messenger(request)
        outside = {**await _mail(request), **await _hooks(request), **await _chatwoot(request)}
    except StoreUnavailable as exc:
        unknown = {"ok": False, "reason": "unknown while Redis is down"}
        messenger = {"messenger": unknown} if request.app.ctx.messenger else {}
        search = {**unknown, "essential": False}
        return {"redis": _redis(str(exc)), "assistant": unknown, "model": unknown, "search": search, **messenger}
    return {
        "redis": _redis(state.problem, state.warnings),
        "assistant": _assistant(alive, active, len(late), turn_timeout_s),
        "model": _model(active),
        # Agents can't search, which no customer notices.
        "search": {**request.app.ctx.search.health(), "essential": False},
        **trainer,
        **messenger,
        **outside,
    }


def _redis(problem: str, warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    """Not ok when messages are not stored or not safe; a warning is something to mend while all goes on."""
    return {"ok": not problem, "reason": problem or "stores what it is given", "warnings": list(warnings)}


def _assistant(alive: dict[str, str], active: ModelRecord | None, late: int, turn_timeout_s: float) -> dict[str, Any]:
    """Another model than the active one is said, but answers customers: only one that goes on is worth an alarm."""
    if not alive:
        return {"ok": False, "reason": "no assistant runs; messages go to the human queue", "running": []}
    running = [{"name": name, **msgspec.json.decode(about)} for name, about in sorted(alive.items())]
    if late:
        reason = f"{len(running)} running, but customers wait longer than BOT_TURN_TIMEOUT_S ({turn_timeout_s:g} s)"
        return {"ok": False, "reason": reason, "running": running}
    return {"ok": True, "reason": f"{len(running)} running{_not_active(running, active)}", "running": running}


def _not_active(running: list[dict[str, Any]], active: ModelRecord | None) -> str:
    """What to add about assistants that answer with another model than the active one."""
    other = sum(one.get("model") != active.name for one in running) if active else 0
    if not active or not other:
        return ""
    refused = sum(one.get("refused") == active.name for one in running)
    why = f"; {refused} refused that one, their log says why" if refused else ""
    return f", {other} of them with another model than {active.name}, the active one{why}"


def _model(active: Any) -> dict[str, Any]:
    if active is None:
        return {"ok": False, "reason": "no model was trained yet; `make train` does"}
    return {"ok": True, "reason": active.name, "trained_at_ms": active.trained_at_ms, "card": _public(active.card)}


def _public(card: dict[str, Any]) -> dict[str, Any]:
    """The card for everybody: who let a model answer that fails test messages, and why, is for those who sign in."""
    golden = dict(card.get("golden") or {})
    if not golden:
        return card
    golden.pop("override_by", None)
    return {**card, "golden": golden | ({"override": True} if golden.get("override") else {})}


async def _trainer(request: Request) -> dict[str, dict[str, Any]]:
    """Nothing where BOT_TRAINER is off. Without one nobody trains in the browser, which no customer notices."""
    if request.app.ctx.settings.trainer == "off":
        return {}
    running = await request.app.ctx.store.trainings.trainers()
    reason = f"{len(running)} running" if running else "no trainer runs; nobody can train in the browser"
    return {"trainer": {"ok": bool(running), "essential": False, "reason": reason}}


async def _mail(request: Request) -> dict[str, dict[str, Any]]:
    """Nothing without a mail server. Whoever is told by mail reads it on our pages too."""
    if not request.app.ctx.mail.is_on:
        return {}
    waiting = await request.app.ctx.store.mails.waiting()
    late_s = (now_ms() - waiting[0].at_ms) / 1000 if waiting else 0.0
    ok = late_s <= MAILS_WITHIN_S
    reason = "mails are sent" if ok else f"a mail has waited {late_s:.0f} s for the mail server"
    return {"mail": {"ok": ok, "essential": False, "reason": reason}}


async def _hooks(request: Request) -> dict[str, dict[str, Any]]:
    """Nothing without webhooks. Not ok when nobody delivers; a receiver that fails is for its owner to mend."""
    store = request.app.ctx.store
    hooks = [hook for hook in await store.hooks.all() if hook.is_on]
    if not hooks:
        return {}
    due = [await store.hooks.oldest_due_ms(hook.id) for hook in hooks if hook.is_active]
    late_s = max([0.0, *((now_ms() - one) / 1000 for one in due if one is not None)])
    warnings = [f"webhook {hook.id}: {hook.off_reason or 'failing'}" for hook in hooks if hook.failing_since_ms]
    warnings += [f"webhook {hook.id}: misses what happened" for hook in hooks if hook.lost_until_ms]
    ok = late_s <= HOOKS_WITHIN_S
    reason = "deliveries are made" if ok else f"a delivery has waited {late_s:.0f} s for a first try, or its next"
    return {"webhooks": {"ok": ok, "reason": reason, "warnings": warnings}}


async def _chatwoot(request: Request) -> dict[str, dict[str, Any]]:
    """Nothing while the connector is off. Not ok when nothing gets through: customers wait in our own queue."""
    if request.app.ctx.chatwoot is None:
        return {}
    trouble = await request.app.ctx.store.chatwoot.trouble()
    if trouble is None:
        return {"chatwoot": {"ok": True, "reason": "conversations get through"}}
    since_s = (now_ms() - trouble.since_ms) / 1000
    status = f", HTTP {trouble.status}" if trouble.status else ""
    return {"chatwoot": {"ok": False, "reason": f"{trouble.what} for {since_s:.0f} s{status}"}}


async def _messenger(request: Request) -> dict[str, dict[str, Any]]:
    """Nothing while the channel is off. Not ok when events wait; a page that can't send is for its owner to mend."""
    channel, store = request.app.ctx.messenger, request.app.ctx.store
    if channel is None:
        return {}
    oldest_s = await store.inbound.oldest_s()
    states = await store.pages.states(page.id for page in channel.config.pages)
    warnings = [
        f"page {one.page_id}: {one.trouble}{': ' * bool(one.detail)}{one.detail}" for one in states if one.trouble
    ]
    if ahead_s := channel.graph.ahead_s:
        direction = "ahead of" if ahead_s > 0 else "behind"
        warnings.append(f"this machine's clock is {abs(ahead_s)} s {direction} Meta's")
    late = oldest_s > EVENTS_WITHIN_S
    reason = f"an event of Meta has waited {oldest_s:.0f} s for its effect" if late else "events have their effect"
    return {"messenger": {"ok": not late, "reason": reason, "warnings": warnings}}
