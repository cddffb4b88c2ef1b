"""`make fake-messenger`: the fake in a process of its own, with a page to chat on. Only for this machine."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.processes import start_process, stop_process
from tests.fakes.graph.server import FakeGraph

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "var" / "fake-messenger"
PAGE, INSTAGRAM, APP = "1001", "9001", "7001"
# Made up, and known to everybody: they open nothing but this fake.
SECRET, VERIFY, TOKEN = "namaak-app-secret", "namaak-verify-token", "namaak-page-token"
STOP_TIMEOUT_S = 30.0
LOOK_EVERY_S = 0.5

MESSENGER_FILE = """\
# Written by `make fake-messenger`.
pages:
  - id: "{page}"
    name: Winkel van Sinkel
    instagram_id: "{instagram}"
    persona_picture: https://www.example.nl/medewerker.png
    comments:
      private_reply: true
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fake-messenger", description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    bot = f"http://127.0.0.1:{os.environ.get('BOT_PORT', '8080')}"
    parser.add_argument("--bot", default=bot, help="where the bot runs or will run")
    parser.add_argument("--run", action="store_true", help="start the bot as well, as `make run` does")
    return asyncio.run(serve(parser.parse_args()))


async def serve(options: argparse.Namespace) -> int:
    graph = FakeGraph(app_id=APP, app_secret=SECRET, verify_token=VERIFY, port=options.port)
    try:
        await graph.__aenter__()
    except OSError:
        say(f"Port {options.port} is in use. Choose another one: make fake-messenger PORT={options.port + 1}")
        return 1
    try:
        populate(graph, options.bot)
        settings = bot_settings(graph, FOLDER)
        say(welcome(graph.url, settings, is_run=options.run))
        with running_bot(settings) if options.run else contextlib.nullcontext() as process:
            await until_stopped(process)
            return 0 if process is None else process.poll() or 0
    finally:
        await graph.__aexit__()


def populate(graph: FakeGraph, bot: str) -> None:
    """A page with its Instagram account, and three people."""
    graph.add_page(PAGE, name="Winkel van Sinkel", token=TOKEN, instagram_id=INSTAGRAM)
    graph.customer("6001", name="Jo Klant")
    graph.customer("6002", name="Noor de Wit")
    graph.customer("8001", name="Sam Bos", platform="instagram")
    graph.sends_receipts = True
    graph.webhook_url = f"{bot.rstrip('/')}/webhooks/messenger"


def bot_settings(graph: FakeGraph, folder: Path) -> dict[str, str]:
    """What the bot must be told to talk with this fake; writes its messenger.yml to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "messenger.yml"
    file.write_text(MESSENGER_FILE.format(page=PAGE, instagram=INSTAGRAM), encoding="utf-8")
    return {
        "BOT_GRAPH_URL": graph.url,
        "BOT_MESSENGER_APP_ID": graph.app_id_text,
        "BOT_MESSENGER_APP_SECRET": graph.app_secret,
        "BOT_MESSENGER_VERIFY_TOKEN": graph.verify_token,
        "BOT_MESSENGER_TOKENS": f"{PAGE}={TOKEN}",
        "BOT_MESSENGER_FILE": str(file),
        "BOT_MEDIA_HOSTS": graph.url,
    }


def welcome(url: str, settings: Mapping[str, str], *, is_run: bool) -> str:
    lines = ["", "The fake Messenger runs. You are the customer at", "", f"  {url}", ""]
    if not is_run:
        words = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
        lines += [
            "Start the bot in another terminal with",
            "",
            " \\\n".join(f"  {word}" for word in [*words, "make run"]),
        ]
        lines += ["", "or stop this one, and start both with: make fake-messenger RUN=1", ""]
    return "\n".join([*lines, "Ctrl-C stops it.", ""])


@contextlib.contextmanager
def running_bot(settings: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = start_process([sys.executable, "-m", "bot.launch"], {**os.environ, **settings})
    try:
        yield process
    finally:
        stop_process(process, timeout_s=STOP_TIMEOUT_S)


async def until_stopped(process: subprocess.Popen[bytes] | None) -> None:
    """Wait for Ctrl-C, a request to end, or the end of the bot that was started."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, done.set)
    while not done.is_set() and (process is None or process.poll() is None):
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(done.wait(), LOOK_EVERY_S)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
