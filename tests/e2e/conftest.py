"""The whole product: Redis, the web server, an assistant with the project's trained model, and a browser."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from bot.model import ModelRecord
from tests.assistants import start_assistant
from tests.chromium import chromium, running_chromium
from tests.conftest import Site, running_site
from tests.forked import ForkedProcess
from tools.trained_model import trained_model

__all__ = ["chromium", "running_chromium"]


class Assistant:
    """An assistant process on a site's Redis."""

    def __init__(self, site: Site, log: Path) -> None:
        self._site = site
        self.log = log
        self.process: ForkedProcess | None = None

    def start(self) -> None:
        """Start it and wait until it says that it lives."""
        self.process = start_assistant(self._site.environ, self.log)
        deadline = time.monotonic() + 120
        while not self._site.run(lambda store: store.work.alive()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the assistant did not start:\n{self.log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_with_model(redis_url, tmp_path_factory.mktemp("e2e"), turn_timeout_s=5.0) as site:
        yield site


@contextmanager
def site_with_model(redis_url: str, var: Path, *, model: Path | None = None, **settings: Any) -> Iterator[Site]:
    """A web server with this model registered, or the project's; the answers are those of the model."""
    model = model or trained_model()
    running = running_site(redis_url, var, **settings)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    record = ModelRecord(model.name.removesuffix(".tar.gz"), str(model), digest, int(time.time() * 1000))
    running.site.run(lambda store: store.models.register(record))
    running.site.run(lambda store: store.models.activate(record.name))
    running.site.start()
    yield running.site
    running.__exit__()


@pytest.fixture(scope="module")
def assistant(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    assistant = Assistant(site, tmp_path_factory.mktemp("assistant") / "assistant.log")
    try:
        assistant.start()
        yield assistant
    finally:
        assistant.stop()


@pytest.fixture
def customer(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="nl-NL")
    yield context
    context.close()


@pytest.fixture
def agent(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """Sanne's browser, not signed in yet."""
    site.account("sanne", "agent", name="Sanne")
    context = chromium.new_context(locale="nl-NL")
    yield context
    context.close()
