"""One browser for a file of tests, whose first tab goes from test to test: a new one costs a process each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

VIEWPORT: ViewportSize = {"width": 1280, "height": 720}
FORGET = "() => { localStorage.clear(); sessionStorage.clear(); }"


class Tabs:
    """A test fails if the own code of a page throws."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._own = self._new_context()
        self._first: Page | None = None
        self._in_use = False
        self._others: list[BrowserContext] = []
        self._errors: list[str] = []

    @contextmanager
    def of_a_test(self) -> Iterator[Tabs]:
        """What a test opens is closed, and forgotten by the next one, but for what init scripts and listeners do."""
        yield self
        for page in self._own.pages:
            if page is not self._first:
                page.close()
        for context in self._others:
            context.close()
        if self._first and not self._first.is_closed():
            self._first.goto("about:blank")
            self._first.unroute_all(behavior="ignoreErrors")
            self._first.set_viewport_size(VIEWPORT)
        self._in_use = False
        self._others.clear()
        thrown, self._errors = self._errors, []
        assert thrown == [], thrown

    def open(self, url: str, *, session: str = "", **options: Any) -> Page:
        """A tab at `url`. session: token of who is signed in. With options it is one of a browser of its own."""
        context = self._with_options(options) if options else self._own
        context.clear_cookies()
        if session:
            context.add_cookies([{"name": "bot_session", "value": session, "url": site_of(url)}])
        page = self._new_page(context) if options or self._in_use else self._emptied(url)
        page.goto(url)
        return page

    def blank(self, **options: Any) -> Page:
        """A tab of a browser of its own, to prepare before it goes anywhere."""
        return self._new_page(self._with_options(options))

    def _emptied(self, url: str) -> Page:
        """The first tab, and nothing kept of the site at `url`: one of an earlier test may have had its port."""
        if not self._first or self._first.is_closed():
            self._first = self._new_page(self._own)
        self._in_use = True
        self._first.goto(site_of(url) + "/health/live")
        self._first.evaluate(FORGET)
        return self._first

    def _with_options(self, options: dict[str, Any]) -> BrowserContext:
        self._others.append(self._new_context(**options))
        return self._others[-1]

    def _new_context(self, **options: Any) -> BrowserContext:
        return self._browser.new_context(**{"reduced_motion": "reduce", "viewport": VIEWPORT, **options})

    def _new_page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        return page


def site_of(url: str) -> str:
    """Its scheme, host and port: with a path, Playwright would give a cookie that path."""
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc}"
