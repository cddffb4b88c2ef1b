"""The installation's figures, as Prometheus reads them: the same from every web process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.model import PROBLEMS, REASONS
from bot.store.figures import ANSWER_BOUNDS_MS, PEOPLE_BOUNDS_S, PRIORITIES, Snapshot, Waiting

# Counter in Redis -> its labels and what it counts. The metric is `bot_<counter>_total`.
COUNTERS: dict[str, tuple[tuple[str, ...], str]] = {
    "messages_received": (("channel",), "Customers' messages stored; a repeat is not counted"),
    "messages_to_customers": (("channel", "sender"), "Messages to customers stored"),
    "message_states": (("channel", "state"), "Messages to customers that came to be delivered, read or failed"),
    "messages_not_sent": (("channel", "problem"), "Messages that could not be sent to a platform"),
    "turns": (("outcome",), "Customers' messages that the assistant handled"),
    "handoffs": (("reason",), "Conversations put in the human queue"),
    "owner_changes": (("change",), "Conversations claimed, put back, handed back or closed"),
    "promise_warnings": (("of", "time"), "Warnings that a customer waits longer than was promised"),
    "answers_rated": (("template", "helped"), "Answers of which a customer said whether they helped"),
    "agents_rated": (("rating",), "Times that a customer rated how an agent helped, from 1 to 5"),
    "trainings": (("state",), "Trainings asked for in the browser, by how they ended"),
    "emergencies": (("kind",), "Messages in which the patterns find an emergency"),
    "experiment": (
        ("arm", "what"),
        "What each of the two models of an experiment did; begins anew with each experiment",
    ),
}
# Said as 0 before the first, so that the first counts as a rise.
_OF_CHANNELS = {
    "messages_to_customers": ("assistant", "agent", "system"),
    "message_states": ("delivered", "read", "failed"),
    "messages_not_sent": tuple(PROBLEMS),
}
_KNOWN: dict[str, Iterable[str]] = {
    "turns": ("answer", "ask", "human"),
    "handoffs": REASONS,
    "owner_changes": ("claimed", "put_back", "handed_back", "closed"),
    "trainings": ("done", "failed", "cancelled"),
    "emergencies": ("self_harm", "emergency"),
    "agents_rated": ("1", "2", "3", "4", "5"),
}


class Installation(Collector):
    """One snapshot. An empty one has every metric, and no counts."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        yield from self._counters()
        yield _answer_seconds(self._snapshot.counts)
        yield _people_seconds(self._snapshot.counts, "people_answer", "From a handoff to the first answer of a human")
        yield _people_seconds(self._snapshot.counts, "people_close", "From a handoff to the conversation closed")
        yield from self._queue()
        yield from _waiting("work", "the assistant", "Conversations that wait", self._snapshot.work)
        yield from _waiting("outbox", "the channel to say they arrived", "Messages that wait", self._snapshot.outbox)
        yield from _waiting("inbound", "their effect", "Events of Meta that wait", self._snapshot.inbound)
        yield from _waiting("mail_outbox", "the mail server", "Mails that wait", self._snapshot.mails)
        yield from self._models()
        for name, help_text, value in (
            ("agent_conversations", "Conversations that agents have", self._snapshot.agent_conversations),
            ("conversations", "Conversations that are kept", self._snapshot.conversations),
            ("to_send_conversations", "Conversations with something to send to a platform", self._snapshot.to_send),
            ("trainers", "Trainers that run", self._snapshot.trainers),
            ("redis_memory_used_bytes", "Memory that Redis uses", self._snapshot.memory_used_bytes),
            ("redis_memory_max_bytes", "Memory that Redis may use; 0: no limit", self._snapshot.memory_max_bytes),
        ):
            yield _gauge(name, help_text, value=value)

    def _counters(self) -> Iterator[Metric]:
        values = _by_counter(self._snapshot.counts)
        for name, (labels, help_text) in COUNTERS.items():
            family = CounterMetricFamily(f"bot_{name}", f"{help_text} (installation)", labels=labels)
            for label_values, count in sorted(values[name].items()):
                family.add_metric(label_values, count)
            yield family

    def _queue(self) -> Iterator[Metric]:
        size = _gauge("queue_conversations", "Conversations that wait for a human", labels=["priority"])
        oldest = _gauge("queue_oldest_seconds", "How long the first of them has waited", labels=["priority"])
        for priority in PRIORITIES:
            waiting = self._snapshot.queue.get(priority, Waiting())
            size.add_metric([priority], waiting.size)
            oldest.add_metric([priority], waiting.oldest_s)
        yield from (size, oldest)

    def _models(self) -> Iterator[Metric]:
        running = list(self._snapshot.assistants.values())
        yield _gauge("assistants", "Assistants that run", value=len(running))
        by_model = _gauge("assistant_info", "Assistants that run, by the model they answer with", labels=["model"])
        for model in sorted(set(running)):
            by_model.add_metric([model], running.count(model))
        active = _gauge("model_info", "1 for the model that is active", labels=["model", "trained"])
        if self._snapshot.model:
            trained = datetime.fromtimestamp(self._snapshot.model.trained_at_ms / 1000, timezone.utc)
            active.add_metric([self._snapshot.model.name, trained.isoformat(timespec="seconds")], 1)
        yield from (by_model, active)


def registry_of(snapshot: Snapshot) -> CollectorRegistry:
    """A registry with this snapshot alone."""
    registry = CollectorRegistry()
    registry.register(Installation(snapshot))
    return registry


def _gauge(name: str, help_text: str, **more: Any) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"bot_{name}", f"{help_text} (installation)", **more)


def _waiting(name: str, for_whom: str, what: str, waiting: Waiting) -> Iterator[Metric]:
    unit = what.split()[0].lower()
    yield _gauge(f"{name}_{unit}", f"{what} for {for_whom}", value=waiting.size)
    yield _gauge(f"{name}_oldest_seconds", "How long the first of them has waited", value=waiting.oldest_s)


def _by_counter(counts: Mapping[str, int]) -> dict[str, dict[tuple[str, ...], int]]:
    """Counter -> label values -> count. What is no counter of COUNTERS is left out."""
    channels = {name.split(":")[1] for name in counts if name.startswith("messages_received:")}
    values: dict[str, dict[tuple[str, ...], int]] = {name: {} for name in COUNTERS}
    for name, known in _KNOWN.items():
        values[name] = {(value,): 0 for value in known}
    for name, known in _OF_CHANNELS.items():
        values[name] = {(channel, value): 0 for channel in channels for value in known}
    for name, count in counts.items():
        counter, *labels = name.split(":")
        if counter in COUNTERS and len(labels) == len(COUNTERS[counter][0]):
            values[counter][tuple(labels)] = count
    return values


def _answer_seconds(counts: Mapping[str, int]) -> Metric:
    """Redis has how many fell in each bucket; Prometheus wants how many were at most so long."""
    family = HistogramMetricFamily(
        "bot_answer_seconds", "From a customer's message stored to the assistant's reply stored (installation)"
    )
    buckets, total = [], 0
    for bound_ms in ANSWER_BOUNDS_MS:
        total += counts.get(f"answer_ms:{bound_ms}", 0)
        buckets.append((str(bound_ms / 1000), total))
    buckets.append(("+Inf", total + counts.get("answer_ms:inf", 0)))
    family.add_metric([], buckets, sum_value=counts.get("answer_ms:sum", 0) / 1000)
    return family


def _people_seconds(counts: Mapping[str, int], figure: str, help_text: str) -> Metric:
    """The same for what people took; by the clock, not by opening hours."""
    family = HistogramMetricFamily(f"bot_{figure}_seconds", f"{help_text} (installation)")
    buckets, total = [], 0
    for bound_s in PEOPLE_BOUNDS_S:
        total += counts.get(f"{figure}:{bound_s}", 0)
        buckets.append((str(float(bound_s)), total))
    buckets.append(("+Inf", total + counts.get(f"{figure}:inf", 0)))
    family.add_metric([], buckets, sum_value=counts.get(f"{figure}:sum_ms", 0) / 1000)
    return family
