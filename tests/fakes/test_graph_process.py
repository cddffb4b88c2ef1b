"""`make fake-messenger`: what it prints is what the bot needs, and it ends with what it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from bot.settings import Settings
from bot.web.channels.messenger.config import load_config
from tests.conftest import ROOT, free_port, wait_for_server
from tests.fakes.graph import FakeGraph
from tests.fakes.graph.__main__ import bot_settings, populate, welcome

COMMAND = (sys.executable, "-m", "tests.fakes.graph")


async def test_the_bot_accepts_the_settings_that_are_printed(tmp_path: Path) -> None:
    async with FakeGraph(app_secret="x" * 16, verify_token="y" * 16) as graph:
        populate(graph, "http://127.0.0.1:8080")
        settings = bot_settings(graph, tmp_path)
        config = load_config(Settings.load(settings, env_file=Path("/nonexistent")))
        assert config and config.graph_url == graph.url
        assert [(page.id, page.instagram_id) for page in config.pages] == [("1001", "9001")]
        assert all(f"{name}=" in welcome(graph.url, settings, is_run=False) for name in settings)


def test_it_serves_until_it_is_stopped(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen([*COMMAND, "--port", str(port)], cwd=ROOT, stdout=output, stderr=output)
    wait_for_server(f"http://127.0.0.1:{port}/", process, log)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    assert f"http://127.0.0.1:{port}" in log.read_text()


def test_with_the_bot_it_ends_when_the_bot_can_not_start() -> None:
    environ = {**os.environ, "BOT_UNKNOWN": "1"}
    command = [*COMMAND, "--run", "--port", str(free_port())]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30)
    assert done.returncode == 78 and "BOT_UNKNOWN" in done.stdout


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run([*COMMAND, "--port", str(port)], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and f"PORT={port + 1}" in done.stdout
