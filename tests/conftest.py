"""What tests share: a real Redis, a real web server in its own process, and ways to look into both."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pytest

from bot.model import Account, Role, Template
from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store
from tests.forked import ForkedProcess
from tests.web_servers import QUICK_HASHER, start_web_server

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
REST_TOKEN = "rest-token-for-tests"
API_TOKEN = "api-token-for-tests"
PASSWORD = "een-lang-wachtwoord"
# After so long something never happens. No test is about how fast something is: a busy machine takes its time.
HANG_S = 30.0

Result = TypeVar("Result")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis for the whole run, with the durability of an installation."""
    with OwnRedis(tmp_path_factory.mktemp("redis")) as redis:
        yield redis.url


@pytest.fixture
def settings() -> Settings:
    """Settings with a key prefix of their own, so that tests don't see each other's data."""
    return Settings(redis_prefix=f"test-{uuid.uuid4().hex[:8]}", claim_idle_ms=500)


@pytest.fixture
async def store(redis_url: str, settings: Settings) -> AsyncIterator[Store]:
    """A store of its own for one test."""
    store = await Store(redis_url, settings).open()
    yield store
    await store.close()


@dataclass
class Site:
    """A web server in its own process. Ask it over HTTP at `url`, and look into its Redis with `run` or `store`."""

    url: str
    settings: Settings
    redis_url: str
    environ: dict[str, str]
    log: Path
    process: ForkedProcess | None = field(default=None, repr=False)
    _own_store: Store | None = field(default=None, repr=False)

    @property
    def ws_url(self) -> str:
        return self.url.replace("http", "ws", 1)

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """`async with site.store() as store`."""
        store = await Store(self.redis_url, self.settings).open()
        try:
            yield store
        finally:
            await store.close()

    def run(self, work: Callable[[Store], Awaitable[Result]]) -> Result:
        """Do something with the store from a test that isn't async, in a thread: Playwright has a loop in this one."""

        async def with_store() -> Result:
            self._own_store = self._own_store or await Store(self.redis_url, self.settings).open()
            self._own_store.departments._known = ()  # what others changed counts at once
            return await work(self._own_store)

        return asyncio.run_coroutine_threadsafe(with_store(), _loop_beside()).result()

    def close(self) -> None:
        """Stop the server, if it runs, and what `run` needed."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        if self._own_store is not None:
            asyncio.run_coroutine_threadsafe(self._own_store.close(), _loop_beside()).result()

    def account(self, account_id: str, *roles: Role, name: str | None = None) -> Account:
        """An account with PASSWORD; the same one if it was made before."""

        async def make(store: Store) -> Account:
            known = {account.id: account for account in await store.accounts.all()}
            if account_id in known:
                return known[account_id]
            await store.accounts.create(account_id, name or account_id.title(), roles)
            return await store.accounts.change(account_id, password_hash=password_hash())

        return self.run(make)

    def session(self, account_id: str, *roles: Role, name: str | None = None) -> str:
        """The session token of a signed-in account, for the cookie `bot_session`."""
        self.account(account_id, *roles, name=name)
        return self.run(lambda store: store.sessions.start(account_id))

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.process = start_web_server(self.environ, self.log)
        wait_for_server(self.url + "/health/live", self.process, self.log)

    def stop(self) -> None:
        """Stop the server as Ctrl-C does."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=HANG_S)


@cache
def _loop_beside() -> asyncio.AbstractEventLoop:
    """A loop in a thread of its own, for the whole run."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, daemon=True).start()
    return loop


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A web server for one file of tests, with the project's answers and no assistant."""
    with running_site(redis_url, tmp_path_factory.mktemp("site")) as site:
        yield site


class running_site:
    """Start a web server with a key prefix and a port of its own; `settings` are BOT_ names without the prefix."""

    def __init__(self, redis_url: str, var: Path, **settings: Any) -> None:
        port = free_port()
        given = {
            "redis_prefix": f"test-{uuid.uuid4().hex[:8]}",
            "redis_url": redis_url,
            "rest_token": REST_TOKEN,
            "api_token": API_TOKEN,
            "port": port,
            "var": var,
            "turn_timeout_s": 1.0,
            "messages_per_minute": 600,
            "conversations_per_minute": 6000,
            **settings,
        }
        environ = {f"BOT_{name.upper()}": str(value) for name, value in given.items()}
        self.site = Site(
            url=f"http://127.0.0.1:{port}",
            settings=Settings.load(environ, env_file=Path("/nonexistent")),
            redis_url=redis_url,
            environ={**os.environ, **environ, "BOT_ENV_FILE": "/nonexistent"},
            log=var / "web.log",
        )

    def __enter__(self) -> Site:
        self.site.run(lambda store: store.templates.seed(project_templates()))
        self.site.start()
        return self.site

    def __exit__(self, *_: object) -> None:
        self.site.close()


def project_templates() -> list[Template]:
    """The answers that customers get, short: tests of the web have no Rasa that reads domain.yml."""
    names = {
        "utter_faq_openingstijden": "We zijn open van 9.30 tot 18.00 uur.",
        "utter_faq_retourkosten": "Terugsturen kost 2,95.",
        "utter_groet": "Hallo! Ik ben de digitale assistent.",
        "utter_overdracht": "Ik verbind je door met {afdeling}. {wanneer}",
        "utter_overdracht_klacht": "Ik heb je klacht doorgestuurd naar {afdeling}. {wanneer}",
        "utter_overdracht_onbekend": "Dat weet ik niet. Een collega helpt je. {wanneer}",
        "utter_overdracht_storing": "Sorry, door een storing kan ik je nu niet helpen. Een collega wel. {wanneer}",
        "utter_bijlage": "Een collega bekijkt wat je stuurde. {wanneer}",
        "utter_niet_geholpen": "Sorry. Een collega neemt het over. {wanneer}",
        "utter_medewerker_neemt_over": "Je praat nu met {medewerker} van {afdeling}.",
        "utter_klacht_overgenomen": "Je klacht gaat naar {medewerker} van {afdeling}, die neemt het over.",
        "utter_doorverbonden": "Ik heb je doorverbonden met {medewerker} van {afdeling}.",
        "utter_andere_afdeling": "Ik heb je vraag doorgestuurd naar {afdeling}. {wanneer}",
        "utter_terug_naar_assistent": "Je praat nu weer met de digitale assistent.",
        "utter_gesloten": "Dit gesprek is afgesloten.",
        "utter_medewerker_weg": "{medewerker} is weg. Een collega neemt het over. {wanneer}",
        "utter_in_wachtrij": "Je staat nog in de wachtrij. {wanneer}",
    }
    return [Template(name, name.removeprefix("utter_")[:20], text) for name, text in names.items()]


@cache
def password_hash() -> str:
    """Of PASSWORD, once, and quick to verify."""
    return QUICK_HASHER.hash(PASSWORD)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_server(
    url: str, process: ForkedProcess | subprocess.Popen[bytes], log: Path, timeout_s: float = 60.0
) -> None:
    """Wait until `url` answers; if the process dies first, show what it said in `log`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped with {process.returncode}:\n{log.read_text(errors='replace')}")
        try:
            urllib.request.urlopen(url, timeout=1).read()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer within {timeout_s} s")


async def eventually(check: Callable[[], Awaitable[Result]], timeout_s: float = HANG_S) -> Result:
    """The first truthy result of `check`, tried until `timeout_s`; the last result is in the error."""
    begun_s = time.monotonic()
    while not (result := await check()):
        await asyncio.sleep(_pause_s(begun_s, timeout_s, result))
    return result


def until(check: Callable[[], Result], timeout_s: float = HANG_S) -> Result:
    """As `eventually`, for tests that aren't async."""
    begun_s = time.monotonic()
    while not (result := check()):
        time.sleep(_pause_s(begun_s, timeout_s, result))
    return result


def _pause_s(begun_s: float, timeout_s: float, result: object) -> float:
    """How long until the next look: shortly at first, for what comes at once."""
    waited_s = time.monotonic() - begun_s
    assert waited_s < timeout_s, f"not within {timeout_s} s; the last result was {result!r}"
    return min(max(0.005, waited_s / 2), 0.05)
