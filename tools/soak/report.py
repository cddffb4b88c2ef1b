"""What half an hour was like, minute by minute, and whether memory grew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.soak.flow import Asked
from tools.soak.samples import Sample, growth

MB = 1_000_000


@dataclass(frozen=True)
class Soaked:
    """A run. max_growth: the share by which no process of web or assistant may grow after warm_up_s."""

    samples: Sequence[Sample]
    asked: Sequence[Asked]
    missed_at_s: Sequence[float]
    troubles: Sequence[str]
    warm_up_s: float
    max_growth: float

    @property
    def grown(self) -> dict[str, float]:
        """By process, Redis too."""
        names = sorted({name for sample in self.samples for name in sample.rss})
        return {name: round(growth(self.samples, name, warm_up_s=self.warm_up_s), 4) for name in names}

    def failures(self) -> Iterator[str]:
        """What is wrong, in words; Redis may grow, it keeps the conversations."""
        for name, share in self.grown.items():
            if name != "redis" and share > self.max_growth:
                yield f"{name} grew by {share:.1%} after the warm-up; at most {self.max_growth:.0%} is expected"
        for asked in self.asked:
            if not asked.sent.acked:
                yield f"a message of {asked.channel} was never acknowledged"
        yield from self.troubles

    def minutes(self) -> list[dict[str, Any]]:
        last_s = max([asked.at_s for asked in self.asked] + [sample.at_s for sample in self.samples])
        return [self._minute(number) for number in range(int(last_s // 60) + 1)]

    def as_json(self) -> dict[str, Any]:
        first, last = self.samples[0], self.samples[-1]
        messages = max(1, len(self.asked))
        return {
            "messages": len(self.asked),
            "missed": len(self.missed_at_s),
            **_latencies(self.asked),
            "grown": self.grown,
            "redis_bytes_per_message": round((last.redis_used - first.redis_used) / messages),
            "aof_bytes_per_message": round((last.redis_aof - first.redis_aof) / messages),
            "failures": list(self.failures()),
            "minutes": self.minutes(),
        }

    def _minute(self, number: int) -> dict[str, Any]:
        def within(at_s: float) -> bool:
            return number * 60 <= at_s < (number + 1) * 60

        asked = [one for one in self.asked if within(one.at_s)]
        samples = [sample for sample in self.samples if within(sample.at_s)] or self.samples[-1:]
        return {
            "minute": number + 1,
            "messages": len(asked),
            "missed": sum(within(at_s) for at_s in self.missed_at_s),
            **_latencies(asked),
            **{f"{kind}_mb": round(samples[-1].rss_of(kind) / MB, 1) for kind in ("web", "assistant", "redis")},
            "redis_used_mb": round(samples[-1].redis_used / MB, 2),
            "redis_keys": samples[-1].redis_keys,
            "aof_mb": round(samples[-1].redis_aof / MB, 2),
        }


def lines(soaked: Soaked) -> Iterator[str]:
    """The table, and what it comes down to."""
    minutes = soaked.minutes()
    columns = list(minutes[0])
    rows = [[_cell(minute[column]) for column in columns] for minute in minutes]
    widths = [max(len(column), *(len(row[n]) for row in rows)) for n, column in enumerate(columns)]
    for row in (columns, *rows):
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    result = soaked.as_json()
    grown = ", ".join(f"{name} {share:+.1%}" for name, share in soaked.grown.items())
    yield f"Memory after the first {soaked.warm_up_s / 60:.1f} minutes: {grown}."
    yield (
        f"Redis keeps {result['redis_bytes_per_message']} bytes a message in memory, and wrote "
        f"{result['aof_bytes_per_message']} to its file."
    )
    yield from soaked.failures()


def plot(soaked: Soaked, file: Path) -> bool:
    """Memory and latency over time, if there is a matplotlib; whether there was."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    minutes = soaked.minutes()
    at = [minute["minute"] for minute in minutes]
    figure = Figure(figsize=(9, 8), layout="constrained")
    memory, latency, redis = figure.subplots(3, 1, sharex=True)
    for axes, names, title in (
        (memory, ("web_mb", "assistant_mb", "redis_mb"), "Resident memory (MB)"),
        (latency, ("ack_p50_ms", "ack_p99_ms", "reply_p50_ms", "reply_p99_ms"), "Latency (ms)"),
        (redis, ("redis_used_mb", "aof_mb"), "Redis (MB)"),
    ):
        for name in names:
            axes.plot(at, [minute[name] for minute in minutes], label=name.rpartition("_")[0].replace("_", " "))
        axes.set_title(title)
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left")
    redis.set_xlabel("minute")
    figure.savefig(file)
    return True


def _latencies(asked: Sequence[Asked]) -> dict[str, float | None]:
    """The REST channel acknowledges with its answer, so it counts for the reply only."""
    acks = [one.sent.ack_s for one in asked if one.channel == "widget" and one.sent.ack_s is not None]
    replies = [one.sent.reply_s for one in asked if one.sent.reply_s is not None]
    return {
        "ack_p50_ms": percentile_ms(acks, 0.5),
        "ack_p99_ms": percentile_ms(acks, 0.99),
        "reply_p50_ms": percentile_ms(replies, 0.5),
        "reply_p99_ms": percentile_ms(replies, 0.99),
    }


def percentile_ms(times_s: Sequence[float], share: float) -> float | None:
    """The time that `share` of them do not exceed, in ms; None of none."""
    if not times_s:
        return None
    ordered = sorted(times_s)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1)


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)
