"""One place where an error becomes a response: JSON for programs, a Dutch page for people."""

from __future__ import annotations

import re

import structlog
from sanic import HTTPResponse, Request
from sanic.exceptions import SanicException
from sanic.response import json

from bot.errors import BotError
from bot.logs import described
from bot.web.app import App
from bot.web.pages import render

log = structlog.get_logger()

_TITLES = {
    400: ("Dat ging niet goed", "We konden niet lezen wat je stuurde. Ga terug en probeer het opnieuw."),
    401: ("Log eerst in", "Je bent niet (meer) ingelogd."),
    403: ("Geen toegang", "Met jouw account mag je deze pagina niet zien."),
    404: ("Niet gevonden", "Deze pagina bestaat niet (meer)."),
    409: ("Iemand was je voor", "Een collega heeft dit intussen veranderd. Ga terug en bekijk de nieuwe stand."),
    413: ("Te groot", "Wat je stuurde is te groot."),
    429: ("Even wachten", "Je hebt dit te vaak geprobeerd. Wacht een minuut."),
    503: (
        "Even niet bereikbaar",
        "We kunnen nu niets opslaan. Er is niets verloren. Probeer het over een minuut opnieuw.",
    ),
}
_UNEXPECTED = ("Er ging iets mis", "Dat ligt aan ons, niet aan jou. Probeer het zo opnieuw.")
_JSON_PATHS = ("/api/", "/webhooks/", "/health/", "/widget/")
RETRY_AFTER_S = 5


def install(app: App) -> None:
    """Every error of a handler goes through here."""
    app.error_handler.add(Exception, _respond)


async def _respond(request: Request, exc: Exception) -> HTTPResponse:
    status, code, message = _describe(exc)
    if status >= 500 and status != 503:
        log.error("request.failed", method=request.method if request else "", error=described(exc))
    if request:
        request.app.ctx.metrics.requests_refused.labels(code).inc()
    response = _error(request, status, code, message)
    if status == 503:
        response.headers["retry-after"] = str(RETRY_AFTER_S)
    if isinstance(exc, SanicException) and exc.headers:
        response.headers.update(exc.headers)
    return response


def _describe(exc: Exception) -> tuple[int, str, str]:
    """Status, stable code and English text. What went wrong inside stays inside."""
    if isinstance(exc, BotError):
        return exc.status, exc.code, str(exc)
    if isinstance(exc, SanicException) and exc.status_code and exc.status_code < 500:
        return exc.status_code, _snake_case(type(exc).__name__), str(exc)
    if isinstance(exc, IsADirectoryError):
        return 404, "not_found", "a folder of static files has no page"
    return 500, "internal", "something went wrong on our side"


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _error(request: Request, status: int, code: str, message: str) -> HTTPResponse:
    if _path(request).startswith(_JSON_PATHS) or "application/json" in request.headers.get("accept", ""):
        return json({"ok": False, "error": message, "code": code, "status": status}, status=status)
    title, text = _TITLES.get(status, _UNEXPECTED)
    return render(request, "error.html", status, title=title, text=text)


def _path(request: Request) -> str:
    try:
        return str(request.path)
    except Exception:
        return "/api/"
