"""`/metrics` in Prometheus's text format: the figures of this process, and those of the whole installation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from bot.errors import StoreUnavailable
from bot.model import MEDIA_PROBLEMS, Message
from bot.store import Store
from bot.web.operations.installation import registry_of

blueprint = Blueprint("metrics")
log = structlog.get_logger()

# Prometheus gives up after 10 s; then it would not even get what this process knows itself.
READ_TIMEOUT_S = 2.0


class Metrics:
    """The figures of one web process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.redis_up = Gauge("bot_redis_up", "Whether Redis answers this process", registry=registry)
        self.sent = Counter(
            "bot_messages_sent_total",
            "Messages that this process passed on to customers",
            ["channel"],
            registry=registry,
        )
        self.pages_in_trouble = Gauge(
            "bot_pages_in_trouble",
            "Pages of a platform for which nothing can be sent until a person mends something",
            registry=registry,
        )
        self.refused = Counter(
            "bot_messages_refused_total", "Frames of the widget that it refused", ["channel", "code"], registry=registry
        )
        self.requests_refused = Counter(
            "bot_requests_refused_total", "Requests that it answered with an error", ["code"], registry=registry
        )
        self.webhook_requests = Counter(
            "bot_webhook_requests_total",
            "Requests of Meta's webhook: stored, refused (no right signature) or unavailable (not stored)",
            ["result"],
            registry=registry,
        )
        for result in ("stored", "refused", "unavailable"):
            self.webhook_requests.labels(result)
        self.platform_events = Counter(
            "bot_messenger_events_total", "Events of Meta that this process dealt with", ["kind"], registry=registry
        )
        for kind in ("odd", "failed"):
            self.platform_events.labels(kind)
        self.media = Counter(
            "bot_media_total", "Files of customers that it kept, or that can't be had", ["result"], registry=registry
        )
        for result in ("kept", *MEDIA_PROBLEMS):
            self.media.labels(result)
        self.hook_deliveries = Counter(
            "bot_hook_deliveries_total", "Tries to deliver a webhook", ["outcome"], registry=registry
        )
        for outcome in ("delivered", "retried", "failed"):
            self.hook_deliveries.labels(outcome)
        self.hook_losses = Counter(
            "bot_hook_losses_total",
            "Times that a subscription will not hear of what happened",
            ["reason"],
            registry=registry,
        )
        for reason in ("behind", "too_many"):
            self.hook_losses.labels(reason)
        self.mails = Counter(
            "bot_mails_total", "What became of tries to mail a notification", ["outcome"], registry=registry
        )
        for outcome in ("sent", "retried", "failed", "not_wanted"):
            self.mails.labels(outcome)
        self.chatwoot = Counter(
            "bot_chatwoot_total",
            "Conversations given to Chatwoot, and looks at one that failed",
            ["result"],
            registry=registry,
        )
        for result in ("given", "failed"):
            self.chatwoot.labels(result)
        self.pages = Gauge("bot_widget_pages", "Pages with a widget connected to it", registry=registry)
        self.store_seconds = Histogram(
            "bot_store_seconds",
            "From a customer's message understood to stored in Redis, in this process",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5),
            registry=registry,
        )
        self.turn_seconds = Histogram(
            "bot_turn_seconds",
            "From a message in the REST channel to its replies, in this process",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
            registry=registry,
        )
        self.loop_lag_seconds = Histogram(
            "bot_event_loop_lag_seconds",
            "By how much a timer of this process came late",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
            registry=registry,
        )

    def passed_on(self, messages: Sequence[Message], channel: str) -> None:
        """Messages of one conversation went out to its customer through a channel of this process."""
        if not messages:
            return
        self.sent.labels(channel).inc(len(messages))
        last = messages[-1]
        log.info(
            "message.sent",
            conversation_id=last.conversation_id,
            channel=channel,
            messages=len(messages),
            entry_id=last.entry_id,
        )

    def not_sent(self, message: Message, channel: str, problem: str) -> None:
        """A message can't be sent to a platform; problem: a key of PROBLEMS."""
        log.warning(
            "message.failed",
            conversation_id=message.conversation_id,
            channel=channel,
            problem=problem,
            entry_id=message.entry_id,
        )


@blueprint.get("/metrics")
async def metrics(request: Request) -> HTTPResponse:
    """Always 200: without Redis there are the process's own figures, and `bot_redis_up` is 0."""
    figures: Metrics = request.app.ctx.metrics
    installation = await _installation(request.app.ctx.store)
    figures.redis_up.set(1 if installation else 0)
    return raw(generate_latest(figures.registry) + installation, content_type=CONTENT_TYPE_LATEST)


async def _installation(store: Store) -> bytes:
    try:
        return generate_latest(registry_of(await asyncio.wait_for(store.figures.read(), READ_TIMEOUT_S)))
    except (StoreUnavailable, asyncio.TimeoutError):
        return b""
