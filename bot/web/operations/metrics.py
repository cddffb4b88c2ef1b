"""`/metrics` in Prometheus's text format. Counts are of this process, lengths are of the whole installation."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from bot.store.work import now_ms

blueprint = Blueprint("metrics")


class Metrics:
    """The figures of one web process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.received = Counter(
            "bot_messages_received_total", "Customers' messages stored", ["channel"], registry=self.registry
        )
        self.refused = Counter(
            "bot_messages_refused_total", "Frames of the widget refused", ["channel", "code"], registry=self.registry
        )
        self.emergencies = Counter(
            "bot_emergencies_total", "Messages that sound like an emergency", ["kind"], registry=self.registry
        )
        self.sent = Counter(
            "bot_messages_sent_total", "Messages passed on to customers", ["channel"], registry=self.registry
        )
        self.turn_seconds = Histogram(
            "bot_turn_seconds",
            "From a message in the REST channel to its replies",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
            registry=self.registry,
        )
        self.pages = Gauge("bot_widget_pages", "Pages with a connected widget", registry=self.registry)
        self.queue = Gauge("bot_queue_conversations", "Conversations that wait for a human", registry=self.registry)
        self.queue_urgent = Gauge(
            "bot_queue_urgent_conversations", "Emergencies that wait for a human", registry=self.registry
        )
        self.queue_oldest = Gauge(
            "bot_queue_oldest_seconds", "How long the longest has waited for a human", registry=self.registry
        )
        self.work = Gauge("bot_work_conversations", "Conversations that wait for the assistant", registry=self.registry)
        self.outbox = Gauge(
            "bot_outbox_messages", "Messages to customers that have not arrived", registry=self.registry
        )
        self.assistants = Gauge("bot_assistants", "Assistants that run", registry=self.registry)


@blueprint.get("/metrics")
async def metrics(request: Request) -> HTTPResponse:
    ctx = request.app.ctx
    figures: Metrics = ctx.metrics
    waiting = await ctx.store.queue.waiting()
    since = [conversation.handoff.at_ms for conversation in waiting if conversation.handoff]
    figures.queue.set(await ctx.store.queue.size())
    figures.queue_urgent.set(sum(one.handoff is not None and one.handoff.priority == "urgent" for one in waiting))
    figures.queue_oldest.set(max(0.0, (now_ms() - min(since)) / 1000) if since else 0)
    figures.work.set(await ctx.store.work.waiting())
    figures.outbox.set(await ctx.store.outbox.size())
    figures.assistants.set(len(await ctx.store.work.alive()))
    return raw(generate_latest(figures.registry), content_type=CONTENT_TYPE_LATEST)
