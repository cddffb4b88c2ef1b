"""`make password` on a real Redis."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.redis_server import OwnRedis
from bot.settings import Settings
from bot.store import Store
from tools import password


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="v") as folder:
        monkeypatch.setenv("BOT_VAR", folder)
        monkeypatch.delenv("BOT_REDIS_URL", raising=False)
        with OwnRedis(Path(folder)) as own:
            settings = Settings.load()
            asyncio.run(create_account(settings, own.url))
            yield settings


async def create_account(settings: Settings, url: str) -> None:
    store = await Store(url, settings).open()
    await store.accounts.create("sanne", "Sanne", ("agent",), "vergeten-wachtwoord")
    await store.close()


async def verify(settings: Settings, given: str) -> str:
    store = await Store(f"unix://{settings.var.absolute()}/redis/redis.sock", settings).open()
    try:
        return (await store.accounts.verify("sanne", given)).id
    finally:
        await store.close()


def test_the_new_password_works(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert password.main(["sanne"]) == 0
    new = re.search(r"New password of sanne: (\S+)", capsys.readouterr().out)
    assert new and asyncio.run(verify(settings, new.group(1))) == "sanne"


@pytest.mark.parametrize("arguments", [[], ["piet"]])
def test_an_unknown_name_shows_the_ones_that_exist(
    settings: Settings, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert password.main(arguments) == 1
    assert "sanne" in capsys.readouterr().out
    assert asyncio.run(verify(settings, "vergeten-wachtwoord")) == "sanne"
