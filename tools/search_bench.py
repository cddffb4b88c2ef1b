"""How fast agents search: `python -m tools.search_bench [MESSAGES]`, with a Redis and a web server of its own.

The messages are real Dutch questions of customers, with names and order numbers made up. It prints how long the first
index took, and p50 and p95 of the search page for each kind of search, as a browser waits for it.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx

from bot.model import Message
from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store
from tests.conftest import free_port, wait_for_server
from tools.bench.messages import ROOT, texts

MESSAGES = 100_000
# Of each search, so that p95 says something.
REPEATS = 20
AT_ONCE = 100
SEARCHES = {
    "one word": "retour",
    "a word that nearly all have": "ik",
    "two letters": "be",
    "three words": "kapot geld terug",
    "words behind each other": '"kan ik"',
    "part of an order number": "4822",
    "a name": "klant77",
    "nothing": "quetzalcoatl",
}


async def fill(store: Store, count: int) -> int:
    """So many messages, in conversations of 2 to 18; returns how many conversations."""
    dice, said = random.Random(1), texts()
    conversations = list(_conversations(dice, said, count))
    for at in range(0, len(conversations), AT_ONCE):
        await asyncio.gather(*(_write(store, *one) for one in conversations[at : at + AT_ONCE]))
    return len(conversations)


def _conversations(dice: random.Random, said: list[str], count: int) -> Iterator[tuple[str, list[str]]]:
    number = 0
    while count:
        length = min(count, dice.randint(2, 18))
        count, number = count - length, number + 1
        yield f"klant{number}", [_text(dice, said) for _ in range(length)]


def _text(dice: random.Random, said: list[str]) -> str:
    text = f"{dice.choice(said)} {dice.choice(said)}"
    return f"{text} Bestelnummer WS-{dice.randint(1_000_000, 9_999_999)}" if dice.random() < 0.1 else text


async def _write(store: Store, customer: str, lines: list[str]) -> None:
    for text in lines:
        message = Message(uuid.uuid4().hex, f"rest-{customer}", "customer", text, int(time.time() * 1000))
        await store.conversations.receive(message, channel="rest", customer_id=customer, answerable=False)


def until_built(client: httpx.Client) -> float:
    """Seconds until all is in the index."""
    began = time.monotonic()
    while "search-building" in (text := client.get("/desk/search?q=ik").text) or "Niets gevonden" in text:
        time.sleep(0.2)
    return time.monotonic() - began


def measure(client: httpx.Client, typed: str) -> tuple[float, float, float]:
    """(p50, p95, slowest) of a search, in ms."""
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        client.get("/desk/search", params={"q": typed}).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1], max(took)


async def prepare(url: str, settings: Settings, count: int) -> tuple[int, str]:
    """(conversations, session of an agent)."""
    store = await Store(url, settings).open()
    conversations = await fill(store, count)
    await store.accounts.create("sanne", "Sanne", ("agent",), uuid.uuid4().hex)
    session = await store.sessions.start("sanne")
    await store.close()
    return conversations, session


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    with tempfile.TemporaryDirectory() as folder, OwnRedis(Path(folder) / "redis") as redis:
        conversations, session = asyncio.run(prepare(redis.url, Settings(), count))
        print(f"{count} messages in {conversations} conversations", flush=True)
        port, log = free_port(), Path(folder) / "web.log"
        environ = {"BOT_PORT": str(port), "BOT_VAR": folder, "BOT_REDIS_URL": redis.url, "BOT_ENV_FILE": "/nonexistent"}
        with log.open("wb") as out:
            command = [sys.executable, "-m", "bot.web"]
            web = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}, stdout=out, stderr=out)
        try:
            wait_for_server(f"http://127.0.0.1:{port}/health/live", web, log)
            cookies = {"bot_session": session}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookies, timeout=30) as client:
                print(f"index built in {until_built(client):.1f} s, {_size_mb(Path(folder)):.0f} MB\n")
                print("| search | typed | p50 ms | p95 ms | slowest ms |\n|---|---|---|---|---|")
                for name, typed in SEARCHES.items():
                    middle, high, most = measure(client, typed)
                    print(f"| {name} | `{typed}` | {middle:.0f} | {high:.0f} | {most:.0f} |", flush=True)
        finally:
            web.terminate()
            web.wait(timeout=15)


def _size_mb(var: Path) -> float:
    return sum(file.stat().st_size for file in (var / "search").iterdir()) / 1e6


if __name__ == "__main__":
    main()
