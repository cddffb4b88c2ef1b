"""The browser of the tests: the Chromium that `make setup` found or installed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tools.setup.chromium import find_chromium

# Chromium looks for Google's hosts at every start; tests need no network.
_QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
# The one place for how long something may take: as long as Playwright itself gives a click or a page. A busy machine
# may take long; what comes sooner is not waited for.
expect.set_options(timeout=30_000)


def launch(playwright: Playwright) -> Browser:
    """Headless; without Chromium's own sandbox only for root, who can't have it."""
    path = find_chromium()
    args = [*_QUIET, "--no-sandbox"] if os.geteuid() == 0 else _QUIET
    return playwright.chromium.launch(executable_path=str(path) if path else None, args=args)


@pytest.fixture(scope="package")
def running_chromium() -> Iterator[Browser]:
    """A browser for one folder of tests. No longer: its event loop would be in the way of async tests in others."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def chromium(running_chromium: Browser) -> Iterator[Browser]:
    """That browser. No page of one file is left to another one, which would go on asking a server that has gone."""
    yield running_chromium
    for context in running_chromium.contexts:
        context.close()
