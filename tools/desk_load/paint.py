"""How soon an agent who opens the desk sees something: in the server, and in a real Chromium."""

from __future__ import annotations

import statistics
import time
import urllib.request
from dataclasses import dataclass

from playwright.sync_api import sync_playwright

from tests.chromium import launch

ASKED = 30
OPENED = 5
_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


@dataclass(frozen=True)
class Paint:
    """Medians and worst, in ms. page_kb: of the HTML."""

    server_ms: float
    server_worst_ms: float
    paint_ms: float
    paint_worst_ms: float
    page_kb: float


def first_paint(url: str, token: str) -> Paint:
    """Of `/desk`, each time in a new browser window without a cache."""
    asked = [_ask(f"{url}/desk", token) for _ in range(ASKED)]
    painted = _paint(f"{url}/desk", token)
    server = [ms for ms, _ in asked]
    return Paint(statistics.median(server), max(server), statistics.median(painted), max(painted), asked[0][1] / 1000)


def _ask(url: str, token: str) -> tuple[float, int]:
    request = urllib.request.Request(url, headers={"cookie": f"bot_session={token}"})
    begun_s = time.perf_counter()
    with urllib.request.urlopen(request, timeout=30) as response:
        body = response.read()
    return (time.perf_counter() - begun_s) * 1000, len(body)


def _paint(url: str, token: str) -> list[float]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        found = []
        for _ in range(OPENED):
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            context.add_cookies([{"name": "bot_session", "value": token, "url": url}])
            page = context.new_page()
            page.goto(url)
            page.wait_for_function(f"({_FIRST_PAINT}) !== null")
            found.append(float(page.evaluate(_FIRST_PAINT)))
            context.close()
        browser.close()
    return found
