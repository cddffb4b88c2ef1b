"""A customer's words are in the message log and nowhere else."""

from __future__ import annotations

import aiohttp
import websockets

from bot.logs import described
from tests.conftest import API_TOKEN, REST_TOKEN, Site
from tests.fakes.scripted_assistant import scripted_assistant

SECRET = "geheimewoorden"


async def test_no_log_line_has_a_customers_words_or_a_token(site: Site) -> None:
    rest = {"authorization": f"Bearer {REST_TOKEN}"}
    async with site.store() as store, scripted_assistant(store), aiohttp.ClientSession() as client:
        url = site.url + "/webhooks/rest/webhook"
        await client.post(url, json={"sender": "k", "message": SECRET}, headers=rest)
        await client.post(url, data='{"sender":"k","message":["' + SECRET, headers=rest)
        await client.post(url, json={"sender": "k", "message": SECRET * 1000}, headers=rest)
        await client.get(f"{site.url}/api/v1/conversations/{SECRET}", headers={"authorization": f"Bearer {API_TOKEN}"})
        await client.post(f"{site.url}/sign-in", data={"name": SECRET, "password": SECRET})
        async with websockets.connect(site.ws_url + "/widget/socket") as socket:
            await socket.send('{"type":"hello"}')
            await socket.send('{"type":"message","id":"1","text":"' + SECRET + '"}')
            await socket.send(SECRET)
            for _ in range(3):
                await socket.recv()
    log = site.log.read_text()
    assert "web.started" in log
    for secret in (SECRET, REST_TOKEN, API_TOKEN):
        assert secret not in log


def test_a_described_error_names_place_and_kind_but_not_its_text() -> None:
    try:
        int(SECRET)
    except ValueError as exc:
        said = described(exc)
    assert said.startswith("ValueError at ")
    assert "test_logs.py" in said
    assert SECRET not in said
