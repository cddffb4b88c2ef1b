"""The budget: usage headers on every answer, and limits that a test sets."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.graph.clock import Clock
from tests.fakes.graph.errors import GraphError
from tests.fakes.graph.records import Page

# The messenger profile takes ten calls in ten minutes for each page.
PROFILE_LIMIT = (10, 600.0)


class Rates:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.headers: dict[str, Any] | None = None
        self.usage: dict[str, tuple[int, int]] = {}  # by page: percent, minutes until it goes on
        self.limits: dict[str, tuple[int, float]] = {"messenger_profile": PROFILE_LIMIT}  # calls, seconds
        self._calls: dict[str, list[int]] = {}

    def count(self, endpoint: str) -> None:
        """Raises GraphError 80006 (613 for the profile) if it was called too often; that call counts as well."""
        if endpoint not in self.limits:
            return
        calls, per_s = self.limits[endpoint]
        now_ms = self._clock.now_ms()
        recent = [at_ms for at_ms in self._calls.get(endpoint, []) if now_ms - at_ms < per_s * 1000]
        self._calls[endpoint] = [*recent, now_ms]
        if len(recent) >= calls:
            code = 613 if endpoint == "messenger_profile" else 80006
            raise GraphError(code, None, f"(#{code}) Te veel aanroepen")

    def headers_of(self, page: Page | None) -> dict[str, str]:
        if self.headers is not None:
            return {
                name: value if isinstance(value, str) else json.dumps(value) for name, value in self.headers.items()
            }
        app = {"call_count": 1, "total_cputime": 0, "total_time": 1}
        if page is None:
            return {"X-App-Usage": json.dumps(app)}
        percent, minutes = self.usage.get(page.id, (1, 0))
        use = {"type": "messenger", "call_count": percent, "total_cputime": 0, "total_time": percent}
        use["estimated_time_to_regain_access"] = minutes
        return {"X-App-Usage": json.dumps(app), "X-Business-Use-Case-Usage": json.dumps({page.id: [use]})}
