"""What `make soak` makes of its samples: growth is found, a level or a warm-up is not taken for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.crash.witness import Sent
from tools.soak.flow import Asked
from tools.soak.report import Soaked, lines, percentile_ms, plot
from tools.soak.samples import Sample, growth, resident

MINUTE_S = 60.0


def recorded(*web_mb: float) -> list[Sample]:
    """A sample every minute; the assistant stays as it is."""
    return [
        Sample(
            n * MINUTE_S,
            {"web-0": int(mb * 1e6), "assistant-0": 400_000_000, "redis": 10_000_000 + n * 5_000_000},
            redis_used=1_000_000 + n * 100_000,
            redis_keys=10 * n,
            redis_aof=200_000 * n,
        )
        for n, mb in enumerate(web_mb)
    ]


def soaked(samples: list[Sample], *, acked: bool = True) -> Soaked:
    asked = [Asked(n * 6.0, "widget", Sent(str(n), "hoi", acked, ack_s=0.01, reply_s=0.05)) for n in range(100)]
    return Soaked(samples, asked, [], [], warm_up_s=3 * MINUTE_S, max_growth=0.1)


@pytest.mark.parametrize(
    ("web_mb", "found"),
    [
        ((60, 70, 78, 80, 80, 81, 80, 79, 80, 80, 81, 80), False),
        ((60, 70, 78, 80, 84, 88, 92, 96, 100, 104, 108, 112), True),
    ],
    ids=["warms up and stays", "grows"],
)
def test_growth_after_the_warm_up_is_a_failure(web_mb: tuple[float, ...], found: bool) -> None:
    failures = list(soaked(recorded(*web_mb)).failures())
    assert [failure.partition(" ")[0] for failure in failures] == ["web-0"] * found


def test_redis_may_grow_because_it_keeps_the_conversations() -> None:
    result = soaked(recorded(*[80.0] * 12))
    assert result.grown["redis"] > 0.5
    assert list(result.failures()) == []
    assert result.as_json()["redis_bytes_per_message"] == 11_000


def test_a_message_without_an_ack_is_a_failure() -> None:
    assert len(list(soaked(recorded(*[80.0] * 12), acked=False).failures())) == 100


def test_too_few_samples_say_nothing() -> None:
    assert growth(recorded(10, 100), "web-0", warm_up_s=0) == 0


def test_the_table_has_a_row_a_minute_and_says_what_grew() -> None:
    rows = list(lines(soaked(recorded(*[80.0] * 12))))
    assert rows[0].split()[:3] == ["minute", "messages", "missed"]
    assert [row.split()[0] for row in rows[1:13]] == [str(n) for n in range(1, 13)]
    assert "web-0 +0.0%" in rows[13]


def test_percentiles() -> None:
    times_s = [n / 1000 for n in range(1, 101)]
    assert (percentile_ms(times_s, 0.5), percentile_ms(times_s, 0.99)) == (51.0, 100.0)
    assert percentile_ms([], 0.5) is None


def test_resident_memory_is_that_of_the_process() -> None:
    assert 5_000_000 < resident(os.getpid()) < 5_000_000_000


def test_without_matplotlib_there_is_no_plot(tmp_path: Path) -> None:
    made = plot(soaked(recorded(*[80.0] * 12)), tmp_path / "soak.png")
    assert made == (tmp_path / "soak.png").exists()
