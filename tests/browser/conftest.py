"""Tests that need a browser, but no assistant."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.tabs import Tabs
from tests.chromium import chromium, running_chromium

__all__ = ["chromium", "running_chromium"]


@pytest.fixture(scope="module")
def shared_tabs(chromium: Browser) -> Tabs:
    """Of one file of tests; `chromium` closes them."""
    return Tabs(chromium)


@pytest.fixture
def tabs(shared_tabs: Tabs) -> Iterator[Tabs]:
    """Those of one test."""
    with shared_tabs.of_a_test():
        yield shared_tabs
