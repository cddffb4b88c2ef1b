"""What the headers say about how fast we may send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.store import Store
from bot.web.channels.messenger.pace import MINUTE_MS, Pace, Usage, usage_of
from tests.messenger.post_office import OTHER_PAGE, PAGE

AT_MS = 1_000_000


def of_page(*records: dict[str, Any]) -> dict[str, str]:
    return {"X-Business-Use-Case-Usage": json.dumps({"1001": list(records)})}


@pytest.mark.parametrize(
    ("headers", "usage"),
    [
        ({}, Usage()),
        ({"X-App-Usage": '{"call_count":28,"total_time":91.5,"total_cputime":25}'}, Usage(91.5)),
        (of_page({"type": "messenger", "call_count": 97, "estimated_time_to_regain_access": 0}), Usage(97)),
        (of_page({"call_count": 3}, {"call_count": 100, "estimated_time_to_regain_access": 13}), Usage(100, 13)),
        ({"x-app-usage": '{"call_count":95}', **of_page({"call_count": 20})}, Usage(95)),
        (of_page({"call_count": 100, "estimated_time_to_regain_access": 10**9}), Usage(100, 1440)),
        # Nothing that a header holds may hurt.
        ({"X-App-Usage": "<html>"}, Usage()),
        ({"X-App-Usage": "[1,2]", "X-Business-Use-Case-Usage": '{"1001":{"call_count":99},"1002":[7,null]}'}, Usage()),
        (of_page({"call_count": "100", "total_time": -5, "total_cputime": None}), Usage()),
    ],
)
def test_the_worst_of_the_headers_counts(headers: dict[str, str], usage: Usage) -> None:
    assert usage_of(headers) == usage


async def paused_until_ms(store: Store, page_id: str = "1001") -> int:
    return (await store.pages.states([page_id]))[0].paused_until_ms


@pytest.mark.parametrize(("percent", "until_ms"), [(89, 0), (90, AT_MS + 1_000), (95, AT_MS + 6_000)])
async def test_it_goes_slower_near_the_limit(store: Store, percent: int, until_ms: int) -> None:
    await Pace(store.pages, clock=lambda: AT_MS).heed(PAGE, of_page({"call_count": percent}))
    assert await paused_until_ms(store) == until_ms
    assert not await paused_until_ms(store, OTHER_PAGE.id)


async def test_without_minutes_each_limit_in_a_row_pauses_twice_as_long(store: Store) -> None:
    at_ms = AT_MS
    pace = Pace(store.pages, clock=lambda: at_ms)

    async def pauses_minutes() -> float:
        for _ in range(16):  # all that were in the air
            await pace.limit_reached(PAGE, {})
        return (await paused_until_ms(store) - at_ms) / MINUTE_MS

    for minutes in (1, 2, 4):
        assert await pauses_minutes() == minutes
        at_ms += minutes * MINUTE_MS
    await pace.heed(PAGE, of_page({"call_count": 10}))
    assert await pauses_minutes() == 1


async def test_the_headers_minutes_are_believed_also_below_the_limit(store: Store) -> None:
    pace = Pace(store.pages, clock=lambda: AT_MS)
    await pace.heed(PAGE, of_page({"call_count": 50, "estimated_time_to_regain_access": 3}))
    assert await paused_until_ms(store) == AT_MS + 3 * MINUTE_MS
