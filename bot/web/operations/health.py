"""`/health/live`: this process answers. `/health/ready`: every part of the path works, or which one doesn't."""

from __future__ import annotations

from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json

from bot.errors import StoreUnavailable

blueprint = Blueprint("health", url_prefix="/health")


@blueprint.get("/live")
async def live(_: Request) -> HTTPResponse:
    return json({"ok": True})


@blueprint.get("/ready")
async def ready(request: Request) -> HTTPResponse:
    """503 when a part is down. Without the assistant customers still reach humans, so balance on /health/live."""
    parts = await _parts(request)
    ok = all(part["ok"] for part in parts.values())
    return json({"ok": ok, "parts": parts}, status=200 if ok else 503)


async def _parts(request: Request) -> dict[str, dict[str, Any]]:
    store = request.app.ctx.store
    try:
        await store.ping()
        alive = await store.work.alive()
        active = await store.models.active()
    except StoreUnavailable as exc:
        unknown = {"ok": False, "reason": "unknown while Redis is down"}
        return {"redis": {"ok": False, "reason": str(exc)}, "assistant": unknown, "model": unknown}
    return {
        "redis": {"ok": True, "reason": "answers"},
        "assistant": _assistant(alive),
        "model": _model(active),
    }


def _assistant(alive: dict[str, str]) -> dict[str, Any]:
    if not alive:
        return {"ok": False, "reason": "no assistant runs; messages go to the human queue", "running": []}
    running = [{"name": name, **msgspec.json.decode(about)} for name, about in sorted(alive.items())]
    return {"ok": True, "reason": f"{len(running)} running", "running": running}


def _model(active: Any) -> dict[str, Any]:
    if active is None:
        return {"ok": False, "reason": "no model was trained yet; `make train` does"}
    return {"ok": True, "reason": active.name, "trained_at_ms": active.trained_at_ms, "card": active.card}
