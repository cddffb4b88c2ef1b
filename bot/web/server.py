"""The web application, put together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse, file, redirect

from bot.answers import Answers
from bot.errors import NotFound
from bot.settings import Settings
from bot.store import Store
from bot.web import failures
from bot.web.access import check_origin, is_https
from bot.web.afterwards import Afterwards
from bot.web.api import blueprint as api
from bot.web.app import App
from bot.web.assignment import Assignment
from bot.web.audit import blueprint as audit
from bot.web.bearer_tokens import BearerTokens
from bot.web.channels.intake import Intake
from bot.web.channels.messenger.channel import Messenger
from bot.web.channels.messenger.config import load_config
from bot.web.channels.messenger.odd_events import blueprint as odd_events
from bot.web.channels.messenger.webhook import blueprint as messenger_webhook
from bot.web.channels.rest import blueprint as rest
from bot.web.channels.widget import Limits
from bot.web.channels.widget import blueprint as widget
from bot.web.clicks import Clicks
from bot.web.connectors.chatwoot.config import load_config as load_chatwoot
from bot.web.connectors.chatwoot.connector import Chatwoot
from bot.web.connectors.chatwoot.webhook import blueprint as chatwoot_webhook
from bot.web.content_policy import CONTENT_POLICY
from bot.web.crisis_watch import CrisisWatch
from bot.web.demo import blueprint as demo
from bot.web.desk import blueprint as desk
from bot.web.desk.board import Board
from bot.web.desk.platform import page_troubles
from bot.web.editor import blueprint as editor
from bot.web.editor.crisis import blueprint as crisis
from bot.web.editor.plans import blueprint as plans
from bot.web.editor.tabs import tabs_of
from bot.web.handling import Handling
from bot.web.hooks import blueprint as hooks
from bot.web.hooks.delivering import Hooks
from bot.web.house_style import blueprint as house_style
from bot.web.importing import blueprint as importing
from bot.web.learning import blueprint as learning
from bot.web.leases import Leases
from bot.web.live import Live
from bot.web.mail import Mailer
from bot.web.mail_outbox import MailOutbox
from bot.web.media.keeper import MediaKeeper
from bot.web.notices import blueprint as notices
from bot.web.operations import health_blueprint, metrics_blueprint
from bot.web.operations.loop_lag import sample_lag
from bot.web.operations.metrics import Metrics
from bot.web.pages import STATIC, environment, modules, modules_version
from bot.web.planned import Planned
from bot.web.presence import Presence
from bot.web.promises import Promises
from bot.web.redis_watch import RedisWatch
from bot.web.relabelling import Relabelling
from bot.web.reminding import Reminding
from bot.web.rescue import Rescue
from bot.web.search import Search
from bot.web.sign_in import blueprint as sign_in
from bot.web.sign_in.openid_provider import Provider
from bot.web.snoozes import Snoozes
from bot.web.team import blueprint as team
from bot.web.telling import Telling
from bot.web.tokens import blueprint as tokens
from bot.web.topics import blueprint as topics
from bot.web.training import blueprint as training
from bot.web.trials import blueprint as trials

log = structlog.get_logger()

BLUEPRINTS = (
    rest,
    widget,
    messenger_webhook,
    chatwoot_webhook,
    sign_in,
    tokens,
    audit,
    desk,
    team,
    notices,
    editor,
    plans,
    learning,
    crisis,
    topics,
    importing,
    house_style,
    training,
    trials,
    hooks,
    odd_events,
    api,
    demo,
    health_blueprint,
    metrics_blueprint,
)
MAX_BODY_BYTES = 64 * 1024
MAX_FRAME_BYTES = 32 * 1024
GRACEFUL_STOP_S = 5.0


def create_app(settings: Settings, redis_url: str) -> App:
    """The application; connections open when it starts and close when it stops."""
    app: App = Sanic("vraagbaak", configure_logging=False)
    app.config.update(
        REQUEST_MAX_SIZE=MAX_BODY_BYTES,
        WEBSOCKET_MAX_SIZE=MAX_FRAME_BYTES,
        GRACEFUL_SHUTDOWN_TIMEOUT=GRACEFUL_STOP_S,
        PROXIES_COUNT=settings.proxies or None,
        FALLBACK_ERROR_FORMAT="json",
        MOTD=False,
        ACCESS_LOG=False,
    )
    _make_parts(app, settings, redis_url)
    failures.install(app)
    for blueprint in BLUEPRINTS:
        app.blueprint(blueprint)
    app.ctx.jinja.globals["editor_tabs"] = tabs_of(f"/{route.path}" for route in app.router.routes)
    _serve_static(app)
    app.register_middleware(_check_request, "request")
    app.register_middleware(_secure_response, "response")
    app.register_middleware(_share_widget, "response")
    app.before_server_start(_open)
    app.before_server_stop(_end_streams)
    app.after_server_stop(_close)
    return app


def _make_parts(app: App, settings: Settings, redis_url: str) -> None:
    store = Store(redis_url, settings)
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    app.ctx.settings = settings
    app.ctx.store = store
    app.ctx.answers = answers
    app.ctx.bearer_tokens = BearerTokens(store, settings.api_token)
    app.ctx.redis_watch = RedisWatch(store)
    app.ctx.live = Live(store.events)
    app.ctx.crisis_watch = CrisisWatch(store, app.ctx.live)
    app.ctx.rescue = Rescue(store, answers, settings)
    app.ctx.search = Search(store, app.ctx.live, settings.var / "search", prefix=settings.redis_prefix)
    app.ctx.presence = Presence(store.agents)
    app.ctx.leases = Leases(store, answers, app.ctx.presence, away_s=settings.agent_away_s)
    app.ctx.metrics = Metrics()
    app.ctx.mail = Mailer(settings)
    app.ctx.mail_outbox = MailOutbox(store, app.ctx.mail, settings, app.ctx.metrics)
    app.ctx.telling = Telling(store, app.ctx.mail)
    app.ctx.promises = Promises(store, app.ctx.telling, settings)
    app.ctx.reminding = Reminding(store, app.ctx.telling)
    app.ctx.media = MediaKeeper(store, settings, app.ctx.metrics)
    clicks = Clicks(store, answers, app.ctx.telling)
    app.ctx.intake = Intake(store, answers, settings, app.ctx.metrics, app.ctx.rescue, clicks)
    messenger = load_config(settings)
    app.ctx.handling = Handling(
        store, answers, messenger, timezone=settings.timezone, asks_rating=settings.ask_rating == "on"
    )
    app.ctx.afterwards = Afterwards(store, answers, messenger, after_s=settings.helped_after_s)
    app.ctx.assignment = Assignment(store, app.ctx.handling)
    app.ctx.snoozes = Snoozes(store, answers, away_s=settings.agent_away_s)
    app.ctx.relabelling = Relabelling(store)
    app.ctx.planned = Planned(store)
    app.ctx.messenger = messenger and Messenger(
        messenger,
        settings,
        store=store,
        intake=app.ctx.intake,
        answers=answers,
        live=app.ctx.live,
        metrics=app.ctx.metrics,
    )
    app.ctx.openid = Provider(settings) if settings.oidc_issuer else None
    app.ctx.hooks = Hooks(store, settings, app.ctx.metrics)
    chatwoot = load_chatwoot(settings)
    app.ctx.chatwoot = chatwoot and Chatwoot(chatwoot, store, app.ctx.handling, app.ctx.presence, app.ctx.metrics)
    app.ctx.jinja = environment(settings)
    app.ctx.board = Board(
        store, app.ctx.live, app.ctx.jinja, lambda: page_troubles(store, messenger, ZoneInfo(settings.timezone))
    )
    app.ctx.limits = Limits(
        messages_per_minute=settings.messages_per_minute,
        conversations_per_minute=settings.conversations_per_minute,
    )


def _background(app: App) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
    """What runs beside the requests, for ever."""
    ctx = app.ctx
    return {
        "redis_watch": ctx.redis_watch.run,
        "live": ctx.live.run,
        "crisis_watch": ctx.crisis_watch.run,
        "board": ctx.board.run,
        "rescue": ctx.rescue.run,
        "return_unanswered": ctx.rescue.return_unanswered,
        "clean": ctx.rescue.clean,
        "loop_lag": partial(sample_lag, ctx.metrics.loop_lag_seconds),
        "leases": ctx.leases.run,
        # What is for humans is Chatwoot's; while that is down, agents take what waits by hand.
        **({} if ctx.chatwoot else {"assignment": ctx.assignment.run}),
        "snoozes": ctx.snoozes.run,
        "relabelling": ctx.relabelling.run,
        "planned": ctx.planned.run,
        "promises": ctx.promises.run,
        "reminding": ctx.reminding.run,
        **({"mail_outbox": ctx.mail_outbox.run} if ctx.mail.is_on else {}),
        **({"afterwards": ctx.afterwards.run} if ctx.settings.helped_after_s else {}),
        "media": ctx.media.run,
        "hooks": ctx.hooks.run,
        "search": ctx.search.run,
        **({"chatwoot": ctx.chatwoot.run} if ctx.chatwoot else {}),
        **(ctx.messenger.background() if ctx.messenger else {}),
    }


async def _open(app: App) -> None:
    await app.ctx.redis_watch.start()
    await app.ctx.hooks.open()
    if app.ctx.chatwoot:
        await app.ctx.chatwoot.open()
    if app.ctx.messenger:
        await app.ctx.messenger.open()
    for name, work in _background(app).items():
        app.add_task(work(), name=name)
    log.info("web.started")


async def _end_streams(app: App) -> None:
    app.ctx.board.close()


async def _close(app: App) -> None:
    for name in _background(app):
        await app.cancel_task(name, raise_exception=False)
    if app.ctx.messenger:
        await app.ctx.messenger.close()
    await app.ctx.promises.close()
    await app.ctx.mail_outbox.close()
    await app.ctx.media.close()
    await app.ctx.hooks.close()
    if app.ctx.openid:
        await app.ctx.openid.close()
    await app.ctx.search.close()
    if app.ctx.chatwoot:
        await app.ctx.chatwoot.close()
    await app.ctx.store.close()
    log.info("web.stopped")


async def _check_request(request: Request) -> None:
    check_origin(request)


async def _secure_response(request: Request, response: BaseHTTPResponse) -> None:
    headers = response.headers
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "same-origin")
    if (response.content_type or "").startswith("text/html"):
        headers.setdefault("content-security-policy", CONTENT_POLICY)
        headers.setdefault("cache-control", "no-store")
    if is_https(request):
        headers.setdefault("strict-transport-security", "max-age=31536000")


def _serve_static(app: App) -> None:
    app.static("/static/", STATIC, name="static", directory_view=False)

    @app.get("/widget.js", name="widget_js")
    async def widget_js(_: Request) -> HTTPResponse:
        return await file(
            STATIC / "widget.js", mime_type="text/javascript", headers={"access-control-allow-origin": "*"}
        )

    @app.get("/modules/<version:str>/<name:path>", name="modules")
    async def script(_: Request, version: str, name: str) -> HTTPResponse:
        if name not in modules():
            raise NotFound(f"no script {name!r}")
        # A page of before an update asks for an older version: it gets this one, and asks again next time.
        kept = "public, max-age=31536000, immutable" if version == modules_version() else "no-cache"
        return await file(modules()[name], mime_type="text/javascript", headers={"cache-control": kept})

    @app.get("/", name="home")
    async def home(_: Request) -> HTTPResponse:
        return redirect("/demo")


async def _share_widget(request: Request, response: BaseHTTPResponse) -> None:
    """Static files may be kept as long as their address says; the widget's modules load on other sites' pages too."""
    if request.path.startswith("/static/"):
        versioned = "v" in request.args
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
    if request.path.startswith("/static/widget/"):
        response.headers["access-control-allow-origin"] = "*"
